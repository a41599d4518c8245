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
  EXPECT_EQ(found.increments[0].aggregate->name, "spend");
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

TEST_F(AggregateTest, TakesBackWhatACancelledEventHasAddedOrSaysThatItCannot) {
  AddAggregate(*schema_, "buys", AggregateFunction::kCount, "", "", kTenDays);
  AddAggregate(*schema_, "last_buy", AggregateFunction::kLast, "event.time", "", kEver);
  AddAggregate(*schema_, "most", AggregateFunction::kMax, "event.paid", "event.paid > 9.00", kEver);
  AddAggregate(*schema_, "skus", AggregateFunction::kDistinct, "line.sku", "", kEver);
  AddAggregate(*schema_, "spend", AggregateFunction::kSum, "event.paid", "", kTenDays);
  Purchase purchase(*schema_, BerlinTime(10, 12), Euros(500), {{"BEANS"}});
  EXPECT_EQ(Of(purchase).increments.size(), 4u);
  purchase.facts().takes_back = true;
  const EventIncrements taken = Of(purchase);
  ASSERT_EQ(taken.increments.size(), 4u) << "what it added nothing to stays known";
  EXPECT_EQ(taken.increments[0].count, -1);
  EXPECT_TRUE(taken.increments[1].stale);
  EXPECT_TRUE(taken.increments[2].stale);
  EXPECT_EQ(taken.increments[3].sum, -500);
  EXPECT_FALSE(taken.increments[3].stale);
}

TEST_F(AggregateTest, WritesOneValueForManyLinesAndEachOnce) {
  AddAggregate(*schema_, "skus", AggregateFunction::kDistinct, "line.sku", "", kEver);
  AddAggregate(*schema_, "smallest", AggregateFunction::kMin, "line.quantity", "", kEver);
  AddAggregate(*schema_, "top", AggregateFunction::kTop, "line.sku", "", kEver);
  Purchase purchase(*schema_, BerlinTime(10, 12), Euros(1),
                    {{"TEA", 4000}, {"BEANS", 1500}, {"TEA", 250}});
  const EventIncrements found = Of(purchase);
  ASSERT_EQ(found.increments.size(), 5u);
  EXPECT_NE(found.increments[0].hash, found.increments[1].hash);
  EXPECT_EQ(found.increments[2].value.decimal_value().thousandths, 250);
  EXPECT_EQ(found.increments[3].value.string_value(), "TEA");
  EXPECT_EQ(found.increments[3].weight, 2);
  EXPECT_EQ(found.increments[4].value.string_value(), "BEANS");
}

TEST_F(AggregateTest, LeavesOutATextThatARecordDoesNotKeep) {
  AddAggregate(*schema_, "skus", AggregateFunction::kDistinct, "line.sku", "", kEver);
  AddAggregate(*schema_, "sku", AggregateFunction::kLast, "line.sku", "", kEver);
  const auto added = [this](size_t bytes) {
    Purchase purchase(*schema_, BerlinTime(10, 12), Euros(1), {{std::string(bytes, 'x')}});
    return Of(purchase);
  };
  EXPECT_EQ(added(kMaxKeptTextBytes).increments.size(), 2u);
  EXPECT_EQ(added(kMaxKeptTextBytes + 1).increments.size(), 1u) << "a hash has one length";
  EXPECT_EQ(added(kMaxKeptTextBytes + 1).skipped, 1);
}

TEST_F(AggregateTest, BoundsWhatTheLinesOfOneEventAddToTop) {
  AddAggregate(*schema_, "top", AggregateFunction::kTop, "line.sku", "", kEver);
  std::vector<PurchaseLine> lines;
  for (size_t i = 0; i <= kMaxValuesOfEvent; ++i) lines.push_back({std::to_string(100'000 + i)});
  lines.push_back(lines.back());
  Purchase purchase(*schema_, BerlinTime(10, 12), Euros(1), lines);
  const EventIncrements found = Of(purchase);
  ASSERT_EQ(found.increments.size(), kMaxValuesOfEvent);
  EXPECT_EQ(found.increments[0].weight, 2) << "the most frequent one stays";
  EXPECT_EQ(found.increments.back().value.string_value(), "100254");
}

TEST_F(AggregateTest, ReadsWithoutEventsZeroAnEmptyListOrNothing) {
  const CurrentBuckets now = BucketsAt(BerlinTime(10, 12), schema_->zone);
  expr::Arena memory;
  const auto read = [&](AggregateFunction function, expr::TypeKind type) {
    AggregateSpec spec;
    spec.function = function;
    spec.type = expr::Type(type);
    spec.currency = CurrencyOf("EUR");
    spec.half_life = 1;
    return AggregateValue(spec, {}, now, memory);
  };
  for (const AggregateFunction count :
       {AggregateFunction::kCount, AggregateFunction::kDistinct, AggregateFunction::kOpen}) {
    EXPECT_EQ(expr::DebugString(read(count, expr::TypeKind::kInt)), "0");
  }
  EXPECT_EQ(read(AggregateFunction::kSum, expr::TypeKind::kMoney).money_value(), Euros(0));
  EXPECT_EQ(read(AggregateFunction::kDecayed, expr::TypeKind::kDouble).double_value(), 0);
  EXPECT_EQ(read(AggregateFunction::kTop, expr::TypeKind::kList).list_value().size, 0u);
  for (const AggregateFunction absent :
       {AggregateFunction::kMin, AggregateFunction::kMax, AggregateFunction::kFirst,
        AggregateFunction::kLast, AggregateFunction::kOldestOpen}) {
    EXPECT_TRUE(read(absent, expr::TypeKind::kTimestamp).IsAbsent());
  }
}

TEST_F(AggregateTest, KnowsNothingWhileSomethingWasTakenBackThatItCannotGiveBack) {
  AddAggregate(*schema_, "last_buy", AggregateFunction::kLast, "event.time", "", kEver);
  AggregateCell cell;
  cell.time = BerlinTime(9, 12);
  cell.value = expr::Value::Timestamp(cell.time);
  AggregateState state;
  state.cells = {&cell, 1};
  expr::Arena memory;
  const CurrentBuckets now = BucketsAt(BerlinTime(10, 12), schema_->zone);
  EXPECT_FALSE(AggregateValue(schema_->aggregates[0], state, now, memory).IsAbsent());
  state.stale = true;
  EXPECT_TRUE(AggregateValue(schema_->aggregates[0], state, now, memory).IsAbsent());
}

TEST_F(AggregateTest, CountsTheCurrentLocalDayAndThoseBeforeItUpToTheWindow) {
  AddAggregate(*schema_, "buys", AggregateFunction::kCount, "", "", kTenDays);
  const auto buys_at = [this](absl::Time event, absl::Time now) {
    Purchase purchase(*schema_, event, Euros(1));
    const AggregateIncrement added = Of(purchase).increments[0];
    const AggregateBucket bucket{added.bucket, added.count, added.sum};
    expr::Arena memory;
    return AggregateValue(schema_->aggregates[0], {.buckets = {&bucket, 1}},
                          BucketsAt(now, schema_->zone), memory)
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
  AddAggregate(*schema_, "last_buy", AggregateFunction::kLast, "event.time", "", kEver);
  const absl::Time last = BerlinTime(10, 12);
  AggregateCell cell;
  cell.time = last;
  cell.value = expr::Value::Timestamp(last);
  expr::Arena memory;
  const auto at = [&](absl::Time now) {
    return AggregateValue(schema_->aggregates[0], {.cells = {&cell, 1}},
                          BucketsAt(now, schema_->zone), memory);
  };
  EXPECT_EQ(at(last).timestamp_value(), last);
  EXPECT_TRUE(at(last - absl::Microseconds(1)).IsAbsent());
}

TEST_F(AggregateTest, ADecayedSumHalvesWithEachHalfLife) {
  AggregateSpec& spec = AddAggregate(*schema_, "recent", AggregateFunction::kDecayed, "event.paid",
                                     "", {TrailingWindow::Unit::kDays, 60});
  spec.half_life = 3;
  const CurrentBuckets now = BucketsAt(BerlinTime(31, 12), schema_->zone);
  const AggregateBucket buckets[] = {
      {now.day - 60, 0, 1'000'000}, {now.day - 6, 0, 800}, {now.day - 3, 0, 600}, {now.day, 0, 50}};
  expr::Arena memory;
  const expr::Value value = AggregateValue(spec, {.buckets = buckets}, now, memory);
  EXPECT_DOUBLE_EQ(value.double_value(), 2.00 + 3.00 + 0.50) << "in euros";
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
  const AggregateBucket buckets[] = {{0, 0, INT64_MAX}, {0, 0, 1}};
  expr::Arena memory;
  const expr::Value value = AggregateValue(schema_->aggregates[0], {.buckets = buckets},
                                           BucketsAt(BerlinTime(10, 12), schema_->zone), memory);
  ASSERT_TRUE(value.IsError());
  EXPECT_EQ(value.error(), expr::ErrorCode::kOverflow);
}

}  // namespace
}  // namespace touchstone::rules
