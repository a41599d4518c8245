#pragma once

// What an offer does to a basket, as compiled from a rule set.
//
// Thread safety: plain data; const use from any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "rules/money/money.h"

namespace touchstone::rules {

// In the order in which they run.
enum class PricingStage : uint8_t { kLine, kOrder };

enum class BenefitKind : uint8_t {
  kPercentOff,  // stage line: of each line at its price on entry; stage order: of the net
  kAmountOff,
};

enum class AmountPer : uint8_t {
  kUnit,    // times the quantity, which for a weighed line is its weight
  kLine,    // from each line
  kBasket,  // once, spread over the lines in proportion to what is left of them
};

// At most one amount a currency.
using AmountByCurrency = std::vector<Money>;

// The amount in `currency`, in minor units.
std::optional<int64_t> AmountIn(const AmountByCurrency& amounts, Currency currency);

struct BenefitSpec {
  uint32_t offer = 0;         // index in the rule set
  std::string offer_id = {};  // breaks ties of priority
  PricingStage stage = PricingStage::kLine;
  int32_t priority = 0;  // higher goes first in its stage
  BenefitKind kind = BenefitKind::kPercentOff;
  int64_t parts_per_million = 0;     // kPercentOff: 0 to 1,000,000
  AmountByCurrency amount_off = {};  // kAmountOff: not negative
  AmountPer per = AmountPer::kBasket;
  AmountByCurrency at_most = {};   // caps what the offer takes from one basket; empty: no cap
  bool takes_marked_down = false;  // also from lines at kMarkdown and kOverride prices
};

// Whether every amount that the benefit names is there in `currency`. When not, the offer does not
// apply: without its cap it would give more than its author meant.
bool HasAmountsIn(const BenefitSpec& benefit, Currency currency);

// The order of pricing: by stage, then higher priority first, then by offer id.
bool GoesBefore(const BenefitSpec& a, const BenefitSpec& b);
// Positions in `benefits` in the order of pricing.
std::vector<uint32_t> OrderBenefits(absl::Span<const BenefitSpec* const> benefits);

}  // namespace touchstone::rules
