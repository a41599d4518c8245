#include "rules/facts/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/money/decimal.h"

namespace touchstone::rules {
namespace {

using expr::TypeKind;
using expr::Value;

constexpr int kMaxTrailingDays = 3'660;
constexpr int kMaxTrailingHours = 8'784;

absl::Status NotA(absl::string_view what, absl::string_view text) {
  // Texts of customers must not reach logs: what an author or an importer wrote is cut short.
  constexpr size_t kShown = 40;
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", text.substr(0, kShown), text.size() > kShown ? "…" : "", "\" is not ", what));
}

template <typename Number>
std::optional<Number> ParseWhole(absl::string_view text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
  return number;
}

// Reads fixed forms from left to right; a failed step leaves `ok` false for good.
class Scanner {
 public:
  explicit Scanner(absl::string_view text) : rest_(text) {}

  int Digits(size_t count) {
    int number = 0;
    for (size_t i = 0; i < count; ++i) {
      if (i >= rest_.size() || !absl::ascii_isdigit(static_cast<unsigned char>(rest_[i]))) {
        ok_ = false;
        return 0;
      }
      number = number * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return number;
  }
  bool Accept(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void Expect(char c) { ok_ = Accept(c) && ok_; }
  // Nanoseconds from one to nine digits.
  int64_t Fraction() {
    int64_t nanos = 0;
    size_t digits = 0;
    while (digits < rest_.size() &&
           absl::ascii_isdigit(static_cast<unsigned char>(rest_[digits]))) {
      if (digits < 9) nanos = nanos * 10 + (rest_[digits] - '0');
      ++digits;
    }
    if (digits == 0 || digits > 9) ok_ = false;
    rest_.remove_prefix(digits);
    for (size_t i = digits; i < 9; ++i) nanos *= 10;
    return nanos;
  }
  bool AtEnd() const { return rest_.empty(); }
  bool ok() const { return ok_; }
  void Fail() { ok_ = false; }

 private:
  absl::string_view rest_;
  bool ok_ = true;
};

absl::CivilDay ScanDay(Scanner& scan) {
  const int year = scan.Digits(4);
  scan.Expect('-');
  const int month = scan.Digits(2);
  scan.Expect('-');
  const int day = scan.Digits(2);
  const absl::CivilDay civil(year, month, day);
  // CivilDay carries 31 November over into December; an author means no such day.
  if (civil.month() != month || civil.day() != day || year < 1) scan.Fail();
  return civil;
}

absl::StatusOr<Value> ParseMoneyValue(absl::string_view text, Currency currency) {
  if (text.find(' ') == absl::string_view::npos && !currency.is_none()) {
    absl::StatusOr<Money> money = ParseAmount(text, currency);
    if (!money.ok()) return NotA(absl::StrCat("an amount of ", currency.code()), text);
    return Value::OfMoney(*money);
  }
  absl::StatusOr<Money> money = ParseMoney(text);
  if (!money.ok()) return NotA("money such as 12.50 EUR", text);
  return Value::OfMoney(*money);
}

absl::StatusOr<Value> ParseText(absl::string_view text, ValueForm form,
                                const std::vector<std::string>& enum_values, expr::Arena& memory) {
  if (form == ValueForm::kEnum &&
      std::find(enum_values.begin(), enum_values.end(), text) == enum_values.end()) {
    return NotA(absl::StrCat("one of ", absl::StrJoin(enum_values, ", ")), text);
  }
  if (form == ValueForm::kTimezone) {
    absl::TimeZone zone;
    if (!absl::LoadTimeZone(text, &zone)) return NotA("an IANA time zone", text);
  }
  if (form == ValueForm::kCurrency && !Currency::FromCode(text).ok()) {
    return NotA("an ISO 4217 currency code", text);
  }
  return Value::String(memory.Copy(text));
}

absl::StatusOr<Value> ParseNumber(absl::string_view text, TypeKind kind) {
  if (kind == TypeKind::kInt) {
    const std::optional<int64_t> number = ParseWhole<int64_t>(text);
    if (!number) return NotA("a whole number", text);
    return Value::Int(*number);
  }
  const std::optional<double> number = ParseWhole<double>(text);
  if (!number || !std::isfinite(*number)) return NotA("a number", text);
  return Value::Double(*number);
}

}  // namespace

absl::StatusOr<Value> ParseScalar(absl::string_view text, const expr::Type& type, ValueForm form,
                                  const std::vector<std::string>& enum_values, Currency currency,
                                  absl::TimeZone zone, expr::Arena& memory) {
  switch (type.kind()) {
    case TypeKind::kList:
      return ParseScalar(text, type.element(), form, enum_values, currency, zone, memory);
    case TypeKind::kBool:
      if (text == "true" || text == "false") return Value::Bool(text == "true");
      return NotA("true or false", text);
    case TypeKind::kInt:
    case TypeKind::kDouble:
      return ParseNumber(text, type.kind());
    case TypeKind::kString:
      return ParseText(text, form, enum_values, memory);
    case TypeKind::kMoney:
      return ParseMoneyValue(text, currency);
    case TypeKind::kDecimal: {
      const absl::StatusOr<Decimal> decimal = ParseDecimal(text);
      if (!decimal.ok()) return NotA("a number with at most three decimals", text);
      return Value::OfDecimal(*decimal);
    }
    case TypeKind::kTimestamp: {
      if (form == ValueForm::kDate) {
        const absl::StatusOr<absl::CivilDay> day = ParseDate(text);
        if (!day.ok()) return day.status();
        return Value::Timestamp(absl::FromCivil(*day, absl::UTCTimeZone()));
      }
      const absl::StatusOr<absl::Time> time = ParseTimestamp(text, zone);
      if (!time.ok()) return time.status();
      return Value::Timestamp(*time);
    }
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("a value of type ", type.ToString(), " has no text form"));
  }
}

absl::StatusOr<absl::CivilDay> ParseDate(absl::string_view text) {
  Scanner scan(text);
  const absl::CivilDay day = ScanDay(scan);
  if (!scan.ok() || !scan.AtEnd()) return NotA("a date such as 2026-11-01", text);
  return day;
}

absl::StatusOr<absl::Time> ParseTimestamp(absl::string_view text, absl::TimeZone zone) {
  Scanner scan(text);
  const absl::CivilDay day = ScanDay(scan);
  scan.Expect('T');
  const int hour = scan.Digits(2);
  scan.Expect(':');
  const int minute = scan.Digits(2);
  const int second = scan.Accept(':') ? scan.Digits(2) : 0;
  const int64_t nanos = scan.Accept('.') ? scan.Fraction() : 0;
  if (hour > 23 || minute > 59 || second > 59) scan.Fail();
  const absl::CivilSecond local(day.year(), day.month(), day.day(), hour, minute, second);

  absl::Time time;
  if (scan.Accept('Z')) {
    time = absl::FromCivil(local, absl::UTCTimeZone());
  } else if (const bool east = scan.Accept('+'); east || scan.Accept('-')) {
    const int offset_hours = scan.Digits(2);
    scan.Expect(':');
    const int offset_minutes = scan.Digits(2);
    if (offset_hours > 23 || offset_minutes > 59) scan.Fail();
    const absl::Duration offset = absl::Hours(offset_hours) + absl::Minutes(offset_minutes);
    time = absl::FromCivil(local, absl::UTCTimeZone()) + (east ? -offset : offset);
  } else {
    time = absl::FromCivil(local, zone);
  }
  // An offset may carry the first or last day out of the years that a timestamp can hold.
  const int64_t year = absl::ToCivilYear(time, absl::UTCTimeZone()).year();
  if (!scan.ok() || !scan.AtEnd() || year < 1 || year > 9999) {
    return NotA("a time such as 2026-11-26T08:30", text);
  }
  return time + absl::Nanoseconds(nanos);
}

absl::StatusOr<TrailingWindow> ParseTrailingWindow(absl::string_view text) {
  TrailingWindow window;
  if (text.empty()) return window;
  const bool days = text.back() == 'd';
  const std::optional<int> count =
      days || text.back() == 'h' ? ParseWhole<int>(text.substr(0, text.size() - 1)) : std::nullopt;
  const int most = days ? kMaxTrailingDays : kMaxTrailingHours;
  if (!count || *count < 1 || *count > most) {
    return NotA(absl::StrCat("a window such as 90d (at most ", kMaxTrailingDays,
                             " days) or 24h (at most ", kMaxTrailingHours, " hours)"),
                text);
  }
  window.unit = days ? TrailingWindow::Unit::kDays : TrailingWindow::Unit::kHours;
  window.count = *count;
  return window;
}

}  // namespace touchstone::rules
