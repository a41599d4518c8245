#pragma once

// YAML in our dialect (docs/formats/rule-set.md) as JSON: every scalar becomes a string, which the
// JSON form of protobuf reads as whatever the field is.
//
// Thread safety: pure function. Errors: InvalidArgument with the first finding, rendered.

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace touchstone::server {

absl::StatusOr<std::string> YamlToJson(absl::string_view text, const std::string& path);

}  // namespace touchstone::server
