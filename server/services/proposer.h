#pragma once

// Writes of the services: makes entries, submits them, and words what became of them as errors of
// the contract.
//
// Thread safety: all methods are safe from any thread. Lifetime: store and writer must outlive it.
// Errors: UNAVAILABLE STORE_READ_ONLY when the store takes no writes, RESOURCE_EXHAUSTED OVERLOADED
// when the writer's queue is full, DATA_LOSS STORE_CORRUPT, else as RefusalStatus.

#include <grpcpp/support/status.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "google/rpc/status.pb.h"
#include "server/decide/budget_board.h"
#include "store/store.h"
#include "store/writer.h"
#include "touchstone/v1/error_reason.pb.h"

namespace touchstone::server {

namespace storage = ::touchstone::storage::v1;

using Clock = std::function<absl::Time()>;

// Who called, as long as calls carry no credentials.
inline constexpr absl::string_view kLocalPrincipal = "local";

// Hash of a request and of the method that it was sent to.
uint64_t BodyHash(absl::string_view method, const google::protobuf::Message& request);

// Of work in the background that nobody waits for: Unavailable with the call's message.
absl::Status ToAbsl(const grpc::Status& status);

class Proposer {
 public:
  // `budgets` learns of every budget that an entry changes; null: nobody asks it.
  Proposer(store::Store* store, store::Writer* writer, Clock now, BudgetBoard* budgets = nullptr);

  // An entry without a command, proposed now. An empty request id is not remembered.
  storage::Entry NewEntry(absl::string_view request_id, uint64_t body_hash) const;
  void SetAudit(absl::string_view action, absl::string_view resource, absl::string_view detail,
                storage::Entry* entry) const;

  // The first answer to a request whose id is remembered; nothing when it is new. An error when the
  // id was used with another body. Blocks.
  grpc::Status Recall(absl::string_view request_id, uint64_t body_hash,
                      std::optional<storage::EntryResult>* first) const;

  // Writes and waits. `not_found`: the reason when the entry names what is not there.
  grpc::Status Write(storage::Entry entry, v1::ErrorReason not_found,
                     storage::EntryResult* result) const;
  // Writes all and waits for all; the first error counts. Results are parallel to the entries.
  grpc::Status WriteAll(std::vector<storage::Entry> entries, v1::ErrorReason not_found,
                        std::vector<storage::EntryResult>* results) const;

  // On the writer's thread: must be quick.
  using Done = std::function<void(const grpc::Status&, const storage::EntryResult&)>;
  // As store::Writer::Submit.
  absl::Status TrySubmit(storage::Entry entry, v1::ErrorReason not_found,
                         std::shared_ptr<store::EntryChain> chain, Done done) const;

  absl::Time now() const { return now_(); }

 private:
  // `done` is called exactly once, perhaps before Submit returns.
  void Submit(storage::Entry entry, v1::ErrorReason not_found, Done done) const;

  store::Store* store_;
  store::Writer* writer_;
  Clock now_;
  BudgetBoard* budgets_;
};

// How an entry that Apply refused is answered.
google::rpc::Status RefusalStatus(storage::EntryResult::Refusal refusal, absl::string_view detail,
                                  v1::ErrorReason not_found);

// What a failed read or write of the store is answered with.
grpc::Status StoreError(const absl::Status& status);

}  // namespace touchstone::server
