#include "server/import/import_state.h"

#include <fstream>
#include <iterator>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::server {
namespace {

using ::testing::HasSubstr;

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
}

BatchOutcome Outcome(int64_t imported, int64_t refused_line) {
  BatchOutcome outcome;
  outcome.imported = imported;
  outcome.refused.push_back({refused_line, "tier: `platin` is not known", "a,b", false});
  return outcome;
}

class ImportStateTest : public ::testing::Test {
 protected:
  ImportProgress Begin() {
    ImportProgress begin;
    begin.identity = "file";
    begin.run_id = "run";
    return begin;
  }

  store::TemporaryDirectory directory_;
  const std::string path_ = directory_.Sub("state.json");
  const std::string quarantine_path_ = directory_.Sub("q.csv");
};

TEST_F(ImportStateTest, OutcomesTakeEffectInTheOrderOfTheirBatches) {
  Quarantine quarantine(quarantine_path_);
  ImportState state(path_, Begin(), &quarantine);
  state.Settle(2, Outcome(10, 30));
  EXPECT_EQ(state.progress().settled, 0);
  EXPECT_EQ(state.progress().totals.rows, 0);
  state.Settle(1, Outcome(5, 8));
  EXPECT_EQ(state.progress().settled, 2);
  const ImportTotals totals = state.progress().totals;
  EXPECT_EQ(totals.rows, 17);
  EXPECT_EQ(totals.imported, 15);
  EXPECT_EQ(totals.quarantined, 2);
  EXPECT_EQ(totals.reasons.at("tier: is not known"), 2);
  state.Save();
  EXPECT_EQ(ReadFile(quarantine_path_),
            "line,reason,row\n8,\"tier: `platin` is not known\",\"a,b\"\n"
            "30,\"tier: `platin` is not known\",\"a,b\"\n");
}

TEST_F(ImportStateTest, ALaterRunGoesOnWithTotalsAndQuarantine) {
  std::string kept;
  {
    Quarantine quarantine(quarantine_path_);
    ImportState state(path_, Begin(), &quarantine);
    state.Settle(1, Outcome(5, 8));
    state.Save();
    kept = ReadFile(quarantine_path_);
    // It had come further when it was killed.
    state.Settle(2, Outcome(7, 9));
    quarantine.Flush();
  }
  bool changed = true;
  const auto found = ImportState::Find(path_, "file", &changed);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_TRUE(found->has_value());
  EXPECT_FALSE(changed);
  EXPECT_EQ((*found)->run_id, "run");
  Quarantine quarantine(quarantine_path_);
  ASSERT_TRUE(quarantine.KeepFirst((*found)->quarantine_bytes).ok());
  EXPECT_EQ(ReadFile(quarantine_path_), kept);
  ImportState state(path_, **found, &quarantine);
  EXPECT_EQ(state.settled_before(), 1);
  state.Settle(2, Outcome(7, 9));
  state.Forget();
  EXPECT_EQ(state.progress().totals.rows, 14);
  EXPECT_EQ(state.progress().totals.reasons.at("tier: is not known"), 2);
  EXPECT_EQ(ReadFile(quarantine_path_), kept + "9,\"tier: `platin` is not known\",\"a,b\"\n");
  EXPECT_FALSE(ImportState::Find(path_, "file", &changed)->has_value());
}

TEST_F(ImportStateTest, WhatIsOfAnotherFileIsNotGoneOnWith) {
  Quarantine quarantine(quarantine_path_);
  ImportState state(path_, Begin(), &quarantine);
  state.Save();
  bool changed = false;
  EXPECT_FALSE(ImportState::Find(path_, "another", &changed)->has_value());
  EXPECT_TRUE(changed);
  std::ofstream(path_) << "{\"rows\":";
  EXPECT_THAT(std::string(ImportState::Find(path_, "file", &changed).status().message()),
              HasSubstr("--restart"));
}

TEST_F(ImportStateTest, AQuarantineThatIsGoneIsNotGoneOnWith) {
  Quarantine quarantine(quarantine_path_);
  EXPECT_EQ(quarantine.KeepFirst(10).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(QuarantineTest, AReasonForAReportHoldsNoCell) {
  EXPECT_EQ(ReasonWithoutValues("line 12: paid: `12,50` is not a number", false),
            "paid: is not a number");
  EXPECT_EQ(ReasonWithoutValues("events[17].event.fields[tier]: as `enum` is declared", true),
            "events[].event.fields[tier]: as `enum` is declared");
  EXPECT_EQ(ReasonWithoutValues(std::string(300, 'x'), false).size(), 200u);
}

}  // namespace
}  // namespace touchstone::server
