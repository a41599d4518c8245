#include "store/store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/database.h"
#include "store/grants.h"
#include "store/keys.h"
#include "store/merge.h"
#include "store/message_row.h"

namespace touchstone::store {
namespace {

template <typename Message>
absl::StatusOr<Message> ReadMessage(const Database& database, Family family, absl::string_view key,
                                    absl::string_view what) {
  absl::StatusOr<std::optional<Message>> message = ReadIfThere<Message>(database, family, key);
  if (!message.ok()) return message.status();
  if (!message->has_value()) return absl::NotFoundError(absl::StrCat("no such ", what));
  return **std::move(message);
}

// Rows that begin with `prefix`, from the key `start` on and before the key `until`, if not empty.
template <typename Message>
absl::StatusOr<std::vector<Message>> ReadRange(const Database& database, Family family,
                                               absl::string_view prefix, absl::string_view start,
                                               absl::string_view until, size_t limit) {
  std::vector<Message> messages;
  Database::PrefixIterator rows = database.Iterate(family, std::string(prefix), start);
  for (; rows.Valid() && messages.size() < limit; rows.Next()) {
    if (!until.empty() && rows.key() >= until) break;
    absl::Status status = ParseRow(family, rows.value(), &messages.emplace_back());
    if (!status.ok()) return status;
  }
  if (absl::Status status = rows.status(); !status.ok()) return status;
  return messages;
}

template <typename Message>
absl::StatusOr<std::vector<Message>> ReadJournal(const Database& database, Journal journal,
                                                 absl::string_view customer_id, absl::Time from,
                                                 absl::Time until, size_t limit) {
  // ToUnixMicros rounds down; a bound between two microseconds belongs to the later one.
  const auto bound = [](absl::Time time) {
    return absl::ToUnixMicros(time + absl::Nanoseconds(999));
  };
  return ReadRange<Message>(database, Family::kEvents, JournalPrefix(journal, customer_id),
                            JournalRow(journal, customer_id, bound(from), {}),
                            JournalRow(journal, customer_id, bound(until), {}), limit);
}

template <typename Message>
absl::Status ScanJournal(const Database& database, Journal journal, absl::string_view customer_id,
                         absl::FunctionRef<bool(const Message&)> visit) {
  const std::string prefix = JournalPrefix(journal, customer_id);
  Database::PrefixIterator rows = database.Iterate(Family::kEvents, prefix, prefix);
  for (; rows.Valid(); rows.Next()) {
    Message message;
    if (absl::Status status = ParseRow(Family::kEvents, rows.value(), &message); !status.ok()) {
      return status;
    }
    if (!visit(message)) return absl::OkStatus();
  }
  return rows.status();
}

// Behind every key that begins with a prefix which ends in a zero byte.
std::string BehindPrefix(std::string prefix) {
  prefix.back() = '\1';
  return prefix;
}

// Beyond so many keys that lie apart, all between the first and the last are rewritten at once.
constexpr size_t kMaxSingleKeys = 16;

void AddKeys(Family family, std::vector<std::string> keys, std::vector<KeyRange>* ranges) {
  if (keys.empty()) return;
  std::sort(keys.begin(), keys.end());
  if (keys.size() > kMaxSingleKeys) {
    ranges->push_back({family, keys.front(), keys.back()});
    return;
  }
  for (const std::string& key : keys) ranges->push_back({family, key, key});
}

// Where rows of the customer may have been.
void AddRangesOf(const std::string& id, std::vector<KeyRange>* ranges) {
  const std::string record = RecordRow(static_cast<char>(RecordKind::kCustomer), id);
  ranges->push_back({Family::kCustomers, record, record});
  for (const std::string& prefix :
       {JournalPrefix(Journal::kEvents, id), EventSeenRow(id, ""), EventReversedRow(id, ""),
        JournalPrefix(Journal::kOutcomes, id)}) {
    ranges->push_back({Family::kEvents, prefix, BehindPrefix(prefix)});
  }
  ranges->push_back({Family::kMeta, MergedRow(id, ""), BehindPrefix(MergedRow(id, ""))});
  ranges->push_back({Family::kMeta, SurvivorRow(id), SurvivorRow(id)});
  for (const std::string& prefix : {HeldRow(id, ""), CustomerCodeRow(id, "")}) {
    ranges->push_back({Family::kLedger, prefix, BehindPrefix(prefix)});
  }
  ranges->push_back(
      {Family::kSales, CustomerSalesPrefix(id), BehindPrefix(CustomerSalesPrefix(id))});
}

void AddRanges(const storage::PendingErasure& erasure, std::vector<KeyRange>* ranges) {
  AddRangesOf(erasure.customer_id(), ranges);
  for (const std::string& merged_id : erasure.merged_ids()) AddRangesOf(merged_id, ranges);
  AddKeys(Family::kIdentities, {erasure.identities().begin(), erasure.identities().end()}, ranges);
  // Her household's rows named her, and counted her events.
  for (const std::string& household_id : erasure.household_ids()) {
    for (const RecordKind kind : {RecordKind::kHousehold, RecordKind::kMembers}) {
      const std::string row = RecordRow(static_cast<char>(kind), household_id);
      ranges->push_back({Family::kCustomers, row, row});
    }
  }
  std::vector<std::string> seen;
  for (const std::string& outcome_id : erasure.outcome_ids()) {
    seen.push_back(OutcomeSeenRow(outcome_id));
  }
  AddKeys(Family::kEvents, std::move(seen), ranges);
  std::vector<std::string> sales;
  for (const std::string& transaction_id : erasure.transaction_ids()) {
    sales.push_back(SaleRow(transaction_id));
  }
  AddKeys(Family::kSales, std::move(sales), ranges);
  std::vector<std::string> codes;
  for (const std::string& code : erasure.codes()) codes.push_back(CodeRow(code));
  AddKeys(Family::kLedger, std::move(codes), ranges);
}

constexpr size_t kMaxCustomersInStep = 10'000;

}  // namespace

Store::Store(std::unique_ptr<Database> database) : database_(std::move(database)) {}

Store::~Store() = default;

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const StoreOptions& options) {
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(options);
  if (!database.ok()) return database.status();
  return std::unique_ptr<Store>(new Store(*std::move(database)));
}

absl::StatusOr<Found> Store::GetRecord(RecordKey key, ReadTier tier, PinnedValue* record) const {
  // On the hot path: a key on the stack, since no valid id is longer.
  char row[1 + kMaxIdBytes];
  if (key.id.size() > kMaxIdBytes) {
    record->Reset();
    return Found::kNotFound;
  }
  row[0] = static_cast<char>(key.kind);
  std::copy(key.id.begin(), key.id.end(), row + 1);
  return database_->Get(Family::kCustomers, absl::string_view(row, 1 + key.id.size()), tier,
                        &record->slice_);
}

absl::StatusOr<Found> Store::ResolveIdentity(absl::string_view identity, ReadTier tier,
                                             std::string* customer_id) const {
  rocksdb::PinnableSlice value;
  absl::StatusOr<Found> found = database_->Get(Family::kIdentities, identity, tier, &value);
  customer_id->clear();
  if (found.ok() && *found == Found::kFound) customer_id->assign(value.data(), value.size());
  return found;
}

absl::StatusOr<std::vector<storage::StoredEvent>> Store::ListEvents(absl::string_view customer_id,
                                                                    absl::Time from,
                                                                    absl::Time until,
                                                                    size_t limit) const {
  return ReadJournal<storage::StoredEvent>(*database_, Journal::kEvents, customer_id, from, until,
                                           limit);
}

absl::StatusOr<std::vector<storage::StoredEvent>> Store::ListLatestEvents(
    absl::string_view customer_id, size_t limit) const {
  std::vector<storage::StoredEvent> events;
  const std::string prefix = JournalPrefix(Journal::kEvents, customer_id);
  Database::PrefixIterator rows =
      database_->FindLast(Family::kEvents, prefix, BehindPrefix(prefix));
  for (; rows.Valid() && events.size() < limit; rows.Previous()) {
    absl::Status status = ParseRow(Family::kEvents, rows.value(), &events.emplace_back());
    if (!status.ok()) return status;
  }
  if (absl::Status status = rows.status(); !status.ok()) return status;
  return events;
}

absl::StatusOr<std::optional<storage::StoredEvent>> Store::GetEvent(
    absl::string_view customer_id, absl::string_view event_id) const {
  absl::StatusOr<std::optional<std::string>> seen =
      database_->GetCopy(Family::kEvents, EventSeenRow(customer_id, event_id));
  if (!seen.ok()) return seen.status();
  if (!seen->has_value()) return std::nullopt;
  if ((*seen)->size() != sizeof(uint64_t)) return absl::DataLossError("events: malformed row");
  std::string row = JournalPrefix(Journal::kEvents, customer_id);
  row.append(**seen);
  row.append(event_id.data(), event_id.size());
  return ReadMessage<storage::StoredEvent>(*database_, Family::kEvents, row, "event");
}

absl::StatusOr<std::vector<storage::StoredOutcome>> Store::ListOutcomes(
    absl::string_view customer_id, absl::Time from, absl::Time until, size_t limit) const {
  return ReadJournal<storage::StoredOutcome>(*database_, Journal::kOutcomes, customer_id, from,
                                             until, limit);
}

absl::Status Store::ScanEvents(absl::string_view customer_id,
                               absl::FunctionRef<bool(const storage::StoredEvent&)> visit) const {
  return ScanJournal<storage::StoredEvent>(*database_, Journal::kEvents, customer_id, visit);
}

absl::Status Store::ScanOutcomes(
    absl::string_view customer_id,
    absl::FunctionRef<bool(const storage::StoredOutcome&)> visit) const {
  return ScanJournal<storage::StoredOutcome>(*database_, Journal::kOutcomes, customer_id, visit);
}

absl::StatusOr<Store::OldEvents> Store::ListOldEvents(absl::Time before, absl::string_view start_id,
                                                      size_t limit) const {
  const int64_t before_us = absl::ToUnixMicros(before);
  const std::string all(1, static_cast<char>(Journal::kEvents));
  OldEvents old;
  size_t customers = 0;
  Database::PrefixIterator rows =
      database_->Iterate(Family::kEvents, all, JournalPrefix(Journal::kEvents, start_id));
  while (rows.Valid()) {
    const std::optional<JournalKey> key = ParseJournalKey(rows.key());
    if (!key.has_value()) return absl::DataLossError("events: malformed key");
    const std::string customer_id(key->customer_id);
    const bool full = static_cast<size_t>(old.events.items_size()) >= limit;
    if (full || customers >= kMaxCustomersInStep) {
      old.next_id = customer_id;
      break;
    }
    const int64_t time_us = ReadOrderedSigned(key->time.data());
    if (time_us >= before_us) {
      ++customers;
      rows.SkipTo(BehindPrefix(JournalPrefix(Journal::kEvents, customer_id)));
      continue;
    }
    storage::DropEvents::Item* item = old.events.add_items();
    item->set_customer_id(customer_id);
    item->set_event_id(std::string(key->id));
    item->set_time_us(time_us);
    rows.Next();
  }
  if (absl::Status status = rows.status(); !status.ok()) return status;
  return old;
}

absl::StatusOr<std::vector<storage::PendingErasure>> Store::ListPendingErasures() const {
  const absl::string_view prefix(&kErasurePrefix, 1);
  return ReadRange<storage::PendingErasure>(*database_, Family::kMeta, prefix, prefix, {},
                                            std::numeric_limits<size_t>::max());
}

absl::StatusOr<std::optional<storage::PendingErasure>> Store::GetPendingErasure(
    absl::string_view customer_id) const {
  return ReadIfThere<storage::PendingErasure>(*database_, Family::kMeta, ErasureRow(customer_id));
}

absl::Status Store::PurgeErased(absl::Span<const storage::PendingErasure> erasures,
                                std::atomic<bool>* cancel) const {
  std::vector<KeyRange> ranges;
  for (const storage::PendingErasure& erasure : erasures) AddRanges(erasure, &ranges);
  // What is over names nobody any more, but what it was before did: no row tells which they are.
  const std::string reservations(1, kReservationPrefix);
  ranges.push_back({Family::kLedger, reservations, std::string(1, kReservationPrefix + 1)});
  return database_->Purge(ranges, cancel);
}

absl::Status Store::PurgeErasures(std::atomic<bool>* cancel) const {
  const KeyRange all = {Family::kMeta, std::string(1, kErasurePrefix),
                        std::string(1, kErasurePrefix + 1)};
  return database_->Purge({&all, 1}, cancel);
}

absl::Status Store::ScanRecords(
    RecordKind kind, absl::string_view start_id,
    absl::FunctionRef<bool(absl::string_view id, absl::string_view record)> visit) const {
  const char prefix = static_cast<char>(kind);
  Database::PrefixIterator rows =
      database_->Iterate(Family::kCustomers, std::string(1, prefix), RecordRow(prefix, start_id));
  for (; rows.Valid(); rows.Next()) {
    if (!visit(rows.key().substr(1), rows.value())) return absl::OkStatus();
  }
  return rows.status();
}

absl::StatusOr<std::string> Store::GetRuleSet(uint64_t revision) const {
  absl::StatusOr<std::optional<std::string>> row =
      database_->GetCopy(Family::kRevisions, NumberRow(kRuleSetPrefix, revision));
  if (!row.ok()) return row.status();
  if (!row->has_value()) return absl::NotFoundError("no such revision");
  return **std::move(row);
}

absl::StatusOr<storage::RevisionInfo> Store::GetRevision(uint64_t revision) const {
  return ReadMessage<storage::RevisionInfo>(*database_, Family::kRevisions,
                                            NumberRow(kRevisionInfoPrefix, revision), "revision");
}

absl::StatusOr<storage::ActiveRevision> Store::GetActiveRevision() const {
  return ReadMessage<storage::ActiveRevision>(*database_, Family::kMeta, kActiveRevisionRow,
                                              "revision: none has been published");
}

absl::StatusOr<std::vector<storage::RevisionInfo>> Store::ListRevisions(uint64_t from,
                                                                        size_t limit) const {
  return ReadRange<storage::RevisionInfo>(*database_, Family::kRevisions,
                                          absl::string_view(&kRevisionInfoPrefix, 1),
                                          NumberRow(kRevisionInfoPrefix, from), {}, limit);
}

absl::StatusOr<std::vector<storage::PausedOffer>> Store::ListPausedOffers() const {
  const absl::string_view prefix(&kPausedOfferPrefix, 1);
  return ReadRange<storage::PausedOffer>(*database_, Family::kMeta, prefix, prefix, {},
                                         std::numeric_limits<size_t>::max());
}

absl::StatusOr<std::vector<storage::KeptTerms>> Store::ListKeptTerms() const {
  const absl::string_view prefix(&kKeptTermsPrefix, 1);
  return ReadRange<storage::KeptTerms>(*database_, Family::kRevisions, prefix, prefix, {},
                                       std::numeric_limits<size_t>::max());
}

absl::StatusOr<std::vector<Store::OpenGrants>> Store::CountOpenGrants(absl::Time now) const {
  const int64_t now_us = absl::ToUnixMicros(now);
  const auto open = OpenTerms(*database_, now_us);
  if (!open.ok()) return open.status();
  std::vector<OpenGrants> counts;
  for (const auto& [offer, terms] : *open) {
    const std::string from = OpenGrantRow({offer, terms, now_us + 1, ""});
    Database::PrefixIterator rows =
        database_->Iterate(Family::kLedger, from.substr(0, kOpenTermsBytes), from);
    OpenGrants grants{offer, terms, 0};
    for (; rows.Valid(); rows.Next()) ++grants.count;
    if (!rows.status().ok()) return rows.status();
    // The last one may have been used since.
    if (grants.count > 0) counts.push_back(grants);
  }
  return counts;
}

absl::StatusOr<std::string> Store::GetSurvivor(absl::string_view customer_id) const {
  std::string id(customer_id);
  for (;;) {
    absl::StatusOr<std::optional<std::string>> next =
        database_->GetCopy(Family::kMeta, SurvivorRow(id));
    if (!next.ok()) return next.status();
    if (!next->has_value()) return id;
    id = **std::move(next);
  }
}

absl::StatusOr<std::vector<std::pair<std::string, storage::MergedCustomer>>> Store::ListMerged(
    absl::string_view customer_id) const {
  std::vector<std::pair<std::string, storage::MergedCustomer>> merged;
  std::vector<std::string> into = {std::string(customer_id)};
  while (!into.empty()) {
    const std::string prefix = MergedRow(into.back(), "");
    into.pop_back();
    Database::PrefixIterator rows = database_->Iterate(Family::kMeta, prefix, prefix);
    for (; rows.Valid(); rows.Next()) {
      auto& [id, message] = merged.emplace_back();
      id = std::string(rows.key().substr(prefix.size()));
      absl::Status parsed = ParseRow(Family::kMeta, rows.value(), &message);
      if (!parsed.ok()) return parsed;
      into.push_back(id);
    }
    if (!rows.status().ok()) return rows.status();
  }
  return merged;
}

absl::StatusOr<std::vector<std::string>> Store::ListIds(absl::string_view customer_id) const {
  const auto merged = ListMerged(customer_id);
  if (!merged.ok()) return merged.status();
  std::vector<std::string> ids = {std::string(customer_id)};
  for (const auto& [merged_id, undo] : *merged) ids.push_back(merged_id);
  return ids;
}

absl::StatusOr<std::vector<storage::ImportRun>> Store::ListImportRuns() const {
  const absl::string_view prefix(&kImportRunPrefix, 1);
  return ReadRange<storage::ImportRun>(*database_, Family::kMeta, prefix, prefix, {},
                                       std::numeric_limits<size_t>::max());
}

absl::StatusOr<storage::Backfill> Store::GetBackfill() const {
  absl::StatusOr<std::optional<storage::Backfill>> backfill =
      ReadIfThere<storage::Backfill>(*database_, Family::kMeta, kBackfillRow);
  if (!backfill.ok()) return backfill.status();
  return (*std::move(backfill)).value_or(storage::Backfill());
}

absl::StatusOr<bool> Store::IsWaiting(RecordKey key) const {
  return database_->Contains(Family::kMeta, WaitingRow(static_cast<char>(key.kind), key.id));
}

absl::StatusOr<absl::Time> Store::GetDroppedThrough() const {
  const absl::StatusOr<std::optional<storage::DroppedEvents>> dropped =
      ReadIfThere<storage::DroppedEvents>(*database_, Family::kMeta, kDroppedRow);
  if (!dropped.ok()) return dropped.status();
  if (!dropped->has_value()) return absl::InfinitePast();
  return absl::FromUnixMicros((*dropped)->through_time_us());
}

absl::StatusOr<std::vector<std::pair<RecordKind, std::string>>> Store::ListWaitingRecords(
    size_t limit) const {
  std::vector<std::pair<RecordKind, std::string>> waiting;
  const std::string prefix(1, kWaitingPrefix);
  Database::PrefixIterator rows = database_->Iterate(Family::kMeta, prefix, prefix);
  for (; rows.Valid() && waiting.size() < limit; rows.Next()) {
    if (rows.key().size() < 3) return absl::DataLossError("meta: malformed row");
    waiting.emplace_back(static_cast<RecordKind>(rows.key()[1]), rows.key().substr(2));
  }
  if (!rows.status().ok()) return rows.status();
  return waiting;
}

absl::StatusOr<std::string> Store::GetReference(absl::string_view table,
                                                uint64_t reference_version) const {
  const Database::PrefixIterator row = database_->FindLast(
      Family::kReference, ReferencePrefix(table), ReferenceRow(table, reference_version));
  if (row.Valid()) return std::string(row.value());
  if (absl::Status status = row.status(); !status.ok()) return status;
  return absl::NotFoundError("the reference table had not been imported at that version");
}

absl::StatusOr<std::vector<std::string>> Store::ListReferenceTables() const {
  std::vector<std::string> tables;
  Database::PrefixIterator rows = database_->Iterate(Family::kReference, {}, {});
  while (rows.Valid()) {
    tables.emplace_back(rows.key().substr(0, rows.key().find('\0')));
    // Behind every version of the table: snapshots are long, and none of them is wanted.
    rows.SkipTo(tables.back() + '\1');
  }
  if (absl::Status status = rows.status(); !status.ok()) return status;
  return tables;
}

absl::StatusOr<std::vector<storage::AuditRecord>> Store::ListAudit(uint64_t from,
                                                                   size_t limit) const {
  return ReadRange<storage::AuditRecord>(*database_, Family::kAudit,
                                         absl::string_view(&kAuditPrefix, 1),
                                         NumberRow(kAuditPrefix, from), {}, limit);
}

absl::StatusOr<std::optional<storage::EntryResult>> Store::RecallRequest(
    absl::string_view request_id, uint64_t body_hash) const {
  absl::StatusOr<std::optional<std::string>> row =
      database_->GetCopy(Family::kMeta, RequestRow(request_id));
  if (!row.ok()) return row.status();
  if (!row->has_value()) return std::nullopt;
  return RecalledResult(**row, body_hash, progress().time_us());
}

storage::Progress Store::progress() const { return database_->progress(); }

absl::Status Store::write_status() const { return database_->write_status(); }

std::string Store::Property(absl::string_view column_family, absl::string_view property) const {
  for (size_t i = 0; i < kFamilyCount; ++i) {
    const Family family = static_cast<Family>(i);
    std::string value;
    if (FamilyName(family) == column_family &&
        database_->rocks()->GetProperty(database_->handle(family), ToSlice(property), &value)) {
      return value;
    }
  }
  return "";
}

}  // namespace touchstone::store
