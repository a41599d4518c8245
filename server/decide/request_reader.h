#pragma once

// From a request's bytes to the request, without a message a basket line.
//
// Lines are nine tenths of a request, and mostly ids and numbers: those that hold nothing else
// become views of the bytes. Whatever is not plainly that is protobuf's to read: a line of another
// kind, or, where the bytes are in any way out of the ordinary, the whole request. So what is
// refused, and how, is as protobuf says.
// Thread safety: one a thread. Lifetime: view() borrows from the reader and from the bytes until
// the next Read. Cost: no allocation of ours after warm-up.

#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/decide/request_view.h"
#include "server/rpc/rpc_error.h"

namespace touchstone::server {

class RequestReader {
 public:
  // What is wrong with the bytes, or nothing.
  std::optional<Violation> Read(absl::string_view bytes);

  RequestView view() const { return {&request_, lines_}; }
  const v1::DecideRequest& message() const { return request_; }

 private:
  // False: the bytes are not ordinary, and what was read of them is of no use.
  bool ReadOrdinary(absl::string_view bytes);
  bool ReadBasket(absl::string_view bytes);
  bool ReadLine(absl::string_view bytes);
  void ClearForReuse(bool has_context, bool has_basket);

  v1::DecideRequest request_;
  bool read_whole_ = false;  // protobuf read it: it may hold fields that nobody knows
  std::vector<LineView> lines_;
};

}  // namespace touchstone::server
