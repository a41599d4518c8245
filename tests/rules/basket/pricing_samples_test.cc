#include "tests/rules/basket/pricing_samples.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstddef>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "rules/basket/pricing.h"

namespace touchstone::rules {
namespace {

constexpr int kSamples = 2000;
constexpr int kLeast = 10;
// All that CountPaths tells apart.
constexpr size_t kPaths = 68;

using Counts = std::map<std::string, int>;

void CountSet(const SetSpec& set, int64_t sets, Counts& counts) {
  ++counts[absl::StrCat("set of ", set.parts.size(), " parts")];
  ++counts[absl::StrCat("grouping ", static_cast<int>(set.grouping))];
  if (set.parts.size() == 1 && set.cheapest_got > 0) {
    ++counts[absl::StrCat("the cheapest, grouping ", static_cast<int>(set.grouping))];
  }
  if (sets > 1) ++counts["several sets"];
  if (sets == set.at_most) ++counts["as many sets as there may be"];
}

void CountOffer(const BenefitSpec& benefit, const Applied& applied, Counts& counts) {
  ++counts[absl::StrCat("reason ", static_cast<int>(applied.reason))];
  if (applied.missing_gifts > 0) ++counts["missing gift"];
  if (applied.cut_by_guard_rail) ++counts["cut by a guard rail"];
  if (applied.points > 0) ++counts["points"];
  if (applied.coupons > 1) ++counts["several coupons"];
  if (applied.taken_minor == 0) return;
  ++counts[absl::StrCat("stage ", PricingStageName(benefit.stage))];
  if (!benefit.at_most.empty() && applied.taken_minor == benefit.at_most.front().amount_minor) {
    ++counts["cut to at most"];
  }
  if (!benefit.tiers.empty()) ++counts[benefit.set ? "tiers of sets" : "tiers"];
  const Reduction& first = benefit.tiers.empty() ? benefit.off : benefit.tiers.front().off;
  const std::string off =
      absl::StrCat(" kind ", static_cast<int>(first.kind), " per ", static_cast<int>(benefit.per));
  if (benefit.gift) {
    ++counts["gift"];
  } else if (benefit.set) {
    ++counts[absl::StrCat("sets", off)];
    CountSet(*benefit.set, applied.applications, counts);
  } else {
    ++counts[absl::StrCat(benefit.units ? "units" : "lines", off)];
  }
}

Counts CountPaths() {
  Counts counts;
  const rc::Gen<PricingSample> samples = rc::gen::exec(AnyPricingSample);
  for (int i = 0; i < kSamples; ++i) {
    const PricingSample sample =
        samples(rc::Random(static_cast<uint64_t>(i)), rc::kNominalSize).value();
    const Basket basket{sample.currency, sample.lines};
    NaivePricing naive(basket, sample.policy);
    int sets = 0;
    for (const NaiveOffer& offer : sample.offers) {
      const Applied applied = naive.Apply(offer);
      CountOffer(offer.benefit, applied, counts);
      if (offer.benefit.set && applied.taken_minor > 0) ++sets;
    }
    if (sets > 1) ++counts["sets of several offers"];
    for (const auto& [id, line] : naive.lines()) {
      if (line.taken_by_offer.size() > 1) ++counts["line of several offers"];
      if (line.taken() > 0 && line.floor > 0 && line.available() == 0)
        ++counts["line at its floor"];
    }
  }
  return counts;
}

// A path that is not on the list is one that no sample reaches.
TEST(PricingSamplesTest, ReachEveryPathOften) {
  const Counts counts = CountPaths();
  for (const auto& [path, count] : counts) EXPECT_GE(count, kLeast) << path;
  EXPECT_EQ(counts.size(), kPaths);
}

}  // namespace
}  // namespace touchstone::rules
