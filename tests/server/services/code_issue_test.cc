#include "server/services/code_issue.h"

#include <random>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/seed.h"

namespace touchstone::server {
namespace {

using ::testing::MatchesRegex;

constexpr absl::string_view kSymbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const CodeMaker kMaker("a secret of the test, 32 bytes ..");

TEST(CodeIssueTest, CodesAreTwelveRandomSymbolsAndOneThatChecksThem) {
  const std::vector<std::string> codes = kMaker.Make("r1", "FALL", 10'000);
  const std::set<std::string> different(codes.begin(), codes.end());
  EXPECT_EQ(different.size(), 10'000u);
  std::vector<std::set<char>> symbols(kRandomSymbols);
  for (const std::string& code : codes) {
    ASSERT_THAT(code, MatchesRegex("FALL[0-9A-HJKMNP-TV-Z]{13}"));
    ASSERT_TRUE(HasRightCheckSymbol(code)) << code;
    for (size_t i = 0; i < kRandomSymbols; ++i) symbols[i].insert(code[4 + i]);
  }
  for (const std::set<char>& at : symbols) EXPECT_EQ(at.size(), 32u) << "each place has them all";
}

TEST(CodeIssueTest, TheSameRequestMakesTheSameCodes) {
  EXPECT_EQ(kMaker.Make("r1", "", 7), kMaker.Make("r1", "", 7));
  const std::vector<std::string> longer = kMaker.Make("r1", "", 9);
  EXPECT_EQ(std::vector<std::string>(longer.begin(), longer.begin() + 7), kMaker.Make("r1", "", 7));
  EXPECT_NE(kMaker.Make("r1", "", 1), kMaker.Make("r2", "", 1));
  EXPECT_NE(kMaker.Make("r1", "", 1), CodeMaker("another secret").Make("r1", "", 1));
  // No request has a code of another one.
  std::set<std::string> all;
  for (const char* id : {"r", "r1", "r11", "r1-0", "r1-1"}) {
    for (const std::string& code : kMaker.Make(id, "", 200)) all.insert(code);
  }
  EXPECT_EQ(all.size(), 1000u);
}

// What docs/codes.md tells the makers of tills.
TEST(CodeIssueTest, TheExampleOfTheDocumentIsRight) {
  EXPECT_EQ(CheckSymbol("7K2M9QX4B0TC"), 'Q');
  EXPECT_TRUE(HasRightCheckSymbol("FALL7K2M9QX4B0TCQ"));
  EXPECT_TRUE(HasRightCheckSymbol("7K2M9QX4B0TCQ"));
}

TEST(CodeIssueTest, WhatIsTooShortOrHasOtherLettersIsWrong) {
  const std::string code = kMaker.Make("r1", "", 1).front();
  for (const std::string& wrong :
       {std::string(), code.substr(1), code.substr(0, 12), std::string("FALL"),
        "I" + code.substr(1), "." + code.substr(1), code.substr(0, 12) + "U"}) {
    EXPECT_FALSE(HasRightCheckSymbol(wrong)) << wrong;
  }
  EXPECT_TRUE(HasRightCheckSymbol("ANY.THING_" + code));
}

TEST(CodeIssueTest, EverySingleWrongSymbolAndEverySwapIsFound) {
  const uint64_t seed = store::TestSeed();
  std::mt19937_64 random(seed);
  for (int round = 0; round < 50; ++round) {
    const std::string code = kMaker.Make(std::to_string(random()), "", 1).front();
    for (size_t i = 0; i < code.size(); ++i) {
      for (const char symbol : kSymbols) {
        std::string mistyped = code;
        mistyped[i] = symbol;
        EXPECT_EQ(HasRightCheckSymbol(mistyped), mistyped == code) << mistyped << " seed " << seed;
      }
      for (size_t j = 0; j < i; ++j) {
        std::string swapped = code;
        std::swap(swapped[i], swapped[j]);
        EXPECT_EQ(HasRightCheckSymbol(swapped), swapped == code) << swapped << " seed " << seed;
      }
    }
  }
}

}  // namespace
}  // namespace touchstone::server
