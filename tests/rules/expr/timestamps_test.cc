#include "rules/expr/timestamps.h"

#include <array>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
// After gtest, which it extends without including it.
#include "rapidcheck/gtest.h"

namespace touchstone::rules::expr {
namespace {

std::string TextOf(const Value& value) {
  std::array<char, kTimeTextBytes> buffer;
  return std::string(value.kind() == Kind::kTimestamp ? FormatTimestamp(value, buffer.data())
                                                      : FormatDuration(value, buffer.data()));
}

TEST(TimestampsTest, ReadsTheWholeRangeAndNotBeyond) {
  EXPECT_EQ(ParseTimestamp("0001-01-01T00:00:00Z").timestamp_seconds(), kMinTimestampSeconds);
  EXPECT_EQ(ParseTimestamp("9999-12-31T23:59:59.999999999Z").timestamp_seconds(),
            kMaxTimestampSeconds);
  EXPECT_EQ(ParseTimestamp("0001-01-01T00:00:00+00:01").error(), ErrorCode::kOverflow);
  EXPECT_EQ(ParseTimestamp("9999-12-31T23:59:59-00:01").error(), ErrorCode::kOverflow);
  EXPECT_TRUE(TimestampFromSeconds(kMaxTimestampSeconds + 1).IsError());
  EXPECT_TRUE(TimestampFromSeconds(kMinTimestampSeconds - 1).IsError());
}

TEST(TimestampsTest, RefusesTextThatIsNoTimestamp) {
  for (const absl::string_view text :
       {"", "2026-11-26", "2026-11-26T08:30:00", "2026-11-26 08:30:00Z", "2026-11-26T08:30Z",
        "2026-13-26T08:30:00Z", "2026-04-31T08:30:00Z", "2026-11-26T08:60:00Z",
        "2026-11-26T08:30:60Z", "2026-11-26T08:30:00.Z", "2026-11-26T08:30:00.1234567890Z",
        "2026-11-26T08:30:00+24:00", "2026-11-26T08:30:00Zx", "026-11-26T08:30:00Z"}) {
    const Value value = ParseTimestamp(text);
    ASSERT_TRUE(value.IsError()) << text;
    EXPECT_EQ(value.error(), ErrorCode::kInvalidArgument) << text;
  }
}

TEST(TimestampsTest, ReadsTheLongestDurationsAndNotBeyond) {
  EXPECT_EQ(ParseDuration("9223372036854775807ns").duration_nanos(), INT64_MAX);
  EXPECT_EQ(ParseDuration("-9223372036854775808ns").duration_nanos(), INT64_MIN);
  EXPECT_EQ(ParseDuration("9223372036854775808ns").error(), ErrorCode::kOverflow);
  EXPECT_EQ(ParseDuration("-9223372036854775809ns").error(), ErrorCode::kOverflow);
  EXPECT_EQ(ParseDuration("99999999999999999999999999999999999999999h").error(),
            ErrorCode::kOverflow);
}

TEST(TimestampsTest, RefusesTextThatIsNoDuration) {
  for (const absl::string_view text :
       {"", "-", "1", "s", ".s", "1d", "1 s", "1s ", "--1s", "1h2"}) {
    const Value value = ParseDuration(text);
    ASSERT_TRUE(value.IsError()) << text;
    EXPECT_EQ(value.error(), ErrorCode::kInvalidArgument) << text;
  }
}

TEST(TimestampsTest, CutsFractionsOfANanosecond) {
  EXPECT_EQ(ParseDuration("0.0000000019s").duration_nanos(), 1);
  EXPECT_EQ(ParseDuration("1.5ns").duration_nanos(), 1);
}

RC_GTEST_PROP(TimestampsTest, TimestampTextReadsBack, ()) {
  const Value value = Value::TimestampParts(
      *rc::gen::inRange<int64_t>(kMinTimestampSeconds, kMaxTimestampSeconds + 1),
      *rc::gen::inRange<uint32_t>(0, 1'000'000'000));
  RC_ASSERT(Equals(ParseTimestamp(TextOf(value)), value));
}

RC_GTEST_PROP(TimestampsTest, DurationTextReadsBack, ()) {
  const Value value = Value::DurationNanos(*rc::gen::arbitrary<int64_t>());
  RC_ASSERT(Equals(ParseDuration(TextOf(value)), value));
}

RC_GTEST_PROP(TimestampsTest, SubtractionUndoesAddition, ()) {
  const Value start =
      Value::TimestampParts(*rc::gen::inRange<int64_t>(-1'000'000'000, 1'000'000'000),
                            *rc::gen::inRange<uint32_t>(0, 1'000'000'000));
  const Value length = Value::DurationNanos(*rc::gen::arbitrary<int64_t>());
  const Value end = LaterBy(start, length.duration_nanos());
  RC_ASSERT(!end.IsError());
  RC_ASSERT(Equals(EarlierBy(end, length.duration_nanos()), start));
  RC_ASSERT(Equals(TimeBetween(start, end), length));
}

TEST(TimestampsTest, ZonesAreNamesOrOffsets) {
  absl::TimeZone zone;
  EXPECT_TRUE(FindZone("Europe/Berlin", &zone));
  EXPECT_TRUE(FindZone("UTC", &zone));
  EXPECT_TRUE(FindZone("+23:59", &zone));
  EXPECT_TRUE(FindZone("02:00", &zone));
  EXPECT_FALSE(FindZone("", &zone));
  EXPECT_FALSE(FindZone("localtime", &zone));
  EXPECT_FALSE(FindZone("+24:00", &zone));
  EXPECT_FALSE(FindZone("+2:00", &zone));
  EXPECT_FALSE(FindZone("Europe/Atlantis", &zone));
}

TEST(TimestampsTest, AgeTakesBirthInUtcAndNowInTheZone) {
  absl::TimeZone auckland;
  ASSERT_TRUE(FindZone("Pacific/Auckland", &auckland));
  const Value birth = ParseTimestamp("2008-11-27T00:00:00Z");
  // Already the 27th in Auckland.
  const Value now = ParseTimestamp("2026-11-26T12:00:00Z");
  Calendar calendar;
  EXPECT_EQ(Age(birth, now, auckland, calendar).int_value(), 18);
  EXPECT_EQ(Age(birth, now, absl::UTCTimeZone(), calendar).int_value(), 17);
}

TEST(TimestampsTest, RememberedCalendarReadingsAreThoseOfTheZone) {
  std::vector<absl::TimeZone> zones(4, absl::UTCTimeZone());
  ASSERT_TRUE(FindZone("Pacific/Auckland", &zones[1]));
  ASSERT_TRUE(FindZone("Europe/Berlin", &zones[2]));
  ASSERT_TRUE(FindZone("-02:30", &zones[3]));
  constexpr uint64_t kSeed = 20261122;
  std::mt19937_64 random(kSeed);
  Calendar calendar;
  for (int turn = 0; turn < 10'000; ++turn) {
    // Few enough to come again while they are remembered, and after.
    const int64_t seconds = 1'774'746'000 * static_cast<int64_t>(random() % 3) - 1;
    const absl::TimeZone zone = zones[random() % zones.size()];
    ASSERT_EQ(calendar.At(seconds, zone), absl::ToCivilSecond(absl::FromUnixSeconds(seconds), zone))
        << seconds << " in " << zone.name() << ", seed " << kSeed;
  }
}

}  // namespace
}  // namespace touchstone::rules::expr
