#pragma once

// Open grants, as the record of whoever stands for their customer shows them, so that a decision
// reads one key, and as they are listed by offer and terms. The rows of the ledger say what is so;
// whatever writes one tells GrantSections.
//
// Thread safety, errors: as in apply.h. Cost: a look-up of who stands for the customer, one for
// each merge of hers, for each grant.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "store/pending_writes.h"
#include "store/record.h"
#include "store/record_patch.h"
#include "touchstone/storage/v1/ledger.pb.h"

namespace touchstone::store {

// Whether a record shows the grant, unless it is over. It is a customer's.
bool IsOpen(const storage::Code& grant);
// As a record shows it. It points into both.
RecordPatch::Grant ShownGrant(absl::string_view id, const storage::Code& grant);
// Once ended, a grant is shown as long as a transaction holds it.
inline bool IsOver(const RecordPatch::Grant& grant, int64_t now_us) {
  return grant.end_us <= now_us && grant.holders.empty();
}
inline bool IsOver(const GrantView& grant, int64_t now_us) {
  return grant.end_us <= now_us && grant.holder_count == 0;
}

// Writes or deletes the row that lists it among the open ones of its offer and terms.
void ListOpenGrant(absl::string_view id, const storage::Code& grant, PendingWrites* writes);

// Offers, and terms of them (0: none), that grants keep which are open and have not ended at that
// moment, in order, from the committed rows. Cost: a few seeks each, however many grants there are.
absl::StatusOr<std::vector<std::pair<uint32_t, uint32_t>>> OpenTerms(const Database& database,
                                                                     int64_t now_us);

// What one entry changes of them: one patch a record.
class GrantSections {
 public:
  explicit GrantSections(PendingWrites* writes) : writes_(writes) {}

  // The row of a grant is this now.
  absl::Status Update(absl::string_view id, const storage::Code& grant);
  // Writes the patches, and forgets them.
  void Flush();

 private:
  PendingWrites* writes_;
  std::map<std::string, RecordPatch> patches_;  // by customer, so that every node writes alike
};

// Grants of these very customers, open or not. REQUIRES: as PendingWrites::committed.
absl::StatusOr<std::vector<std::pair<std::string, storage::Code>>> ReadGrants(
    absl::Span<const std::string> customer_ids, PendingWrites* writes);

}  // namespace touchstone::store
