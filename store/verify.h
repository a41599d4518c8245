#pragma once

// A check of everything that a store and its receipts hold: checksums, that every row can be read,
// and that rows which speak of one another agree.
//
// What is found is counted, the first places are told. A place names a family, an id or a file;
// never an identity, an attribute or a text of a customer's, and of a code, which is a secret, its
// last few letters. What aggregates of a record must amount to follows from a rule set: that is
// checked where rule sets are known (server/services/aggregate_check.h), and told here.
//
// Thread safety: as Store. REQUIRES: nobody writes meanwhile, or what was just written may be taken
// for a fault. Errors: Unavailable when the device refuses; damage is a finding, not an error.
// Cost: reads all of it once, and a row or two by key for each identity, event, member of a
// household, merge, reservation, sale, code and grant; it leaves the caches alone. Memory: a line a
// finding that is told, and the sums of each budget, code and grant that was used.

#include <rocksdb/file_system.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "store/store.h"

namespace touchstone::store {

enum class Fault : uint8_t {
  kDamagedTable,      // a file of RocksDB fails its checksums, or cannot be read to its end
  kDamagedRow,        // a row that is not what its family holds
  kLostIdentity,      // an identity that leads to nobody, or to one who does not hold it
  kForeignIdentity,   // a customer holds an identity that leads elsewhere, or nowhere
  kLostMember,        // a household's member who is not there, or names another household
  kForeignHousehold,  // a customer names a household that she is no member of
  kLostRecord,        // a household with members, or one that waits, without its record
  kLostMerge,         // a merge of which only one is there: where she went, what undoing it needs
  kRevivedCustomer,   // one who was merged into another one, and has a record of her own
  kLostSurvivor,      // whoever stands for a merged customer is nobody, or never ends
  kUnlistedEvent,     // an event or outcome that is kept but not known by its id
  kLostEvent,         // one that is known by its id but not kept
  kLostReversal,      // an event is marked as taken back by one that is not known
  kLostRevision,      // a revision without its rule set, an active one that is not there, or terms
                      // that a grant keeps and that are not there
  kNumberAhead,       // a revision or an entry with a number that was never given out
  kDamagedReceipts,   // a segment of receipts with damage that is no torn end
  kAggregateDiffers,  // an aggregate that is not what the events that are kept amount to
  kUnlistedReservation,  // one that no row leads to when it is due, or from whom it is for
  kLostReservation,      // a row that leads to one that is not there, or says otherwise
  kSoldReservation,      // one of a transaction that was sold
  kUnlistedSale,         // a sale that is not among those of its customer
  kLostSale,             // one that is listed and is not there, or is another one's
  kBudgetDiffers,        // a budget that is not the sum of what reservations and sales claim of it
  // Of codes and grants:
  kUnlistedCode,  // one that is not among those of its customer, or among the open grants of its
                  // offer, or whose holder no row names
  kLostCode,      // a row that leads to one or its holder, and either says otherwise; or a sale's
                  // coupon
  kCodeDiffers,   // one that is not the sum of what reservations and sales claim of it
  kGrantDiffers,  // an open grant that its customer's record does not show as it is, or the reverse
};
inline constexpr size_t kFaults = 27;
// "lost_identity".
absl::string_view FaultName(Fault fault);

struct VerifyFinding {
  Fault fault;
  std::string place;
};

struct VerifyReport {
  static constexpr size_t kMaxFindings = 100;

  uint64_t customers = 0;
  uint64_t households = 0;
  uint64_t identities = 0;
  uint64_t events = 0;
  uint64_t outcomes = 0;
  uint64_t revisions = 0;
  uint64_t snapshots = 0;  // of reference tables
  uint64_t audit_records = 0;
  uint64_t receipts = 0;
  uint64_t merged_customers = 0;
  uint64_t waiting_records = 0;  // for their aggregates to be rebuilt
  uint64_t pending_erasures = 0;
  uint64_t import_runs = 0;
  uint64_t reservations = 0;  // and what is kept of those that are over
  uint64_t sales = 0;
  uint64_t codes = 0;
  uint64_t grants = 0;
  uint64_t faults = 0;                  // all of them
  std::vector<VerifyFinding> findings;  // the first

  bool sound() const { return faults == 0; }
  // Beyond kMaxFindings it is counted only.
  void Add(Fault fault, std::string place);
};

// Called now and then with what is being read: "events".
using VerifyProgress = absl::FunctionRef<void(absl::string_view step)>;

absl::StatusOr<VerifyReport> VerifyStore(const Store& store, VerifyProgress progress);

// Adds the receipts of a directory. What cannot be read at the end of the last segment may be the
// torn end that a crash leaves, which the next start cuts off; it is no fault. REQUIRES: no
// ReceiptLog has it open. `file_system` null: the default one.
absl::Status VerifyReceipts(const std::string& directory,
                            const std::shared_ptr<rocksdb::FileSystem>& file_system,
                            VerifyProgress progress, VerifyReport* report);

}  // namespace touchstone::store
