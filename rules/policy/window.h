#pragma once

// When an offer is open: local days and hours in a zone.
//
// From and through are local days, both included. Hours that pass midnight belong to the day on
// which they begin: `fri, 22:00-02:00` is open until Saturday 02:00. A local time that daylight
// saving skips or repeats is judged by the wall clock that shows it. Thread safety: immutable.
// Cost: one civil-time conversion per zone, shared by the caller.

#include <cstdint>
#include <optional>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace touchstone::rules {

enum class WindowZone : uint8_t { kFixed, kStore, kCustomer };

struct WindowSpec {
  std::optional<absl::CivilDay> from;
  std::optional<absl::CivilDay> through;
  uint8_t days = 0x7f;           // bit 0 Monday to bit 6 Sunday
  int16_t opens_minute = 0;      // of the day, 0 to 1439
  int16_t closes_minute = 1440;  // exclusive; at most opens_minute: passes midnight
  WindowZone zone_of = WindowZone::kFixed;
  absl::TimeZone zone;  // with kFixed; the fallback for the others
};

// A local minute, read once for all the windows that are asked about it.
struct LocalMinute {
  LocalMinute() : LocalMinute(absl::CivilMinute()) {}
  explicit LocalMinute(absl::CivilMinute local);

  absl::CivilDay day;
  absl::CivilDay day_before;
  uint8_t weekday_bit = 0;  // as in WindowSpec::days
  uint8_t weekday_bit_before = 0;
  int minute_of_day = 0;
};

bool IsOpen(const WindowSpec& window, const LocalMinute& local);
inline bool IsOpen(const WindowSpec& window, absl::CivilMinute local) {
  return IsOpen(window, LocalMinute(local));
}

// The first moment after `now` and not after `until` at which it opens. REQUIRES: it is not open at
// `now`. Cost: a conversion for each day and each change of the zone's clock in between.
std::optional<absl::Time> NextOpening(const WindowSpec& window, absl::Time now, absl::Time until,
                                      absl::TimeZone zone);

// When the hours of its last day are over, by the clock of `zone`, whoever's zone counts;
// InfiniteFuture without a last day.
absl::Time EndOf(const WindowSpec& window);

// Whether it opens at any minute at all (days within from..through, hours not empty).
bool OpensEver(const WindowSpec& window);

}  // namespace touchstone::rules
