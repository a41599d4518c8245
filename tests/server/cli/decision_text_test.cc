#include "server/cli/decision_text.h"

#include <google/protobuf/text_format.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/cli/columns.h"
#include "server/cli/explanation_text.h"

namespace touchstone::server {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

template <typename Message>
Message Parsed(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

TEST(ColumnsTest, EachColumnIsAsWideAsItsWidestCellAndLinesDoNotEndInBlanks) {
  Columns columns({Align::kLeft, Align::kRight, Align::kLeft});
  EXPECT_EQ(columns.Text("  "), "");
  columns.Add({"beans-20", "1.00", "off"});
  columns.Add({"wine", "12.00", ""});
  EXPECT_EQ(columns.Text("  "), "  beans-20   1.00  off\n  wine      12.00\n");
}

TEST(DecisionTextTest, APartialAnswerSaysWhatIsMissing) {
  const std::string text = DecisionText(Parsed<v1::DecideResponse>(
      "decision_id: 'd' revision: 'revisions/7' completeness: COMPLETENESS_PARTIAL "
      "completeness_cause: COMPLETENESS_CAUSE_CUSTOMER_NOT_READ personal: PERSONAL_STATE_NOT_READ "
      "placements { placement: 'receipt' }"));
  EXPECT_EQ(text,
            "decision d by revisions/7, partial (customer not read)\n"
            "customer: not read in time\n"
            "receipt shows nothing\n");
}

TEST(DecisionTextTest, AnAnswerWithoutPricesSaysSo) {
  const std::string text = DecisionText(Parsed<v1::DecideResponse>(
      "completeness: COMPLETENESS_FALLBACK personal: PERSONAL_STATE_ANONYMOUS segment: 'anonymous' "
      "basket { state: PRICING_STATE_NOT_PRICED } placements { placement: 'receipt' "
      "offers { offer_id: 'join-club' position: 1 fallback: true } }"));
  EXPECT_THAT(text, HasSubstr("basket: not priced\n"));
  EXPECT_THAT(text, HasSubstr("customer: no identity was given, segment anonymous\n"));
  EXPECT_THAT(text, HasSubstr("  1. join-club (fallback)\n"));
}

TEST(DecisionTextTest, ACutIsTold) {
  EXPECT_THAT(DecisionText(Parsed<v1::DecideResponse>(
                  "basket { state: PRICING_STATE_PRICED currency_code: 'EUR' applied_offers { "
                  "offer_id: 'half' amount_minor: 500 cut_by_guard_rail: true title: 'Half' } }")),
              HasSubstr("  half  5.00 EUR off (cut by a guard rail)  Half\n"));
}

TEST(DecisionTextTest, PointsAndGiftsAreTold) {
  const std::string text = DecisionText(Parsed<v1::DecideResponse>(
      "basket { state: PRICING_STATE_PRICED currency_code: 'EUR' "
      "applied_offers { offer_id: 'points' points: 7 title: 'Points' } "
      "applied_offers { offer_id: 'mug' amount_minor: 400 title: 'Mug' "
      "missing_gift { sku: 'MUG' units: 2 prompt: GIFT_PROMPT_ADD } } }"));
  EXPECT_THAT(text, ContainsRegex("points +7 points +Points"));
  EXPECT_THAT(text, HasSubstr("4.00 EUR off, 2 MUG free: the till adds it  Mug\n"));
}

TEST(DecisionTextTest, CouponsAreTold) {
  EXPECT_THAT(DecisionText(Parsed<v1::DecideResponse>(
                  "basket { state: PRICING_STATE_PRICED currency_code: 'EUR' "
                  "applied_offers { offer_id: 'once' coupon { offer_id: 'next-5' uses: 1 } } "
                  "applied_offers { offer_id: 'twice' coupon { offer_id: 'next-5' uses: 2 } } }")),
              AllOf(HasSubstr("a coupon for next-5"), HasSubstr("2 coupons for next-5")));
}

TEST(DecisionTextTest, WhatIsMissingFromAnOfferIsTold) {
  EXPECT_THAT(
      DecisionText(Parsed<v1::DecideResponse>(
          "basket { state: PRICING_STATE_PRICED currency_code: 'EUR' } "
          "near_misses { offer_id: 'beans' spend_minor: 320 gain_minor: 260 gain_points: -2 "
          "texts { placement: 'receipt' fields { key: 'text' value: 'Add 3.20' } } } "
          "near_misses { offer_id: 'tea' units { quantity_thousandths: 1000 sku: 'TEA' } "
          "gain_points: 5 } "
          "near_misses { offer_id: 'friday' from_time { seconds: 1795734000 } gain_minor: 100 } "
          "near_misses { offer_id: 'mug' identify: true }")),
      HasSubstr("nearly reached:\n"
                "  beans: add 3.20 EUR for 2.60 EUR more off, 2 points less\n"
                "     receipt.text: Add 3.20\n"
                "  tea: 1 more of TEA for 5 more points\n"
                "  friday: from 2026-11-26T23:00:00Z for 1.00 EUR more off\n"
                "  mug: show the card\n"));
}

TEST(DecisionTextTest, ASearchThatGaveUpIsTold) {
  EXPECT_THAT(DecisionText(Parsed<v1::DecideResponse>(
                  "basket { state: PRICING_STATE_PRICED currency_code: 'EUR' "
                  "search: COMBINATION_SEARCH_GREEDY greedy_gap_minor: 250 }")),
              HasSubstr("the best one takes at most 2.50 EUR more\n"));
}

TEST(ExplanationTextTest, WhatCameFurthestComesFirstAndOneReasonIsSaidOnce) {
  std::string offers;
  for (int i = 10; i < 30; ++i) {
    offers += "offers { offer_id: 'offer-" + std::to_string(i) +
              "' reason { stage: DECISION_STAGE_WINDOW text: 'its window is not open' } } ";
  }
  const std::string text = ExplanationText(Parsed<v1::ExplainResponse>(
      "rebuild: REBUILD_STATE_DIFFERENT " + offers +
      "offers { offer_id: 'beans' reason { stage: DECISION_STAGE_CHOSEN text: 'it is shown' } } "
      "offers { offer_id: 'wine' reason { stage: DECISION_STAGE_LIMIT code: 'LIMIT_REACHED' } } "
      "offers { offer_id: 'tea' reason { code: 'BUDGET_SPENT' } } "
      "facts { name: 'customer.age' masked: true }"));
  EXPECT_THAT(text, HasSubstr("ANOTHER answer"));
  EXPECT_THAT(text, HasSubstr("every offer, by what decided:\n"
                              "  chosen\n    beans  it is shown\n"
                              "  limit\n    wine  LIMIT_REACHED\n"
                              "  window\n    its window is not open:\n      offer-10, offer-11,"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "offer-29\n  not asked\n    tea  BUDGET_SPENT\nfacts:\n  customer.age = (masked)\n"));
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    EXPECT_LE(end - begin, 100u) << text.substr(begin, end - begin);
    begin = end + 1;
  }
}

TEST(ExplanationTextTest, ShowsConditionsAsTheyAreMadeAndMarksWhatDecides) {
  const std::string text = ExplanationText(Parsed<v1::ExplainResponse>(
      "offers { offer_id: 'rain' conditions { field_path: 'offers[rain].eligible' "
      "parts { kind: CONDITION_PART_KIND_ALL result: CONDITION_RESULT_FALSE decisive: true } "
      "parts { depth: 1 kind: CONDITION_PART_KIND_NOT result: CONDITION_RESULT_FALSE "
      "decisive: true } "
      "parts { depth: 2 kind: CONDITION_PART_KIND_ATOM result: CONDITION_RESULT_TRUE "
      "decisive: true words: 'a is 3, needs below 2' } "
      "parts { depth: 1 kind: CONDITION_PART_KIND_ATOM result: CONDITION_RESULT_ERROR "
      "words: 'b is not known, needs 1' } } } "
      "offers { offer_id: 'big' conditions_left_out: true }"));
  EXPECT_THAT(text, HasSubstr("offers[rain].eligible, what decides is marked *:\n"
                              "  * false  all of:\n"
                              "  *   false  not:\n"
                              "  *     true   a is 3, needs below 2\n"
                              "      error  b is not known, needs 1\n"
                              "conditions of big are left out: ask for fewer offers at once\n"));
}

}  // namespace
}  // namespace touchstone::server
