#pragma once

// Coupons for a later visit: as a reservation promises them, as a sale gives them, as a return
// withdraws them.
//
// Thread safety: pure functions.

#include <string>
#include <vector>

#include "rules/decide/claims.h"
#include "rules/ruleset/rule_set.h"
#include "server/services/code_issue.h"
#include "touchstone/storage/v1/entry.pb.h"
#include "touchstone/storage/v1/ledger.pb.h"
#include "touchstone/v1/sale.pb.h"
#include "touchstone/v1/transaction_service.pb.h"

namespace touchstone::server {

namespace storage = ::touchstone::storage::v1;

// Without grant and code.
v1::Coupon ToCoupon(const rules::RuleSet& rule_set, const rules::CouponPromise& promise);

// Gives each coupon of the sale its code, and its grant for a customer who is known: the same ones
// for the same sale, so that a retry says the same.
void NameCoupons(const std::string& customer_id, const CodeMaker& codes, v1::Sale* sale);

// As the entry of a commit gives it.
storage::Coupon ToStored(const v1::Coupon& coupon, const std::string& transaction_id);

// Leaves each coupon of a kept sale that which it became, grant or code.
void ShowGiven(const storage::StoredSale& stored, v1::Sale* sale);
// The same with the uses that it is good for now, without those that were withdrawn.
void ShowLeft(const storage::StoredSale& stored, v1::Sale* sale);

// What became of the withdrawn coupons of an answer, once the entry was applied.
void FillUsed(const storage::EntryResult& result, v1::ReturnSaleResponse* response);

}  // namespace touchstone::server
