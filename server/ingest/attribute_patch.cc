#include "server/ingest/attribute_patch.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/decide/fact_value.h"

namespace touchstone::server {
namespace {

using rules::expr::Kind;
using rules::expr::TypeKind;

constexpr int64_t kSecondsPerDay = 86400;

}  // namespace

std::optional<store::Value> ScalarToStored(const rules::expr::Value& value, rules::ValueForm form) {
  switch (value.kind()) {
    case Kind::kBool:
      return store::Value::Bool(value.bool_value());
    case Kind::kInt:
      return store::Value::Int64(value.int_value());
    case Kind::kDouble:
      return store::Value::Double(value.double_value());
    case Kind::kString:
      return store::Value::String(value.string_value());
    case Kind::kTimestamp:
      // Midnight of a day, so the division is exact for days before 1970 too.
      if (form == rules::ValueForm::kDate) {
        return store::Value::DateDays(value.timestamp_seconds() / kSecondsPerDay);
      }
      return store::Value::TimestampUs(absl::ToUnixMicros(value.timestamp_value()));
    case Kind::kMoney:
      return store::Value::Money(value.money_value().amount_minor,
                                 value.money_value().currency.code());
    case Kind::kDecimal:
      return store::Value::DecimalThousandths(value.decimal_value().thousandths);
    default:
      return std::nullopt;
  }
}

namespace {

std::vector<store::Value::Field> RecordToStored(const rules::expr::Value& record,
                                                absl::Span<const RecordFieldSlot> slots) {
  std::vector<store::Value::Field> fields;
  for (const RecordFieldSlot& slot : slots) {
    std::optional<store::Value> value =
        ScalarToStored(record.record_fields()[slot.position], rules::ValueForm::kPlain);
    if (value.has_value()) fields.push_back({slot.id, *std::move(value)});
  }
  return fields;
}

absl::StatusOr<store::Value> ListToStored(const rules::expr::Value& value,
                                          const rules::expr::Type& type) {
  const rules::expr::ListData& list = value.list_value();
  if (type.element().Is(TypeKind::kString)) {
    std::vector<std::string> texts;
    for (uint32_t i = 0; i < list.size; ++i) {
      texts.emplace_back(list.elements[i].string_value());
    }
    return store::Value::StringList(texts);
  }
  if (type.element().Is(TypeKind::kRecord)) {
    const std::vector<RecordFieldSlot> slots = RecordFieldSlots(type);
    std::vector<std::vector<store::Value::Field>> records;
    for (uint32_t i = 0; i < list.size; ++i) {
      records.push_back(RecordToStored(list.elements[i], slots));
    }
    return store::Value::RecordList(records);
  }
  return absl::InvalidArgumentError(
      "cannot be kept: customers have no list(int) attributes in this version");
}

}  // namespace

uint16_t SourceId(absl::string_view source) {
  if (source.empty()) return 0;
  const uint32_t hash = rules::StableId(source);
  const auto folded = static_cast<uint16_t>(hash ^ (hash >> 16));
  return folded == 0 ? 1 : folded;
}

const rules::AttributeSpec* FindAttribute(const std::vector<rules::AttributeSpec>& specs,
                                          absl::string_view name) {
  const auto found = std::find_if(specs.begin(), specs.end(),
                                  [name](const auto& spec) { return spec.name == name; });
  return found == specs.end() ? nullptr : &*found;
}

absl::StatusOr<store::Value> ToStored(const v1::AttributeValue& given,
                                      const rules::AttributeSpec& spec,
                                      rules::expr::Arena& memory) {
  const absl::StatusOr<rules::expr::Value> value = FromRequest(given, spec, memory);
  if (!value.ok()) return value.status();
  absl::StatusOr<store::Value> stored = absl::InvalidArgumentError("cannot be kept");
  if (value->kind() == Kind::kList) {
    stored = ListToStored(*value, spec.type);
  } else if (auto scalar = ScalarToStored(*value, spec.form)) {
    stored = *std::move(scalar);
  }
  if (stored.ok() && stored->heap_payload().size() > store::kMaxValueBytes) {
    return absl::InvalidArgumentError("is larger than 64 KiB");
  }
  return stored;
}

void PatchAttributes(const rules::Schema& schema, const AttributeMap& attributes,
                     const AttributeOrigin& origin, absl::string_view field,
                     store::RecordPatch* patch, std::vector<Violation>* violations) {
  rules::expr::Arena memory;
  for (const auto& [name, given] : attributes) {
    const rules::AttributeSpec* spec = FindAttribute(schema.customer, name);
    if (spec == nullptr) {
      violations->push_back({absl::StrCat(field, "[", name, "]"),
                             "is not an attribute that the schema of the active revision declares",
                             v1::ERROR_REASON_NAME_NOT_DECLARED});
      continue;
    }
    if (given.kind_case() == v1::AttributeValue::KIND_NOT_SET) {
      patch->ClearAttribute(spec->id);
      continue;
    }
    const absl::StatusOr<store::Value> value = ToStored(given, *spec, memory);
    if (!value.ok()) {
      violations->push_back(
          {absl::StrCat(field, "[", name, "]"),
           absl::StrCat(value.status().message(), ", as `", spec->declared_type, "` is declared"),
           v1::ERROR_REASON_VALUE_INVALID});
      continue;
    }
    patch->SetAttribute(spec->id, *value, origin.source, origin.as_of_s);
  }
}

}  // namespace touchstone::server
