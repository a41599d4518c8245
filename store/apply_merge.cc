// Merging two customers, and taking that back.

#include <algorithm>
#include <utility>
#include <vector>

#include "store/apply_commands.h"
#include "store/grants.h"
#include "store/holdings.h"
#include "store/keys.h"
#include "store/links.h"
#include "store/record.h"
#include "store/record_layout.h"
#include "store/record_patch.h"

namespace touchstone::store {
namespace {

using storage::EntryResult;

AppliedOr NoSuchCustomer() { return Refuse(EntryResult::REFUSAL_NOT_FOUND, "no such customer"); }
AppliedOr NotMerged() {
  return Refuse(EntryResult::REFUSAL_NOT_MERGED, "these two are not merged, or not any more");
}

std::vector<std::string> IdentitiesOf(const RecordView& record) {
  std::vector<std::string> identities;
  for (size_t i = 0; i < record.identities().size(); ++i) {
    identities.emplace_back(record.identities()[i]);
  }
  return identities;
}

bool IsSame(const AttributeView& a, const AttributeView& b) {
  return a.as_of_s == b.as_of_s && a.source == b.source && IsSameValue(a.value, b.value);
}
bool IsSame(const std::optional<AttributeView>& a, const std::optional<AttributeView>& b) {
  return a.has_value() == b.has_value() && (!a.has_value() || IsSame(*a, *b));
}

bool IsSame(const ConsentView& a, const ConsentView& b) {
  return a.time_us == b.time_us && a.source == b.source && a.granted == b.granted;
}
bool IsSame(const std::optional<ConsentView>& a, const std::optional<ConsentView>& b) {
  return a.has_value() == b.has_value() && (!a.has_value() || IsSame(*a, *b));
}

bool IsSame(const ContactView& a, const ContactView& b) {
  return a.offer == b.offer && a.transaction == b.transaction && a.time_us == b.time_us &&
         a.channel == b.channel && a.kind == b.kind && a.direction == b.direction;
}
bool HasContact(const RecordView& record, const ContactView& contact) {
  for (size_t i = 0; i < record.contact_count(); ++i) {
    if (IsSame(record.contact(i), contact)) return true;
  }
  return false;
}

void Set(const AttributeView& attribute, RecordPatch* patch) {
  patch->SetAttribute(attribute.id, Value::Copy(attribute.value), attribute.source,
                      attribute.as_of_s);
}
void Set(const ConsentView& consent, RecordPatch* patch) {
  patch->SetConsent(consent.purpose, consent.granted, consent.source, consent.time_us);
}
void Add(const ContactView& contact, RecordPatch* patch) {
  std::vector<uint64_t> limits(contact.limit_count);
  for (size_t i = 0; i < limits.size(); ++i) limits[i] = contact.limit(i);
  patch->AddContact({.offer = contact.offer,
                     .transaction = contact.transaction,
                     .time_us = contact.time_us,
                     .channel = contact.channel,
                     .kind = contact.kind,
                     .direction = contact.direction,
                     .limits = limits});
}

void Put(RecordPatch::Grant grant, PendingWrites* writes, RecordPatch* patch) {
  grant.keep_from_us = writes->progress().time_us();
  patch->PutGrant(grant);
}

// Those that a record keeps when the next one is put.
std::vector<GrantView> GrantsOf(const RecordView& record, PendingWrites* writes) {
  std::vector<GrantView> grants;
  for (size_t i = 0; i < record.grant_count(); ++i) {
    const GrantView grant = record.grant(i);
    if (!IsOver(grant, writes->progress().time_us())) grants.push_back(grant);
  }
  return grants;
}

// Whose contacts of transactions are whose when a merge is taken back. What is held goes with its
// reservation, however it came; what a return took away must not come back.
struct TransactionContacts {
  ContactTransactions held_for_merged;
  ContactTransactions returned;

  bool IsHeldForMerged(const ContactView& contact) const {
    return contact.kind == ContactKind::kReserved && held_for_merged.contains(contact.transaction);
  }
  // Of a contact from before the merge.
  bool ComesBack(const ContactView& then, const RecordView& now) const {
    if (then.kind == ContactKind::kReserved) return false;
    return HasContact(now, then) || then.kind != ContactKind::kRedeemed ||
           !returned.contains(then.transaction);
  }
};

// The customer, and all who were merged into her.
absl::Status AddFamily(const std::string& customer_id, std::vector<std::string>* ids,
                       PendingWrites* writes) {
  ids->push_back(customer_id);
  const std::string prefix = MergedRow(customer_id, "");
  Database::PrefixIterator rows = writes->committed().Iterate(Family::kMeta, prefix, prefix);
  for (; rows.Valid(); rows.Next()) {
    const std::string merged_id(rows.key().substr(prefix.size()));
    if (absl::Status added = AddFamily(merged_id, ids, writes); !added.ok()) return added;
  }
  return rows.status();
}

absl::StatusOr<TransactionContacts> ReadTransactions(const storage::MergeCustomers& command,
                                                     PendingWrites* writes) {
  std::vector<std::string> merged;
  absl::Status added = AddFamily(command.merged(), &merged, writes);
  if (!added.ok()) return added;
  // With those of the merged one.
  std::vector<std::string> both;
  added = AddFamily(command.surviving(), &both, writes);
  if (!added.ok()) return added;
  absl::StatusOr<ContactTransactions> held = HeldTransactions(merged, writes);
  if (!held.ok()) return held.status();
  absl::StatusOr<ContactTransactions> returned = ReturnedTransactions(both, writes);
  if (!returned.ok()) return returned.status();
  return TransactionContacts{*std::move(held), *std::move(returned)};
}

// What the surviving record shows of the merged one's grants.
void UniteGrants(const std::vector<GrantView>& grants, PendingWrites* writes, RecordPatch* patch) {
  for (const GrantView& grant : grants) {
    std::vector<uint64_t> holders(grant.holder_count);
    for (size_t i = 0; i < holders.size(); ++i) holders[i] = grant.holder(i);
    Put({.id = grant.id,
         .offer = grant.offer,
         .terms = grant.terms,
         .start_us = grant.start_us,
         .end_us = grant.end_us,
         .uses_left = grant.uses_left,
         .holders = holders},
        writes, patch);
  }
}

// Takes the grants of the merged one, and of those who had been merged into her, out of what the
// surviving record shows, and puts into hers, as it was, what is open of them now.
absl::Status SeparateGrants(const std::string& merged_id, const RecordView& now,
                            const RecordView& merged, RecordPatch* patch, RecordPatch* hers,
                            PendingWrites* writes) {
  std::vector<std::string> family;
  if (absl::Status added = AddFamily(merged_id, &family, writes); !added.ok()) return added;
  const auto grants = ReadGrants(family, writes);
  if (!grants.ok()) return grants.status();
  for (size_t i = 0; i < merged.grant_count(); ++i) hers->RemoveGrant(merged.grant(i).id);
  for (const auto& [id, grant] : *grants) {
    if (now.FindGrant(id).has_value()) patch->RemoveGrant(id);
    if (IsOpen(grant)) Put(ShownGrant(id, grant), writes, hers);
  }
  return absl::OkStatus();
}

// What the surviving record takes of the merged one.
void Unite(const RecordView& surviving, const RecordView& merged, bool latest_wins,
           RecordPatch* patch) {
  for (size_t i = 0; i < merged.attribute_count(); ++i) {
    const AttributeView theirs = merged.attribute(i);
    const std::optional<AttributeView> ours = surviving.FindAttribute(theirs.id);
    // An as-of of 0 is none.
    if (!ours.has_value() || (latest_wins && theirs.as_of_s > ours->as_of_s)) Set(theirs, patch);
  }
  for (size_t i = 0; i < merged.consent_count(); ++i) {
    const ConsentView theirs = merged.consent(i);
    const std::optional<ConsentView> ours = surviving.FindConsent(theirs.purpose);
    if (!ours.has_value() || theirs.time_us > ours->time_us) Set(theirs, patch);
  }
  for (size_t i = 0; i < merged.contact_count(); ++i) Add(merged.contact(i), patch);
  for (const std::string& identity : IdentitiesOf(merged)) patch->AddIdentity(identity);
}

// What the surviving record loses again: what came from the merged one and was not changed since.
void Separate(const RecordView& now, const RecordView& before, const RecordView& merged,
              const TransactionContacts& transactions, RecordPatch* patch) {
  for (size_t i = 0; i < merged.attribute_count(); ++i) {
    const AttributeView theirs = merged.attribute(i);
    const std::optional<AttributeView> ours = before.FindAttribute(theirs.id);
    if (!IsSame(now.FindAttribute(theirs.id), theirs) || IsSame(ours, theirs)) continue;
    if (ours.has_value()) {
      Set(*ours, patch);
    } else {
      patch->ClearAttribute(theirs.id);
    }
  }
  for (size_t i = 0; i < merged.consent_count(); ++i) {
    const ConsentView theirs = merged.consent(i);
    const std::optional<ConsentView> ours = before.FindConsent(theirs.purpose);
    if (!IsSame(now.FindConsent(theirs.purpose), theirs) || IsSame(ours, theirs)) continue;
    patch->ClearConsent(theirs.purpose);
    if (ours.has_value()) Set(*ours, patch);
  }
  patch->ClearContacts();
  // Those that the bound pushed out come back too.
  for (size_t i = 0; i < before.contact_count(); ++i) {
    if (transactions.ComesBack(before.contact(i), now)) Add(before.contact(i), patch);
  }
  for (size_t i = 0; i < now.contact_count(); ++i) {
    const ContactView contact = now.contact(i);
    const bool stays = contact.kind == ContactKind::kReserved
                           ? !transactions.IsHeldForMerged(contact)
                           : !HasContact(merged, contact) && !HasContact(before, contact);
    if (stays) Add(contact, patch);
  }
}

// Whose rows move where, and how they say where they came from.
struct Move {
  absl::string_view from;
  absl::string_view to;
  bool undo = false;

  // False: the thing stays where it is.
  template <typename Stored>
  bool Take(Stored* stored) const {
    if (!undo) {
      stored->add_merged_from(std::string(from));
      return true;
    }
    auto* path = stored->mutable_merged_from();
    if (path->empty() || *path->rbegin() != to) return false;
    path->RemoveLast();
    return true;
  }
};

// Whether the one who would take the event has it already, or another one that takes back the same:
// then it stays where it is.
absl::StatusOr<bool> HasAlready(absl::string_view customer_id, const storage::StoredEvent& event,
                                PendingWrites* writes) {
  absl::StatusOr<std::optional<std::string>> row =
      writes->Get(Family::kEvents, EventSeenRow(customer_id, event.event_id()));
  if (row.ok() && !row->has_value() && !event.reverses_event_id().empty()) {
    row = writes->Get(Family::kEvents, EventReversedRow(customer_id, event.reverses_event_id()));
  }
  if (!row.ok()) return row.status();
  return row->has_value();
}

absl::Status MoveEvents(const Move& move, PendingWrites* writes) {
  const std::string prefix = JournalPrefix(Journal::kEvents, move.from);
  Database::PrefixIterator rows = writes->committed().Iterate(Family::kEvents, prefix, prefix);
  for (; rows.Valid(); rows.Next()) {
    const std::optional<JournalKey> key = ParseJournalKey(rows.key());
    storage::StoredEvent event;
    if (!key.has_value() ||
        !event.ParseFromArray(rows.value().data(), static_cast<int>(rows.value().size()))) {
      return absl::DataLossError("events: malformed event");
    }
    const absl::StatusOr<bool> has_already = HasAlready(move.to, event, writes);
    if (!has_already.ok()) return has_already.status();
    if (*has_already || !move.Take(&event)) continue;
    writes->Delete(Family::kEvents, rows.key());
    writes->Delete(Family::kEvents, EventSeenRow(move.from, event.event_id()));
    writes->Put(Family::kEvents, EventSeenRow(move.to, event.event_id()), key->time);
    writes->Put(Family::kEvents,
                JournalRow(Journal::kEvents, move.to, event.time_us(), event.event_id()),
                event.SerializeAsString());
    const std::string& reversed = event.reverses_event_id();
    if (reversed.empty()) continue;
    writes->Delete(Family::kEvents, EventReversedRow(move.from, reversed));
    writes->Put(Family::kEvents, EventReversedRow(move.to, reversed), event.event_id());
  }
  return rows.status();
}

// The row by which an outcome is known once does not say whose it is.
absl::Status MoveOutcomes(const Move& move, PendingWrites* writes) {
  const std::string prefix = JournalPrefix(Journal::kOutcomes, move.from);
  Database::PrefixIterator rows = writes->committed().Iterate(Family::kEvents, prefix, prefix);
  for (; rows.Valid(); rows.Next()) {
    storage::StoredOutcome outcome;
    if (!outcome.ParseFromArray(rows.value().data(), static_cast<int>(rows.value().size()))) {
      return absl::DataLossError("outcomes: malformed outcome");
    }
    if (!move.Take(&outcome)) continue;
    writes->Delete(Family::kEvents, rows.key());
    writes->Put(Family::kEvents,
                JournalRow(Journal::kOutcomes, move.to, outcome.time_us(), outcome.outcome_id()),
                outcome.SerializeAsString());
  }
  return rows.status();
}

absl::Status MoveJournals(const Move& move, PendingWrites* writes) {
  if (absl::Status moved = MoveEvents(move, writes); !moved.ok()) return moved;
  return MoveOutcomes(move, writes);
}

AppliedOr Merge(const storage::MergeCustomers& command, int64_t time_us, PendingWrites* writes) {
  const std::string& surviving_id = command.surviving();
  const std::string& merged_id = command.merged();
  const auto surviving = Read(kCustomer, surviving_id, writes);
  if (!surviving.ok()) return surviving.status();
  const auto merged = Read(kCustomer, merged_id, writes);
  if (!merged.ok()) return merged.status();
  if ((*surviving)->bytes.empty() || (*merged)->bytes.empty()) return NoSuchCustomer();
  const RecordView& ours = (*surviving)->view;
  const RecordView& theirs = (*merged)->view;
  if (ours.identities().size() + theirs.identities().size() > kMaxIdentities) {
    return Refuse(EntryResult::REFUSAL_TOO_MANY, "a customer has at most 64 identities");
  }
  const std::vector<GrantView> grants = GrantsOf(theirs, writes);
  if (GrantsOf(ours, writes).size() + grants.size() > kMaxGrants) {
    return Refuse(EntryResult::REFUSAL_TOO_MANY, "a customer has at most 256 open grants");
  }
  storage::MergedCustomer undo;
  undo.set_time_us(time_us);
  undo.set_surviving_record((*surviving)->bytes);
  undo.set_merged_record((*merged)->bytes);
  writes->Put(Family::kMeta, MergedRow(surviving_id, merged_id), undo.SerializeAsString());
  writes->Put(Family::kMeta, SurvivorRow(merged_id), surviving_id);

  for (const std::string& identity : IdentitiesOf(theirs)) {
    writes->Put(Family::kIdentities, identity, surviving_id);
  }
  RecordPatch patch;
  Unite(ours, theirs, command.latest_wins(), &patch);
  UniteGrants(grants, writes, &patch);
  // The merged one leaves first, so that a household of these two has room.
  RecordPatch gone;
  absl::Status moved = MoveToHousehold(merged_id, theirs.household(), "", true, &gone, writes);
  if (moved.ok() && ours.household().empty() && !theirs.household().empty()) {
    moved = MoveToHousehold(surviving_id, "", theirs.household(), true, &patch, writes);
  } else if (moved.ok() && !ours.household().empty()) {
    ForgetAggregates(kHousehold, ours.household(), writes);
  }
  if (!moved.ok()) return moved;
  MergeAndBump(kCustomer, surviving_id, patch.bytes(), writes);
  ForgetAggregates(kCustomer, surviving_id, writes);
  writes->Delete(Family::kCustomers, RecordRow(kCustomer, merged_id));
  writes->Delete(Family::kMeta, WaitingRow(kCustomer, merged_id));
  moved = MoveJournals({merged_id, surviving_id, /*undo=*/false}, writes);
  if (!moved.ok()) return moved;
  return EntryResult();
}

// The merged record as it comes back: with those of its identities that the other one still has.
absl::StatusOr<std::string> Restored(const ReadRecord& surviving,
                                     const storage::MergedCustomer& undo, const RecordView& merged,
                                     const TransactionContacts& transactions,
                                     const RecordPatch& grants, bool rejoins) {
  RecordPatch patch;
  patch.BumpVersion();
  patch.Append(grants.bytes());
  for (const std::string& identity : IdentitiesOf(merged)) {
    if (!surviving.view.identities().Contains(identity)) patch.RemoveIdentity(identity);
  }
  for (size_t i = 0; i < merged.contact_count(); ++i) {
    const ContactView contact = merged.contact(i);
    if (transactions.ComesBack(contact, surviving.view)) continue;
    patch.RemoveContacts(contact.transaction, contact.offer, contact.kind);
  }
  for (size_t i = 0; i < surviving.view.contact_count(); ++i) {
    const ContactView contact = surviving.view.contact(i);
    if (transactions.IsHeldForMerged(contact)) Add(contact, &patch);
  }
  if (!rejoins) patch.SetHousehold("");
  const absl::string_view patches[] = {patch.bytes()};
  return ApplyPatches(undo.merged_record(), patches);
}

AppliedOr Undo(const storage::MergeCustomers& command, PendingWrites* writes) {
  const std::string& surviving_id = command.surviving();
  const std::string& merged_id = command.merged();
  const std::string undo_row = MergedRow(surviving_id, merged_id);
  const auto undo = ReadMessage<storage::MergedCustomer>(Family::kMeta, undo_row, writes);
  if (!undo.ok()) return undo.status();
  const auto surviving = Read(kCustomer, surviving_id, writes);
  if (!surviving.ok()) return surviving.status();
  // Without a record she was merged in turn: that is to be taken back first.
  if (!undo->has_value() || (*surviving)->bytes.empty()) return NotMerged();
  const absl::StatusOr<RecordView> before = RecordView::Parse((*undo)->surviving_record());
  if (!before.ok()) return before.status();
  const absl::StatusOr<RecordView> merged = RecordView::Parse((*undo)->merged_record());
  if (!merged.ok()) return merged.status();
  const RecordView& now = (*surviving)->view;
  const absl::StatusOr<TransactionContacts> transactions = ReadTransactions(command, writes);
  if (!transactions.ok()) return transactions.status();

  RecordPatch patch;
  Separate(now, *before, *merged, *transactions, &patch);
  for (const std::string& identity : IdentitiesOf(*merged)) {
    if (!now.identities().Contains(identity)) continue;
    writes->Put(Family::kIdentities, identity, merged_id);
    patch.RemoveIdentity(identity);
  }
  RecordPatch grants;
  absl::Status moved = SeparateGrants(merged_id, now, *merged, &patch, &grants, writes);
  if (!moved.ok()) return moved;
  const std::string household(merged->household());
  const bool came_with_her =
      !household.empty() && before->household().empty() && now.household() == household;
  if (came_with_her) {
    moved = MoveToHousehold(surviving_id, household, "", true, &patch, writes);
  } else if (!now.household().empty()) {
    ForgetAggregates(kHousehold, now.household(), writes);
  }
  if (!moved.ok()) return moved;
  bool rejoins = !household.empty();
  if (rejoins) {
    const AppliedOr refused = CheckJoin(merged_id, household, writes);
    if (!refused.ok()) return refused.status();
    rejoins = !IsRefused(refused);  // full by now: she is in none
  }
  absl::StatusOr<std::string> restored =
      Restored(**surviving, **undo, *merged, *transactions, grants, rejoins);
  if (!restored.ok()) return restored.status();
  writes->Put(Family::kCustomers, RecordRow(kCustomer, merged_id), *restored);
  RecordPatch joined;  // her record says so already
  if (rejoins) moved = MoveToHousehold(merged_id, "", household, true, &joined, writes);
  if (!moved.ok()) return moved;
  MergeAndBump(kCustomer, surviving_id, patch.bytes(), writes);
  ForgetAggregates(kCustomer, surviving_id, writes);
  ForgetAggregates(kCustomer, merged_id, writes);
  writes->Delete(Family::kMeta, undo_row);
  writes->Delete(Family::kMeta, SurvivorRow(merged_id));
  moved = MoveJournals({surviving_id, merged_id, /*undo=*/true}, writes);
  if (!moved.ok()) return moved;
  return EntryResult();
}

}  // namespace

AppliedOr ApplyMergeCustomers(const storage::MergeCustomers& command, int64_t time_us,
                              PendingWrites* writes) {
  if (!IsValidId(command.surviving()) || !IsValidId(command.merged())) {
    return Refuse(EntryResult::REFUSAL_INVALID, "surviving, merged: 1-64 bytes of [A-Za-z0-9._-]");
  }
  if (command.surviving() == command.merged()) {
    return Refuse(EntryResult::REFUSAL_INVALID, "merged: must be another customer");
  }
  return command.undo() ? Undo(command, writes) : Merge(command, time_us, writes);
}

}  // namespace touchstone::store
