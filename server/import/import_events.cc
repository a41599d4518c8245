// Events: batches over several calls at a time, since each waits for the device.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/import/event_grouping.h"
#include "server/import/import_run.h"
#include "server/import/row_value.h"
#include "touchstone/v1/customer_service.grpc.pb.h"

namespace touchstone::server {
namespace {

constexpr int kEventsInBatch = 500;
constexpr size_t kMaxBatchBytes = size_t{2} << 20;
constexpr size_t kSenders = 4;
constexpr size_t kBatchesWaiting = 4;

struct Batch {
  v1::AppendEventsRequest request;
  std::vector<std::vector<RowOrigin>> origins;  // by event
};

class EventSenders {
 public:
  explicit EventSenders(const ImportRun& run)
      : run_(run), stub_(v1::CustomerService::NewStub(run.channel)) {
    // An event that takes another one back must not overtake it.
    const size_t senders = run.mapping->reverses.has_value() ? 1 : kSenders;
    for (size_t i = 0; i < senders; ++i) threads_.emplace_back([this] { Run(); });
  }

  // Waits for room; false when a call has failed for good.
  bool Send(Batch batch) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return !failure_.ok() || waiting_.size() < kBatchesWaiting; });
    if (!failure_.ok()) return false;
    waiting_.push_back(std::move(batch));
    changed_.notify_all();
    return true;
  }

  grpc::Status End(ImportTotals* totals) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    totals->imported += totals_.imported;
    totals->duplicate += totals_.duplicate;
    totals->events_new += totals_.events_new;
    totals->events_duplicate += totals_.events_duplicate;
    return failure_;
  }

 private:
  void Run() {
    while (true) {
      Batch batch;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return !failure_.ok() || ending_ || !waiting_.empty(); });
        if (!failure_.ok() || waiting_.empty()) return;
        batch = std::move(waiting_.front());
        waiting_.pop_front();
        changed_.notify_all();
      }
      v1::AppendEventsResponse response;
      const grpc::Status status = CallWithRetries(run_, [&](grpc::ClientContext* context) {
        response.Clear();
        return stub_->AppendEvents(context, batch.request, &response);
      });
      std::lock_guard<std::mutex> lock(mutex_);
      if (!status.ok()) {
        Fail(status);
      } else if (response.results_size() != batch.request.events_size()) {
        Fail(AnswerDoesNotFit());
      } else {
        Count(batch, response);
      }
    }
  }

  void Fail(const grpc::Status& status) {
    if (failure_.ok()) failure_ = status;
    changed_.notify_all();
  }

  void Count(const Batch& batch, const v1::AppendEventsResponse& response) {
    for (int i = 0; i < response.results_size(); ++i) {
      const auto& rows = batch.origins[static_cast<size_t>(i)];
      const auto count = static_cast<int64_t>(rows.size());
      switch (response.results(i).state()) {
        case v1::WRITE_STATE_WRITTEN:
          ++totals_.events_new;
          totals_.imported += count;
          break;
        case v1::WRITE_STATE_DUPLICATE:
          ++totals_.events_duplicate;
          totals_.duplicate += count;
          break;
        default:
          for (const RowOrigin& row : rows) {
            run_.quarantine->Add(row.line, response.results(i).error().message(), row.raw);
          }
      }
    }
  }

  const ImportRun& run_;
  std::unique_ptr<v1::CustomerService::Stub> stub_;
  std::mutex mutex_;  // guards all below but the threads
  std::condition_variable changed_;
  std::deque<Batch> waiting_;
  bool ending_ = false;
  grpc::Status failure_;
  ImportTotals totals_;
  std::vector<std::thread> threads_;
};

// Collects events into batches.
class EventBatches {
 public:
  EventBatches(const ImportRun& run, EventSenders* senders) : run_(run), senders_(senders) {}

  // False when the import cannot go on.
  bool Take(GroupedEvent event, ImportTotals* totals) {
    if (!event.error.empty()) {
      for (const RowOrigin& row : event.rows) {
        run_.quarantine->Add(row.line, event.error, row.raw);
      }
      return true;
    }
    if (event.left_out) {
      totals->left_out += static_cast<int64_t>(event.rows.size());
      return true;
    }
    bytes_ += event.event.ByteSizeLong();
    *batch_.request.add_events() = std::move(event.event);
    batch_.origins.push_back(std::move(event.rows));
    const bool full = batch_.request.events_size() == kEventsInBatch || bytes_ >= kMaxBatchBytes;
    return !full || Flush();
  }

  bool Flush() {
    if (batch_.request.events_size() == 0) return true;
    batch_.request.set_request_id(absl::StrCat(run_.run_id, ".", ++count_));
    batch_.request.set_allow_missing(run_.mapping->create_customers);
    bytes_ = 0;
    return senders_->Send(std::exchange(batch_, Batch()));
  }

 private:
  const ImportRun& run_;
  EventSenders* senders_;
  Batch batch_;
  size_t bytes_ = 0;
  int64_t count_ = 0;
};

}  // namespace

ImportResult ImportEvents(const ImportRun& run) {
  ImportResult result;
  EventSenders senders(run);
  EventBatches batches(run, &senders);
  EventGrouping grouping(*run.mapping);
  Row row;
  bool alive = true;
  while (alive && run.reader->Next(&row)) {
    run.progress->Update(++result.totals.rows, run.reader->fraction());
    if (!row.error.empty()) {
      run.quarantine->Add(row.line, row.error, row.raw);
      continue;
    }
    if (!IsWanted(*run.mapping, row)) {
      ++result.totals.left_out;
      continue;
    }
    std::optional<GroupedEvent> event = grouping.Add(row);
    if (event.has_value()) alive = batches.Take(*std::move(event), &result.totals);
  }
  while (alive) {
    std::optional<GroupedEvent> open = grouping.End();
    if (!open.has_value()) break;
    alive = batches.Take(*std::move(open), &result.totals);
  }
  if (alive) batches.Flush();
  result.call = senders.End(&result.totals);
  result.file = run.reader->status();
  result.totals.quarantined = run.quarantine->count();
  return result;
}

}  // namespace touchstone::server
