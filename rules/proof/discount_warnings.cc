#include "rules/proof/discount_warnings.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "rules/money/money.h"
#include "rules/proof/offer_logic.h"
#include "rules/proof/product_probe.h"

namespace touchstone::rules {
namespace {

constexpr int64_t kWholePpm = 1'000'000;
constexpr int64_t kDeepPpm = 750'000;
constexpr int64_t kAsDeepPpm = 600'000;
// A lure may sell a little below cost; one below this share of it is a slip.
constexpr int64_t kLeastOfCostPpm = 900'000;
constexpr int64_t kNeedsACapPpm = 300'000;
constexpr int64_t kNeedsACapOnAllPpm = 100'000;
// Of an offer, how many partners are looked at before it is left alone.
constexpr int kMostPartners = 16;

bool IsPercent(const OfferSpec& offer) {
  return offer.benefit && offer.benefit->off.kind == BenefitKind::kPercentOff &&
         IsPlain(*offer.benefit);
}

// What two percentages take from one line together. Those of the stage `line` are of its price on
// entry; one of the stage `order` is of what they left.
int64_t Together(const BenefitSpec& a, const BenefitSpec& b) {
  const int64_t sum = a.off.parts_per_million + b.off.parts_per_million;
  if (a.stage == PricingStage::kLine && b.stage == PricingStage::kLine) return sum;
  return sum - a.off.parts_per_million * b.off.parts_per_million / kWholePpm;
}

bool NeedsAnUntouchedBasket(const OfferSpec& offer) {
  for (const Condition::Conjunct& conjunct : offer.requires_.conjuncts) {
    if (conjunct.text == "basket.net == basket.gross") return true;
    if (conjunct.text == "basket.gross == basket.net") return true;
  }
  return false;
}

std::string TextOf(const Condition& condition) {
  std::string text;
  for (const Condition::Conjunct& conjunct : condition.conjuncts) {
    absl::StrAppend(&text, conjunct.text, " && ");
  }
  return text;
}

class DiscountWarnings {
 public:
  DiscountWarnings(const ProofInput& input, OfferLogic& logic)
      : input_(input),
        offers_(input.rule_set.offers),
        logic_(logic),
        probe_(input.message, input.rule_set, kMostProbes) {
    for (const OfferSpec& offer : offers_) {
      if (IsPercent(offer))
        by_campaign_[offer.campaign].push_back(offer.benefit->off.parts_per_million);
    }
    for (auto& [campaign, shares] : by_campaign_) {
      std::sort(shares.begin(), shares.end(), std::greater<>());
    }
  }

  void Warn() {
    for (size_t i = 0; i < offers_.size(); ++i) {
      const OfferSpec& offer = offers_[i];
      if (!offer.benefit || offer.applies != Applies::kAutomatic) continue;
      if (!IsPlain(*offer.benefit) || offer.benefit->off.kind == BenefitKind::kPrice) continue;
      if (IsPercent(offer)) {
        WarnOfDepth(i, offer);
        WarnOfGuardRail(i, offer);
      }
      WarnOfNoLimit(i, offer);
      WarnOfTwin(i, offer);
      WarnOfCost(i, offer);
    }
    WarnOfStacks();
  }

 private:
  std::string PercentOf(const OfferSpec& offer) const {
    return FormatPercent(offer.benefit->off.parts_per_million);
  }

  void WarnOfDepth(size_t index, const OfferSpec& offer) {
    const int64_t share = offer.benefit->off.parts_per_million;
    if (share <= kDeepPpm) return;
    const std::vector<int64_t>& siblings = by_campaign_.at(offer.campaign);
    const bool is_deepest = siblings.front() == share;
    const size_t other = is_deepest ? 1 : 0;
    const int64_t deepest = other < siblings.size() ? siblings[other] : 0;
    if (deepest >= kAsDeepPpm && !offer.campaign.empty()) return;
    input_.reporter.Warning(
        codes::kDeepDiscount, input_.At(index, "benefit.percent_off"),
        absl::StrCat("the offer takes ", PercentOf(offer), " off",
                     deepest == 0 ? ""
                                  : absl::StrCat("; the others of its campaign take at most ",
                                                 FormatPercent(deepest))),
        absl::StrCat("was ", FormatPercent(kWholePpm - share), " meant?"));
  }

  void WarnOfGuardRail(size_t index, const OfferSpec& offer) {
    const PricingPolicy& pricing = input_.rule_set.pricing;
    const bool whole_basket = offer.lines.conjuncts.empty();
    const int64_t rail = whole_basket
                             ? std::min(pricing.most_off_line_ppm, pricing.most_off_basket_ppm)
                             : pricing.most_off_line_ppm;
    if (offer.benefit->off.parts_per_million <= rail) return;
    const bool is_basket = whole_basket && rail == pricing.most_off_basket_ppm;
    input_.reporter.Warning(
        codes::kOverGuardRail, input_.At(index, "benefit.percent_off"),
        absl::StrCat("`most_off` lets no offer take more than ", FormatPercent(rail), " from a ",
                     is_basket ? "basket" : "line", ", so that ", PercentOf(offer),
                     " is always cut"),
        "take less off, or raise the guard rail in pricing.yaml");
  }

  void WarnOfNoLimit(size_t index, const OfferSpec& offer) {
    const BenefitSpec& benefit = *offer.benefit;
    if (!benefit.at_most.empty()) return;
    for (const LimitSpec& limit : offer.limits) {
      if (limit.per == LimitScope::kCustomer) return;
    }
    const bool whole_basket = offer.lines.conjuncts.empty();
    const bool deep =
        benefit.off.kind == BenefitKind::kPercentOff
            ? benefit.off.parts_per_million >= (whole_basket ? kNeedsACapOnAllPpm : kNeedsACapPpm)
            : benefit.per != AmountPer::kBasket;
    if (!deep) return;
    input_.reporter.Warning(codes::kUnlimitedDiscount, input_.At(index, "benefit"),
                            benefit.off.kind == BenefitKind::kPercentOff
                                ? absl::StrCat("nothing limits this discount of ", PercentOf(offer),
                                               whole_basket ? " of the whole basket" : "")
                                : "nothing limits how often this amount is taken off one basket",
                            "add `at_most` to the benefit, or a limit per customer");
  }

  void WarnOfTwin(size_t index, const OfferSpec& offer) {
    const std::string conditions =
        absl::StrCat(static_cast<int>(offer.benefit->off.kind), "\n", TextOf(offer.eligible), "\n",
                     TextOf(offer.requires_), "\n", TextOf(offer.lines));
    const auto [twin, is_first] = by_conditions_.try_emplace(conditions, index);
    if (is_first || !logic_.CanMeet(twin->second, index)) return;
    input_.reporter.Warning(
        codes::kTwinOffers, input_.At(index, "offer"),
        absl::StrCat(
            "`", offers_[twin->second].id,
            "` applies to the same lines under the same conditions, and both are taken off"),
        "take one of them out, or let their conditions differ");
  }

  void WarnOfCost(size_t index, const OfferSpec& offer) {
    const BenefitSpec& benefit = *offer.benefit;
    const bool percent = benefit.off.kind == BenefitKind::kPercentOff;
    if (!percent && benefit.per != AmountPer::kUnit) return;
    const Currency currency = input_.rule_set.schema.currencies.front();
    const std::optional<int64_t> amount = AmountIn(benefit.off.amount, currency);
    if (!percent && !amount) return;
    for (const uint32_t position : probe_.Selected(offer.lines)) {
      const ProductProbe::Product& product = probe_.products()[position];
      if (!product.cost_minor || (percent && !product.price_minor)) continue;
      const int64_t price = product.price_minor.value_or(*product.cost_minor);
      const int64_t off = percent ? price * benefit.off.parts_per_million / kWholePpm : *amount;
      const std::optional<int64_t> cap = AmountIn(benefit.at_most, currency);
      const int64_t taken = std::min(off, cap.value_or(off));
      const int64_t least = *product.cost_minor * kLeastOfCostPpm / kWholePpm;
      const bool below = product.price_minor ? price - taken < least : taken >= *product.cost_minor;
      // A product that costs more than its price is no offer's doing.
      if (!below || price < *product.cost_minor) continue;
      const Money cost{*product.cost_minor, currency};
      input_.reporter.Warning(
          codes::kBelowCost,
          input_.At(index, percent ? "benefit.percent_off" : "benefit.amount_off"),
          product.price_minor
              ? absl::StrCat("`", product.sku, "` costs us ", Format(cost), " and sells for ",
                             Format({price, currency}), ": with ", Format({taken, currency}),
                             " off it sells below cost")
              : absl::StrCat("`", product.sku, "` costs us ", Format(cost),
                             ", and the offer takes ", Format({taken, currency}), " off"),
          "take less off, or select other lines");
      return;
    }
  }

  // Offers that take from the same lines, deepest first: by text, and by product.
  void CollectBuckets(std::vector<std::vector<uint32_t>>& buckets) {
    absl::flat_hash_map<std::string, std::vector<uint32_t>> by_text;
    absl::flat_hash_map<uint32_t, std::vector<uint32_t>> by_product;
    std::vector<uint32_t> of_everything;
    int64_t deepest = 0;
    for (const OfferSpec& offer : offers_) {
      if (IsPercent(offer)) deepest = std::max(deepest, offer.benefit->off.parts_per_million);
    }
    const int64_t rail = input_.rule_set.pricing.most_off_line_ppm;
    for (uint32_t i = 0; i < offers_.size(); ++i) {
      const OfferSpec& offer = offers_[i];
      if (!IsPercent(offer) || NeedsAnUntouchedBasket(offer)) continue;
      // With the deepest of all it stays within the rail.
      const int64_t share = offer.benefit->off.parts_per_million;
      if (share + deepest <= rail || share > rail) continue;
      if (offer.lines.conjuncts.empty()) {
        of_everything.push_back(i);
        continue;
      }
      by_text[TextOf(offer.lines)].push_back(i);
      for (const uint32_t product : probe_.Selected(offer.lines)) by_product[product].push_back(i);
    }
    const auto add = [&](std::vector<uint32_t>& bucket) {
      bucket.insert(bucket.end(), of_everything.begin(), of_everything.end());
      std::sort(bucket.begin(), bucket.end(), [this](uint32_t a, uint32_t b) {
        const int64_t first = offers_[a].benefit->off.parts_per_million;
        const int64_t second = offers_[b].benefit->off.parts_per_million;
        return first != second ? first > second : a < b;
      });
      buckets.push_back(std::move(bucket));
    };
    for (auto& [text, bucket] : by_text) add(bucket);
    for (auto& [product, bucket] : by_product) add(bucket);
    std::vector<uint32_t> none;
    add(none);
  }

  void WarnOfStacks() {
    const int64_t rail = input_.rule_set.pricing.most_off_line_ppm;
    if (rail >= kWholePpm) return;
    std::vector<std::vector<uint32_t>> buckets;
    CollectBuckets(buckets);
    std::vector<int> looked_at(offers_.size());
    std::vector<std::pair<uint32_t, uint32_t>> found;  // offer and partner
    for (const std::vector<uint32_t>& bucket : buckets) {
      for (size_t i = 0; i < bucket.size(); ++i) {
        const uint32_t offer = bucket[i];
        for (size_t j = 0; j < i && looked_at[offer] < kMostPartners; ++j) {
          const uint32_t partner = bucket[j];
          if (Together(*offers_[offer].benefit, *offers_[partner].benefit) <= rail) break;
          ++looked_at[offer];
          if (offer == partner || !logic_.CanBothApply(offer, partner)) continue;
          found.emplace_back(offer, partner);
          looked_at[offer] = kMostPartners;
        }
      }
    }
    for (const auto& [offer, partner] : found) ReportStack(offer, partner, rail);
  }

  void ReportStack(uint32_t offer, uint32_t partner, int64_t rail) {
    const int64_t together = Together(*offers_[offer].benefit, *offers_[partner].benefit);
    input_.reporter.Warning(
        codes::kStackedDiscounts, input_.At(offer, "benefit.percent_off"),
        absl::StrCat("with `", offers_[partner].id, "` (", PercentOf(offers_[partner]),
                     ") on the same lines that is ", FormatPercent(together),
                     " off, more than the ", FormatPercent(rail), " of `most_off`"),
        "exclude one by the condition of the other, or take less off");
  }

  const ProofInput& input_;
  const std::vector<OfferSpec>& offers_;
  OfferLogic& logic_;
  ProductProbe probe_;
  absl::flat_hash_map<std::string, size_t> by_conditions_;  // the first offer of each
  absl::flat_hash_map<std::string, std::vector<int64_t>>
      by_campaign_;  // percentages, deepest first
};

}  // namespace

void WarnOfDiscounts(const ProofInput& input, OfferLogic& logic) {
  DiscountWarnings(input, logic).Warn();
}

}  // namespace touchstone::rules
