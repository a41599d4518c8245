#include "server/cli/connection.h"

#include <google/protobuf/util/json_util.h>

#include <chrono>
#include <cstdio>
#include <random>

#include "absl/strings/str_cat.h"
#include "google/rpc/status.pb.h"
#include "server/cli/cli.h"

namespace touchstone::server {
namespace {

// What a person can do about it, for reasons whose message does not say.
const char* AdviceFor(absl::string_view reason) {
  if (reason == "NO_ACTIVE_REVISION") return "Publish one: touchstone rules publish FOLDER.";
  if (reason == "CUSTOMER_NOT_FOUND" || reason == "IDENTITY_NOT_FOUND") {
    return "`touchstone import customers` makes customers; an identity is written "
           "loyalty_card:4711.";
  }
  if (reason == "STEP_OUT_OF_ORDER") {
    return "Use a higher `step`, or another `transaction_id`.";
  }
  if (reason == "DECISION_NOT_FOUND") {
    return "Is the id whole? Receipts are kept for `receipt-days`.";
  }
  if (reason == "OVERLOADED" || reason == "NOT_READY") return "Try again in a moment.";
  return nullptr;
}

}  // namespace

void AddServerFlag(CLI::App& command, std::string& address) {
  address = kDefaultServer;
  command.add_option("--server", address, "Address of the server")
      ->envname("TOUCHSTONE_SERVER")
      ->capture_default_str();
}

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

std::unique_ptr<grpc::ClientContext> NewContext(int timeout_seconds) {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(timeout_seconds));
  return context;
}

std::string NewRequestId() {
  std::random_device device;
  std::string id = "cli-";
  for (int i = 0; i < 4; ++i) absl::StrAppend(&id, absl::Hex(device(), absl::kZeroPad8));
  return id;
}

ErrorParts PartsOf(const grpc::Status& status) {
  ErrorParts parts;
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return parts;
  for (const google::protobuf::Any& any : details.details()) {
    google::rpc::ErrorInfo info;
    if (any.UnpackTo(&info)) parts.reason = info.reason();
    any.UnpackTo(&parts.violations);
    any.UnpackTo(&parts.diagnostics);
  }
  return parts;
}

int ReportFailure(const grpc::Status& status, const std::string& address) {
  const ErrorParts parts = PartsOf(status);
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE && parts.reason.empty()) {
    std::fprintf(stderr,
                 "The server at %s cannot be reached. Start it with `touchstone serve`, or name "
                 "another one with --server.\n",
                 address.c_str());
    return kExitUsage;
  }
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    std::fprintf(stderr, "The server at %s did not answer in time. Try again.\n", address.c_str());
    return kExitUsage;
  }
  std::fprintf(stderr, "The server refused: %s%s%s%s\n", status.error_message().c_str(),
               parts.reason.empty() ? "" : " [", parts.reason.c_str(),
               parts.reason.empty() ? "" : "]");
  if (const char* advice = AdviceFor(parts.reason)) std::fprintf(stderr, "%s\n", advice);
  // The message has the first one.
  for (int i = 1; i < parts.violations.field_violations_size(); ++i) {
    const auto& violation = parts.violations.field_violations(i);
    std::fprintf(stderr, "  %s: %s\n", violation.field().c_str(), violation.description().c_str());
  }
  return kExitUsage;
}

void PrintJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string text;
  const auto printed = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!printed.ok()) text = "{}";
  std::fputs(text.c_str(), stdout);
}

}  // namespace touchstone::server
