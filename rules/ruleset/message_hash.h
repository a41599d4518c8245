#pragma once

// What identifies the content of a message.
//
// Thread safety: pure functions.

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/message_lite.h"

namespace touchstone::rules {

// The same bytes in every process, for one version of the message's definition.
std::string DeterministicBytes(const google::protobuf::MessageLite& message);

// "" where the library cannot hash.
std::string HexSha256(absl::string_view bytes);

}  // namespace touchstone::rules
