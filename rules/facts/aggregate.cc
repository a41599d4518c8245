#include "rules/facts/aggregate.h"

#include <algorithm>
#include <optional>

#include "absl/time/civil_time.h"
#include "rules/facts/event_layout.h"
#include "rules/facts/layout.h"

namespace touchstone::rules {
namespace {

using expr::Kind;
using expr::Value;

// Hours of UTC; floors, so that moments before 1970 have their own.
int64_t HourOf(absl::Time time) {
  return absl::ToInt64Hours(absl::Floor(time - absl::UnixEpoch(), absl::Hours(1)));
}

std::optional<int64_t> AddChecked(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

// A bare amount (ten-thousandths of a major unit) in minor units, if it is a whole number of them.
std::optional<int64_t> BareAmountToMinor(int64_t ten_thousandths, int minor_digits) {
  int64_t divisor = 1;
  for (int digits = minor_digits; digits < 4; ++digits) divisor *= 10;
  if (minor_digits > 4 || ten_thousandths % divisor != 0) return std::nullopt;
  return ten_thousandths / divisor;
}

// What a sum's operand adds; nullopt when it is an error or in another currency.
std::optional<int64_t> Addend(const AggregateSpec& spec, const Value& value) {
  switch (value.kind()) {
    case Kind::kInt:
      return value.int_value();
    case Kind::kDecimal:
      return value.decimal_value().thousandths;
    case Kind::kMoney: {
      const Money money = value.money_value();
      if (money.currency.is_none()) {
        return BareAmountToMinor(money.amount_minor, spec.currency.minor_digits());
      }
      if (money.currency != spec.currency) return std::nullopt;
      return money.amount_minor;
    }
    default:
      return std::nullopt;
  }
}

// The rows of one event, complete with the products' columns.
class BoundEvent {
 public:
  BoundEvent(const Schema& schema, const EventFacts& event, const ReferenceTable& products)
      : zone_(schema.zone) {
    const EventLayout layout(schema, *event.type);
    row_.assign(event.row.begin(), event.row.end());
    row_.resize(layout.event_row_size());
    row_[kSlotEventTime] = Value::Timestamp(event.time);
    for (const absl::Span<const Value> line : event.lines) {
      std::vector<Value>& bound = lines_.emplace_back(line.begin(), line.end());
      bound.resize(layout.line_row_size());
      layout.BindProduct(products, absl::MakeSpan(bound));
    }
  }

  size_t line_count() const { return lines_.size(); }
  expr::Frame FrameFor(std::optional<size_t> line) const {
    expr::Frame frame;
    frame.rows[kDecisionRow] = row_;
    if (line) frame.rows[kLineRow] = lines_[*line];
    frame.zone = zone_;
    return frame;
  }

 private:
  absl::TimeZone zone_;
  std::vector<Value> row_;
  std::vector<std::vector<Value>> lines_;
};

enum class Holds : uint8_t { kNo, kYes, kError };

Holds HoldsFor(const AggregateSpec& spec, const expr::Frame& frame, expr::Scratch& scratch) {
  if (!spec.where) return Holds::kYes;
  const Value holds = spec.where->Evaluate(frame, scratch);
  return holds.IsTrue() ? Holds::kYes : holds.IsFalse() ? Holds::kNo : Holds::kError;
}

// Whether the event counts at all: once, if any of its lines does when `where` is about lines.
Holds EventHolds(const AggregateSpec& spec, const BoundEvent& event, expr::Scratch& scratch) {
  if (!spec.per_line) return HoldsFor(spec, event.FrameFor(std::nullopt), scratch);
  Holds any = Holds::kNo;
  for (size_t line = 0; line < event.line_count(); ++line) {
    const Holds holds = HoldsFor(spec, event.FrameFor(line), scratch);
    if (holds == Holds::kYes) return holds;
    if (holds == Holds::kError) any = holds;
  }
  return any;
}

// Adds what one evaluation of a sum yields; false when it has to be skipped.
bool AddTo(const AggregateSpec& spec, const expr::Frame& frame, expr::Scratch& scratch,
           int64_t& sum) {
  const Holds holds = HoldsFor(spec, frame, scratch);
  if (holds == Holds::kNo) return true;
  const std::optional<int64_t> addend =
      holds == Holds::kYes ? Addend(spec, spec.operand->Evaluate(frame, scratch)) : std::nullopt;
  const std::optional<int64_t> total = addend ? AddChecked(sum, *addend) : std::nullopt;
  // The smallest number has no negative, which taking the event back would need.
  if (!total || *total == INT64_MIN) return false;
  sum = *total;
  return true;
}

std::optional<int64_t> SumOf(const AggregateSpec& spec, const BoundEvent& event,
                             expr::Scratch& scratch, int& skipped) {
  int64_t sum = 0;
  if (!spec.per_line) {
    if (!AddTo(spec, event.FrameFor(std::nullopt), scratch, sum)) ++skipped;
  } else {
    for (size_t line = 0; line < event.line_count(); ++line) {
      if (!AddTo(spec, event.FrameFor(line), scratch, sum)) ++skipped;
    }
  }
  if (sum == 0) return std::nullopt;
  return sum;
}

Value SumValue(const AggregateSpec& spec, int64_t sum) {
  switch (spec.type.kind()) {
    case expr::TypeKind::kMoney:
      return Value::OfMoney(Money{sum, spec.currency});
    case expr::TypeKind::kDecimal:
      return Value::OfDecimal(Decimal{sum});
    default:
      return Value::Int(sum);
  }
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

EventIncrements IncrementsOf(const Schema& schema, const EventFacts& event,
                             const ReferenceTable& products, expr::Scratch& scratch) {
  EventIncrements result;
  const BoundEvent bound(schema, event, products);
  const int64_t sign = event.takes_back ? -1 : 1;
  for (const AggregateSpec& spec : schema.aggregates) {
    if (spec.event_type != event.type->name) continue;
    scratch.Reset();
    AggregateIncrement increment;
    increment.aggregate = spec.id;
    increment.bucket = BucketOf(spec.window, event.time, schema.zone);
    if (spec.function == AggregateFunction::kSum) {
      const std::optional<int64_t> sum = SumOf(spec, bound, scratch, result.skipped);
      if (!sum) continue;
      increment.sum = sign * *sum;
    } else {
      const Holds holds = EventHolds(spec, bound, scratch);
      if (holds == Holds::kError) ++result.skipped;
      if (holds != Holds::kYes) continue;
      if (spec.function == AggregateFunction::kLast) {
        if (event.takes_back) continue;
        increment.last = event.time;
      } else {
        increment.count = sign;
      }
    }
    result.increments.push_back(increment);
  }
  return result;
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

Value AggregateValue(const AggregateSpec& spec, absl::Span<const AggregateBucket> buckets,
                     const CurrentBuckets& now) {
  const int64_t current = now.In(spec.window);
  const int64_t first =
      spec.window.unit == TrailingWindow::Unit::kEver ? 0 : current - (spec.window.count - 1);
  int64_t total = 0;
  absl::Time last = absl::InfinitePast();
  for (const AggregateBucket& bucket : buckets) {
    if (bucket.number < first || bucket.number > current) continue;
    if (bucket.last <= now.time) last = std::max(last, bucket.last);
    const std::optional<int64_t> sum =
        AddChecked(total, spec.function == AggregateFunction::kCount ? bucket.count : bucket.sum);
    if (!sum) return Value::Error(expr::ErrorCode::kOverflow);
    total = *sum;
  }
  if (spec.function == AggregateFunction::kLast) {
    return last == absl::InfinitePast() ? Value::Absent() : Value::Timestamp(last);
  }
  return spec.function == AggregateFunction::kCount ? Value::Int(total) : SumValue(spec, total);
}

}  // namespace touchstone::rules
