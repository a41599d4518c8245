// Reading timestamps and durations.

#include "absl/time/civil_time.h"
#include "rules/expr/timestamps.h"

namespace touchstone::rules::expr {
namespace {

__extension__ using UInt128 = unsigned __int128;

Value Invalid() { return Value::Error(ErrorCode::kInvalidArgument); }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes exactly `count` digits from the front.
bool TakeDigits(absl::string_view& text, size_t count, int* number) {
  if (text.size() < count) return false;
  *number = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!IsDigit(text[i])) return false;
    *number = *number * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool Take(absl::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

// ".123": up to nine digits count, as nanoseconds; absent is 0.
bool TakeFraction(absl::string_view& text, uint32_t* nanos) {
  *nanos = 0;
  if (!Take(text, '.')) return true;
  size_t digits = 0;
  for (; digits < text.size() && IsDigit(text[digits]); ++digits) {
    if (digits < 9) *nanos = *nanos * 10 + static_cast<uint32_t>(text[digits] - '0');
  }
  for (size_t i = digits; i < 9; ++i) *nanos *= 10;
  text.remove_prefix(digits);
  return digits > 0 && digits <= 9;
}

bool TakeOffset(absl::string_view& text, int* offset_seconds) {
  if (Take(text, 'Z')) {
    *offset_seconds = 0;
    return true;
  }
  const int sign = Take(text, '-') ? -1 : Take(text, '+') ? 1 : 0;
  int hours = 0;
  int minutes = 0;
  if (sign == 0 || !TakeDigits(text, 2, &hours) || !Take(text, ':') ||
      !TakeDigits(text, 2, &minutes) || hours > 23 || minutes > 59) {
    return false;
  }
  *offset_seconds = sign * (hours * 3600 + minutes * 60);
  return true;
}

// Takes a unit of a duration; its length in nanoseconds, 0 when there is none.
int64_t TakeUnit(absl::string_view& text) {
  struct Unit {
    absl::string_view name;
    int64_t nanos;
  };
  // Longer names first: "ms" must not be read as "m".
  static constexpr Unit kUnits[] = {{"ns", 1},
                                    {"us", 1'000},
                                    {"\xC2\xB5s", 1'000},  // micro sign
                                    {"\xCE\xBCs", 1'000},  // Greek mu
                                    {"ms", 1'000'000},
                                    {"s", kNanosPerSecond},
                                    {"m", 60 * kNanosPerSecond},
                                    {"h", 3600 * kNanosPerSecond}};
  for (const Unit& unit : kUnits) {
    if (text.substr(0, unit.name.size()) == unit.name) {
      text.remove_prefix(unit.name.size());
      return unit.nanos;
    }
  }
  return 0;
}

// One "1.5h". Nanoseconds below one are cut off, as Go does, whose syntax this is.
bool TakeTerm(absl::string_view& text, UInt128* nanos) {
  constexpr UInt128 kLimit = UInt128{1} << 64;
  UInt128 whole = 0;
  UInt128 fraction = 0;
  UInt128 fraction_scale = 1;
  size_t digits = 0;
  for (; !text.empty() && IsDigit(text[0]); text.remove_prefix(1), ++digits) {
    if (whole < kLimit) whole = whole * 10 + static_cast<unsigned>(text[0] - '0');
  }
  if (Take(text, '.')) {
    for (; !text.empty() && IsDigit(text[0]); text.remove_prefix(1), ++digits) {
      if (fraction_scale >= 1'000'000'000'000'000) continue;
      fraction = fraction * 10 + static_cast<unsigned>(text[0] - '0');
      fraction_scale *= 10;
    }
  }
  const int64_t unit = TakeUnit(text);
  if (digits == 0 || unit == 0) return false;
  const UInt128 length = static_cast<UInt128>(unit);
  *nanos = whole * length + fraction * length / fraction_scale;
  return true;
}

}  // namespace

Value ParseTimestamp(absl::string_view text) {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int offset_seconds = 0;
  uint32_t nanos = 0;
  if (!TakeDigits(text, 4, &year) || !Take(text, '-') || !TakeDigits(text, 2, &month) ||
      !Take(text, '-') || !TakeDigits(text, 2, &day) || !Take(text, 'T') ||
      !TakeDigits(text, 2, &hour) || !Take(text, ':') || !TakeDigits(text, 2, &minute) ||
      !Take(text, ':') || !TakeDigits(text, 2, &second) || !TakeFraction(text, &nanos) ||
      !TakeOffset(text, &offset_seconds) || !text.empty()) {
    return Invalid();
  }
  const absl::CivilSecond civil(year, month, day, hour, minute, second);
  // The constructor carries 31 April to 1 May; what changed was no date.
  if (civil.month() != month || civil.day() != day || civil.hour() != hour ||
      civil.minute() != minute || civil.second() != second) {
    return Invalid();
  }
  const int64_t seconds = civil - absl::CivilSecond(1970) - offset_seconds;
  const Value whole = TimestampFromSeconds(seconds);
  return whole.IsError() ? whole : Value::TimestampParts(seconds, nanos);
}

Value ParseDuration(absl::string_view text) {
  const bool negative = Take(text, '-');
  if (!negative) Take(text, '+');
  if (text == "0") return Value::DurationNanos(0);
  if (text.empty()) return Invalid();
  // One past the largest: enough to know that it is too large.
  constexpr UInt128 kTooLarge = (UInt128{1} << 63) + 1;
  UInt128 total = 0;
  while (!text.empty()) {
    UInt128 nanos = 0;
    if (!TakeTerm(text, &nanos)) return Invalid();
    total = total + nanos < kTooLarge ? total + nanos : kTooLarge;
  }
  const UInt128 limit = (UInt128{1} << 63) - (negative ? 0 : 1);
  if (total > limit) return Value::Error(ErrorCode::kOverflow);
  const uint64_t magnitude = static_cast<uint64_t>(total);
  return Value::DurationNanos(static_cast<int64_t>(negative ? 0 - magnitude : magnitude));
}

}  // namespace touchstone::rules::expr
