#include "server/import/import_run.h"

#include <algorithm>
#include <thread>

namespace touchstone::server {
namespace {

constexpr int kFirstWaitMs = 100;
constexpr int kLongestWaitMs = 5000;
constexpr int kCallSeconds = 120;
constexpr int kMostRowsInBatch = 2000;
constexpr int kMostEventsInBatch = 500;
// A held-back run sends so often.
constexpr double kBatchesPerSecond = 50;

int InBatch(double rows_per_second, int most) {
  if (rows_per_second <= 0) return most;
  return std::clamp(static_cast<int>(rows_per_second / kBatchesPerSecond), 1, most);
}

}  // namespace

int RowsInBatch(double rows_per_second) { return InBatch(rows_per_second, kMostRowsInBatch); }

int EventsInBatch(double rows_per_second) { return InBatch(rows_per_second, kMostEventsInBatch); }

void Throttle::Await(size_t rows) {
  if (rows_per_second_ <= 0) return;
  std::this_thread::sleep_until(start_ +
                                std::chrono::duration_cast<Clock::duration>(
                                    std::chrono::duration<double>(rows_ / rows_per_second_)));
  rows_ += static_cast<double>(rows);
}

grpc::Status AnswerDoesNotFit() {
  return grpc::Status(grpc::StatusCode::DATA_LOSS,
                      "the server's answer speaks of rows that were not sent: is it a touchstone "
                      "server of this version?");
}

bool IsPassing(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
}

int WaitBeforeTryMs(int tries) {
  return std::min(kFirstWaitMs << std::min(tries, 10), kLongestWaitMs);
}

grpc::Status CallWithRetries(const LiveTarget& target,
                             const std::function<grpc::Status(grpc::ClientContext*)>& call) {
  grpc::Status status;
  for (int i = 0; i < kTries; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(kCallSeconds));
    status = call(&context);
    if (!IsPassing(status) || i + 1 == kTries) return status;
    target.sleep(WaitBeforeTryMs(i));
  }
  return status;
}

}  // namespace touchstone::server
