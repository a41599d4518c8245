#pragma once

// Errors of calls: a canonical code, a stable reason, and the details that the contract promises.
//
// Every error carries google.rpc.Status with ErrorInfo in `grpc-status-details-bin`; BadRequest and
// RetryInfo where they apply. Texts are for developers and hold no personal data.
// Thread safety: pure functions.

#include <grpcpp/support/status.h>

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "google/rpc/status.pb.h"
#include "touchstone/v1/error_reason.pb.h"

namespace touchstone::server {

// Clients refuse trailers of more than 8 KiB: violations beyond this are counted, not listed.
inline constexpr size_t kMaxViolationBytes = 5 * 1024;

struct Violation {
  std::string field;        // path from the request: "basket.lines[3].sku"
  std::string description;  // what is wrong and what would be right
  // Of INVALID_ARGUMENT. The error as a whole has that of its first violation.
  v1::ErrorReason reason = v1::ERROR_REASON_INVALID_REQUEST;
};

google::rpc::Status ErrorStatus(grpc::StatusCode code, v1::ErrorReason reason,
                                absl::string_view message);
grpc::Status RpcError(grpc::StatusCode code, v1::ErrorReason reason, absl::string_view message);
// As an answer of a whole call.
grpc::Status RpcError(const google::rpc::Status& status);

// An error of a whole call as the error of one item of it. REQUIRES: not OK.
google::rpc::Status ItemError(const grpc::Status& status);

// INVALID_ARGUMENT with every violation. REQUIRES: at least one.
grpc::Status InvalidRequest(absl::Span<const Violation> violations);
// The same as the error of one item of a batch.
google::rpc::Status InvalidItem(absl::Span<const Violation> violations);

// The same error with other names of the fields that it finds fault with.
google::rpc::Status RenameFields(const google::rpc::Status& status,
                                 absl::FunctionRef<std::string(absl::string_view field)> rename);

// RESOURCE_EXHAUSTED OVERLOADED.
grpc::Status Overloaded(absl::Duration retry_after, absl::string_view message);

}  // namespace touchstone::server
