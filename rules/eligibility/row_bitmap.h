#pragma once

// Sets of rows as bits, in blocks that a probe works through one by one.
//
// Thread safety: plain data.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace touchstone::rules {

// Two words at once is what every x86-64 and ARM64 can do.
using RowWords = uint64_t __attribute__((vector_size(16)));

struct alignas(64) RowBlock {
  std::array<RowWords, 4> lanes = {};
  uint64_t word(size_t i) const { return lanes[i / 2][i % 2]; }
};
inline constexpr size_t kBlockWords = 8;
inline constexpr size_t kBlockRows = kBlockWords * 64;

inline RowBlock And(const RowBlock& a, const RowBlock& b) {
  return {{a.lanes[0] & b.lanes[0], a.lanes[1] & b.lanes[1], a.lanes[2] & b.lanes[2],
           a.lanes[3] & b.lanes[3]}};
}
inline RowBlock Or(const RowBlock& a, const RowBlock& b) {
  return {{a.lanes[0] | b.lanes[0], a.lanes[1] | b.lanes[1], a.lanes[2] | b.lanes[2],
           a.lanes[3] | b.lanes[3]}};
}
inline RowBlock AndNot(const RowBlock& a, const RowBlock& b) {
  return {{a.lanes[0] & ~b.lanes[0], a.lanes[1] & ~b.lanes[1], a.lanes[2] & ~b.lanes[2],
           a.lanes[3] & ~b.lanes[3]}};
}
inline bool IsZero(const RowBlock& block) {
  const RowWords any = block.lanes[0] | block.lanes[1] | block.lanes[2] | block.lanes[3];
  return (any[0] | any[1]) == 0;
}

inline constexpr size_t BlocksFor(size_t rows) { return (rows + kBlockRows - 1) / kBlockRows; }

inline RowWords& LaneOf(RowBlock* blocks, uint32_t row) {
  return blocks[row / kBlockRows].lanes[row / 128 % 4];
}
inline uint64_t BitOf(uint32_t row) { return uint64_t{1} << row % 64; }
inline void SetRow(RowBlock* blocks, uint32_t row) {
  LaneOf(blocks, row)[row / 64 % 2] |= BitOf(row);
}
inline void ClearRow(RowBlock* blocks, uint32_t row) {
  LaneOf(blocks, row)[row / 64 % 2] &= ~BitOf(row);
}
inline void FlipRow(RowBlock* blocks, uint32_t row) {
  LaneOf(blocks, row)[row / 64 % 2] ^= BitOf(row);
}

inline uint32_t CountRows(absl::Span<const RowBlock> blocks) {
  int count = 0;
  for (const RowBlock& block : blocks) {
    for (size_t i = 0; i < kBlockWords; ++i) count += __builtin_popcountll(block.word(i));
  }
  return static_cast<uint32_t>(count);
}

// The rows that one dimension does not rule out.
struct RowColumn {
  const RowBlock* blocks = nullptr;
  uint32_t count = 0;  // of rows; of a column made for the probe, about how many
};

// Bitmaps over the same rows, one behind the other.
class RowBitmaps {
 public:
  explicit RowBitmaps(size_t rows) : blocks_each_(BlocksFor(rows)) {}

  // The number of the bitmap.
  uint32_t Add(absl::Span<const RowBlock> bitmap) {
    blocks_.insert(blocks_.end(), bitmap.begin(), bitmap.end());
    counts_.push_back(CountRows(bitmap));
    return static_cast<uint32_t>(counts_.size() - 1);
  }
  absl::Span<const RowBlock> at(uint32_t bitmap) const {
    return absl::MakeConstSpan(blocks_).subspan(bitmap * blocks_each_, blocks_each_);
  }
  RowColumn Column(uint32_t bitmap) const { return {at(bitmap).data(), counts_[bitmap]}; }
  size_t blocks_each() const { return blocks_each_; }
  void Finish() {
    blocks_.shrink_to_fit();
    counts_.shrink_to_fit();
  }
  size_t memory_bytes() const {
    return blocks_.capacity() * sizeof(RowBlock) + counts_.capacity() * sizeof(uint32_t);
  }

 private:
  size_t blocks_each_;
  std::vector<RowBlock> blocks_;
  std::vector<uint32_t> counts_;
};

}  // namespace touchstone::rules
