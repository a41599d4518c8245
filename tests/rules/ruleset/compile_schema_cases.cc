#include "tests/rules/ruleset/finding_case.h"

namespace touchstone::rules {
namespace {

std::string Attribute(const std::string& body) {
  return "schema { customer { key: 'x' value { " + body + " } } }";
}

}  // namespace

std::vector<FindingCase> SchemaCases() {
  return {
      {"RefusesAnUnknownTypeAndSaysWhichThereAre",
       {"unknown_type at schema.customer[x].type"},
       Attribute("type: 'text' optional: true"),
       "string"},
      {"FindsNothingMoreInRulesThatReadAnAttributeOfUnknownType",
       {"unknown_type at schema.customer[x].type"},
       Attribute("type: 'text' optional: true") +
           "offers { offer: 'b' applies: 'never' eligible: 'customer.x > 3 && customer.x' "
           "treatments { key: 'receipt' value { fields { key: 'text' value { text: 'A' } } } } }"},
      {"RefusesAnAttributeWithoutType",
       {"missing_value at schema.customer[x].type"},
       Attribute("optional: true")},
      {"RefusesAnAttributeWithNeitherDefaultNorOptional",
       {"default_or_optional at schema.customer[x]"},
       Attribute("type: 'int'"),
       "`optional: true`"},
      {"RefusesAnAttributeWithDefaultAndOptional",
       {"default_or_optional at schema.customer[x]"},
       Attribute("type: 'int' default { text: '1' } optional: true"),
       "as well"},
      {"RefusesADefaultThatIsNotOfTheType",
       {"bad_value at schema.customer[x].default"},
       Attribute("type: 'int' default { text: 'one' }"),
       "a whole number"},
      {"RefusesADefaultThatIsNoValueOfTheEnum",
       {"bad_value at schema.customer[x].default"},
       Attribute("type: 'enum' values: 'a' values: 'b' default { text: 'c' }"),
       "one of a, b"},
      {"RefusesAScalarAsTheDefaultOfAList",
       {"bad_value at schema.customer[x].default"},
       Attribute("type: 'list(string)' default { text: 'a' }"),
       "is a list"},
      {"RefusesAListAsTheDefaultOfAScalar",
       {"bad_value at schema.customer[x].default"},
       Attribute("type: 'string' default { list { } }"),
       "a list stands"},
      {"RefusesADefaultListThatIsLongerThanItsMax",
       {"bad_value at schema.customer[x].default"},
       Attribute("type: 'list(string)' max: 1 default { list { items { text: '1' } "
                 "items { text: '2' } } }"),
       "more than 1"},
      {"RefusesAListOfNumbersThatNoRecordCanKeep",
       {"not_supported_yet at schema.customer[x].type"},
       Attribute("type: 'list(int)' default { list { } }"),
       "list(string)"},
      {"AllowsAListOfNumbersInARequest",
       {},
       "schema { request { key: 'x' value { type: 'list(int)' optional: true } } }"},
      {"RefusesAnEnumWithoutValues",
       {"missing_value at schema.customer[x]"},
       Attribute("type: 'enum' optional: true"),
       "values"},
      {"RefusesAnEnumThatRepeatsAValue",
       {"duplicate_name at schema.customer[x].values[1]"},
       Attribute("type: 'enum' values: 'a' values: 'a' optional: true"),
       "`a`"},
      {"RefusesValuesOfWhatIsNoEnum",
       {"unexpected_value at schema.customer[x].values"},
       Attribute("type: 'string' values: 'a' optional: true")},
      {"RefusesAMaxOfWhatIsNoList",
       {"unexpected_value at schema.customer[x].max"},
       Attribute("type: 'string' max: 3 optional: true")},
      {"RefusesAListOfMoreThan256",
       {"out_of_range at schema.customer[x].max"},
       Attribute("type: 'list(string)' max: 257 optional: true"),
       "256"},
      {"AllowsAListOf256", {}, Attribute("type: 'list(string)' max: 256 optional: true")},
      {"RefusesFieldsOfWhatIsNoRecord",
       {"unexpected_value at schema.customer[x].fields"},
       Attribute("type: 'list(string)' optional: true fields { key: 'a' value: 'int' }")},
      {"RefusesRecordsWithoutFields",
       {"missing_value at schema.customer[x]"},
       Attribute("type: 'list(record)' optional: true"),
       "fields"},
      {"AllowsRecordsWithADate",
       {},
       Attribute("type: 'list(record)' fields { key: 'until' value: 'date' } default { list { "
                 "items { record { fields { key: 'until' value { text: '2026-01-01' } } } } } }")},
      {"RefusesAFieldThatTheRecordDoesNotDeclare",
       {"bad_value at schema.customer[x].default"},
       Attribute("type: 'list(record)' fields { key: 'a' value: 'int' } default { list { "
                 "items { record { fields { key: 'b' value { text: '1' } } } } } }"),
       "does not declare"},
      {"RefusesANameThatExpressionsCannotRead",
       {"bad_name at schema.customer[Tier]"},
       "schema { customer { key: 'Tier' value { type: 'int' optional: true } } }",
       "small letter"},
      {"RefusesANameThatIsAWordOfCel",
       {"bad_name at schema.customer[in]"},
       "schema { customer { key: 'in' value { type: 'int' optional: true } } }"},
      {"RefusesANameOf65Bytes",
       {"bad_name at schema.customer[" + std::string(65, 'a') + "]"},
       "schema { customer { key: '" + std::string(65, 'a') +
           "' value { type: 'int' optional: true } } }"},
      {"AllowsANameOf64Bytes",
       {},
       "schema { customer { key: '" + std::string(64, 'a') +
           "' value { type: 'int' optional: true } } }"},
      {"RefusesTheBuiltInNameKnown",
       {"reserved_name at schema.customer[known]"},
       "schema { customer { key: 'known' value { type: 'int' optional: true } } }",
       "built in"},
      {"RefusesTwoStoredNamesOfTheSameStableId",
       {"name_collision at schema.customer[liquid]"},
       "schema { customer { key: 'costarring' value { type: 'int' optional: true } } "
       "customer { key: 'liquid' value { type: 'int' optional: true } } }",
       "costarring"},
      {"RefusesMoreDeclarationsThanRowsHold",
       {"too_many at schema.request"},
       "",
       "4096",
       [](v1::RuleSet& m) {
         for (int i = 0; i <= 4096; ++i) {
           auto& fact = (*m.mutable_schema()->mutable_request())["r" + std::to_string(i)];
           fact.set_type("int");
           fact.set_optional(true);
         }
       }},
      {"RefusesAnEnumAsAColumn",
       {"unknown_type at schema.reference[store].fields[kind]"},
       "",
       "timezone",
       [](v1::RuleSet& m) {
         (*(*m.mutable_schema()->mutable_reference())["store"].mutable_fields())["kind"] = "enum";
       }},
      {"RefusesAReferenceTableWithAnotherKey",
       {"bad_value at schema.reference[store].key"},
       "",
       "`store`",
       [](v1::RuleSet& m) { (*m.mutable_schema()->mutable_reference())["store"].set_key("id"); }},
      {"RefusesAColumnNamedKey",
       {"reserved_name at schema.reference[store].fields[key]"},
       "",
       "",
       [](v1::RuleSet& m) {
         (*(*m.mutable_schema()->mutable_reference())["store"].mutable_fields())["key"] = "string";
       }},
      {"RefusesCategoriesThatAreNoList",
       {"unknown_type at schema.reference[product].fields[categories]"},
       "",
       "list(string)",
       [](v1::RuleSet& m) {
         (*(*m.mutable_schema()->mutable_reference())["product"].mutable_fields())["categories"] =
             "string";
       }},
      {"RefusesAnEventFieldNamedTime",
       {"reserved_name at schema.events[visit].fields[time]"},
       "schema { events { key: 'visit' value { fields { key: 'time' value: 'timestamp' } } } }"},
      {"RefusesAnEventLineFieldNamedProduct",
       {"reserved_name at schema.events[visit].lines[product]"},
       "schema { events { key: 'visit' value { lines { key: 'product' value: 'string' } } } }"},
      {"RefusesAListAsAnEventField",
       {"unknown_type at schema.events[visit].fields[x]"},
       "schema { events { key: 'visit' value { fields { key: 'x' value: 'list(string)' } } } }"},
  };
}

std::vector<FindingCase> DerivedFactCases() {
  const auto aggregate = [](const std::string& body) {
    return "schema { aggregates { key: 'x' value { " + body + " } } }";
  };
  const auto computed = [](const std::string& name, const std::string& type,
                           const std::string& is) {
    return "schema { computed { key: '" + name + "' value { type: '" + type + "' is: '" + is +
           "' } } }";
  };
  return {
      {"RefusesAnAggregateOverAnUnknownEvent",
       {"unknown_event at schema.aggregates[x].count"},
       aggregate("count: 'purchas'"),
       "did you mean `purchase`?"},
      {"RefusesASumWithoutEventType",
       {"missing_value at schema.aggregates[x]"},
       aggregate("sum: 'event.paid'"),
       "of: purchase"},
      {"RefusesACountThatNamesItsEventTwice",
       {"unexpected_value at schema.aggregates[x].of"},
       aggregate("count: 'purchase' of: 'purchase'")},
      {"RefusesAnAggregateThatComputesNothing",
       {"missing_value at schema.aggregates[x]"},
       aggregate("of: 'purchase'"),
       "`count`, `sum` and `last`"},
      {"RefusesASumOfText",
       {"wrong_type at schema.aggregates[x].sum"},
       aggregate("sum: 'line.sku' of: 'purchase'"),
       "not string"},
      {"RefusesASumOfAFieldThatTheEventDoesNotHave",
       {"unknown_name at schema.aggregates[x].sum"},
       aggregate("sum: 'event.payd' of: 'purchase'"),
       "event.paid"},
      {"RefusesAWhereThatIsNoCondition",
       {"wrong_result_type at schema.aggregates[x].where"},
       aggregate("count: 'purchase' where: 'event.paid'")},
      {"RefusesAWindowInMinutes",
       {"bad_value at schema.aggregates[x].over"},
       aggregate("count: 'purchase' over: '90m'"),
       "90d"},
      {"RefusesACurrencyOfWhatIsNotMoney",
       {"unexpected_value at schema.aggregates[x].currency"},
       aggregate("count: 'purchase' currency: 'EUR'")},
      {"RefusesACurrencyThatTheRuleSetLacks",
       {"unknown_currency at schema.aggregates[x].currency"},
       aggregate("sum: 'event.paid' of: 'purchase' currency: 'USD'"),
       "rule_set.yaml"},
      {"RefusesAnAggregateNamedAsAnAttribute",
       {"duplicate_name at schema.aggregates[tier]"},
       "schema { aggregates { key: 'tier' value { count: 'purchase' } } }",
       "an attribute and an aggregate"},
      {"RefusesAnAggregatePerStore",
       {"unknown_word at schema.aggregates[x].per"},
       aggregate("count: 'purchase' per: 'store'")},
      {"RefusesAComputedAttributeNamedAsAnAggregate",
       {"duplicate_name at schema.computed[customer.spend_90d]"},
       computed("customer.spend_90d", "int", "1")},
      {"RefusesAComputedAttributeOfNobody",
       {"bad_name at schema.computed[age]"},
       computed("age", "int", "1"),
       "customer.age"},
      {"RefusesAComputedList",
       {"unknown_type at schema.computed[customer.x].type"},
       computed("customer.x", "list(string)", "1"),
       "cannot be a `list(string)`"},
      {"RefusesAFormulaOfAnotherType",
       {"wrong_result_type at schema.computed[customer.x].is"},
       computed("customer.x", "int", "now")},
      {"RefusesAFormulaOverTheBasket",
       {"name_not_available at schema.computed[customer.x].is"},
       computed("customer.x", "bool", "basket.gross > 1.00"),
       "offers"},
      {"NamesTheCycleOfComputedAttributes",
       {"computed_cycle at schema.computed[customer.a].is"},
       computed("customer.a", "int", "customer.c + 1") +
           computed("customer.b", "int", "customer.a + 1") +
           computed("customer.c", "int", "customer.b + 1"),
       "customer.a → customer.c → customer.b → customer.a"},
      {"FindsACycleOfOne",
       {"computed_cycle at schema.computed[customer.a].is"},
       computed("customer.a", "int", "customer.a + 1"),
       "customer.a → customer.a"},
      {"FindsNothingMoreInWhatReadsABrokenFormula",
       {"unknown_name at schema.computed[customer.a].is"},
       computed("customer.a", "int", "customer.nothing_like_it") +
           computed("customer.b", "int", "customer.a + 1")},
  };
}

}  // namespace touchstone::rules
