// Commands on customers: records, events, outcomes, identities.

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "store/apply.h"
#include "store/apply_commands.h"
#include "store/keys.h"
#include "store/record.h"
#include "store/record_patch.h"

namespace touchstone::store {
namespace {

using storage::EntryResult;

constexpr char kCustomer = static_cast<char>(RecordKind::kCustomer);
constexpr char kHousehold = static_cast<char>(RecordKind::kHousehold);

bool IsUsablePatch(absl::string_view patch) {
  return patch.size() <= kMaxPatchBytes && ValidatePatch(patch).ok() && !ChangesIdentities(patch);
}

std::string Bumped(absl::string_view patch) {
  RecordPatch bumped;
  bumped.BumpVersion();
  bumped.Append(patch);
  return bumped.bytes();
}

// For increments, which nearly always find a record.
void MergeAndBump(char kind, absl::string_view id, absl::string_view patch, PendingWrites* writes) {
  writes->MergeRecord(RecordRow(kind, id), Bumped(patch));
}

void MakeOrMergeAndBump(char kind, absl::string_view id, absl::string_view patch,
                        PendingWrites* writes) {
  writes->MakeOrMergeRecord(RecordRow(kind, id), Bumped(patch));
}

// Patches of one item go to the customer and to the household.
template <typename Item>
void MergeItem(const Item& item, PendingWrites* writes) {
  if (!item.customer_patch().empty()) {
    MergeAndBump(kCustomer, item.customer_id(), item.customer_patch(), writes);
  }
  if (!item.household_patch().empty()) {
    MergeAndBump(kHousehold, item.household_id(), item.household_patch(), writes);
  }
}

// Records that the item leaves waiting to be rebuilt.
void MarkWaiting(const storage::AppendEvents::Item& item, PendingWrites* writes) {
  if (item.rebuild_customer()) {
    writes->Put(Family::kMeta, WaitingRow(kCustomer, item.customer_id()), "");
  }
  if (item.rebuild_household()) {
    writes->Put(Family::kMeta, WaitingRow(kHousehold, item.household_id()), "");
  }
}
void MarkWaiting(const storage::RecordOutcomes::Item& /*item*/, PendingWrites* /*writes*/) {}

// "" when the item is fine, else what is wrong with it.
template <typename Item>
absl::string_view ItemFault(const Item& item) {
  if (!item.customer_patch().empty() && !IsValidId(item.customer_id())) {
    return "customer_patch: needs a valid customer_id";
  }
  if (!item.household_patch().empty() && !IsValidId(item.household_id())) {
    return "household_patch: needs a valid household_id";
  }
  if (!IsUsablePatch(item.customer_patch()) || !IsUsablePatch(item.household_patch())) {
    return "patch: malformed, too long, or changes identities";
  }
  return "";
}

absl::string_view EventFault(const storage::AppendEvents::Item& item) {
  if (!IsValidId(item.customer_id())) return "customer_id: 1-64 bytes of [A-Za-z0-9._-]";
  if (!IsValidKeyText(item.event().event_id(), kMaxEventIdBytes)) {
    return "event_id: 1-128 bytes, none of them zero";
  }
  const std::string& reversed = item.event().reverses_event_id();
  if (!reversed.empty() && !IsValidKeyText(reversed, kMaxEventIdBytes)) {
    return "reverses_event_id: empty, or 1-128 bytes, none of them zero";
  }
  return ItemFault(item);
}

absl::string_view OutcomeFault(const storage::RecordOutcomes::Item& item) {
  if (!item.customer_id().empty() && !IsValidId(item.customer_id())) {
    return "customer_id: empty, or 1-64 bytes of [A-Za-z0-9._-]";
  }
  if (!IsValidKeyText(item.outcome().outcome_id(), kMaxEventIdBytes)) {
    return "outcome_id: 1-128 bytes, none of them zero";
  }
  return ItemFault(item);
}

// The two journals differ in names only: what is kept, and the row that says it was seen.
struct JournalItem {
  Journal journal;
  absl::string_view customer_id;
  absl::string_view id;
  int64_t time_us;
  std::string seen_row;
};

JournalItem Describe(const storage::AppendEvents::Item& item) {
  return {Journal::kEvents, item.customer_id(), item.event().event_id(), item.event().time_us(),
          EventSeenRow(item.customer_id(), item.event().event_id())};
}

JournalItem Describe(const storage::RecordOutcomes::Item& item) {
  return {Journal::kOutcomes, item.customer_id(), item.outcome().outcome_id(),
          item.outcome().time_us(), OutcomeSeenRow(item.outcome().outcome_id())};
}

std::string Kept(const storage::AppendEvents::Item& item) {
  return item.event().SerializeAsString();
}
std::string Kept(const storage::RecordOutcomes::Item& item) {
  return item.outcome().SerializeAsString();
}

// An event that comes again is the same event whatever it says.
absl::StatusOr<bool> IsAnother(const storage::AppendEvents::Item& /*item*/,
                               absl::string_view /*seen_time*/, PendingWrites* /*writes*/) {
  return false;
}

// Whether what was recorded under the id is not this outcome. What its proposer did not know, such
// as the time when none was given, is not compared.
absl::StatusOr<bool> IsAnother(const storage::RecordOutcomes::Item& item,
                               absl::string_view seen_time, PendingWrites* writes) {
  // Of a customer without a record it was kept as an anonymous one.
  for (const absl::string_view customer_id :
       {absl::string_view(item.customer_id()), absl::string_view()}) {
    const absl::StatusOr<std::optional<std::string>> row =
        writes->Get(Family::kEvents, absl::StrCat(JournalPrefix(Journal::kOutcomes, customer_id),
                                                  seen_time, item.outcome().outcome_id()));
    if (!row.ok()) return row.status();
    if (!row->has_value()) continue;
    storage::StoredOutcome kept;
    if (!kept.ParseFromString(**row)) return absl::DataLossError("outcomes: malformed outcome");
    const storage::StoredOutcome& given = item.outcome();
    return kept.kind() != given.kind() || kept.offer_id() != given.offer_id() ||
           kept.decision_id() != given.decision_id() || kept.body() != given.body();
  }
  return true;
}

// Marks what a new item takes back; false when another one has done that already.
absl::StatusOr<bool> TakeBack(const storage::AppendEvents::Item& item, PendingWrites* writes) {
  if (item.event().reverses_event_id().empty()) return true;
  const std::string row = EventReversedRow(item.customer_id(), item.event().reverses_event_id());
  const absl::StatusOr<std::optional<std::string>> by = writes->Get(Family::kEvents, row);
  if (!by.ok()) return by.status();
  if (by->has_value()) return false;
  writes->Put(Family::kEvents, row, item.event().event_id());
  return true;
}
absl::StatusOr<bool> TakeBack(const storage::RecordOutcomes::Item& /*item*/,
                              PendingWrites* /*writes*/) {
  return true;
}

// Whether the item may not be written because its customer has no record.
absl::StatusOr<bool> IsOrphan(const storage::AppendEvents::Item& item, PendingWrites* writes) {
  if (!item.customer_must_exist()) return false;
  const absl::StatusOr<bool> exists =
      writes->ContainsRecord(RecordRow(kCustomer, item.customer_id()));
  if (!exists.ok()) return exists.status();
  return !*exists;
}
absl::StatusOr<bool> IsOrphan(const storage::RecordOutcomes::Item& /*item*/,
                              PendingWrites* /*writes*/) {
  return false;
}

void RefuseItem(int index, EntryResult::Refusal refusal, absl::string_view detail,
                EntryResult* result) {
  EntryResult::RefusedItem* refused = result->add_refused_items();
  refused->set_index(static_cast<uint32_t>(index));
  refused->set_refusal(refusal);
  refused->set_refusal_detail(std::string(detail));
}

template <typename Items, typename Fault>
AppliedOr ApplyJournal(const Items& items, Fault fault_of, PendingWrites* writes) {
  if (items.size() > kMaxItems) return Refuse(EntryResult::REFUSAL_INVALID, "too many items");
  for (const auto& item : items) {
    const absl::string_view fault = fault_of(item);
    if (!fault.empty()) return Refuse(EntryResult::REFUSAL_INVALID, fault);
  }
  EntryResult result;
  for (int i = 0; i < items.size(); ++i) {
    const JournalItem described = Describe(items.Get(i));
    absl::StatusOr<std::optional<std::string>> seen =
        writes->Get(Family::kEvents, described.seen_row);
    if (!seen.ok()) return seen.status();
    if (seen->has_value()) {
      const absl::StatusOr<bool> another = IsAnother(items.Get(i), **seen, writes);
      if (!another.ok()) return another.status();
      if (*another) {
        RefuseItem(i, EntryResult::REFUSAL_ALREADY_EXISTS,
                   "the id was recorded with another content", &result);
      } else {
        result.add_duplicate_items(static_cast<uint32_t>(i));
      }
      continue;
    }
    const absl::StatusOr<bool> orphan = IsOrphan(items.Get(i), writes);
    if (!orphan.ok()) return orphan.status();
    if (*orphan) {
      RefuseItem(i, EntryResult::REFUSAL_NOT_FOUND, "no such customer", &result);
      continue;
    }
    const absl::StatusOr<bool> taken_back = TakeBack(items.Get(i), writes);
    if (!taken_back.ok()) return taken_back.status();
    if (!*taken_back) {
      RefuseItem(i, EntryResult::REFUSAL_ALREADY_EXISTS,
                 "the event has been taken back by another one", &result);
      continue;
    }
    std::string seen_time;
    AppendOrdered(&seen_time, described.time_us);
    writes->Put(Family::kEvents, described.seen_row, seen_time);
    writes->Put(
        Family::kEvents,
        JournalRow(described.journal, described.customer_id, described.time_us, described.id),
        Kept(items.Get(i)));
    MergeItem(items.Get(i), writes);
    MarkWaiting(items.Get(i), writes);
    result.set_applied(result.applied() + 1);
  }
  return result;
}

// Identities in the record of a customer; empty when she has none.
absl::StatusOr<std::vector<std::string>> ReadIdentities(absl::string_view customer_id,
                                                        PendingWrites* writes) {
  absl::StatusOr<std::optional<std::string>> bytes =
      writes->Get(Family::kCustomers, RecordRow(kCustomer, customer_id));
  if (!bytes.ok()) return bytes.status();
  std::vector<std::string> identities;
  if (!bytes->has_value()) return identities;
  absl::StatusOr<RecordView> record = RecordView::Parse(**bytes);
  if (!record.ok()) return record.status();
  for (size_t i = 0; i < record->identities().size(); ++i) {
    identities.emplace_back(record->identities()[i]);
  }
  return identities;
}

// Removes an identity from the record of the customer whom it finds now.
void Unlink(absl::string_view customer_id, absl::string_view identity, PendingWrites* writes) {
  RecordPatch patch;
  patch.RemoveIdentity(identity);
  MergeAndBump(kCustomer, customer_id, patch.bytes(), writes);
  writes->Delete(Family::kIdentities, identity);
}

template <typename Texts>
bool AreIdentities(const Texts& texts) {
  for (const std::string& text : texts) {
    if (!IsValidKeyText(text, kMaxIdentityBytes)) return false;
  }
  return texts.size() <= static_cast<int>(kMaxIdentities);
}

constexpr absl::string_view kIdentityRule = "identities: at most 64, each 1-256 bytes, none zero";

// What ApplyLinkIdentities would refuse; nothing is written.
AppliedOr CheckLink(const storage::LinkIdentities& command, PendingWrites* writes) {
  if (!IsValidId(command.customer_id())) {
    return Refuse(EntryResult::REFUSAL_INVALID, "customer_id: 1-64 bytes of [A-Za-z0-9._-]");
  }
  if (!AreIdentities(command.identities()) || !AreIdentities(command.unlink())) {
    return Refuse(EntryResult::REFUSAL_INVALID, kIdentityRule);
  }
  absl::StatusOr<std::vector<std::string>> held = ReadIdentities(command.customer_id(), writes);
  if (!held.ok()) return held.status();
  absl::flat_hash_set<std::string> kept(held->begin(), held->end());
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

// Writes the identities' rows and adds to `patch` what the customer's record takes of it.
// REQUIRES: CheckLink refuses nothing.
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

char KindOf(const storage::RecordName& name) {
  return name.kind() == storage::RecordName::KIND_CUSTOMER ? kCustomer : kHousehold;
}

storage::LinkIdentities LinkOf(const storage::UpdateRecord& command) {
  storage::LinkIdentities link;
  link.set_customer_id(command.record().id());
  *link.mutable_identities() = command.identities();
  *link.mutable_unlink() = command.unlink();
  return link;
}

bool ChangesLinks(const storage::UpdateRecord& command) {
  return !command.identities().empty() || !command.unlink().empty();
}

// What ApplyUpdateRecord would refuse; nothing is written.
AppliedOr CheckUpdate(const storage::UpdateRecord& command, PendingWrites* writes) {
  const storage::RecordName& name = command.record();
  if (name.kind() != storage::RecordName::KIND_CUSTOMER &&
      name.kind() != storage::RecordName::KIND_HOUSEHOLD) {
    return Refuse(EntryResult::REFUSAL_INVALID, "record.kind: customer or household");
  }
  if (!IsValidId(name.id())) {
    return Refuse(EntryResult::REFUSAL_INVALID, "record.id: 1-64 bytes of [A-Za-z0-9._-]");
  }
  if (!IsUsablePatch(command.patch())) {
    return Refuse(EntryResult::REFUSAL_INVALID,
                  "patch: malformed, too long, or changes identities");
  }
  if (name.kind() == storage::RecordName::KIND_HOUSEHOLD && ChangesLinks(command)) {
    return Refuse(EntryResult::REFUSAL_INVALID, "identities: of customers only");
  }
  const char kind = KindOf(name);
  const bool conditional = command.existence() != storage::UpdateRecord::EXISTENCE_UNSPECIFIED ||
                           command.expected_version() != 0;
  if (conditional) {
    const std::string row = RecordRow(kind, name.id());
    const absl::StatusOr<bool> exists = writes->ContainsRecord(row);
    if (!exists.ok()) return exists.status();
    if (command.existence() == storage::UpdateRecord::EXISTENCE_MUST_EXIST && !*exists) {
      return Refuse(EntryResult::REFUSAL_NOT_FOUND, "no such record");
    }
    if (command.existence() == storage::UpdateRecord::EXISTENCE_MUST_NOT_EXIST && *exists) {
      return Refuse(EntryResult::REFUSAL_ALREADY_EXISTS, "the record exists");
    }
    if (command.expected_version() == 0) return EntryResult();
    absl::StatusOr<std::optional<std::string>> bytes = writes->Get(Family::kCustomers, row);
    if (!bytes.ok()) return bytes.status();
    absl::StatusOr<RecordView> record = RecordView();
    if (bytes->has_value()) record = RecordView::Parse(**bytes);
    if (!record.ok()) return record.status();
    if (record->version() != command.expected_version()) {
      return Refuse(EntryResult::REFUSAL_VERSION_CHANGED, "the record has another version");
    }
  }
  return EntryResult();
}

}  // namespace

AppliedOr ApplyUpdateRecord(const storage::UpdateRecord& command, PendingWrites* writes) {
  AppliedOr refused = CheckUpdate(command, writes);
  if (!refused.ok() || refused->refusal() != EntryResult::REFUSAL_UNSPECIFIED) return refused;
  RecordPatch patch;
  if (ChangesLinks(command)) {
    const storage::LinkIdentities link = LinkOf(command);
    refused = CheckLink(link, writes);
    if (!refused.ok() || refused->refusal() != EntryResult::REFUSAL_UNSPECIFIED) return refused;
    if (absl::Status linked = Link(link, &patch, writes); !linked.ok()) return linked;
  }
  patch.Append(command.patch());
  // Where it is known to be there, nothing has to be looked up.
  const auto write = command.existence() == storage::UpdateRecord::EXISTENCE_MUST_EXIST
                         ? MergeAndBump
                         : MakeOrMergeAndBump;
  write(KindOf(command.record()), command.record().id(), patch.bytes(), writes);
  return EntryResult();
}

AppliedOr ApplyUpdateRecords(const storage::UpdateRecords& command, PendingWrites* writes) {
  if (command.updates_size() > kMaxItems) {
    return Refuse(EntryResult::REFUSAL_INVALID, "too many items");
  }
  EntryResult result;
  for (int i = 0; i < command.updates_size(); ++i) {
    AppliedOr update = ApplyUpdateRecord(command.updates(i), writes);
    if (!update.ok()) return update.status();
    if (update->refusal() == EntryResult::REFUSAL_UNSPECIFIED) {
      result.set_applied(result.applied() + 1);
      continue;
    }
    EntryResult::RefusedItem* refused = result.add_refused_items();
    refused->set_index(static_cast<uint32_t>(i));
    refused->set_refusal(update->refusal());
    refused->set_refusal_detail(update->refusal_detail());
  }
  return result;
}

AppliedOr ApplyAppendEvents(const storage::AppendEvents& command, PendingWrites* writes) {
  if (command.revision() != 0) {
    const absl::StatusOr<storage::ActiveRevision> active = ReadActive(writes);
    if (!active.ok()) return active.status();
    if (active->revision() != command.revision()) {
      return Refuse(EntryResult::REFUSAL_REVISION_CHANGED, "another revision is active");
    }
  }
  return ApplyJournal(command.items(), EventFault, writes);
}

AppliedOr ApplyRecordOutcomes(const storage::RecordOutcomes& command, PendingWrites* writes) {
  bool all_known = true;
  absl::flat_hash_map<absl::string_view, bool> known;
  for (const storage::RecordOutcomes::Item& item : command.items()) {
    const absl::string_view id = item.customer_id();
    if (!IsValidId(id)) continue;  // empty, or about to be refused
    if (!known.contains(id)) {
      const absl::StatusOr<bool> exists = writes->ContainsRecord(RecordRow(kCustomer, id));
      if (!exists.ok()) return exists.status();
      known[id] = *exists;
    }
    all_known = all_known && known[id];
  }
  if (all_known) return ApplyJournal(command.items(), OutcomeFault, writes);
  // An outcome may arrive after the erasure of its customer: it must not bring her back.
  storage::RecordOutcomes kept = command;
  for (storage::RecordOutcomes::Item& item : *kept.mutable_items()) {
    const auto found = known.find(item.customer_id());
    if (found == known.end() || found->second) continue;
    item.clear_customer_id();
    item.clear_customer_patch();
  }
  return ApplyJournal(kept.items(), OutcomeFault, writes);
}

AppliedOr ApplyLinkIdentities(const storage::LinkIdentities& command, PendingWrites* writes) {
  absl::StatusOr<EntryResult> refused = CheckLink(command, writes);
  if (!refused.ok() || refused->refusal() != EntryResult::REFUSAL_UNSPECIFIED) return refused;
  RecordPatch patch;
  if (absl::Status linked = Link(command, &patch, writes); !linked.ok()) return linked;
  if (!patch.empty()) MakeOrMergeAndBump(kCustomer, command.customer_id(), patch.bytes(), writes);
  return EntryResult();
}

AppliedOr ApplyResolveOrCreate(const storage::ResolveOrCreate& command, PendingWrites* writes) {
  if (!IsValidId(command.proposed_customer_id())) {
    return Refuse(EntryResult::REFUSAL_INVALID,
                  "proposed_customer_id: 1-64 bytes of [A-Za-z0-9._-]");
  }
  if (command.identities().empty() || !AreIdentities(command.identities())) {
    return Refuse(EntryResult::REFUSAL_INVALID, kIdentityRule);
  }
  if (!IsUsablePatch(command.initial_patch())) {
    return Refuse(EntryResult::REFUSAL_INVALID,
                  "initial_patch: malformed, too long, or changes identities");
  }
  EntryResult result;
  std::vector<absl::string_view> unknown;
  for (const std::string& identity : command.identities()) {
    absl::StatusOr<std::optional<std::string>> holder = writes->Get(Family::kIdentities, identity);
    if (!holder.ok()) return holder.status();
    if (!holder->has_value()) {
      unknown.push_back(identity);
    } else if (result.customer_id().empty()) {
      result.set_customer_id(**holder);
    }
  }
  if (result.customer_id().empty()) {
    const absl::StatusOr<bool> taken =
        writes->ContainsRecord(RecordRow(kCustomer, command.proposed_customer_id()));
    if (!taken.ok()) return taken.status();
    if (*taken) {
      return Refuse(EntryResult::REFUSAL_ALREADY_EXISTS, "proposed_customer_id is in use");
    }
    result.set_customer_id(command.proposed_customer_id());
    result.set_created(true);
  }
  absl::StatusOr<std::vector<std::string>> held = ReadIdentities(result.customer_id(), writes);
  if (!held.ok()) return held.status();
  RecordPatch patch;
  size_t count = held->size();
  for (absl::string_view identity : unknown) {
    if (++count > kMaxIdentities) break;  // the customer is found; that is what was asked
    writes->Put(Family::kIdentities, identity, result.customer_id());
    patch.AddIdentity(identity);
  }
  if (result.created()) patch.Append(command.initial_patch());
  if (!patch.empty()) MakeOrMergeAndBump(kCustomer, result.customer_id(), patch.bytes(), writes);
  return result;
}

}  // namespace touchstone::store
