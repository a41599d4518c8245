#include "server/decide/fact_value.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "rules/expr/timestamps.h"
#include "rules/facts/text.h"

namespace touchstone::server {
namespace {

using rules::expr::kMaxTimestampSeconds;
using rules::expr::kMinTimestampSeconds;
using rules::expr::ListData;
using rules::expr::Type;
using rules::expr::TypeKind;
using rules::expr::Value;
using store::ValueType;

constexpr int64_t kSecondsPerDay = 86400;
constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr size_t kMaxStringBytes = 4096;

std::optional<Value> TimestampOf(int64_t seconds, uint32_t nanos) {
  if (seconds < kMinTimestampSeconds || seconds > kMaxTimestampSeconds) return std::nullopt;
  return Value::TimestampParts(seconds, nanos);
}

std::optional<Value> TimestampOfMicros(int64_t micros) {
  int64_t seconds = micros / kMicrosPerSecond;
  int64_t rest = micros % kMicrosPerSecond;
  if (rest < 0) {
    --seconds;
    rest += kMicrosPerSecond;
  }
  return TimestampOf(seconds, static_cast<uint32_t>(rest) * 1000);
}

std::optional<Value> DateOf(int64_t days) {
  if (days < kMinTimestampSeconds / kSecondsPerDay ||
      days > kMaxTimestampSeconds / kSecondsPerDay) {
    return std::nullopt;
  }
  return Value::TimestampParts(days * kSecondsPerDay, 0);
}

std::optional<Value> MoneyOf(absl::string_view code, int64_t amount_minor) {
  const absl::StatusOr<rules::Currency> currency = rules::Currency::FromCode(code);
  if (!currency.ok()) return std::nullopt;
  return Value::OfMoney({amount_minor, *currency});
}

std::optional<Value> ScalarFromStored(const store::ValueView& stored, TypeKind kind) {
  switch (stored.type()) {
    case ValueType::kBool:
      if (kind == TypeKind::kBool) return Value::Bool(stored.bool_value());
      break;
    case ValueType::kInt64:
      if (kind == TypeKind::kInt) return Value::Int(stored.int64_value());
      break;
    case ValueType::kDouble:
      if (kind == TypeKind::kDouble) return Value::Double(stored.double_value());
      break;
    case ValueType::kTimestamp:
      if (kind == TypeKind::kTimestamp) return TimestampOfMicros(stored.timestamp_us());
      break;
    case ValueType::kDate:
      if (kind == TypeKind::kTimestamp) return DateOf(stored.date_days());
      break;
    case ValueType::kMoney:
      if (kind == TypeKind::kMoney) {
        return MoneyOf(stored.currency_code(), stored.money_amount_minor());
      }
      break;
    case ValueType::kDecimal:
      if (kind == TypeKind::kDecimal) {
        return Value::OfDecimal(rules::Decimal{stored.decimal_thousandths()});
      }
      break;
    case ValueType::kString:
      if (kind == TypeKind::kString) return Value::String(stored.string_value());
      break;
    default:
      break;
  }
  return std::nullopt;
}

Value ListOf(Value* elements, size_t size, rules::expr::Arena& memory) {
  auto* list = memory.NewArray<ListData>(1);
  list->elements = elements;
  list->size = static_cast<uint32_t>(size);
  return Value::List(list);
}

Value StringsFromStored(const store::StringListView& stored, rules::expr::Arena& memory) {
  Value* elements = memory.NewArray<Value>(stored.size());
  for (size_t i = 0; i < stored.size(); ++i) elements[i] = Value::String(stored[i]);
  return ListOf(elements, stored.size(), memory);
}

Value RecordFromStored(const store::FieldsView& stored, absl::Span<const RecordFieldSlot> fields,
                       rules::expr::Arena& memory) {
  Value* values = memory.NewArray<Value>(fields.size());
  size_t next = 0;
  for (const RecordFieldSlot& field : fields) {
    while (next < stored.size() && stored.id(next) < field.id) ++next;
    if (next == stored.size()) break;
    if (stored.id(next) != field.id) continue;
    if (const auto value = ScalarFromStored(stored.value(next), field.kind)) {
      values[field.position] = *value;
    }
  }
  return Value::Record(values, static_cast<uint32_t>(fields.size()));
}

absl::Status Wrong(absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("must be ", expected));
}

absl::StatusOr<Value> StringFromRequest(absl::string_view text, const rules::AttributeSpec& spec) {
  if (text.size() > kMaxStringBytes) return Wrong("at most 4096 bytes");
  if (spec.form == rules::ValueForm::kEnum &&
      std::find(spec.enum_values.begin(), spec.enum_values.end(), text) == spec.enum_values.end()) {
    return Wrong("one of the declared values");
  }
  if (spec.form == rules::ValueForm::kTimezone) {
    absl::TimeZone zone;
    if (!absl::LoadTimeZone(std::string(text), &zone)) return Wrong("an IANA time zone");
  }
  if (spec.form == rules::ValueForm::kCurrency && !rules::Currency::FromCode(text).ok()) {
    return Wrong("an ISO 4217 code");
  }
  return Value::String(text);
}

absl::StatusOr<Value> DateFromRequest(absl::string_view text) {
  const absl::StatusOr<absl::CivilDay> day = rules::ParseDate(text);
  if (!day.ok()) return Wrong("a date such as 2026-11-26");
  return Value::TimestampParts((*day - absl::CivilDay(1970, 1, 1)) * kSecondsPerDay, 0);
}

template <typename Message>
absl::Status CheckSize(const Message& list, const rules::AttributeSpec& spec) {
  if (list.values_size() <= spec.max_elements) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("must hold at most ", spec.max_elements, " elements"));
}

absl::StatusOr<Value> ScalarFromRequest(const v1::AttributeValue& given,
                                        const rules::AttributeSpec& spec, TypeKind kind) {
  using Given = v1::AttributeValue;
  const auto given_kind = given.kind_case();
  switch (kind) {
    case TypeKind::kBool:
      if (given_kind == Given::kBoolValue) return Value::Bool(given.bool_value());
      return Wrong("bool_value");
    case TypeKind::kInt:
      if (given_kind == Given::kIntValue) return Value::Int(given.int_value());
      return Wrong("int_value");
    case TypeKind::kDouble:
      if (given_kind == Given::kIntValue) {
        return Value::Double(static_cast<double>(given.int_value()));
      }
      if (given_kind == Given::kDoubleValue && std::isfinite(given.double_value())) {
        return Value::Double(given.double_value());
      }
      return Wrong("double_value and finite");
    case TypeKind::kDecimal: {
      if (given_kind == Given::kDecimalThousandths) {
        return Value::OfDecimal(rules::Decimal{given.decimal_thousandths()});
      }
      int64_t thousandths = 0;
      if (given_kind == Given::kIntValue &&
          !__builtin_mul_overflow(given.int_value(), int64_t{1000}, &thousandths)) {
        return Value::OfDecimal(rules::Decimal{thousandths});
      }
      return Wrong("decimal_thousandths");
    }
    case TypeKind::kString:
      if (given_kind == Given::kStringValue) return StringFromRequest(given.string_value(), spec);
      return Wrong("string_value");
    case TypeKind::kTimestamp:
      if (spec.form == rules::ValueForm::kDate) {
        if (given_kind == Given::kDateValue) return DateFromRequest(given.date_value());
        return Wrong("date_value");
      }
      if (given_kind == Given::kTimestampValue && given.timestamp_value().nanos() >= 0 &&
          given.timestamp_value().nanos() < 1'000'000'000) {
        if (const auto value =
                TimestampOf(given.timestamp_value().seconds(),
                            static_cast<uint32_t>(given.timestamp_value().nanos()))) {
          return *value;
        }
      }
      return Wrong("timestamp_value, from year 1 to 9999");
    case TypeKind::kMoney:
      if (given_kind == Given::kMoneyValue) {
        if (const auto value =
                MoneyOf(given.money_value().currency_code(), given.money_value().amount_minor())) {
          return *value;
        }
      }
      return Wrong("money_value with an ISO 4217 code");
    default:
      return Wrong("a value of another kind");
  }
}

absl::StatusOr<Value> ListFromRequest(const v1::AttributeValue& given,
                                      const rules::AttributeSpec& spec,
                                      rules::expr::Arena& memory) {
  const TypeKind element = spec.type.element().kind();
  if (element == TypeKind::kString && given.has_string_list_value()) {
    const v1::StringList& list = given.string_list_value();
    if (absl::Status size = CheckSize(list, spec); !size.ok()) return size;
    Value* elements = memory.NewArray<Value>(static_cast<size_t>(list.values_size()));
    for (int i = 0; i < list.values_size(); ++i) {
      absl::StatusOr<Value> value = StringFromRequest(list.values(i), spec);
      if (!value.ok()) return value.status();
      elements[i] = *value;
    }
    return ListOf(elements, static_cast<size_t>(list.values_size()), memory);
  }
  if (element == TypeKind::kInt && given.has_int_list_value()) {
    const v1::IntList& list = given.int_list_value();
    if (absl::Status size = CheckSize(list, spec); !size.ok()) return size;
    Value* elements = memory.NewArray<Value>(static_cast<size_t>(list.values_size()));
    for (int i = 0; i < list.values_size(); ++i) elements[i] = Value::Int(list.values(i));
    return ListOf(elements, static_cast<size_t>(list.values_size()), memory);
  }
  if (element == TypeKind::kRecord && given.has_record_list_value()) {
    const v1::RecordList& list = given.record_list_value();
    if (absl::Status size = CheckSize(list, spec); !size.ok()) return size;
    const Type& record = spec.type.element();
    const size_t fields = record.fields().size();
    Value* elements = memory.NewArray<Value>(static_cast<size_t>(list.values_size()));
    for (int i = 0; i < list.values_size(); ++i) {
      Value* values = memory.NewArray<Value>(fields);
      for (const auto& [name, value] : list.values(i).fields()) {
        const int position = record.FieldIndex(name);
        if (position < 0) return Wrong("records of the declared fields");
        rules::AttributeSpec field;
        field.type = record.fields()[static_cast<size_t>(position)].type;
        if (value.kind_case() == v1::AttributeValue::kDateValue) {
          field.form = rules::ValueForm::kDate;
        }
        absl::StatusOr<Value> scalar = ScalarFromRequest(value, field, field.type.kind());
        if (!scalar.ok()) return scalar.status();
        values[position] = *scalar;
      }
      elements[i] = Value::Record(values, static_cast<uint32_t>(fields));
    }
    return ListOf(elements, static_cast<size_t>(list.values_size()), memory);
  }
  return Wrong("a list of the declared kind");
}

}  // namespace

std::vector<RecordFieldSlot> RecordFieldSlots(const Type& type) {
  std::vector<RecordFieldSlot> slots;
  if (!type.Is(TypeKind::kList) || !type.element().Is(TypeKind::kRecord)) return slots;
  const std::vector<Type::Field>& fields = type.element().fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    slots.push_back(
        {rules::StableId(fields[i].name), static_cast<uint32_t>(i), fields[i].type.kind()});
  }
  std::sort(slots.begin(), slots.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return slots;
}

std::optional<Value> FromStored(const store::ValueView& stored, const Type& type,
                                absl::Span<const RecordFieldSlot> fields,
                                rules::expr::Arena& memory) {
  if (!type.Is(TypeKind::kList)) return ScalarFromStored(stored, type.kind());
  if (stored.type() == ValueType::kStringList && type.element().Is(TypeKind::kString)) {
    return StringsFromStored(stored.string_list(), memory);
  }
  if (stored.type() == ValueType::kRecordList && type.element().Is(TypeKind::kRecord)) {
    const store::RecordListView records = stored.record_list();
    Value* elements = memory.NewArray<Value>(records.size());
    for (size_t i = 0; i < records.size(); ++i) {
      elements[i] = RecordFromStored(records[i], fields, memory);
    }
    return ListOf(elements, records.size(), memory);
  }
  return std::nullopt;
}

absl::StatusOr<Value> FromRequest(const v1::AttributeValue& given, const rules::AttributeSpec& spec,
                                  rules::expr::Arena& memory) {
  if (given.kind_case() == v1::AttributeValue::KIND_NOT_SET) return Value::Absent();
  if (spec.type.Is(TypeKind::kList)) return ListFromRequest(given, spec, memory);
  return ScalarFromRequest(given, spec, spec.type.kind());
}

v1::AttributeValue ToAttributeValue(const Value& value, const Type& type) {
  using rules::expr::Kind;
  v1::AttributeValue result;
  switch (value.kind()) {
    case Kind::kBool:
      result.set_bool_value(value.bool_value());
      break;
    case Kind::kInt:
      result.set_int_value(value.int_value());
      break;
    case Kind::kDouble:
      result.set_double_value(value.double_value());
      break;
    case Kind::kString:
      result.set_string_value(std::string(value.string_value()));
      break;
    case Kind::kTimestamp:
      result.mutable_timestamp_value()->set_seconds(value.timestamp_seconds());
      result.mutable_timestamp_value()->set_nanos(static_cast<int32_t>(value.timestamp_nanos()));
      break;
    case Kind::kMoney:
      if (value.money_value().currency.is_none()) {
        // A computed amount that met no other: ten-thousandths of whatever currency it stands for.
        const int64_t count = value.money_value().amount_minor;
        if (count % 10 == 0) {
          result.set_decimal_thousandths(count / 10);
        } else {
          result.set_double_value(static_cast<double>(count) / 10'000);
        }
        break;
      }
      result.mutable_money_value()->set_amount_minor(value.money_value().amount_minor);
      result.mutable_money_value()->set_currency_code(
          std::string(value.money_value().currency.code()));
      break;
    case Kind::kDecimal:
      result.set_decimal_thousandths(value.decimal_value().thousandths);
      break;
    case Kind::kList: {
      const ListData& list = value.list_value();
      const bool records = list.size > 0 && list.elements[0].kind() == Kind::kRecord;
      const bool numbers = list.size > 0 && list.elements[0].kind() == Kind::kInt;
      for (uint32_t i = 0; i < list.size; ++i) {
        const Value& element = list.elements[i];
        if (numbers) {
          result.mutable_int_list_value()->add_values(element.int_value());
        } else if (!records) {
          result.mutable_string_list_value()->add_values(std::string(element.string_value()));
        } else if (type.Is(TypeKind::kList) && type.element().Is(TypeKind::kRecord)) {
          auto& fields = *result.mutable_record_list_value()->add_values()->mutable_fields();
          const std::vector<Type::Field>& declared = type.element().fields();
          for (uint32_t f = 0; f < element.record_size() && f < declared.size(); ++f) {
            if (element.record_fields()[f].IsError()) continue;
            fields[declared[f].name] =
                ToAttributeValue(element.record_fields()[f], declared[f].type);
          }
        }
      }
      if (list.size == 0) result.mutable_string_list_value();
      break;
    }
    default:
      break;
  }
  return result;
}

}  // namespace touchstone::server
