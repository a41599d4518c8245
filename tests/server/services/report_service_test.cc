// The report on data quality, as callers see it.

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/grocery_rules.h"
#include "tests/server/test_server.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;

class ReportServiceTest : public ::testing::Test {
 protected:
  grpc::Status TryReport(const v1::GetDataQualityRequest& request, v1::DataQuality* quality) {
    grpc::ClientContext context;
    return server_.reports().GetDataQuality(&context, request, quality);
  }
  v1::DataQuality Report(const v1::GetDataQualityRequest& request = {}) {
    v1::DataQuality quality;
    const grpc::Status status = TryReport(request, &quality);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return quality;
  }

  grpc::Status Record(const v1::ImportRun& run) {
    grpc::ClientContext context;
    v1::RecordImportRunRequest request;
    v1::RecordImportRunResponse response;
    request.set_request_id(server_.NextRequestId());
    *request.mutable_run() = run;
    return server_.reports().RecordImportRun(&context, request, &response);
  }
  v1::ImportRun RunOf(const std::string& id, int64_t end_s) {
    v1::ImportRun run;
    run.set_run_id(id);
    run.set_kind("customers");
    run.set_source("crm");
    run.mutable_start_time()->set_seconds(end_s - 10);
    run.mutable_end_time()->set_seconds(end_s);
    run.set_row_count(5);
    run.set_imported_count(3);
    run.set_quarantined_count(2);
    run.add_reasons()->set_reason("no id");
    run.mutable_reasons(0)->set_row_count(2);
    return run;
  }

  void Make(const std::string& id, const std::string& city) {
    v1::UpdateCustomerRequest request = server_.UpdateOf(id);
    (*request.mutable_customer()->mutable_attributes())["city"] = TextValue(city);
    server_.Update(request);
  }

  TestServer server_;
};

TEST_F(ReportServiceTest, ReportsOnCustomersEventsAndImports) {
  server_.Publish(GroceryRules());
  for (const auto& [id, city] : {std::pair("anna", "Kiel"), {"bert", "kiel"}, {"carl", "Bonn"}}) {
    Make(id, city);
  }
  {
    grpc::ClientContext context;
    v1::AppendEventsRequest request;
    v1::AppendEventsResponse response;
    request.set_request_id(server_.NextRequestId());
    request.add_events()->set_customer("customers/anna");
    *request.mutable_events(0)->mutable_event() =
        Purchase("p1", server_.now() - absl::Hours(1), 100);
    ASSERT_TRUE(server_.customers().AppendEvents(&context, request, &response).ok());
  }
  ASSERT_TRUE(Record(RunOf("r1", 100)).ok());

  v1::GetDataQualityRequest request;
  request.add_match_on()->add_attributes("city");
  const v1::DataQuality quality = Report(request);
  EXPECT_EQ(quality.report_time().seconds(), absl::ToUnixSeconds(server_.now()));
  EXPECT_EQ(quality.customer_count(), 3);
  ASSERT_EQ(quality.attributes_size(), 4);
  EXPECT_EQ(quality.attributes(2).attribute(), "city");
  EXPECT_EQ(quality.attributes(2).known_count(), 3);
  ASSERT_EQ(quality.events_size(), 2);
  EXPECT_EQ(quality.events(0).type(), "purchase");
  EXPECT_EQ(quality.events(0).customer_count(), 1);
  EXPECT_EQ(quality.events(0).sampled_customer_count(), 3);
  EXPECT_EQ(quality.events(0).latest_event_time().seconds(),
            absl::ToUnixSeconds(server_.now() - absl::Hours(1)));
  EXPECT_FALSE(quality.events(1).has_latest_event_time());
  EXPECT_THAT(quality.suspected_duplicates(0).examples(0).customers(),
              ElementsAre("customers/anna", "customers/bert"));
  ASSERT_EQ(quality.quarantine_size(), 1);
  EXPECT_EQ(quality.quarantine(0).row_count(), 2);
}

TEST_F(ReportServiceTest, KeepsWhatBecameOfAnImportOnceAndOverARestart) {
  server_.Publish(GroceryRules());
  ASSERT_TRUE(Record(RunOf("r1", 100)).ok());
  v1::ImportRun later = RunOf("r1", 200);
  later.set_quarantined_count(1);
  later.mutable_reasons(0)->set_row_count(1);
  ASSERT_TRUE(Record(later).ok());
  ASSERT_TRUE(Record(RunOf("r2", 150)).ok());
  server_.Restart();
  const v1::DataQuality quality = Report();
  ASSERT_EQ(quality.import_runs_size(), 2);
  EXPECT_EQ(quality.import_runs(0).ShortDebugString(), later.ShortDebugString());
  EXPECT_EQ(quality.import_runs(1).run_id(), "r2");
  EXPECT_EQ(quality.quarantine(0).row_count(), 3);
}

TEST_F(ReportServiceTest, SaysWhatIsWrongWithARequest) {
  v1::DataQuality quality;
  grpc::Status status = TryReport({}, &quality);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(status), "NO_ACTIVE_REVISION");

  server_.Publish(GroceryRules());
  v1::GetDataQualityRequest request;
  request.add_match_on()->add_attributes("shoe_size");
  request.add_match_on();
  status = TryReport(request, &quality);
  EXPECT_EQ(ReasonOf(status), "NAME_NOT_DECLARED");
  EXPECT_THAT(FieldsOf(status), ElementsAre("match_on[0].attributes[0]", "match_on[1].attributes"));

  v1::ImportRun run = RunOf("r 1", 100);
  run.set_kind("people");
  run.set_imported_count(-1);
  run.clear_end_time();
  run.mutable_reasons(0)->clear_reason();
  EXPECT_THAT(FieldsOf(Record(run)), ElementsAre("run.run_id", "run.kind", "run.end_time",
                                                 "run.imported_count", "run.reasons[0].reason"));
  EXPECT_EQ(Report().import_runs_size(), 0);
}

}  // namespace
}  // namespace touchstone::server
