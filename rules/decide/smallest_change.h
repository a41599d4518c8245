#pragma once

// The smallest amount that does something, found with few trials. Internal to this room.
//
// Thread safety: pure but for `reaches`. Cost: two trials where the first guess is right; else at
// most about twice the binary logarithm of what is between the bounds.

#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"

namespace touchstone::rules {

// What came of trying an amount.
struct Trial {
  bool reached = false;
  int64_t next_guess = 0;  // when not: an amount that may do; 0: none
};

// An amount above `too_little` and not above `most` that reaches it, while one less does not.
// Nothing when `most` does not reach it either, or `try_amount` gives nothing: no more trials may
// be made. REQUIRES: `too_little` is known not to reach it; guesses ascend.
std::optional<int64_t> SmallestChange(int64_t too_little, int64_t most,
                                      absl::Span<const int64_t> guesses,
                                      absl::FunctionRef<std::optional<Trial>(int64_t)> try_amount);

}  // namespace touchstone::rules
