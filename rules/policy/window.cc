#include "rules/policy/window.h"

namespace touchstone::rules {
namespace {

uint8_t WeekdayBit(absl::CivilDay day) {
  // absl counts weekdays from Monday, as WindowSpec::days does.
  return static_cast<uint8_t>(1u << static_cast<unsigned>(absl::GetWeekday(day)));
}

bool DayCounts(const WindowSpec& window, absl::CivilDay day) {
  if (window.from.has_value() && day < *window.from) return false;
  if (window.through.has_value() && day > *window.through) return false;
  return (window.days & WeekdayBit(day)) != 0;
}

}  // namespace

bool IsOpen(const WindowSpec& window, absl::CivilMinute local) {
  const absl::CivilDay day(local);
  const int minute = local.hour() * 60 + local.minute();
  if (window.closes_minute > window.opens_minute) {
    return minute >= window.opens_minute && minute < window.closes_minute && DayCounts(window, day);
  }
  if (minute >= window.opens_minute && DayCounts(window, day)) return true;
  return minute < window.closes_minute && DayCounts(window, day - 1);
}

bool OpensEver(const WindowSpec& window) {
  if (!window.from.has_value() || !window.through.has_value()) return (window.days & 0x7f) != 0;
  // Seven days hold every weekday: later ones decide nothing.
  for (int i = 0; i < 7 && *window.from + i <= *window.through; ++i) {
    if (DayCounts(window, *window.from + i)) return true;
  }
  return false;
}

}  // namespace touchstone::rules
