#pragma once

// Random baskets and benefits to price. To be used in a property of rapidcheck.

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "rules/basket/pricing.h"
#include "tests/rules/basket/naive_pricing.h"

namespace touchstone::rules {

// A basket, a policy and offers in the order of pricing.
struct PricingSample {
  Currency currency;
  std::vector<BasketLine> lines;
  PricingPolicy policy;
  std::vector<NaiveOffer> offers;
};

PricingSample AnyPricingSample();
// Some of them.
std::vector<PricingSample> AnyPricingSamples();

// What each line may do in the offer.
std::vector<uint8_t> Selection(const NaiveOffer& offer, absl::Span<const BasketLine> lines);
// Prices lines of the sample with its offers, in their order: what each came to.
std::vector<Applied> ApplyAll(const PricingSample& sample, absl::Span<const BasketLine> lines,
                              Pricer& pricer);

// A set of up to four parts.
SetSpec AnySet();

// What one needs to work the sample out on paper.
std::string Describe(const PricingSample& sample);

}  // namespace touchstone::rules
