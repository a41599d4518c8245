#include "server/import/offline_load.h"

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include "server/data_dir.h"
#include "server/import/import_run.h"
#include "server/live/live.h"
#include "server/live/loader.h"
#include "server/services/backend.h"
#include "server/services/customer_import.h"
#include "server/services/event_batch.h"
#include "server/services/kept_import.h"
#include "server/services/proposer.h"
#include "store/apply.h"
#include "store/bulk_load.h"
#include "store/store.h"
#include "store/writer.h"

namespace touchstone::server {
namespace {

constexpr size_t kBatchesWaiting = 4;  // to be planned
constexpr size_t kEntriesUnderWay = 3;

grpc::Status ToCall(const absl::Status& status) {
  return status.ok() ? grpc::Status::OK : StoreError(status);
}

// What was flushed is not sent again: no request has to be remembered.
storage::Entry Forgettable(storage::Entry entry) {
  entry.clear_request_id();
  return entry;
}

// A batch on its way, of either kind.
struct CustomersUnderWay {
  explicit CustomersUnderWay(CustomerBatch given) : batch(std::move(given)) {}
  grpc::Status Plan(const Backend& backend) {
    plan = CustomerBatchPlan();
    return plan.Plan(backend, batch.request);
  }
  bool empty() const { return plan.empty(); }
  storage::Entry TakeEntry() { return plan.TakeEntry(); }
  absl::StatusOr<BatchOutcome> Outcome(const storage::EntryResult& result) {
    v1::ImportCustomersResponse response;
    plan.Answer(result, &response);
    return OutcomeOf(std::move(batch), response);
  }
  // Planning reads nothing that another batch writes.
  bool MustFollow(const CustomersUnderWay& /*other*/) const { return false; }

  CustomerBatch batch;
  CustomerBatchPlan plan;
};

struct EventsUnderWay {
  explicit EventsUnderWay(EventsBatch given) : batch(std::move(given)) {}
  grpc::Status Plan(const Backend& backend) {
    plan.emplace(backend, batch.request);
    return plan->Plan();
  }
  bool empty() const { return plan->empty(); }
  storage::Entry TakeEntry() { return plan->TakeEntry(); }
  absl::StatusOr<BatchOutcome> Outcome(const storage::EntryResult& result) {
    v1::AppendEventsResponse response;
    plan->Answer(result, &response);
    return OutcomeOf(std::move(batch), response);
  }
  bool MustFollow(const EventsUnderWay& other) const { return batch.lane == other.batch.lane; }

  EventsBatch batch;
  std::optional<EventBatch> plan;
};

}  // namespace

// What of a server an import works with.
class OfflineLoad::Rooms {
 public:
  explicit Rooms(const OfflineOptions& options) : options_(options) {}

  absl::Status Open() {
    store::StoreOptions store_options;
    store_options.path = PathIn(options_.data_dir, kStorePart);
    store_options.create_if_missing = false;
    store_options.keep_rows = false;  // a row that was read is changed next
    absl::StatusOr<std::unique_ptr<store::Store>> store = store::Store::Open(store_options);
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
    bulk_.emplace(store_.get());
    loader_.emplace(store_.get(), &live_);
    if (absl::Status loaded = loader_->Reload(); !loaded.ok()) return loaded;
    if (live_.Get() == nullptr) {
      return absl::FailedPreconditionError(
          "no revision has been published in this store: attributes and events have no "
          "declarations. Start the server and publish one first.");
    }
    writer_ = std::make_unique<store::Writer>(store_.get(), store::WriterOptions());
    proposer_.emplace(store_.get(), writer_.get(), options_.clock);
    backend_.store = store_.get();
    backend_.proposer = &*proposer_;
    backend_.live = &live_;
    backend_.loader = &*loader_;
    backend_.event_retention = options_.event_retention;
    return absl::OkStatus();
  }

  const Backend& backend() const { return backend_; }
  store::Writer& writer() { return *writer_; }
  store::BulkLoad& bulk() { return *bulk_; }
  bool is_chunk_full() const { return bulk_->bytes() >= options_.chunk_bytes; }

 private:
  const OfflineOptions options_;
  std::unique_ptr<store::Store> store_;
  std::optional<store::BulkLoad> bulk_;
  Live live_;
  std::optional<LiveLoader> loader_;
  std::unique_ptr<store::Writer> writer_;
  std::optional<Proposer> proposer_;
  Backend backend_;
};

namespace {

// Plans batches on a thread of its own, while the writer applies those before.
template <typename Rooms, typename Batch, typename UnderWay>
class OfflineSink : public ImportSink<Batch> {
 public:
  OfflineSink(Rooms* rooms, std::string name, ImportState* state)
      : rooms_(rooms), name_(std::move(name)), state_(state), planner_([this] { Run(); }) {}

  ~OfflineSink() override { End(); }

  bool Send(Batch batch) override {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return !failure_.ok() || waiting_.size() < kBatchesWaiting; });
    if (!failure_.ok()) return false;
    waiting_.push_back(std::move(batch));
    changed_.notify_all();
    return true;
  }

  grpc::Status End() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    if (planner_.joinable()) planner_.join();
    return failure_;
  }

 private:
  using Result = absl::StatusOr<storage::EntryResult>;
  struct Entry {
    std::unique_ptr<UnderWay> under_way;
    std::future<Result> result;
  };

  void Run() {
    grpc::Status status;
    while (status.ok()) {
      Batch batch;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
        if (waiting_.empty()) break;
        batch = std::move(waiting_.front());
        waiting_.pop_front();
        changed_.notify_all();
      }
      status = Take(std::move(batch));
    }
    if (status.ok()) status = FinishAll();
    if (status.ok()) status = ToCall(rooms_->bulk().Flush(name_, std::nullopt));
    const std::lock_guard<std::mutex> lock(mutex_);
    failure_ = status;
    changed_.notify_all();
  }

  grpc::Status Take(Batch batch) {
    if (batch.origins.empty()) {
      state_->Settle(batch.number, std::move(batch.aside));
      return grpc::Status::OK;
    }
    auto under_way = std::make_unique<UnderWay>(std::move(batch));
    const auto must_wait = [&] {
      if (entries_.size() >= kEntriesUnderWay) return true;
      for (const Entry& entry : entries_) {
        if (under_way->MustFollow(*entry.under_way)) return true;
      }
      return false;
    };
    while (must_wait()) {
      if (grpc::Status finished = FinishOldest(); !finished.ok()) return finished;
    }
    if (grpc::Status planned = under_way->Plan(rooms_->backend()); !planned.ok()) return planned;
    auto promise = std::make_shared<std::promise<Result>>();
    entries_.push_back({std::move(under_way), promise->get_future()});
    if (entries_.back().under_way->empty()) {
      promise->set_value(storage::EntryResult());
    } else {
      absl::Status queued =
          rooms_->writer().Submit(Forgettable(entries_.back().under_way->TakeEntry()),
                                  [promise](const Result& result) { promise->set_value(result); });
      if (!queued.ok()) return StoreError(queued);
    }
    return rooms_->is_chunk_full() ? FlushChunk() : grpc::Status::OK;
  }

  grpc::Status FinishOldest() {
    Entry entry = std::move(entries_.front());
    entries_.pop_front();
    Result result = entry.result.get();
    while (result.ok() && store::MustBePlannedAgain(result->refusal())) {
      grpc::Status planned = entry.under_way->Plan(rooms_->backend());
      if (!planned.ok()) return planned;
      result = storage::EntryResult();
      if (!entry.under_way->empty()) {
        result = rooms_->writer().Write(Forgettable(entry.under_way->TakeEntry()));
      }
    }
    if (!result.ok()) return StoreError(result.status());
    if (result->refusal() != storage::EntryResult::REFUSAL_UNSPECIFIED) {
      return grpc::Status(grpc::StatusCode::INTERNAL, result->refusal_detail());
    }
    const int64_t number = entry.under_way->batch.number;
    absl::StatusOr<BatchOutcome> outcome = entry.under_way->Outcome(*result);
    if (!outcome.ok()) return AnswerDoesNotFit();
    state_->Settle(number, *std::move(outcome));
    return grpc::Status::OK;
  }

  grpc::Status FinishAll() {
    while (!entries_.empty()) {
      if (grpc::Status finished = FinishOldest(); !finished.ok()) return finished;
    }
    return grpc::Status::OK;
  }

  grpc::Status FlushChunk() {
    if (grpc::Status finished = FinishAll(); !finished.ok()) return finished;
    state_->Save();
    return ToCall(rooms_->bulk().Flush(name_, state_->progress().ToJson()));
  }

  Rooms* const rooms_;
  const std::string name_;
  ImportState* const state_;
  std::deque<Entry> entries_;  // of the planner, oldest first
  std::mutex mutex_;           // guards what follows, but for the thread
  std::condition_variable changed_;
  std::deque<Batch> waiting_;
  bool ending_ = false;
  grpc::Status failure_;
  std::thread planner_;  // last: it uses all of the above
};

}  // namespace

OfflineLoad::OfflineLoad(std::unique_ptr<Rooms> rooms) : rooms_(std::move(rooms)) {}

OfflineLoad::~OfflineLoad() = default;

absl::StatusOr<std::unique_ptr<OfflineLoad>> OfflineLoad::Open(const OfflineOptions& options) {
  auto rooms = std::make_unique<Rooms>(options);
  if (absl::Status opened = rooms->Open(); !opened.ok()) return opened;
  return std::unique_ptr<OfflineLoad>(new OfflineLoad(std::move(rooms)));
}

absl::StatusOr<std::optional<std::string>> OfflineLoad::ReadState(const std::string& name) const {
  return rooms_->bulk().ReadState(name);
}

absl::Status OfflineLoad::RecordRun(const std::string& name, const v1::ImportRun& run) {
  storage::Entry entry = rooms_->backend().proposer->NewEntry("", 0);
  *entry.mutable_record_import()->mutable_run() = ToStored(run);
  const absl::StatusOr<storage::EntryResult> result = rooms_->writer().Write(std::move(entry));
  if (!result.ok()) return result.status();
  if (result->refusal() != storage::EntryResult::REFUSAL_UNSPECIFIED) {
    return absl::InternalError(result->refusal_detail());
  }
  return rooms_->bulk().Flush(name, std::nullopt);
}

std::unique_ptr<CustomerSink> OfflineLoad::Customers(const std::string& name, ImportState* state) {
  return std::make_unique<OfflineSink<Rooms, CustomerBatch, CustomersUnderWay>>(rooms_.get(), name,
                                                                                state);
}

std::unique_ptr<EventSink> OfflineLoad::Events(const std::string& name, ImportState* state) {
  return std::make_unique<OfflineSink<Rooms, EventsBatch, EventsUnderWay>>(rooms_.get(), name,
                                                                           state);
}

}  // namespace touchstone::server
