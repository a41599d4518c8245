#include "rules/basket/basket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace touchstone::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

BasketLine Line(absl::string_view id) {
  return {.line_id = id, .quantity = Decimal{1000}, .unit_price_e4 = 100'000};
}

// The fields with findings, in order.
std::vector<std::string> Fields(const std::vector<BasketLine>& lines,
                                absl::string_view currency = "EUR") {
  std::vector<std::string> fields;
  for (const BasketViolation& violation :
       ValidateBasket({Currency::FromCode(currency).value(), lines})) {
    EXPECT_FALSE(violation.description.empty());
    fields.push_back(violation.field);
  }
  return fields;
}

TEST(ValidateBasketTest, AcceptsAnOrdinaryBasketAndAnEmptyOne) {
  EXPECT_THAT(Fields({Line("a"), Line("B.1_x-2")}), IsEmpty());
  EXPECT_THAT(ValidateBasket(Basket{}), IsEmpty());
}

TEST(ValidateBasketTest, WantsACurrencyOnceThereAreLines) {
  const std::vector<BasketLine> lines = {Line("a")};
  const std::vector<BasketViolation> violations = ValidateBasket({Currency(), lines});
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].field, "currency");
}

TEST(ValidateBasketTest, TakesTenThousandLinesAndNotOneMore) {
  std::vector<std::string> ids;
  for (size_t i = 0; i <= kMaxBasketLines; ++i) ids.push_back(std::to_string(i));
  std::vector<BasketLine> lines;
  for (size_t i = 0; i < kMaxBasketLines; ++i) lines.push_back(Line(ids[i]));
  EXPECT_THAT(Fields(lines), IsEmpty());
  lines.push_back(Line(ids.back()));
  EXPECT_THAT(Fields(lines), ElementsAre("lines"));
}

TEST(ValidateBasketTest, WantsUniqueWellFormedLineIds) {
  EXPECT_THAT(Fields({Line("b"), Line("a"), Line("b"), Line("b")}),
              ElementsAre("lines[2].line_id", "lines[3].line_id"));
  const std::string longest(kMaxLineIdBytes, 'x');
  const std::string too_long(kMaxLineIdBytes + 1, 'x');
  EXPECT_THAT(
      Fields({Line(""), Line("a b"), Line("\xc3\xa4"), Line(longest), Line(too_long)}),
      ElementsAre("lines[0].line_id", "lines[1].line_id", "lines[2].line_id", "lines[4].line_id"));
}

TEST(ValidateBasketTest, HoldsQuantitiesToTheLimitAndReturnsToTheirSign) {
  const auto with = [](int64_t thousandths, bool is_return) {
    BasketLine line = Line("a");
    line.unit_price_e4 = 100;
    line.quantity = Decimal{thousandths};
    line.is_return = is_return;
    return std::vector<BasketLine>{line};
  };
  EXPECT_THAT(Fields(with(1, false)), IsEmpty());
  EXPECT_THAT(Fields(with(-1, true)), IsEmpty());
  EXPECT_THAT(Fields(with(kMaxLineQuantity.thousandths, false)), IsEmpty());
  EXPECT_THAT(Fields(with(-kMaxLineQuantity.thousandths, true)), IsEmpty());
  for (const auto& [thousandths, is_return] : {std::pair<int64_t, bool>{0, false},
                                               {0, true},
                                               {-1, false},
                                               {1, true},
                                               {kMaxLineQuantity.thousandths + 1, false},
                                               {-kMaxLineQuantity.thousandths - 1, true},
                                               {std::numeric_limits<int64_t>::min(), true}}) {
    EXPECT_THAT(Fields(with(thousandths, is_return)), ElementsAre("lines[0].quantity"))
        << thousandths;
  }
}

TEST(ValidateBasketTest, HoldsTheLineTotalToTheLimit) {
  BasketLine line = Line("a");
  line.quantity = kMaxLineQuantity;
  line.unit_price_e4 = 1'000'000'000;  // a million units at 100,000.00: 10^13 cents
  EXPECT_THAT(Fields({line}), IsEmpty());
  line.unit_price_e4 += 1;
  EXPECT_THAT(Fields({line}), ElementsAre("lines[0].unit_price"));
  line.unit_price_e4 = kMax;
  EXPECT_THAT(Fields({line}), ElementsAre("lines[0].unit_price"));
  line.unit_price_e4 = -1;
  EXPECT_THAT(Fields({line}), ElementsAre("lines[0].unit_price"));
}

TEST(ValidateBasketTest, HoldsManualDiscountsToTheLineTotal) {
  BasketLine line = Line("a");  // 10.00
  line.manual_discount_minor = 1000;
  EXPECT_THAT(Fields({line}), IsEmpty());
  line.manual_discount_minor = 1001;
  EXPECT_THAT(Fields({line}), ElementsAre("lines[0].manual_discount"));
  line.manual_discount_minor = -1;
  EXPECT_THAT(Fields({line}), ElementsAre("lines[0].manual_discount"));
}

TEST(ValidateBasketTest, ChecksTheFloorPrice) {
  BasketLine line = Line("a");
  line.floor_price_e4 = 0;
  EXPECT_THAT(Fields({line}), IsEmpty());
  for (const int64_t floor : {int64_t{-1}, kMax}) {
    line.floor_price_e4 = floor;
    EXPECT_THAT(Fields({line}), ElementsAre("lines[0].floor_price"));
  }
}

TEST(ValidateBasketTest, ListsEveryFindingOfEveryLine) {
  BasketLine bad = Line("");
  bad.unit_price_e4 = -1;
  bad.manual_discount_minor = -1;
  bad.floor_price_e4 = -1;
  EXPECT_THAT(
      Fields({Line("a"), bad, bad}),
      ElementsAre("lines[1].line_id", "lines[1].unit_price", "lines[1].manual_discount",
                  "lines[1].floor_price", "lines[2].line_id", "lines[2].line_id",
                  "lines[2].unit_price", "lines[2].manual_discount", "lines[2].floor_price"));
}

}  // namespace
}  // namespace touchstone::rules
