#pragma once

// Text as a JSON string.
//
// Thread safety: pure function. Errors: none; bytes that are not UTF-8 are passed on.

#include <string>

#include "absl/strings/string_view.h"

namespace touchstone::server {

// With its quotes.
void AppendJsonString(absl::string_view text, std::string* json);

}  // namespace touchstone::server
