#include "store/aggregate_table.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "store/record.h"

namespace touchstone::store {

using layout::AppendNumber;

void AggregateTable::Load(const char* cells, size_t count, absl::string_view heap) {
  aggregates_.reserve(count + 1);
  for (size_t i = 0; i < count; ++i) {
    const char* cell = cells + i * layout::kAggregateBytes;
    const absl::string_view body =
        heap.substr(LoadNumber<uint32_t>(cell + 8), LoadNumber<uint32_t>(cell + 12));
    aggregates_.push_back(Aggregate{LoadNumber<uint32_t>(cell), static_cast<uint8_t>(cell[4]),
                                    static_cast<uint8_t>(cell[5]), LoadNumber<uint16_t>(cell + 6),
                                    body});
  }
}

AggregateTable::Iterator AggregateTable::Find(uint32_t id) {
  return std::lower_bound(
      aggregates_.begin(), aggregates_.end(), id,
      [](const Aggregate& aggregate, uint32_t wanted) { return aggregate.id < wanted; });
}

template <typename State>
AggregateTable::Iterator AggregateTable::Open(uint32_t id, State fresh) {
  const Iterator at = Find(id);
  if (at == aggregates_.end() || at->id != id) {
    if (aggregates_.size() >= kMaxAggregates) return aggregates_.end();
    return aggregates_.insert(
        at, Aggregate{id, static_cast<uint8_t>(State::kKind), 0, 0, std::move(fresh)});
  }
  if (at->kind != static_cast<uint8_t>(State::kKind)) return aggregates_.end();
  if (const auto* body = std::get_if<absl::string_view>(&at->state)) {
    const std::optional<AggregateView> view = AggregateView::Of(id, at->kind, at->flags, *body);
    if (!view.has_value()) return aggregates_.end();
    at->state.emplace<State>(*view);
  }
  return at;
}

void AggregateTable::ForgetIfEmpty(Iterator aggregate, bool is_empty) {
  if (is_empty && aggregate->flags == 0 && aggregate->reserved == 0) aggregates_.erase(aggregate);
}

void AggregateTable::AddToAggregate(absl::string_view operation) {
  const Iterator at = Open(LoadNumber<uint32_t>(operation.data()), BucketState());
  if (at != aggregates_.end()) std::get<BucketState>(at->state).Add(operation);
}

void AggregateTable::AddToCells(absl::string_view operation) {
  const CellRule rule = CellState::RuleOf(operation);
  const Iterator at = Open(LoadNumber<uint32_t>(operation.data()), CellState(rule));
  if (at == aggregates_.end()) return;
  CellState& state = std::get<CellState>(at->state);
  if (state.rule() != rule) return;
  if (state.Add(operation)) at->flags |= layout::kIncomplete;
  ForgetIfEmpty(at, state.empty());
}

void AggregateTable::AddDistinct(absl::string_view operation) {
  const Iterator at = Open(LoadNumber<uint32_t>(operation.data()), DistinctState());
  if (at == aggregates_.end()) return;
  DistinctState& state = std::get<DistinctState>(at->state);
  state.Add(operation);
  ForgetIfEmpty(at, state.empty());
}

void AggregateTable::MarkStale(uint32_t id) {
  const Iterator at = Find(id);
  if (at != aggregates_.end() && at->id == id) at->flags |= layout::kStale;
}

void AggregateTable::Clear(uint32_t id) {
  const Iterator at = Find(id);
  if (at != aggregates_.end() && at->id == id) aggregates_.erase(at);
}

std::string AggregateTable::Encode() const {
  std::string cells;
  std::string heap;
  for (const Aggregate& aggregate : aggregates_) {
    const size_t begin = heap.size();
    if (const auto* body = std::get_if<absl::string_view>(&aggregate.state)) {
      heap.append(body->data(), body->size());
    } else if (const auto* buckets = std::get_if<BucketState>(&aggregate.state)) {
      buckets->AppendTo(&heap);
    } else if (const auto* state = std::get_if<CellState>(&aggregate.state)) {
      state->AppendTo(&heap);
    } else {
      std::get<DistinctState>(aggregate.state).AppendTo(&heap);
    }
    AppendNumber(&cells, aggregate.id);
    AppendNumber(&cells, aggregate.kind);
    AppendNumber(&cells, aggregate.flags);
    AppendNumber(&cells, aggregate.reserved);
    AppendNumber(&cells, static_cast<uint32_t>(begin));
    AppendNumber(&cells, static_cast<uint32_t>(heap.size() - begin));
  }
  return cells += heap;
}

}  // namespace touchstone::store
