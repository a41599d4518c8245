#include <google/protobuf/text_format.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "rules/ruleset/diagnostic_codes.h"
#include "tests/rules/ruleset/compile_fixture.h"
#include "tests/rules/ruleset/finding_case.h"

namespace touchstone::rules {

std::vector<FindingCase> AllFindingCases() {
  std::vector<FindingCase> all;
  for (const auto& cases : {SettingsCases(), SchemaCases(), DerivedFactCases(), TableCases(),
                            FrameCases(), OfferCases(), BudgetCases(), TextCases(), NearMissCases(),
                            GoldenCases(), UnsupportedCases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

namespace {

class CompileFindingsTest : public CompileTest, public testing::WithParamInterface<FindingCase> {};

TEST_P(CompileFindingsTest, FindsExactlyThis) {
  const FindingCase& c = GetParam();
  Edit([&c](v1::RuleSet& message) {
    ASSERT_TRUE(google::protobuf::TextFormat::MergeFromString(c.merge, &message)) << c.merge;
    if (c.edit) c.edit(message);
  });
  const CompileResult result = Compile();
  EXPECT_EQ(Findings(), c.findings);
  bool has_error = false;
  for (const std::string& finding : c.findings) has_error |= finding.rfind("warning", 0) != 0;
  EXPECT_EQ(result.rule_set == nullptr, has_error);
  if (c.says.empty() || result.diagnostics.empty()) return;
  EXPECT_THAT(absl::StrCat(result.diagnostics[0].message, " / ", result.diagnostics[0].hint),
              testing::HasSubstr(c.says));
}

INSTANTIATE_TEST_SUITE_P(All, CompileFindingsTest, testing::ValuesIn(AllFindingCases()),
                         [](const testing::TestParamInfo<FindingCase>& test) {
                           return test.param.name;
                         });

TEST(FindingCasesTest, EveryCodeOfTheCompilerHasOne) {
  std::set<std::string> seen;
  for (const FindingCase& c : AllFindingCases()) {
    for (const std::string& finding : c.findings) {
      const size_t begin = finding.rfind("warning: ", 0) == 0 ? 9 : 0;
      seen.insert(finding.substr(begin, finding.find(' ', begin) - begin));
    }
  }
  for (const DiagnosticCode& code : CompilerDiagnosticCodes()) {
    EXPECT_TRUE(seen.count(std::string(code.code))) << code.code << " has no case";
  }
}

}  // namespace
}  // namespace touchstone::rules
