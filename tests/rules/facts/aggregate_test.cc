#include "rules/facts/aggregate.h"

#include <gtest/gtest.h>

#include "tests/rules/facts/event_facts.h"

namespace touchstone::rules {
namespace {

constexpr TrailingWindow kTenDays{TrailingWindow::Unit::kDays, 10};
constexpr TrailingWindow kEver{};

absl::Time BerlinTime(int day, int hour) {
  return absl::FromCivil(absl::CivilHour(2026, 3, day, hour), ZoneNamed("Europe/Berlin"));
}

Money Euros(int64_t cents) { return {cents, CurrencyOf("EUR")}; }

class AggregateTest : public testing::Test {
 protected:
  EventIncrements Of(Purchase& purchase) {
    return IncrementsOf(*schema_, purchase.facts(), Products(), scratch_);
  }

  std::unique_ptr<Schema> schema_ = PurchaseSchema("Europe/Berlin");
  expr::Scratch scratch_;
};

TEST_F(AggregateTest, SumsAnEventIntoTheLocalDayOnWhichItHappened) {
  AddAggregate(*schema_, "spend", AggregateFunction::kSum, "event.paid", "", kTenDays);
  // 23:30 of UTC is the next day in Berlin.
  Purchase purchase(*schema_,
                    absl::FromCivil(absl::CivilMinute(2026, 3, 9, 23, 30), absl::UTCTimeZone()),
                    Euros(1250));
  const EventIncrements found = Of(purchase);
  ASSERT_EQ(found.increments.size(), 1u);
  EXPECT_EQ(found.increments[0].aggregate, StableId("spend"));
  EXPECT_EQ(found.increments[0].bucket, absl::CivilDay(2026, 3, 10) - absl::CivilDay(1970, 1, 1));
  EXPECT_EQ(found.increments[0].sum, 1250);
}

TEST_F(AggregateTest, SumsOverLinesThatTheProductsOfTheReferenceRowsSelect) {
  AddAggregate(*schema_, "coffee", AggregateFunction::kSum, "line.quantity",
               "'coffee' in line.categories", kTenDays);
  Purchase purchase(*schema_, BerlinTime(10, 12), Euros(100),
                    {{"BEANS", 1500}, {"TEA", 4000}, {"BEANS", 250}});
  const EventIncrements found = Of(purchase);
  ASSERT_EQ(found.increments.size(), 1u);
  EXPECT_EQ(found.increments[0].sum, 1750);
  EXPECT_EQ(found.skipped, 0);
}

TEST_F(AggregateTest, SkipsLinesWhoseConditionIsAnErrorAndCountsThem) {
  AddAggregate(*schema_, "coffee", AggregateFunction::kSum, "line.quantity",
               "'coffee' in line.categories", kTenDays);
  Purchase purchase(*schema_, BerlinTime(10, 12), Euros(100), {{"BEANS", 1500}, {"NEW", 4000}});
  const EventIncrements found = Of(purchase);
  ASSERT_EQ(found.increments.size(), 1u);
  EXPECT_EQ(found.increments[0].sum, 1500);
  EXPECT_EQ(found.skipped, 1);
}

TEST_F(AggregateTest, CountsAnEventOnceHoweverManyOfItsLinesQualify) {
  AddAggregate(*schema_, "coffee_visits", AggregateFunction::kCount, "",
               "'coffee' in line.categories", kTenDays);
  Purchase both(*schema_, BerlinTime(10, 12), Euros(100), {{"BEANS"}, {"BEANS"}});
  Purchase none(*schema_, BerlinTime(10, 12), Euros(100), {{"TEA"}});
  ASSERT_EQ(Of(both).increments.size(), 1u);
  EXPECT_EQ(Of(both).increments[0].count, 1);
  EXPECT_TRUE(Of(none).increments.empty());
  EXPECT_EQ(Of(none).skipped, 0);
}

TEST_F(AggregateTest, AddsNothingInAnotherCurrencyAndSaysThatItSkipped) {
  AddAggregate(*schema_, "spend", AggregateFunction::kSum, "event.paid", "", kTenDays);
  Purchase purchase(*schema_, BerlinTime(10, 12), {1250, CurrencyOf("CHF")});
  EXPECT_TRUE(Of(purchase).increments.empty());
  EXPECT_EQ(Of(purchase).skipped, 1);
}

TEST_F(AggregateTest, GivesABareAmountTheCurrencyOfTheAggregate) {
  AddAggregate(*schema_, "fee", AggregateFunction::kSum, "event.paid > 10.00 ? event.paid : 2.50",
               "", kTenDays);
  Purchase purchase(*schema_, BerlinTime(10, 12), Euros(500));
  ASSERT_EQ(Of(purchase).increments.size(), 1u);
  EXPECT_EQ(Of(purchase).increments[0].sum, 250);
}

TEST_F(AggregateTest, TakesBackWhatACancelledEventHasAdded) {
  AddAggregate(*schema_, "buys", AggregateFunction::kCount, "", "", kTenDays);
  AddAggregate(*schema_, "last_buy", AggregateFunction::kLast, "", "", kEver);
  AddAggregate(*schema_, "spend", AggregateFunction::kSum, "event.paid", "", kTenDays);
  Purchase purchase(*schema_, BerlinTime(10, 12), Euros(500));
  EXPECT_EQ(Of(purchase).increments.size(), 3u);
  purchase.facts().takes_back = true;
  const EventIncrements taken = Of(purchase);
  ASSERT_EQ(taken.increments.size(), 2u);
  EXPECT_EQ(taken.increments[0].count, -1);
  EXPECT_EQ(taken.increments[1].sum, -500);
}

TEST_F(AggregateTest, ReadsZeroForCountsAndSumsWithoutEventsAndAbsentForLast) {
  const absl::TimeZone zone = schema_->zone;
  AddAggregate(*schema_, "buys", AggregateFunction::kCount, "", "", kTenDays).type =
      expr::Type(expr::TypeKind::kInt);
  AddAggregate(*schema_, "spend", AggregateFunction::kSum, "event.paid", "", kTenDays);
  AddAggregate(*schema_, "last_buy", AggregateFunction::kLast, "", "", kEver);
  const absl::Time now = BerlinTime(10, 12);
  EXPECT_EQ(AggregateValue(schema_->aggregates[0], {}, BucketsAt(now, zone)).int_value(), 0);
  EXPECT_EQ(AggregateValue(schema_->aggregates[1], {}, BucketsAt(now, zone)).money_value(),
            Euros(0));
  EXPECT_TRUE(AggregateValue(schema_->aggregates[2], {}, BucketsAt(now, zone)).IsAbsent());
}

TEST_F(AggregateTest, CountsTheCurrentLocalDayAndThoseBeforeItUpToTheWindow) {
  AddAggregate(*schema_, "buys", AggregateFunction::kCount, "", "", kTenDays);
  const auto buys_at = [this](absl::Time event, absl::Time now) {
    Purchase purchase(*schema_, event, Euros(1));
    const AggregateIncrement added = Of(purchase).increments[0];
    const AggregateBucket bucket{added.bucket, added.count, added.sum, added.last};
    return AggregateValue(schema_->aggregates[0], {&bucket, 1}, BucketsAt(now, schema_->zone))
        .int_value();
  };
  // The clocks go forward on the 29th.
  const absl::Time now = BerlinTime(31, 12);
  EXPECT_EQ(buys_at(BerlinTime(22, 0), now), 1);
  EXPECT_EQ(buys_at(BerlinTime(22, 0) - absl::Seconds(1), now), 0);
  EXPECT_EQ(buys_at(BerlinTime(31, 23), now), 1);
  EXPECT_EQ(buys_at(BerlinTime(32, 0), now), 0);
}

TEST_F(AggregateTest, ReadsTheLatestTimeAsAbsentWhenItIsAfterTheDecision) {
  AddAggregate(*schema_, "last_buy", AggregateFunction::kLast, "", "", kEver);
  const absl::Time last = BerlinTime(10, 12);
  const AggregateBucket bucket{0, 0, 0, last};
  const auto at = [&](absl::Time now) {
    return AggregateValue(schema_->aggregates[0], {&bucket, 1}, BucketsAt(now, schema_->zone));
  };
  EXPECT_EQ(at(last).timestamp_value(), last);
  EXPECT_TRUE(at(last - absl::Microseconds(1)).IsAbsent());
}

TEST_F(AggregateTest, CountsTheCurrentHourAndThoseBeforeItUpToTheWindow) {
  const TrailingWindow window{TrailingWindow::Unit::kHours, 3};
  const absl::Time now =
      absl::FromCivil(absl::CivilMinute(2026, 3, 29, 12, 30), absl::UTCTimeZone());
  const absl::Time first = absl::FromCivil(absl::CivilHour(2026, 3, 29, 10), absl::UTCTimeZone());
  const absl::TimeZone zone = schema_->zone;
  EXPECT_EQ(BucketOf(window, first, zone), FirstBucket(window, now, zone));
  EXPECT_EQ(BucketOf(window, first - absl::Nanoseconds(1), zone),
            FirstBucket(window, now, zone) - 1);
  EXPECT_EQ(BucketOf(window, absl::UnixEpoch() - absl::Nanoseconds(1), zone), -1);
}

TEST_F(AggregateTest, ReadsAnOverflowAsAnErrorRatherThanAsANumber) {
  AddAggregate(*schema_, "spend", AggregateFunction::kSum, "event.paid", "", kEver);
  const AggregateBucket buckets[] = {{0, 0, INT64_MAX, absl::InfinitePast()},
                                     {0, 0, 1, absl::InfinitePast()}};
  const expr::Value value =
      AggregateValue(schema_->aggregates[0], buckets, BucketsAt(BerlinTime(10, 12), schema_->zone));
  ASSERT_TRUE(value.IsError());
  EXPECT_EQ(value.error(), expr::ErrorCode::kOverflow);
}

}  // namespace
}  // namespace touchstone::rules
