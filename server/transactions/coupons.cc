#include "server/transactions/coupons.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "rules/facts/schema.h"
#include "rules/ruleset/terms.h"
#include "server/decide/promised_grant.h"
#include "server/services/resource_name.h"

namespace touchstone::server {

v1::Coupon ToCoupon(const rules::RuleSet& rule_set, const rules::CouponPromise& promise) {
  const rules::OfferSpec& good_for = rule_set.offers[promise.good_for];
  v1::Coupon coupon;
  coupon.set_offer_id(rule_set.offers[promise.offer].id);
  coupon.set_coupon_offer_id(good_for.id);
  coupon.set_title(good_for.title);
  if (TermsKeptOf(good_for) != 0) coupon.set_terms_hash(good_for.terms_hash);
  coupon.set_uses(promise.uses);
  *coupon.mutable_start_time() = ToTimestamp(promise.start);
  *coupon.mutable_end_time() = ToTimestamp(promise.end);
  return coupon;
}

void NameCoupons(const std::string& customer_id, const CodeMaker& codes, v1::Sale* sale) {
  // No request of IssueCodes has an id with a slash.
  std::vector<std::string> made = codes.Make(absl::StrCat("coupons/", sale->transaction_id()), "",
                                             static_cast<size_t>(sale->coupons_size()));
  for (int i = 0; i < sale->coupons_size(); ++i) {
    v1::Coupon* coupon = sale->mutable_coupons(i);
    coupon->set_code(std::move(made[static_cast<size_t>(i)]));
    if (customer_id.empty()) continue;
    // Two offers may give coupons for one; and no import has a batch with a slash.
    coupon->set_grant_id(GrantIdOf(customer_id, coupon->coupon_offer_id(),
                                   absl::StrCat(sale->transaction_id(), "/", coupon->offer_id())));
  }
}

storage::Coupon ToStored(const v1::Coupon& coupon, const std::string& transaction_id) {
  storage::Coupon stored;
  stored.set_grant_id(coupon.grant_id());
  stored.set_code(coupon.code());
  storage::Code& terms = *stored.mutable_terms();
  terms.set_offer_id(coupon.coupon_offer_id());
  terms.set_offer(rules::StableId(coupon.coupon_offer_id()));
  terms.set_start_us(absl::ToUnixMicros(ToTime(coupon.start_time())));
  terms.set_end_us(absl::ToUnixMicros(ToTime(coupon.end_time())));
  terms.set_most_uses(coupon.uses());
  terms.set_batch(transaction_id);
  if (!coupon.grant_id().empty() && !coupon.terms_hash().empty()) {
    terms.set_terms(rules::TermsId(coupon.terms_hash()));
  }
  return stored;
}

void ShowGiven(const storage::StoredSale& stored, v1::Sale* sale) {
  const int given = std::min(stored.coupons_size(), sale->coupons_size());
  for (int i = 0; i < given; ++i) {
    v1::Coupon* coupon = sale->mutable_coupons(i);
    if (coupon->grant_id() == stored.coupons(i).id()) {
      coupon->clear_code();
    } else {
      coupon->clear_grant_id();
    }
  }
}

void ShowLeft(const storage::StoredSale& stored, v1::Sale* sale) {
  ShowGiven(stored, sale);
  google::protobuf::RepeatedPtrField<v1::Coupon> left;
  for (int i = 0; i < std::min(stored.coupons_size(), sale->coupons_size()); ++i) {
    if (stored.coupons(i).uses() == 0) continue;
    *left.Add() = sale->coupons(i);
    left.Mutable(left.size() - 1)->set_uses(stored.coupons(i).uses());
  }
  sale->mutable_coupons()->Swap(&left);
}

void FillUsed(const storage::EntryResult& result, v1::ReturnSaleResponse* response) {
  const int count = std::min(result.coupons_used_size(), response->withdrawn_coupons_size());
  for (int i = 0; i < count; ++i) {
    response->mutable_withdrawn_coupons(i)->set_used(result.coupons_used(i));
  }
}

}  // namespace touchstone::server
