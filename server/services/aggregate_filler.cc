#include "server/services/aggregate_filler.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "server/ingest/event_increments.h"
#include "server/log.h"
#include "server/services/event_history.h"
#include "store/background_priority.h"
#include "store/record.h"
#include "store/record_patch.h"

namespace touchstone::server {
namespace {

using storage::EntryResult;
using store::Found;
using store::ReadTier;
using store::RecordKind;

// Records between two notes of how far it has come.
constexpr size_t kRecordsAPiece = 2000;
// Entries that are written together.
constexpr size_t kEntriesAtOnce = 64;
constexpr size_t kWaitingAtOnce = 256;
// A customer to whom something happens during each of so many attempts comes again with the next
// round.
constexpr int kMostAttempts = 20;
constexpr std::chrono::seconds kPauseAfterError(1);

bool Holds(const google::protobuf::RepeatedField<uint32_t>& ids, uint32_t id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

absl::Status RevisionChanged() {
  return absl::AbortedError("another revision was published meanwhile");
}

std::vector<uint32_t> StaleAggregates(const store::RecordView& record) {
  std::vector<uint32_t> stale;
  for (size_t i = 0; i < record.aggregate_count(); ++i) {
    const std::optional<store::AggregateView> aggregate = record.aggregate(i);
    if (aggregate.has_value() && aggregate->stale()) stale.push_back(aggregate->id());
  }
  return stale;
}

std::vector<uint32_t> IdsOf(const rules::Schema& schema) {
  std::vector<uint32_t> ids;
  ids.reserve(schema.aggregates.size());
  for (const rules::AggregateSpec& aggregate : schema.aggregates) ids.push_back(aggregate.id);
  return ids;
}

// Of those that are declared.
absl::flat_hash_set<uint32_t> AggregatesPerCustomer(const LiveState& live) {
  absl::flat_hash_set<uint32_t> ids;
  for (const rules::AggregateSpec& aggregate : live.rule_set->schema.aggregates) {
    if (!aggregate.per_household) ids.insert(aggregate.id);
  }
  return ids;
}

// A household's record keeps only what is per household.
std::vector<uint32_t> KeptByHouseholds(const LiveState& live, absl::Span<const uint32_t> ids) {
  const absl::flat_hash_set<uint32_t> per_customer = AggregatesPerCustomer(live);
  std::vector<uint32_t> kept;
  for (const uint32_t id : ids) {
    if (!per_customer.contains(id)) kept.push_back(id);
  }
  return kept;
}

bool HasAny(const store::RecordView& record, absl::Span<const uint32_t> aggregates) {
  return std::any_of(aggregates.begin(), aggregates.end(),
                     [&record](uint32_t id) { return record.FindAggregate(id).has_value(); });
}

}  // namespace

AggregateFiller::~AggregateFiller() { Stop(); }

void AggregateFiller::Start() {
  thread_ = std::thread([this] { Run(); });
}

void AggregateFiller::Wake() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    awake_ = true;
  }
  woken_.notify_one();
}

void AggregateFiller::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void AggregateFiller::Run() {
  store::YieldToDecisions();
  for (;;) {
    const absl::StatusOr<Progress> progress = Step();
    std::unique_lock<std::mutex> lock(mutex_);
    if (stopping_) return;
    if (progress.ok()) {
      if (*progress == Progress::kSomethingDone) continue;
      woken_.wait(lock, [this] { return awake_ || stopping_; });
    } else if (!absl::IsAborted(progress.status())) {
      Log(LogLevel::kWarning, "filling_aggregates", {{"error", progress.status().message()}});
      woken_.wait_for(lock, kPauseAfterError, [this] { return stopping_; });
    }
    if (stopping_) return;
    awake_ = false;
  }
}

absl::StatusOr<AggregateFiller::Progress> AggregateFiller::Step() {
  std::shared_ptr<const LiveState> live = backend_.live->Get();
  if (live == nullptr) return Progress::kNothingToDo;
  const absl::StatusOr<storage::ActiveRevision> active = backend_.store->GetActiveRevision();
  if (!active.ok()) return active.status();
  if (active->epoch() != live->epoch) {
    // A publish that has not made its revision live yet, or was cut off before it could.
    if (absl::Status made = ToAbsl(MakeLive(backend_)); !made.ok()) return made;
    live = backend_.live->Get();
  }
  const absl::StatusOr<bool> rebuilt = RebuildWaiting();
  if (!rebuilt.ok()) return rebuilt.status();
  if (*rebuilt) return Progress::kSomethingDone;
  absl::StatusOr<storage::Backfill> backfill = backend_.store->GetBackfill();
  if (!backfill.ok()) return backfill.status();
  if (absl::Status adopted = Adopt(*live, &*backfill); !adopted.ok()) return adopted;
  if (backfill->filling().empty()) return Progress::kNothingToDo;
  if (absl::Status filled = FillPiece(live, &*backfill); !filled.ok()) return filled;
  return Progress::kSomethingDone;
}

absl::Status AggregateFiller::Adopt(const LiveState& live, storage::Backfill* backfill) {
  // Written by a publish, unless an earlier version published, or knew the aggregates by other ids.
  storage::Backfill adopted;
  bool is_known = true;
  for (const rules::AggregateSpec& aggregate : live.rule_set->schema.aggregates) {
    if (Holds(backfill->complete(), aggregate.id)) {
      adopted.add_complete(aggregate.id);
    } else {
      adopted.add_filling(aggregate.id);
      is_known = is_known && Holds(backfill->filling(), aggregate.id);
    }
  }
  if (is_known) return absl::OkStatus();
  adopted.set_started_time_us(absl::ToUnixMicros(backend_.proposer->now()));
  *backfill = std::move(adopted);
  return Save(live, *backfill);
}

absl::Status AggregateFiller::Save(const LiveState& live, const storage::Backfill& backfill) const {
  storage::Entry entry = backend_.proposer->NewEntry("", 0);
  *entry.mutable_update_backfill()->mutable_backfill() = backfill;
  entry.mutable_update_backfill()->set_epoch(live.epoch);
  EntryResult result;
  const grpc::Status written =
      backend_.proposer->Write(std::move(entry), v1::ERROR_REASON_INTERNAL, &result);
  if (result.refusal() == EntryResult::REFUSAL_REVISION_CHANGED) return RevisionChanged();
  return ToAbsl(written);
}

absl::Status AggregateFiller::FillPiece(const std::shared_ptr<const LiveState>& live,
                                        storage::Backfill* backfill) {
  const bool is_first = backfill->through_id().empty() && !backfill->households();
  const RecordKind kind = backfill->households() ? RecordKind::kHousehold : RecordKind::kCustomer;
  std::vector<WaitingRecord> records;
  uint64_t total = 0;
  const absl::Status scanned = backend_.store->ScanRecords(
      kind, backfill->through_id(), [&](absl::string_view id, absl::string_view /*record*/) {
        ++total;
        if (id != backfill->through_id() && records.size() < kRecordsAPiece) {
          records.emplace_back(kind, std::string(id));
        }
        return is_first || records.size() < kRecordsAPiece;  // the first time all are counted
      });
  if (!scanned.ok()) return scanned;
  if (is_first) backfill->set_total_records(total);
  const std::vector<uint32_t> filling(backfill->filling().begin(), backfill->filling().end());
  const bool is_last = records.size() < kRecordsAPiece;
  if (!records.empty()) backfill->set_through_id(records.back().second);
  if (kind == RecordKind::kCustomer) {
    backfill->set_done_records(backfill->done_records() + records.size());
  }
  absl::Status rebuilt = Rebuild(live, std::move(records), filling);
  if (!rebuilt.ok()) return rebuilt;
  const bool households_are_next =
      is_last && kind == RecordKind::kCustomer && !KeptByHouseholds(*live, filling).empty();
  if (households_are_next) {
    backfill->set_households(true);
    backfill->clear_through_id();
  } else if (is_last) {
    backfill->mutable_complete()->MergeFrom(backfill->filling());
    std::sort(backfill->mutable_complete()->begin(), backfill->mutable_complete()->end());
    backfill->clear_filling();
    backfill->clear_through_id();
    backfill->clear_households();
  }
  if (absl::Status saved = Save(*live, *backfill); !saved.ok()) return saved;
  if (!backfill->filling().empty()) return absl::OkStatus();
  Log(LogLevel::kInfo, "aggregates_filled",
      {{"aggregates", absl::StrCat(filling.size())},
       {"customers", absl::StrCat(backfill->done_records())}});
  return ToAbsl(MakeLive(backend_));
}

absl::StatusOr<bool> AggregateFiller::RebuildWaiting() {
  absl::StatusOr<std::vector<WaitingRecord>> waiting =
      backend_.store->ListWaitingRecords(kWaitingAtOnce);
  if (!waiting.ok()) return waiting.status();
  if (waiting->empty()) return false;
  absl::Status rebuilt = Rebuild(backend_.live->Get(), *std::move(waiting), {});
  if (!rebuilt.ok()) return rebuilt;
  return true;
}

void AggregateFiller::RebuildNow(absl::Span<const WaitingRecord> records) {
  const absl::Status rebuilt =
      Rebuild(backend_.live->Get(), std::vector<WaitingRecord>(records.begin(), records.end()), {});
  if (!rebuilt.ok()) Wake();  // they are still listed as waiting
}

absl::StatusOr<std::optional<storage::Entry>> AggregateFiller::PlanRebuild(
    const std::shared_ptr<const LiveState>& live, const WaitingRecord& waiting,
    absl::Span<const uint32_t> aggregates) const {
  const auto& [kind, id] = waiting;
  // The record before the events: one that comes in between changes the version.
  store::PinnedValue bytes;
  const absl::StatusOr<Found> found =
      backend_.store->GetRecord({kind, id}, ReadTier::kMayBlock, &bytes);
  if (!found.ok()) return found.status();
  store::RecordView record;
  if (*found == Found::kFound) {
    absl::StatusOr<store::RecordView> parsed = store::RecordView::Parse(bytes.bytes());
    if (!parsed.ok()) return parsed.status();
    record = *std::move(parsed);
  }
  const bool is_waiting = aggregates.empty();
  if (*found != Found::kFound && !is_waiting) return std::nullopt;  // erased meanwhile
  std::vector<uint32_t> wanted(aggregates.begin(), aggregates.end());
  if (!record.aggregates_settled()) {
    wanted = IdsOf(live->rule_set->schema);
  } else if (is_waiting) {
    wanted = StaleAggregates(record);
  }
  if (kind == RecordKind::kHousehold) wanted = KeptByHouseholds(*live, wanted);

  std::vector<std::vector<v1::Event>> histories;
  if (*found == Found::kFound) {
    absl::StatusOr<std::vector<std::vector<v1::Event>>> read =
        ReadHistories(*backend_.store, {kind, id});
    if (!read.ok()) return read.status();
    histories = *std::move(read);
  }
  const bool has_events = std::any_of(histories.begin(), histories.end(),
                                      [](const auto& events) { return !events.empty(); });
  if (!is_waiting && !has_events && record.aggregates_settled() && !HasAny(record, wanted)) {
    return std::nullopt;
  }
  store::RecordPatch patch;
  EventIncrements(live, backend_.proposer->now()).Rebuild(histories, wanted, &patch);
  if (!record.aggregates_settled()) patch.SettleAggregates();
  storage::Entry entry = backend_.proposer->NewEntry("", 0);
  storage::RebuildRecord* rebuild = entry.mutable_rebuild_record();
  rebuild->mutable_record()->set_kind(kind == RecordKind::kHousehold
                                          ? storage::RecordName::KIND_HOUSEHOLD
                                          : storage::RecordName::KIND_CUSTOMER);
  rebuild->mutable_record()->set_id(id);
  rebuild->set_expected_version(record.version());
  rebuild->set_patch(patch.bytes());
  rebuild->set_epoch(live->epoch);
  return entry;
}

absl::Status AggregateFiller::Rebuild(const std::shared_ptr<const LiveState>& live,
                                      std::vector<WaitingRecord> records,
                                      absl::Span<const uint32_t> aggregates) const {
  for (int attempt = 1; !records.empty(); ++attempt) {
    if (attempt > kMostAttempts) return absl::AbortedError("a record changes all the time");
    std::vector<WaitingRecord> again;
    for (size_t begin = 0; begin < records.size(); begin += kEntriesAtOnce) {
      const size_t end = std::min(records.size(), begin + kEntriesAtOnce);
      std::vector<storage::Entry> entries;
      std::vector<WaitingRecord> written;
      for (size_t i = begin; i < end; ++i) {
        absl::StatusOr<std::optional<storage::Entry>> entry =
            PlanRebuild(live, records[i], aggregates);
        if (!entry.ok()) return entry.status();
        if (!entry->has_value()) continue;
        entries.push_back(**std::move(entry));
        written.push_back(records[i]);
      }
      std::vector<EntryResult> results;
      const grpc::Status status =
          backend_.proposer->WriteAll(std::move(entries), v1::ERROR_REASON_INTERNAL, &results);
      bool is_refused = false;
      for (size_t i = 0; i < results.size(); ++i) {
        if (results[i].refusal() == EntryResult::REFUSAL_REVISION_CHANGED) return RevisionChanged();
        if (results[i].refusal() != EntryResult::REFUSAL_VERSION_CHANGED) continue;
        is_refused = true;
        again.push_back(written[i]);
      }
      if (!status.ok() && !is_refused) return ToAbsl(status);
    }
    records = std::move(again);
  }
  return absl::OkStatus();
}

}  // namespace touchstone::server
