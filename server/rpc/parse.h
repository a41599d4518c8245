#pragma once

// Parsing of what callers send raw.
//
// protobuf refuses a string that is not UTF-8, but says which one only to its log: on standard
// error, once a bad request. Here that line becomes part of the answer and is not printed.
// Thread safety: any thread. The first call takes over protobuf's log for the process; what it says
// outside of ParseRequest still goes to standard error.

#include <google/protobuf/message_lite.h>

#include <optional>

#include "absl/strings/string_view.h"
#include "server/rpc/rpc_error.h"

namespace touchstone::server {

// What is wrong with the bytes, or nothing: `message` is whole then.
std::optional<Violation> ParseRequest(absl::string_view bytes,
                                      google::protobuf::MessageLite* message);

// The same without clearing the message first, for callers who reuse its parts.
std::optional<Violation> MergeRequest(absl::string_view bytes,
                                      google::protobuf::MessageLite* message);

}  // namespace touchstone::server
