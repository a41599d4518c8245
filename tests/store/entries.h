#pragma once

// Entries for tests, filled in as a proposer would.
//
// Thread safety: pure functions.

#include <string>

#include "absl/strings/string_view.h"
#include "store/store.h"

namespace touchstone::store {

inline constexpr int64_t kTestTimeUs = int64_t{1'764'000'000} * 1'000'000;
inline constexpr uint32_t kVisits = 7;  // an aggregate that each event of EventEntry counts in

// An entry at kTestTimeUs without request id, to which a command is added.
storage::Entry EmptyEntry();
storage::Entry WithRequest(storage::Entry entry, absl::string_view request_id, uint64_t body_hash);

// One event, counted in bucket 1 of kVisits.
storage::Entry EventEntry(absl::string_view customer_id, absl::string_view event_id);
// One redeemed offer, as contact `contact` of the customer.
storage::Entry OutcomeEntry(absl::string_view customer_id, absl::string_view outcome_id,
                            uint64_t contact);
storage::Entry UpdateEntry(absl::string_view customer_id, absl::string_view patch);
storage::Entry RevisionEntry(absl::string_view rule_set);
storage::Entry PublishEntry(uint64_t revision);

}  // namespace touchstone::store
