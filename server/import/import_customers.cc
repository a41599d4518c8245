// Customers: one stream of batches, a few of them under way at a time.

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/import/import_run.h"
#include "server/import/row_value.h"
#include "touchstone/v1/customer_service.grpc.pb.h"

namespace touchstone::server {
namespace {

constexpr int kRowsInBatch = 2000;
constexpr size_t kMaxBatchBytes = size_t{3} << 20;
constexpr size_t kBatchesUnderWay = 4;

absl::Status MapRow(const Mapping& mapping, const Row& row, v1::CustomerRow* to) {
  absl::StatusOr<std::string> id = TextOf(mapping.customer, mapping, row);
  if (!id.ok()) return id.status();
  if (id->empty()) return absl::InvalidArgumentError("the customer's id is empty");
  to->set_customer_id(*std::move(id));
  for (const auto& [name, source] : mapping.identities) {
    absl::StatusOr<std::string> value = TextOf(source, mapping, row);
    if (!value.ok()) return value.status();
    if (value->empty()) continue;
    v1::Identity* identity = to->add_identities();
    identity->set_namespace_(name);
    identity->set_value(*std::move(value));
  }
  return SetValues(mapping.attributes, mapping, row, to->mutable_attributes());
}

// Sends batches and takes the answers on a thread of its own.
class CustomerStream {
 public:
  explicit CustomerStream(const ImportRun& run)
      : run_(run),
        stub_(v1::CustomerService::NewStub(run.channel)),
        stream_(stub_->ImportCustomers(&context_)),
        answers_([this] { TakeAnswers(); }) {}

  // Waits for room; false when the stream has ended.
  bool Send(const v1::ImportCustomersRequest& request, std::vector<RowOrigin> origins) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      room_.wait(lock, [this] { return ended_ || under_way_.size() < kBatchesUnderWay; });
      if (ended_) return false;
      under_way_.push_back(std::move(origins));
    }
    return stream_->Write(request);
  }

  grpc::Status End() {
    stream_->WritesDone();
    answers_.join();
    grpc::Status ended = stream_->Finish();
    return fits_ ? ended : AnswerDoesNotFit();
  }

  int64_t written() const { return written_; }

 private:
  void TakeAnswers() {
    v1::ImportCustomersResponse response;
    while (stream_->Read(&response)) {
      std::lock_guard<std::mutex> lock(mutex_);
      if (fits_ = Fits(response); !fits_) {
        context_.TryCancel();
        break;
      }
      for (const v1::RejectedRow& row : response.rejected_rows()) {
        const RowOrigin& origin = under_way_.front()[static_cast<size_t>(row.index())];
        run_.quarantine->Add(origin.line, row.error().message(), origin.raw);
      }
      written_ += response.written_count();
      under_way_.pop_front();
      room_.notify_one();
    }
    std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
    room_.notify_one();
  }

  bool Fits(const v1::ImportCustomersResponse& response) const {
    return !under_way_.empty() &&
           std::all_of(response.rejected_rows().begin(), response.rejected_rows().end(),
                       [this](const v1::RejectedRow& row) {
                         return row.index() >= 0 &&
                                static_cast<size_t>(row.index()) < under_way_.front().size();
                       });
  }

  const ImportRun& run_;
  std::unique_ptr<v1::CustomerService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ImportCustomersRequest, v1::ImportCustomersResponse>>
      stream_;
  std::mutex mutex_;  // guards the four below
  std::condition_variable room_;
  std::deque<std::vector<RowOrigin>> under_way_;
  bool ended_ = false;
  bool fits_ = true;
  int64_t written_ = 0;
  std::thread answers_;  // last: it uses all of the above
};

}  // namespace

ImportResult ImportCustomers(const ImportRun& run) {
  ImportResult result;
  CustomerStream stream(run);
  v1::ImportCustomersRequest batch;
  std::vector<RowOrigin> origins;
  size_t bytes = 0;
  int64_t sequence = 0;
  const auto send = [&] {
    if (batch.rows_size() == 0) return true;
    batch.set_request_id(run.run_id);
    batch.set_sequence(++sequence);
    batch.set_source(run.mapping->source);
    const bool sent = stream.Send(batch, std::move(origins));
    batch.Clear();
    origins.clear();
    bytes = 0;
    return sent;
  };
  Row row;
  bool alive = true;
  while (alive && run.reader->Next(&row)) {
    run.progress->Update(++result.totals.rows, run.reader->fraction());
    v1::CustomerRow mapped;
    absl::Status status = row.error.empty() ? absl::OkStatus() : absl::DataLossError(row.error);
    if (status.ok() && !IsWanted(*run.mapping, row)) {
      ++result.totals.left_out;
      continue;
    }
    if (status.ok()) status = MapRow(*run.mapping, row, &mapped);
    if (!status.ok()) {
      run.quarantine->Add(row.line, status.message(), row.raw);
      continue;
    }
    bytes += mapped.ByteSizeLong() + 8;
    *batch.add_rows() = std::move(mapped);
    origins.push_back({row.line, row.raw});
    if (batch.rows_size() == kRowsInBatch || bytes >= kMaxBatchBytes) alive = send();
  }
  if (alive) send();
  result.call = stream.End();
  result.file = run.reader->status();
  result.totals.imported = stream.written();
  result.totals.quarantined = run.quarantine->count();
  return result;
}

}  // namespace touchstone::server
