// How many of the mistakes that marketers make are stopped or warned of before publishing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "rules/proof/warnings.h"
#include "tests/rules/proof/edited_folder.h"
#include "tests/rules/ruleset/sample_folder.h"

namespace touchstone::rules {
namespace {

struct Slip {
  std::string what;
  std::string code;
  std::vector<std::string> edits;
};

std::vector<Slip> ReadSlips(const std::string& file) {
  std::vector<Slip> slips;
  const std::string text = ReadSourceFile("tests/rules/proof/" + file);
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(text, '\n'))) {
    if (absl::StartsWith(line, "= ")) {
      slips.push_back({line.substr(2), "", {}});
    } else if (!line.empty() && !absl::StartsWith(line, "#")) {
      Slip& slip = slips.back();
      if (slip.code.empty()) {
        slip.code = line;
      } else {
        slip.edits.push_back(line);
      }
    }
  }
  return slips;
}

std::vector<SourceFile> DemoFolder() { return SampleFolder("../../../deploy/demo/rules"); }

Diagnostics FindingsAt(const std::vector<SourceFile>& files, absl::CivilDay day) {
  const LoadedRuleSet loaded = LoadRuleSetFiles(files);
  Diagnostics all = loaded.diagnostics;
  if (HasErrors(all)) return all;
  const absl::Time now = absl::FromCivil(day, absl::UTCTimeZone());
  const CompileResult result = CompileAndWarn(loaded.message, loaded.sources, now);
  all.insert(all.end(), result.diagnostics.begin(), result.diagnostics.end());
  return all;
}

TEST(PlantedSlipsTest, AtLeastNinetyFivePercentAreStoppedOrWarnedOf) {
  const std::vector<Slip> slips = ReadSlips("planted_slips.txt");
  ASSERT_GE(slips.size(), 60u);
  size_t missed = 0;
  for (const Slip& slip : slips) {
    SCOPED_TRACE(slip.what);
    const auto files = Edited(DemoFolder(), slip.edits);
    EXPECT_TRUE(files.ok()) << files.status();
    if (!files.ok()) continue;
    std::vector<std::string> codes;
    for (const Diagnostic& finding : FindingsAt(*files, absl::CivilDay(2026, 11, 22))) {
      codes.push_back(finding.code);
    }
    const bool is_expected_miss = slip.code == "missed";
    if (is_expected_miss) {
      EXPECT_THAT(codes, testing::IsEmpty()) << "found after all: write its code down";
    } else {
      EXPECT_THAT(codes, testing::Contains(slip.code));
    }
    if (!codes.empty()) continue;
    ++missed;
    std::cout << "missed: " << slip.what << "\n  " << absl::StrJoin(slip.edits, "\n  ") << "\n";
  }
  std::cout << slips.size() - missed << " of " << slips.size() << " stopped or warned of\n";
  EXPECT_LE(missed * 20, slips.size());
}

TEST(PlantedSlipsTest, ChangesThatMakeSenseAreNotWarnedOf) {
  const std::vector<Slip> changes = ReadSlips("sound_changes.txt");
  ASSERT_GE(changes.size(), 15u);
  for (const Slip& change : changes) {
    SCOPED_TRACE(change.what);
    EXPECT_EQ(change.code, "nothing");
    const auto files = Edited(DemoFolder(), change.edits);
    EXPECT_TRUE(files.ok()) << files.status();
    if (!files.ok()) continue;
    for (const Diagnostic& finding : FindingsAt(*files, absl::CivilDay(2026, 11, 22))) {
      ADD_FAILURE() << Render(finding);
    }
  }
}

TEST(PlantedSlipsTest, TheDemoItselfHasNoFindingsNowOrLater) {
  // Its windows are open until the end of 2029.
  for (const absl::CivilDay day :
       {absl::CivilDay(2026, 11, 22), absl::CivilDay(2027, 3, 1), absl::CivilDay(2029, 12, 31)}) {
    for (const Diagnostic& finding : FindingsAt(DemoFolder(), day)) {
      ADD_FAILURE() << day << ": " << Render(finding);
    }
  }
}

}  // namespace
}  // namespace touchstone::rules
