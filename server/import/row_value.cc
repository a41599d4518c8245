#include "server/import/row_value.h"

#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/numeric/int128.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "rules/expr/amounts.h"
#include "rules/facts/text.h"
#include "rules/money/fixed_point.h"
#include "rules/ruleset/utf8.h"

namespace touchstone::server {
namespace {

using v1::AttributeValue;

constexpr int kDecimals = 6;  // of numbers in cells
constexpr int64_t kOne = 1'000'000;

// Only contents of cells stand between backticks, so that they can be taken out (quarantine.h).
std::string Quoted(absl::string_view text) {
  return absl::StrCat("`", absl::StrReplaceAll(text, {{"`", "'"}}), "`");
}

absl::Status Wrong(absl::string_view text, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat(Quoted(text), " is not ", expected));
}

bool IsEmpty(const Mapping& mapping, const std::string& cell) {
  return std::find(mapping.empty.begin(), mapping.empty.end(), cell) != mapping.empty.end();
}

// A number as millionths.
absl::StatusOr<int64_t> Millionths(absl::string_view text) {
  const absl::StatusOr<int64_t> number = rules::ParseFixedPoint(text, kDecimals);
  if (!number.ok()) return Wrong(text, "a number with at most six decimals");
  return number;
}

// Rounds half away from zero.
std::optional<int64_t> DivideRounded(absl::int128 value, absl::int128 divisor) {
  const absl::int128 half = divisor / 2;
  const absl::int128 result = (value < 0 ? value - half : value + half) / divisor;
  if (result > INT64_MAX || result < INT64_MIN) return std::nullopt;
  return static_cast<int64_t>(result);
}

absl::int128 PowerOfTen(int exponent) {
  absl::int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

absl::StatusOr<rules::Currency> CurrencyOf(const ValueSource& source, const Row& row) {
  if (source.currency_column < 0) return source.currency;
  const std::string& code = row.cells[static_cast<size_t>(source.currency_column)];
  absl::StatusOr<rules::Currency> currency = rules::Currency::FromCode(code);
  if (!currency.ok()) return Wrong(code, "an ISO 4217 currency");
  return currency;
}

// `value` counts units of 10^-decimals.
absl::Status SetNumber(absl::int128 value, int decimals, CellType type, rules::Currency currency,
                       absl::string_view text, AttributeValue* to) {
  const auto scaled = [&](int wanted) {
    return wanted >= decimals ? std::optional<int64_t>()
                              : DivideRounded(value, PowerOfTen(decimals - wanted));
  };
  const auto exact = [&](int wanted) { return value % PowerOfTen(decimals - wanted) == 0; };
  std::optional<int64_t> number;
  switch (type) {
    case CellType::kMoney:
      number = scaled(currency.minor_digits());
      if (!number.has_value()) return Wrong(text, "an amount that can be kept");
      to->mutable_money_value()->set_amount_minor(*number);
      to->mutable_money_value()->set_currency_code(std::string(currency.code()));
      return absl::OkStatus();
    case CellType::kDecimal:
      number = scaled(3);
      if (!number.has_value() || !exact(3))
        return Wrong(text, "a number with at most three decimals");
      to->set_decimal_thousandths(*number);
      return absl::OkStatus();
    default:
      number = scaled(0);
      if (!number.has_value() || !exact(0)) return Wrong(text, "a whole number");
      to->set_int_value(*number);
      return absl::OkStatus();
  }
}

absl::StatusOr<absl::Time> ParseTime(const std::string& text, const std::string& format,
                                     absl::TimeZone zone) {
  if (format.empty()) {
    std::string iso = text;
    if (iso.size() > 10 && iso[10] == ' ') iso[10] = 'T';
    const absl::StatusOr<absl::Time> time = rules::ParseTimestamp(iso, zone);
    if (time.ok()) return time;
    if (const auto day = rules::ParseDate(iso); day.ok()) return absl::FromCivil(*day, zone);
    return Wrong(text, "a time such as 2026-11-26 08:30");
  }
  absl::Time time;
  std::string error;
  if (absl::ParseTime(format, text, zone, &time, &error)) return time;
  return Wrong(text, absl::StrCat("a time of the form ", format));
}

absl::Status SetScalar(const std::string& text, const ValueSource& source, CellType type,
                       rules::Currency currency, AttributeValue* to) {
  switch (type) {
    case CellType::kString:
      if (rules::FindMalformedUtf8(text).has_value())
        return absl::InvalidArgumentError("a cell is not UTF-8");
      to->set_string_value(text);
      return absl::OkStatus();
    case CellType::kBool:
      if (text != "true" && text != "false" && text != "1" && text != "0") {
        return Wrong(text, "true or false");
      }
      to->set_bool_value(text == "true" || text == "1");
      return absl::OkStatus();
    case CellType::kDouble: {
      double number = 0;
      if (!absl::SimpleAtod(text, &number)) return Wrong(text, "a number");
      to->set_double_value(number);
      return absl::OkStatus();
    }
    case CellType::kTimestamp: {
      const absl::StatusOr<absl::Time> time = ParseTime(text, source.format, source.zone);
      if (!time.ok()) return time.status();
      SetTime(*time, to->mutable_timestamp_value());
      return absl::OkStatus();
    }
    case CellType::kDate: {
      const absl::StatusOr<absl::Time> day = ParseTime(text, source.format, absl::UTCTimeZone());
      if (!day.ok()) {
        return Wrong(text, source.format.empty()
                               ? "a date such as 2026-11-26"
                               : absl::StrCat("a date of the form ", source.format));
      }
      to->set_date_value(absl::FormatCivilTime(absl::ToCivilDay(*day, absl::UTCTimeZone())));
      return absl::OkStatus();
    }
    default: {
      const absl::StatusOr<int64_t> number = Millionths(text);
      if (!number.ok()) return number.status();
      return SetNumber(*number, kDecimals, type, currency, text, to);
    }
  }
}

// The elements of a list: split, or of a JSON list.
absl::StatusOr<std::vector<std::string>> ElementsOf(const std::string& text,
                                                    const ValueSource& source) {
  std::vector<std::string> elements;
  if (!source.split.empty() && !absl::StartsWith(text, "[")) {
    for (absl::string_view element : absl::StrSplit(text, source.split)) {
      elements.emplace_back(absl::StripAsciiWhitespace(element));
    }
    return elements;
  }
  simdjson::dom::parser parser;
  simdjson::dom::array array;
  const simdjson::padded_string padded(text);
  if (parser.parse(padded).get(array) != simdjson::SUCCESS) return Wrong(text, "a JSON list");
  for (const simdjson::dom::element element : array) {
    std::string_view string;
    if (element.get(string) == simdjson::SUCCESS) {
      elements.emplace_back(string);
    } else {
      elements.push_back(simdjson::minify(element));
    }
  }
  return elements;
}

absl::Status SetRecords(const std::string& text, const ValueSource& source,
                        rules::Currency currency, AttributeValue* to) {
  simdjson::dom::parser parser;
  simdjson::dom::array array;
  const simdjson::padded_string padded(text);
  if (parser.parse(padded).get(array) != simdjson::SUCCESS) return Wrong(text, "a JSON list");
  v1::RecordList* list = to->mutable_record_list_value();
  for (const simdjson::dom::element element : array) {
    simdjson::dom::object object;
    if (element.get(object) != simdjson::SUCCESS) return Wrong(text, "a JSON list of objects");
    v1::Record* record = list->add_values();
    for (const auto& [name, type] : source.fields) {
      simdjson::dom::element field;
      if (object[name].get(field) != simdjson::SUCCESS || field.is_null()) continue;
      std::string_view string;
      const std::string cell =
          field.get(string) == simdjson::SUCCESS ? std::string(string) : simdjson::minify(field);
      if (cell.empty()) continue;
      const absl::Status set =
          SetScalar(cell, source, type, currency, &(*record->mutable_fields())[name]);
      if (!set.ok()) return set;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<AttributeValue> ProductOf(const ValueSource& source, const Mapping& mapping,
                                         const Row& row) {
  AttributeValue value;
  absl::int128 product = 1;
  int decimals = 0;
  std::string text;
  for (const int column : source.product) {
    const std::string& cell = row.cells[static_cast<size_t>(column)];
    if (IsEmpty(mapping, cell)) return value;
    const absl::StatusOr<int64_t> factor = Millionths(cell);
    if (!factor.ok()) return factor.status();
    absl::StrAppend(&text, text.empty() ? "" : " x ", cell);
    // Both factors fit in 63 bits; a third one needs room.
    if (product > INT64_MAX || product < INT64_MIN) {
      product /= kOne;
      decimals -= kDecimals;
    }
    product *= *factor;
    decimals += kDecimals;
  }
  const absl::StatusOr<rules::Currency> currency = CurrencyOf(source, row);
  if (!currency.ok()) return currency.status();
  if (absl::Status set = SetNumber(product, decimals, source.type, *currency, text, &value);
      !set.ok()) {
    return set;
  }
  return value;
}

absl::Status CannotCompute(rules::expr::ErrorCode code) {
  const absl::string_view name = rules::expr::ErrorCodeName(code);
  return absl::InvalidArgumentError(absl::StrCat("the expression goes wrong: ", name));
}

// Nothing where it needs an empty cell.
absl::StatusOr<std::optional<rules::expr::Value>> Evaluated(const RowExpression& expression,
                                                            const Mapping& mapping,
                                                            const Row& row) {
  const absl::StatusOr<rules::expr::Value> value = expression.Evaluate(mapping.empty, row);
  if (!value.ok()) return value.status();
  if (value->IsAbsent()) return std::nullopt;
  if (value->IsError()) return CannotCompute(value->error());
  return *value;
}

void SetTimestamp(int64_t seconds, uint32_t nanos, AttributeValue* to) {
  to->mutable_timestamp_value()->set_seconds(seconds);
  to->mutable_timestamp_value()->set_nanos(static_cast<int32_t>(nanos));
}

absl::Status SetList(const rules::expr::ListData& list, CellType type, AttributeValue* to) {
  if (type == CellType::kStringList) to->mutable_string_list_value();
  if (type == CellType::kIntList) to->mutable_int_list_value();
  for (uint32_t i = 0; i < list.size; ++i) {
    const rules::expr::Value& element = list.elements[i];
    if (element.IsError()) return CannotCompute(element.error());
    if (type == CellType::kStringList) {
      to->mutable_string_list_value()->add_values(std::string(element.string_value()));
    } else {
      to->mutable_int_list_value()->add_values(element.int_value());
    }
  }
  return absl::OkStatus();
}

// What an expression gave that is no string: of the type that was checked.
absl::StatusOr<AttributeValue> Converted(const rules::expr::Value& value, const ValueSource& source,
                                         const Row& row) {
  using rules::expr::Kind;
  AttributeValue to;
  absl::Status set;
  switch (value.kind()) {
    case Kind::kBool:
      to.set_bool_value(value.bool_value());
      break;
    case Kind::kInt:
      to.set_int_value(value.int_value());
      break;
    case Kind::kDouble:
      to.set_double_value(value.double_value());
      break;
    case Kind::kDecimal:
      to.set_decimal_thousandths(value.decimal_value().thousandths);
      break;
    case Kind::kMoney: {
      const rules::Money money = value.money_value();
      absl::StatusOr<rules::Currency> currency = money.currency;
      if (money.currency.is_none()) currency = CurrencyOf(source, row);
      if (!currency.ok()) return currency.status();
      set = money.currency.is_none()
                ? SetNumber(money.amount_minor, rules::expr::kBareScale, CellType::kMoney,
                            *currency, "the result of the expression", &to)
                : absl::OkStatus();
      if (!money.currency.is_none()) {
        to.mutable_money_value()->set_amount_minor(money.amount_minor);
        to.mutable_money_value()->set_currency_code(std::string(currency->code()));
      }
      break;
    }
    case Kind::kTimestamp:
      if (source.type == CellType::kDate) {
        to.set_date_value(
            absl::FormatCivilTime(absl::ToCivilDay(value.timestamp_value(), absl::UTCTimeZone())));
      } else {
        SetTimestamp(value.timestamp_seconds(), value.timestamp_nanos(), &to);
      }
      break;
    case Kind::kList:
      set = SetList(value.list_value(), source.type, &to);
      break;
    default:
      return absl::InvalidArgumentError("the expression gives a value of another type");
  }
  if (!set.ok()) return set;
  return to;
}

}  // namespace

absl::StatusOr<std::string> TextOf(const ValueSource& source, const Mapping& mapping,
                                   const Row& row) {
  std::string text;
  if (source.cel != nullptr) {
    const auto value = Evaluated(*source.cel, mapping, row);
    if (!value.ok()) return value.status();
    if (!value->has_value()) return text;
    if ((*value)->kind() != rules::expr::Kind::kString) {
      return absl::InvalidArgumentError("the expression must give a string");
    }
    text = std::string((*value)->string_value());
    return text;
  }
  for (const ValueSource::Piece& piece : source.pieces) {
    text += piece.text;
    if (piece.column < 0) continue;
    const std::string& cell = row.cells[static_cast<size_t>(piece.column)];
    if (IsEmpty(mapping, cell)) return std::string();
    absl::StrAppend(&text, absl::StripSuffix(absl::StripAsciiWhitespace(cell), source.strip));
  }
  if (rules::FindMalformedUtf8(text).has_value())
    return absl::InvalidArgumentError("a cell is not UTF-8");
  return text;
}

absl::Status Named(absl::string_view name, const absl::Status& error) {
  return absl::InvalidArgumentError(absl::StrCat(name, ": ", error.message()));
}

absl::StatusOr<std::string> NeededText(const ValueSource& source, absl::string_view name,
                                       const Mapping& mapping, const Row& row) {
  absl::StatusOr<std::string> text = TextOf(source, mapping, row);
  if (!text.ok()) return Named(name, text.status());
  if (text->empty()) return absl::InvalidArgumentError(absl::StrCat("the ", name, " is empty"));
  return text;
}

absl::StatusOr<AttributeValue> ValueOf(const ValueSource& source, const Mapping& mapping,
                                       const Row& row) {
  if (!source.product.empty()) return ProductOf(source, mapping, row);
  AttributeValue value;
  absl::StatusOr<std::string> text = std::string();
  if (source.cel == nullptr) {
    text = TextOf(source, mapping, row);
  } else {
    const auto computed = Evaluated(*source.cel, mapping, row);
    if (!computed.ok()) return computed.status();
    if (!computed->has_value()) return value;
    if ((*computed)->kind() != rules::expr::Kind::kString) {
      return Converted(**computed, source, row);
    }
    text = std::string((*computed)->string_value());
  }
  if (!text.ok()) return text.status();
  if (text->empty()) return value;
  rules::Currency currency;
  if (source.type == CellType::kMoney || source.type == CellType::kRecordList) {
    const absl::StatusOr<rules::Currency> found = CurrencyOf(source, row);
    if (!found.ok()) return found.status();
    currency = *found;
  }
  if (source.type == CellType::kRecordList) {
    if (absl::Status set = SetRecords(*text, source, currency, &value); !set.ok()) return set;
    return value;
  }
  if (source.type != CellType::kStringList && source.type != CellType::kIntList) {
    if (absl::Status set = SetScalar(*text, source, source.type, currency, &value); !set.ok()) {
      return set;
    }
    return value;
  }
  const absl::StatusOr<std::vector<std::string>> elements = ElementsOf(*text, source);
  if (!elements.ok()) return elements.status();
  for (const std::string& element : *elements) {
    if (source.type == CellType::kStringList) {
      value.mutable_string_list_value()->add_values(element);
      continue;
    }
    int64_t number = 0;
    if (!absl::SimpleAtoi(element, &number)) return Wrong(element, "a whole number");
    value.mutable_int_list_value()->add_values(number);
  }
  return value;
}

absl::Status SetValues(const NamedSources& sources, const Mapping& mapping, const Row& row,
                       google::protobuf::Map<std::string, AttributeValue>* values) {
  for (const auto& [name, source] : sources) {
    if (!source.sum.empty()) continue;
    absl::StatusOr<AttributeValue> value = ValueOf(source, mapping, row);
    if (!value.ok()) return Named(name, value.status());
    if (value->kind_case() == AttributeValue::KIND_NOT_SET) continue;
    (*values)[name] = *std::move(value);
  }
  return absl::OkStatus();
}

absl::Status MapReferenceRow(const Mapping& mapping, const Row& row,
                             touchstone::v1::ReferenceTableRow* to) {
  absl::StatusOr<std::string> key = TextOf(mapping.key, mapping, row);
  if (!key.ok()) return key.status();
  if (key->empty()) return absl::InvalidArgumentError("the key is empty");
  to->set_key(*std::move(key));
  return SetValues(mapping.attributes, mapping, row, to->mutable_values());
}

void SetTime(absl::Time time, google::protobuf::Timestamp* to) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  to->set_seconds(seconds);
  to->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

absl::StatusOr<absl::Time> TimeOf(const ValueSource& source, const Mapping& mapping,
                                  const Row& row) {
  if (source.cel != nullptr) {
    const auto value = Evaluated(*source.cel, mapping, row);
    if (!value.ok()) return value.status();
    if (!value->has_value()) return absl::InfinitePast();
    if ((*value)->kind() == rules::expr::Kind::kTimestamp) return (*value)->timestamp_value();
    return ParseTime(std::string((*value)->string_value()), source.format, source.zone);
  }
  const absl::StatusOr<std::string> text = TextOf(source, mapping, row);
  if (!text.ok()) return text.status();
  if (text->empty()) return absl::InfinitePast();
  return ParseTime(*text, source.format, source.zone);
}

absl::StatusOr<bool> IsWanted(const Mapping& mapping, const Row& row) {
  for (const RowFilter& filter : mapping.filters) {
    bool holds = false;
    if (filter.cel != nullptr) {
      const auto value = Evaluated(*filter.cel, mapping, row);
      if (!value.ok()) return value.status();
      holds = value->has_value() && (*value)->IsTrue();
    } else {
      const std::string& cell = row.cells[static_cast<size_t>(filter.column)];
      holds = (filter.empty && IsEmpty(mapping, cell)) ||
              (filter.equals.has_value() && cell == *filter.equals) ||
              (filter.starts_with.has_value() && absl::StartsWith(cell, *filter.starts_with));
    }
    if (holds != filter.negated) return false;
  }
  return true;
}

}  // namespace touchstone::server
