#pragma once

// "customers/{id}", "households/{id}" and "revisions/{n}": resource names of the contract.
//
// Thread safety: pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "server/rpc/rpc_error.h"

namespace touchstone::server {

std::string CustomerName(absl::string_view id);
std::string HouseholdName(absl::string_view id);
std::string RevisionName(uint64_t number);

// Nothing, and a violation at `field`, when the text is no such name.
std::optional<std::string> ParseCustomerName(absl::string_view name, absl::string_view field,
                                             std::vector<Violation>* violations);
std::optional<std::string> ParseHouseholdName(absl::string_view name, absl::string_view field,
                                              std::vector<Violation>* violations);
std::optional<uint64_t> ParseRevisionName(absl::string_view name, absl::string_view field,
                                          std::vector<Violation>* violations);

// Every write has one.
void CheckRequestId(absl::string_view request_id, std::vector<Violation>* violations);
// At most `most` characters of UTF-8.
void CheckText(absl::string_view text, size_t most, absl::string_view field,
               std::vector<Violation>* violations);

absl::Time ToTime(const google::protobuf::Timestamp& timestamp);
google::protobuf::Timestamp ToTimestamp(int64_t time_us);
inline google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  return ToTimestamp(absl::ToUnixMicros(time));
}

}  // namespace touchstone::server
