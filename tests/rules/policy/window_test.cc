#include "rules/policy/window.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace touchstone::rules {
namespace {

constexpr uint8_t kFriday = 1u << 4;

TEST(WindowTest, IsOpenThroughItsFirstAndItsLastDay) {
  WindowSpec window;
  window.from = absl::CivilDay(2026, 11, 1);
  window.through = absl::CivilDay(2026, 11, 2);
  EXPECT_FALSE(IsOpen(window, absl::CivilMinute(2026, 10, 31, 23, 59)));
  EXPECT_TRUE(IsOpen(window, absl::CivilMinute(2026, 11, 1, 0, 0)));
  EXPECT_TRUE(IsOpen(window, absl::CivilMinute(2026, 11, 2, 23, 59)));
  EXPECT_FALSE(IsOpen(window, absl::CivilMinute(2026, 11, 3, 0, 0)));
}

TEST(WindowTest, ClosesAtTheMinuteThatItNames) {
  WindowSpec window;
  window.opens_minute = 7 * 60;
  window.closes_minute = 11 * 60;
  EXPECT_FALSE(IsOpen(window, absl::CivilMinute(2026, 11, 26, 6, 59)));
  EXPECT_TRUE(IsOpen(window, absl::CivilMinute(2026, 11, 26, 7, 0)));
  EXPECT_TRUE(IsOpen(window, absl::CivilMinute(2026, 11, 26, 10, 59)));
  EXPECT_FALSE(IsOpen(window, absl::CivilMinute(2026, 11, 26, 11, 0)));
}

TEST(WindowTest, GivesHoursPastMidnightToTheDayOnWhichTheyBegin) {
  WindowSpec window;
  window.days = kFriday;
  window.opens_minute = 22 * 60;
  window.closes_minute = 2 * 60;
  window.through = absl::CivilDay(2026, 11, 27);                         // a Friday
  EXPECT_FALSE(IsOpen(window, absl::CivilMinute(2026, 11, 27, 1, 59)));  // Thursday's night
  EXPECT_TRUE(IsOpen(window, absl::CivilMinute(2026, 11, 27, 22, 0)));
  EXPECT_TRUE(IsOpen(window, absl::CivilMinute(2026, 11, 28, 1, 59)));  // beyond `through`
  EXPECT_FALSE(IsOpen(window, absl::CivilMinute(2026, 11, 28, 2, 0)));
  EXPECT_FALSE(IsOpen(window, absl::CivilMinute(2026, 11, 28, 22, 0)));
}

TEST(WindowTest, KnowsWhenNoDayIsLeftToOpenOn) {
  WindowSpec window;
  window.days = kFriday;
  EXPECT_TRUE(OpensEver(window));
  window.from = absl::CivilDay(2026, 11, 28);
  window.through = absl::CivilDay(2026, 12, 3);  // Saturday to Thursday
  EXPECT_FALSE(OpensEver(window));
  window.through = absl::CivilDay(2026, 12, 4);
  EXPECT_TRUE(OpensEver(window));
  window.through = absl::CivilDay(2026, 11, 27);
  EXPECT_FALSE(OpensEver(window));
  WindowSpec no_day;
  no_day.days = 0;
  EXPECT_FALSE(OpensEver(no_day));
}

WindowSpec AnyWindow() {
  WindowSpec window;
  const absl::CivilDay base(2026, 3, 20);
  if (*rc::gen::arbitrary<bool>()) window.from = base + *rc::gen::inRange(0, 12);
  if (*rc::gen::arbitrary<bool>()) window.through = base + *rc::gen::inRange(0, 16);
  window.days = static_cast<uint8_t>(*rc::gen::inRange(0, 128));
  if (*rc::gen::arbitrary<bool>()) {
    window.opens_minute = static_cast<int16_t>(*rc::gen::inRange(0, 1440));
    window.closes_minute = static_cast<int16_t>(*rc::gen::inRange(1, 1441));
  }
  return window;
}

// Walks every opening that can reach `local`, minute by minute.
bool IsOpenByWalking(const WindowSpec& window, absl::CivilMinute local) {
  for (absl::CivilDay day = absl::CivilDay(local) - 2; day <= absl::CivilDay(local); ++day) {
    if (window.from.has_value() && day < *window.from) continue;
    if (window.through.has_value() && day > *window.through) continue;
    const int weekday = static_cast<int>(absl::GetWeekday(day));
    if ((window.days >> weekday & 1) == 0) continue;
    const int end = window.closes_minute > window.opens_minute ? window.closes_minute
                                                               : window.closes_minute + 1440;
    for (int minute = window.opens_minute; minute < end; ++minute) {
      if (absl::CivilMinute(day) + minute == local) return true;
    }
  }
  return false;
}

RC_GTEST_PROP(WindowPropertyTest, AgreesWithWalkingItsMinutes, ()) {
  const WindowSpec window = AnyWindow();
  const absl::CivilMinute local =
      absl::CivilMinute(absl::CivilDay(2026, 3, 18)) + *rc::gen::inRange(0, 20 * 1440);
  RC_ASSERT(IsOpen(window, local) == IsOpenByWalking(window, local));
}

RC_GTEST_PROP(WindowPropertyTest, OpensEverExactlyWhenSomeMinuteIsOpen, ()) {
  WindowSpec window = AnyWindow();
  const absl::CivilDay base(2026, 3, 20);
  bool open = false;
  for (int hour = -10 * 24; hour < 40 * 24 && !open; ++hour) {
    for (int minute : {0, window.opens_minute % 60}) {
      open = open || IsOpen(window, absl::CivilMinute(base) + hour * 60 + minute);
    }
  }
  RC_ASSERT(OpensEver(window) == open);
}

absl::Time Local(const absl::CivilMinute& local, absl::TimeZone zone) {
  return absl::FromCivil(local, zone);
}

TEST(WindowTest, OpensNextAtTheFirstMinuteThatCounts) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  WindowSpec window;
  window.days = kFriday;
  window.opens_minute = 7 * 60;
  window.closes_minute = 11 * 60;
  const absl::Time thursday = Local(absl::CivilMinute(2026, 11, 26, 8, 30), utc);
  const absl::Time friday = Local(absl::CivilMinute(2026, 11, 27, 7, 0), utc);
  EXPECT_EQ(NextOpening(window, thursday, friday, utc), friday);
  EXPECT_EQ(NextOpening(window, thursday, friday - absl::Seconds(1), utc), std::nullopt);
  window.through = absl::CivilDay(2026, 11, 26);
  EXPECT_EQ(NextOpening(window, thursday, friday, utc), std::nullopt);
}

// Minute by minute.
std::optional<absl::Time> NextOpeningNaively(const WindowSpec& window, absl::Time now,
                                             absl::Time until, absl::TimeZone zone) {
  for (absl::Time at = now; at <= until; at += absl::Minutes(1)) {
    if (IsOpen(window, absl::ToCivilMinute(at, zone))) return at;
  }
  return std::nullopt;
}

RC_GTEST_PROP(WindowPropertyTest, OpensNextAsTheWallClockSays, ()) {
  // Summer time begins and ends at midnight, at two and by half an hour.
  const char* zones[] = {"Europe/Berlin", "America/Havana", "Australia/Lord_Howe"};
  const absl::CivilDay days[] = {absl::CivilDay(2026, 3, 26), absl::CivilDay(2026, 10, 22),
                                 absl::CivilDay(2026, 3, 6),  absl::CivilDay(2026, 10, 30),
                                 absl::CivilDay(2026, 4, 2),  absl::CivilDay(2026, 10, 1)};
  absl::TimeZone zone;
  RC_ASSERT(absl::LoadTimeZone(zones[*rc::gen::inRange(0, 3)], &zone));
  const absl::CivilDay day = days[*rc::gen::inRange(0, 6)];
  WindowSpec window;
  window.days = static_cast<uint8_t>(*rc::gen::inRange(1, 128));
  window.opens_minute = static_cast<int16_t>(15 * *rc::gen::inRange(0, 96));
  window.closes_minute = static_cast<int16_t>(15 * *rc::gen::inRange(0, 97));
  if (*rc::gen::inRange(0, 2) == 0) window.from = day + *rc::gen::inRange(-2, 6);
  if (*rc::gen::inRange(0, 2) == 0) window.through = day + *rc::gen::inRange(-2, 6);
  const absl::Time now =
      absl::FromCivil(day, zone) + absl::Minutes(*rc::gen::inRange(0, 4 * 24 * 60));
  const absl::Time until = now + absl::Hours(*rc::gen::inRange(0, 5 * 24));
  RC_PRE(!IsOpen(window, absl::ToCivilMinute(now, zone)));
  RC_ASSERT(NextOpening(window, now, until, zone) == NextOpeningNaively(window, now, until, zone));
}

}  // namespace
}  // namespace touchstone::rules
