#include "server/services/proposer.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "rules/facts/sip_hash.h"
#include "server/rpc/rpc_error.h"
#include "store/apply.h"

namespace touchstone::server {
namespace {

using storage::EntryResult;

constexpr rules::SipKey kBodyHashKey = {0x746f756368737400, 0x7265717565737400};
constexpr absl::Duration kRetryAfterFullQueue = absl::Milliseconds(100);

}  // namespace

uint64_t BodyHash(absl::string_view method, const google::protobuf::Message& request) {
  std::string bytes(method);
  bytes.push_back('\0');
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  // Maps have no order of their own.
  coded.SetSerializationDeterministic(true);
  request.SerializeToCodedStream(&coded);
  coded.Trim();
  return rules::SipHash64(kBodyHashKey, bytes);
}

Proposer::Proposer(store::Store* store, store::Writer* writer, Clock now, BudgetBoard* budgets)
    : store_(store), writer_(writer), now_(std::move(now)), budgets_(budgets) {}

storage::Entry Proposer::NewEntry(absl::string_view request_id, uint64_t body_hash) const {
  storage::Entry entry;
  entry.set_format_version(store::kEntryFormatVersion);
  entry.set_request_id(std::string(request_id));
  entry.set_body_hash(body_hash);
  entry.set_time_us(absl::ToUnixMicros(now_()));
  return entry;
}

void Proposer::SetAudit(absl::string_view action, absl::string_view resource,
                        absl::string_view detail, storage::Entry* entry) const {
  storage::AuditRecord* audit = entry->mutable_audit();
  audit->set_time_us(entry->time_us());
  audit->set_principal(std::string(kLocalPrincipal));
  audit->set_action(std::string(action));
  audit->set_resource(std::string(resource));
  audit->set_request_id(entry->request_id());
  audit->set_detail(std::string(detail));
}

grpc::Status Proposer::Recall(absl::string_view request_id, uint64_t body_hash,
                              std::optional<EntryResult>* first) const {
  absl::StatusOr<std::optional<EntryResult>> recalled =
      store_->RecallRequest(request_id, body_hash);
  if (!recalled.ok()) return StoreError(recalled.status());
  *first = *std::move(recalled);
  if (first->has_value() && (*first)->refusal() != EntryResult::REFUSAL_UNSPECIFIED) {
    return RpcError(
        RefusalStatus((*first)->refusal(), (*first)->refusal_detail(), v1::ERROR_REASON_INTERNAL));
  }
  return grpc::Status::OK;
}

grpc::Status Proposer::Write(storage::Entry entry, v1::ErrorReason not_found,
                             EntryResult* result) const {
  std::vector<storage::Entry> entries;
  entries.push_back(std::move(entry));
  std::vector<EntryResult> results;
  grpc::Status status = WriteAll(std::move(entries), not_found, &results);
  *result = std::move(results.front());
  return status;
}

grpc::Status Proposer::WriteAll(std::vector<storage::Entry> entries, v1::ErrorReason not_found,
                                std::vector<EntryResult>* results) const {
  std::mutex mutex;
  std::condition_variable all_done;
  size_t left = entries.size();
  grpc::Status first_error = grpc::Status::OK;
  results->assign(entries.size(), EntryResult());
  for (size_t i = 0; i < entries.size(); ++i) {
    Submit(std::move(entries[i]), not_found,
           [&, i](const grpc::Status& status, const EntryResult& result) {
             std::lock_guard<std::mutex> lock(mutex);
             (*results)[i] = result;
             if (!status.ok() && first_error.ok()) first_error = status;
             if (--left == 0) all_done.notify_one();
           });
  }
  std::unique_lock<std::mutex> lock(mutex);
  all_done.wait(lock, [&left] { return left == 0; });
  return first_error;
}

void Proposer::Submit(storage::Entry entry, v1::ErrorReason not_found, Done done) const {
  const absl::Status queued = TrySubmit(std::move(entry), not_found, nullptr, done);
  if (!queued.ok()) done(StoreError(queued), EntryResult());
}

absl::Status Proposer::TrySubmit(storage::Entry entry, v1::ErrorReason not_found,
                                 std::shared_ptr<store::EntryChain> chain, Done done) const {
  auto answered = [done = std::move(done), not_found,
                   budgets = budgets_](const absl::StatusOr<EntryResult>& result) {
    if (!result.ok()) return done(StoreError(result.status()), EntryResult());
    // Before the answer: whoever asks after it sees what was claimed or given back.
    if (budgets != nullptr) budgets->Update(result->position(), result->budgets());
    if (result->refusal() == EntryResult::REFUSAL_UNSPECIFIED) {
      return done(grpc::Status::OK, *result);
    }
    done(RpcError(RefusalStatus(result->refusal(), result->refusal_detail(), not_found)), *result);
  };
  return writer_->Submit(std::move(entry), std::move(answered), store::Urgency::kNow,
                         std::move(chain));
}

absl::Status ToAbsl(const grpc::Status& status) {
  return status.ok() ? absl::OkStatus() : absl::UnavailableError(status.error_message());
}

google::rpc::Status RefusalStatus(EntryResult::Refusal refusal, absl::string_view detail,
                                  v1::ErrorReason not_found) {
  using grpc::StatusCode;
  switch (refusal) {
    case EntryResult::REFUSAL_REQUEST_ID_REUSED:
      return ErrorStatus(StatusCode::ALREADY_EXISTS, v1::ERROR_REASON_REQUEST_ID_REUSED, detail);
    case EntryResult::REFUSAL_NOT_FOUND:
      return ErrorStatus(StatusCode::NOT_FOUND, not_found, detail);
    case EntryResult::REFUSAL_VERSION_CHANGED:
      return ErrorStatus(StatusCode::ABORTED, v1::ERROR_REASON_ETAG_MISMATCH,
                         "the customer has changed since she was read: read her again");
    case EntryResult::REFUSAL_IDENTITY_TAKEN:
      return ErrorStatus(StatusCode::ALREADY_EXISTS, v1::ERROR_REASON_IDENTITY_TAKEN, detail);
    case EntryResult::REFUSAL_AUTHOR_MAY_NOT_APPROVE:
      return ErrorStatus(StatusCode::PERMISSION_DENIED, v1::ERROR_REASON_APPROVER_IS_AUTHOR,
                         detail);
    case EntryResult::REFUSAL_NOT_APPROVED:
      return ErrorStatus(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NOT_APPROVED, detail);
    case EntryResult::REFUSAL_EPOCH_CHANGED:
      return ErrorStatus(StatusCode::ABORTED, v1::ERROR_REASON_EPOCH_CHANGED,
                         "another revision became active meanwhile: look at the active revision, "
                         "then try again");
    case EntryResult::REFUSAL_TERMS_MISSING:
      return ErrorStatus(StatusCode::ABORTED, v1::ERROR_REASON_EPOCH_CHANGED,
                         "grants were made meanwhile whose terms have to be kept: try again");
    case EntryResult::REFUSAL_REVISION_CHANGED:
      return ErrorStatus(StatusCode::ABORTED, v1::ERROR_REASON_EPOCH_CHANGED,
                         "another revision became active meanwhile: try again");
    case EntryResult::REFUSAL_HOUSEHOLD_CHANGED:
      return ErrorStatus(StatusCode::ABORTED, v1::ERROR_REASON_ETAG_MISMATCH,
                         "a customer has moved to another household meanwhile: try again");
    case EntryResult::REFUSAL_NOT_MERGED:
      return ErrorStatus(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NOT_MERGED, detail);
    case EntryResult::REFUSAL_NEVER_PUBLISHED:
      return ErrorStatus(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_REVISION_STATE, detail);
    case EntryResult::REFUSAL_TOO_MANY:
      return ErrorStatus(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_RECORD_FULL, detail);
    case EntryResult::REFUSAL_STEP_SUPERSEDED:
      return ErrorStatus(
          StatusCode::ABORTED, v1::ERROR_REASON_STEP_SUPERSEDED,
          "the transaction has come to a later step, or was voided: go on from there");
    case EntryResult::REFUSAL_TRANSACTION_COMMITTED:
      return ErrorStatus(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_TRANSACTION_COMMITTED,
                         "the transaction is a sale already: GetSale has it");
    case EntryResult::REFUSAL_RESERVATION_EXPIRED:
      return ErrorStatus(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_RESERVATION_EXPIRED,
                         "the time of the reservation is over and its claims were given back: "
                         "reserve again, and charge the price that comes back");
    case EntryResult::REFUSAL_INVALID:
      return ErrorStatus(StatusCode::INVALID_ARGUMENT, v1::ERROR_REASON_INVALID_REQUEST, detail);
    default:
      return ErrorStatus(StatusCode::INTERNAL, v1::ERROR_REASON_INTERNAL,
                         absl::StrCat("the write was refused: ", detail));
  }
}

grpc::Status StoreError(const absl::Status& status) {
  using grpc::StatusCode;
  const absl::string_view text = status.message();
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return RpcError(StatusCode::UNAVAILABLE, v1::ERROR_REASON_STORE_READ_ONLY, text);
    case absl::StatusCode::kResourceExhausted:
      return Overloaded(kRetryAfterFullQueue, text);
    case absl::StatusCode::kDataLoss:
      return RpcError(StatusCode::DATA_LOSS, v1::ERROR_REASON_STORE_CORRUPT, text);
    case absl::StatusCode::kInvalidArgument:
      return RpcError(StatusCode::INVALID_ARGUMENT, v1::ERROR_REASON_INVALID_REQUEST, text);
    default:
      return RpcError(StatusCode::INTERNAL, v1::ERROR_REASON_INTERNAL, text);
  }
}

}  // namespace touchstone::server
