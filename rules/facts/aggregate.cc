#include "rules/facts/aggregate.h"

#include <algorithm>
#include <cassert>
#include <optional>

#include "absl/time/civil_time.h"
#include "rules/facts/elementary.h"

namespace touchstone::rules {
namespace {

using expr::Kind;
using expr::Value;

// Hours of UTC; floors, so that moments before 1970 have their own.
int64_t HourOf(absl::Time time) {
  return absl::ToInt64Hours(absl::Floor(time - absl::UnixEpoch(), absl::Hours(1)));
}

template <typename T>
int Compare(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

// The buckets that count at a moment.
struct Counting {
  int64_t from = 0;
  int64_t through = 0;

  bool Has(int64_t bucket) const { return bucket >= from && bucket <= through; }
};

Counting CountingAt(const TrailingWindow& window, const CurrentBuckets& now) {
  const int64_t current = now.In(window);
  const bool ever = window.unit == TrailingWindow::Unit::kEver;
  return {ever ? current : current - (window.count - 1), current};
}

Value TotalOf(const AggregateSpec& spec, absl::Span<const AggregateBucket> buckets,
              const Counting& counting) {
  int64_t total = 0;
  for (const AggregateBucket& bucket : buckets) {
    if (!counting.Has(bucket.number)) continue;
    const int64_t added = spec.function == AggregateFunction::kCount ? bucket.count : bucket.sum;
    if (__builtin_add_overflow(total, added, &total)) {
      return Value::Error(expr::ErrorCode::kOverflow);
    }
  }
  if (spec.type.Is(expr::TypeKind::kMoney)) return Value::OfMoney(Money{total, spec.currency});
  if (spec.type.Is(expr::TypeKind::kDecimal)) return Value::OfDecimal(Decimal{total});
  return Value::Int(total);
}

// How many of what a sum counts in are one of what people count in.
double UnitsOf(const AggregateSpec& spec) {
  if (spec.operand_type.Is(expr::TypeKind::kDecimal)) return 1000;
  double units = 1;
  if (spec.operand_type.Is(expr::TypeKind::kMoney)) {
    for (int digit = 0; digit < spec.currency.minor_digits(); ++digit) units *= 10;
  }
  return units;
}

Value DecayedOf(const AggregateSpec& spec, absl::Span<const AggregateBucket> buckets,
                const Counting& counting) {
  double total = 0;
  for (const AggregateBucket& bucket : buckets) {
    if (!counting.Has(bucket.number)) continue;
    const auto age = static_cast<double>(counting.through - bucket.number);
    total += static_cast<double>(bucket.sum) * HalfToThe(age / spec.half_life);
  }
  return Value::Double(total / UnitsOf(spec));
}

Value BestOf(const AggregateSpec& spec, absl::Span<const AggregateCell> cells,
             const Counting& counting, absl::Time now) {
  const bool by_time = spec.function == AggregateFunction::kFirst ||  //
                       spec.function == AggregateFunction::kLast;
  const AggregateCell* best = nullptr;
  for (const AggregateCell& cell : cells) {
    if (!counting.Has(cell.bucket) || (by_time && cell.time > now)) continue;
    if (best == nullptr || IsBetter(spec.function, cell, *best)) best = &cell;
  }
  return best == nullptr ? Value::Absent() : best->value;
}

Value TopOf(const AggregateSpec& spec, absl::Span<const AggregateCell> cells,
            const Counting& counting, expr::Arena& memory) {
  struct Ranked {
    Value value;
    int64_t weight = 0;
  };
  auto* ranked = memory.NewArray<Ranked>(cells.size());
  size_t count = 0;
  for (const AggregateCell& cell : cells) {
    if (counting.Has(cell.bucket)) ranked[count++] = {cell.value, cell.weight};
  }
  std::sort(ranked, ranked + count,
            [](const Ranked& a, const Ranked& b) { return CompareKept(a.value, b.value) < 0; });
  size_t distinct = 0;
  for (size_t i = 0; i < count; ++i) {
    if (distinct == 0 || CompareKept(ranked[distinct - 1].value, ranked[i].value) != 0) {
      ranked[distinct++] = ranked[i];
    } else if (__builtin_add_overflow(ranked[distinct - 1].weight, ranked[i].weight,
                                      &ranked[distinct - 1].weight)) {
      ranked[distinct - 1].weight = INT64_MAX;
    }
  }
  std::sort(ranked, ranked + distinct, [](const Ranked& a, const Ranked& b) {
    return a.weight != b.weight ? a.weight > b.weight : CompareKept(a.value, b.value) < 0;
  });
  const size_t size = std::min(distinct, static_cast<size_t>(spec.k));
  auto* elements = memory.NewArray<Value>(size);
  for (size_t i = 0; i < size; ++i) elements[i] = ranked[i].value;
  auto* list = memory.NewArray<expr::ListData>(1);
  list->elements = elements;
  list->size = static_cast<uint32_t>(size);
  return Value::List(list);
}

Value OpenOf(const AggregateSpec& spec, absl::Span<const AggregateCell> cells, absl::Time now) {
  int64_t open = 0;
  absl::Time oldest = absl::InfiniteFuture();
  for (const AggregateCell& cell : cells) {
    if (cell.closed || cell.time > now) continue;
    ++open;
    oldest = std::min(oldest, cell.time);
  }
  if (spec.function == AggregateFunction::kOpen) return Value::Int(open);
  return open == 0 ? Value::Absent() : Value::Timestamp(oldest);
}

}  // namespace

int64_t BucketOf(const TrailingWindow& window, absl::Time time, absl::TimeZone zone) {
  switch (window.unit) {
    case TrailingWindow::Unit::kEver:
      return 0;
    case TrailingWindow::Unit::kDays:
      return absl::ToCivilDay(time, zone) - absl::CivilDay(1970, 1, 1);
    case TrailingWindow::Unit::kHours:
      return HourOf(time);
  }
  return 0;
}

int64_t FirstBucket(const TrailingWindow& window, absl::Time now, absl::TimeZone zone) {
  if (window.unit == TrailingWindow::Unit::kEver) return 0;
  return BucketOf(window, now, zone) - (window.count - 1);
}

int64_t CurrentBuckets::In(const TrailingWindow& window) const {
  switch (window.unit) {
    case TrailingWindow::Unit::kEver:
      return 0;
    case TrailingWindow::Unit::kDays:
      return day;
    case TrailingWindow::Unit::kHours:
      return hour;
  }
  return 0;
}

CurrentBuckets BucketsAt(absl::Time now, absl::TimeZone zone) {
  return {.time = now,
          .day = BucketOf({TrailingWindow::Unit::kDays, 1}, now, zone),
          .hour = HourOf(now)};
}

Value AggregateValue(const AggregateSpec& spec, const AggregateState& state,
                     const CurrentBuckets& now, expr::Arena& memory) {
  if (state.stale) return Value::Absent();
  const Counting counting = CountingAt(spec.window, now);
  switch (spec.function) {
    case AggregateFunction::kCount:
    case AggregateFunction::kSum:
      return TotalOf(spec, state.buckets, counting);
    case AggregateFunction::kDecayed:
      return DecayedOf(spec, state.buckets, counting);
    case AggregateFunction::kMin:
    case AggregateFunction::kMax:
    case AggregateFunction::kFirst:
    case AggregateFunction::kLast:
      return BestOf(spec, state.cells, counting, now.time);
    case AggregateFunction::kTop:
      return TopOf(spec, state.cells, counting, memory);
    case AggregateFunction::kOpen:
    case AggregateFunction::kOldestOpen:
      return OpenOf(spec, state.cells, now.time);
    case AggregateFunction::kDistinct:
      return Value::Int(
          CountDistinct(state.is_sketch, state.distinct, counting.from, counting.through));
  }
  return Value::Absent();
}

bool IsBetter(AggregateFunction function, const AggregateCell& cell, const AggregateCell& other) {
  const int by_value = CompareKept(cell.value, other.value);
  switch (function) {
    case AggregateFunction::kMin:
      return by_value < 0;
    case AggregateFunction::kMax:
      return by_value > 0;
    case AggregateFunction::kFirst:
      return cell.time != other.time ? cell.time < other.time : by_value < 0;
    default:
      assert(function == AggregateFunction::kLast);
      return cell.time != other.time ? cell.time > other.time : by_value > 0;
  }
}

int CompareKept(const Value& a, const Value& b) {
  assert(a.kind() == b.kind());
  switch (a.kind()) {
    case Kind::kDouble:
      return Compare(a.double_value(), b.double_value());
    case Kind::kDecimal:
      return Compare(a.decimal_value().thousandths, b.decimal_value().thousandths);
    case Kind::kMoney:
      return Compare(a.money_value().amount_minor, b.money_value().amount_minor);
    case Kind::kTimestamp:
      return Compare(a.timestamp_value(), b.timestamp_value());
    case Kind::kBool:
      return Compare(a.bool_value(), b.bool_value());
    case Kind::kString:
      return a.string_value().compare(b.string_value());
    default:
      return Compare(a.int_value(), b.int_value());
  }
}

}  // namespace touchstone::rules
