#pragma once

// Files of DecideRequests: what a load generator sends.
//
// Two forms, told apart by name: `*.jsonl` holds one request in JSON a line (blank lines are
// skipped); anything else holds each request as a varint length and its serialized bytes, as
// protobuf's delimited messages do.
// Thread safety: pure functions. Errors: NotFound, ResourceExhausted beyond the limits, and
// InvalidArgument with the place of what cannot be read.

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::bench {

inline constexpr size_t kMaxRequests = 1'000'000;
inline constexpr size_t kMaxRequestFileBytes = size_t{2} << 30;

// REQUIRES nothing of the file; an empty one is InvalidArgument: there is nothing to send.
absl::StatusOr<std::vector<v1::DecideRequest>> ReadRequests(const std::string& path);
absl::Status WriteRequests(absl::Span<const v1::DecideRequest> requests, const std::string& path);

absl::StatusOr<std::string> ReadWholeFile(const std::string& path);
// Through a temporary file beside it: readers see the old content or the new, whole.
absl::Status WriteWholeFile(absl::string_view content, const std::string& path);

}  // namespace touchstone::bench
