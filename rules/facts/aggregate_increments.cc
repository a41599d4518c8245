#include "rules/facts/aggregate_increments.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "rules/facts/aggregate.h"
#include "rules/facts/event_layout.h"
#include "rules/facts/layout.h"

namespace touchstone::rules {
namespace {

using expr::Kind;
using expr::Value;

// A bare amount (ten-thousandths of a major unit) in minor units, if it is a whole number of them.
std::optional<int64_t> BareAmountToMinor(int64_t ten_thousandths, int minor_digits) {
  int64_t divisor = 1;
  for (int digits = minor_digits; digits < 4; ++digits) divisor *= 10;
  if (minor_digits > 4 || ten_thousandths % divisor != 0) return std::nullopt;
  return ten_thousandths / divisor;
}

std::optional<int64_t> MinorUnits(const AggregateSpec& spec, Money money) {
  if (money.currency.is_none()) {
    return BareAmountToMinor(money.amount_minor, spec.currency.minor_digits());
  }
  if (money.currency != spec.currency) return std::nullopt;
  return money.amount_minor;
}

// What a sum's operand adds; nullopt when it is an error or in another currency.
std::optional<int64_t> Addend(const AggregateSpec& spec, const Value& value) {
  switch (value.kind()) {
    case Kind::kInt:
      return value.int_value();
    case Kind::kDecimal:
      return value.decimal_value().thousandths;
    case Kind::kMoney:
      return MinorUnits(spec, value.money_value());
    default:
      return std::nullopt;
  }
}

bool NamesCases(AggregateFunction function) {
  return function == AggregateFunction::kOpen || function == AggregateFunction::kOldestOpen;
}

// The value in the form in which it is kept; nullopt when it cannot be.
std::optional<Value> Kept(const AggregateSpec& spec, const Value& value, expr::Arena& memory) {
  switch (value.kind()) {
    case Kind::kMoney: {
      const std::optional<int64_t> minor = MinorUnits(spec, value.money_value());
      if (!minor) return std::nullopt;
      return Value::OfMoney(Money{*minor, spec.currency});
    }
    case Kind::kString:
      if (spec.function != AggregateFunction::kDistinct &&
          value.string_value().size() > kMaxKeptTextBytes) {
        return std::nullopt;
      }
      return value;
    case Kind::kDouble:
      if (!std::isfinite(value.double_value())) return std::nullopt;
      return Value::Double(value.double_value() + 0.0);  // of the two zeros one
    case Kind::kTimestamp:
      return Value::TimestampParts(value.timestamp_seconds(),
                                   value.timestamp_nanos() / 1000 * 1000);
    case Kind::kInt:
      if (!NamesCases(spec.function)) return value;
      return Value::String(memory.Copy(absl::StrCat(value.int_value())));
    case Kind::kBool:
    case Kind::kDecimal:
      return value;
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

  // Calls `use` with the frame of each evaluation: the event's, or that of each line.
  template <typename Use>
  void ForEachFrame(bool per_line, const Use& use) const {
    expr::Frame frame;
    frame.rows[kDecisionRow] = row_;
    frame.zone = zone_;
    if (!per_line) return use(frame);
    for (const std::vector<Value>& line : lines_) {
      frame.rows[kLineRow] = line;
      use(frame);
    }
  }

 private:
  absl::TimeZone zone_;
  std::vector<Value> row_;
  std::vector<std::vector<Value>> lines_;
};

enum class Holds : uint8_t { kNo, kYes, kError };

Holds HoldsFor(const std::optional<expr::Program>& condition, const expr::Frame& frame,
               expr::Scratch& scratch) {
  if (!condition) return Holds::kYes;
  const Value holds = condition->Evaluate(frame, scratch);
  return holds.IsTrue() ? Holds::kYes : holds.IsFalse() ? Holds::kNo : Holds::kError;
}

// One value that the event gives an aggregate of cells or of distinct values.
struct Occurrence {
  Value value;
  int64_t weight = 1;
  bool closes = false;
  uint64_t hash = 0;
};

// The increments of one event.
class Increments {
 public:
  Increments(const Schema& schema, const EventFacts& event, const ReferenceTable& products,
             expr::Scratch& scratch)
      : schema_(schema), event_(event), bound_(schema, event, products), scratch_(scratch) {}

  void Add(const AggregateSpec& spec) {
    // Its own budget of steps; the values of those before it stay.
    scratch_.Refill(expr::limits::kDefaultStepLimit);
    next_ = AggregateIncrement();
    next_.aggregate = &spec;
    next_.bucket = BucketOf(spec.window, event_.time, schema_.zone);
    if (spec.function == AggregateFunction::kCount) return AddCount(spec);
    if (FormOf(spec.function) == AggregateForm::kBuckets) return AddSum(spec);
    FindOccurrences(spec);
    if (occurrences_.empty()) return;
    if (event_.takes_back) {
      next_.stale = true;
      result_.increments.push_back(next_);
      return;
    }
    Condense(spec.function);
    for (const Occurrence& occurrence : occurrences_) {
      next_.value = occurrence.value;
      next_.weight = occurrence.weight;
      next_.closes = occurrence.closes;
      next_.hash = occurrence.hash;
      result_.increments.push_back(next_);
    }
  }

  EventIncrements Take() { return std::move(result_); }

 private:
  // Once, if any of its lines does when `where` is about lines.
  void AddCount(const AggregateSpec& spec) {
    Holds any = Holds::kNo;
    bound_.ForEachFrame(spec.per_line, [&](const expr::Frame& frame) {
      if (any == Holds::kYes) return;
      const Holds holds = HoldsFor(spec.where, frame, scratch_);
      if (holds != Holds::kNo) any = holds;
    });
    if (any == Holds::kError) ++result_.skipped;
    if (any != Holds::kYes) return;
    next_.count = event_.takes_back ? -1 : 1;
    result_.increments.push_back(next_);
  }

  void AddSum(const AggregateSpec& spec) {
    int64_t sum = 0;
    bound_.ForEachFrame(spec.per_line, [&](const expr::Frame& frame) {
      const Holds holds = HoldsFor(spec.where, frame, scratch_);
      if (holds == Holds::kNo) return;
      const std::optional<int64_t> addend =
          holds == Holds::kYes ? Addend(spec, spec.operand->Evaluate(frame, scratch_))
                               : std::nullopt;
      int64_t total = 0;
      // The smallest number has no negative, which taking the event back would need.
      if (!addend || __builtin_add_overflow(sum, *addend, &total) ||
          total == std::numeric_limits<int64_t>::min()) {
        ++result_.skipped;
        return;
      }
      sum = total;
    });
    if (sum == 0) return;
    next_.sum = event_.takes_back ? -sum : sum;
    result_.increments.push_back(next_);
  }

  void FindOccurrences(const AggregateSpec& spec) {
    occurrences_.clear();
    bound_.ForEachFrame(spec.per_line, [&](const expr::Frame& frame) {
      const Holds holds = HoldsFor(spec.where, frame, scratch_);
      if (holds == Holds::kNo) return;
      const Holds closes = holds == Holds::kYes && spec.closed_when
                               ? HoldsFor(spec.closed_when, frame, scratch_)
                               : Holds::kNo;
      const std::optional<Value> value =
          holds == Holds::kYes && closes != Holds::kError
              ? Kept(spec, spec.operand->Evaluate(frame, scratch_), scratch_.arena())
              : std::nullopt;
      if (!value) {
        ++result_.skipped;
        return;
      }
      Occurrence& occurrence = occurrences_.emplace_back();
      occurrence.value = *value;
      occurrence.closes = closes == Holds::kYes;
      if (spec.function == AggregateFunction::kDistinct) occurrence.hash = DistinctHash(*value);
    });
  }

  // As many lines as an event may have, what it writes stays small.
  void Condense(AggregateFunction function) {
    if (occurrences_.size() < 2) return;
    const auto by_value = [](const Occurrence& a, const Occurrence& b) {
      return CompareKept(a.value, b.value) < 0;
    };
    switch (function) {
      case AggregateFunction::kMin:
      case AggregateFunction::kFirst:
        KeepOnly(std::min_element(occurrences_.begin(), occurrences_.end(), by_value));
        return;
      case AggregateFunction::kMax:
      case AggregateFunction::kLast:
        KeepOnly(std::max_element(occurrences_.begin(), occurrences_.end(), by_value));
        return;
      default:
        std::sort(occurrences_.begin(), occurrences_.end(), by_value);
        UniteEqual();
    }
    if (function == AggregateFunction::kTop) {
      std::stable_sort(
          occurrences_.begin(), occurrences_.end(),
          [](const Occurrence& a, const Occurrence& b) { return a.weight > b.weight; });
    }
    const bool bounded = function != AggregateFunction::kDistinct;
    if (bounded && occurrences_.size() > kMaxValuesOfEvent) occurrences_.resize(kMaxValuesOfEvent);
  }

  void KeepOnly(std::vector<Occurrence>::iterator one) {
    occurrences_ = std::vector<Occurrence>{*one};
  }

  // REQUIRES: in order of value.
  void UniteEqual() {
    size_t distinct = 1;
    for (size_t i = 1; i < occurrences_.size(); ++i) {
      Occurrence& last = occurrences_[distinct - 1];
      if (CompareKept(last.value, occurrences_[i].value) == 0) {
        ++last.weight;
        last.closes = last.closes || occurrences_[i].closes;
      } else {
        occurrences_[distinct++] = occurrences_[i];
      }
    }
    occurrences_.resize(distinct);
  }

  const Schema& schema_;
  const EventFacts& event_;
  const BoundEvent bound_;
  expr::Scratch& scratch_;
  AggregateIncrement next_;
  std::vector<Occurrence> occurrences_;
  EventIncrements result_;
};

}  // namespace

EventIncrements IncrementsOf(const Schema& schema, const EventFacts& event,
                             const ReferenceTable& products, expr::Scratch& scratch) {
  scratch.Reset();
  Increments increments(schema, event, products, scratch);
  for (const AggregateSpec& spec : schema.aggregates) {
    if (spec.event_type == event.type->name) increments.Add(spec);
  }
  return increments.Take();
}

}  // namespace touchstone::rules
