#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/basket/pricing.h"
#include "tests/rules/basket/naive_pricing.h"
#include "tests/rules/basket/pricing_samples.h"

namespace touchstone::rules {
namespace {

using TakingsById = std::map<std::pair<std::string, uint32_t>, NaiveTaking>;

TakingsById ById(const Pricer& pricer, const std::vector<BasketLine>& lines) {
  TakingsById takings;
  for (const LineTaking& taking : pricer.takings()) {
    const std::string id(lines[taking.line].line_id);
    takings[{id, taking.offer}] = {taking.amount_minor, taking.quantity};
  }
  return takings;
}

TakingsById ById(const NaivePricing& naive) {
  TakingsById takings;
  for (const auto& [id, line] : naive.lines()) {
    for (const auto& [offer, taking] : line.taken_by_offer) takings[{id, offer}] = taking;
  }
  return takings;
}

bool AreEqual(const Applied& a, const Applied& b) {
  return a.taken_minor == b.taken_minor && a.points == b.points && a.coupons == b.coupons &&
         a.applications == b.applications && a.missing_gifts == b.missing_gifts &&
         a.reason == b.reason && a.cut_by_guard_rail == b.cut_by_guard_rail;
}

bool AreEqual(const std::vector<Applied>& a, const std::vector<Applied>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Applied& x, const Applied& y) { return AreEqual(x, y); });
}

// One pricer for all, so that something of a basket before that lingers shows.
template <typename Check>
void CheckSamples(const Check& check) {
  Pricer pricer;
  for (const PricingSample& sample : AnyPricingSamples()) {
    RC_LOG() << Describe(sample);
    RC_ASSERT(ValidateBasket({sample.currency, sample.lines}).empty());
    check(sample, pricer);
  }
}

std::string Describe(const Applied& applied) {
  return absl::StrCat("taken ", applied.taken_minor, " points ", applied.points, " coupons ",
                      applied.coupons, " applications ", applied.applications, " missing ",
                      applied.missing_gifts, " reason ", static_cast<int>(applied.reason), " cut ",
                      applied.cut_by_guard_rail);
}

void CompareWithTheNaiveModel(const PricingSample& sample, Pricer& pricer) {
  const std::vector<Applied> applied = ApplyAll(sample, sample.lines, pricer);
  NaivePricing naive({sample.currency, sample.lines}, sample.policy);
  for (size_t i = 0; i < applied.size(); ++i) {
    const Applied expected = naive.Apply(sample.offers[i]);
    RC_LOG() << "offer " << sample.offers[i].benefit.offer << ": " << Describe(applied[i])
             << ", expected: " << Describe(expected) << "\n";
    RC_ASSERT(AreEqual(applied[i], expected));
  }
  const TakingsById takings = ById(pricer, sample.lines);
  const TakingsById expected = ById(naive);
  for (const auto& [key, taking] : expected) {
    RC_LOG() << key.first << " offer " << key.second << " expected " << taking.amount << "\n";
  }
  RC_ASSERT(takings == expected);
  for (size_t i = 0; i < sample.lines.size(); ++i) {
    const NaiveLine& line = naive.lines().at(std::string(sample.lines[i].line_id));
    RC_ASSERT(pricer.lines()[i].gross_minor == line.gross);
    RC_ASSERT(pricer.lines()[i].entry_minor == line.entry);
    RC_ASSERT(pricer.lines()[i].net_minor == line.net());
  }
  RC_ASSERT(pricer.points() == naive.points());
}

RC_GTEST_PROP(PricerPropertyTest, AgreesWithTheNaiveModel, ()) {
  CheckSamples(CompareWithTheNaiveModel);
}

// By line and by offer what the takings come to.
struct Sums {
  std::map<uint32_t, int64_t> by_offer;
  std::map<uint32_t, int64_t> by_line;
  int64_t of_merchandise = 0;
};

Sums SumTakings(const PricingSample& sample, const Pricer& pricer) {
  Sums sums;
  for (const LineTaking& taking : pricer.takings()) {
    const BasketLine& line = sample.lines[taking.line];
    RC_ASSERT(taking.amount_minor > 0);
    RC_ASSERT(line.counts_as_merchandise() || (line.is_delivery && !line.is_return));
    sums.by_offer[taking.offer] += taking.amount_minor;
    sums.by_line[taking.line] += taking.amount_minor;
    if (line.counts_as_merchandise()) sums.of_merchandise += taking.amount_minor;
  }
  return sums;
}

void CheckSums(const PricingSample& sample, Pricer& pricer) {
  const std::vector<Applied> applied = ApplyAll(sample, sample.lines, pricer);
  Sums sums = SumTakings(sample, pricer);
  int64_t points = 0;
  for (size_t i = 0; i < applied.size(); ++i) {
    const BenefitSpec& benefit = sample.offers[i].benefit;
    points += applied[i].points;
    RC_ASSERT(sums.by_offer[benefit.offer] == applied[i].taken_minor);
    const bool gave_nothing = applied[i].taken_minor == 0 && applied[i].points == 0 &&
                              applied[i].coupons == 0 && applied[i].missing_gifts == 0;
    RC_ASSERT(gave_nothing == (applied[i].reason != NothingTaken::kNone));
    const std::optional<int64_t> at_most = AmountIn(benefit.at_most, sample.currency);
    if (at_most) RC_ASSERT(applied[i].taken_minor <= *at_most);
  }
  RC_ASSERT(pricer.points() == points);
  int64_t payable = 0;
  for (uint32_t i = 0; i < sample.lines.size(); ++i) {
    const BasketLine& line = sample.lines[i];
    const LineTotals& totals = pricer.lines()[i];
    const int64_t taken = sums.by_line[i];
    payable += totals.net_minor;
    RC_ASSERT(totals.net_minor == totals.gross_minor - taken);
    if (line.is_return) continue;
    RC_ASSERT(totals.net_minor >= 0);
    if (line.counts_as_merchandise()) {
      RC_ASSERT(absl::int128(taken) * 1'000'000 <=
                absl::int128(totals.gross_minor) * sample.policy.most_off_line_ppm);
    }
    if (taken == 0 || !line.floor_price_e4) continue;
    const Money floor =
        LineTotal(line.quantity, *line.floor_price_e4, sample.currency, Rounding::kUp).value();
    RC_ASSERT(totals.net_minor >= floor.amount_minor);
  }
  RC_ASSERT(pricer.payable().amount_minor == payable);
  const int64_t gross = pricer.merchandise_gross().amount_minor;
  RC_ASSERT(pricer.merchandise_net().amount_minor == gross - sums.of_merchandise);
  RC_ASSERT(absl::int128(sums.of_merchandise) * 1'000'000 <=
            absl::int128(gross) * sample.policy.most_off_basket_ppm);
}

RC_GTEST_PROP(PricerPropertyTest, SumsExactlyAndNeverPassesZeroAFloorOrAGuardRail, ()) {
  CheckSamples(CheckSums);
}

void PriceShuffled(const PricingSample& sample, Pricer& pricer) {
  std::vector<BasketLine> shuffled = sample.lines;
  for (size_t i = shuffled.size(); i > 1; --i) {
    std::swap(shuffled[i - 1], shuffled[*rc::gen::inRange<size_t>(0, i)]);
  }
  const std::vector<Applied> applied = ApplyAll(sample, sample.lines, pricer);
  const TakingsById takings = ById(pricer, sample.lines);
  const Money payable = pricer.payable();
  RC_ASSERT(AreEqual(ApplyAll(sample, shuffled, pricer), applied));
  RC_ASSERT(ById(pricer, shuffled) == takings);
  RC_ASSERT(pricer.payable() == payable);
}

RC_GTEST_PROP(PricerPropertyTest, ChargesEachLineTheSameInWhateverOrderTheLinesCome, ()) {
  CheckSamples(PriceShuffled);
}

void PriceWithoutThoseNotApplied(const PricingSample& sample, Pricer& pricer) {
  const std::vector<Applied> applied = ApplyAll(sample, sample.lines, pricer);
  const TakingsById takings = ById(pricer, sample.lines);
  PricingSample without = sample;
  std::vector<Applied> expected;
  without.offers.clear();
  for (size_t i = 0; i < applied.size(); ++i) {
    if (applied[i].taken_minor == 0 && applied[i].points == 0) continue;
    without.offers.push_back(sample.offers[i]);
    expected.push_back(applied[i]);
  }
  RC_ASSERT(AreEqual(ApplyAll(without, without.lines, pricer), expected));
  RC_ASSERT(ById(pricer, without.lines) == takings);
}

RC_GTEST_PROP(PricerPropertyTest, ComesToTheSameWithoutTheOffersThatWereNotApplied, ()) {
  CheckSamples(PriceWithoutThoseNotApplied);
}

void CheckUnitsOfSets(const PricingSample& sample, Pricer& pricer) {
  ApplyAll(sample, sample.lines, pricer);
  std::map<uint32_t, bool> is_set;
  for (const NaiveOffer& offer : sample.offers) {
    is_set[offer.benefit.offer] = offer.benefit.set || offer.benefit.gift;
  }
  std::map<uint32_t, Decimal> given;
  for (const LineTaking& taking : pricer.takings()) {
    if (!is_set[taking.offer]) continue;
    Decimal& of_line = given[taking.line];
    of_line.thousandths += taking.quantity.thousandths;
    RC_ASSERT(of_line <= sample.lines[taking.line].quantity);
  }
}

RC_GTEST_PROP(PricerPropertyTest, GivesAwayEachUnitInOneSetOnly, ()) {
  CheckSamples(CheckUnitsOfSets);
}

void TryOutOnACopy(const PricingSample& sample, Pricer& pricer) {
  const std::vector<Applied> applied = ApplyAll(sample, sample.lines, pricer);
  const TakingsById takings = ById(pricer, sample.lines);
  pricer.Start({sample.currency, sample.lines}, sample.policy);
  for (size_t i = 0; i < applied.size(); ++i) {
    const NaiveOffer& offer = sample.offers[i];
    Pricer copy = pricer;
    RC_ASSERT(AreEqual(copy.Apply(offer.benefit, Selection(offer, sample.lines)), applied[i]));
    RC_ASSERT(AreEqual(pricer.Apply(offer.benefit, Selection(offer, sample.lines)), applied[i]));
  }
  RC_ASSERT(ById(pricer, sample.lines) == takings);
}

RC_GTEST_PROP(PricerPropertyTest, TriesAnOfferOutOnACopyWithoutATrace, ()) {
  CheckSamples(TryOutOnACopy);
}

}  // namespace
}  // namespace touchstone::rules
