#include "rules/facts/elementary.h"

#include <gtest/gtest.h>

#include <cmath>

namespace touchstone::rules {
namespace {

// The bits, so that a decision is the same on every machine.
TEST(ElementaryTest, GivesTheSameBitsEverywhere) {
  EXPECT_EQ(HalfToThe(0), 1);
  EXPECT_EQ(HalfToThe(1), 0.5);
  EXPECT_EQ(HalfToThe(20), 0x1p-20);
  EXPECT_EQ(HalfToThe(0.5), 0x1.6a09e667f3bccp-1);
  EXPECT_EQ(HalfToThe(0.1), 0x1.ddb680117ab12p-1);
  EXPECT_EQ(HalfToThe(1.75), 0x1.306fe0a31b716p-2);
  EXPECT_EQ(HalfToThe(19.98), 0x1.0392d9352ad74p-20);
  EXPECT_EQ(NaturalLogarithm(1), 0);
  EXPECT_EQ(NaturalLogarithm(2), 0x1.62e42fefa39efp-1);
  EXPECT_EQ(NaturalLogarithm(1.28), 0x1.f991c6cb3b379p-3);
  EXPECT_EQ(NaturalLogarithm(10), 0x1.26bb1bbb55515p+1);
  EXPECT_EQ(NaturalLogarithm(256), 0x1.62e42fefa39efp+2);
}

TEST(ElementaryTest, IsWithinFourUnitsInTheLastPlace) {
  const auto near = [](double ours, double libms) {
    return std::abs(ours - libms) <= 4 * libms * 0x1p-53;
  };
  for (int i = 0; i <= 51 * 20; ++i) {
    EXPECT_TRUE(near(HalfToThe(i / 51.0), std::exp2(-i / 51.0))) << i;
  }
  for (int empty = 1; empty < 256; ++empty) {
    EXPECT_TRUE(near(NaturalLogarithm(256.0 / empty), std::log(256.0 / empty))) << empty;
  }
}

}  // namespace
}  // namespace touchstone::rules
