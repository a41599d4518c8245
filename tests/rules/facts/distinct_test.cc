#include "rules/facts/distinct.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "tests/rules/facts/event_facts.h"

namespace touchstone::rules {
namespace {

using expr::Value;

// Records keep these for ever, so they never change. Computed apart from this code.
TEST(DistinctTest, HashesAValueAsItAlwaysHas) {
  EXPECT_EQ(DistinctHash(Value::String("BEANS")), 0x8be7a3212f77d676u);
  EXPECT_EQ(DistinctHash(Value::Int(7)), 0xa12937b62669a242u);
  EXPECT_EQ(DistinctHash(Value::OfMoney({1250, CurrencyOf("EUR")})), 0x7fedcaaefb991676u);
  EXPECT_EQ(DistinctHash(Value::Bool(true)), 0x88c20f4d26f6de4du);
}

TEST(DistinctTest, TellsKindsAndCurrenciesApart) {
  const Value values[] = {Value::Int(7),
                          Value::OfDecimal(Decimal{7}),
                          Value::TimestampParts(0, 7000),
                          Value::String("7"),
                          Value::OfMoney({7, CurrencyOf("EUR")}),
                          Value::OfMoney({7, CurrencyOf("CHF")})};
  for (const Value& a : values) {
    for (const Value& b : values) {
      EXPECT_EQ(DistinctHash(a) == DistinctHash(b), &a == &b);
    }
  }
}

TEST(DistinctTest, CountsHashesThatOccurredLastInTheBucketsAskedFor) {
  const DistinctEntry entries[] = {{.hash = 1, .bucket = 9},
                                   {.hash = 2, .bucket = 10},
                                   {.hash = 3, .bucket = 12},
                                   {.hash = 4, .bucket = 13}};
  EXPECT_EQ(CountDistinct(false, entries, 10, 12), 2);
  EXPECT_EQ(CountDistinct(false, {}, 10, 12), 0);
}

std::vector<DistinctEntry> SketchOf(int first, int values, int64_t bucket) {
  std::vector<DistinctEntry> entries;
  for (int i = first; i < first + values; ++i) {
    const uint64_t hash = DistinctHash(Value::Int(i));
    const auto rank = static_cast<uint8_t>(std::min(57, 1 + std::countl_zero(hash << 8)));
    entries.push_back({0, static_cast<uint16_t>(hash >> 56), rank, bucket});
  }
  return entries;
}

TEST(DistinctTest, EstimatesWithTheErrorThatItsDocumentationStates) {
  for (const int values : {50, 257, 600, 1'000, 10'000}) {
    constexpr int kRounds = 200;
    double squares = 0;
    double sum = 0;
    for (int round = 0; round < kRounds; ++round) {
      const auto estimate =
          static_cast<double>(CountDistinct(true, SketchOf(round * 1'000'000, values, 0), 0, 0));
      const double error = estimate / values - 1;
      squares += error * error;
      sum += error;
    }
    EXPECT_LT(std::sqrt(squares / kRounds), 0.08) << values;
    EXPECT_LT(std::abs(sum / kRounds), 0.03) << values;
  }
}

TEST(DistinctTest, EstimatesOnlyTheBucketsAskedFor) {
  std::vector<DistinctEntry> entries = SketchOf(0, 1000, 5);
  const std::vector<DistinctEntry> old = SketchOf(5000, 9000, 4);
  entries.insert(entries.end(), old.begin(), old.end());
  EXPECT_EQ(CountDistinct(true, entries, 5, 5), CountDistinct(true, SketchOf(0, 1000, 5), 5, 5));
  EXPECT_EQ(CountDistinct(true, entries, 6, 9), 0);
}

}  // namespace
}  // namespace touchstone::rules
