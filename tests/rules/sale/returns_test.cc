#include "rules/sale/returns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <utility>

#include "rules/basket/pricing.h"
#include "tests/rules/sale/sold_lines.h"

namespace touchstone::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Currency Euro() { return Currency::FromCode("EUR").value(); }

BasketLine Pieces(absl::string_view id, int64_t count, int64_t price_minor) {
  return {.line_id = id,
          .quantity = Decimal{count * 1000},
          .unit_price_e4 = price_minor * 100,
          .is_return = count < 0};
}

BasketLine Weighed(absl::string_view id, int64_t thousandths, int64_t price_minor) {
  BasketLine line = Pieces(id, 1, price_minor);
  line.quantity = Decimal{thousandths};
  line.is_measured = true;
  return line;
}

// One finding a line: "lines[0].quantity", and " exceeds" where it does.
std::vector<std::string> Findings(const std::vector<BasketLine>& sold,
                                  const std::vector<Decimal>& before,
                                  const std::vector<ReturnedQuantity>& lines) {
  const CheckedReturn checked = CheckReturn({Euro(), sold}, before, lines);
  EXPECT_TRUE(checked.now.empty() && checked.kept.empty());
  std::vector<std::string> findings;
  for (const ReturnViolation& violation : checked.violations) {
    EXPECT_FALSE(violation.description.empty());
    findings.push_back(violation.field + (violation.exceeds_sale ? " exceeds" : ""));
  }
  return findings;
}

TEST(CheckReturnTest, SaysWhatComesBackAndWhatIsKeptOfEachLine) {
  const std::vector<BasketLine> sold = {Pieces("a", 3, 500), Weighed("b", 1250, 800),
                                        Pieces("c", 1, 100)};
  const CheckedReturn checked = CheckReturn({Euro(), sold}, {Decimal{1000}, Decimal{}, Decimal{}},
                                            {{"b", Decimal{333}}, {"a", Decimal{2000}}});
  EXPECT_THAT(checked.violations, IsEmpty());
  EXPECT_THAT(checked.now, ElementsAre(Decimal{2000}, Decimal{333}, Decimal{0}));
  EXPECT_THAT(checked.kept, ElementsAre(Decimal{0}, Decimal{917}, Decimal{1000}));
}

TEST(CheckReturnTest, RefusesMoreThanIsLeft) {
  const std::vector<BasketLine> sold = {Pieces("a", 3, 500), Weighed("b", 1250, 800)};
  EXPECT_THAT(
      Findings(sold, {Decimal{2000}, Decimal{250}}, {{"a", Decimal{2000}}, {"b", Decimal{1001}}}),
      ElementsAre("lines[0].quantity exceeds", "lines[1].quantity exceeds"));
  EXPECT_THAT(CheckReturn({Euro(), sold}, {Decimal{2000}, Decimal{250}},
                          {{"a", Decimal{1000}}, {"b", Decimal{1000}}})
                  .kept,
              ElementsAre(Decimal{0}, Decimal{0}));
}

TEST(CheckReturnTest, RefusesLinesThatTheSaleDoesNotHaveOrThatGaveBackThemselves) {
  const std::vector<BasketLine> sold = {Pieces("a", 3, 500), Pieces("r", -1, 500)};
  EXPECT_THAT(Findings(sold, {Decimal{}, Decimal{}}, {{"x", Decimal{1000}}, {"r", Decimal{1000}}}),
              ElementsAre("lines[0].line_id exceeds", "lines[1].line_id exceeds"));
}

TEST(CheckReturnTest, RefusesWhatNoSaleCouldTakeBack) {
  const std::vector<BasketLine> sold = {Pieces("a", 3, 500), Pieces("b", 3, 500),
                                        Pieces("c", 3, 500)};
  const std::vector<Decimal> before(3);
  EXPECT_THAT(Findings(sold, before, {}), ElementsAre("lines"));
  EXPECT_THAT(
      Findings(sold, before, {{"a", Decimal{0}}, {"b", Decimal{-1000}}, {"c", Decimal{500}}}),
      ElementsAre("lines[0].quantity", "lines[1].quantity", "lines[2].quantity"));
  EXPECT_THAT(Findings(sold, before, {{"a", Decimal{1000}}, {"a", Decimal{1000}}}),
              ElementsAre("lines[1].line_id"));
}

TEST(BuildKeptTest, ReducesQuantitiesAndLeavesOutWhatIsNotKept) {
  std::vector<BasketLine> sold = {Pieces("a", 3, 500), Pieces("b", 1, 100), Weighed("c", 1250, 800),
                                  Pieces("r", -1, 500)};
  sold[2].is_measured = false;
  const KeptBasket kept =
      BuildKept({Euro(), sold}, {Decimal{2000}, Decimal{0}, Decimal{1000}, Decimal{-1000}});
  EXPECT_EQ(kept.currency, Euro());
  EXPECT_THAT(kept.sold_line, ElementsAre(0, 2, 3));
  ASSERT_EQ(kept.lines.size(), 3u);
  EXPECT_EQ(kept.lines[0].units(), 2);
  EXPECT_TRUE(kept.lines[1].is_one_unit());  // as it was when it was no whole number of pieces
  EXPECT_EQ(kept.lines[1].quantity, Decimal{1000});
  EXPECT_TRUE(kept.lines[2].is_return);
  EXPECT_THAT(ValidateBasket(kept.view()), IsEmpty());
}

// What is kept of the manual discount of a line of three pieces at 0.99, as each comes back.
std::vector<int64_t> KeptDiscounts(int64_t discount_minor) {
  std::vector<BasketLine> sold = {Pieces("a", 3, 99)};
  sold[0].manual_discount_minor = discount_minor;
  std::vector<int64_t> kept;
  for (const int64_t pieces : {3, 2, 1}) {
    kept.push_back(
        BuildKept({Euro(), sold}, {Decimal{pieces * 1000}}).lines[0].manual_discount_minor);
  }
  return kept;
}

TEST(BuildKeptTest, ReducesAManualDiscountInProportion) {
  EXPECT_THAT(KeptDiscounts(100), ElementsAre(100, 67, 33));
  EXPECT_THAT(KeptDiscounts(297), ElementsAre(297, 198, 99));
  EXPECT_THAT(KeptDiscounts(1), ElementsAre(1, 1, 0));
}

TEST(BuildKeptTest, LeavesNoManualDiscountAboveTheTotal) {
  // 1.010 g at 0.01 a gram are 0.0101, which a discount may exceed up to 0.02; 1 g is 0.01.
  std::vector<BasketLine> sold = {Weighed("a", 1010, 1)};
  sold[0].manual_discount_minor = 2;
  ASSERT_THAT(ValidateBasket({Euro(), sold}), IsEmpty());
  const KeptBasket kept = BuildKept({Euro(), sold}, {Decimal{1000}});
  EXPECT_EQ(kept.lines[0].manual_discount_minor, 1);
  EXPECT_THAT(ValidateBasket(kept.view()), IsEmpty());
}

// Sells a basket under some benefits, takes things back, and prices what is kept under them.
class Till {
 public:
  Till(std::vector<BasketLine> lines, std::vector<BenefitSpec> benefits)
      : basket_lines_(std::move(lines)),
        benefits_(std::move(benefits)),
        returned_(basket_lines_.size()) {
    const Pricer pricer = Price({Euro(), basket_lines_});
    sold_ = SoldLinesOf(basket_lines_, pricer.lines(), pricer.takings());
    paid_ = PaidForSold(basket_lines_, pricer.lines());
  }

  int64_t paid() const { return paid_; }

  struct Refunds {
    int64_t recomputed = 0;
    int64_t proportional = 0;

    friend bool operator==(const Refunds&, const Refunds&) = default;
    friend void PrintTo(const Refunds& refunds, std::ostream* out) {
      *out << "recomputed " << refunds.recomputed << " proportional " << refunds.proportional;
    }
  };
  Refunds Return(absl::string_view id, Decimal quantity) {
    const CheckedReturn checked = CheckReturn({Euro(), basket_lines_}, returned_, {{id, quantity}});
    EXPECT_THAT(checked.violations, IsEmpty());
    const KeptBasket kept = BuildKept({Euro(), basket_lines_}, checked.kept);
    const Pricer pricer = Price(kept.view());
    const Refunds refunds = {
        .recomputed = RecomputedRefund(paid_, refunded_, PaidForSold(kept.lines, pricer.lines())),
        .proportional = ProportionalRefund(basket_lines_, sold_, returned_, checked.now)};
    refunded_ += refunds.recomputed;
    for (size_t i = 0; i < returned_.size(); ++i) {
      returned_[i].thousandths += checked.now[i].thousandths;
    }
    return refunds;
  }
  Refunds Return(absl::string_view id) { return Return(id, Decimal{1000}); }

 private:
  Pricer Price(const Basket& basket) const {
    Pricer pricer;
    pricer.Start(basket, {});
    for (const BenefitSpec& benefit : benefits_) pricer.Apply(benefit);
    return pricer;
  }

  std::vector<BasketLine> basket_lines_;
  std::vector<BenefitSpec> benefits_;
  std::vector<Decimal> returned_;
  std::vector<SoldLine> sold_;
  int64_t paid_ = 0;
  int64_t refunded_ = 0;
};

BenefitSpec ThreeForTwo() {
  return {.offer_id = "three-for-two",
          .stage = PricingStage::kSet,
          .off = {.kind = BenefitKind::kPercentOff, .parts_per_million = 1'000'000},
          .set = SetSpec{.parts = {{.units = 3, .is_got = true}}, .cheapest_got = 1}};
}

BenefitSpec TenPercentOff() {
  return {.offer_id = "all-10",
          .stage = PricingStage::kOrder,
          .off = {.kind = BenefitKind::kPercentOff, .parts_per_million = 100'000}};
}

BenefitSpec TenOffFromFifty() {
  return {.offer_id = "ten-off",
          .stage = PricingStage::kOrder,
          .tiers = {{.from_amount = {{5000, Euro()}},
                     .off = {.kind = BenefitKind::kAmountOff, .amount = {{1000, Euro()}}}}}};
}

TEST(RefundTest, OfThreeForTwo) {
  Till till({Pieces("tea", 3, 500)}, {ThreeForTwo()});
  EXPECT_EQ(till.paid(), 1000);
  // Two without the offer cost what three cost with it.
  EXPECT_EQ(till.Return("tea"), (Till::Refunds{0, 333}));
  EXPECT_EQ(till.Return("tea"), (Till::Refunds{500, 333}));
  EXPECT_EQ(till.Return("tea"), (Till::Refunds{500, 334}));
}

TEST(RefundTest, OfAnOrderDiscountWithARemainder) {
  Till till({Pieces("bread", 1, 333), Pieces("milk", 1, 333), Pieces("tea", 1, 333)},
            {TenPercentOff()});
  EXPECT_EQ(till.paid(), 899);
  // 1.00 off: 0.34 from bread, the smallest id, and 0.33 from each of the others. Milk and tea by
  // themselves cost 6.66 - 0.67, tea 3.33 - 0.33.
  EXPECT_EQ(till.Return("bread"), (Till::Refunds{300, 299}));
  EXPECT_EQ(till.Return("milk"), (Till::Refunds{299, 300}));
  EXPECT_EQ(till.Return("tea"), (Till::Refunds{300, 300}));
}

TEST(RefundTest, OfAnOfferThatFallsAway) {
  Till till({Pieces("cake", 1, 2000), Pieces("coffee", 1, 2000), Pieces("tea", 1, 2000)},
            {TenOffFromFifty()});
  EXPECT_EQ(till.paid(), 5000);
  // 10.00 off need 50.00: what is kept costs 40.00 without them.
  EXPECT_EQ(till.Return("tea"), (Till::Refunds{1000, 1667}));
  EXPECT_EQ(till.Return("cake"), (Till::Refunds{2000, 1666}));
  EXPECT_EQ(till.Return("coffee"), (Till::Refunds{2000, 1667}));
}

TEST(RefundTest, OfAWeighedLineInParts) {
  Till till({Weighed("cheese", 1234, 900)}, {TenPercentOff()});  // 11.11 less 1.11
  EXPECT_EQ(till.paid(), 1000);
  // 0.901 kg cost 8.11 less 0.81, 0.568 kg 5.11 less 0.51.
  EXPECT_EQ(till.Return("cheese", Decimal{333}), (Till::Refunds{270, 270}));
  EXPECT_EQ(till.Return("cheese", Decimal{333}), (Till::Refunds{270, 270}));
  EXPECT_EQ(till.Return("cheese", Decimal{568}), (Till::Refunds{460, 460}));
}

TEST(RefundTest, OfADepositThatComesBackAsALineOfItsOwn) {
  BasketLine deposit = Pieces("deposit", 2, 25);
  deposit.merchandise = false;
  Till till({Pieces("cola", 2, 100), deposit}, {TenPercentOff()});
  EXPECT_EQ(till.paid(), 230);
  EXPECT_EQ(till.Return("deposit"), (Till::Refunds{25, 25}));
  EXPECT_EQ(till.Return("cola", Decimal{2000}), (Till::Refunds{180, 180}));
  EXPECT_EQ(till.Return("deposit"), (Till::Refunds{25, 25}));
}

TEST(RefundTest, OfASaleThatGaveBackMoreThanItSold) {
  Till till({Pieces("tea", 2, 500), Pieces("back", -3, 900)}, {TenPercentOff()});
  EXPECT_EQ(till.paid(), 900);  // though the till paid out 18.00
  EXPECT_EQ(till.Return("tea"), (Till::Refunds{450, 450}));
  EXPECT_EQ(till.Return("tea"), (Till::Refunds{450, 450}));
}

TEST(RefundTest, IsNotAskedBackWhereTheRestCostsMore) {
  BenefitSpec half = TenOffFromFifty();
  half.tiers[0] = {.from_amount = {{10000, Euro()}},
                   .off = {.kind = BenefitKind::kPercentOff, .parts_per_million = 500'000}};
  Till till({Pieces("a", 1, 6000), Pieces("b", 1, 4000), Pieces("c", 1, 2000)}, {half});
  EXPECT_EQ(till.paid(), 6000);
  EXPECT_EQ(till.Return("c").recomputed, 1000);  // 100.00 kept at half price
  EXPECT_EQ(till.Return("b").recomputed, 0);     // 60.00 kept, of which she has paid 50.00
  EXPECT_EQ(till.Return("a").recomputed, 5000);
}

}  // namespace
}  // namespace touchstone::rules
