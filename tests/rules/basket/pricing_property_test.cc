#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <utility>

#include "rules/basket/pricing.h"
#include "tests/rules/basket/naive_pricing.h"

namespace touchstone::rules {
namespace {

// A basket, a policy and offers in the order of pricing. Ids live in a deque, which does not move
// them.
struct Sample {
  std::deque<std::string> ids;
  Currency currency;
  std::vector<BasketLine> lines;
  PricingPolicy policy;
  std::vector<NaiveOffer> offers;
};

template <typename T>
T Pick(T from, T to) {
  return *rc::gen::inRange<T>(from, to + 1);
}
bool OneIn(int n) { return Pick(1, n) == 1; }

BasketLine AnyLine(absl::string_view id, int64_t largest_price_e4) {
  BasketLine line{.line_id = id};
  line.is_return = OneIn(12);
  line.quantity = Decimal{OneIn(3) ? Pick<int64_t>(1, 5000) : 1000 * Pick<int64_t>(1, 5)};
  if (line.is_return) line.quantity.thousandths *= -1;
  line.unit_price_e4 = Pick<int64_t>(0, largest_price_e4);
  if (OneIn(3)) line.floor_price_e4 = Pick<int64_t>(0, line.unit_price_e4 + 5);
  if (OneIn(4)) {
    const Money total = LineTotal(line.quantity, line.unit_price_e4,
                                  Currency::FromCode("EUR").value(), Rounding::kDown)
                            .value();
    line.manual_discount_minor = Pick<int64_t>(0, std::abs(total.amount_minor) / 100);
  }
  line.price_source = OneIn(4) ? PriceSource::kMarkdown : PriceSource::kRegular;
  line.merchandise = !OneIn(10);
  line.never_discount = OneIn(10);
  return line;
}

BenefitSpec AnyBenefit(uint32_t offer, Currency currency, int64_t largest_minor) {
  BenefitSpec benefit{.offer = offer, .offer_id = std::to_string(offer)};
  benefit.stage = OneIn(2) ? PricingStage::kLine : PricingStage::kOrder;
  benefit.kind = OneIn(2) ? BenefitKind::kPercentOff : BenefitKind::kAmountOff;
  benefit.parts_per_million = Pick<int64_t>(0, OneIn(2) ? 1'000'000 : 300'000);
  benefit.amount_off = {{Pick<int64_t>(0, largest_minor), currency}};
  benefit.per = *rc::gen::element(AmountPer::kUnit, AmountPer::kLine, AmountPer::kBasket);
  if (OneIn(3)) benefit.at_most = {{Pick<int64_t>(0, largest_minor), currency}};
  if (OneIn(20)) benefit.at_most = {{1, Currency::FromCode("CHF").value()}};
  benefit.takes_marked_down = OneIn(2);
  benefit.priority = Pick(0, 3);
  return benefit;
}

// Small prices make ties and empty shares likely, large ones make wide products.
Sample AnySample() {
  Sample sample;
  sample.currency = Currency::FromCode(OneIn(4) ? "JPY" : "EUR").value();
  sample.policy.rounding = *rc::gen::element(Rounding::kHalfAwayFromZero, Rounding::kHalfEven,
                                             Rounding::kDown, Rounding::kUp);
  if (OneIn(3)) sample.policy.most_off_line_ppm = Pick<int64_t>(0, 1'000'000);
  if (OneIn(3)) sample.policy.most_off_basket_ppm = Pick<int64_t>(0, 1'000'000);
  const int64_t largest_price_e4 = *rc::gen::element<int64_t>(500, 200'000, 2'000'000'000'000);
  const int lines = Pick(0, 12);
  for (int i = 0; i < lines; ++i) {
    sample.ids.push_back("line-" + std::to_string(i));
    sample.lines.push_back(AnyLine(sample.ids.back(), largest_price_e4));
  }
  const int offers = Pick(1, 6);
  std::vector<BenefitSpec> benefits;
  for (int i = 0; i < offers; ++i) {
    benefits.push_back(
        AnyBenefit(static_cast<uint32_t>(i), sample.currency, 1 + largest_price_e4 / 50));
  }
  std::vector<const BenefitSpec*> pointers;
  for (const BenefitSpec& benefit : benefits) pointers.push_back(&benefit);
  for (const uint32_t i : OrderBenefits(pointers)) {
    NaiveOffer offer{.benefit = benefits[i]};
    for (const std::string& id : sample.ids) offer.selected[id] = !OneIn(3);
    sample.offers.push_back(std::move(offer));
  }
  return sample;
}

std::vector<uint8_t> Selection(const NaiveOffer& offer, const std::vector<BasketLine>& lines) {
  std::vector<uint8_t> selected;
  for (const BasketLine& line : lines) {
    selected.push_back(offer.selected.at(std::string(line.line_id)) ? 1 : 0);
  }
  return selected;
}

std::vector<Applied> ApplyAll(const Sample& sample, const std::vector<BasketLine>& lines,
                              Pricer& pricer) {
  pricer.Start({sample.currency, lines}, sample.policy);
  std::vector<Applied> applied;
  for (const NaiveOffer& offer : sample.offers) {
    applied.push_back(pricer.Apply(offer.benefit, Selection(offer, lines)));
  }
  return applied;
}

using TakingsById = std::map<std::pair<std::string, uint32_t>, int64_t>;

TakingsById ById(const Pricer& pricer, const std::vector<BasketLine>& lines) {
  TakingsById takings;
  for (const LineTaking& taking : pricer.takings()) {
    takings[{std::string(lines[taking.line].line_id), taking.offer}] += taking.amount_minor;
  }
  return takings;
}

RC_GTEST_PROP(PricerPropertyTest, AgreesWithTheNaiveModel, ()) {
  const Sample sample = AnySample();
  RC_PRE(ValidateBasket({sample.currency, sample.lines}).empty());
  Pricer pricer;
  const std::vector<Applied> applied = ApplyAll(sample, sample.lines, pricer);
  NaivePricing naive({sample.currency, sample.lines}, sample.policy);
  for (size_t i = 0; i < applied.size(); ++i) {
    const Applied expected = naive.Apply(sample.offers[i]);
    RC_ASSERT(applied[i].taken_minor == expected.taken_minor);
    RC_ASSERT(applied[i].reason == expected.reason);
    RC_ASSERT(applied[i].cut_by_guard_rail == expected.cut_by_guard_rail);
  }
  for (size_t i = 0; i < sample.lines.size(); ++i) {
    const NaiveLine& line = naive.lines().at(sample.ids[i]);
    RC_ASSERT(pricer.lines()[i].gross_minor == line.gross);
    RC_ASSERT(pricer.lines()[i].net_minor == line.net());
  }
}

RC_GTEST_PROP(PricerPropertyTest, SumsExactlyAndNeverPassesZeroAFloorOrAGuardRail, ()) {
  const Sample sample = AnySample();
  RC_PRE(ValidateBasket({sample.currency, sample.lines}).empty());
  Pricer pricer;
  const std::vector<Applied> applied = ApplyAll(sample, sample.lines, pricer);

  std::map<uint32_t, int64_t> by_offer;
  std::map<uint32_t, int64_t> by_line;
  int64_t taken = 0;
  for (const LineTaking& taking : pricer.takings()) {
    RC_ASSERT(taking.amount_minor > 0);
    RC_ASSERT(sample.lines[taking.line].counts_as_merchandise());
    by_offer[taking.offer] += taking.amount_minor;
    by_line[taking.line] += taking.amount_minor;
    taken += taking.amount_minor;
  }
  for (size_t i = 0; i < applied.size(); ++i) {
    const BenefitSpec& benefit = sample.offers[i].benefit;
    RC_ASSERT(by_offer[benefit.offer] == applied[i].taken_minor);
    RC_ASSERT((applied[i].taken_minor == 0) == (applied[i].reason != NothingTaken::kNone));
    const std::optional<int64_t> at_most = AmountIn(benefit.at_most, sample.currency);
    if (at_most) RC_ASSERT(applied[i].taken_minor <= *at_most);
  }
  int64_t payable = 0;
  for (uint32_t i = 0; i < sample.lines.size(); ++i) {
    const BasketLine& line = sample.lines[i];
    const LineTotals& totals = pricer.lines()[i];
    payable += totals.net_minor;
    RC_ASSERT(totals.net_minor == totals.gross_minor - by_line[i]);
    if (line.is_return) continue;
    RC_ASSERT(totals.net_minor >= 0);
    RC_ASSERT(absl::int128(by_line[i]) * 1'000'000 <=
              absl::int128(totals.gross_minor) * sample.policy.most_off_line_ppm);
    if (by_line[i] == 0 || !line.floor_price_e4) continue;
    const Money floor =
        LineTotal(line.quantity, *line.floor_price_e4, sample.currency, Rounding::kUp).value();
    RC_ASSERT(totals.net_minor >= floor.amount_minor);
  }
  RC_ASSERT(pricer.payable().amount_minor == payable);
  const int64_t gross = pricer.merchandise_gross().amount_minor;
  RC_ASSERT(pricer.merchandise_net().amount_minor == gross - taken);
  RC_ASSERT(absl::int128(taken) * 1'000'000 <=
            absl::int128(gross) * sample.policy.most_off_basket_ppm);
}

RC_GTEST_PROP(PricerPropertyTest, ChargesEachLineTheSameInWhateverOrderTheLinesCome, ()) {
  const Sample sample = AnySample();
  RC_PRE(ValidateBasket({sample.currency, sample.lines}).empty());
  std::vector<BasketLine> shuffled = sample.lines;
  for (size_t i = shuffled.size(); i > 1; --i) {
    std::swap(shuffled[i - 1], shuffled[Pick<size_t>(0, i - 1)]);
  }
  Pricer pricer;
  ApplyAll(sample, sample.lines, pricer);
  const TakingsById takings = ById(pricer, sample.lines);
  const Money payable = pricer.payable();
  // The same pricer again, so that nothing of the first basket may linger.
  ApplyAll(sample, shuffled, pricer);
  RC_ASSERT(ById(pricer, shuffled) == takings);
  RC_ASSERT(pricer.payable() == payable);
}

}  // namespace
}  // namespace touchstone::rules
