#pragma once

// What codes and grants say of when they are good and how often: `--from`, `--until` and `--uses`.
//
// Thread safety: plain data and functions.

#include <cstdint>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "google/protobuf/timestamp.pb.h"

namespace touchstone::server {

struct TermsOptions {
  std::string from;
  std::string until;
  int64_t uses = 1;
};

void AddTermsOptions(CLI::App* app, TermsOptions* options);

// InvalidArgument, with the flag: `text` is no time.
absl::Status ReadTime(const std::string& text, const char* flag, google::protobuf::Timestamp* time);

// Into the fields of a message of the contract that has terms.
template <typename Terms>
absl::Status SetTerms(const TermsOptions& options, Terms* terms) {
  terms->set_max_uses(options.uses);
  if (!options.from.empty()) {
    absl::Status read = ReadTime(options.from, "--from", terms->mutable_start_time());
    if (!read.ok()) return read;
  }
  if (options.until.empty()) return absl::OkStatus();
  return ReadTime(options.until, "--until", terms->mutable_end_time());
}

}  // namespace touchstone::server
