#include "server/services/event_append.h"

#include <utility>

#include "server/services/aggregate_filler.h"
#include "store/apply.h"

namespace touchstone::server {
namespace {

// Each but the first means that something changed in the milliseconds of the one before.
constexpr int kMostAttempts = 4;

}  // namespace

EventAppend::EventAppend(const Backend& backend, v1::AppendEventsRequest request)
    : backend_(backend), request_(std::move(request)), bytes_(request_.ByteSizeLong()) {}

void EventAppend::Plan() {
  result_.Clear();
  batch_.emplace(backend_, request_);
  status_ = batch_->Plan();
}

bool EventAppend::PlanFromMemory() {
  batch_.emplace(backend_, request_, store::ReadTier::kMemoryOnly);
  status_ = batch_->Plan();
  return !batch_->needs_device();
}

bool EventAppend::Submit(std::shared_ptr<store::EntryChain> chain, std::function<void()> written) {
  if (!HasEntry()) {
    written();
    return true;
  }
  const absl::Status queued = backend_.proposer->TrySubmit(
      batch_->TakeEntry(), v1::ERROR_REASON_CUSTOMER_NOT_FOUND, std::move(chain),
      [this, written](const grpc::Status& status, const storage::EntryResult& result) {
        status_ = status;
        result_ = result;
        written();
      });
  if (queued.ok()) return true;
  status_ = StoreError(queued);
  if (absl::IsResourceExhausted(queued)) return false;
  written();
  return true;
}

bool EventAppend::HasEntry() const {
  return status_.ok() && !batch_->empty() && !request_.validate_only();
}

void EventAppend::WriteAndWait() {
  if (!HasEntry()) return;
  status_ =
      backend_.proposer->Write(batch_->TakeEntry(), v1::ERROR_REASON_CUSTOMER_NOT_FOUND, &result_);
}

bool EventAppend::must_block() const {
  return request_.validate_only() || store::MustBePlannedAgain(result_.refusal()) ||
         (status_.ok() && !batch_->StaleRecords().empty());
}

grpc::Status EventAppend::Answer(v1::AppendEventsResponse* response) {
  for (int attempt = 1; attempt < kMostAttempts; ++attempt) {
    if (!store::MustBePlannedAgain(result_.refusal())) break;
    if (result_.refusal() == storage::EntryResult::REFUSAL_REVISION_CHANGED) {
      // Under the revision that became active meanwhile the events may add something else.
      if (grpc::Status live = MakeLive(backend_); !live.ok()) return live;
    }
    Plan();
    WriteAndWait();
  }
  if (!status_.ok()) return status_;
  if (request_.validate_only()) return batch_->AnswerUnwritten(response);
  if (!batch_->StaleRecords().empty()) backend_.filler->RebuildNow(batch_->StaleRecords());
  batch_->Answer(result_, response);
  return grpc::Status::OK;
}

}  // namespace touchstone::server
