// `touchstone import budgets`, from the file to `touchstone budgets list`.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/cli/cli.h"
#include "store/store.h"
#include "tests/server/cli/command_line.h"
#include "tests/server/grocery_rules.h"
#include "tests/server/rule_set_source.h"

namespace touchstone::server {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kBudgets[] = R"(autumn: { amount: 100.00 EUR, uses: 40, per_day: 20.00 EUR }
bags: { uses: 7 }
)";
constexpr char kMapping[] = R"(kind: budgets
batch: move-2026
source: old-system
budget: name
uses: uses
amount: { column: spent, currency: EUR }
day: day
day_amount: { column: today, currency: EUR }
)";
constexpr char kHeader[] = "name,uses,spent,day,today\n";

class BudgetCommandsTest : public CommandLine {
 protected:
  BudgetCommandsTest() {
    v1::RuleSetSource rules = GroceryRules();
    AddFile("budgets.yaml", kBudgets, &rules);
    server_.Publish(rules);
  }

  Ran Import(const std::string& file, const std::vector<std::string>& more = {}) {
    return ImportOnServer("budgets", file, mapping_, more);
  }

  const std::string mapping_ = Write("budgets.yaml", kMapping);
};

constexpr char kUnused[] =
    "autumn  0 of 40 uses  0.00 EUR of 100.00 EUR  2026-11-20: 0.00 EUR of 20.00 EUR\n"
    "bags    0 of 7 uses\n";

TEST_F(BudgetCommandsTest, BooksOnceAndSaysWhichRowsItCannot) {
  const std::string file = Write("used.csv", absl::StrCat(kHeader,
                                                          "autumn,12,34.50,2026-11-20,3.10\n"
                                                          "autumn,12,34.50,2026-11-20,3.10\n"
                                                          "autumn,12,34.51,2026-11-20,3.10\n"
                                                          "bags,8,,,\n"
                                                          "none,1,,,\n"
                                                          "bags,,,,\n"
                                                          "bags,x,,,\n"
                                                          "bags,7,,,\n"));
  Ran ran = Import(file, {"--dry-run"});
  EXPECT_EQ(ran.exit_code, kExitFindings) << ran.err;
  // Of a budget a dry run looks at the first row alone.
  EXPECT_THAT(ran.out, HasSubstr("8 rows: 1 would be imported, 1 there already, 0 left out by the "
                                 "mapping, 6 quarantined\n"));
  EXPECT_EQ(OnServer({"budgets", "list"}).out, kUnused);

  ran = Import(file);
  EXPECT_EQ(ran.exit_code, kExitFindings) << ran.err;
  EXPECT_EQ(ran.out, absl::StrCat("8 rows: 2 imported, 1 there already, 0 left out by the mapping, "
                                  "5 quarantined\n",
                                  file, ".quarantine.csv says which rows and why\n"));
  const std::string quarantine = Read(file + ".quarantine.csv");
  for (const char* row : {"4,\"this batch has booked another opening use of the budget",
                          "5,\"the budget has fewer uses left",
                          "6,\"the active revision has no budget of this name\"",
                          "7,\"uses: must be above 0", "8,\"uses: "}) {
    EXPECT_THAT(quarantine, HasSubstr(row));
  }
  const std::string used =
      "autumn  12 of 40 uses  34.50 EUR of 100.00 EUR  2026-11-20: 3.10 EUR of 20.00 EUR\n"
      "bags    7 of 7 uses\n";
  EXPECT_EQ(OnServer({"budgets", "list"}).out, used);

  ran = Import(file, {"--json"});
  EXPECT_THAT(ran.out, HasSubstr("{\"rows\":8,\"imported\":0,\"duplicate\":3,\"left_out\":0,"
                                 "\"quarantined\":5,"));
  EXPECT_EQ(OnServer({"budgets", "list"}).out, used);
  EXPECT_FALSE(std::filesystem::exists(file + ".import-state.json"));
}

TEST_F(BudgetCommandsTest, ManyRowsGoInBatchesThatTheServerTakes) {
  std::string rows = kHeader;
  for (int i = 0; i < 2500; ++i) absl::StrAppend(&rows, "bags,7,,,\n");
  const Ran ran = Import(Write("used.csv", rows));
  EXPECT_EQ(ran.exit_code, kExitFine) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("2500 rows: 1 imported, 2499 there already"));
}

TEST_F(BudgetCommandsTest, TheReportOnDataQualityAndTheAuditLogKnowOfIt) {
  Import(Write("used.csv", absl::StrCat(kHeader, "bags,3,,,\nnone,1,,,\n")));
  grpc::ClientContext context;
  v1::DataQuality report;
  ASSERT_TRUE(
      server_.reports().GetDataQuality(&context, v1::GetDataQualityRequest(), &report).ok());
  ASSERT_THAT(report.import_runs(), SizeIs(1));
  EXPECT_EQ(report.import_runs(0).kind(), "budgets");
  EXPECT_EQ(report.import_runs(0).source(), "old-system");
  EXPECT_EQ(report.import_runs(0).imported_count(), 1);
  server_.Stop();
  store::StoreOptions options;
  options.path = server_.data_dir() + "/store";
  const auto store = store::Store::Open(options);
  ASSERT_TRUE(store.ok()) << store.status();
  bool is_audited = false;
  const auto records = *(*store)->ListAudit(0, 100);
  for (const auto& record : records) {
    is_audited |= record.action() == "import_budgets" && record.resource() == "move-2026" &&
                  record.detail() == "1 budget";
  }
  EXPECT_TRUE(is_audited);
}

TEST_F(BudgetCommandsTest, ListsForProgramsAsJson) {
  const Ran ran = OnServer({"budgets", "list", "--json"});
  EXPECT_EQ(ran.exit_code, kExitFine) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("\"budget\": \"bags\",\n   \"max_uses\": \"7\","));
}

TEST_F(BudgetCommandsTest, ThereIsNoOfflineImport) {
  EXPECT_EQ(Import(Write("used.csv", kHeader), {"--offline"}).exit_code, kExitUsage);
}

}  // namespace
}  // namespace touchstone::server
