// Each code has one example in golden_diagnostics/CODE.txt: the change to the sample rule set, a
// blank line, and what an author then reads. With TOUCHSTONE_WRITE_GOLDEN set the second half is
// written anew, to be read before it is committed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "rules/proof/golden.h"
#include "rules/proof/warnings.h"
#include "rules/ruleset/diagnostic_codes.h"
#include "tests/rules/proof/edited_folder.h"
#include "tests/rules/ruleset/sample_folder.h"

namespace touchstone::rules {
namespace {

constexpr char kFolder[] = "tests/rules/proof/golden_diagnostics/";

absl::Time Now() { return absl::FromCivil(absl::CivilDay(2026, 11, 22), absl::UTCTimeZone()); }

// All that validation and golden tests find.
Diagnostics FindingsOf(const std::vector<SourceFile>& files) {
  const LoadedRuleSet loaded = LoadRuleSetFiles(files);
  Diagnostics all = loaded.diagnostics;
  if (HasErrors(all)) return all;
  const CompileResult result = CompileAndWarn(loaded.message, loaded.sources, Now());
  all.insert(all.end(), result.diagnostics.begin(), result.diagnostics.end());
  if (result.rule_set == nullptr) return all;
  const GoldenReport report = RunGoldenTests(loaded.message, *result.rule_set);
  for (Diagnostic& finding : GoldenDiagnostics(report, loaded.sources)) {
    all.push_back(std::move(finding));
  }
  return all;
}

std::string RenderThoseOf(absl::string_view code, const Diagnostics& findings) {
  std::string out;
  size_t others = 0;
  for (const Diagnostic& finding : findings) {
    if (finding.code == code) {
      out += Render(finding);
    } else {
      ++others;
    }
  }
  if (others > 0) absl::StrAppend(&out, "(", others, " of other codes)\n");
  return out;
}

class DiagnosticsGoldenTest : public testing::TestWithParam<DiagnosticCode> {};

TEST_P(DiagnosticsGoldenTest, ReadsAsWritten) {
  const std::string code(GetParam().code);
  const std::string path = absl::StrCat(kFolder, code, ".txt");
  const std::string text = ReadSourceFile(path);
  ASSERT_NE(text, "") << "the code has no example: write " << path;
  const size_t blank = text.find("\n\n");
  ASSERT_NE(blank, std::string::npos) << "the change, a blank line, what is said of it";
  const std::vector<std::string> edits = absl::StrSplit(text.substr(0, blank), '\n');
  const auto files = Edited(SampleFolder("sample"), edits);
  ASSERT_TRUE(files.ok()) << files.status();
  const Diagnostics findings = FindingsOf(*files);
  for (const Diagnostic& finding : findings) {
    if (finding.code != code) continue;
    EXPECT_EQ(finding.severity, GetParam().severity);
  }
  const std::string rendered = RenderThoseOf(code, findings);
  EXPECT_THAT(rendered, testing::HasSubstr(absl::StrCat("[", code, "]")));
  if (std::getenv("TOUCHSTONE_WRITE_GOLDEN") != nullptr) {
    std::ofstream(absl::StrCat(std::getenv("TOUCHSTONE_SOURCE_DIR"), "/", path), std::ios::binary)
        << text.substr(0, blank + 2) << rendered;
    return;
  }
  EXPECT_EQ(rendered, text.substr(blank + 2));
}

INSTANTIATE_TEST_SUITE_P(All, DiagnosticsGoldenTest, testing::ValuesIn(AllDiagnosticCodes()),
                         [](const testing::TestParamInfo<DiagnosticCode>& test) {
                           return std::string(test.param.code);
                         });

TEST(DiagnosticsGoldenFilesTest, TheSampleThatTheyChangeHasNoFindings) {
  for (const Diagnostic& finding : FindingsOf(SampleFolder("sample"))) {
    ADD_FAILURE() << Render(finding);
  }
}

TEST(DiagnosticsGoldenFilesTest, EachFileIsOfACode) {
  std::set<std::string> codes;
  for (const DiagnosticCode& code : AllDiagnosticCodes()) codes.insert(std::string(code.code));
  const std::filesystem::path folder =
      std::filesystem::path(std::getenv("TOUCHSTONE_SOURCE_DIR")) / kFolder;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    EXPECT_TRUE(codes.count(file.path().stem().string())) << file.path() << " is of no code";
  }
}

}  // namespace
}  // namespace touchstone::rules
