#include "tests/store/aggregate_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

namespace touchstone::store {
namespace {

using Kind = AggregateView::Kind;

ModelValue ModelOf(ValueType type, absl::string_view currency, int64_t payload,
                   absl::string_view text) {
  long double number = static_cast<long double>(payload);
  if (type == ValueType::kDouble) {
    double as_double;
    std::memcpy(&as_double, &payload, sizeof(as_double));
    number = as_double;
  }
  return {static_cast<int>(type), std::string(currency), number, std::string(text)};
}

ModelValue ModelOf(const Value& value) {
  return ModelOf(value.type(), value.currency_code(), value.inline_payload(), value.heap_payload());
}

ModelValue ModelOf(const ValueView& value) {
  const bool is_text = value.type() == ValueType::kString;
  return ModelOf(value.type(), value.currency_code(), is_text ? 0 : value.inline_payload(),
                 is_text ? value.string_value() : absl::string_view());
}

// The latest time of a case, and whether an event of that time closed it.
std::pair<int64_t, bool> LatestOf(const std::vector<std::pair<int64_t, bool>>& events) {
  return *std::max_element(events.begin(), events.end());
}

uint8_t RankOf(uint64_t hash) {
  uint8_t rank = 1;
  for (int bit = 55; bit >= 0 && (hash >> bit & 1) == 0; --bit) ++rank;
  return rank;
}

}  // namespace

std::map<uint32_t, AggregateContents> ContentsOf(const RecordView& record) {
  std::map<uint32_t, AggregateContents> all;
  for (size_t i = 0; i < record.aggregate_count(); ++i) {
    const std::optional<AggregateView> view = record.aggregate(i);
    if (!view.has_value()) continue;
    AggregateContents contents{view->kind(), view->stale(), view->incomplete(), 0, false, {}, {}};
    if (view->kind() == Kind::kCells) {
      contents.rule = static_cast<int>(view->rule());
      for (size_t j = 0; j < view->cell_count(); ++j) {
        const CellView cell = view->cell(j);
        contents.cells.push_back(
            {cell.bucket, cell.time_us, cell.number, cell.closed, ModelOf(cell.value)});
      }
    } else if (view->kind() == Kind::kDistinct) {
      contents.is_sketch = view->is_sketch();
      for (size_t j = 0; j < view->entry_count(); ++j) contents.entries.push_back(view->entry(j));
    }
    all.emplace(view->id(), contents);
  }
  return all;
}

AggregateModel::Aggregate* AggregateModel::Find(uint32_t id, Kind kind, CellRule rule) {
  const auto [at, is_new] = aggregates_.try_emplace(id);
  if (is_new) {
    at->second.kind = kind;
    at->second.rule = rule;
  }
  return at->second.kind == kind && at->second.rule == rule ? &at->second : nullptr;
}

size_t AggregateModel::Aggregate::size() const {
  size_t size = buckets.size() + cases.size() + hashes.size();
  for (const auto& [bucket, values] : weights) size += values.size();
  return size;
}

void AggregateModel::ForgetIfEmpty(uint32_t id) {
  const Aggregate& aggregate = aggregates_.at(id);
  if (aggregate.size() == 0 && !aggregate.stale && !aggregate.incomplete) aggregates_.erase(id);
}

void AggregateModel::AddToBuckets(uint32_t aggregate) {
  Find(aggregate, Kind::kBuckets, CellRule::kLeast);
}

void AggregateModel::AddToCells(const RecordPatch::CellIncrement& increment) {
  Aggregate* aggregate = Find(increment.aggregate, Kind::kCells, increment.rule);
  if (aggregate == nullptr) return;
  const ModelValue value = ModelOf(*increment.value);
  const bool counts = !std::isnan(std::get<2>(value));
  const int32_t keep_from = increment.keep_from_bucket;
  size_t room = 1024;
  if (increment.rule == CellRule::kCases) {
    room = 256;
    aggregate->cases[value].emplace_back(increment.time_us, increment.closes);
  } else if (counts && increment.rule == CellRule::kTop) {
    room = 256;
    auto& weights = aggregate->weights;
    long double& weight = weights[increment.bucket][value];
    weight = std::min<long double>(weight + static_cast<long double>(increment.number),
                                   std::numeric_limits<int64_t>::max());
    if (weight <= 0) weights[increment.bucket].erase(value);
    std::erase_if(weights, [&](const auto& bucket) {
      return bucket.first < keep_from || bucket.second.empty();
    });
  } else if (counts) {
    aggregate->buckets[increment.bucket].emplace_back(increment.time_us, value);
    std::erase_if(aggregate->buckets, [&](const auto& bucket) { return bucket.first < keep_from; });
  }
  if (aggregate->size() > room) aggregate->DropOne();
  ForgetIfEmpty(increment.aggregate);
}

void AggregateModel::Aggregate::DropOne() {
  incomplete = true;
  if (rule == CellRule::kTop) {
    std::map<ModelValue, long double>& lowest = weights.begin()->second;
    std::vector<std::pair<long double, ModelValue>> candidates;
    for (const auto& [value, weight] : lowest) candidates.emplace_back(-weight, value);
    lowest.erase(std::max_element(candidates.begin(), candidates.end())->second);
    if (lowest.empty()) weights.erase(weights.begin());
  } else if (rule == CellRule::kCases) {
    // Closed before open; then the least latest time, the least earliest time, the least name.
    std::vector<std::tuple<bool, int64_t, int64_t, ModelValue>> candidates;
    for (const auto& [name, events] : cases) {
      const auto [latest, closed] = LatestOf(events);
      const int64_t earliest = std::min_element(events.begin(), events.end())->first;
      candidates.emplace_back(!closed, latest, earliest, name);
    }
    cases.erase(std::get<3>(*std::min_element(candidates.begin(), candidates.end())));
  } else {
    buckets.erase(buckets.begin());
  }
}

void AggregateModel::AddDistinct(const RecordPatch::DistinctIncrement& increment) {
  Aggregate* aggregate = Find(increment.aggregate, Kind::kDistinct, CellRule::kLeast);
  if (aggregate == nullptr) return;
  auto& hashes = aggregate->hashes;
  const auto prune = [&] {
    for (auto& [hash, buckets] : hashes) {
      buckets.erase(buckets.begin(), buckets.lower_bound(increment.keep_from_bucket));
    }
    std::erase_if(hashes, [](const auto& seen) { return seen.second.empty(); });
  };
  prune();
  if (hashes.empty()) aggregate->is_sketch = false;
  hashes[increment.hash].insert(increment.bucket);
  prune();
  if (hashes.size() > 256) aggregate->is_sketch = true;
  ForgetIfEmpty(increment.aggregate);
}

void AggregateModel::MarkStale(uint32_t aggregate) {
  const auto at = aggregates_.find(aggregate);
  if (at != aggregates_.end()) at->second.stale = true;
}

void AggregateModel::Clear(uint32_t aggregate) { aggregates_.erase(aggregate); }

std::vector<ModelCell> AggregateModel::Aggregate::Cells() const {
  std::vector<ModelCell> cells;
  for (const auto& [number, events] : buckets) {
    std::vector<std::pair<int64_t, ModelValue>> all = events;
    const bool by_time = rule == CellRule::kEarliest || rule == CellRule::kLatest;
    if (!by_time) {
      for (auto& [time_us, value] : all) time_us = 0;
    }
    std::sort(all.begin(), all.end());
    const bool first = rule == CellRule::kLeast || rule == CellRule::kEarliest;
    const auto& [time_us, value] = first ? all.front() : all.back();
    cells.push_back({number, time_us, 0, false, value});
  }
  for (const auto& [number, values] : weights) {
    for (const auto& [value, weight] : values) {
      cells.push_back({number, 0, static_cast<int64_t>(weight), false, value});
    }
  }
  for (const auto& [name, events] : cases) {
    const auto [latest, closed] = LatestOf(events);
    const int64_t earliest = std::min_element(events.begin(), events.end())->first;
    cells.push_back({0, earliest, latest, closed, name});
  }
  std::sort(cells.begin(), cells.end(), [](const ModelCell& a, const ModelCell& b) {
    return std::tie(a.bucket, a.time_us, a.value) < std::tie(b.bucket, b.time_us, b.value);
  });
  return cells;
}

std::vector<DistinctEntry> AggregateModel::Aggregate::Entries() const {
  std::vector<DistinctEntry> entries;
  if (!is_sketch) {
    for (const auto& [hash, buckets_seen] : hashes) {
      entries.push_back({hash, 0, 0, *buckets_seen.rbegin()});
    }
    return entries;
  }
  std::map<uint16_t, std::set<std::pair<int32_t, uint8_t>>> registers;  // bucket, rank
  for (const auto& [hash, buckets_seen] : hashes) {
    for (const int32_t bucket : buckets_seen) {
      registers[static_cast<uint16_t>(hash >> 56)].emplace(bucket, RankOf(hash));
    }
  }
  for (const auto& [reg, pairs] : registers) {
    for (auto pair = pairs.rbegin(); pair != pairs.rend(); ++pair) {
      const bool dominated = std::any_of(pairs.begin(), pairs.end(), [&](const auto& other) {
        return other != *pair && other.first >= pair->first && other.second >= pair->second;
      });
      if (!dominated) entries.push_back({0, reg, pair->second, pair->first});
    }
  }
  return entries;
}

AggregateContents AggregateModel::Aggregate::Contents() const {
  AggregateContents contents{kind, stale, incomplete, 0, is_sketch, Cells(), Entries()};
  if (kind == Kind::kCells) contents.rule = static_cast<int>(rule);
  return contents;
}

std::map<uint32_t, AggregateContents> AggregateModel::Contents() const {
  std::map<uint32_t, AggregateContents> all;
  for (const auto& [id, aggregate] : aggregates_) all.emplace(id, aggregate.Contents());
  return all;
}

}  // namespace touchstone::store
