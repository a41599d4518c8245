#pragma once

// Decision ids: 128 bits in 26 characters of Crockford's base 32, in order of time.
//
// 48 bits of milliseconds since the epoch, 48 bits drawn when the process started, then thread and
// counter. So an id is unique over threads and restarts even where the clock steps back.
// Thread safety: a DecisionIds belongs to one thread. Cost: a few nanoseconds, nothing allocates.

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace touchstone::server {

inline constexpr size_t kDecisionIdBytes = 26;

class DecisionIds {
 public:
  // `process` is random and the same for all threads of the process; `thread` is below 1024.
  DecisionIds(uint64_t process, uint32_t thread);

  // Valid until the next call.
  absl::string_view Next(absl::Time now);

 private:
  uint64_t process_;
  uint32_t thread_;
  uint32_t count_ = 0;
  char text_[kDecisionIdBytes];
};

}  // namespace touchstone::server
