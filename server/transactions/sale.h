#pragma once

// From a priced basket to the sale that is kept, and to the event that says so.
//
// Thread safety: pure functions. Units: as in sale.proto.

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "google/protobuf/repeated_field.h"
#include "rules/facts/schema.h"
#include "rules/sale/unit_shares.h"
#include "touchstone/storage/v1/ledger.pb.h"
#include "touchstone/v1/customer_service.pb.h"
#include "touchstone/v1/decision.pb.h"
#include "touchstone/v1/sale.pb.h"
#include "touchstone/v1/transaction_service.pb.h"

namespace touchstone::server {

namespace storage = ::touchstone::storage::v1;

// What was sold, as far as a request and a price say it: without customer and claims.
// `result` has one line for each of the request's.
v1::Sale BuildSale(const v1::DecideRequest& request, const v1::BasketResult& result,
                   v1::SaleOrigin origin, absl::Time sale_time);

// A line of a sale, for the arithmetic of units and returns. Offers are positions in
// sale.applied_offers().
rules::SoldLine ToSoldLine(const v1::Sale& sale, const v1::SaleLine& line);

v1::Claim ToClaim(const storage::Claim& claim);

// The purchase: an event of the declared type `purchase` with those of its fields that are declared
// as money `paid`, string `store`, `channel`, `terminal` and `business_date`, and lines with string
// `sku` and `line_id`, decimal `quantity` and money `paid`. Nothing when no such type is declared,
// or when nothing was bought.
std::optional<v1::CustomerEvent> PurchaseOf(const v1::Sale& sale, const rules::Schema& schema);

}  // namespace touchstone::server
