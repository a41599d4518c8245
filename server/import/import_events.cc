// Events: rows into events, events into batches of several lanes.

#include <array>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "rules/facts/sip_hash.h"
#include "server/import/event_grouping.h"
#include "server/import/import_run.h"
#include "server/import/row_intake.h"

namespace touchstone::server {
namespace {

constexpr size_t kMaxBatchBytes = size_t{2} << 20;
constexpr rules::SipKey kLaneKey = {0x746f756368737430, 0x6c616e6500000001};

const std::string& SubjectOf(const v1::CustomerEvent& event) {
  return event.has_identity() ? event.identity().value() : event.customer();
}

// The same for all events of a customer, whatever they are.
size_t LaneOf(const v1::CustomerEvent& event) {
  return rules::SipHash64(kLaneKey, SubjectOf(event)) % kEventLanes;
}

uint64_t HashOf(const v1::CustomerEvent& event) {
  return rules::SipHash64(kLaneKey, absl::StrCat(SubjectOf(event), "\n", event.event().event_id()));
}

class EventBatches {
 public:
  EventBatches(const ImportRun& run, RowIntake* intake, EventSink* sink)
      : run_(run), intake_(intake), sink_(sink), throttle_(run.rows_per_second) {}

  // False when the import cannot go on.
  bool Take(GroupedEvent event) {
    if (!event.error.empty()) {
      for (const RowOrigin& row : event.rows) intake_->Refuse(row.line, event.error, row.raw);
      return true;
    }
    if (event.left_out) {
      intake_->LeaveOut(static_cast<int64_t>(event.rows.size()));
      return true;
    }
    // What is not written is not found when it comes again.
    if (run_.validate_only && !seen_.insert(HashOf(event.event)).second) {
      intake_->PassOver(static_cast<int64_t>(event.rows.size()));
      return true;
    }
    const size_t lane = LaneOf(event.event);
    Open& open = lanes_[lane];
    open.bytes += event.event.ByteSizeLong();
    open.batch.request.mutable_events()->Add()->Swap(&event.event);
    open.batch.origins.push_back(std::move(event.rows));
    const bool full = open.batch.request.events_size() >= EventsInBatch(run_.rows_per_second) ||
                      open.bytes >= kMaxBatchBytes;
    return !full || Flush(lane);
  }

  bool End() {
    for (size_t lane = 0; lane < kEventLanes; ++lane) {
      if (lanes_[lane].batch.request.events_size() > 0 && !Flush(lane)) return false;
    }
    return !intake_->has_aside() || Flush(0);
  }

  // Sends what is in a lane and what is aside.
  bool Flush(size_t lane) {
    EventsBatch batch = std::exchange(lanes_[lane], Open()).batch;
    batch.number = ++number_;
    batch.lane = lane;
    batch.aside = intake_->TakeAside();
    batch.request.set_request_id(absl::StrCat(run_.state->run_id(), ".", number_));
    batch.request.set_allow_missing(run_.mapping->create_customers);
    batch.request.set_validate_only(run_.validate_only);
    if (batch.number <= run_.state->settled_before()) return true;
    size_t rows = 0;
    for (const auto& origins : batch.origins) rows += origins.size();
    throttle_.Await(rows);
    return sink_->Send(std::move(batch));
  }

 private:
  struct Open {
    EventsBatch batch;
    size_t bytes = 0;
  };

  const ImportRun& run_;
  RowIntake* const intake_;
  EventSink* const sink_;
  Throttle throttle_;
  std::array<Open, kEventLanes> lanes_;
  absl::flat_hash_set<uint64_t> seen_;  // of a run that only validates
  int64_t number_ = 0;
};

}  // namespace

ImportResult ImportEvents(const ImportRun& run, EventSink* sink) {
  RowIntake intake(run.reader, run.mapping, run.progress);
  EventBatches batches(run, &intake, sink);
  EventGrouping grouping(*run.mapping);
  Row row;
  bool alive = true;
  while (alive) {
    const RowIntake::Step step = intake.Next(&row);
    if (step == RowIntake::Step::kEnd) break;
    if (step == RowIntake::Step::kAside) {
      alive = batches.Flush(0);
      continue;
    }
    std::optional<GroupedEvent> event = grouping.Add(row);
    if (event.has_value()) alive = batches.Take(*std::move(event));
  }
  while (alive) {
    std::optional<GroupedEvent> open = grouping.End();
    if (!open.has_value()) break;
    alive = batches.Take(*std::move(open));
  }
  ImportResult result;
  result.file = run.reader->status();
  if (alive) batches.End();
  result.call = sink->End();
  return result;
}

}  // namespace touchstone::server
