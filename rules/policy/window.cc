#include "rules/policy/window.h"

#include <algorithm>

namespace touchstone::rules {
namespace {

uint8_t WeekdayBit(absl::CivilDay day) {
  // absl counts weekdays from Monday, as WindowSpec::days does.
  return static_cast<uint8_t>(1u << static_cast<unsigned>(absl::GetWeekday(day)));
}

bool DayCounts(const WindowSpec& window, absl::CivilDay day, uint8_t weekday_bit) {
  if ((window.days & weekday_bit) == 0) return false;
  if (window.from.has_value() && day < *window.from) return false;
  return !window.through.has_value() || day <= *window.through;
}

}  // namespace

LocalMinute::LocalMinute(absl::CivilMinute local)
    : day(local),
      day_before(day - 1),
      weekday_bit(WeekdayBit(day)),
      weekday_bit_before(WeekdayBit(day_before)),
      minute_of_day(local.hour() * 60 + local.minute()) {}

bool IsOpen(const WindowSpec& window, const LocalMinute& local) {
  const int minute = local.minute_of_day;
  const auto today = [&] { return DayCounts(window, local.day, local.weekday_bit); };
  if (window.closes_minute > window.opens_minute) {
    return minute >= window.opens_minute && minute < window.closes_minute && today();
  }
  if (minute >= window.opens_minute && today()) return true;
  return minute < window.closes_minute &&
         DayCounts(window, local.day_before, local.weekday_bit_before);
}

// By the wall clock it opens at `opens_minute` of a day that counts, and nowhere else but where the
// clock is changed: set forward over that minute, or back into the hours.
std::optional<absl::Time> NextOpening(const WindowSpec& window, absl::Time now, absl::Time until,
                                      absl::TimeZone zone) {
  std::optional<absl::Time> first;
  const auto consider = [&](absl::Time time) {
    if (time <= now || time > until || (first.has_value() && time >= *first)) return;
    if (IsOpen(window, absl::ToCivilMinute(time, zone))) first = time;
  };
  absl::CivilDay day = absl::ToCivilDay(now, zone);
  if (window.from.has_value()) day = std::max(day, *window.from);
  const absl::CivilDay last = absl::ToCivilDay(until, zone);
  for (; day <= last && !(first.has_value() && absl::ToCivilDay(*first, zone) < day); ++day) {
    const absl::TimeZone::TimeInfo opens =
        zone.At(absl::CivilSecond(absl::CivilMinute(day) + window.opens_minute));
    consider(opens.pre);
    consider(opens.trans);
    consider(opens.post);
  }
  absl::TimeZone::CivilTransition change;
  for (absl::Time at = now; at <= until && zone.NextTransition(at, &change);) {
    at = zone.At(change.to).trans;
    consider(at);
  }
  return first;
}

absl::Time EndOf(const WindowSpec& window) {
  if (!window.through.has_value()) return absl::InfiniteFuture();
  const bool passes_midnight = window.closes_minute <= window.opens_minute;
  const absl::CivilDay day = *window.through + (passes_midnight ? 1 : 0);
  return absl::FromCivil(absl::CivilMinute(day) + window.closes_minute, window.zone);
}

bool OpensEver(const WindowSpec& window) {
  if (!window.from.has_value() || !window.through.has_value()) return (window.days & 0x7f) != 0;
  // Seven days hold every weekday: later ones decide nothing.
  for (int i = 0; i < 7 && *window.from + i <= *window.through; ++i) {
    const absl::CivilDay day = *window.from + i;
    if (DayCounts(window, day, WeekdayBit(day))) return true;
  }
  return false;
}

}  // namespace touchstone::rules
