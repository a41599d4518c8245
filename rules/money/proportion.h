#pragma once

// Splits an amount in proportion to weights that come one after another, so that the parts sum to
// the whole exactly: each part is what the running total, rounded down, grows by. In contrast to
// allocation.h the order of the weights counts, and nothing has to be collected first.
//
// Thread safety: one thread. Cost: O(1), no allocation.

#include <cstdint>

#include "absl/numeric/int128.h"

namespace touchstone::rules {

class Proportion {
 public:
  // REQUIRES: 0 <= total <= weights, the sum of the weights to come.
  Proportion(int64_t total, int64_t weights) : total_(total), weights_(weights) {}

  // At most the weight. REQUIRES: weight >= 0.
  int64_t Next(int64_t weight) {
    passed_ += weight;
    const int64_t before = given_;
    if (weights_ > 0) given_ = SoFar();
    return given_ - before;
  }

 private:
  int64_t SoFar() const {
    int64_t product = 0;
    if (!__builtin_mul_overflow(total_, passed_, &product)) [[likely]]
      return product / weights_;
    return static_cast<int64_t>(absl::int128(total_) * passed_ / weights_);
  }

  int64_t total_;
  int64_t weights_;
  int64_t passed_ = 0;
  int64_t given_ = 0;
};

}  // namespace touchstone::rules
