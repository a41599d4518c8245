#pragma once

// What a till says has changed, applied to what a transaction was.
//
// Thread safety: pure functions. Cost: linear in the lines of both.

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/rpc/rpc_error.h"
#include "touchstone/v1/decision.pb.h"
#include "touchstone/v1/open_transaction.pb.h"

namespace touchstone::server {

// Takes `request`, the state at the step before, to the step of the change. What is wrong with the
// change in itself is added to `violations`, by its fields ("change.removed_lines[0]"); with one,
// `request` is of no use. What it leads to is checked by whoever decides on it.
void ApplyChange(const v1::BasketChange& change, v1::DecideRequest* request,
                 std::vector<Violation>* violations);

// Whether the change asks for something that does not stay: placements, a budget of its own.
bool AsksMore(const v1::BasketChange& change);
// Puts that into the state that the change led to.
void AskMore(const v1::BasketChange& change, v1::DecideRequest* request);

// Of the change as far as it changes a state: a retry has the same, whatever it asks of its answer.
uint64_t ChangeHash(const v1::BasketChange& change);

// Where a field of `request`, to which the change led, comes from: "change.lines[2].sku" for
// "basket.lines[7].sku"; the field itself when it was there before.
std::string FieldOfChange(const v1::BasketChange& change, const v1::DecideRequest& request,
                          absl::string_view field);

// Whether two states are one but for what they ask of their answer: placements and budget.
bool IsSameState(const v1::DecideRequest& one, const v1::DecideRequest& other);

}  // namespace touchstone::server
