#include "tests/rules/decide/naive_stacking.h"

#include <algorithm>
#include <tuple>

namespace touchstone::rules {
namespace {

bool IsShelfPrice(const OfferSpec& offer) { return offer.benefit->stage == PricingStage::kShelf; }

bool Names(const RuleSet& rules, uint32_t offer, uint32_t other) {
  const StackingSpec& stacking = rules.offers[offer].stacking;
  for (const uint32_t named : stacking.not_with) {
    if (named == other) return true;
  }
  for (const int16_t group : stacking.not_groups) {
    if (group == rules.offers[other].group) return true;
  }
  return false;
}

Together Allows(const RuleSet& rules, uint32_t a, uint32_t b) {
  const OfferSpec& offer = rules.offers[a];
  const bool of_one_kind = IsShelfPrice(offer) == IsShelfPrice(rules.offers[b]);
  const bool excludes = Names(rules, a, b) || (offer.stacking.exclusive && of_one_kind);
  if (!excludes) return Together::kYes;
  return offer.stacking.on_line ? Together::kOnOtherLines : Together::kNo;
}

}  // namespace

Together GoTogether(const RuleSet& rules, uint32_t a, uint32_t b) {
  return std::max(Allows(rules, a, b), Allows(rules, b, a));
}

bool AppliesAlone(const OfferSpec& offer) {
  return offer.stacking.exclusive && !offer.stacking.on_line && !IsShelfPrice(offer);
}

std::vector<uint32_t> TurnsInOrder(const RuleSet& rules) {
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < rules.offers.size(); ++i) {
    const OfferSpec& offer = rules.offers[i];
    if (offer.applies != Applies::kNever && offer.benefit.has_value()) order.push_back(i);
  }
  const auto place = [&rules](uint32_t index) {
    const OfferSpec& offer = rules.offers[index];
    return std::tuple(offer.benefit->stage_turn, !offer.stacking.exclusive,
                      -offer.benefit->priority, offer.id);
  };
  std::sort(order.begin(), order.end(),
            [&place](uint32_t a, uint32_t b) { return place(a) < place(b); });
  return order;
}

}  // namespace touchstone::rules
