#include "store/verify_grants.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "store/grants.h"
#include "store/keys.h"
#include "store/links.h"

namespace touchstone::store {
namespace {

using storage::Code;

// Empty when that never ends, which is told where merges are read.
absl::StatusOr<std::string> SurvivorIn(const Database& database, std::string id) {
  absl::flat_hash_set<std::string> passed;
  while (passed.insert(id).second) {
    absl::StatusOr<std::optional<std::string>> next =
        database.GetCopy(Family::kMeta, SurvivorRow(id));
    if (!next.ok()) return next.status();
    if (!next->has_value()) return id;
    id = **std::move(next);
  }
  return std::string();
}

bool IsSame(const GrantView& shown, const RecordPatch::Grant& grant) {
  if (shown.offer != grant.offer || shown.terms != grant.terms ||
      shown.start_us != grant.start_us || shown.end_us != grant.end_us ||
      shown.uses_left != grant.uses_left ||
      shown.holder_count != std::min(grant.holders.size(), kMaxGrantHolders)) {
    return false;
  }
  for (size_t i = 0; i < shown.holder_count; ++i) {
    if (shown.holder(i) != grant.holders[i]) return false;
  }
  return true;
}

void FoundDiffers(absl::string_view id, absl::string_view customer_id, RowWalk* rows) {
  rows->Found(Fault::kGrantDiffers, absl::StrCat("grants/", id, " of customers/", customer_id));
}

}  // namespace

absl::Status VerifyGrantIsShown(absl::string_view id, const Code& grant, RowWalk* rows) {
  if (!IsOpen(grant)) return absl::OkStatus();
  const Database& database = rows->database();
  const absl::StatusOr<std::string> holder = SurvivorIn(database, grant.customer_id());
  if (!holder.ok()) return holder.status();
  const absl::StatusOr<std::optional<std::string>> bytes =
      database.GetCopy(Family::kCustomers, RecordRow(kCustomer, *holder));
  if (!bytes.ok()) return bytes.status();
  if (!bytes->has_value()) {
    FoundDiffers(id, *holder, rows);
    return absl::OkStatus();
  }
  const absl::StatusOr<RecordView> record = RecordView::Parse(**bytes);
  if (!record.ok()) return absl::OkStatus();  // told where records are read
  const RecordPatch::Grant expected = ShownGrant(id, grant);
  const std::optional<GrantView> shown = record->FindGrant(id);
  const bool may_be_missing =
      IsOver(expected, database.progress().time_us()) || record->grant_count() >= kMaxGrants;
  const bool is_right = shown.has_value() ? IsSame(*shown, expected) : may_be_missing;
  if (!is_right) FoundDiffers(id, *holder, rows);
  return absl::OkStatus();
}

absl::Status VerifyGrantIsListed(absl::string_view id, const Code& grant, RowWalk* rows) {
  const RecordPatch::Grant shown = ShownGrant(id, grant);
  const std::string place = absl::StrCat("grants/", id);
  if (IsOpen(grant)) {
    const absl::StatusOr<bool> is_listed = rows->database().Contains(
        Family::kLedger, OpenGrantRow({shown.offer, shown.terms, shown.end_us, id}));
    if (!is_listed.ok()) return is_listed.status();
    if (!*is_listed) rows->Found(Fault::kUnlistedCode, place);
  }
  if (shown.terms == 0) return absl::OkStatus();
  const absl::StatusOr<bool> has_terms =
      rows->database().Contains(Family::kRevisions, KeptTermsRow(shown.offer, shown.terms));
  if (!has_terms.ok()) return has_terms.status();
  if (!*has_terms) rows->Found(Fault::kLostRevision, place + ", its terms");
  return absl::OkStatus();
}

absl::Status VerifyListedGrant(absl::string_view row, RowWalk* rows) {
  const std::optional<OpenGrantKey> key = ParseOpenGrantRow(row);
  if (!key.has_value()) {
    rows->DamagedRow(Family::kLedger, "open grant");
    return absl::OkStatus();
  }
  const absl::StatusOr<std::optional<std::string>> bytes =
      rows->database().GetCopy(Family::kLedger, CodeRow(key->grant_id));
  if (!bytes.ok()) return bytes.status();
  Code grant;
  if (bytes->has_value() && !Parses(**bytes, &grant)) return absl::OkStatus();  // told there
  const RecordPatch::Grant shown = ShownGrant(key->grant_id, grant);
  const bool is_right = grant.is_grant() && IsOpen(grant) && shown.offer == key->offer &&
                        shown.terms == key->terms && shown.end_us == key->end_us;
  if (!is_right) rows->Found(Fault::kLostCode, absl::StrCat("grants/", key->grant_id));
  return absl::OkStatus();
}

absl::Status VerifyShownGrants(absl::string_view customer_id, const RecordView& record,
                               RowWalk* rows) {
  const Database& database = rows->database();
  for (size_t i = 0; i < record.grant_count(); ++i) {
    const absl::string_view id = record.grant(i).id;
    const absl::StatusOr<std::optional<std::string>> row =
        database.GetCopy(Family::kLedger, CodeRow(id));
    if (!row.ok()) return row.status();
    Code grant;
    if (row->has_value() && !Parses(**row, &grant)) continue;  // told where the ledger is read
    const absl::StatusOr<std::string> holder = SurvivorIn(database, grant.customer_id());
    if (!holder.ok()) return holder.status();
    const bool is_hers = grant.is_grant() && IsOpen(grant) && *holder == customer_id;
    if (!is_hers) FoundDiffers(id, customer_id, rows);
  }
  return absl::OkStatus();
}

}  // namespace touchstone::store
