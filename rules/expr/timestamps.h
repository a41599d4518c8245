#pragma once

// Timestamps and durations: arithmetic within CEL's ranges, calendar parts, text forms. Internal to
// the evaluator, but for the range: timestamps are years 1 to 9999 to the nanosecond; durations are
// int64 nanoseconds (about 292 years); leaving either is kOverflow.

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rules/expr/calendar.h"
#include "rules/expr/functions.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

inline constexpr int64_t kMinTimestampSeconds = -62'135'596'800;  // 0001-01-01T00:00:00Z
inline constexpr int64_t kMaxTimestampSeconds = 253'402'300'799;  // 9999-12-31T23:59:59Z
inline constexpr int64_t kNanosPerSecond = 1'000'000'000;

// timestamp + duration, timestamp - duration, timestamp - timestamp.
Value LaterBy(const Value& timestamp, int64_t nanos);
Value EarlierBy(const Value& timestamp, int64_t nanos);
Value TimeBetween(const Value& from, const Value& to);

// RFC 3339; kInvalidArgument for other text.
Value ParseTimestamp(absl::string_view text);
// "1.5h", "-90s", "1h34us": kInvalidArgument for other text.
Value ParseDuration(absl::string_view text);
// kOverflow outside the range.
Value TimestampFromSeconds(int64_t seconds);

inline constexpr size_t kTimeTextBytes = 48;
// The text forms, written into `buffer` of kTimeTextBytes.
absl::string_view FormatTimestamp(const Value& timestamp, char* buffer);
absl::string_view FormatDuration(const Value& duration, char* buffer);

inline constexpr size_t kMaxZoneNameBytes = 64;  // longer names name nothing
// A zone argument: an IANA name, "UTC", or an offset "+11:00", "-02:30", "02:00". False: neither.
// Cost: a name that was never asked for before is read from the zone database.
bool FindZone(absl::string_view name, absl::TimeZone* zone);

// REQUIRES: function is one of kGetFullYear to kGetMilliseconds.
Value CalendarPart(Function function, const Value& value, absl::TimeZone zone, Calendar& calendar);
// The same where the kind is known; of a duration only kGetHours and smaller.
Value PartOfTimestamp(Function function, const Value& timestamp, absl::TimeZone zone,
                      Calendar& calendar);
Value PartOfDuration(Function function, int64_t nanos);

// Full years from birth (a UTC date) to now (a date in `zone`), floor; who is born on Feb 29
// grows older on Mar 1 in other years.
// REQUIRES: timestamps.
Value Age(const Value& birth, const Value& now, absl::TimeZone zone, Calendar& calendar);

}  // namespace touchstone::rules::expr
