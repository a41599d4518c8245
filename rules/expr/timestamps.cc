#include "rules/expr/timestamps.h"

#include <cstdio>

#include "absl/time/civil_time.h"

namespace touchstone::rules::expr {
namespace {

__extension__ using Int128 = __int128;

Value Overflow() { return Value::Error(ErrorCode::kOverflow); }
Value NoSuchOverload() { return Value::Error(ErrorCode::kNoOverload); }

Value DurationOf(Int128 nanos) {
  if (nanos > INT64_MAX || nanos < INT64_MIN) return Overflow();
  return Value::DurationNanos(static_cast<int64_t>(nanos));
}

Int128 NanosOf(const Value& timestamp) {
  return Int128{timestamp.timestamp_seconds()} * kNanosPerSecond + timestamp.timestamp_nanos();
}

Value TimestampOf(Int128 nanos) {
  Int128 seconds = nanos / kNanosPerSecond;
  Int128 rest = nanos % kNanosPerSecond;
  if (rest < 0) {
    rest += kNanosPerSecond;
    --seconds;
  }
  if (seconds < kMinTimestampSeconds || seconds > kMaxTimestampSeconds) return Overflow();
  return Value::TimestampParts(static_cast<int64_t>(seconds), static_cast<uint32_t>(rest));
}

int64_t TimestampPart(Function function, const Value& value, absl::TimeZone zone,
                      Calendar& calendar) {
  const absl::CivilSecond civil = calendar.At(value.timestamp_seconds(), zone);
  switch (function) {
    case Function::kGetFullYear:
      return civil.year();
    case Function::kGetMonth:
      return civil.month() - 1;
    case Function::kGetDate:
      return civil.day();
    case Function::kGetDayOfMonth:
      return civil.day() - 1;
    case Function::kGetDayOfWeek:
      // absl counts from Monday, CEL from Sunday.
      return (static_cast<int>(absl::GetWeekday(civil)) + 1) % 7;
    case Function::kGetDayOfYear:
      return absl::GetYearDay(absl::CivilDay(civil)) - 1;
    case Function::kGetHours:
      return civil.hour();
    case Function::kGetMinutes:
      return civil.minute();
    case Function::kGetSeconds:
      return civil.second();
    default:
      return value.timestamp_nanos() / 1'000'000;
  }
}

// Appends ".5" or ".000000001" without trailing zeros; nothing for 0.
char* AppendFraction(char* at, uint32_t nanos) {
  if (nanos == 0) return at;
  at += std::snprintf(at, 11, ".%09u", nanos);
  while (at[-1] == '0') --at;
  return at;
}

}  // namespace

Value LaterBy(const Value& timestamp, int64_t nanos) {
  return TimestampOf(NanosOf(timestamp) + nanos);
}

Value EarlierBy(const Value& timestamp, int64_t nanos) {
  return TimestampOf(NanosOf(timestamp) - nanos);
}

Value TimeBetween(const Value& from, const Value& to) {
  return DurationOf(NanosOf(to) - NanosOf(from));
}

Value TimestampFromSeconds(int64_t seconds) {
  if (seconds < kMinTimestampSeconds || seconds > kMaxTimestampSeconds) return Overflow();
  return Value::TimestampParts(seconds, 0);
}

absl::string_view FormatTimestamp(const Value& timestamp, char* buffer) {
  const absl::CivilSecond civil = absl::ToCivilSecond(
      absl::FromUnixSeconds(timestamp.timestamp_seconds()), absl::UTCTimeZone());
  char* at = buffer;
  at += std::snprintf(at, 24, "%04d-%02d-%02dT%02d:%02d:%02d", static_cast<int>(civil.year()),
                      civil.month(), civil.day(), civil.hour(), civil.minute(), civil.second());
  at = AppendFraction(at, timestamp.timestamp_nanos());
  *at++ = 'Z';
  return absl::string_view(buffer, static_cast<size_t>(at - buffer));
}

absl::string_view FormatDuration(const Value& duration, char* buffer) {
  const int64_t nanos = duration.duration_nanos();
  // The magnitude of the smallest int64 fits only in uint64.
  const uint64_t magnitude =
      nanos < 0 ? 0 - static_cast<uint64_t>(nanos) : static_cast<uint64_t>(nanos);
  char* at = buffer;
  if (nanos < 0) *at++ = '-';
  at += std::snprintf(at, 21, "%llu", static_cast<unsigned long long>(magnitude / kNanosPerSecond));
  at = AppendFraction(at, static_cast<uint32_t>(magnitude % kNanosPerSecond));
  *at++ = 's';
  return absl::string_view(buffer, static_cast<size_t>(at - buffer));
}

bool FindZone(absl::string_view name, absl::TimeZone* zone) {
  absl::string_view offset = name;
  int sign = 1;
  if (!offset.empty() && (offset[0] == '+' || offset[0] == '-')) {
    sign = offset[0] == '-' ? -1 : 1;
    offset.remove_prefix(1);
  }
  const auto digit = [&offset](size_t i) { return offset[i] >= '0' && offset[i] <= '9'; };
  if (offset.size() == 5 && offset[2] == ':' && digit(0) && digit(1) && digit(3) && digit(4)) {
    const int hours = (offset[0] - '0') * 10 + (offset[1] - '0');
    const int minutes = (offset[3] - '0') * 10 + (offset[4] - '0');
    if (hours > 23 || minutes > 59) return false;
    *zone = absl::FixedTimeZone(sign * (hours * 3600 + minutes * 60));
    return true;
  }
  // absl takes "" and "localtime" for the machine's zone; a rule must mean the same everywhere.
  if (name.empty() || name == "localtime" || name.size() > kMaxZoneNameBytes) return false;
  return absl::LoadTimeZone(name, zone);
}

Value PartOfTimestamp(Function function, const Value& timestamp, absl::TimeZone zone,
                      Calendar& calendar) {
  return Value::Int(TimestampPart(function, timestamp, zone, calendar));
}

Value PartOfDuration(Function function, int64_t nanos) {
  switch (function) {
    case Function::kGetHours:
      return Value::Int(nanos / (3600 * kNanosPerSecond));
    case Function::kGetMinutes:
      return Value::Int(nanos / (60 * kNanosPerSecond));
    case Function::kGetSeconds:
      return Value::Int(nanos / kNanosPerSecond);
    case Function::kGetMilliseconds:
      return Value::Int(nanos % kNanosPerSecond / 1'000'000);
    default:
      return NoSuchOverload();
  }
}

Value CalendarPart(Function function, const Value& value, absl::TimeZone zone, Calendar& calendar) {
  if (value.IsError()) return value;
  if (value.kind() == Kind::kDuration) return PartOfDuration(function, value.duration_nanos());
  if (value.kind() != Kind::kTimestamp) return NoSuchOverload();
  return PartOfTimestamp(function, value, zone, calendar);
}

Value Age(const Value& birth, const Value& now, absl::TimeZone zone, Calendar& calendar) {
  const absl::CivilSecond born = calendar.At(birth.timestamp_seconds(), absl::UTCTimeZone());
  const absl::CivilSecond today = calendar.At(now.timestamp_seconds(), zone);
  int64_t years = today.year() - born.year();
  if (today.month() < born.month() || (today.month() == born.month() && today.day() < born.day())) {
    --years;
  }
  return Value::Int(years);
}

}  // namespace touchstone::rules::expr
