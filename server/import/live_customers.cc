// Customers to a server: one stream, a few batches under way. A stream that breaks off is opened
// again, and what was not answered is sent again: the server knows a batch by its number.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "server/import/import_run.h"
#include "server/import/import_sink.h"
#include "touchstone/v1/customer_service.grpc.pb.h"

namespace touchstone::server {
namespace {

constexpr size_t kBatchesUnderWay = 4;

class LiveCustomers : public CustomerSink {
 public:
  LiveCustomers(const LiveTarget& target, ImportState* state)
      : target_(target),
        state_(state),
        stub_(v1::CustomerService::NewStub(target.channel)),
        connection_(std::make_unique<Connection>(stub_.get())),
        answers_([this] { TakeAnswers(); }) {}

  ~LiveCustomers() override { End(); }

  bool Send(CustomerBatch batch) override {
    // One that has nothing to send waits for those before it by its number.
    if (batch.request.rows_size() == 0) {
      state_->Settle(batch.number, std::move(batch.aside));
      return true;
    }
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return ended_ || under_way_.size() < kBatchesUnderWay; });
    if (ended_) return false;
    under_way_.push_back(std::move(batch));
    changed_.notify_all();
    return true;
  }

  grpc::Status End() override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    if (answers_.joinable()) answers_.join();
    return status_;
  }

 private:
  struct Connection {
    explicit Connection(v1::CustomerService::Stub* stub)
        : stream(stub->ImportCustomers(&context)) {}
    grpc::ClientContext context;
    std::unique_ptr<
        grpc::ClientReaderWriter<v1::ImportCustomersRequest, v1::ImportCustomersResponse>>
        stream;
  };

  // The stream is written and read here; writing returns before the batch has arrived, so that
  // several are under way.
  void TakeAnswers() {
    int tries = 0;
    while (true) {
      const grpc::Status status = RunConnection(&tries);
      std::unique_lock<std::mutex> lock(mutex_);
      const bool again = IsPassing(status) && tries + 1 < kTries;
      if (!again) {
        status_ = status;
        ended_ = true;
        changed_.notify_all();
        return;
      }
      lock.unlock();
      target_.sleep(WaitBeforeTryMs(tries++));
      connection_ = std::make_unique<Connection>(stub_.get());
    }
  }

  // Until all is answered, or the stream has broken off.
  grpc::Status RunConnection(int* tries) {
    size_t sent = 0;  // of those under way
    v1::ImportCustomersResponse response;
    while (true) {
      const CustomerBatch* next = nullptr;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [&] { return sent < under_way_.size() || sent > 0 || ending_; });
        if (sent < under_way_.size()) next = &under_way_[sent];  // a deque's elements stay put
        if (next == nullptr && sent == 0) break;
      }
      if (next != nullptr) {
        if (!connection_->stream->Write(next->request)) return Finish();
        ++sent;
        continue;
      }
      if (!connection_->stream->Read(&response)) return Finish();
      *tries = 0;
      --sent;
      if (grpc::Status taken = TakeAnswer(response); !taken.ok()) {
        connection_->context.TryCancel();
        Finish();
        return taken;
      }
    }
    connection_->stream->WritesDone();
    return Finish();
  }

  grpc::Status TakeAnswer(const v1::ImportCustomersResponse& response) {
    CustomerBatch batch;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      batch = std::move(under_way_.front());
      under_way_.pop_front();
    }
    changed_.notify_all();
    if (response.sequence() != batch.request.sequence()) return AnswerDoesNotFit();
    const int64_t number = batch.number;
    absl::StatusOr<BatchOutcome> outcome = OutcomeOf(std::move(batch), response);
    if (!outcome.ok()) return AnswerDoesNotFit();
    state_->Settle(number, *std::move(outcome));
    return grpc::Status::OK;
  }

  // A stream that ends well before all was answered has broken off as well.
  grpc::Status Finish() {
    grpc::Status status = connection_->stream->Finish();
    std::lock_guard<std::mutex> lock(mutex_);
    if (status.ok() && !under_way_.empty()) {
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the server ended the stream");
    }
    return status;
  }

  const LiveTarget target_;
  ImportState* const state_;
  std::unique_ptr<v1::CustomerService::Stub> stub_;
  std::unique_ptr<Connection> connection_;  // of the thread
  std::mutex mutex_;                        // guards what follows, but for the thread
  std::condition_variable changed_;
  std::deque<CustomerBatch> under_way_;  // of which the thread has sent some
  bool ending_ = false;
  bool ended_ = false;
  grpc::Status status_;
  std::thread answers_;  // last: it uses all of the above
};

}  // namespace

std::unique_ptr<CustomerSink> LiveCustomerSink(const LiveTarget& target, ImportState* state) {
  return std::make_unique<LiveCustomers>(target, state);
}

}  // namespace touchstone::server
