#pragma once

// The request of `touchstone decide`: from a JSON or YAML file, or from flags.
//
// Thread safety: pure functions. Errors: InvalidArgument with a sentence that says what would be
// right.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::server {

struct DecideFlags {
  std::string channel;
  std::string store;
  std::string transaction;
  std::vector<std::string> identities;  // "loyalty_card:123"
  std::vector<std::string> lines;       // "SKU:QUANTITY:PRICE"
  std::vector<std::string> placements;
  std::vector<std::string> attributes;  // "weather=rain"
  std::string currency;
  std::string locale;
};
absl::StatusOr<v1::DecideRequest> RequestFromFlags(const DecideFlags& flags);

// By the file's ending: .yaml and .yml are YAML, everything else JSON. Field names as in the proto
// files, or in camel case.
absl::StatusOr<v1::DecideRequest> RequestFromFile(const std::string& path);
absl::StatusOr<v1::DecideRequest> RequestFromText(absl::string_view text, bool yaml,
                                                  const std::string& path);

}  // namespace touchstone::server
