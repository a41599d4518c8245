#pragma once

// Events on their way into the store: checked against the schema, and what they add to aggregates.
//
// `where`, sums and the products of lines are evaluated here, under one revision and one reference
// snapshot; the store only adds. Thread safety: one a thread. Lifetime: keeps the live state.
// Errors: violations of the event; an aggregate whose expression goes wrong adds nothing.
// Cost: one evaluation an aggregate and line.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rules/expr/program.h"
#include "rules/facts/aggregate_increments.h"
#include "rules/facts/schema.h"
#include "server/live/live.h"
#include "server/rpc/rpc_error.h"
#include "store/record_patch.h"
#include "touchstone/v1/customer.pb.h"

namespace touchstone::server {

inline constexpr int kMaxEventLines = 10'000;

// What an event adds, by record.
struct EventPatches {
  store::RecordPatch customer;
  store::RecordPatch household;  // of what is per household; the customer's has it too, for the
                                 // time when she is in none
};

class EventIncrements {
 public:
  // `now` is the server's: what lies outside of every window then may be dropped.
  EventIncrements(std::shared_ptr<const LiveState> live, absl::Time now);

  // Appends what the event adds to `patches`. Nothing is appended when a violation is added;
  // `field` is the path of the event in the request. REQUIRES: `violations` is empty.
  void Add(const v1::Event& event, absl::string_view field, EventPatches* patches,
           std::vector<Violation>* violations);

  // Appends what takes the event back that Add was called with when it happened; nothing if it took
  // back another one itself. Fields that the schema no longer declares are passed over. Counts,
  // sums and decayed sums are subtracted; other aggregates that it had added to are marked stale,
  // and then the record waits for Rebuild.
  struct Stale {
    bool customer = false;
    bool household = false;
  };
  Stale TakeBack(const v1::Event& event, EventPatches* patches);

  // Appends what puts these aggregates (by id) in the place of what the record has of them, worked
  // out from all events of the customers, each customer's in any order. An event that was taken
  // back is left out, and so is the one that took it back. Ids that the schema does not declare are
  // only cleared. The operations are as many as the state needs, not as many as there are events.
  void Rebuild(absl::Span<const std::vector<v1::Event>> histories,
               absl::Span<const uint32_t> aggregates, store::RecordPatch* patch);

 private:
  void Append(const rules::AggregateIncrement& increment, absl::Time time,
              EventPatches* patches) const;
  // Calls `use` with each increment and the event's time. Nothing when a violation was added,
  // unless `field` is empty: an event that is stored already.
  template <typename Use>
  void ForEachIncrement(const v1::Event& event, const rules::EventSpec& type, bool takes_back,
                        absl::string_view field, std::vector<Violation>* violations,
                        const Use& use);
  // The first bucket that the event leaves inside the aggregate's window.
  int64_t KeepFrom(const rules::AggregateSpec& aggregate, absl::Time event_time) const;

  std::shared_ptr<const LiveState> live_;
  absl::Time now_;
  rules::expr::Scratch scratch_;
};

// nullptr: the schema does not declare the type.
const rules::EventSpec* FindEventSpec(const rules::Schema& schema, absl::string_view name);

// The moment of an event. REQUIRES: it passed Add.
absl::Time TimeOf(const v1::Event& event);

}  // namespace touchstone::server
