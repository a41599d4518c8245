// Buckets against the events themselves: whatever the zone, the moments and their order, what the
// buckets amount to is what a walk over all events gives.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "rules/facts/aggregate.h"
#include "tests/rules/facts/event_facts.h"

namespace touchstone::rules {
namespace {

struct Happening {
  absl::Time time;
  int64_t cents = 0;
};

// Around the hours in which these zones change their clocks in 2026, and far from them.
absl::Time ArbitraryTime() {
  const absl::Time around = absl::FromCivil(
      absl::CivilHour(2026, *rc::gen::element(3, 4, 10, 11), *rc::gen::inRange(1, 31), 0),
      absl::UTCTimeZone());
  return around + absl::Minutes(*rc::gen::inRange(-4000, 4000));
}

std::string ArbitraryZone() {
  // Lord Howe changes by half an hour, Chatham and Kathmandu are off by quarters.
  return *rc::gen::element<std::string>("Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                                        "Pacific/Chatham", "Asia/Kathmandu", "UTC");
}

// Half of them near the edges of a window that ends at `now`, where mistakes are made.
std::vector<Happening> ArbitraryHappenings(absl::Time now, const TrailingWindow& window) {
  const absl::Duration unit =
      window.unit == TrailingWindow::Unit::kHours ? absl::Hours(1) : absl::Hours(24);
  const auto count = *rc::gen::inRange<size_t>(0, 30);
  std::vector<Happening> happenings;
  for (size_t i = 0; i < count; ++i) {
    absl::Time time = ArbitraryTime();
    if (*rc::gen::arbitrary<bool>()) {
      const int units_ago = window.count * *rc::gen::inRange(0, 2);
      time = now - units_ago * unit + unit * *rc::gen::inRange(-100, 101) / 50;
    }
    happenings.push_back({time, *rc::gen::inRange<int64_t>(-500, 5000)});
  }
  return happenings;
}

// Whether an event counts at `now`, straight from the definition: the current local day (or hour)
// and the count - 1 before it.
bool CountsAt(const TrailingWindow& window, absl::Time event, absl::Time now, absl::TimeZone zone) {
  if (window.unit == TrailingWindow::Unit::kEver) return true;
  if (window.unit == TrailingWindow::Unit::kDays) {
    const absl::CivilDay today(absl::ToCivilDay(now, zone));
    const absl::CivilDay day(absl::ToCivilDay(event, zone));
    return day <= today && day > today - window.count;
  }
  const absl::CivilHour current = absl::ToCivilHour(now, absl::UTCTimeZone());
  const absl::CivilHour hour = absl::ToCivilHour(event, absl::UTCTimeZone());
  return hour <= current && hour > current - window.count;
}

using BucketsById = std::map<uint32_t, std::map<int64_t, AggregateBucket>>;

void Apply(const EventIncrements& increments, BucketsById& buckets) {
  for (const AggregateIncrement& increment : increments.increments) {
    AggregateBucket& bucket = buckets[increment.aggregate][increment.bucket];
    bucket.number = increment.bucket;
    bucket.count += increment.count;
    bucket.sum += increment.sum;
    bucket.last = std::max(bucket.last, increment.last);
  }
}

expr::Value Read(const Schema& schema, size_t aggregate, const BucketsById& all, absl::Time now) {
  std::vector<AggregateBucket> buckets;
  const auto found = all.find(schema.aggregates[aggregate].id);
  if (found != all.end()) {
    for (const auto& [number, bucket] : found->second) buckets.push_back(bucket);
  }
  return AggregateValue(schema.aggregates[aggregate], buckets, BucketsAt(now, schema.zone));
}

RC_GTEST_PROP(AggregatePropertyTest, BucketsAmountToWhatTheEventsDo, ()) {
  const std::unique_ptr<Schema> schema = PurchaseSchema(ArbitraryZone());
  TrailingWindow window;
  window.unit = *rc::gen::element(TrailingWindow::Unit::kEver, TrailingWindow::Unit::kDays,
                                  TrailingWindow::Unit::kHours);
  window.count = *rc::gen::inRange(1, 60);
  AddAggregate(*schema, "buys", AggregateFunction::kCount, "", "event.paid >= 0.00", window);
  AddAggregate(*schema, "last_buy", AggregateFunction::kLast, "", "", window);
  AddAggregate(*schema, "spend", AggregateFunction::kSum, "event.paid", "", window);

  const absl::Time now = ArbitraryTime();
  const std::vector<Happening> happenings = ArbitraryHappenings(now, window);
  BucketsById buckets;
  expr::Scratch scratch;
  int64_t buys = 0;
  int64_t spend = 0;
  std::map<int64_t, absl::Time> latest;  // by bucket, which keeps no earlier one
  for (const Happening& happening : happenings) {
    Purchase purchase(*schema, happening.time, {happening.cents, CurrencyOf("EUR")});
    const EventIncrements increments = IncrementsOf(*schema, purchase.facts(), Products(), scratch);
    RC_ASSERT(increments.skipped == 0);
    Apply(increments, buckets);
    if (!CountsAt(window, happening.time, now, schema->zone)) continue;
    if (happening.cents >= 0) ++buys;
    spend += happening.cents;
    const int64_t bucket = BucketOf(window, happening.time, schema->zone);
    latest.try_emplace(bucket, happening.time);
    latest[bucket] = std::max(latest[bucket], happening.time);
  }
  absl::Time last = absl::InfinitePast();
  for (const auto& [bucket, time] : latest) {
    if (time <= now) last = std::max(last, time);
  }
  RC_ASSERT(Read(*schema, 0, buckets, now).int_value() == buys);
  RC_ASSERT(Read(*schema, 2, buckets, now).money_value().amount_minor == spend);
  const expr::Value read_last = Read(*schema, 1, buckets, now);
  RC_ASSERT(read_last.IsAbsent() == (last == absl::InfinitePast()));
  if (!read_last.IsAbsent()) RC_ASSERT(read_last.timestamp_value() == last);
}

RC_GTEST_PROP(AggregatePropertyTest, TakingAnEventBackLeavesWhatWasThereBefore, ()) {
  const std::unique_ptr<Schema> schema = PurchaseSchema(ArbitraryZone());
  const TrailingWindow window{TrailingWindow::Unit::kDays, *rc::gen::inRange(1, 400)};
  AddAggregate(*schema, "buys", AggregateFunction::kCount, "", "", window);
  AddAggregate(*schema, "spend", AggregateFunction::kSum, "event.paid", "", window);
  BucketsById buckets;
  expr::Scratch scratch;
  const absl::Time now = ArbitraryTime();
  for (const Happening& happening : ArbitraryHappenings(now, window)) {
    Purchase purchase(*schema, happening.time, {happening.cents, CurrencyOf("EUR")});
    Apply(IncrementsOf(*schema, purchase.facts(), Products(), scratch), buckets);
    purchase.facts().takes_back = true;
    Apply(IncrementsOf(*schema, purchase.facts(), Products(), scratch), buckets);
  }
  RC_ASSERT(Read(*schema, 0, buckets, now).int_value() == 0);
  RC_ASSERT(Read(*schema, 1, buckets, now).money_value().amount_minor == 0);
}

}  // namespace
}  // namespace touchstone::rules
