#include "rules/decide/claims.h"

#include <algorithm>
#include <limits>

#include "rules/decide/admission.h"
#include "rules/decide/verdict.h"

namespace touchstone::rules {
namespace {

bool MustBeClaimed(const LimitSpec& limit) {
  return limit.per == LimitScope::kCustomer && limit.count == ContactKind::kRedeemed;
}

// The formula of a limit that let its offer through comes to a number. That of an offer that was
// sold by others may not: then nothing bounds it.
int64_t AtMost(const LimitSpec& limit, DecisionContext& context) {
  if (!limit.at_most_formula.has_value()) return limit.at_most;
  const expr::Value formula = Evaluate(*limit.at_most_formula, context);
  return formula.kind() == expr::Kind::kInt ? formula.int_value()
                                            : std::numeric_limits<int64_t>::max();
}

}  // namespace

std::vector<LimitClaim> LimitClaimsOf(const RuleSet& rule_set, const DecisionInput& input,
                                      const Decision& decision, DecisionScratch& scratch) {
  std::vector<LimitClaim> claims;
  if (input.customer != InputStatus::kPresent) return claims;
  DecisionContext context{rule_set, input, scratch.state()};
  // The decision has used its steps for more than these formulas.
  context.state.step_limit_reached = false;
  context.state.expr.Refill(input.step_limit);
  for (const AppliedOffer& applied : decision.basket.applied) {
    const std::vector<LimitSpec>& limits = rule_set.offers[applied.offer].limits;
    for (size_t part = 0; part < limits.size(); ++part) {
      if (!MustBeClaimed(limits[part])) continue;
      claims.push_back({.offer = applied.offer,
                        .limit = static_cast<uint16_t>(part),
                        .at_most = AtMost(limits[part], context),
                        .from = StartOf(limits[part].over, context)});
    }
  }
  std::stable_sort(claims.begin(), claims.end(),
                   [](const LimitClaim& a, const LimitClaim& b) { return a.offer < b.offer; });
  return claims;
}

std::vector<CouponPromise> CouponsOf(const RuleSet& rule_set, const DecisionInput& input,
                                     const Decision& decision, DecisionScratch& scratch) {
  std::vector<CouponPromise> coupons;
  DecisionContext context{rule_set, input, scratch.state()};
  WindowSpec of_store;
  of_store.zone_of = WindowZone::kStore;
  of_store.zone = rule_set.schema.zone;
  for (const AppliedOffer& applied : decision.basket.applied) {
    if (applied.coupons == 0) continue;
    const NextVisitSpec& next_visit = *rule_set.offers[applied.offer].next_visit;
    CouponPromise& coupon = coupons.emplace_back();
    coupon.offer = applied.offer;
    coupon.good_for = next_visit.offer;
    coupon.uses = applied.coupons;
    coupon.start = input.now;
    if (next_visit.starts_next_day) {
      const absl::TimeZone zone = ZoneOf(of_store, context);
      coupon.start = absl::FromCivil(absl::ToCivilDay(input.now, zone) + 1, zone);
    }
    coupon.end = coupon.start + next_visit.use_within;
  }
  return coupons;
}

}  // namespace touchstone::rules
