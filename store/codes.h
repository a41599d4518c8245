#pragma once

// Codes and grants as one entry uses them: who may claim one, what is held, sold and brought back.
// Both are called codes here; a claim names its own kind of them.
//
// In every state committed + reserved of a code is at most its most_uses. What posted sales take
// beyond it, or of a code that could not be claimed, is its overrun; as long as there is any, it
// counts for whether a use is left, and what comes back takes from it first. What becomes of a
// grant is shown by her record once Flush was called.
//
// Thread safety, errors: as in apply.h. Cost: a row or two by key for each call; of a code that is
// a customer's, one more for each merge of hers.

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "store/grants.h"
#include "store/pending_writes.h"
#include "touchstone/storage/v1/ledger.pb.h"

namespace touchstone::store {

inline bool IsOfCode(const storage::Claim& claim) {
  return claim.kind() == storage::Claim::KIND_CODE || claim.kind() == storage::Claim::KIND_GRANT;
}

// What is wrong with the terms of a code or grant that nobody has used; "": nothing.
absl::string_view TermsFault(const storage::Code& terms);
// Whether a code or grant that is there says what the terms say, but for who the customer is: an
// erased one is none.
bool HasTermsOfOwner(const storage::Code& code, const storage::Code& terms);
// The same, also of the customer; that of the terms stands for herself.
absl::StatusOr<bool> HasTerms(const storage::Code& code, const storage::Code& terms,
                              PendingWrites* writes);

// Which transaction claims.
struct CodeHolder {
  absl::string_view transaction_id;
  uint64_t transaction;  // as contacts name it
};

// Who claims, and when.
struct CodeBearer {
  absl::string_view customer_id;  // who stands for her now; empty: nobody known
  int64_t time_us = 0;
};

class Codes {
 public:
  explicit Codes(PendingWrites* writes) : writes_(writes), sections_(writes) {}

  // False: there is no such code, or the bearer cannot claim it, and nothing is changed.
  absl::StatusOr<bool> Reserve(const storage::Claim& claim, const CodeHolder& holder,
                               const CodeBearer& bearer);
  // Of a claim that is reserved.
  absl::Status Release(const storage::Claim& claim, const CodeHolder& holder);
  absl::Status Commit(const storage::Claim& claim, const CodeHolder& holder);
  // What became of a claim that nobody asked for before.
  enum class Booked { kFits, kOverrun, kUnknown };
  // Always books it, but for a code that is not there: then nothing is written.
  absl::StatusOr<Booked> Book(const storage::Claim& claim, const CodeBearer& bearer);
  // Of a claim that was committed or booked.
  absl::Status Restore(const storage::Claim& claim);

  // Writes what records show of grants.
  void Flush() { sections_.Flush(); }

 private:
  // Takes back what Reserve noted of who holds it.
  void Unhold(const storage::Claim& claim, const CodeHolder& holder, storage::Code* code);
  // DataLoss when there is none: a code that was claimed never goes.
  absl::StatusOr<storage::Code> ReadClaimed(const storage::Claim& claim);
  absl::StatusOr<bool> CanClaim(const storage::Claim& claim, const storage::Code& code,
                                const CodeBearer& bearer);
  absl::Status Write(const storage::Claim& claim, const storage::Code& code);

  PendingWrites* writes_;
  GrantSections sections_;
};

}  // namespace touchstone::store
