#pragma once

// Codes as one entry uses them: who may claim one, what is held, sold and brought back.
//
// In every state committed + reserved of a code is at most its most_uses. What posted sales take
// beyond it, or of a code that could not be claimed, is its overrun; as long as there is any, it
// counts for whether a use is left, and what comes back takes from it first.
//
// Thread safety, errors: as in apply.h. Cost: a row or two by key for each call; of a code that is
// a customer's, one more for each merge of hers.

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "store/pending_writes.h"
#include "touchstone/storage/v1/ledger.pb.h"

namespace touchstone::store {

// Who claims, and when.
struct CodeBearer {
  absl::string_view customer_id;  // who stands for her now; empty: nobody known
  int64_t time_us = 0;
};

class Codes {
 public:
  // Of what one transaction claims. Its id must live as long.
  Codes(absl::string_view transaction_id, PendingWrites* writes)
      : transaction_id_(transaction_id), writes_(writes) {}

  // False: there is no such code, or the bearer cannot claim it, and nothing is changed.
  absl::StatusOr<bool> Reserve(const storage::Claim& claim, const CodeBearer& bearer);
  // Of a claim that is reserved.
  absl::Status Release(const storage::Claim& claim);
  absl::Status Commit(const storage::Claim& claim);
  // What became of a claim that nobody asked for before.
  enum class Booked { kFits, kOverrun, kUnknown };
  // Always books it, but for a code that is not there: then nothing is written.
  absl::StatusOr<Booked> Book(const storage::Claim& claim, const CodeBearer& bearer);
  // Of a claim that was committed or booked.
  absl::Status Restore(const storage::Claim& claim);

 private:
  // DataLoss when there is none: a code that was claimed never goes.
  absl::StatusOr<storage::Code> ReadClaimed(const storage::Claim& claim);
  absl::StatusOr<bool> CanClaim(const storage::Claim& claim, const storage::Code& code,
                                const CodeBearer& bearer);
  absl::Status Write(const storage::Claim& claim, const storage::Code& code);

  absl::string_view transaction_id_;
  PendingWrites* writes_;
};

}  // namespace touchstone::store
