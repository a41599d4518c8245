#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/rules/ruleset/finding_case.h"

namespace touchstone::rules {
namespace {

// A table `t` over tier and spend; `rows` as in its file, in text format.
std::string Rows(absl::string_view csv) {
  std::string text = "table_rows { key: 't' value { ";
  bool is_header = true;
  for (const absl::string_view line : absl::StrSplit(csv, '\n')) {
    if (!is_header) text += "rows { ";
    for (const absl::string_view cell : absl::StrSplit(line, ',')) {
      absl::StrAppend(&text, is_header ? "columns: \"" : "cells: \"", cell, "\" ");
    }
    if (!is_header) text += "} ";
    is_header = false;
  }
  return text + "} } ";
}

std::string Declared(absl::string_view rest) {
  return absl::StrCat("tables { key: 't' value { ", rest, " } } ");
}

constexpr char kInputs[] =
    "inputs { key: 'tier' value: 'customer.tier' } "
    "inputs { key: 'spend' value: 'customer.spend_90d' } ";

std::string Table(absl::string_view hit_policy, absl::string_view csv) {
  return Declared(absl::StrCat("hit_policy: '", hit_policy, "' output: 'int' ", kInputs)) +
         Rows(csv);
}

// One input of that formula, one row of that cell.
std::string Cell(absl::string_view formula, absl::string_view cell) {
  return Declared(absl::StrCat("hit_policy: 'unique' output: 'int' inputs { key: 'x' value: '",
                               formula, "' } ")) +
         Rows(absl::StrCat("x,value\n", cell, ",1"));
}

}  // namespace

std::vector<FindingCase> TableCases() {
  const std::string row = "table_rows[t].rows[0]";
  return {
      {"RefusesTheNameOfATableThatRulesCannotRead",
       {"bad_name at tables[Big-Table]"},
       "tables { key: 'Big-Table' value { hit_policy: 'first' output: 'int' inputs { key: 'x' "
       "value: "
       "'customer.tier' } } }",
       "table.NAME"},
      {"RefusesATableWithoutRows",
       {"missing_value at tables[t]"},
       Declared(absl::StrCat("hit_policy: 'first' output: 'int' ", kInputs)),
       "tables/t.csv"},
      {"RefusesRowsWithoutATable",
       {"unknown_table at table_rows[tt]"},
       Table("first", "tier,spend,value\ngold,,1") +
           "table_rows { key: 'tt' value { columns: 'x' } }",
       "there is no table `tt`"},
      {"RefusesATableWithoutHitPolicy",
       {"missing_value at tables[t]"},
       Table("", "tier,spend,value\ngold,,1"),
       "hit_policy: unique"},
      {"RefusesAHitPolicyThatThereIsNot",
       {"unknown_word at tables[t].hit_policy"},
       Table("frist", "tier,spend,value\ngold,,1"),
       "did you mean `first`?"},
      {"RefusesATableWithoutInputs",
       {"missing_value at tables[t]"},
       Declared("hit_policy: 'first' output: 'int'") + Rows("value\n1"),
       "inputs"},
      {"RefusesATableWithoutOutput",
       {"unknown_type at tables[t]"},
       Declared(absl::StrCat("hit_policy: 'first' ", kInputs)) + Rows("tier,spend,value\n,,1"),
       "offers, bool"},
      {"RefusesAnOutputThatIsNoType",
       {"unknown_type at tables[t].output"},
       Declared(absl::StrCat("hit_policy: 'first' output: 'list(int)' ", kInputs)) +
           Rows("tier,spend,value\n,,1"),
       "list(int)"},
      {"RefusesAnotherwiseOfOffers",
       {"unexpected_value at tables[t].otherwise"},
       Declared(absl::StrCat("hit_policy: 'first' output: 'offers' otherwise: 'join' ", kInputs)) +
           Rows("tier,spend,offers\n,,join"),
       "hit_policy: first"},
      {"RefusesAnOtherwiseOfAnotherType",
       {"bad_value at tables[t].otherwise"},
       Declared(absl::StrCat("hit_policy: 'first' output: 'int' otherwise: 'x' ", kInputs)) +
           Rows("tier,spend,value\n,,1"),
       "whole number"},
      {"RefusesAnInputThatIsNoExpression",
       {"syntax at tables[t].inputs[x]"},
       Cell("customer.", "1")},
      {"RefusesAnInputOverTheBasket",
       {"name_not_available at tables[t].inputs[x]"},
       Cell("basket.gross", "1")},
      {"RefusesAnInputThatIsAList",
       {"wrong_type at tables[t].inputs[x]"},
       Cell("customer.allergies", "nuts"),
       "true or false"},
      {"RefusesAnInputThatReadsNoFact",
       {"bad_value at tables[t].inputs[x]"},
       Cell("1 + 1", "2"),
       "the same whatever"},
      {"RefusesAnInputWithTheNameOfTheOutput",
       {"reserved_name at tables[t].inputs[value]"},
       Declared(
           "hit_policy: 'first' output: 'int' inputs { key: 'value' value: 'customer.tier' }") +
           Rows("value\n1")},
      {"FindsACircleOfTables",
       {"computed_cycle at audiences[a].when"},
       Cell("audience.a", "true") + "audiences { key: 'a' value { when: 'table.t > 1' } }",
       "audience.a → table.t → audience.a"},
      {"RefusesMoreColumnsThanTheLimit",
       {"too_many at tables[t]"},
       Table("first", "tier,spend,value\n,,1"),
       "256 columns",
       [](v1::RuleSet& m) {
         for (int i = 0; i < 254; ++i) (*m.mutable_table_rows())["t"].add_columns("x");
       }},
      {"RefusesAMissingColumn",
       {"table_columns at table_rows[t]"},
       Table("first", "tier,value\ngold,1"),
       "`spend` is missing"},
      {"RefusesAMissingOutput",
       {"table_columns at table_rows[t]"},
       Table("first", "tier,spend\ngold,1"),
       "`value` is missing"},
      {"RefusesAnUnknownColumn",
       {"table_columns at table_rows[t]"},
       Table("first", "tier,spend,value,speed\ngold,,1,"),
       "did you mean `spend`?"},
      {"RefusesAColumnTwice",
       {"table_columns at table_rows[t]"},
       Table("first", "tier,spend,value,tier\ngold,,1,gold")},
      {"RefusesARowWithAnotherNumberOfCells",
       {"table_columns at table_rows[t].rows[1]"},
       Table("first", "tier,spend,value\ngold,,1\nsilver,2")},
      {"RefusesACellThatCannotBeRead",
       {"bad_cell at " + row + ".cells[1]"},
       Table("first", "tier,spend,value\ngold,lots,1"),
       ">= 18"},
      {"ReportsTheSameMistakeInEachCell",
       {"bad_cell at table_rows[t].rows[0].cells[1]", "bad_cell at table_rows[t].rows[1].cells[1]"},
       Table("first", "tier,spend,value\ngold,lots,1\nsilver,lots,1")},
      {"RefusesARangeThatNothingFits",
       {"bad_cell at " + row + ".cells[1]"},
       Table("first", "tier,spend,value\ngold,[5..5),1"),
       "no value fits"},
      {"RefusesAWordThatTheFactDoesNotHave",
       {"bad_cell at " + row + ".cells[0]"},
       Table("first", "tier,spend,value\ngolden,,1"),
       "Did you mean \"gold\"?"},
      {"RefusesAFractionBesideAWholeNumber",
       {"bad_cell at " + row + ".cells[0]"},
       Cell("customer.visits_30d", "2.5")},
      {"RefusesARowThatNothingFits",
       {"bad_cell at " + row},
       Declared("hit_policy: 'first' output: 'int' inputs { key: 'a' value: 'customer.tier' } "
                "inputs { key: 'b' value: 'customer.tier' }") +
           Rows("a,b,value\ngold,silver,1"),
       "the same fact"},
      {"RefusesAValueThatIsNone",
       {"missing_value at " + row + ".cells[2]"},
       Table("first", "tier,spend,value\ngold,,")},
      {"RefusesAValueOfAnotherType",
       {"bad_value at " + row + ".cells[2]"},
       Table("first", "tier,spend,value\ngold,,much")},
      {"RefusesAnOfferThatThereIsNot",
       {"unknown_offer at " + row + ".cells[2]"},
       Declared(absl::StrCat("hit_policy: 'first' output: 'offers' ", kInputs)) +
           Rows("tier,spend,offers\ngold,,join | joyn"),
       "did you mean `join`?"},
      {"RefusesRowsThatCanHoldAtOnce",
       {"overlapping_rows at table_rows[t].rows[2]"},
       Table("unique",
             "tier,spend,value\ngold,[0..100),1\nsilver,,2\ngold | none,[99.99..200),3\nnot silver "
             "| none,>= 200,4"),
       "row 3 can hold together with row 1"},
      {"WarnsOfARowThatNeverCounts",
       {"warning: unreachable_row at table_rows[t].rows[2]"},
       Table("first", "tier,spend,value\ngold,,1\n,>= 5,2\ngold,>= 9,3"),
       "row 3 never counts: row 1"},
  };
}

}  // namespace touchstone::rules
