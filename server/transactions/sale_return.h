#pragma once

// A return of a sale, worked out: what is refunded, which offers are lost, what is given back.
//
// Thread safety: pure, but for `resolver`. Errors: RETURN_EXCEEDS_SALE, INVALID_REQUEST; of the
// store where the sale's revision cannot be read. Cost: compiles the sale's rule set unless it was
// used lately, and decides once.

#include <grpcpp/support/status.h>

#include <string>
#include <vector>

#include "server/decide/receipt.h"
#include "touchstone/storage/v1/ledger.pb.h"
#include "touchstone/v1/transaction_service.pb.h"

namespace touchstone::server {

namespace storage = ::touchstone::storage::v1;

struct PlannedReturn {
  v1::ReturnSaleResponse response;
  std::vector<storage::Claim> restored;         // of the sale's claims
  std::vector<storage::GivenCoupon> withdrawn;  // of its coupons, as those of the response
};

// `stored` as it is kept; `sale` the same as it is shown. In `planned` the sale has this return.
grpc::Status PlanReturn(const v1::ReturnSaleRequest& request, const storage::StoredSale& stored,
                        const v1::Sale& sale, absl::Time now, const RevisionResolver& resolver,
                        PlannedReturn* planned);

// Leaves in the sale's claims what it still uses once these are given back.
void TakeFromClaims(const std::vector<storage::Claim>& restored, v1::Sale* sale);

}  // namespace touchstone::server
