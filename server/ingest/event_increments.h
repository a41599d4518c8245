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
#include "rules/facts/aggregate.h"
#include "server/live/live.h"
#include "server/rpc/rpc_error.h"
#include "store/record_patch.h"
#include "touchstone/v1/customer.pb.h"

namespace touchstone::server {

inline constexpr int kMaxEventLines = 10'000;

class EventIncrements {
 public:
  // `now` is the server's: what lies outside of every window then may be dropped.
  EventIncrements(std::shared_ptr<const LiveState> live, absl::Time now);

  // Appends what the event adds to `patch`. Nothing is appended when a violation is added; `field`
  // is the path of the event in the request. REQUIRES: `violations` is empty.
  void Add(const v1::Event& event, absl::string_view field, store::RecordPatch* patch,
           std::vector<Violation>* violations);

  // Appends what takes the event back that Add was called with when it happened. Fields that the
  // schema no longer declares are passed over. `last` stays: what was before it is not known.
  void TakeBack(const v1::Event& event, store::RecordPatch* patch);

 private:
  const rules::EventSpec* FindType(absl::string_view name) const;
  void Append(const v1::Event& event, const rules::EventSpec& type, bool takes_back,
              absl::string_view field, store::RecordPatch* patch,
              std::vector<Violation>* violations);
  void AppendIncrement(const rules::AggregateIncrement& increment, absl::Time event_time,
                       store::RecordPatch* patch) const;

  std::shared_ptr<const LiveState> live_;
  absl::Time now_;
  rules::expr::Scratch scratch_;
};

// The moment of an event. REQUIRES: it passed Add.
absl::Time TimeOf(const v1::Event& event);

}  // namespace touchstone::server
