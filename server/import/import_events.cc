// Events: rows into events, events into batches of several lanes.

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "server/import/batch_lanes.h"
#include "server/import/event_grouping.h"
#include "server/import/import_run.h"
#include "server/import/row_intake.h"

namespace touchstone::server {
namespace {

class EventBatches {
 public:
  EventBatches(const ImportRun& run, RowIntake* intake, EventSink* sink)
      : run_(run),
        intake_(intake),
        lanes_(run, intake, sink, EventsInBatch(run.rows_per_second),
               [&run](int64_t number, v1::AppendEventsRequest* request) {
                 request->set_request_id(absl::StrCat(run.state->run_id(), ".", number));
                 request->set_allow_missing(run.mapping->create_customers);
                 request->set_validate_only(run.validate_only);
               }) {}

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
    if (run_.validate_only &&
        !seen_.insert(absl::HashOf(SubjectOf(event.event), event.event.event().event_id()))
             .second) {
      intake_->PassOver(static_cast<int64_t>(event.rows.size()), 1);
      return true;
    }
    return lanes_.Add(&event.event, std::move(event.rows));
  }

  BatchLanes<EventsBatch>& lanes() { return lanes_; }

 private:
  const ImportRun& run_;
  RowIntake* const intake_;
  BatchLanes<EventsBatch> lanes_;
  absl::flat_hash_set<size_t> seen_;  // of a run that only validates
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
      alive = batches.lanes().Flush(0);
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
  if (alive) batches.lanes().End();
  result.call = sink->End();
  return result;
}

}  // namespace touchstone::server
