#include "server/decide/aggregate_state.h"

#include "server/decide/fact_value.h"

namespace touchstone::server {

using Kind = store::AggregateView::Kind;
using rules::AggregateForm;
using rules::AggregateFunction;

static_assert(rules::kMaxAggregateUnits == store::kMaxBuckets);
static_assert(rules::kDistinctRegisters == store::kSketchRegisters);

store::CellRule CellRuleOf(AggregateFunction function) {
  switch (function) {
    case AggregateFunction::kMin:
      return store::CellRule::kLeast;
    case AggregateFunction::kMax:
      return store::CellRule::kGreatest;
    case AggregateFunction::kFirst:
      return store::CellRule::kEarliest;
    case AggregateFunction::kTop:
      return store::CellRule::kTop;
    case AggregateFunction::kOpen:
    case AggregateFunction::kOldestOpen:
      return store::CellRule::kCases;
    default:
      return store::CellRule::kLatest;
  }
}

std::optional<rules::AggregateState> AggregateStateReader::Read(const store::AggregateView& view,
                                                                const rules::AggregateSpec& spec,
                                                                rules::expr::Arena& memory) {
  std::optional<rules::AggregateState> state;
  switch (rules::FormOf(spec.function)) {
    case AggregateForm::kBuckets:
      if (view.kind() == Kind::kBuckets) state = ReadBuckets(view);
      break;
    case AggregateForm::kCells:
      if (view.kind() == Kind::kCells && view.rule() == CellRuleOf(spec.function)) {
        state = ReadCells(view, spec, memory);
      }
      break;
    case AggregateForm::kDistinct:
      if (view.kind() == Kind::kDistinct) state = ReadDistinct(view);
      break;
  }
  if (state.has_value()) state->stale = view.stale();
  return state;
}

rules::AggregateState AggregateStateReader::ReadBuckets(const store::AggregateView& view) {
  buckets_.clear();
  for (size_t i = 0; i < view.bucket_count(); ++i) {
    const store::Bucket bucket = view.bucket(i);
    buckets_.push_back({bucket.number, bucket.count, bucket.sum});
  }
  return {.buckets = buckets_};
}

rules::AggregateState AggregateStateReader::ReadCells(const store::AggregateView& view,
                                                      const rules::AggregateSpec& spec,
                                                      rules::expr::Arena& memory) {
  cells_.clear();
  const bool of_cases = view.rule() == store::CellRule::kCases;
  for (size_t i = 0; i < view.cell_count(); ++i) {
    const store::CellView stored = view.cell(i);
    rules::AggregateCell cell;
    cell.bucket = stored.bucket;
    cell.time = absl::FromUnixMicros(stored.time_us);
    cell.weight = stored.number;
    cell.closed = stored.closed;
    if (!of_cases) {
      const auto value = FromStored(stored.value, spec.operand_type, {}, memory);
      if (!value.has_value()) continue;
      cell.value = *value;
    }
    cells_.push_back(cell);
  }
  return {.cells = cells_};
}

rules::AggregateState AggregateStateReader::ReadDistinct(const store::AggregateView& view) {
  distinct_.clear();
  for (size_t i = 0; i < view.entry_count(); ++i) {
    const store::DistinctEntry entry = view.entry(i);
    distinct_.push_back({entry.hash, entry.reg, entry.rank, entry.bucket});
  }
  return {.distinct = distinct_, .is_sketch = view.is_sketch()};
}

}  // namespace touchstone::server
