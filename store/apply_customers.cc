// Commands on customers: records, events, outcomes, identities.

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "store/apply.h"
#include "store/apply_commands.h"
#include "store/grant_adder.h"
#include "store/keys.h"
#include "store/links.h"
#include "store/record.h"
#include "store/record_patch.h"

namespace touchstone::store {
namespace {

using storage::EntryResult;

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
    return "patch: malformed, too long, or changes links";
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
  if (item.has_grant()) {
    const absl::string_view fault = GrantFault(item.grant());
    if (!fault.empty()) return fault;
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

// False: there is no room for what it grants.
absl::StatusOr<bool> Grant(const storage::AppendEvents::Item& /*item*/, GrantAdder* /*grants*/) {
  return true;
}
absl::StatusOr<bool> Grant(const storage::RecordOutcomes::Item& item, GrantAdder* grants) {
  if (!item.has_grant()) return true;
  const absl::StatusOr<GrantAdder::Added> added = grants->Add(item.grant());
  if (!added.ok()) return added.status();
  return *added != GrantAdder::Added::kNoRoom;
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
AppliedOr ApplyJournal(const Items& items, Fault fault_of, GrantAdder* grants,
                       PendingWrites* writes) {
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
    const absl::StatusOr<bool> granted = Grant(items.Get(i), grants);
    if (!granted.ok()) return granted.status();
    if (!*granted) {
      RefuseItem(i, EntryResult::REFUSAL_TOO_MANY, "no room among the customer's open grants",
                 &result);
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

// The items, with the customers who stand for those of them who were merged; nullopt: as they are.
// Of outcomes, those of a customer whom nobody stands for become anonymous: one may arrive after
// the erasure of its customer, and must not bring her back.
template <typename Items>
absl::StatusOr<std::optional<Items>> Redirected(const Items& items, bool make_anonymous,
                                                PendingWrites* writes) {
  std::optional<Items> redirected;
  absl::flat_hash_map<absl::string_view, std::string> now;  // who stands for whom
  for (int i = 0; i < items.size(); ++i) {
    const absl::string_view id = items.Get(i).customer_id();
    if (!IsValidId(id)) continue;  // empty, or about to be refused
    auto found = now.find(id);
    if (found == now.end()) {
      absl::StatusOr<bool> exists = writes->ContainsRecord(RecordRow(kCustomer, id));
      if (!exists.ok()) return exists.status();
      absl::StatusOr<std::string> survivor(std::string{id});
      if (!*exists) survivor = SurvivorOf(id, writes);
      if (!survivor.ok()) return survivor.status();
      const bool is_nobody = !*exists && *survivor == id;
      found = now.emplace(id, is_nobody && make_anonymous ? "" : *std::move(survivor)).first;
    }
    if (found->second == id) continue;
    if (!redirected.has_value()) redirected = items;
    redirected->Mutable(i)->set_customer_id(found->second);
    if (found->second.empty()) redirected->Mutable(i)->clear_customer_patch();
  }
  return redirected;
}

// Whether an item names another household than its customer is in.
absl::StatusOr<bool> HouseholdsChanged(
    const google::protobuf::RepeatedPtrField<storage::AppendEvents::Item>& items,
    PendingWrites* writes) {
  for (const storage::AppendEvents::Item& item : items) {
    absl::StatusOr<std::optional<std::string>> bytes =
        writes->Get(Family::kCustomers, RecordRow(kCustomer, item.customer_id()));
    if (!bytes.ok()) return bytes.status();
    const absl::string_view household =
        bytes->has_value() ? ReadHousehold(**bytes) : absl::string_view();
    if (household != item.household_id()) return true;
  }
  return false;
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

bool LinksIdentities(const storage::UpdateRecord& command) {
  return !command.identities().empty() || !command.unlink().empty();
}

bool MovesHousehold(const storage::UpdateRecord& command) {
  return !command.household_id().empty() || command.leave_household();
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
    return Refuse(EntryResult::REFUSAL_INVALID, "patch: malformed, too long, or changes links");
  }
  if (name.kind() == storage::RecordName::KIND_HOUSEHOLD &&
      (LinksIdentities(command) || MovesHousehold(command))) {
    return Refuse(EntryResult::REFUSAL_INVALID, "identities, household_id: of customers only");
  }
  if (!command.household_id().empty()) {
    if (command.leave_household()) {
      return Refuse(EntryResult::REFUSAL_INVALID, "household_id: not with leave_household");
    }
    AppliedOr refused = CheckJoin(name.id(), command.household_id(), writes);
    if (IsRefused(refused)) return refused;
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

AppliedOr UpdateOne(const storage::UpdateRecord& command, PendingWrites* writes) {
  AppliedOr refused = CheckUpdate(command, writes);
  if (IsRefused(refused)) return refused;
  RecordPatch patch;
  if (LinksIdentities(command)) {
    const storage::LinkIdentities link = LinkOf(command);
    refused = CheckLink(link, writes);
    if (IsRefused(refused)) return refused;
    if (absl::Status linked = Link(link, &patch, writes); !linked.ok()) return linked;
  }
  if (MovesHousehold(command)) {
    const auto record = Read(kCustomer, command.record().id(), writes);
    if (!record.ok()) return record.status();
    // One who is made by this has no events yet.
    absl::Status moved =
        MoveToHousehold(command.record().id(), (*record)->view.household(), command.household_id(),
                        /*has_events=*/!(*record)->bytes.empty(), &patch, writes);
    if (!moved.ok()) return moved;
  }
  patch.Append(command.patch());
  // Where it is known to be there, nothing has to be looked up.
  const auto write = command.existence() == storage::UpdateRecord::EXISTENCE_MUST_EXIST
                         ? MergeAndBump
                         : MakeOrMergeAndBump;
  write(KindOf(command.record()), command.record().id(), patch.bytes(), writes);
  return EntryResult();
}

}  // namespace

AppliedOr ApplyUpdateRecord(const storage::UpdateRecord& command, PendingWrites* writes) {
  if (KindOf(command.record()) != kCustomer || !IsValidId(command.record().id())) {
    return UpdateOne(command, writes);
  }
  const absl::StatusOr<bool> exists =
      writes->ContainsRecord(RecordRow(kCustomer, command.record().id()));
  if (!exists.ok()) return exists.status();
  if (*exists) return UpdateOne(command, writes);
  absl::StatusOr<std::string> survivor = SurvivorOf(command.record().id(), writes);
  if (!survivor.ok()) return survivor.status();
  if (*survivor == command.record().id()) return UpdateOne(command, writes);
  storage::UpdateRecord redirected = command;
  redirected.mutable_record()->set_id(*std::move(survivor));
  return UpdateOne(redirected, writes);
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
  const auto redirected = Redirected(command.items(), /*make_anonymous=*/false, writes);
  if (!redirected.ok()) return redirected.status();
  const auto& items = redirected->has_value() ? **redirected : command.items();
  if (command.households_stated()) {
    const absl::StatusOr<bool> changed = HouseholdsChanged(items, writes);
    if (!changed.ok()) return changed.status();
    if (*changed) {
      return Refuse(EntryResult::REFUSAL_HOUSEHOLD_CHANGED, "a customer is in another household");
    }
  }
  return ApplyJournal(items, EventFault, /*grants=*/nullptr, writes);
}

AppliedOr ApplyRecordOutcomes(const storage::RecordOutcomes& command, int64_t time_us,
                              PendingWrites* writes) {
  const auto redirected = Redirected(command.items(), /*make_anonymous=*/true, writes);
  if (!redirected.ok()) return redirected.status();
  GrantAdder grants(time_us, writes);
  AppliedOr result = ApplyJournal(redirected->has_value() ? **redirected : command.items(),
                                  OutcomeFault, &grants, writes);
  if (!IsRefused(result)) grants.Flush();
  return result;
}

AppliedOr ApplyLinkIdentities(const storage::LinkIdentities& given, PendingWrites* writes) {
  storage::LinkIdentities command = given;
  absl::StatusOr<std::string> survivor = SurvivorOf(given.customer_id(), writes);
  if (!survivor.ok()) return survivor.status();
  command.set_customer_id(*std::move(survivor));
  absl::StatusOr<EntryResult> refused = CheckLink(command, writes);
  if (IsRefused(refused)) return refused;
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
                  "initial_patch: malformed, too long, or changes links");
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
    const absl::StatusOr<std::string> survivor = SurvivorOf(command.proposed_customer_id(), writes);
    if (!survivor.ok()) return survivor.status();
    if (*taken || *survivor != command.proposed_customer_id()) {
      return Refuse(EntryResult::REFUSAL_ALREADY_EXISTS, "proposed_customer_id is in use");
    }
    result.set_customer_id(command.proposed_customer_id());
    result.set_created(true);
  }
  const auto record = Read(kCustomer, result.customer_id(), writes);
  if (!record.ok()) return record.status();
  RecordPatch patch;
  size_t count = (*record)->view.identities().size();
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
