#include "server/decide/code_text.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace touchstone::server {
namespace {

TEST(CodeTextTest, CaseSpacesAndHyphensMakeNoDifference) {
  for (const char* text : {"FALL7K2M", "fall7k2m", "Fall-7K-2M", " fall 7k2m ", "-F-A-L-L-7K2M-"}) {
    EXPECT_EQ(NormalizeCode(text), "FALL7K2M") << text;
  }
  EXPECT_EQ(NormalizeCode("a.b_c"), "A.B_C");
  EXPECT_NE(NormalizeCode("a.b"), NormalizeCode("ab"));
}

TEST(CodeTextTest, WhatCannotStandInACodeMakesItNone) {
  for (const char* text : {"", " - ", "a/b", "a\tb", "a\nb", "a+b", "caf\xc3\xa9", "\x80"}) {
    EXPECT_EQ(NormalizeCode(text), std::nullopt) << text;
  }
  EXPECT_EQ(NormalizeCode(absl::string_view("a\0b", 3)), std::nullopt);
}

TEST(CodeTextTest, IsAtMostSixtyFourBytesWithoutWhatIsDropped) {
  const std::string longest(kMaxCodeBytes, 'A');
  EXPECT_EQ(NormalizeCode(longest), longest);
  EXPECT_EQ(NormalizeCode("-" + longest + std::string(100, ' ')), longest);
  EXPECT_EQ(NormalizeCode(longest + "A"), std::nullopt);
}

}  // namespace
}  // namespace touchstone::server
