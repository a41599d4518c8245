#include "rules/sale/unit_shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <ostream>
#include <utility>
#include <vector>

namespace touchstone::rules {

void PrintTo(const UnitShare& share, std::ostream* out) {
  *out << "offer " << share.offer << ": " << share.amount_each_minor << " from each of "
       << share.unit_count << " from " << share.first_unit;
}

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

UnitShare Share(uint32_t offer, int64_t first, int64_t count, int64_t each) {
  return {.first_unit = first, .unit_count = count, .offer = offer, .amount_each_minor = each};
}

SoldLine Sold(int64_t units, int64_t gross, std::vector<OfferTaking> taken) {
  SoldLine line{
      .units = units, .gross_minor = gross, .net_minor = gross, .taken = std::move(taken)};
  for (const OfferTaking& taking : line.taken) line.net_minor -= taking.amount_minor;
  return line;
}

// Of each unit.
std::vector<int64_t> Paid(const SoldLine& line) {
  std::vector<int64_t> paid;
  paid.reserve(static_cast<size_t>(line.units));
  for (int64_t unit = 0; unit < line.units; ++unit) paid.push_back(PaidForUnits(line, unit, 1));
  return paid;
}

TEST(UnitSharesTest, SpreadWhatAnOfferTookOverAllUnits) {
  // Three for two, 5.00 each: one is free, and no unit says which.
  const SoldLine three = Sold(3, 1500, {{.offer = 7, .amount_minor = 500}});
  EXPECT_THAT(UnitSharesOf(three), ElementsAre(Share(7, 1, 2, 167), Share(7, 3, 1, 166)));
  EXPECT_THAT(Paid(three), ElementsAre(333, 333, 334));
  const SoldLine even = Sold(3, 1500, {{.offer = 7, .amount_minor = 450}});
  EXPECT_THAT(UnitSharesOf(even), ElementsAre(Share(7, 1, 3, 150)));
}

TEST(UnitSharesTest, GoOnWithTheNextUnitAtTheNextOffer) {
  const SoldLine line =
      Sold(3, 3000, {{.offer = 1, .amount_minor = 100}, {.offer = 2, .amount_minor = 100}});
  EXPECT_THAT(UnitSharesOf(line),
              ElementsAre(Share(1, 1, 1, 34), Share(1, 2, 2, 33),  //
                          Share(2, 1, 1, 33), Share(2, 2, 1, 34), Share(2, 3, 1, 33)));
  EXPECT_THAT(Paid(line), ElementsAre(933, 933, 934));
}

TEST(UnitSharesTest, GoOnAroundTheLine) {
  const SoldLine line = Sold(4, 400,
                             {{.offer = 1, .amount_minor = 3},
                              {.offer = 2, .amount_minor = 6},
                              {.offer = 3, .amount_minor = 1}});
  EXPECT_THAT(UnitSharesOf(line),
              ElementsAre(Share(1, 1, 3, 1),                                        //
                          Share(2, 1, 1, 2), Share(2, 2, 2, 1), Share(2, 4, 1, 2),  //
                          Share(3, 2, 1, 1)));
  EXPECT_THAT(Paid(line), ElementsAre(97, 97, 98, 98));
}

TEST(UnitSharesTest, StartWhereTheGrossCostsACentMore) {
  // 3 for 1.00: 34, 33 and 33.
  EXPECT_THAT(Paid(Sold(3, 100, {})), ElementsAre(34, 33, 33));
  EXPECT_THAT(Paid(Sold(3, 100, {{.offer = 1, .amount_minor = 1}})), ElementsAre(33, 33, 33));
  EXPECT_THAT(Paid(Sold(3, 100, {{.offer = 1, .amount_minor = 100}})), ElementsAre(0, 0, 0));
}

TEST(UnitSharesTest, OfALineThatGaveBackThereAreNone) {
  EXPECT_THAT(UnitSharesOf({.units = -2, .gross_minor = -600, .net_minor = -600}), IsEmpty());
}

TEST(UnitSharesTest, CostNothingForAMillionUnitsAndTheLargestLine) {
  const SoldLine line =
      Sold(1'000'000, 10'000'000'000'000, {{.offer = 1, .amount_minor = 3'999'999'999'999}});
  EXPECT_THAT(UnitSharesOf(line),
              ElementsAre(Share(1, 1, 999'999, 4'000'000), Share(1, 1'000'000, 1, 3'999'999)));
  EXPECT_EQ(PaidForUnits(line, 0, 1'000'000), line.net_minor);
  EXPECT_EQ(PaidForUnits(line, 999'998, 2), 12'000'001);
}

TEST(PaidForQuantityTest, AddsUpToWhatWasPaidForTheWholeWeight) {
  // 1.234 kg at 8.10 a kilogram: 10.00.
  const SoldLine cheese = Sold(1, 1000, {});
  EXPECT_EQ(PaidForQuantity(cheese, 0, 617, 1234), 500);
  EXPECT_EQ(PaidForQuantity(cheese, 0, 100, 1234), 81);   // 81.04
  EXPECT_EQ(PaidForQuantity(cheese, 0, 333, 1234), 270);  // 269.85
  EXPECT_EQ(PaidForQuantity(cheese, 333, 333, 1234), 270);
  EXPECT_EQ(PaidForQuantity(cheese, 666, 568, 1234), 460);
  EXPECT_EQ(PaidForQuantity(cheese, 0, 1234, 1234), 1000);
}

TEST(PaidForQuantityTest, TakesTheLargestLine) {
  const SoldLine line = Sold(1, 10'000'000'000'000, {});
  EXPECT_EQ(PaidForQuantity(line, 1, 999'999'999, 1'000'000'000), 9'999'999'990'000);
}

// Unit by unit and cent by cent.
struct NaiveUnit {
  int64_t gross = 0;
  std::vector<int64_t> taken;  // by offer

  int64_t paid() const {
    int64_t left = gross;
    for (const int64_t amount : taken) left -= amount;
    return left;
  }
};

std::vector<NaiveUnit> SpreadUnitByUnit(const SoldLine& line) {
  std::vector<NaiveUnit> units(static_cast<size_t>(line.units),
                               {.taken = std::vector<int64_t>(line.taken.size())});
  for (size_t cent = 0; cent < static_cast<size_t>(line.gross_minor); ++cent) {
    ++units[cent % units.size()].gross;
  }
  size_t cent = 0;  // one after the other around the line, whichever offer took it
  for (size_t offer = 0; offer < line.taken.size(); ++offer) {
    for (int64_t i = line.taken[offer].amount_minor; i > 0; --i) {
      ++units[cent++ % units.size()].taken[offer];
    }
  }
  return units;
}

SoldLine AnySoldLine() {
  const auto units = *rc::gen::inRange<int64_t>(1, 12);
  int64_t left = *rc::gen::inRange<int64_t>(0, 60);
  SoldLine line{.units = units, .gross_minor = left, .net_minor = left};
  for (int offers = *rc::gen::inRange(0, 5); offers > 0; --offers) {
    const auto amount = *rc::gen::inRange<int64_t>(0, line.net_minor + 1);
    line.taken.push_back(
        {.offer = static_cast<uint32_t>(line.taken.size()), .amount_minor = amount});
    line.net_minor -= amount;
  }
  return line;
}

RC_GTEST_PROP(UnitSharesPropertyTest, AreThoseOfALoopOverUnits, ()) {
  const SoldLine line = AnySoldLine();
  std::vector<NaiveUnit> units = SpreadUnitByUnit(line);
  for (size_t first = 0; first < units.size(); ++first) {
    int64_t paid = 0;
    for (size_t end = first; end <= units.size(); ++end) {
      RC_ASSERT(PaidForUnits(line, static_cast<int64_t>(first),
                             static_cast<int64_t>(end - first)) == paid);
      if (end < units.size()) paid += units[end].paid();
    }
  }
  for (const UnitShare& share : UnitSharesOf(line)) {
    RC_ASSERT(share.unit_count > 0);
    RC_ASSERT(share.amount_each_minor > 0);
    for (int64_t i = 0; i < share.unit_count; ++i) {
      int64_t& taken = units[static_cast<size_t>(share.first_unit - 1 + i)].taken[share.offer];
      RC_ASSERT(taken == share.amount_each_minor);
      taken = 0;  // so that none has two shares
    }
  }
  for (const NaiveUnit& unit : units) RC_ASSERT(unit.paid() == unit.gross);
}

RC_GTEST_PROP(UnitSharesPropertyTest, LeaveUnitsThatCostTheSameButForOneCent, ()) {
  const SoldLine line = AnySoldLine();
  const std::vector<int64_t> paid = Paid(line);
  const auto [least, most] = std::minmax_element(paid.begin(), paid.end());
  RC_ASSERT(*least >= 0);
  RC_ASSERT(*most - *least <= 1);
}

RC_GTEST_PROP(PaidForQuantityPropertyTest, AddsUpInWhateverPartsItComesBack, ()) {
  const auto in_all = *rc::gen::inRange<int64_t>(1, 3000);
  const SoldLine line = Sold(1, *rc::gen::inRange<int64_t>(0, 500), {});
  int64_t refunded = 0;
  for (int64_t before = 0; before < in_all;) {
    const auto now = *rc::gen::inRange<int64_t>(1, in_all - before + 1);
    const int64_t refund = PaidForQuantity(line, before, now, in_all);
    RC_ASSERT(refund >= 0);
    refunded += refund;
    before += now;
    RC_ASSERT(refunded == PaidForQuantity(line, 0, before, in_all));
  }
  RC_ASSERT(refunded == line.net_minor);
}

}  // namespace
}  // namespace touchstone::rules
