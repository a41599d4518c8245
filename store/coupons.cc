#include "store/coupons.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "store/apply.h"
#include "store/codes.h"
#include "store/grant_adder.h"
#include "store/grants.h"
#include "store/keys.h"
#include "touchstone/storage/v1/entry.pb.h"

namespace touchstone::store {
namespace {

using storage::Code;
using storage::Coupon;
using storage::EntryResult;
using storage::GivenCoupon;
using storage::StoredSale;

// The grant that the coupon is for the customer.
storage::AddGrants::Item GrantOf(const Coupon& coupon, absl::string_view customer_id) {
  storage::AddGrants::Item item;
  item.set_grant_id(coupon.grant_id());
  *item.mutable_terms() = coupon.terms();
  item.mutable_terms()->set_customer_id(std::string(customer_id));
  item.mutable_terms()->set_is_grant(true);
  return item;
}

// The code that the coupon is for whoever has it.
Code CodeOf(const Coupon& coupon) {
  Code code = coupon.terms();
  code.clear_offer();
  code.clear_terms();
  return code;
}

absl::string_view CouponFault(const Coupon& coupon) {
  const Code& terms = coupon.terms();
  if (terms.is_grant() || !terms.customer_id().empty()) return "coupons: nobody's";
  if (!IsValidId(coupon.code()) || IsGrantId(coupon.code())) return "coupons: each has a code";
  if (coupon.grant_id().empty()) return TermsFault(terms);
  return GrantFault(GrantOf(coupon, "somebody"));
}

AppliedOr Refused() {
  return Refuse(EntryResult::REFUSAL_ALREADY_EXISTS, "one of the coupons is there already");
}

}  // namespace

absl::string_view CouponsFault(const Coupons& coupons) {
  if (coupons.size() > kMaxItems) return "coupons: at most 10,000";
  for (const Coupon& coupon : coupons) {
    if (const absl::string_view fault = CouponFault(coupon); !fault.empty()) return fault;
  }
  return "";
}

AppliedOr GiveCoupons(const Coupons& coupons, absl::string_view customer_id, StoredSale* sale,
                      PendingWrites* writes) {
  const int64_t now_us = writes->progress().time_us();
  GrantAdder grants(now_us, writes);
  for (const Coupon& coupon : coupons) {
    GivenCoupon* given = sale->add_coupons();
    given->set_uses(coupon.terms().most_uses());
    if (!customer_id.empty() && !coupon.grant_id().empty()) {
      const absl::StatusOr<GrantAdder::Added> added = grants.Add(GrantOf(coupon, customer_id));
      if (!added.ok()) return added.status();
      given->set_id(coupon.grant_id());
      if (*added == GrantAdder::Added::kNew) continue;
      const bool cannot_hold_it =
          *added == GrantAdder::Added::kNoCustomer || *added == GrantAdder::Added::kNoRoom;
      if (!cannot_hold_it) return Refused();
    }
    const std::string key = CodeRow(coupon.code());
    const absl::StatusOr<std::optional<std::string>> there = writes->Get(Family::kLedger, key);
    if (!there.ok()) return there.status();
    if (there->has_value()) return Refused();
    Code code = CodeOf(coupon);
    code.set_time_us(now_us);
    writes->Put(Family::kLedger, key, code.SerializeAsString());
    given->set_id(coupon.code());
  }
  grants.Flush();
  return EntryResult();
}

AppliedOr WithdrawCoupons(const GivenCoupons& withdrawn, StoredSale* sale, PendingWrites* writes) {
  EntryResult result;
  GrantSections sections(writes);
  for (const GivenCoupon& left : withdrawn) {
    const auto given =
        std::find_if(sale->mutable_coupons()->begin(), sale->mutable_coupons()->end(),
                     [&](const GivenCoupon& coupon) { return coupon.id() == left.id(); });
    const bool is_less =
        given != sale->mutable_coupons()->end() && left.uses() >= 0 && left.uses() < given->uses();
    if (!is_less) {
      return Refuse(EntryResult::REFUSAL_INVALID, "withdrawn: no less than the sale gave");
    }
    given->set_uses(left.uses());
    const std::string key = CodeRow(left.id());
    absl::StatusOr<std::optional<Code>> code = ReadMessage<Code>(Family::kLedger, key, writes);
    if (!code.ok()) return code.status();
    if (!code->has_value()) return absl::DataLossError("ledger: a coupon of a sale is not there");
    Code& row = **code;
    const int64_t used = row.committed() + row.reserved();
    result.add_coupons_used(used + row.overrun());
    if (left.uses() == 0) {
      row.set_revoked(true);
    } else {
      row.set_most_uses(std::max(left.uses(), used));
    }
    writes->Put(Family::kLedger, key, row.SerializeAsString());
    if (!row.is_grant()) continue;
    if (absl::Status shown = sections.Update(left.id(), row); !shown.ok()) return shown;
  }
  sections.Flush();
  return result;
}

}  // namespace touchstone::store
