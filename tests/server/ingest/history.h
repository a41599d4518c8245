#pragma once

// A customer to whom events happen: her record as the server keeps it, her aggregates as a decision
// reads them.
//
// Thread safety: one thread. Errors: what must not fail ends the test.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/decide/binder.h"
#include "server/live/live.h"
#include "store/record.h"
#include "store/record_patch.h"
#include "touchstone/v1/customer.pb.h"

namespace touchstone::server {

class History {
 public:
  // `schema`: the text of a schema.yaml. Currencies are EUR and CHF, products BEANS and TEA.
  History(const std::string& zone, const std::string& schema);

  const rules::Schema& schema() const { return live_->rule_set->schema; }
  // Another customer, to whom nothing has happened yet.
  void Forget();
  // `server_now`: when the server learns of it.
  void Happens(const v1::Event& event, absl::Time server_now);
  // True when something became stale.
  bool IsTakenBack(const v1::Event& event, absl::Time server_now);
  // Of all aggregates.
  void Rebuild(absl::Span<const v1::Event> events, absl::Time server_now);

  // customer.NAME in a decision at `now`.
  rules::expr::Value Read(absl::string_view name, absl::Time now);
  store::RecordView record() const;

 private:
  void Apply(const store::RecordPatch& patch);

  std::shared_ptr<const LiveState> live_;
  std::string record_;
  Binder binder_;
};

}  // namespace touchstone::server
