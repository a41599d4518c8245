#include "server/services/aggregate_check.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rules/expr/arena.h"
#include "rules/facts/aggregate.h"
#include "rules/facts/event_layout.h"
#include "server/decide/aggregate_state.h"
#include "server/decide/fact_value.h"
#include "server/ingest/event_increments.h"
#include "server/live/live.h"
#include "server/live/loader.h"
#include "server/services/event_history.h"
#include "store/distinct_state.h"
#include "store/record.h"
#include "store/record_patch.h"

namespace touchstone::server {
namespace {

using rules::expr::Value;
using store::AggregateView;
using store::Fault;
using store::RecordKind;
using store::RecordView;

using Histories = std::vector<std::vector<v1::Event>>;

bool IsDistinct(const std::optional<AggregateView>& state) {
  return state.has_value() && state->kind() == AggregateView::Kind::kDistinct;
}

// Whether everything that was added is in the state. What is dropped for want of room, and sums
// that came to their end, follow from the order of events.
bool IsWhole(const std::optional<AggregateView>& state) {
  if (!state.has_value() || IsDistinct(state)) return true;
  if (state->kind() == AggregateView::Kind::kCells) return !state->incomplete();
  if (state->bucket_count() >= store::kMaxBuckets) return false;
  for (size_t i = 0; i < state->bucket_count(); ++i) {
    const int64_t sum = state->bucket(i).sum;
    if (sum == std::numeric_limits<int64_t>::min() || sum == std::numeric_limits<int64_t>::max()) {
      return false;
    }
  }
  return true;
}

// What the values of `state` would be as a sketch, in `bytes`.
AggregateView AsSketch(const AggregateView& state, std::string* bytes) {
  store::DistinctState distinct(state);
  distinct.BecomeSketch();
  bytes->clear();
  distinct.AppendTo(bytes);
  return *AggregateView::Of(state.id(), static_cast<uint8_t>(state.kind()), 0, *bytes);
}

std::string NameOf(store::RecordKey key) {
  return absl::StrCat(key.kind == RecordKind::kHousehold ? "households/" : "customers/", key.id);
}

class AggregateChecker {
 public:
  AggregateChecker(const store::Store& store, std::shared_ptr<const LiveState> live, absl::Time now,
                   absl::Time dropped_through, bool has_products, store::VerifyReport* report,
                   AggregateCheckReport* check)
      : store_(store),
        live_(std::move(live)),
        schema_(live_->rule_set->schema),
        now_(now),
        current_(rules::BucketsAt(now, schema_.zone)),
        dropped_through_(dropped_through),
        has_products_(has_products),
        increments_(live_, now),
        report_(*report),
        check_(*check) {}

  absl::Status Check(store::RecordKey key, absl::string_view bytes) {
    const absl::StatusOr<RecordView> kept = RecordView::Parse(bytes);
    if (!kept.ok()) return absl::OkStatus();  // told when records were read
    const absl::StatusOr<bool> is_waiting = store_.IsWaiting(key);
    if (!is_waiting.ok()) return is_waiting.status();
    if (*is_waiting || !kept->aggregates_settled()) {
      ++check_.waiting_records;
      return absl::OkStatus();
    }
    ++check_.records;
    const std::vector<const rules::AggregateSpec*> specs = Comparable(key.kind);
    if (specs.empty()) return absl::OkStatus();
    const absl::StatusOr<Histories> histories = ReadHistories(store_, key);
    if (absl::IsDataLoss(histories.status())) {
      report_.Add(Fault::kDamagedRow, absl::StrCat("events of ", NameOf(key)));
      return absl::OkStatus();
    }
    if (!histories.ok()) return histories.status();
    CountUndeclared(*histories);
    const absl::StatusOr<std::string> fresh_bytes = WorkOut(*histories, specs);
    if (!fresh_bytes.ok()) return fresh_bytes.status();
    const absl::StatusOr<RecordView> fresh = RecordView::Parse(*fresh_bytes);
    if (!fresh.ok()) return fresh.status();
    memory_.Reset();
    for (const rules::AggregateSpec* spec : specs) Compare(key, *spec, *kept, *fresh, *histories);
    return absl::OkStatus();
  }

 private:
  // What a record of the kind keeps, but for what cannot be compared in any record.
  std::vector<const rules::AggregateSpec*> Comparable(RecordKind kind) {
    std::vector<const rules::AggregateSpec*> specs;
    for (const rules::AggregateSpec& spec : schema_.aggregates) {
      if (kind == RecordKind::kHousehold && !spec.per_household) continue;
      if (std::binary_search(live_->incomplete_aggregates.begin(),
                             live_->incomplete_aggregates.end(), spec.id)) {
        ++check_.filling;
      } else if (CountsDropped(spec)) {
        ++check_.beyond_events;
      } else {
        specs.push_back(&spec);
      }
    }
    return specs;
  }

  // Whether the aggregate's window reaches back to a time of which events were dropped.
  bool CountsDropped(const rules::AggregateSpec& spec) const {
    return dropped_through_ != absl::InfinitePast() &&
           rules::BucketOf(spec.window, dropped_through_, schema_.zone) >=
               rules::FirstBucket(spec.window, now_, schema_.zone);
  }

  void CountUndeclared(const Histories& histories) {
    for (const std::vector<v1::Event>& events : histories) {
      for (const v1::Event& event : events) {
        if (FindEventSpec(schema_, event.type()) == nullptr) ++check_.undeclared_events;
      }
    }
  }

  // A record of these aggregates alone.
  absl::StatusOr<std::string> WorkOut(const Histories& histories,
                                      const std::vector<const rules::AggregateSpec*>& specs) {
    std::vector<uint32_t> ids;
    ids.reserve(specs.size());
    for (const rules::AggregateSpec* spec : specs) ids.push_back(spec->id);
    store::RecordPatch patch;
    increments_.Rebuild(histories, ids, &patch);
    const absl::string_view patches[] = {patch.bytes()};
    return store::ApplyPatches("", patches);
  }

  void Compare(store::RecordKey key, const rules::AggregateSpec& spec, const RecordView& kept,
               const RecordView& fresh, const Histories& histories) {
    const std::optional<AggregateView> kept_state = kept.FindAggregate(spec.id);
    std::optional<AggregateView> fresh_state = fresh.FindAggregate(spec.id);
    const bool had_no_place =
        !kept_state.has_value() && kept.aggregate_count() >= store::kMaxAggregates;
    if (had_no_place || !IsWhole(kept_state) || !IsWhole(fresh_state)) {
      ++check_.without_room;
      return;
    }
    // A sketch stays one when there are few values again.
    if (IsDistinct(kept_state) && kept_state->is_sketch() && IsDistinct(fresh_state)) {
      fresh_state = AsSketch(*fresh_state, &sketch_);
    }
    if (Told(spec, kept_state) == Told(spec, fresh_state)) {
      ++check_.aggregates;
    } else if (has_products_ && ReadsProducts(spec)) {
      ++check_.other_products;
    } else if (HasRefusedValue(spec.event_type, histories)) {
      ++check_.refused_values;
    } else {
      ++check_.aggregates;
      report_.Add(Fault::kAggregateDiffers, absl::StrCat(spec.name, " of ", NameOf(key)));
    }
  }

  // The value that a decision reads, as bytes.
  std::string Told(const rules::AggregateSpec& spec, const std::optional<AggregateView>& state) {
    Value value = Value::Absent();
    if (!state.has_value()) {
      value = rules::AggregateValue(spec, {}, current_, memory_);
    } else if (const auto read = states_.Read(*state, spec, memory_)) {
      value = rules::AggregateValue(spec, *read, current_, memory_);
    }
    return ToAttributeValue(value, spec.type).SerializeAsString();
  }

  bool ReadsProducts(const rules::AggregateSpec& spec) const {
    return rules::ReadsProducts(spec, *FindEventSpec(schema_, spec.event_type));
  }

  // Fields that are not declared any more are none of them: no aggregate reads these.
  bool HasRefusedValue(absl::string_view type, const Histories& histories) {
    for (const std::vector<v1::Event>& events : histories) {
      for (const v1::Event& event : events) {
        if (event.type() != type) continue;
        EventPatches patches;
        std::vector<Violation> violations;
        increments_.Add(event, "event", &patches, &violations);
        for (const Violation& violation : violations) {
          if (violation.reason != v1::ERROR_REASON_NAME_NOT_DECLARED) return true;
        }
      }
    }
    return false;
  }

  const store::Store& store_;
  const std::shared_ptr<const LiveState> live_;
  const rules::Schema& schema_;
  const absl::Time now_;
  const rules::CurrentBuckets current_;
  const absl::Time dropped_through_;
  const bool has_products_;
  EventIncrements increments_;
  AggregateStateReader states_;
  rules::expr::Arena memory_;
  std::string sketch_;
  store::VerifyReport& report_;
  AggregateCheckReport& check_;
};

// Of `total` records of both kinds, counted through, `sample` that lie as far apart as can be.
absl::Status CheckSample(const store::Store& store, uint64_t sample, uint64_t total,
                         AggregateChecker* checker) {
  sample = std::min(sample, total);
  uint64_t due = total - sample;  // in parts of `total`; the first record is one
  for (const RecordKind kind : {RecordKind::kCustomer, RecordKind::kHousehold}) {
    absl::Status checked;
    const absl::Status scanned =
        store.ScanRecords(kind, "", [&](absl::string_view id, absl::string_view record) {
          due += sample;
          if (due < total) return true;
          due -= total;
          checked = checker->Check({kind, id}, record);
          return checked.ok();
        });
    if (!checked.ok()) return checked;
    // Damage that ends a scan was told when the records were read.
    if (!scanned.ok() && !absl::IsDataLoss(scanned)) return scanned;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<AggregateCheckReport> CheckAggregates(const store::Store& store,
                                                     const AggregateCheckOptions& options,
                                                     store::VerifyProgress progress,
                                                     store::VerifyReport* report) {
  AggregateCheckReport check;
  if (options.sample == 0) return check;
  progress("aggregates");
  Live live;
  const absl::Status loaded = LiveLoader(&store, &live).Reload();
  const absl::StatusOr<absl::Time> dropped_through = store.GetDroppedThrough();
  const absl::StatusOr<std::vector<std::string>> tables = store.ListReferenceTables();
  for (const absl::Status& status : {loaded, dropped_through.status(), tables.status()}) {
    if (status.ok()) continue;
    if (absl::IsUnavailable(status)) return status;
    if (absl::IsDataLoss(status)) {
      report->Add(Fault::kDamagedRow, absl::StrCat("aggregates: ", status.message()));
    }
    check.not_done = std::string(status.message());
    return check;
  }
  if (live.Get() == nullptr) {
    check.not_done = "no revision is active";
    return check;
  }
  const std::string& products = live.Get()->rule_set->schema.product.name;
  const bool has_products = std::count(tables->begin(), tables->end(), products) > 0;
  const absl::Time now = std::max(options.now, absl::FromUnixMicros(store.progress().time_us()));
  AggregateChecker checker(store, live.Get(), now, *dropped_through, has_products, report, &check);
  absl::Status checked =
      CheckSample(store, options.sample, report->customers + report->households, &checker);
  if (!checked.ok()) return checked;
  return check;
}

}  // namespace touchstone::server
