#include "tests/rules/basket/pricing_samples.h"

#include <rapidcheck.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

namespace touchstone::rules {
namespace {

// Not in alphabetical order. They outlive every sample.
constexpr absl::string_view kLineIds[] = {"d", "b", "f", "a", "g", "c", "e"};

// Of the whole range from the first sample on.
template <typename T>
T Pick(T from, T to) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(from, static_cast<T>(to + 1)));
}
// False when it shrinks.
bool OneIn(int n) { return Pick(1, n) == n; }

// Few different prices make ties, large ones make wide products.
struct Prices {
  int64_t largest_e4 = 0;
  std::vector<int64_t> usual_e4;
};

Prices AnyPrices() {
  Prices prices;
  prices.largest_e4 = *rc::gen::element<int64_t>(500, 200'000, 150'000'000'000'000);
  for (int i = 0; i < 3; ++i) {
    const int64_t price = Pick<int64_t>(0, prices.largest_e4);
    prices.usual_e4.push_back(OneIn(3) ? price : price - price % 100);
  }
  return prices;
}

int64_t AnyAmount(const Prices& prices) {
  const int64_t largest = 1 + prices.largest_e4 / 100;
  return Pick<int64_t>(0, OneIn(2) ? largest : 1 + largest / 10);
}

void MakeSpecial(BasketLine& line) {
  switch (Pick(0, 5)) {
    case 0:
      line.is_return = true;
      line.is_measured = false;
      line.quantity = Decimal{-1000 * Pick<int64_t>(1, 3)};
      break;
    case 1:
      line.merchandise = false;
      break;
    case 2:
      line.never_discount = true;
      break;
    default:
      line.merchandise = false;
      line.is_delivery = true;
  }
}

BasketLine AnyLine(absl::string_view id, const Prices& prices) {
  BasketLine line{.line_id = id};
  line.is_measured = OneIn(6);
  line.quantity = Decimal{line.is_measured ? Pick<int64_t>(1, 5000) : 1000 * Pick<int64_t>(1, 5)};
  line.unit_price_e4 =
      OneIn(4) ? Pick<int64_t>(0, prices.largest_e4) : *rc::gen::elementOf(prices.usual_e4);
  if (OneIn(5)) MakeSpecial(line);
  if (OneIn(4)) line.floor_price_e4 = Pick<int64_t>(0, line.unit_price_e4 + 5);
  if (OneIn(5)) {
    const Money total = LineTotal(line.quantity, line.unit_price_e4,
                                  Currency::FromCode("EUR").value(), Rounding::kDown)
                            .value();
    line.manual_discount_minor = Pick<int64_t>(0, std::abs(total.amount_minor) / 100);
  }
  if (OneIn(8)) {
    line.price_source =
        *rc::gen::element(PriceSource::kMarkdown, PriceSource::kOverride, PriceSource::kShelf);
  }
  return line;
}

Reduction AnyReduction(BenefitKind kind, Currency currency, const Prices& prices) {
  Reduction off{.kind = kind};
  if (kind == BenefitKind::kPercentOff) {
    off.parts_per_million = OneIn(4) ? 1'000'000 : Pick<int64_t>(0, 500'000);
  } else {
    off.amount = {{AnyAmount(prices), currency}};
  }
  return off;
}

void AddTiers(Currency currency, const Prices& prices, BenefitSpec& benefit) {
  const bool by_amount = OneIn(2);
  AmountByCurrency from_amount = {{0, currency}};
  int64_t from_units = 0;
  for (int tiers = Pick(1, 3); tiers > 0; --tiers) {
    from_amount.front().amount_minor += AnyAmount(prices) + 1;
    from_units += Pick(1, 4);
    benefit.tiers.push_back({.from_amount = by_amount ? from_amount : AmountByCurrency{},
                             .from_units = by_amount ? 0 : from_units,
                             .off = AnyReduction(benefit.off.kind, currency, prices)});
  }
  if (OneIn(2)) benefit.off = {};
}

void MakeReward(Currency currency, const Prices& prices, BenefitSpec& benefit) {
  benefit.stage = PricingStage::kPoints;
  benefit.off = {.kind = OneIn(3) ? BenefitKind::kCoupons : BenefitKind::kPoints};
  benefit.reward.give = Pick<int64_t>(1, 100);
  if (OneIn(2)) benefit.reward.each = {{1 + AnyAmount(prices), currency}};
}

void MakeGift(BenefitSpec& benefit) {
  benefit.stage = PricingStage::kSet;
  benefit.off = {.kind = BenefitKind::kPercentOff, .parts_per_million = 1'000'000};
  benefit.gift = GiftSpec{.sku = "gift", .units = Pick<int64_t>(1, 3), .per_unit = OneIn(3)};
}

UnitRange AnyRange() {
  UnitRange range{.order = OneIn(2) ? UnitOrder::kDearestFirst : UnitOrder::kCheapestFirst};
  range.first = OneIn(2) ? 1 : Pick<int64_t>(1, 6);
  if (!OneIn(3)) range.last = range.first + Pick<int64_t>(0, 5);
  range.per_line = OneIn(3);
  return range;
}

PricingStage StageOfGoods() {
  return *rc::gen::weightedElement<PricingStage>({{1, PricingStage::kShelf},
                                                  {3, PricingStage::kLine},
                                                  {4, PricingStage::kSet},
                                                  {2, PricingStage::kOrder},
                                                  {1, PricingStage::kCode},
                                                  {1, PricingStage::kTender}});
}

// Whether a set has units that must only be there.
BenefitSpec AnyBenefit(uint32_t offer, Currency currency, const Prices& prices) {
  BenefitSpec benefit{.offer = offer, .offer_id = std::to_string(offer)};
  benefit.stage = StageOfGoods();
  benefit.priority = Pick(0, 3);
  benefit.takes_marked_down = OneIn(2);
  benefit.off = AnyReduction(
      *rc::gen::element(BenefitKind::kPercentOff, BenefitKind::kAmountOff, BenefitKind::kPrice),
      currency, prices);
  benefit.per = *rc::gen::element(AmountPer::kUnit, AmountPer::kLine, AmountPer::kBasket);
  if (OneIn(4)) benefit.at_most = {{AnyAmount(prices), currency}};
  if (OneIn(20)) benefit.at_most = {{1, Currency::FromCode("CHF").value()}};
  switch (Pick(0, 9)) {
    case 0:
      MakeReward(currency, prices, benefit);
      return benefit;
    case 1:
      MakeGift(benefit);
      return benefit;
    case 2:
      benefit.stage = PricingStage::kDelivery;
      break;
    case 3:
    case 4:
      benefit.units = AnyRange();
      break;
    case 5:
    case 6:
    case 7:
      benefit.set = AnySet();
      if (OneIn(2)) benefit.per = AmountPer::kSet;
      break;
    default:
      break;
  }
  if (OneIn(4)) AddTiers(currency, prices, benefit);
  return benefit;
}

// What a line may do in the benefit.
uint8_t AnySelection(const BenefitSpec& benefit) {
  if (benefit.gift) return Pick<uint8_t>(0, 3);
  if (!benefit.set) return OneIn(4) ? 0 : 1;
  uint8_t parts = 0;
  for (size_t part = 0; part < benefit.set->parts.size(); ++part) {
    if (!OneIn(3)) parts = static_cast<uint8_t>(parts | 1U << part);
  }
  return parts;
}

PricingPolicy AnyPolicy() {
  PricingPolicy policy;
  policy.rounding = *rc::gen::element(Rounding::kHalfAwayFromZero, Rounding::kHalfEven,
                                      Rounding::kDown, Rounding::kUp);
  if (OneIn(5)) policy.most_off_line_ppm = Pick<int64_t>(0, 1'000'000);
  if (OneIn(5)) policy.most_off_basket_ppm = Pick<int64_t>(0, 1'000'000);
  return policy;
}

std::string Describe(const Reduction& off) {
  std::string text = absl::StrCat("kind ", static_cast<int>(off.kind));
  if (off.kind == BenefitKind::kPercentOff)
    absl::StrAppend(&text, " ", off.parts_per_million, "ppm");
  for (const Money& amount : off.amount) absl::StrAppend(&text, " ", amount.amount_minor);
  return text;
}

std::string Describe(const SetSpec& set) {
  std::string text = absl::StrCat(" set of");
  for (const SetPart& part : set.parts) {
    absl::StrAppend(&text, " ", part.units, part.is_got ? "got" : "bought");
  }
  absl::StrAppend(&text, " cheapest_got ", set.cheapest_got, " grouping ",
                  static_cast<int>(set.grouping));
  if (set.at_most < 1000) absl::StrAppend(&text, " at most ", set.at_most);
  return text;
}

std::string Describe(const BenefitSpec& benefit) {
  std::string text =
      absl::StrCat("offer ", benefit.offer, " stage ", PricingStageName(benefit.stage), " per ",
                   static_cast<int>(benefit.per), " off ", Describe(benefit.off));
  if (benefit.units) {
    absl::StrAppend(&text, " units ", benefit.units->first, " to ", benefit.units->last, " order ",
                    static_cast<int>(benefit.units->order),
                    benefit.units->per_line ? " per line" : "");
  }
  if (benefit.set) text += Describe(*benefit.set);
  if (benefit.gift) {
    absl::StrAppend(&text, " gift ", benefit.gift->units,
                    benefit.gift->per_unit ? " per unit" : "");
  }
  if (benefit.reward.give > 0) absl::StrAppend(&text, " reward ", benefit.reward.give);
  for (const Money& each : benefit.reward.each) absl::StrAppend(&text, " each ", each.amount_minor);
  for (const Money& most : benefit.at_most) absl::StrAppend(&text, " at most ", Format(most));
  for (const BenefitTier& tier : benefit.tiers) {
    absl::StrAppend(&text, " | from ",
                    tier.from_amount.empty() ? absl::StrCat(tier.from_units, " units")
                                             : absl::StrCat(tier.from_amount[0].amount_minor),
                    " ", Describe(tier.off));
  }
  return absl::StrCat(text, benefit.takes_marked_down ? " takes marked down" : "");
}

std::string Describe(const BasketLine& line) {
  std::string text =
      absl::StrCat(line.line_id, ": ", Format(line.quantity), " at ", line.unit_price_e4, "e-4");
  if (line.floor_price_e4) absl::StrAppend(&text, " floor ", *line.floor_price_e4, "e-4");
  if (line.manual_discount_minor > 0)
    absl::StrAppend(&text, " manual ", line.manual_discount_minor);
  if (line.price_source != PriceSource::kRegular) {
    absl::StrAppend(&text, " source ", static_cast<int>(line.price_source));
  }
  absl::StrAppend(&text, line.is_return ? " return" : "", line.merchandise ? "" : " no merchandise",
                  line.is_delivery ? " delivery" : "", line.is_measured ? " measured" : "",
                  line.never_discount ? " never discount" : "");
  return text;
}

}  // namespace

SetSpec AnySet() {
  SetSpec set;
  set.grouping = *rc::gen::element(Grouping::kDearestFirst, Grouping::kCheapestFirst,
                                   Grouping::kCheapestOfAll);
  const int parts = OneIn(3) ? 1 : Pick(2, 4);
  for (int i = 0; i < parts; ++i) {
    set.parts.push_back({.units = Pick<int64_t>(1, parts == 1 ? 4 : 2), .is_got = OneIn(2)});
  }
  set.parts[Pick<size_t>(0, set.parts.size() - 1)].is_got = true;
  if (parts == 1) set.cheapest_got = Pick<int64_t>(0, set.parts.front().units);
  if (OneIn(5)) set.at_most = Pick<int64_t>(1, 3);
  return set;
}

PricingSample AnyPricingSample() {
  PricingSample sample;
  sample.currency = Currency::FromCode(OneIn(4) ? "JPY" : "EUR").value();
  sample.policy = AnyPolicy();
  const Prices prices = AnyPrices();
  const size_t lines = OneIn(10) ? Pick<size_t>(0, 1) : Pick<size_t>(2, std::size(kLineIds));
  for (size_t i = 0; i < lines; ++i) sample.lines.push_back(AnyLine(kLineIds[i], prices));
  std::vector<BenefitSpec> benefits;
  for (int offers = Pick(1, 6); offers > 0; --offers) {
    benefits.push_back(AnyBenefit(static_cast<uint32_t>(benefits.size()), sample.currency, prices));
    benefits.back().stage_turn = static_cast<uint8_t>(benefits.back().stage);
  }
  std::vector<const BenefitSpec*> pointers;
  for (const BenefitSpec& benefit : benefits) pointers.push_back(&benefit);
  for (const uint32_t i : OrderBenefits(pointers)) {
    NaiveOffer offer{.benefit = benefits[i]};
    for (const BasketLine& line : sample.lines) {
      offer.selected[std::string(line.line_id)] = AnySelection(benefits[i]);
    }
    sample.offers.push_back(std::move(offer));
  }
  return sample;
}

std::vector<PricingSample> AnyPricingSamples() {
  return *rc::gen::container<std::vector<PricingSample>>(rc::gen::exec(AnyPricingSample));
}

std::vector<uint8_t> Selection(const NaiveOffer& offer, absl::Span<const BasketLine> lines) {
  std::vector<uint8_t> selected;
  selected.reserve(lines.size());
  for (const BasketLine& line : lines) {
    selected.push_back(offer.selected.at(std::string(line.line_id)));
  }
  return selected;
}

std::vector<Applied> ApplyAll(const PricingSample& sample, absl::Span<const BasketLine> lines,
                              Pricer& pricer) {
  pricer.Start({sample.currency, lines}, sample.policy);
  std::vector<Applied> applied;
  for (const NaiveOffer& offer : sample.offers) {
    applied.push_back(pricer.Apply(offer.benefit, Selection(offer, lines)));
  }
  return applied;
}

std::string Describe(const PricingSample& sample) {
  std::string text =
      absl::StrCat(sample.currency.code(), " rounding ", static_cast<int>(sample.policy.rounding),
                   " guard rails ", sample.policy.most_off_line_ppm, " ",
                   sample.policy.most_off_basket_ppm, "\n");
  for (const BasketLine& line : sample.lines) absl::StrAppend(&text, Describe(line), "\n");
  for (const NaiveOffer& offer : sample.offers) {
    absl::StrAppend(&text, Describe(offer.benefit), " on");
    for (const auto& [id, bits] : offer.selected) absl::StrAppend(&text, " ", id, "=", bits);
    text += "\n";
  }
  return text;
}

}  // namespace touchstone::rules
