#include "rules/ruleset/literal.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "rules/facts/text.h"

namespace touchstone::rules {
namespace {

using expr::TypeKind;
using expr::Value;

// What all literals of one value have in common.
struct Reading {
  Currency currency;
  absl::TimeZone zone;
  expr::Arena& memory;
};

absl::StatusOr<Value> ParseScalarLiteral(const v1::Literal& literal, const AttributeSpec& spec,
                                         const Reading& reading) {
  if (literal.form_case() != v1::Literal::kText) {
    return absl::InvalidArgumentError(absl::StrCat(literal.has_list()     ? "a list"
                                                   : literal.has_record() ? "a record"
                                                                          : "nothing",
                                                   " stands where a value of type ",
                                                   spec.declared_type, " is expected"));
  }
  return ParseScalar(literal.text(), spec.type, spec.form, spec.enum_values, reading.currency,
                     reading.zone, reading.memory);
}

absl::StatusOr<Value> ParseRecord(const v1::Literal& literal, const AttributeSpec& spec,
                                  const Reading& reading) {
  if (!literal.has_record()) {
    return absl::InvalidArgumentError("each element of the list is a record");
  }
  Value* fields = reading.memory.NewArray<Value>(spec.fields.size());
  size_t known = 0;
  for (size_t i = 0; i < spec.fields.size(); ++i) {
    const auto found = literal.record().fields().find(spec.fields[i].name);
    if (found == literal.record().fields().end()) continue;
    ++known;
    absl::StatusOr<Value> field = ParseScalarLiteral(found->second, spec.fields[i], reading);
    if (!field.ok()) return field.status();
    fields[i] = *field;
  }
  if (known != literal.record().fields().size()) {
    return absl::InvalidArgumentError(
        "the record has a field that the schema does not declare for it");
  }
  return Value::Record(fields, static_cast<uint32_t>(spec.fields.size()));
}

absl::StatusOr<Value> ParseList(const v1::Literal& literal, const AttributeSpec& spec,
                                const Reading& reading) {
  if (!literal.has_list()) {
    return absl::InvalidArgumentError(absl::StrCat("a ", spec.declared_type, " is a list"));
  }
  const auto& items = literal.list().items();
  if (items.size() > spec.max_elements) {
    return absl::InvalidArgumentError(
        absl::StrCat("the list has ", items.size(), " elements, more than ", spec.max_elements));
  }
  auto* data = reading.memory.NewArray<expr::ListData>(1);
  Value* elements = reading.memory.NewArray<Value>(static_cast<size_t>(items.size()));
  for (int i = 0; i < items.size(); ++i) {
    absl::StatusOr<Value> element = spec.type.element().Is(TypeKind::kRecord)
                                        ? ParseRecord(items[i], spec, reading)
                                        : ParseScalarLiteral(items[i], spec, reading);
    if (!element.ok()) return element.status();
    elements[i] = *element;
  }
  data->elements = elements;
  data->size = static_cast<uint32_t>(items.size());
  return Value::List(data);
}

}  // namespace

absl::StatusOr<Value> ParseLiteral(const v1::Literal& literal, const AttributeSpec& attribute,
                                   Currency currency, absl::TimeZone zone, expr::Arena& memory) {
  const Reading reading{currency, zone, memory};
  return attribute.type.Is(TypeKind::kList) ? ParseList(literal, attribute, reading)
                                            : ParseScalarLiteral(literal, attribute, reading);
}

}  // namespace touchstone::rules
