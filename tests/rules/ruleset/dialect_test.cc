#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <string>

#include "rules/ruleset/files.h"
#include "tests/rules/ruleset/dialect_cases.h"
#include "tests/rules/ruleset/sample_folder.h"

namespace touchstone::rules {
namespace {

std::string AllOf(const Diagnostics& diagnostics) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) out += Render(diagnostic);
  return out;
}

class DialectTest : public testing::TestWithParam<DialectCase> {};

TEST_P(DialectTest, IsRefusedWithCodePlaceAndHint) {
  const DialectCase& refused = GetParam();
  const LoadedRuleSet loaded = LoadRuleSetFiles(SmallestFolderWith({refused.path, refused.bytes}));
  ASSERT_EQ(loaded.diagnostics.size(), 1u) << AllOf(loaded.diagnostics);
  const Diagnostic& found = loaded.diagnostics[0];
  EXPECT_EQ(found.code, refused.code);
  EXPECT_EQ(found.severity, Severity::kError);
  EXPECT_EQ(found.file, refused.path);
  EXPECT_EQ(found.line, refused.line) << Render(found);
  EXPECT_EQ(found.column, refused.column) << Render(found);
  EXPECT_THAT(found.hint, testing::HasSubstr(refused.hint));
  EXPECT_FALSE(found.message.empty());
}

std::string CamelCase(const testing::TestParamInfo<DialectCase>& info) {
  std::string name;
  bool word_begins = true;
  for (const char c : std::string(info.param.name)) {
    const auto letter = static_cast<unsigned char>(c);
    if (std::isalnum(letter) != 0) {
      name += static_cast<char>(word_begins ? std::toupper(letter) : letter);
    }
    word_begins = std::isalnum(letter) == 0;
  }
  return name + std::to_string(info.index);
}

INSTANTIATE_TEST_SUITE_P(Refused, DialectTest, testing::ValuesIn(DialectCases()), CamelCase);

v1::Offer Accepted(const std::string& body) {
  const LoadedRuleSet loaded =
      LoadRuleSetFiles(SmallestFolderWith({"offers/a.yaml", "offer: a\n" + body}));
  EXPECT_THAT(loaded.diagnostics, testing::IsEmpty()) << AllOf(loaded.diagnostics);
  return loaded.message.offers(0);
}

TEST(AcceptedDialectTest, ReadsEveryScalarAsText) {
  const v1::Offer offer =
      Accepted("title: null\ngroup: 0x1F\nchannels: [yes, 1e3, ~, 12:30:45]\nvalue: 'it''s'\n");
  EXPECT_EQ(offer.title(), "null");
  EXPECT_EQ(offer.group(), "0x1F");
  EXPECT_THAT(offer.channels(), testing::ElementsAre("yes", "1e3", "~", "12:30:45"));
  EXPECT_EQ(offer.value(), "it's");
}

TEST(AcceptedDialectTest, AllowsACommentAfterAnOrdinaryValue) {
  EXPECT_EQ(Accepted("applies: never   # for now\n").applies(), "never");
  EXPECT_EQ(Accepted("window: { zone: store }   # local days\n").window().zone(), "store");
}

TEST(AcceptedDialectTest, AllowsACommentSignThatIsQuotedOrPartOfAWord) {
  EXPECT_EQ(Accepted("eligible: 'a == \"x #1\"'  # note\n").eligible(), "a == \"x #1\"");
  EXPECT_EQ(Accepted("eligible: a#b\n").eligible(), "a#b");
}

TEST(AcceptedDialectTest, AllowsAConditionOverSeveralLines) {
  EXPECT_EQ(Accepted("eligible:\n  a &&\n  !b\n").eligible(), "a && !b");
  EXPECT_EQ(Accepted("eligible: >-\n  a &&\n  !b\n").eligible(), "a && !b");
}

TEST(AcceptedDialectTest, ReadsWindowsLineBreaks) {
  const v1::Offer offer = Accepted("title: a b\r\nchannels:\r\n- pos\r\n");
  EXPECT_EQ(offer.title(), "a b");
  EXPECT_THAT(offer.channels(), testing::ElementsAre("pos"));
}

TEST(AcceptedDialectTest, ReadsANumberAtTheEdgeOfItsRange) {
  EXPECT_EQ(Accepted("stacking: { priority: -2147483648 }\n").stacking().priority(), INT32_MIN);
  const LoadedRuleSet loaded =
      LoadRuleSetFiles(SmallestFolderWith({"budgets.yaml", "a: { uses: 9223372036854775807 }\n"}));
  EXPECT_EQ(loaded.message.budgets().at("a").uses(), INT64_MAX);
}

TEST(AcceptedDialectTest, ReadsTheDeepestNesting) {
  const std::string bytes = "S: { c: " + std::string(30, '[') + std::string(30, ']') + " }\n";
  const LoadedRuleSet loaded =
      LoadRuleSetFiles(SmallestFolderWith({"tests/reference/store.yaml", bytes}));
  EXPECT_THAT(loaded.diagnostics, testing::IsEmpty()) << AllOf(loaded.diagnostics);
}

TEST(AcceptedDialectTest, ReadsTheLargestFile) {
  std::string bytes = "offer: a\ntitle: ";
  bytes.append(kMaxRuleSetFileBytes - bytes.size(), 'x');
  const LoadedRuleSet loaded = LoadRuleSetFiles(SmallestFolderWith({"offers/a.yaml", bytes}));
  EXPECT_THAT(loaded.diagnostics, testing::IsEmpty());
}

TEST(AcceptedDialectTest, ReadsOneTextForEveryLocaleAndOneForEach) {
  const v1::Offer offer = Accepted(
      "treatments: { r: { a: Hello, b: { en: Hello, de: Hallo }, c: { de: Hallo, otherwise: Hi } "
      "} }\n");
  const auto& fields = offer.treatments().at("r").fields();
  EXPECT_EQ(fields.at("a").text(), "Hello");
  EXPECT_EQ(fields.at("b").by_locale().at("de"), "Hallo");
  EXPECT_EQ(fields.at("c").text(), "Hi");
  EXPECT_EQ(fields.at("c").by_locale_size(), 1);
}

TEST(AcceptedDialectTest, ReadsQuotedSkus) {
  const LoadedRuleSet loaded = LoadRuleSetFiles(
      SmallestFolderWith({"lists/a.csv", "sku\r\nA-1\r\n\"B,2\"\r\n\"C\"\"3\"\r\n"}));
  EXPECT_THAT(loaded.diagnostics, testing::IsEmpty()) << AllOf(loaded.diagnostics);
  EXPECT_THAT(loaded.message.lists().at("a").skus(), testing::ElementsAre("A-1", "B,2", "C\"3"));
}

}  // namespace
}  // namespace touchstone::rules
