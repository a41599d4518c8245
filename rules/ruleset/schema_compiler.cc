#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/ruleset/declared_type.h"
#include "rules/ruleset/literal.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

using expr::Type;
using expr::TypeKind;

std::string Keyed(absl::string_view path, absl::string_view key) {
  return absl::StrCat(path, "[", key, "]");
}

// False for a name that is built in: declaring it again would hide what it means. A name that is
// badly formed is reported and kept, so that nothing more is found where it is used.
bool CheckName(Compilation& c, absl::string_view path, absl::string_view name,
               const std::vector<std::string>& reserved) {
  if (std::find(reserved.begin(), reserved.end(), name) != reserved.end()) {
    c.reporter.Error(codes::kReservedName, path,
                     absl::StrCat("`", name, "` is built in and cannot be declared"));
    return false;
  }
  if (!IsSchemaName(name)) {
    c.reporter.Error(codes::kBadName, path, absl::StrCat("`", name, "` cannot be a name here"),
                     "a name is a small letter, then small letters, digits and _, at most 64; "
                     "and none of in, true, false, null");
  }
  return true;
}

// Of an unknown type nothing follows: its facts take part in any expression without findings.
DeclaredType ReadType(Compilation& c, const std::string& path, const std::string& name,
                      TypePlace place) {
  if (const std::optional<DeclaredType> found = FindDeclaredType(name, place)) return *found;
  if (name.empty()) {
    c.reporter.Error(codes::kMissingValue, path, "a type is missing",
                     absl::StrCat("one of ", absl::StrJoin(DeclaredTypeNames(place), ", ")));
  } else {
    c.reporter.Error(codes::kUnknownType, path,
                     absl::StrCat("`", name, "` is not a type that can be declared here"),
                     absl::StrCat("one of ", absl::StrJoin(DeclaredTypeNames(place), ", ")));
  }
  DeclaredType unknown;
  unknown.type = Type(TypeKind::kError);
  return unknown;
}

// Fields that are a name and a type: of records, events and reference tables.
template <typename Map>
std::vector<AttributeSpec> CompileFields(Compilation& c, absl::string_view path, const Map& fields,
                                         TypePlace place,
                                         const std::vector<std::string>& reserved) {
  std::vector<AttributeSpec> specs;
  if (!CheckCount(c, path, fields.size())) return specs;
  for (const std::string& name : SortedKeys(fields)) {
    const std::string field_path = Keyed(path, name);
    if (!CheckName(c, field_path, name, reserved)) continue;
    const std::string& type_name = fields.at(name);
    const DeclaredType type = ReadType(c, field_path, type_name, place);
    AttributeSpec spec;
    spec.name = name;
    spec.declared_type = type_name;
    spec.type = type.type;
    spec.form = type.form;
    spec.optional = true;
    spec.id = StableId(name);
    specs.push_back(std::move(spec));
  }
  return specs;
}

void CompileEnumValues(Compilation& c, const std::string& path, const v1::Attribute& attribute,
                       AttributeSpec& spec) {
  absl::flat_hash_set<std::string> seen;
  for (int i = 0; i < attribute.values_size(); ++i) {
    const std::string& value = attribute.values(i);
    const std::string at = absl::StrCat(path, ".values[", i, "]");
    if (value.empty()) c.reporter.Error(codes::kMissingValue, at, "a value of an enum is empty");
    if (!seen.insert(value).second) {
      c.reporter.Error(codes::kDuplicateName, at, absl::StrCat("`", value, "` stands here twice"));
    }
    spec.enum_values.push_back(value);
  }
  const bool is_enum = spec.form == ValueForm::kEnum;
  if (is_enum && attribute.values_size() == 0) {
    c.reporter.Error(codes::kMissingValue, path, "an enum needs its values",
                     "add `values: [one, two]`");
  }
  if (!is_enum && attribute.values_size() > 0) {
    c.reporter.Error(codes::kUnexpectedValue, absl::StrCat(path, ".values"),
                     "only an enum has values");
  }
}

void CompileListShape(Compilation& c, const std::string& path, const v1::Attribute& attribute,
                      const DeclaredType& type, AttributeSpec& spec) {
  if (attribute.max() != 0 && !type.is_list) {
    c.reporter.Error(codes::kUnexpectedValue, absl::StrCat(path, ".max"), "only a list has `max`");
  } else if (attribute.max() < 0 || static_cast<size_t>(attribute.max()) > kMaxListElements) {
    c.reporter.Error(codes::kOutOfRange, absl::StrCat(path, ".max"),
                     absl::StrCat("a list has 1 to ", kMaxListElements, " elements"));
  } else if (attribute.max() > 0) {
    spec.max_elements = attribute.max();
  }
  if (!type.is_record_list) {
    if (attribute.fields_size() > 0) {
      c.reporter.Error(codes::kUnexpectedValue, absl::StrCat(path, ".fields"),
                       "only a list(record) has fields");
    }
    return;
  }
  if (attribute.fields_size() == 0) {
    c.reporter.Error(codes::kMissingValue, path, "a list(record) needs its fields",
                     "add `fields: { product: string }`");
  }
  spec.fields =
      CompileFields(c, absl::StrCat(path, ".fields"), attribute.fields(), TypePlace::kField, {});
  std::vector<Type::Field> fields;
  for (const AttributeSpec& field : spec.fields) fields.push_back({field.name, field.type});
  spec.type = Type::List(Type::Record(spec.name, std::move(fields)));
}

void CompileDefault(Compilation& c, const std::string& path, const v1::Attribute& attribute,
                    AttributeSpec& spec) {
  if (attribute.has_default_() == attribute.optional()) {
    c.reporter.Error(codes::kDefaultOrOptional, path,
                     attribute.optional()
                         ? absl::StrCat("`", spec.name, "` has a default and is optional as well")
                         : absl::StrCat("`", spec.name, "` has no default and is not optional"),
                     "say `default: …` or `optional: true`");
    return;
  }
  // A type that is not known has been reported; nothing can be read as it.
  if (!attribute.has_default_() || spec.type.Is(TypeKind::kError)) return;
  const Schema& schema = c.rule_set.schema;
  const Currency currency = schema.currencies.empty() ? Currency() : schema.currencies.front();
  const absl::StatusOr<expr::Value> value =
      ParseLiteral(attribute.default_(), spec, currency, schema.zone, c.rule_set.schema.memory);
  if (value.ok()) {
    spec.default_value = *value;
  } else {
    c.reporter.Error(
        codes::kBadValue, absl::StrCat(path, ".default"),
        absl::StrCat("the default is no ", spec.declared_type, ": ", value.status().message()));
  }
}

AttributeSpec CompileAttribute(Compilation& c, const std::string& path, const std::string& name,
                               const v1::Attribute& attribute) {
  AttributeSpec spec;
  spec.name = name;
  spec.declared_type = attribute.type();
  const DeclaredType type =
      ReadType(c, absl::StrCat(path, ".type"), attribute.type(), TypePlace::kAttribute);
  spec.type = type.type;
  spec.form = type.form;
  spec.optional = attribute.optional();
  spec.pii = attribute.pii();
  spec.max_elements = static_cast<int>(kMaxListElements);
  spec.id = StableId(name);
  CompileEnumValues(c, path, attribute, spec);
  CompileListShape(c, path, attribute, type, spec);
  CompileDefault(c, path, attribute, spec);
  return spec;
}

template <typename Map>
std::vector<AttributeSpec> CompileAttributes(Compilation& c, absl::string_view path,
                                             const Map& attributes,
                                             const std::vector<std::string>& reserved) {
  std::vector<AttributeSpec> specs;
  if (!CheckCount(c, path, attributes.size())) return specs;
  for (const std::string& name : SortedKeys(attributes)) {
    const std::string attribute_path = Keyed(path, name);
    if (!CheckName(c, attribute_path, name, reserved)) continue;
    specs.push_back(CompileAttribute(c, attribute_path, name, attributes.at(name)));
  }
  return specs;
}

void CompileReference(Compilation& c, const std::string& name, const v1::ReferenceTable& table,
                      absl::string_view key, ReferenceSpec& spec) {
  const std::string path = Keyed("schema.reference", name);
  spec.name = name;
  spec.key = table.key();
  if (table.key() != key) {
    c.reporter.Error(codes::kBadValue, absl::StrCat(path, ".key"),
                     absl::StrCat("the key of the table `", name, "` is `", key, "`"));
  }
  spec.columns =
      CompileFields(c, absl::StrCat(path, ".fields"), table.fields(), TypePlace::kColumn, {"key"});
  for (const AttributeSpec& column : spec.columns) {
    if (name == "product" && column.name == "categories" &&
        column.type != Type::List(Type(TypeKind::kString))) {
      c.reporter.Error(codes::kUnknownType, Keyed(absl::StrCat(path, ".fields"), "categories"),
                       "the categories of a product are a list(string)");
    }
    if (name == "store" && column.name == "zone" && column.form != ValueForm::kTimezone) {
      c.reporter.Error(codes::kUnknownType, Keyed(absl::StrCat(path, ".fields"), "zone"),
                       "the zone of a store is a timezone");
    }
  }
}

void CompileEvents(Compilation& c) {
  const auto& events = c.message.schema().events();
  if (!CheckCount(c, "schema.events", events.size())) return;
  for (const std::string& name : SortedKeys(events)) {
    const std::string path = Keyed("schema.events", name);
    CheckName(c, path, name, {});
    const v1::EventType& event = events.at(name);
    EventSpec spec;
    spec.name = name;
    spec.fields = CompileFields(c, absl::StrCat(path, ".fields"), event.fields(), TypePlace::kField,
                                {"time"});
    spec.line_fields = CompileFields(c, absl::StrCat(path, ".lines"), event.lines(),
                                     TypePlace::kField, {"product", "categories"});
    for (const AttributeSpec& field : spec.line_fields) {
      if (field.name == "sku" && !field.type.Is(TypeKind::kString)) {
        c.reporter.Error(codes::kUnknownType, Keyed(absl::StrCat(path, ".lines"), "sku"),
                         "the sku of a line is a string");
      }
    }
    c.rule_set.schema.events.push_back(std::move(spec));
  }
}

// ISO 3166-1 alpha-2.
constexpr absl::string_view kCountries =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ "
    "EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW "
    "GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY "
    "KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV "
    "MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY "
    "QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG "
    "TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM "
    "ZW";

bool IsCountry(absl::string_view code) {
  return code.size() == 2 && code.find(' ') == absl::string_view::npos &&
         absl::StrContains(kCountries, code);
}

constexpr std::pair<absl::string_view, IdentityForm> kIdentityForms[] = {
    {"", IdentityForm::kAsGiven},
    {"phone", IdentityForm::kPhone},
    {"email", IdentityForm::kEmail},
    {"hex", IdentityForm::kHex},
};

void CompileIdentities(Compilation& c) {
  const auto& declared = c.message.schema().identities();
  if (!CheckCount(c, "schema.identities", declared.size())) return;
  for (const std::string& name : SortedKeys(declared)) {
    const std::string path = Keyed("schema.identities", name);
    const v1::IdentityNamespace& message = declared.at(name);
    if (!CheckName(c, path, name, {})) continue;
    IdentitySpec spec;
    spec.name = name;
    spec.anonymous = message.anonymous();
    spec.country = message.country();
    const auto* const form =
        std::find_if(std::begin(kIdentityForms), std::end(kIdentityForms),
                     [&message](const auto& each) { return each.first == message.form(); });
    if (form == std::end(kIdentityForms)) {
      c.reporter.Unknown(codes::kUnknownWord, absl::StrCat(path, ".form"), "form of identities",
                         message.form(), {"phone", "email", "hex"});
    } else {
      spec.form = form->second;
    }
    if (!message.country().empty() && spec.form != IdentityForm::kPhone) {
      c.reporter.Error(codes::kUnexpectedValue, absl::StrCat(path, ".country"),
                       "only identities of the form `phone` have a country");
    } else if (!message.country().empty() && !IsCountry(message.country())) {
      c.reporter.Error(codes::kUnknownWord, absl::StrCat(path, ".country"),
                       absl::StrCat("`", message.country(), "` is not a country of ISO 3166-1"),
                       "two capital letters, such as DE or GB");
    }
    c.rule_set.schema.identities.push_back(std::move(spec));
  }
}

}  // namespace

bool CheckCount(Compilation& c, absl::string_view path, size_t count) {
  if (count <= kMaxDeclarations) return true;
  c.reporter.Error(codes::kTooMany, path,
                   absl::StrCat("at most ", kMaxDeclarations, " can be declared here"));
  return false;
}

void CompileSchema(Compilation& c) {
  Schema& schema = c.rule_set.schema;
  const v1::Schema& message = c.message.schema();
  schema.customer =
      CompileAttributes(c, "schema.customer", message.customer(), {"known", "segment"});
  for (const AttributeSpec& attribute : schema.customer) {
    if (attribute.type != Type::List(Type(TypeKind::kInt))) continue;
    c.reporter.NotSupportedYet(absl::StrCat(Keyed("schema.customer", attribute.name), ".type"),
                               "`list(int)` of a customer, which no record can keep",
                               "use `list(string)`");
  }
  schema.request = CompileAttributes(c, "schema.request", message.request(), {});
  for (const std::string& name : SortedKeys(message.reference())) {
    const v1::ReferenceTable& table = message.reference().at(name);
    if (name == "product") {
      CompileReference(c, name, table, "sku", schema.product);
    } else if (name == "store") {
      CompileReference(c, name, table, "store", schema.store);
    } else {
      c.reporter.NotSupportedYet(Keyed("schema.reference", name),
                                 absl::StrCat("the reference table `", name, "`"),
                                 "the tables of this version are `product` and `store`");
    }
  }
  CompileEvents(c);
  CompileIdentities(c);
}

}  // namespace touchstone::rules
