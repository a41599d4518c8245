#include "rules/ruleset/diagnostic.h"

#include <gtest/gtest.h>

namespace touchstone::rules {
namespace {

TEST(DiagnosticTest, RendersPlaceMessageUnderlineAndHint) {
  Diagnostic diagnostic;
  diagnostic.code = "unknown_name";
  diagnostic.file = "offers/beans-20.yaml";
  diagnostic.line = 14;
  diagnostic.column = 11;
  diagnostic.message = "`custmer` is not known";
  diagnostic.hint = "did you mean `customer`?";
  SetExcerpt(diagnostic, "eligible: custmer.tier == 'gold'", 11, 18);
  EXPECT_EQ(Render(diagnostic),
            "offers/beans-20.yaml:14:11: error: `custmer` is not known [unknown_name]\n"
            "  eligible: custmer.tier == 'gold'\n"
            "            ^^^^^^^\n"
            "  hint: did you mean `customer`?\n");
}

TEST(DiagnosticTest, RendersAFindingOnAMessageByItsFieldPath) {
  Diagnostic diagnostic;
  diagnostic.severity = Severity::kWarning;
  diagnostic.code = "past_window";
  diagnostic.field_path = "offers[beans-20].window";
  diagnostic.message = "the window is over";
  EXPECT_EQ(Render(diagnostic),
            "offers[beans-20].window: warning: the window is over [past_window]\n");
}

TEST(DiagnosticTest, RendersAFileAsAWholeWithoutLine) {
  Diagnostic diagnostic;
  diagnostic.code = "missing_file";
  diagnostic.file = "schema.yaml";
  diagnostic.message = "this file is missing";
  EXPECT_EQ(Render(diagnostic), "schema.yaml: error: this file is missing [missing_file]\n");
}

TEST(DiagnosticTest, KeepsOnlyThePartOfALongLineThatMatters) {
  const std::string line = std::string(500, 'a') + "WRONG" + std::string(500, 'b');
  Diagnostic diagnostic;
  SetExcerpt(diagnostic, line, 501, 506);
  EXPECT_EQ(diagnostic.excerpt.size(), static_cast<size_t>(kMaxExcerptCharacters));
  const auto begin = static_cast<size_t>(diagnostic.excerpt_begin - 1);
  const auto width = static_cast<size_t>(diagnostic.excerpt_end - diagnostic.excerpt_begin);
  EXPECT_EQ(diagnostic.excerpt.substr(begin, width), "WRONG");
}

TEST(DiagnosticTest, UnderlinesCharactersNotBytes) {
  Diagnostic diagnostic;
  diagnostic.code = "c";
  diagnostic.file = "f";
  SetExcerpt(diagnostic, "größe: x", 8, 9);
  EXPECT_EQ(Render(diagnostic), "f: error:  [c]\n  größe: x\n         ^\n");
}

TEST(DiagnosticTest, FindingsBeyondTheLimitAreLeftOutAndThatIsSaid) {
  Diagnostics diagnostics;
  for (size_t i = 0; i < kMaxFindings; ++i) AddFinding(Diagnostic{}, diagnostics);
  EXPECT_EQ(diagnostics.back().code, "");
  for (int i = 0; i < 3; ++i) AddFinding(Diagnostic{}, diagnostics);
  EXPECT_EQ(diagnostics.size(), kMaxFindings + 1);
  EXPECT_EQ(diagnostics.back().code, "too_many_findings");
}

TEST(DiagnosticTest, AWarningIsNotAnError) {
  Diagnostic warning;
  warning.severity = Severity::kWarning;
  EXPECT_FALSE(HasErrors({warning}));
  EXPECT_TRUE(HasErrors({warning, Diagnostic{}}));
  EXPECT_FALSE(HasErrors({}));
}

}  // namespace
}  // namespace touchstone::rules
