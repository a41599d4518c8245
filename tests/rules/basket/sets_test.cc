#include "rules/basket/sets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/rules/basket/naive_sets.h"
#include "tests/rules/basket/pricing_samples.h"

namespace touchstone::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint8_t kFirst = 1;
constexpr uint8_t kSecond = 2;
constexpr uint8_t kEither = 3;

SetSpec ThreeForTwo(Grouping grouping) {
  return {.parts = {{.units = 3}}, .cheapest_got = 1, .grouping = grouping};
}

SetSpec BuyAndGet(int64_t bought, int64_t got) {
  return {.parts = {{.units = bought}, {.units = got, .is_got = true}}};
}

// Every slice as run, first unit, units.
std::vector<std::tuple<uint32_t, int64_t, int64_t>> Slices(const SetPlanner& planner, bool got) {
  std::vector<std::tuple<uint32_t, int64_t, int64_t>> slices;
  for (const SetSlice& slice : planner.slices()) {
    if (slice.is_got != got) continue;
    slices.emplace_back(slice.units.run, slice.units.from, slice.units.count);
  }
  return slices;
}

using Slice = std::tuple<uint32_t, int64_t, int64_t>;

// Units at 5, 5, 5, 2, 2, 1, 1, 1: the dearest run first, or the cheapest.
std::vector<SetSupply> EightUnits(Grouping grouping) {
  std::vector<SetSupply> supply = {{0, 3, kFirst}, {1, 2, kFirst}, {2, 3, kFirst}};
  if (grouping != Grouping::kDearestFirst) std::swap(supply.front(), supply.back());
  return supply;
}

int64_t FreeWith(Grouping grouping) {
  constexpr int64_t kPrices[] = {5, 2, 1};
  SetPlanner planner;
  planner.Plan(ThreeForTwo(grouping), EightUnits(grouping));
  EXPECT_EQ(planner.sets(), 2);
  int64_t free = 0;
  for (const auto& [run, from, count] : Slices(planner, true)) free += kPrices[run] * count;
  return free;
}

TEST(SetPlannerTest, GivesWhatTheGroupingSaysOfEightUnits) {
  EXPECT_EQ(FreeWith(Grouping::kDearestFirst), 6);
  EXPECT_EQ(FreeWith(Grouping::kCheapestFirst), 3);
  EXPECT_EQ(FreeWith(Grouping::kCheapestOfAll), 2);
}

TEST(SetPlannerTest, LeavesWhatIsBetweenWhenTheCheapestOfAllAreGot) {
  SetPlanner planner;
  planner.Plan(ThreeForTwo(Grouping::kCheapestOfAll), EightUnits(Grouping::kCheapestOfAll));
  EXPECT_THAT(Slices(planner, true), ElementsAre(Slice(2, 0, 2)));
  EXPECT_THAT(Slices(planner, false), ElementsAre(Slice(1, 1, 1), Slice(0, 0, 3)));
}

TEST(SetPlannerTest, PlansNothingWhenAUnitIsMissing) {
  SetPlanner planner;
  planner.Plan(BuyAndGet(2, 1), std::vector<SetSupply>{{0, 1, kFirst}, {1, 9, kSecond}});
  EXPECT_EQ(planner.sets(), 0);
  EXPECT_THAT(planner.batches(), IsEmpty());
  EXPECT_THAT(planner.slices(), IsEmpty());
  planner.Plan(BuyAndGet(2, 1), {});
  EXPECT_EQ(planner.sets(), 0);
}

TEST(SetPlannerTest, GivesAUnitToALaterPartWhenTheOthersCouldNotServeThere) {
  SetPlanner planner;
  planner.Plan(BuyAndGet(1, 1), std::vector<SetSupply>{{0, 1, kEither}, {1, 1, kFirst}});
  EXPECT_EQ(planner.sets(), 1);
  EXPECT_THAT(Slices(planner, true), ElementsAre(Slice(0, 0, 1)));
  EXPECT_THAT(Slices(planner, false), ElementsAre(Slice(1, 0, 1)));
}

TEST(SetPlannerTest, DividesOneRunBetweenTheParts) {
  SetPlanner planner;
  planner.Plan(BuyAndGet(2, 1), std::vector<SetSupply>{{7, 8, kEither}});
  EXPECT_EQ(planner.sets(), 2);
  ASSERT_EQ(planner.batches().size(), 1);
  EXPECT_EQ(planner.batches()[0].sets, 2);
  EXPECT_THAT(Slices(planner, false), ElementsAre(Slice(7, 0, 4)));
  EXPECT_THAT(Slices(planner, true), ElementsAre(Slice(7, 4, 2)));
}

TEST(SetPlannerTest, MakesNoMoreSetsThanItMay) {
  SetSpec spec = BuyAndGet(1, 1);
  spec.at_most = 2;
  SetPlanner planner;
  planner.Plan(spec, std::vector<SetSupply>{{0, 5, kFirst}, {1, 5, kSecond}});
  EXPECT_EQ(planner.sets(), 2);
  EXPECT_THAT(Slices(planner, true), ElementsAre(Slice(1, 0, 2)));
}

// What it plans is by run, however many units there are.
TEST(SetPlannerTest, PlansMillionsOfUnitsInAFewSlices) {
  constexpr int64_t kMillion = 1'000'000;
  std::vector<SetSupply> supply;
  for (uint32_t run = 0; run < 10'000; ++run) supply.push_back({run, kMillion, kEither});
  SetPlanner planner;
  planner.Plan(BuyAndGet(2, 1), supply);
  EXPECT_EQ(planner.sets(), 10'000 * kMillion / 3);
  EXPECT_LE(planner.slices().size(), 10 * supply.size());
  planner.Plan(ThreeForTwo(Grouping::kDearestFirst), supply);
  EXPECT_EQ(planner.sets(), 10'000 * kMillion / 3);
  EXPECT_LE(planner.slices().size(), 10 * supply.size());
}

struct Supply {
  SetSpec spec = {};
  std::vector<SetSupply> runs = {};
  std::vector<NaiveSupplyUnit> units = {};
};

Supply AnySupply() {
  Supply supply{.spec = AnySet()};
  const SetSpec& spec = supply.spec;
  const auto every_part = static_cast<uint8_t>((1U << spec.parts.size()) - 1);
  const auto runs = *rc::gen::inRange<uint32_t>(0, 8);
  for (uint32_t run = 0; run < runs; ++run) {
    const auto parts = *rc::gen::inRange<uint8_t>(1, static_cast<uint8_t>(every_part + 1));
    const auto count = *rc::gen::inRange<int64_t>(1, 8);
    supply.runs.push_back({run, count, parts});
    supply.units.insert(supply.units.end(), static_cast<size_t>(count), {run, parts});
  }
  return supply;
}

std::vector<Supply> AnySupplies() {
  return *rc::gen::resize(rc::kNominalSize,
                          rc::gen::container<std::vector<Supply>>(rc::gen::exec(AnySupply)));
}

using UnitOfRun = std::pair<uint32_t, int64_t>;
struct PlannedBatch {
  int64_t sets = 0;
  std::vector<UnitOfRun> bought = {};
  std::vector<UnitOfRun> got = {};

  friend bool operator==(const PlannedBatch&, const PlannedBatch&) = default;
};

std::vector<PlannedBatch> UnitByUnit(const SetPlanner& planner) {
  std::vector<PlannedBatch> batches;
  for (const SetBatch& batch : planner.batches()) {
    batches.push_back({.sets = batch.sets});
    for (const SetSlice& slice : planner.slices().subspan(batch.first_slice, batch.slices)) {
      std::vector<UnitOfRun>& units = slice.is_got ? batches.back().got : batches.back().bought;
      for (int64_t i = 0; i < slice.units.count; ++i) {
        units.emplace_back(slice.units.run, slice.units.from + i);
      }
    }
  }
  return batches;
}

std::vector<PlannedBatch> UnitByUnit(const Supply& supply) {
  std::vector<UnitOfRun> positions;
  for (const SetSupply& run : supply.runs) {
    for (int64_t i = 0; i < run.count; ++i) positions.emplace_back(run.run, i);
  }
  std::vector<PlannedBatch> batches;
  for (const NaiveSetBatch& batch : FormSets(supply.spec, supply.units)) {
    batches.push_back({.sets = batch.sets});
    for (const NaiveSetUnit& unit : batch.units) {
      std::vector<UnitOfRun>& units = unit.is_got ? batches.back().got : batches.back().bought;
      units.push_back(positions[unit.unit]);
    }
  }
  return batches;
}

void CheckAgainstTheNaiveModel(const Supply& supply, SetPlanner& planner) {
  planner.Plan(supply.spec, supply.runs);
  RC_ASSERT(planner.sets() == CountSetsByTrying(supply.spec, supply.units));
  RC_ASSERT(UnitByUnit(planner) == UnitByUnit(supply));
}

RC_GTEST_PROP(SetPlannerPropertyTest, FormsTheSetsOfTheNaiveModel, ()) {
  SetPlanner planner;
  for (const Supply& supply : AnySupplies()) CheckAgainstTheNaiveModel(supply, planner);
}

void CheckUnitsUsed(const Supply& supply, SetPlanner& planner) {
  planner.Plan(supply.spec, supply.runs);
  int64_t units_of_set = 0;
  for (const SetPart& part : supply.spec.parts) units_of_set += part.units;
  std::set<UnitOfRun> used;
  int64_t sets = 0;
  for (const PlannedBatch& batch : UnitByUnit(planner)) {
    sets += batch.sets;
    for (const UnitOfRun& unit : batch.bought) RC_ASSERT(used.insert(unit).second);
    for (const UnitOfRun& unit : batch.got) RC_ASSERT(used.insert(unit).second);
  }
  RC_ASSERT(sets == planner.sets());
  RC_ASSERT(static_cast<int64_t>(used.size()) == sets * units_of_set);
}

RC_GTEST_PROP(SetPlannerPropertyTest, UsesEachUnitOnceAndJustAsManyAsTheSetsNeed, ()) {
  SetPlanner planner;
  for (const Supply& supply : AnySupplies()) CheckUnitsUsed(supply, planner);
}

}  // namespace
}  // namespace touchstone::rules
