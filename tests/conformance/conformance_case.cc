#include "tests/conformance/conformance_case.h"

#include <cmath>
#include <limits>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "rules/expr/timestamps.h"
#include "simdjson.h"

namespace touchstone::rules::expr {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

absl::string_view TextOf(element value) {
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? View(text) : absl::string_view();
}

absl::string_view TextAt(object from, std::string_view key) {
  element value;
  return from.at_key(key).get(value) == simdjson::SUCCESS ? TextOf(value) : absl::string_view();
}

bool BoolAt(object from, std::string_view key) {
  bool value = false;
  return from.at_key(key).get(value) == simdjson::SUCCESS && value;
}

const std::vector<Type>& PlainTypes() {
  static const auto& types = *new std::vector<Type>{
      Type(TypeKind::kDyn),      Type(TypeKind::kNull),  Type(TypeKind::kBool),
      Type(TypeKind::kInt),      Type(TypeKind::kUint),  Type(TypeKind::kDouble),
      Type(TypeKind::kString),   Type(TypeKind::kBytes), Type(TypeKind::kTimestamp),
      Type(TypeKind::kDuration), Type(TypeKind::kMoney), Type(TypeKind::kDecimal),
      Type(TypeKind::kList),     Type(TypeKind::kMap),   Type(TypeKind::kType)};
  return types;
}

// "map(string, list(int))", reading from the front of `text`.
absl::StatusOr<Type> TakeType(absl::string_view& text) {
  const size_t end = text.find_first_of("(),");
  const absl::string_view name = text.substr(0, end);
  text.remove_prefix(name.size());
  std::vector<Type> params;
  if (!text.empty() && text[0] == '(') {
    do {
      text.remove_prefix(1);
      while (!text.empty() && text[0] == ' ') text.remove_prefix(1);
      absl::StatusOr<Type> param = TakeType(text);
      if (!param.ok()) return param;
      params.push_back(*param);
    } while (!text.empty() && text[0] == ',');
    if (text.empty()) return absl::InvalidArgumentError("a type ends early");
    text.remove_prefix(1);
  }
  if (name == "list" && params.size() == 1) return Type::List(params[0]);
  if (name == "map" && params.size() == 2) return Type::Map(params[0], params[1]);
  if (name == "wrapper" && params.size() == 1) return Type::Wrapper(params[0]);
  if (name == "optional_type" && params.size() == 1) return Type::Optional(params[0]);
  // A record whose fields are called a, b, c...
  if (name == "record") {
    std::vector<Type::Field> fields;
    for (size_t i = 0; i < params.size(); ++i) {
      fields.push_back({std::string(1, static_cast<char>('a' + i)), params[i]});
    }
    return Type::Record("record", std::move(fields));
  }
  for (const Type& type : PlainTypes()) {
    if (type.ToString() == name) return type;
  }
  return absl::InvalidArgumentError(absl::StrCat("no type is called ", name));
}

double DoubleOf(absl::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double value = 0;
  return absl::SimpleAtod(text, &value) ? value : 0;
}

// A type as a value: without parameters.
const Type* TypeNamed(absl::string_view name) {
  if (name == "google.protobuf.Timestamp") return TypeNamed("timestamp");
  if (name == "google.protobuf.Duration") return TypeNamed("duration");
  for (const Type& type : PlainTypes()) {
    const std::string text = type.ToString();
    if (text.substr(0, text.find('(')) == name) return &type;
  }
  return nullptr;
}

absl::StatusOr<Value> ReadValue(element json, Arena& arena);

absl::StatusOr<Value> ReadList(element json, Arena& arena) {
  array items;
  if (json.get(items) != simdjson::SUCCESS) return absl::InvalidArgumentError("not a list");
  Value* elements = arena.NewArray<Value>(items.size());
  uint32_t size = 0;
  for (const element item : items) {
    absl::StatusOr<Value> value = ReadValue(item, arena);
    if (!value.ok()) return value;
    elements[size++] = *value;
  }
  ListData* list = arena.NewArray<ListData>(1);
  *list = ListData{elements, size, nullptr};
  return Value::List(list);
}

absl::StatusOr<Value> ReadMap(element json, Arena& arena) {
  array items;
  if (json.get(items) != simdjson::SUCCESS) return absl::InvalidArgumentError("not a map");
  MapEntry* entries = arena.NewArray<MapEntry>(items.size());
  uint32_t size = 0;
  for (const element item : items) {
    absl::StatusOr<Value> pair = ReadList(item, arena);
    if (!pair.ok()) return pair;
    if (pair->list_value().size != 2) return absl::InvalidArgumentError("not a pair");
    entries[size++] = {pair->list_value().elements[0], pair->list_value().elements[1]};
  }
  MapData* map = arena.NewArray<MapData>(1);
  *map = MapData{entries, size};
  return Value::Map(map);
}

absl::StatusOr<Value> ReadScalar(absl::string_view kind, absl::string_view text, Arena& arena) {
  int64_t integer = 0;
  uint64_t natural = 0;
  std::string decoded;
  if (kind == "int" && absl::SimpleAtoi(text, &integer)) return Value::Int(integer);
  if (kind == "uint" && absl::SimpleAtoi(text, &natural)) return Value::Uint(natural);
  if (kind == "double") return Value::Double(DoubleOf(text));
  if (kind == "string") return Value::String(arena.Copy(text));
  if (kind == "bytes" && absl::Base64Unescape(text, &decoded)) {
    return Value::Bytes(arena.Copy(decoded));
  }
  if (kind == "timestamp") return ParseTimestamp(text);
  if (kind == "duration") return ParseDuration(text);
  if (kind == "money") {
    const absl::StatusOr<Money> money = ParseMoney(text);
    if (money.ok()) return Value::OfMoney(*money);
    return money.status();
  }
  if (kind == "decimal") {
    const absl::StatusOr<Decimal> decimal = ParseDecimal(text);
    if (decimal.ok()) return Value::OfDecimal(*decimal);
    return decimal.status();
  }
  if (kind == "type") {
    const Type* type = TypeNamed(text);
    if (type != nullptr) return Value::OfType(type);
  }
  return absl::InvalidArgumentError(absl::StrCat("no value: ", kind, " ", text));
}

absl::StatusOr<Value> ReadValue(element json, Arena& arena) {
  object value;
  if (json.get(value) != simdjson::SUCCESS || value.size() != 1) {
    return absl::InvalidArgumentError("a value is an object with one member");
  }
  const auto member = *value.begin();
  const absl::string_view kind = View(member.key);
  if (kind == "null") return Value::Null();
  if (kind == "absent") return Value::Absent();
  if (kind == "bool") {
    bool truth = false;
    if (member.value.get(truth) != simdjson::SUCCESS) {
      return absl::InvalidArgumentError("not a bool");
    }
    return Value::Bool(truth);
  }
  if (kind == "list") return ReadList(member.value, arena);
  if (kind == "map") return ReadMap(member.value, arena);
  if (kind == "record") {
    const absl::StatusOr<Value> fields = ReadList(member.value, arena);
    if (!fields.ok()) return fields;
    return Value::Record(fields->list_value().elements, fields->list_value().size);
  }
  return ReadScalar(kind, TextOf(member.value), arena);
}

absl::Status ReadEnvironment(object json, ConformanceCase& test) {
  array declarations;
  if (json.at_key("env").get(declarations) != simdjson::SUCCESS) return absl::OkStatus();
  for (const element declaration : declarations) {
    object fields;
    if (declaration.get(fields) != simdjson::SUCCESS) {
      return absl::InvalidArgumentError("a declaration is an object");
    }
    const absl::string_view name = TextAt(fields, "name");
    if (fields.at_key("overloads").error() == simdjson::SUCCESS) {
      test.undeclarable = absl::StrCat("function ", name);
      continue;
    }
    absl::string_view text = TextAt(fields, "type");
    const absl::StatusOr<Type> type = TakeType(text);
    if (!type.ok()) return type.status();
    test.variables.emplace_back(std::string(name), *type);
  }
  return absl::OkStatus();
}

absl::Status ReadBindings(object json, ConformanceCase& test) {
  object bindings;
  if (json.at_key("bindings").get(bindings) != simdjson::SUCCESS) return absl::OkStatus();
  for (const auto& member : bindings) {
    const absl::StatusOr<Value> value = ReadValue(member.value, *test.arena);
    if (!value.ok()) return value.status();
    test.bindings.emplace_back(std::string(member.key), *value);
  }
  return absl::OkStatus();
}

bool SameMap(const MapData& a, const MapData& b) {
  if (a.size != b.size) return false;
  for (uint32_t i = 0; i < a.size; ++i) {
    bool found = false;
    for (uint32_t j = 0; j < b.size && !found; ++j) {
      found = SameResult(a.entries[i].key, b.entries[j].key) &&
              SameResult(a.entries[i].value, b.entries[j].value);
    }
    if (!found) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<ConformanceCase> ParseCase(absl::string_view line) {
  simdjson::dom::parser parser;
  object json;
  const simdjson::padded_string padded(line.data(), line.size());
  if (parser.parse(padded).get(json) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError("not a JSON object");
  }
  ConformanceCase test;
  test.file = std::string(TextAt(json, "file"));
  test.section = std::string(TextAt(json, "section"));
  test.name = std::string(TextAt(json, "name"));
  test.expr = std::string(TextAt(json, "expr"));
  if (!TextAt(json, "tier").empty()) test.tier = std::string(TextAt(json, "tier"));
  test.container = std::string(TextAt(json, "container"));
  test.disable_check = BoolAt(json, "disable_check");
  test.check_only = BoolAt(json, "check_only");
  test.rules_policy = TextAt(json, "policy") == "rules";
  test.expects_error = BoolAt(json, "error");
  test.error_code = std::string(TextAt(json, "code"));
  test.deduced_type = std::string(TextAt(json, "deduced_type"));
  array features;
  if (json.at_key("features").get(features) == simdjson::SUCCESS) {
    for (const element feature : features) test.features.emplace_back(TextOf(feature));
  }
  element expected;
  if (json.at_key("expected").get(expected) == simdjson::SUCCESS) {
    const absl::StatusOr<Value> value = ReadValue(expected, *test.arena);
    // What we cannot even write down is no reason to refuse the file: the case fails or is skipped.
    if (value.ok()) test.expected = *value;
  }
  absl::Status status = ReadEnvironment(json, test);
  if (status.ok()) status = ReadBindings(json, test);
  if (!status.ok()) test.undeclarable = std::string(status.message());
  return test;
}

bool SameResult(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kError:
      return a.error() == b.error();
    case Kind::kDouble:
      if (std::isnan(a.double_value())) return std::isnan(b.double_value());
      return a.double_value() == b.double_value() &&
             std::signbit(a.double_value()) == std::signbit(b.double_value());
    case Kind::kList: {
      const ListData& x = a.list_value();
      const ListData& y = b.list_value();
      if (x.size != y.size) return false;
      for (uint32_t i = 0; i < x.size; ++i) {
        if (!SameResult(x.elements[i], y.elements[i])) return false;
      }
      return true;
    }
    case Kind::kMap:
      return SameMap(a.map_value(), b.map_value());
    default:
      return Equals(a, b);
  }
}

}  // namespace touchstone::rules::expr
