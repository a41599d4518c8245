#pragma once

// Answers of Decide: what a load generator looks at in each of them, and a realistic one of a
// stated size for the echo.
//
// Thread safety: CompletenessOf and RealisticResponse are pure functions; MedianAnswer belongs to
// one thread.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::bench {

// The `completeness` of a serialized DecideResponse, found without parsing the rest;
// COMPLETENESS_UNSPECIFIED when it is not there, nullopt when the bytes are no message.
std::optional<v1::Completeness> CompletenessOf(absl::string_view response);

// A COMPLETE answer for a basket of 20 lines and one placement, its reasons padded to `bytes`
// serialized bytes: exactly, or as near as can be (one byte off where a length takes another
// byte), or its natural size (about 700 bytes) when that is larger.
v1::DecideResponse RealisticResponse(size_t bytes);

// Keeps the first answers that it sees and gives the one of median size.
class MedianAnswer {
 public:
  static constexpr size_t kMaxKept = 4096;

  void Add(absl::string_view response);
  void Merge(const MedianAnswer& other);
  // Empty when there was none.
  std::string Take();

 private:
  std::vector<std::string> kept_;
};

}  // namespace touchstone::bench
