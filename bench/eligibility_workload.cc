#include "bench/eligibility_workload.h"

#include <fstream>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "simdjson.h"

namespace touchstone::bench {
namespace {

using rules::expr::ListData;
using rules::expr::Type;
using rules::expr::TypeKind;
using rules::expr::Value;
using simdjson::dom::element;

absl::Status Wrong(const std::string& file, size_t line, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(file, ":", line, ": ", what));
}

absl::StatusOr<std::vector<std::string>> ReadLines(const std::string& file) {
  std::ifstream in(file);
  if (!in) return absl::NotFoundError(absl::StrCat("cannot read ", file));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
  return lines;
}

std::optional<Type> TypeNamed(std::string_view name) {
  for (const TypeKind kind :
       {TypeKind::kString, TypeKind::kInt, TypeKind::kDouble, TypeKind::kBool}) {
    const Type type(kind);
    if (type.ToString() == name) return type;
    if (Type::List(type).ToString() == name) return Type::List(type);
  }
  return std::nullopt;
}

std::optional<Value> ScalarOf(const Type& type, element json, rules::expr::Arena& memory) {
  std::string_view text;
  bool flag = false;
  int64_t whole = 0;
  double real = 0;
  switch (type.kind()) {
    case TypeKind::kString:
      if (json.get(text) != simdjson::SUCCESS) return std::nullopt;
      return Value::String(memory.Copy(absl::string_view(text.data(), text.size())));
    case TypeKind::kBool:
      if (json.get(flag) != simdjson::SUCCESS) return std::nullopt;
      return Value::Bool(flag);
    case TypeKind::kInt:
      if (json.get(whole) != simdjson::SUCCESS) return std::nullopt;
      return Value::Int(whole);
    default:
      if (json.get(real) != simdjson::SUCCESS) return std::nullopt;
      return Value::Double(real);
  }
}

std::optional<Value> ValueOf(const Type& type, element json, rules::expr::Arena& memory) {
  if (!type.Is(TypeKind::kList)) return ScalarOf(type, json, memory);
  simdjson::dom::array array;
  if (json.get(array) != simdjson::SUCCESS) return std::nullopt;
  ListData* list = memory.NewArray<ListData>(1);
  Value* elements = memory.NewArray<Value>(array.size());
  for (const element each : array) {
    const std::optional<Value> value = ScalarOf(type.element(), each, memory);
    if (!value.has_value()) return std::nullopt;
    elements[list->size++] = *value;
  }
  list->elements = elements;
  return Value::List(list);
}

rules::expr::CheckPolicy PolicyOfRuleSets() {
  rules::expr::CheckPolicy policy;
  policy.cross_numeric_comparisons = true;
  policy.homogeneous_literals = true;
  return policy;
}

}  // namespace

EligibilityWorkload::EligibilityWorkload() : environment_(PolicyOfRuleSets()) {}

absl::StatusOr<std::unique_ptr<EligibilityWorkload>> EligibilityWorkload::Read(
    const WorkloadFiles& files) {
  std::unique_ptr<EligibilityWorkload> workload(new EligibilityWorkload());
  absl::Status status = workload->ReadSchema(files.schema);
  if (!status.ok()) return status;
  absl::StatusOr<std::vector<std::string>> conditions = ReadLines(files.offers);
  if (!conditions.ok()) return conditions.status();
  workload->conditions_ = *std::move(conditions);
  status = workload->ReadEvents(files.events);
  if (!status.ok()) return status;
  return workload;
}

absl::Status EligibilityWorkload::ReadSchema(const std::string& file) {
  simdjson::dom::parser parser;
  element schema;
  simdjson::dom::array attributes;
  const simdjson::error_code error = parser.load(file).get(schema);
  if (error != simdjson::SUCCESS) {
    return Wrong(file, 1, absl::StrCat("cannot be read: ", simdjson::error_message(error)));
  }
  if (schema["attributes"].get(attributes) != simdjson::SUCCESS) {
    return Wrong(file, 1, "has no list \"attributes\"");
  }
  uint16_t slot = 0;
  for (const element attribute : attributes) {
    std::string_view name;
    std::string_view type_name;
    if (attribute["name"].get(name) != simdjson::SUCCESS ||
        attribute["type"].get(type_name) != simdjson::SUCCESS) {
      return Wrong(file, 1, "has an attribute without name or type");
    }
    const std::optional<Type> type = TypeNamed(type_name);
    if (!type.has_value()) {
      return Wrong(file, 1, absl::StrCat("no attribute can be of type ", std::string(type_name)));
    }
    rules::expr::VariableDecl variable;
    variable.name = std::string(name);
    variable.type = *type;
    variable.slot = {0, slot++};
    const absl::Status status = environment_.Declare(std::move(variable));
    if (!status.ok()) return Wrong(file, 1, status.message());
  }
  return absl::OkStatus();
}

absl::Status EligibilityWorkload::ReadEvents(const std::string& file) {
  const absl::StatusOr<std::vector<std::string>> lines = ReadLines(file);
  if (!lines.ok()) return lines.status();
  simdjson::dom::parser parser;
  for (const std::string& line : *lines) {
    simdjson::dom::object event;
    if (parser.parse(line).get(event) != simdjson::SUCCESS) {
      return Wrong(file, events_.size() + 1, "is no JSON object");
    }
    std::vector<Value>& row = events_.emplace_back(environment_.variables().size());
    for (const auto& [name, json] : event) {
      const rules::expr::VariableDecl* variable =
          environment_.FindVariable(absl::string_view(name.data(), name.size()));
      if (variable == nullptr) {
        return Wrong(file, events_.size(),
                     absl::StrCat("names ", std::string(name), ", which the schema does not have"));
      }
      const std::optional<Value> value = ValueOf(variable->type, json, memory_);
      if (!value.has_value()) {
        return Wrong(file, events_.size(),
                     absl::StrCat(std::string(name), " is no ", variable->type.ToString()));
      }
      row[variable->slot.index] = *value;
    }
  }
  return absl::OkStatus();
}

}  // namespace touchstone::bench
