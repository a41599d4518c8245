#include "server/transactions/sale_return.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rules/basket/line_amounts.h"
#include "rules/sale/returns.h"
#include "server/decide/computation.h"
#include "server/services/proposer.h"
#include "server/services/resource_name.h"
#include "server/transactions/sale.h"
#include "touchstone/storage/v1/receipt.pb.h"

namespace touchstone::server {
namespace {

using rules::Decimal;

// What she keeps, priced: what it costs, which offers still apply and what each takes of it.
struct KeptPrice {
  int64_t price_minor = 0;
  int64_t points = 0;
  absl::flat_hash_map<std::string, int64_t> taken_minor;  // by offer
  absl::flat_hash_map<std::string, int64_t> coupons;      // by offer that gives them
};

// The sale as the arithmetic of returns sees it; refers to `sale`.
class SoldBasket {
 public:
  explicit SoldBasket(const v1::Sale& sale) {
    for (const v1::SaleLine& line : sale.lines()) {
      const v1::BasketLine& in = line.line();
      rules::BasketLine sold;
      sold.line_id = in.line_id();
      sold.quantity = Decimal{in.quantity_thousandths()};
      sold.unit_price_e4 = in.unit_price_e4();
      for (const v1::ManualDiscount& discount : in.manual_discounts()) {
        sold.manual_discount_minor += discount.amount_minor();
      }
      sold.is_return = in.has_returned_from();
      sold.is_measured = !rules::IsCountedUnit(in.unit());
      lines_.push_back(sold);
      totals_.push_back({.gross_minor = line.priced().gross_minor(),
                         .entry_minor = line.priced().gross_minor(),
                         .net_minor = line.priced().net_minor()});
      sold_lines_.push_back(ToSoldLine(sale, line));
      returned_before_.push_back(Decimal{line.returned_thousandths()});
    }
    currency_ = rules::Currency::FromCode(sale.currency_code()).value_or(rules::Currency());
  }

  rules::Basket basket() const { return {currency_, lines_}; }
  int64_t paid_minor() const { return rules::PaidForSold(lines_, totals_); }
  const std::vector<rules::BasketLine>& lines() const { return lines_; }
  const std::vector<rules::SoldLine>& sold_lines() const { return sold_lines_; }
  const std::vector<Decimal>& returned_before() const { return returned_before_; }

 private:
  rules::Currency currency_;
  std::vector<rules::BasketLine> lines_;
  std::vector<rules::LineTotals> totals_;
  std::vector<rules::SoldLine> sold_lines_;
  std::vector<Decimal> returned_before_;
};

bool IsEmpty(const std::vector<Decimal>& quantities) {
  return std::all_of(quantities.begin(), quantities.end(),
                     [](Decimal quantity) { return quantity == Decimal{}; });
}

grpc::Status ViolationsOf(const rules::CheckedReturn& checked) {
  std::vector<Violation> violations;
  bool exceeds = false;
  for (const rules::ReturnViolation& found : checked.violations) {
    // The request counts in thousandths.
    violations.push_back({absl::EndsWith(found.field, ".quantity")
                              ? absl::StrCat(found.field, "_thousandths")
                              : found.field,
                          found.description});
    exceeds = exceeds || found.exceeds_sale;
  }
  if (!exceeds) return InvalidRequest(violations);
  return RpcError(grpc::StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_RETURN_EXCEEDS_SALE,
                  absl::StrCat(violations.front().field, " ", violations.front().description));
}

// The request that was sold, with what is kept of its basket.
v1::DecideRequest KeptRequest(const v1::DecideRequest& sold, const rules::KeptBasket& kept) {
  v1::DecideRequest request = sold;
  request.clear_placements();
  request.mutable_basket()->clear_lines();
  absl::flat_hash_set<std::string> kept_ids;
  for (const uint32_t line : kept.sold_line) {
    kept_ids.insert(sold.basket().lines(static_cast<int>(line)).line_id());
  }
  for (size_t i = 0; i < kept.lines.size(); ++i) {
    v1::BasketLine* line = request.mutable_basket()->add_lines();
    *line = sold.basket().lines(static_cast<int>(kept.sold_line[i]));
    line->set_quantity_thousandths(kept.lines[i].quantity.thousandths);
    line->clear_manual_discounts();
    if (kept.lines[i].manual_discount_minor > 0) {
      line->add_manual_discounts()->set_amount_minor(kept.lines[i].manual_discount_minor);
    }
    if (!kept_ids.contains(line->parent_line_id())) line->clear_parent_line_id();
  }
  return request;
}

// A till that sold it offline may not say which: then it was the revision's own.
bool IsUnderTerms(const v1::AppliedOffer& applied, const rules::OfferSpec& version) {
  return applied.terms_hash().empty() ? !version.is_kept
                                      : applied.terms_hash() == version.terms_hash;
}

// The state that the sale was decided under, with no offers but those that were applied.
std::shared_ptr<const LiveState> OnlyOffersOf(const v1::Sale& sale, const LiveState& live,
                                              const storage::Receipt& receipt) {
  auto only = std::make_shared<LiveState>(live);
  only->paused.clear();
  for (uint32_t i = 0; i < live.rule_set->offers.size(); ++i) {
    const rules::OfferSpec& spec = live.rule_set->offers[i];
    const bool applied =
        std::any_of(sale.applied_offers().begin(), sale.applied_offers().end(),
                    [&](const v1::AppliedOffer& offer) {
                      return offer.offer_id() == spec.id && IsUnderTerms(offer, spec);
                    });
    if (!applied) only->paused.push_back(i);
  }
  only->incomplete_aggregates.assign(receipt.incomplete_aggregates().begin(),
                                     receipt.incomplete_aggregates().end());
  return only;
}

// What is kept, under the sale's own offers, facts and time.
grpc::Status PriceKept(const storage::Receipt& receipt, const v1::Sale& sale, const LiveState& live,
                       const rules::KeptBasket& kept, KeptPrice* price) {
  if (kept.lines.empty()) return grpc::Status::OK;
  v1::DecideRequest sold;
  if (!sold.ParseFromString(receipt.request()) || sold.basket().lines_size() != sale.lines_size()) {
    return StoreError(absl::DataLossError("sales: malformed receipt"));
  }
  const v1::DecideRequest request = KeptRequest(sold, kept);
  Computation computation;
  std::vector<Violation> violations;
  computation.Bind(request, OnlyOffersOf(sale, live, receipt),
                   absl::FromUnixMicros(receipt.now_us()), &violations);
  if (!violations.empty()) {
    return StoreError(absl::DataLossError(
        absl::StrCat("sales: the basket that is kept: ", violations.front().field, " ",
                     violations.front().description)));
  }
  GatheredCustomer customer = CustomerOf(receipt);
  DecisionTerms terms;
  terms.decision_id = receipt.decision_id();
  terms.seed = receipt.seed();
  terms.step_limit = receipt.step_limit();
  const std::vector<JudgedCode> codes = CodesOf(receipt);
  terms.codes = codes;
  computation.Compute(terms, &customer);
  const rules::BasketAnswer& answer = computation.decision().basket;
  price->price_minor = rules::PaidForSold(computation.input().basket.lines, answer.lines);
  price->points = answer.points;
  for (const rules::AppliedOffer& applied : answer.applied) {
    const std::string& id = live.rule_set->offers[applied.offer].id;
    price->taken_minor[id] = applied.taken.amount_minor;
    price->coupons[id] = applied.coupons;
  }
  return grpc::Status::OK;
}

// What each offer took from what is kept, as `proportional` shares it out.
KeptPrice ShareKept(const v1::Sale& sale, const SoldBasket& sold, const std::vector<Decimal>& kept,
                    int64_t refunded_in_all) {
  KeptPrice price;
  price.price_minor = sold.paid_minor() - refunded_in_all;
  for (size_t i = 0; i < kept.size(); ++i) {
    const Decimal all = sold.lines()[i].quantity;
    if (kept[i] == Decimal{} || all <= Decimal{}) continue;
    for (const rules::OfferTaking& taking : sold.sold_lines()[i].taken) {
      const std::string& id = sale.applied_offers(static_cast<int>(taking.offer)).offer_id();
      price.taken_minor[id] += rules::Fraction(taking.amount_minor, kept[i].thousandths,
                                               all.thousandths, rules::Rounding::kDown);
    }
  }
  const int64_t paid = sold.paid_minor();
  if (paid > 0) {
    price.points =
        rules::Fraction(sale.totals().points(), price.price_minor, paid, rules::Rounding::kDown);
  }
  // What took nothing from any line, such as points, stays as long as anything does.
  for (const v1::AppliedOffer& offer : sale.applied_offers()) {
    if (offer.amount_minor() != 0 || IsEmpty(kept)) continue;
    price.taken_minor.try_emplace(offer.offer_id());
    price.coupons[offer.offer_id()] = offer.coupon().uses();
  }
  return price;
}

// Of the sale's claims, what the kept goods do not use any more. A budget that keeps what returns
// give back gets nothing.
std::vector<storage::Claim> Restored(const storage::StoredSale& stored,
                                     const rules::RuleSet& rule_set, const KeptPrice& kept) {
  std::vector<storage::Claim> restored;
  for (const storage::Claim& claim : stored.claims()) {
    const auto taken = kept.taken_minor.find(claim.offer_id());
    const bool is_lost = taken == kept.taken_minor.end();
    storage::Claim back = claim;
    if (!is_lost) {
      back.set_count(0);
      back.set_amount_minor(std::max<int64_t>(0, claim.amount_minor() - taken->second));
    }
    if (claim.kind() == storage::Claim::KIND_BUDGET) {
      const std::optional<uint32_t> budget = rules::FindBudget(rule_set.budgets, claim.id());
      if (budget.has_value() && !rule_set.budgets[*budget].restored_by_returns) continue;
    }
    if (back.count() > 0 || back.amount_minor() > 0) restored.push_back(std::move(back));
  }
  return restored;
}

// Of the sale's coupons, those which the kept goods do not give any more, with the uses that stay.
std::vector<v1::Coupon> Withdrawn(const v1::Sale& sale, const KeptPrice& kept) {
  std::vector<v1::Coupon> withdrawn;
  for (const v1::Coupon& coupon : sale.coupons()) {
    const auto found = kept.coupons.find(coupon.offer_id());
    const int64_t uses = found == kept.coupons.end() ? 0 : found->second;
    if (uses >= coupon.uses()) continue;
    withdrawn.push_back(coupon);
    withdrawn.back().set_uses(uses);
  }
  return withdrawn;
}

const std::string& IdOf(const v1::Coupon& coupon) {
  return coupon.grant_id().empty() ? coupon.code() : coupon.grant_id();
}

// What stays of the sale's coupons.
void TakeFromCoupons(const std::vector<v1::Coupon>& withdrawn, v1::Sale* sale) {
  for (const v1::Coupon& left : withdrawn) {
    for (v1::Coupon& coupon : *sale->mutable_coupons()) {
      if (IdOf(coupon) == IdOf(left)) coupon.set_uses(left.uses());
    }
  }
  auto* coupons = sale->mutable_coupons();
  coupons->erase(std::remove_if(coupons->begin(), coupons->end(),
                                [](const v1::Coupon& coupon) { return coupon.uses() == 0; }),
                 coupons->end());
}

int64_t PointsTakenBack(const v1::Sale& sale) {
  int64_t points = 0;
  for (const v1::SaleReturn& before : sale.returns()) points += before.points();
  return points;
}

void AddReturn(const v1::ReturnSaleRequest& request, const rules::CheckedReturn& checked,
               absl::Time now, int64_t refund_minor, int64_t points, v1::Sale* sale) {
  v1::SaleReturn* added = sale->add_returns();
  added->set_transaction_id(request.context().transaction_id());
  *added->mutable_return_time() = ToTimestamp(now);
  *added->mutable_lines() = request.lines();
  added->set_refund_minor(refund_minor);
  added->set_points(points);
  sale->set_refunded_minor(sale->refunded_minor() + refund_minor);
  for (size_t i = 0; i < checked.now.size(); ++i) {
    v1::SaleLine* line = sale->mutable_lines(static_cast<int>(i));
    line->set_returned_thousandths(line->returned_thousandths() + checked.now[i].thousandths);
  }
}

}  // namespace

grpc::Status PlanReturn(const v1::ReturnSaleRequest& request, const storage::StoredSale& stored,
                        const v1::Sale& sale, absl::Time now, const RevisionResolver& resolver,
                        PlannedReturn* planned) {
  const SoldBasket sold(sale);
  std::vector<rules::ReturnedQuantity> lines;
  for (const v1::ReturnedLine& line : request.lines()) {
    lines.push_back({line.line_id(), Decimal{line.quantity_thousandths()}});
  }
  const rules::CheckedReturn checked =
      rules::CheckReturn(sold.basket(), sold.returned_before(), lines);
  if (!checked.violations.empty()) return ViolationsOf(checked);

  std::vector<Violation> violations;
  const std::optional<uint64_t> revision =
      ParseRevisionName(sale.revision(), "sale.revision", &violations);
  storage::PricedTransaction priced;
  storage::Receipt receipt;
  if (!revision.has_value() || !priced.ParseFromString(stored.body()) ||
      !receipt.ParseFromString(priced.receipt())) {
    return StoreError(absl::DataLossError("sales: malformed sale"));
  }
  const uint64_t reference_version =
      sale.reference_version().empty() ? 0 : std::stoull(sale.reference_version());
  const absl::StatusOr<std::shared_ptr<const LiveState>> live =
      resolver(*revision, reference_version, KeptTermsOf(receipt));
  if (!live.ok()) return StoreError(live.status());
  const rules::RuleSet& rule_set = *(*live)->rule_set;

  // Without the receipt, which goes with the erasure of its customer, what was paid is all that is
  // known.
  const bool recompute =
      rule_set.return_policy == rules::ReturnPolicy::kRecompute && !priced.receipt().empty();
  const int64_t paid = sold.paid_minor();
  KeptPrice kept;
  int64_t refund = 0;
  if (recompute) {
    grpc::Status status =
        PriceKept(receipt, sale, **live, rules::BuildKept(sold.basket(), checked.kept), &kept);
    if (!status.ok()) return status;
    refund = rules::RecomputedRefund(paid, sale.refunded_minor(),
                                     IsEmpty(checked.kept) ? 0 : kept.price_minor);
  } else {
    refund = rules::ProportionalRefund(sold.lines(), sold.sold_lines(), sold.returned_before(),
                                       checked.now);
    kept = ShareKept(sale, sold, checked.kept, sale.refunded_minor() + refund);
  }
  const int64_t points =
      std::max<int64_t>(0, sale.totals().points() - kept.points - PointsTakenBack(sale));

  v1::ReturnSaleResponse& response = planned->response;
  response.Clear();
  *response.mutable_sale() = sale;
  AddReturn(request, checked, now, refund, points, response.mutable_sale());
  response.set_refund_minor(refund);
  response.set_points(points);
  if (recompute) response.set_kept_minor(kept.price_minor);
  for (const v1::AppliedOffer& offer : sale.applied_offers()) {
    if (!kept.taken_minor.contains(offer.offer_id())) response.add_lost_offer_ids(offer.offer_id());
  }
  planned->restored = Restored(stored, rule_set, kept);
  for (const storage::Claim& claim : planned->restored) *response.add_restored() = ToClaim(claim);
  const std::vector<v1::Coupon> withdrawn = Withdrawn(sale, kept);
  TakeFromCoupons(withdrawn, response.mutable_sale());
  for (const v1::Coupon& left : withdrawn) {
    *response.add_withdrawn_coupons()->mutable_coupon() = left;
    storage::GivenCoupon& stored_left = planned->withdrawn.emplace_back();
    stored_left.set_id(IdOf(left));
    stored_left.set_uses(left.uses());
  }
  return grpc::Status::OK;
}

void TakeFromClaims(const std::vector<storage::Claim>& restored, v1::Sale* sale) {
  v1::Sale before = *sale;
  sale->clear_claims();
  for (v1::Claim& claim : *before.mutable_claims()) {
    for (const storage::Claim& back : restored) {
      const v1::Claim shown = ToClaim(back);
      if (shown.kind() != claim.kind() || shown.id() != claim.id() ||
          shown.offer_id() != claim.offer_id()) {
        continue;
      }
      claim.set_count(claim.count() - shown.count());
      if (claim.has_amount()) {
        claim.mutable_amount()->set_amount_minor(claim.amount().amount_minor() -
                                                 shown.amount().amount_minor());
      }
    }
    if (claim.count() > 0 || claim.amount().amount_minor() > 0) *sale->add_claims() = claim;
  }
}

}  // namespace touchstone::server
