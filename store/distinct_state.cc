#include "store/distinct_state.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "store/record_layout.h"

namespace touchstone::store {

using layout::AppendNumber;

DistinctState::DistinctState(const AggregateView& view) : is_sketch_(view.is_sketch()) {
  entries_.reserve(view.entry_count() + 1);
  for (size_t i = 0; i < view.entry_count(); ++i) entries_.push_back(view.entry(i));
}

void DistinctState::Add(absl::string_view operation) {
  const char* at = operation.data();
  const uint64_t hash = LoadNumber<uint64_t>(at + 4);
  const int32_t bucket = LoadNumber<int32_t>(at + 12);
  const int32_t keep_from = LoadNumber<int32_t>(at + 16);
  std::erase_if(entries_, [&](const DistinctEntry& entry) { return entry.bucket < keep_from; });
  if (entries_.empty()) is_sketch_ = false;
  if (bucket < keep_from) return;
  if (is_sketch_) {
    AddPair(hash, bucket);
  } else {
    AddHash(hash, bucket);
    if (entries_.size() > kMaxDistinctValues) BecomeSketch();
  }
}

void DistinctState::AddHash(uint64_t hash, int32_t bucket) {
  const auto at = std::lower_bound(
      entries_.begin(), entries_.end(), hash,
      [](const DistinctEntry& entry, uint64_t wanted) { return entry.hash < wanted; });
  if (at == entries_.end() || at->hash != hash) {
    entries_.insert(at, DistinctEntry{hash, 0, 0, bucket});
  } else {
    at->bucket = std::max(at->bucket, bucket);
  }
}

void DistinctState::AddPair(uint64_t hash, int32_t bucket) {
  constexpr int kRankBits = 56;
  const uint16_t reg = static_cast<uint16_t>(hash >> kRankBits);
  // Without the register's bits; the one behind the rank's ends the count when all are zero.
  const uint64_t rest = hash << (64 - kRankBits) | uint64_t{1} << (63 - kRankBits);
  const uint8_t rank = static_cast<uint8_t>(1 + std::countl_zero(rest));
  // In a register, buckets descend and ranks ascend: what the new pair dominates lies together,
  // from the first bucket that is not greater on, as far as the ranks are not greater.
  auto begin = std::lower_bound(entries_.begin(), entries_.end(), std::pair(reg, bucket),
                                [](const DistinctEntry& entry, std::pair<uint16_t, int32_t> pair) {
                                  if (entry.reg != pair.first) return entry.reg < pair.first;
                                  return entry.bucket > pair.second;
                                });
  const auto is_of_register = [&](const DistinctEntry& entry) { return entry.reg == reg; };
  // Of the greater buckets, the one before has the greatest rank.
  if (begin != entries_.begin() && is_of_register(begin[-1]) && begin[-1].rank >= rank) return;
  if (begin != entries_.end() && is_of_register(*begin) && begin->bucket == bucket &&
      begin->rank >= rank) {
    return;
  }
  const auto end = std::find_if(begin, entries_.end(), [&](const DistinctEntry& entry) {
    return !is_of_register(entry) || entry.rank > rank;
  });
  begin = entries_.erase(begin, end);
  entries_.insert(begin, DistinctEntry{0, reg, rank, bucket});
}

void DistinctState::BecomeSketch() {
  if (is_sketch_) return;
  is_sketch_ = true;
  for (const DistinctEntry& value : std::exchange(entries_, {})) AddPair(value.hash, value.bucket);
}

void DistinctState::AppendTo(std::string* out) const {
  AppendNumber(out, static_cast<uint8_t>(is_sketch_ ? layout::kSketch : layout::kHashes));
  for (const DistinctEntry& entry : entries_) {
    if (is_sketch_) {
      AppendNumber(out, static_cast<uint8_t>(entry.reg));
      AppendNumber(out, entry.rank);
    } else {
      AppendNumber(out, entry.hash);
    }
    AppendNumber(out, entry.bucket);
  }
}

}  // namespace touchstone::store
