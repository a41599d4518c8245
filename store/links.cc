#include "store/links.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"

namespace touchstone::store {
namespace {

using storage::EntryResult;

// Removes an identity from the record of the customer whom it finds now.
void Unlink(absl::string_view customer_id, absl::string_view identity, PendingWrites* writes) {
  RecordPatch patch;
  patch.RemoveIdentity(identity);
  MergeAndBump(kCustomer, customer_id, patch.bytes(), writes);
  writes->Delete(Family::kIdentities, identity);
}

absl::Status Leave(absl::string_view customer_id, absl::string_view household_id, bool has_events,
                   PendingWrites* writes) {
  const auto record = Read(kMembers, household_id, writes);
  if (!record.ok()) return record.status();
  const StringListView& members = (*record)->view.members();
  if (!members.Contains(customer_id)) return absl::OkStatus();
  if (members.size() == 1) {
    writes->Delete(Family::kCustomers, RecordRow(kMembers, household_id));
    writes->Delete(Family::kCustomers, RecordRow(kHousehold, household_id));
    writes->Delete(Family::kMeta, WaitingRow(kHousehold, household_id));
    return absl::OkStatus();
  }
  RecordPatch patch;
  patch.RemoveMember(customer_id);
  MergeAndBump(kMembers, household_id, patch.bytes(), writes);
  MergeAndBump(kHousehold, household_id, "", writes);
  if (has_events) ForgetAggregates(kHousehold, household_id, writes);
  return absl::OkStatus();
}

}  // namespace

bool IsUsablePatch(absl::string_view patch) {
  return patch.size() <= kMaxPatchBytes && ValidatePatch(patch).ok() && !ChangesLinks(patch);
}

std::string Bumped(absl::string_view patch) {
  RecordPatch bumped;
  bumped.BumpVersion();
  bumped.Append(patch);
  return bumped.bytes();
}

void MergeAndBump(char kind, absl::string_view id, absl::string_view patch, PendingWrites* writes) {
  writes->MergeRecord(RecordRow(kind, id), Bumped(patch));
}

void MakeOrMergeAndBump(char kind, absl::string_view id, absl::string_view patch,
                        PendingWrites* writes) {
  writes->MakeOrMergeRecord(RecordRow(kind, id), Bumped(patch));
}

absl::StatusOr<std::unique_ptr<ReadRecord>> Read(char kind, absl::string_view id,
                                                 PendingWrites* writes) {
  absl::StatusOr<std::optional<std::string>> bytes =
      writes->Get(Family::kCustomers, RecordRow(kind, id));
  if (!bytes.ok()) return bytes.status();
  auto read = std::make_unique<ReadRecord>();
  if (!bytes->has_value()) return read;
  read->bytes = **std::move(bytes);
  absl::StatusOr<RecordView> view = RecordView::Parse(read->bytes);
  if (!view.ok()) return view.status();
  read->view = *view;
  return read;
}

absl::StatusOr<std::string> SurvivorOf(absl::string_view customer_id, PendingWrites* writes) {
  std::string id(customer_id);
  // Ends: whoever stays has no such row until she is merged in turn.
  for (;;) {
    absl::StatusOr<std::optional<std::string>> next = writes->Get(Family::kMeta, SurvivorRow(id));
    if (!next.ok()) return next.status();
    if (!next->has_value()) return id;
    id = **std::move(next);
  }
}

AppliedOr CheckLink(const storage::LinkIdentities& command, PendingWrites* writes) {
  if (!IsValidId(command.customer_id())) {
    return Refuse(EntryResult::REFUSAL_INVALID, "customer_id: 1-64 bytes of [A-Za-z0-9._-]");
  }
  if (!AreIdentities(command.identities()) || !AreIdentities(command.unlink())) {
    return Refuse(EntryResult::REFUSAL_INVALID, kIdentityRule);
  }
  const auto record = Read(kCustomer, command.customer_id(), writes);
  if (!record.ok()) return record.status();
  const StringListView& held = (*record)->view.identities();
  absl::flat_hash_set<absl::string_view> kept;
  for (size_t i = 0; i < held.size(); ++i) kept.insert(held[i]);
  for (const std::string& identity : command.unlink()) kept.erase(identity);
  for (const std::string& identity : command.identities()) {
    kept.insert(identity);
    if (command.move()) continue;
    absl::StatusOr<std::optional<std::string>> holder = writes->Get(Family::kIdentities, identity);
    if (!holder.ok()) return holder.status();
    if (holder->has_value() && **holder != command.customer_id()) {
      return Refuse(EntryResult::REFUSAL_IDENTITY_TAKEN, "an identity finds another customer");
    }
  }
  if (kept.size() > kMaxIdentities) {
    return Refuse(EntryResult::REFUSAL_TOO_MANY, "a customer has at most 64 identities");
  }
  return EntryResult();
}

absl::Status Link(const storage::LinkIdentities& command, RecordPatch* patch,
                  PendingWrites* writes) {
  for (const std::string& identity : command.unlink()) {
    absl::StatusOr<std::optional<std::string>> holder = writes->Get(Family::kIdentities, identity);
    if (!holder.ok()) return holder.status();
    if (*holder != command.customer_id()) continue;
    writes->Delete(Family::kIdentities, identity);
    patch->RemoveIdentity(identity);
  }
  for (const std::string& identity : command.identities()) {
    absl::StatusOr<std::optional<std::string>> holder = writes->Get(Family::kIdentities, identity);
    if (!holder.ok()) return holder.status();
    if (*holder == command.customer_id()) continue;
    if (holder->has_value()) Unlink(**holder, identity, writes);
    writes->Put(Family::kIdentities, identity, command.customer_id());
    patch->AddIdentity(identity);
  }
  return absl::OkStatus();
}

void ForgetAggregates(char kind, absl::string_view id, PendingWrites* writes) {
  RecordPatch patch;
  patch.ForgetAggregates();
  MergeAndBump(kind, id, patch.bytes(), writes);
  writes->Put(Family::kMeta, WaitingRow(kind, id), "");
}

AppliedOr CheckJoin(absl::string_view customer_id, absl::string_view household_id,
                    PendingWrites* writes) {
  if (!IsValidId(household_id)) {
    return Refuse(EntryResult::REFUSAL_INVALID, "household_id: 1-64 bytes of [A-Za-z0-9._-]");
  }
  const auto record = Read(kMembers, household_id, writes);
  if (!record.ok()) return record.status();
  const StringListView& members = (*record)->view.members();
  if (members.size() >= kMaxMembers && !members.Contains(customer_id)) {
    return Refuse(EntryResult::REFUSAL_TOO_MANY, "a household has at most 64 members");
  }
  return EntryResult();
}

absl::Status MoveToHousehold(absl::string_view customer_id, absl::string_view from,
                             absl::string_view to, bool has_events, RecordPatch* patch,
                             PendingWrites* writes) {
  if (from == to) return absl::OkStatus();
  if (!from.empty()) {
    absl::Status left = Leave(customer_id, from, has_events, writes);
    if (!left.ok()) return left;
  }
  patch->SetHousehold(to);
  if (to.empty()) return absl::OkStatus();
  RecordPatch joined;
  joined.AddMember(customer_id);
  MakeOrMergeAndBump(kMembers, to, joined.bytes(), writes);
  MakeOrMergeAndBump(kHousehold, to, "", writes);
  if (has_events) ForgetAggregates(kHousehold, to, writes);
  return absl::OkStatus();
}

}  // namespace touchstone::store
