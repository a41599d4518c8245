#include "rules/policy/limit.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace touchstone::rules {
namespace {

using Unit = LimitWindow::Unit;

absl::TimeZone Zone(const char* name) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone(name, &zone)) << name;
  return zone;
}

absl::Time Local(absl::CivilSecond civil, absl::TimeZone zone) {
  return absl::FromCivil(civil, zone);
}

TEST(LimitWindowTest, CountsTheLocalDayOfNowAmongItsDays) {
  const absl::TimeZone vienna = Zone("Europe/Vienna");
  const absl::Time now = Local(absl::CivilSecond(2026, 11, 26, 8, 30, 0), vienna);
  EXPECT_EQ(WindowStart({Unit::kRollingDays, 1}, now, vienna),
            Local(absl::CivilSecond(2026, 11, 26), vienna));
  EXPECT_EQ(WindowStart({Unit::kRollingDays, 7}, now, vienna),
            Local(absl::CivilSecond(2026, 11, 20), vienna));
}

TEST(LimitWindowTest, KeepsWholeDaysOverAChangeOfClocks) {
  const absl::TimeZone vienna = Zone("Europe/Vienna");
  const absl::Time now = Local(absl::CivilSecond(2026, 3, 30, 12, 0, 0), vienna);
  // March 29 has 23 hours.
  EXPECT_EQ(WindowStart({Unit::kRollingDays, 2}, now, vienna), now - absl::Hours(35));
}

TEST(LimitWindowTest, BeginsADayWithoutMidnightAtItsFirstInstant) {
  const absl::TimeZone beirut = Zone("Asia/Beirut");  // 00:00 becomes 01:00 on 2022-03-27
  const absl::Time now = Local(absl::CivilSecond(2022, 3, 27, 12, 0, 0), beirut);
  const absl::Time start = WindowStart({Unit::kCalendarDay, 0}, now, beirut);
  EXPECT_EQ(absl::ToCivilSecond(start, beirut), absl::CivilSecond(2022, 3, 27, 1, 0, 0));
  EXPECT_EQ(absl::ToCivilDay(start - absl::Seconds(1), beirut), absl::CivilDay(2022, 3, 26));
}

TEST(LimitWindowTest, BeginsADayAtTheEndOfAGapOverMidnight) {
  const absl::TimeZone toronto = Zone("America/Toronto");  // 23:30 becomes 00:30 on 1919-03-31
  const absl::Time now = Local(absl::CivilSecond(1919, 3, 31, 12, 0, 0), toronto);
  const absl::Time start = WindowStart({Unit::kCalendarDay, 0}, now, toronto);
  EXPECT_EQ(absl::ToCivilSecond(start, toronto), absl::CivilSecond(1919, 3, 31, 0, 30, 0));
}

TEST(LimitWindowTest, BeginsADayWithTwoMidnightsAtTheFirst) {
  // 00:01 becomes 23:01 of the day before on 2009-11-01.
  const absl::TimeZone newfoundland = Zone("America/St_Johns");
  const absl::Time now = Local(absl::CivilSecond(2009, 11, 1, 12, 0, 0), newfoundland);
  const absl::Time start = WindowStart({Unit::kCalendarDay, 0}, now, newfoundland);
  EXPECT_EQ(now - start, absl::Hours(13));
}

TEST(LimitWindowTest, BeginsWeeksOnMonday) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::Time monday = absl::FromCivil(absl::CivilSecond(2026, 11, 23), utc);
  for (int day = 0; day < 7; ++day) {
    EXPECT_EQ(WindowStart({Unit::kCalendarWeek, 0}, monday + absl::Hours(24 * day + 23), utc),
              monday);
  }
  EXPECT_EQ(WindowStart({Unit::kCalendarWeek, 0}, monday + absl::Hours(24 * 7), utc),
            monday + absl::Hours(24 * 7));
}

TEST(LimitWindowTest, CutsHoursAtTheLocalHour) {
  const absl::TimeZone kolkata = Zone("Asia/Kolkata");  // half an hour off UTC's hours
  const absl::Time now = Local(absl::CivilSecond(2026, 11, 26, 8, 30, 15), kolkata);
  EXPECT_EQ(WindowStart({Unit::kRollingHours, 2}, now, kolkata),
            Local(absl::CivilSecond(2026, 11, 26, 7, 0, 0), kolkata));
}

TEST(LimitCountTest, CountsOnlyThisOfferAndKindFromStartThroughNow) {
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  const absl::Time start = now - absl::Hours(1);
  const std::vector<Contact> contacts = {
      {7, ContactKind::kShown, start},
      {7, ContactKind::kShown, now},
      {7, ContactKind::kShown, start - absl::Nanoseconds(1)},
      {7, ContactKind::kShown, now + absl::Nanoseconds(1)},
      {7, ContactKind::kRedeemed, now},
      {8, ContactKind::kShown, now},
  };
  EXPECT_EQ(CountContacts(contacts, 7, ContactKind::kShown, start, now), 2);
  EXPECT_EQ(CountContacts(contacts, 7, ContactKind::kShown, absl::InfinitePast(), now), 3);
}

const char* const kZones[] = {"Europe/Vienna", "Asia/Beirut",         "America/St_Johns",
                              "Asia/Kolkata",  "Australia/Lord_Howe", "UTC"};

absl::CivilDay FirstDay(const LimitWindow& window, absl::CivilDay today) {
  switch (window.unit) {
    case Unit::kRollingDays:
      return today - (window.count - 1);
    case Unit::kCalendarWeek:
      while (absl::GetWeekday(today) != absl::Weekday::monday) --today;
      return today;
    case Unit::kCalendarMonth:
      while (today.day() != 1) --today;
      return today;
    default:
      return today;
  }
}

// A contact counts when the wall clock at its time shows one of the window's days; minute by
// minute, over years in which the zones above change their clocks.
RC_GTEST_PROP(LimitWindowPropertyTest, BeginsAtTheFirstMinuteThatShowsItsFirstDay, ()) {
  const absl::TimeZone zone = Zone(kZones[*rc::gen::inRange(0, 6)]);
  LimitWindow window;
  window.unit = *rc::gen::element(Unit::kRollingDays, Unit::kCalendarDay, Unit::kCalendarWeek,
                                  Unit::kCalendarMonth);
  window.count = *rc::gen::inRange(1, 10);
  const absl::Time now = absl::FromCivil(absl::CivilMinute(2009, 1, 1), absl::UTCTimeZone()) +
                         absl::Minutes(*rc::gen::inRange(0, 15 * 365 * 1440));
  const absl::CivilDay first = FirstDay(window, absl::ToCivilDay(now, zone));
  absl::Time earliest = now;
  for (absl::Time t = now; t > now - absl::Hours(24 * 33); t -= absl::Minutes(1)) {
    if (absl::ToCivilDay(t, zone) == first) earliest = t;
  }
  RC_ASSERT(WindowStart(window, now, zone) == earliest);
}

}  // namespace
}  // namespace touchstone::rules
