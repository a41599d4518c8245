#include "store/writer.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "store/apply.h"
#include "store/apply_commands.h"
#include "store/database.h"
#include "store/pending_writes.h"

namespace touchstone::store {

class Writer::Impl {
 public:
  Impl(Store* store, const WriterOptions& options)
      : database_(store->database()),
        options_(options),
        pending_(&database_),
        thread_([this] { Run(); }) {}

  ~Impl() { Stop(); }

  void Stop() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Submit(storage::Entry entry, Done done, Urgency urgency,
                      std::shared_ptr<EntryChain> chain) {
    const size_t bytes = entry.ByteSizeLong();
    if (bytes > kMaxEntryBytes) return absl::InvalidArgumentError("entry: longer than 64 MiB");
    if (absl::Status status = database_.write_status(); !status.ok()) return status;
    bool wake = false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stopped_) return absl::UnavailableError("the writer has stopped");
      // An entry of any length fits into an empty queue.
      const bool full = queue_.size() >= options_.queue_entries ||
                        (!queue_.empty() && queue_bytes_ + bytes > options_.queue_bytes);
      if (full) return absl::ResourceExhaustedError("the queue of writes is full");
      queue_bytes_ += bytes;
      queue_.push_back(Work{std::move(entry), std::move(done), bytes, urgency, std::move(chain)});
      if (urgency == Urgency::kNow) ++urgent_;
      // The thread sleeps without a limit only while the queue is empty.
      wake = urgency == Urgency::kNow || queue_.size() == 1 || FillsABatch();
    }
    if (wake) wake_.notify_one();
    return absl::OkStatus();
  }

  void set_sync(bool sync) {
    std::lock_guard<std::mutex> lock(mutex_);
    sync_ = sync;
  }

 private:
  struct Work {
    storage::Entry entry;
    Done done;
    size_t bytes;
    Urgency urgency;
    std::shared_ptr<EntryChain> chain;  // null: of none
  };
  struct Outcome {
    Done done;
    absl::StatusOr<storage::EntryResult> result;
  };

  // REQUIRES: mutex_ is held.
  bool FillsABatch() const {
    return queue_.size() >= options_.batch_entries || queue_bytes_ >= options_.batch_bytes;
  }

  void Run() {
    const auto soon = absl::ToChronoNanoseconds(options_.soon);
    std::vector<Work> batch;
    while (true) {
      bool sync;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) {
          stopped_ = true;
          return;
        }
        if (urgent_ == 0) {
          wake_.wait_for(lock, soon, [this] { return stopping_ || urgent_ > 0 || FillsABatch(); });
        }
        TakeBatch(&batch);
        sync = sync_;
      }
      WriteBatch(&batch, sync);
      batch.clear();
    }
  }

  // REQUIRES: mutex_ is held and the queue is not empty.
  void TakeBatch(std::vector<Work>* batch) {
    size_t bytes = 0;
    while (!queue_.empty() && batch->size() < options_.batch_entries &&
           bytes < options_.batch_bytes) {
      if (!batch->empty() && NeedsOwnBatch(queue_.front().entry)) return;
      bytes += queue_.front().bytes;
      queue_bytes_ -= queue_.front().bytes;
      if (queue_.front().urgency == Urgency::kNow) --urgent_;
      batch->push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
  }

  void WriteBatch(std::vector<Work>* batch, bool sync) {
    std::vector<Outcome> outcomes;
    outcomes.reserve(batch->size());
    absl::Status failure = database_.write_status();
    for (Work& work : *batch) {
      outcomes.push_back(Outcome{std::move(work.done), absl::UnknownError("")});
      if (!failure.ok()) continue;
      outcomes.back().result = ApplyInChain(work);
      if (!outcomes.back().result.ok())
        failure = StopAfterReadError(outcomes.back().result.status());
    }
    // A batch of refusals and replays has nothing to write.
    if (failure.ok() && !pending_.empty()) failure = pending_.Commit(sync);
    pending_.Clear();
    for (Outcome& outcome : outcomes) {
      if (!failure.ok()) outcome.result = failure;
      outcome.done(outcome.result);
    }
  }

  absl::StatusOr<storage::EntryResult> ApplyInChain(const Work& work) {
    if (work.chain == nullptr) return Apply(work.entry, &pending_);
    if (work.chain->broken()) {
      return Refuse(storage::EntryResult::REFUSAL_REVISION_CHANGED,
                    "an entry before it must be planned again");
    }
    absl::StatusOr<storage::EntryResult> result = Apply(work.entry, &pending_);
    if (result.ok() && MustBePlannedAgain(result->refusal())) work.chain->Break();
    return result;
  }

  // Going on without an entry that others may have applied would leave a gap in the order.
  absl::Status StopAfterReadError(const absl::Status& error) {
    database_.StopWrites(error.message());
    return database_.write_status();
  }

  Database& database_;
  const WriterOptions options_;
  PendingWrites pending_;  // the writer thread's own

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> queue_;
  size_t queue_bytes_ = 0;
  size_t urgent_ = 0;  // of the queued entries
  bool stopping_ = false;
  bool stopped_ = false;  // the thread has ended
  bool sync_ = true;

  std::thread thread_;  // last: it uses all of the above
};

Writer::Writer(Store* store, const WriterOptions& options)
    : impl_(std::make_unique<Impl>(store, options)) {}

Writer::~Writer() = default;

absl::Status Writer::Submit(storage::Entry entry, Done done, Urgency urgency,
                            std::shared_ptr<EntryChain> chain) {
  return impl_->Submit(std::move(entry), std::move(done), urgency, std::move(chain));
}

absl::StatusOr<storage::EntryResult> Writer::Write(storage::Entry entry) {
  std::mutex mutex;
  std::condition_variable written;
  bool finished = false;
  absl::StatusOr<storage::EntryResult> result = absl::UnknownError("");
  absl::Status queued =
      Submit(std::move(entry), [&](const absl::StatusOr<storage::EntryResult>& applied) {
        std::lock_guard<std::mutex> lock(mutex);
        result = applied;
        finished = true;
        written.notify_one();  // under the lock: the waiter owns the condition variable
      });
  if (!queued.ok()) return queued;
  std::unique_lock<std::mutex> lock(mutex);
  written.wait(lock, [&] { return finished; });
  return result;
}

void Writer::Stop() { impl_->Stop(); }

void Writer::set_sync(bool sync) { impl_->set_sync(sync); }

}  // namespace touchstone::store
