#pragma once

// Requests ready to be sent: serialized once, each send with a transaction id of its own.
//
// A second request of the same transaction would be a retry, which a server may answer more
// cheaply; so every send replaces the id by one of constant length: `RUN-0000000123`.
// Thread safety: const after construction. Cost of Fill: one copy of the request.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::bench {

class RequestBodies {
 public:
  // `run` differs between runs against one server; 1 to 40 bytes of [A-Za-z0-9._-], else
  // InvalidArgument.
  static absl::StatusOr<RequestBodies> Create(absl::Span<const v1::DecideRequest> requests,
                                              absl::string_view run);

  // The request of that number, the requests taken in turn, in place of what `bytes` held.
  void Fill(uint64_t number, std::string* bytes) const;

  size_t size() const { return bodies_.size(); }
  size_t median_bytes() const;

 private:
  struct Body {
    std::string bytes;
    size_t number_at = 0;  // where the number's digits stand
  };
  std::vector<Body> bodies_;
};

}  // namespace touchstone::bench
