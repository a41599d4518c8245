#include "server/import/import_run.h"

#include <algorithm>
#include <chrono>

namespace touchstone::server {
namespace {

constexpr int kTries = 8;
constexpr int kFirstWaitMs = 100;
constexpr int kLongestWaitMs = 5000;
constexpr int kCallSeconds = 120;

}  // namespace

grpc::Status AnswerDoesNotFit() {
  return grpc::Status(grpc::StatusCode::DATA_LOSS,
                      "the server's answer speaks of rows that were not sent: is it a touchstone "
                      "server of this version?");
}

grpc::Status CallWithRetries(const ImportRun& run,
                             const std::function<grpc::Status(grpc::ClientContext*)>& call) {
  int wait_ms = kFirstWaitMs;
  grpc::Status status;
  for (int i = 0; i < kTries; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(kCallSeconds));
    status = call(&context);
    const bool again = status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                       status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED ||
                       status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
    if (!again || i + 1 == kTries) return status;
    run.sleep(wait_ms);
    wait_ms = std::min(2 * wait_ms, kLongestWaitMs);
  }
  return status;
}

}  // namespace touchstone::server
