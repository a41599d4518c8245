#include "rules/policy/limit.h"

#include "absl/time/civil_time.h"

namespace touchstone::rules {
namespace {

// The first instant whose wall clock shows the day: where midnight is skipped, the instant after
// the gap; where it comes twice, the first of the two.
absl::Time DayStart(absl::CivilDay day, absl::TimeZone zone) {
  const absl::TimeZone::TimeInfo info = zone.At(absl::CivilSecond(day));
  return info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre;
}

absl::Time HourStart(absl::Time now, absl::TimeZone zone) {
  const absl::TimeZone::CivilInfo local = zone.At(now);
  return now - local.subsecond - absl::Seconds(local.cs.second()) -
         absl::Minutes(local.cs.minute());
}

}  // namespace

absl::Time WindowStart(const LimitWindow& window, absl::Time now, absl::TimeZone zone) {
  const absl::CivilDay today(zone.At(now).cs);
  switch (window.unit) {
    case LimitWindow::Unit::kEver:
      return absl::InfinitePast();
    case LimitWindow::Unit::kRollingDays:
      return DayStart(today - (window.count - 1), zone);
    case LimitWindow::Unit::kRollingHours:
      return HourStart(now, zone) - absl::Hours(window.count - 1);
    case LimitWindow::Unit::kCalendarDay:
      return DayStart(today, zone);
    case LimitWindow::Unit::kCalendarWeek:
      // Monday itself, else the Monday before.
      return DayStart(absl::PrevWeekday(today + 1, absl::Weekday::monday), zone);
    case LimitWindow::Unit::kCalendarMonth:
      return DayStart(absl::CivilDay(absl::CivilMonth(today)), zone);
  }
  return absl::InfinitePast();
}

int64_t CountContacts(absl::Span<const Contact> contacts, uint32_t offer, ContactKind kind,
                      absl::Time start, absl::Time now) {
  int64_t count = 0;
  for (const Contact& contact : contacts) {
    if (contact.offer == offer && contact.kind == kind && contact.time >= start &&
        contact.time <= now) {
      ++count;
    }
  }
  return count;
}

}  // namespace touchstone::rules
