#include "rules/expr/compiled_texts.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/heap_allocations.h"

namespace touchstone::rules::expr {
namespace {

TEST(CompiledTextsTest, TheSamePatternIsCompiledOnce) {
  CompiledTexts texts;
  const RE2* first = texts.Pattern("^a.*b$");
  ASSERT_NE(first, nullptr);
  EXPECT_TRUE(RE2::PartialMatch("axb", *first));
  const int64_t before = tests::HeapAllocations();
  EXPECT_EQ(texts.Pattern("^a.*b$"), first);
  EXPECT_EQ(tests::HeapAllocations(), before);
}

TEST(CompiledTextsTest, ARefusedPatternStaysRefused) {
  CompiledTexts texts;
  EXPECT_EQ(texts.Pattern("("), nullptr);
  const int64_t before = tests::HeapAllocations();
  EXPECT_EQ(texts.Pattern("("), nullptr);
  EXPECT_EQ(tests::HeapAllocations(), before);
}

TEST(CompiledTextsTest, TheEmptyTextIsAPatternAndNoZone) {
  CompiledTexts texts;
  ASSERT_NE(texts.Pattern(""), nullptr);
  EXPECT_TRUE(RE2::PartialMatch("x", *texts.Pattern("")));
  EXPECT_EQ(texts.Zone(""), nullptr);
  EXPECT_EQ(texts.Zone(""), nullptr);
}

// Eight are kept; the one that was not asked for longest makes room.
TEST(CompiledTextsTest, OnlyTheLastOnesAreKept) {
  CompiledTexts texts;
  for (int i = 0; i < 8; ++i) ASSERT_NE(texts.Pattern(absl::StrCat("p", i)), nullptr);
  ASSERT_NE(texts.Pattern("p0"), nullptr);
  ASSERT_NE(texts.Pattern("p8"), nullptr);
  const auto is_kept = [&texts](const std::string& text) {
    const int64_t before = tests::HeapAllocations();
    texts.Pattern(text);
    return tests::HeapAllocations() == before;
  };
  EXPECT_TRUE(is_kept("p0"));
  EXPECT_TRUE(is_kept("p8"));
  for (int i = 2; i < 8; ++i) EXPECT_TRUE(is_kept(absl::StrCat("p", i))) << i;
  EXPECT_FALSE(is_kept("p1"));
}

TEST(CompiledTextsTest, ZonesAreFoundAgainByTheirNames) {
  CompiledTexts texts;
  for (int turn = 0; turn < 2; ++turn) {
    const absl::TimeZone* berlin = texts.Zone("Europe/Berlin");
    ASSERT_NE(berlin, nullptr);
    EXPECT_EQ(berlin->name(), "Europe/Berlin");
    const absl::TimeZone* offset = texts.Zone("+11:00");
    ASSERT_NE(offset, nullptr);
    EXPECT_EQ(*offset, absl::FixedTimeZone(11 * 3600));
    EXPECT_EQ(texts.Zone("Europe/Atlantis"), nullptr);
    EXPECT_EQ(texts.Zone(std::string(1000, 'x')), nullptr);
  }
}

}  // namespace
}  // namespace touchstone::rules::expr
