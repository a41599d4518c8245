#pragma once

// A sale that an offline till has made: recorded as it was, held against the rules.
//
// Thread safety: pure. Units: as in transaction_service.proto.

#include <vector>

#include "server/rpc/rpc_error.h"
#include "server/transactions/transaction_pricer.h"
#include "touchstone/v1/transaction_service.pb.h"

namespace touchstone::server {

// What is wrong with the lines of the request: one for each line of its basket, with amounts that
// can be.
void CheckSoldLines(const v1::PostSaleRequest& request, std::vector<Violation>* violations);

// The basket as it was sold. `priced` is what the rules say of it; lines in the order of the
// request's basket. REQUIRES: CheckSoldLines found nothing.
v1::BasketResult SoldResult(const v1::PostSaleRequest& request, const v1::BasketResult& priced);

// Where the rules would have charged something else, or by other offers.
std::vector<v1::SaleDifference> DifferencesOf(const v1::BasketResult& sold,
                                              const v1::BasketResult& priced);

// What the offers that were sold claim. `pricer` has priced the basket; offers that its rule set
// does not have claim nothing.
std::vector<storage::ClaimRequest> ClaimsOfSold(const v1::BasketResult& sold,
                                                TransactionPricer& pricer);

// An overrun of the claim, of nothing so far: the answer that is remembered has one for each claim,
// by position, and the entry's result says how much of each is beyond.
void AddOverrun(const storage::Claim& claim, v1::PostSaleResponse* response);

// The remembered answer, with the overruns of those claims that are beyond. False: it is none, and
// the response is left alone or half filled.
bool FillPosted(const storage::EntryResult& result, v1::PostSaleResponse* response);

}  // namespace touchstone::server
