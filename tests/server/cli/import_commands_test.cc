// `touchstone import grants`, from the file to the customer's grants.

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/cli/cli.h"
#include "tests/server/cli/command_line.h"
#include "tests/server/grocery_rules.h"

namespace touchstone::server {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kMapping[] = R"(kind: grants
batch: mailing-47
source: agency
identities: { loyalty_card: card }
offer: offer
start: from
end: { column: to, format: "%d.%m.%Y" }
uses: uses
)";
constexpr char kHeader[] = "card,offer,from,to,uses\n";

class ImportGrantsCommandTest : public CommandLine {
 protected:
  ImportGrantsCommandTest() {
    server_.Publish(CodedRules());
    for (const char* id : {"ann", "bea"}) {
      server_.Update(server_.UpdateOf(id, absl::StrCat("card-", id)));
    }
  }

  Ran Import(const std::string& file, const std::vector<std::string>& more = {}) {
    return ImportOnServer("grants", file, mapping_, more);
  }

  const std::string mapping_ = Write("grants.yaml", kMapping);
};

TEST_F(ImportGrantsCommandTest, GrantsOnceAndSaysWhichRowsItCannot) {
  const std::string file =
      Write("mailing.csv", absl::StrCat(kHeader,
                                        "card-ann,coupon-2,,01.01.2027,2\n"
                                        "card-bea,coupon-2,2026-12-01,,\n"
                                        "card-ann,coupon-2,,01.01.2027,2\n"
                                        "card-ann,coupon-2,,,\n"
                                        "card-ann,beans-20,,,\n"
                                        "card-eve,coupon-2,,,\n"
                                        "card-bea,coupon-2,2027-01-01,01.12.2026,\n"
                                        "card-bea,coupon-2,,,0\n"));
  Ran ran = Import(file, {"--dry-run"});
  EXPECT_EQ(ran.exit_code, kExitFindings) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("8 rows: 2 would be imported, 1 there already, 0 left out by the "
                                 "mapping, 5 quarantined\n"));
  EXPECT_THAT(server_.ListGrants("ann").grants(), SizeIs(0));

  ran = Import(file);
  EXPECT_EQ(ran.exit_code, kExitFindings) << ran.err;
  EXPECT_EQ(ran.out, absl::StrCat("8 rows: 2 imported, 1 there already, 0 left out by the mapping, "
                                  "5 quarantined\n",
                                  file, ".quarantine.csv says which rows and why\n"));
  const std::string quarantine = Read(file + ".quarantine.csv");
  for (const char* row :
       {"5,\"she was granted this offer in this batch with other terms: choose another batch\"",
        "6,\"the active revision has no offer of this id that says `applies: granted`\"",
        "7,\"there is no such customer\"", "8,\"end: must be behind start\"",
        "9,\"uses: `0` is not 1 or more\""}) {
    EXPECT_THAT(quarantine, HasSubstr(row));
  }
  ASSERT_THAT(server_.ListGrants("ann").grants(), SizeIs(1));
  const v1::Grant grant = server_.ListGrants("ann").grants(0);
  EXPECT_EQ(grant.offer_id(), "coupon-2");
  EXPECT_EQ(grant.batch(), "mailing-47");
  EXPECT_EQ(grant.max_uses(), 2);
  EXPECT_EQ(grant.end_time().seconds(), 1798761600);
  EXPECT_EQ(grant.state(), v1::GRANT_STATE_OPEN);
  ASSERT_THAT(server_.ListGrants("bea").grants(), SizeIs(1));
  EXPECT_EQ(server_.ListGrants("bea").grants(0).state(), v1::GRANT_STATE_NOT_YET_VALID);

  ran = Import(file, {"--json"});
  EXPECT_THAT(ran.out, HasSubstr("{\"rows\":8,\"imported\":0,\"duplicate\":3,\"left_out\":0,"
                                 "\"quarantined\":5,"));
  EXPECT_THAT(server_.ListGrants("ann").grants(), SizeIs(1));
  EXPECT_FALSE(std::filesystem::exists(file + ".import-state.json"));
}

TEST_F(ImportGrantsCommandTest, TheReportOnDataQualityKnowsOfIt) {
  Import(Write("mailing.jsonl",
               "{\"card\":\"card-ann\",\"offer\":\"coupon-2\"}\n"
               "{\"card\":\"card-eve\",\"offer\":\"coupon-2\"}\n"));
  grpc::ClientContext context;
  v1::DataQuality report;
  ASSERT_TRUE(
      server_.reports().GetDataQuality(&context, v1::GetDataQualityRequest(), &report).ok());
  ASSERT_THAT(report.import_runs(), SizeIs(1));
  EXPECT_EQ(report.import_runs(0).kind(), "grants");
  EXPECT_EQ(report.import_runs(0).source(), "agency");
  EXPECT_EQ(report.import_runs(0).imported_count(), 1);
  ASSERT_THAT(report.import_runs(0).reasons(), SizeIs(1));
  EXPECT_EQ(report.import_runs(0).reasons(0).reason(), "there is no such customer");
}

TEST_F(ImportGrantsCommandTest, ACustomerWithoutRoomIsARowInQuarantine) {
  for (int i = 0; i < 64; ++i) {
    v1::ImportGrantsRequest request;
    request.set_batch(absl::StrCat("b", i));
    v1::GrantItem& item = *request.add_grants();
    item.set_customer("customers/ann");
    item.set_offer_id("coupon-2");
    grpc::ClientContext context;
    v1::ImportGrantsResponse response;
    ASSERT_TRUE(server_.grants().ImportGrants(&context, request, &response).ok());
  }
  const std::string file =
      Write("mailing.csv", absl::StrCat(kHeader, "card-ann,coupon-2,,,\ncard-bea,coupon-2,,,\n"));
  const Ran ran = Import(file);
  EXPECT_EQ(ran.exit_code, kExitFindings) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("2 rows: 1 imported, 0 there already, 0 left out by the mapping, "
                                 "1 quarantined\n"));
  EXPECT_THAT(Read(file + ".quarantine.csv"), HasSubstr("2,\"she has 64 open grants"));
}

TEST_F(ImportGrantsCommandTest, WhatMadeNoSenseIsSaidBeforeAnythingIsSent) {
  const std::string file = Write("mailing.csv", kHeader);
  Ran ran = Import(file, {"--offline"});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  ran = OnServer({"import", "grants", file, "--mapping",
                  Write("customers.yaml", "kind: customers\ncustomer: card\n")});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr("`import grants` needs one of its own kind"));
  ran = OnServer({"import", "customers", file, "--mapping", mapping_});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr("is a mapping of kind grants"));
}

}  // namespace
}  // namespace touchstone::server
