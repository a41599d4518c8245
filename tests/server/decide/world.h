#pragma once

// A small grocery for tests of the hot methods: rule sets of several revisions, reference rows,
// customers and requests, all of them made from numbers.
//
// Thread safety: pure functions. Errors: abort, with what went wrong, when the rule set has errors.

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "absl/time/time.h"
#include "server/live/live.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::server {

inline constexpr int kWorldRevisions = 3;
inline constexpr int kWorldBudgets = 2;  // coffee and launch

// 2026-11-26T08:30 in Berlin, a Thursday.
absl::Time WorldNow();

// Revisions 1 to kWorldRevisions differ in benefits, segments and the type of an attribute.
// Reference version 0: nothing imported.
std::shared_ptr<const LiveState> WorldState(uint64_t revision, uint64_t reference_version);
// Of an aggregate of all revisions; of another name that of an aggregate that once was.
uint32_t WorldAggregateId(absl::string_view name);
// With an offer paused.
std::shared_ptr<const LiveState> WorldStatePausing(uint64_t revision, const std::string& offer);
// Revision 1 with another condition of one offer.
std::shared_ptr<const LiveState> WorldStateWith(const std::string& offer,
                                                const std::string& eligible);
// Revision 1 whose offer basket-3 gives a mug, as the till is to do it: scan, pick or add.
std::shared_ptr<const LiveState> WorldStateGiving(const std::string& prompt);

// A loyal customer with everything, and one of whom little is known.
std::string LoyalRecord();
std::string NewRecord();
// Any record that the world's schema may have left behind, old types and unknown cells included.
std::string RandomRecord(std::mt19937_64& random);

// Two packs of beans and bread at the till, receipt and no identity.
v1::DecideRequest TillRequest();
// The same with the identity loyalty_card:1.
v1::DecideRequest LoyalTillRequest();
v1::DecideRequest RandomRequest(std::mt19937_64& random);

}  // namespace touchstone::server
