#include "rules/expr/text.h"

#include <string>

#include "gtest/gtest.h"

namespace touchstone::rules::expr {
namespace {

TEST(TextTest, CountsCodePointsOfEveryLength) {
  EXPECT_EQ(CodePointCount(""), 0);
  EXPECT_EQ(CodePointCount("0123456789abcdef0"), 17);
  EXPECT_EQ(CodePointCount("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), 4);
}

TEST(TextTest, OffsetsAreInBytes) {
  const absl::string_view text = "a\xC3\xA9z";
  EXPECT_EQ(CodePointOffset(text, 0), 0u);
  EXPECT_EQ(CodePointOffset(text, 2), 3u);
  EXPECT_EQ(CodePointOffset(text, 3), 4u);
  EXPECT_EQ(CodePointOffset(text, 4), absl::string_view::npos);
}

TEST(TextTest, DecodesCodePointsOfEveryLength) {
  EXPECT_EQ(DecodeCodePoint("a"), 0x61u);
  EXPECT_EQ(DecodeCodePoint("\xC3\xA9"), 0xE9u);
  EXPECT_EQ(DecodeCodePoint("\xE2\x82\xAC"), 0x20ACu);
  EXPECT_EQ(DecodeCodePoint("\xF0\x9F\x98\x80"), 0x1F600u);
}

TEST(TextTest, RefusesWhatIsNotUtf8) {
  EXPECT_TRUE(IsValidUtf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF"));
  EXPECT_FALSE(IsValidUtf8("\x80"));              // continuation without a lead
  EXPECT_FALSE(IsValidUtf8("\xC3"));              // cut off
  EXPECT_FALSE(IsValidUtf8("\xC0\x80"));          // overlong
  EXPECT_FALSE(IsValidUtf8("\xE0\x80\x80"));      // overlong
  EXPECT_FALSE(IsValidUtf8("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(IsValidUtf8("\xF0\x80\x80\x80"));  // overlong
  EXPECT_FALSE(IsValidUtf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
  EXPECT_FALSE(IsValidUtf8("\xFF"));
}

TEST(TextTest, BytesOutOfPlaceCountSingly) {
  EXPECT_EQ(CodePointCount("\xC3\x28\xFF\xE2\x82"), 5);
  EXPECT_EQ(CodePointOffset("\xE2\x82", 2), 2u);
}

}  // namespace
}  // namespace touchstone::rules::expr
