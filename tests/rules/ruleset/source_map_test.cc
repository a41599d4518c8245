#include "rules/ruleset/source_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "rules/ruleset/files.h"
#include "tests/rules/ruleset/sample_folder.h"

namespace touchstone::rules {
namespace {

LoadedRuleSet LoadOffer(const std::string& body) {
  return LoadRuleSetFiles(SmallestFolderWith({"offers/a.yaml", "offer: a\n" + body}));
}

// A finding on the part `part` of the text of `path`.
Diagnostic AtPart(const LoadedRuleSet& loaded, const std::string& path, const std::string& text,
                  const std::string& part) {
  const size_t begin = text.find(part);
  EXPECT_NE(begin, std::string::npos);
  const expr::SourceSpan span{static_cast<uint32_t>(begin),
                              static_cast<uint32_t>(begin + part.size())};
  return loaded.sources.At(Severity::kError, "code", path, "message", "hint", span);
}

std::string Underlined(const Diagnostic& diagnostic) {
  const size_t begin = static_cast<size_t>(diagnostic.excerpt_begin - 1);
  return diagnostic.excerpt.substr(
      begin, static_cast<size_t>(diagnostic.excerpt_end - diagnostic.excerpt_begin));
}

TEST(SourceMapTest, PointsIntoAPlainExpression) {
  const LoadedRuleSet loaded = LoadOffer("eligible: customer.teir == 1\n");
  const Diagnostic found =
      AtPart(loaded, "offers[a].eligible", loaded.message.offers(0).eligible(), "teir");
  EXPECT_EQ(found.file, "offers/a.yaml");
  EXPECT_EQ(found.line, 2);
  EXPECT_EQ(found.column, 20);
  EXPECT_EQ(found.field_path, "offers[a].eligible");
  EXPECT_EQ(Underlined(found), "teir");
}

TEST(SourceMapTest, PointsIntoAQuotedExpressionWithoutEscapes) {
  const LoadedRuleSet loaded = LoadOffer("value: 'x == \"y\"'\nrequires: \"a + b\"\n");
  const v1::Offer& offer = loaded.message.offers(0);
  const Diagnostic single = AtPart(loaded, "offers[a].value", offer.value(), "\"y\"");
  EXPECT_EQ(single.line, 2);
  EXPECT_EQ(single.column, 14);
  EXPECT_EQ(Underlined(single), "\"y\"");
  const Diagnostic twice = AtPart(loaded, "offers[a].requires", offer.requires_condition(), "b");
  EXPECT_EQ(twice.line, 3);
  EXPECT_EQ(twice.column, 16);
}

TEST(SourceMapTest, CountsColumnsInCharactersBeforeAndInsideAnExpression) {
  const LoadedRuleSet loaded = LoadOffer("limits: [{ id: größe, at_most: 'ü == wrong' }]\n");
  const Diagnostic found = AtPart(loaded, "offers[a].limits[größe].at_most",
                                  loaded.message.offers(0).limits(0).at_most(), "wrong");
  EXPECT_EQ(found.line, 2);
  EXPECT_EQ(found.column, 38);
}

TEST(SourceMapTest, CountsColumnsOfTheExpressionInsideEscapedAndFoldedScalars) {
  const LoadedRuleSet loaded =
      LoadOffer("eligible: \"a == \\\"x\\\" && wrong\"\nrequires: >\n  one &&\n  wrong\n");
  const v1::Offer& offer = loaded.message.offers(0);
  const Diagnostic escaped = AtPart(loaded, "offers[a].eligible", offer.eligible(), "wrong");
  EXPECT_EQ(escaped.line, 2);
  EXPECT_EQ(escaped.column, 13);  // of `a == "x" && wrong`
  EXPECT_EQ(escaped.excerpt, "a == \"x\" && wrong");
  EXPECT_EQ(Underlined(escaped), "wrong");
  const Diagnostic folded =
      AtPart(loaded, "offers[a].requires", offer.requires_condition(), "wrong");
  EXPECT_EQ(folded.line, 3);  // of the key
  EXPECT_EQ(folded.column, 8);
  EXPECT_EQ(Underlined(folded), "wrong");
}

TEST(SourceMapTest, ADoubledQuoteIsAnEscape) {
  const LoadedRuleSet loaded = LoadOffer("eligible: 'a == ''x'' && wrong'\n");
  const Diagnostic found =
      AtPart(loaded, "offers[a].eligible", loaded.message.offers(0).eligible(), "wrong");
  EXPECT_EQ(found.column, 13);
  EXPECT_EQ(Underlined(found), "wrong");
}

TEST(SourceMapTest, UnderlinesAValueAndForACollectionItsKey) {
  const LoadedRuleSet loaded = LoadOffer("title: Two words\nwindow:\n  from: 2026-11-01\n");
  const auto at = [&](const char* path) {
    return loaded.sources.At(Severity::kError, "code", path, "message", "");
  };
  EXPECT_EQ(Underlined(at("offers[a].title")), "Two words");
  EXPECT_EQ(Underlined(at("offers[a].window")), "window");
  EXPECT_EQ(at("offers[a].window").line, 3);
}

TEST(SourceMapTest, FallsBackToTheNearestKnownField) {
  const LoadedRuleSet loaded = LoadOffer("window: { from: 2026-11-01 }\n");
  const Diagnostic found = loaded.sources.At(Severity::kError, "code", "offers[a].window.through",
                                             "message", "", expr::SourceSpan{3, 4});
  EXPECT_EQ(found.line, 2);
  EXPECT_EQ(Underlined(found), "window");
  EXPECT_EQ(loaded.sources.Find("offers[b].window"), nullptr);
  EXPECT_EQ(loaded.sources.At(Severity::kError, "code", "offers[b].window", "m", "").line, 0);
}

TEST(SourceMapTest, NamesElementsByIdOrPosition) {
  const LoadedRuleSet loaded = LoadRuleSetFiles(SampleFolder("whole_shape"));
  ASSERT_THAT(loaded.diagnostics, testing::IsEmpty());
  const auto line = [&](const char* path) {
    const SourceMap::Place* place = loaded.sources.Find(path);
    return place == nullptr ? "" : std::string(loaded.sources.Line(place->file, place->line));
  };
  const auto holds = [](const char* text) { return testing::HasSubstr(text); };
  EXPECT_THAT(line("schema.customer[tier].default"), holds("tier:"));
  EXPECT_THAT(line("schema.computed[customer.age].is"), holds("customer.age:"));
  EXPECT_THAT(line("segments[loyal].when"), holds("name: loyal"));
  EXPECT_THAT(line("placements[receipt].fallback[0]"), holds("receipt:"));
  EXPECT_THAT(line("offers[beans-20].limits[weekly].at_most"), holds("limits:"));
  EXPECT_THAT(line("offers[beans-20].treatments[receipt].fields[text].by_locale[de]"),
              holds("receipt:"));
  EXPECT_THAT(line("offers[beans-20].benefit.at_most.amounts[EUR]"), holds("benefit:"));
  EXPECT_THAT(line("policy.contact[household-said-no].cooldown"), holds("household-said-no"));
  EXPECT_THAT(line("budgets[coffee-autumn].per_day"), holds("coffee-autumn:"));
  EXPECT_THAT(line("tests[0].expect.applied"), holds("expect:"));
  EXPECT_THAT(line("test_reference[product/HB-BREAD].fields[brand]"), holds("HB-BREAD"));
  EXPECT_THAT(line("settings.currencies[1]"), holds("currencies:"));
}

TEST(SourceMapTest, NamesAnElementByPositionWhenItsIdIsTaken) {
  const LoadedRuleSet loaded = LoadRuleSetFiles(SmallestFolderWith(
      {"segments.yaml", "segments:\n- { name: a, when: x }\n- { name: a, when: y }\n"}));
  EXPECT_EQ(loaded.sources.Find("segments[a].when")->line, 2);
  EXPECT_EQ(loaded.sources.Find("segments[1].when")->line, 3);
}

}  // namespace
}  // namespace touchstone::rules
