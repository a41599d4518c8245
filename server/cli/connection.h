#pragma once

// The connection of a command to the server, and what is said when a call fails.
//
// Thread safety: pure functions beside standard error.

#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "google/protobuf/message.h"
#include "google/rpc/error_details.pb.h"
#include "touchstone/v1/revision.pb.h"

namespace touchstone::server {

inline constexpr char kDefaultServer[] = "127.0.0.1:50051";

// `--server ADDRESS`, also TOUCHSTONE_SERVER.
void AddServerFlag(CLI::App& command, std::string& address);

std::shared_ptr<grpc::Channel> Connect(const std::string& address);

// A context whose call gives up after so many seconds.
std::unique_ptr<grpc::ClientContext> NewContext(int timeout_seconds = 60);

// Unique for this run of the command.
std::string NewRequestId();

// What an error carries beside its message.
struct ErrorParts {
  std::string reason;  // "OFFER_NOT_FOUND"; empty when the server did not say
  google::rpc::BadRequest violations;
  touchstone::v1::Diagnostics diagnostics;
};
ErrorParts PartsOf(const grpc::Status& status);

// Says on standard error what failed and what to do; kExitUsage.
int ReportFailure(const grpc::Status& status, const std::string& address);

// A message as JSON with the field names of the proto files, for programs.
void PrintJson(const google::protobuf::Message& message);

}  // namespace touchstone::server
