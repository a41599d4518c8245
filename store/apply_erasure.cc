// Commands that take data away: erasure of a customer, events past their retention.

#include <algorithm>
#include <limits>
#include <vector>

#include "store/apply.h"
#include "store/apply_commands.h"
#include "store/keys.h"
#include "store/links.h"
#include "store/record.h"

namespace touchstone::store {
namespace {

using storage::EntryResult;

// Deletes committed rows of the customer's events and outcomes; whether there were any.
absl::StatusOr<bool> DeleteJournals(absl::string_view customer_id, storage::PendingErasure* erasure,
                                    PendingWrites* writes) {
  bool found = false;
  for (const std::string& prefix :
       {JournalPrefix(Journal::kEvents, customer_id), EventSeenRow(customer_id, ""),
        EventReversedRow(customer_id, ""), JournalPrefix(Journal::kOutcomes, customer_id)}) {
    Database::PrefixIterator rows = writes->committed().Iterate(Family::kEvents, prefix, prefix);
    for (; rows.Valid(); rows.Next()) {
      found = true;
      if (prefix[0] == static_cast<char>(Journal::kOutcomes)) {
        const std::optional<JournalKey> key = ParseJournalKey(rows.key());
        if (!key.has_value()) return absl::DataLossError("outcomes: malformed key");
        writes->Delete(Family::kEvents, OutcomeSeenRow(key->id));
        erasure->add_outcome_ids(std::string(key->id));
      }
      writes->Delete(Family::kEvents, rows.key());
    }
    if (!rows.status().ok()) return rows.status();
  }
  return found;
}

void AddOnce(absl::string_view text, google::protobuf::RepeatedPtrField<std::string>* to) {
  if (std::find(to->begin(), to->end(), text) == to->end()) to->Add(std::string(text));
}

// Adds what an erasure of the same id that has not ended still looks for: she came back meanwhile.
absl::Status AddUnfinished(PendingWrites* writes, storage::PendingErasure* erasure) {
  const absl::StatusOr<std::optional<std::string>> row =
      writes->Get(Family::kMeta, ErasureRow(erasure->customer_id()));
  if (!row.ok()) return row.status();
  if (!row->has_value()) return absl::OkStatus();
  storage::PendingErasure unfinished;
  if (!unfinished.ParseFromString(**row)) return absl::DataLossError("erasure: malformed");
  for (const std::string& identity : unfinished.identities()) {
    AddOnce(identity, erasure->mutable_identities());
  }
  for (const std::string& merged_id : unfinished.merged_ids()) {
    AddOnce(merged_id, erasure->mutable_merged_ids());
  }
  for (const std::string& household_id : unfinished.household_ids()) {
    AddOnce(household_id, erasure->mutable_household_ids());
  }
  erasure->mutable_outcome_ids()->MergeFrom(unfinished.outcome_ids());
  erasure->mutable_transaction_ids()->MergeFrom(unfinished.transaction_ids());
  erasure->mutable_codes()->MergeFrom(unfinished.codes());
  return absl::OkStatus();
}

// What the record says of where else she may be found.
void AddTraces(const RecordView& record, storage::PendingErasure* erasure) {
  for (size_t i = 0; i < record.identities().size(); ++i) {
    AddOnce(record.identities()[i], erasure->mutable_identities());
  }
  if (!record.household().empty()) {
    AddOnce(record.household(), erasure->mutable_household_ids());
  }
}

// Adds those who were merged into the customer, and those who had been merged into them, with what
// the rows that keep the merges know of them; deletes these rows.
absl::Status AddMerged(const std::string& customer_id, storage::PendingErasure* erasure,
                       PendingWrites* writes) {
  const std::string prefix = MergedRow(customer_id, "");
  Database::PrefixIterator rows = writes->committed().Iterate(Family::kMeta, prefix, prefix);
  for (; rows.Valid(); rows.Next()) {
    const std::string merged_id(rows.key().substr(prefix.size()));
    storage::MergedCustomer merged;
    if (!merged.ParseFromArray(rows.value().data(), static_cast<int>(rows.value().size()))) {
      return absl::DataLossError("merges: malformed row");
    }
    for (const std::string* bytes : {&merged.surviving_record(), &merged.merged_record()}) {
      const absl::StatusOr<RecordView> record = RecordView::Parse(*bytes);
      if (!record.ok()) return record.status();
      AddTraces(*record, erasure);
    }
    erasure->add_merged_ids(merged_id);
    writes->Delete(Family::kMeta, rows.key());
    writes->Delete(Family::kMeta, SurvivorRow(merged_id));
    if (absl::Status added = AddMerged(merged_id, erasure, writes); !added.ok()) return added;
  }
  return rows.status();
}

}  // namespace

AppliedOr ApplyDeleteCustomer(const storage::DeleteCustomer& command, absl::string_view request_id,
                              int64_t time_us, PendingWrites* writes) {
  const std::string& customer_id = command.customer_id();
  if (!IsValidId(customer_id)) {
    return Refuse(EntryResult::REFUSAL_INVALID, "customer_id: 1-64 bytes of [A-Za-z0-9._-]");
  }
  storage::PendingErasure erasure;
  erasure.set_customer_id(customer_id);
  erasure.set_request_id(std::string(request_id));
  erasure.set_requested_time_us(time_us);
  const absl::StatusOr<std::string> survivor = SurvivorOf(customer_id, writes);
  if (!survivor.ok()) return survivor.status();
  if (*survivor != customer_id) {
    return Refuse(EntryResult::REFUSAL_NOT_FOUND, "she was merged into another customer");
  }
  const std::string record_row = RecordRow(kCustomer, customer_id);
  const absl::StatusOr<std::optional<std::string>> bytes =
      writes->Get(Family::kCustomers, record_row);
  if (!bytes.ok()) return bytes.status();
  if (bytes->has_value()) {
    const absl::StatusOr<RecordView> record = RecordView::Parse(**bytes);
    if (!record.ok()) return record.status();
    for (size_t i = 0; i < record->identities().size(); ++i) {
      writes->Delete(Family::kIdentities, record->identities()[i]);
    }
    AddTraces(*record, &erasure);
    RecordPatch gone;
    absl::Status left =
        MoveToHousehold(customer_id, record->household(), "", /*has_events=*/true, &gone, writes);
    if (!left.ok()) return left;
    writes->Delete(Family::kCustomers, record_row);
    writes->Delete(Family::kMeta, WaitingRow(kCustomer, customer_id));
  }
  if (absl::Status added = AddMerged(customer_id, &erasure, writes); !added.ok()) return added;
  absl::StatusOr<bool> had_journals = DeleteJournals(customer_id, &erasure, writes);
  if (!had_journals.ok()) return had_journals.status();
  // What both had stayed with the one who was merged.
  std::vector<std::string> ids(erasure.merged_ids().begin(), erasure.merged_ids().end());
  for (const std::string& merged_id : ids) {
    const absl::StatusOr<bool> more = DeleteJournals(merged_id, &erasure, writes);
    if (!more.ok()) return more.status();
  }
  EntryResult result;
  ids.push_back(customer_id);
  absl::Status forgotten = ForgetTransactions(ids, &erasure, &result, writes);
  if (forgotten.ok()) forgotten = ForgetCodes(ids, &erasure, writes);
  if (!forgotten.ok()) return forgotten;
  if (!bytes->has_value() && !*had_journals) {
    return Refuse(EntryResult::REFUSAL_NOT_FOUND, "no such customer");
  }
  if (absl::Status added = AddUnfinished(writes, &erasure); !added.ok()) return added;
  writes->Put(Family::kMeta, ErasureRow(customer_id), erasure.SerializeAsString());
  return result;
}

AppliedOr ApplyUpdateErasure(const storage::UpdateErasure& command, int64_t time_us,
                             PendingWrites* writes) {
  const std::string& customer_id = command.erasure().customer_id();
  if (!IsValidId(customer_id)) {
    return Refuse(EntryResult::REFUSAL_INVALID, "customer_id: 1-64 bytes of [A-Za-z0-9._-]");
  }
  const std::string row = ErasureRow(customer_id);
  const absl::StatusOr<std::optional<std::string>> bytes = writes->Get(Family::kMeta, row);
  if (!bytes.ok()) return bytes.status();
  storage::PendingErasure pending;
  if (bytes->has_value() && !pending.ParseFromString(**bytes)) {
    return absl::DataLossError("erasure: malformed");
  }
  // Erased again meanwhile: what was looked for is not all that has to be.
  if (!bytes->has_value() || pending.requested_time_us() != command.erasure().requested_time_us() ||
      pending.request_id() != command.erasure().request_id()) {
    return Refuse(EntryResult::REFUSAL_VERSION_CHANGED, "another erasure is pending");
  }
  EntryResult result;
  if (command.done()) {
    writes->Delete(Family::kMeta, row);
    result.set_erased_time_us(time_us);
  } else {
    writes->Put(Family::kMeta, row, command.erasure().SerializeAsString());
  }
  return result;
}

AppliedOr ApplyDropEvents(const storage::DropEvents& command, PendingWrites* writes) {
  if (command.items_size() > kMaxItems) {
    return Refuse(EntryResult::REFUSAL_INVALID, "too many items");
  }
  const auto before = ReadMessage<storage::DroppedEvents>(Family::kMeta, kDroppedRow, writes);
  if (!before.ok()) return before.status();
  int64_t through_us = std::numeric_limits<int64_t>::min();
  if (before->has_value()) through_us = (*before)->through_time_us();
  EntryResult result;
  for (const storage::DropEvents::Item& item : command.items()) {
    const std::string row =
        JournalRow(Journal::kEvents, item.customer_id(), item.time_us(), item.event_id());
    const absl::StatusOr<std::optional<std::string>> bytes = writes->Get(Family::kEvents, row);
    if (!bytes.ok()) return bytes.status();
    if (!bytes->has_value()) continue;
    storage::StoredEvent event;
    if (!event.ParseFromString(**bytes)) return absl::DataLossError("events: malformed event");
    writes->Delete(Family::kEvents, row);
    writes->Delete(Family::kEvents, EventSeenRow(item.customer_id(), item.event_id()));
    writes->Delete(Family::kEvents, EventReversedRow(item.customer_id(), item.event_id()));
    if (!event.reverses_event_id().empty()) {
      writes->Delete(Family::kEvents,
                     EventReversedRow(item.customer_id(), event.reverses_event_id()));
    }
    result.set_applied(result.applied() + 1);
    through_us = std::max(through_us, item.time_us());
  }
  if (result.applied() == 0) return result;
  storage::DroppedEvents dropped;
  dropped.set_through_time_us(through_us);
  writes->Put(Family::kMeta, kDroppedRow, dropped.SerializeAsString());
  return result;
}

}  // namespace touchstone::store
