#include "bench/load_run.h"

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "bench/answer_sample.h"
#include "bench/echo_server.h"
#include "bench/load_report.h"

namespace touchstone::bench {
namespace {

RequestBodies Bodies() {
  std::vector<v1::DecideRequest> requests(2);
  requests[0].mutable_context()->set_step(1);
  requests[1].mutable_context()->set_step(2);
  return RequestBodies::Create(requests, "test").value();
}

struct LoadRunTest : testing::Test {
  void Serve(const std::string& response) {
    EchoOptions echo;
    echo.response = response;
    server = EchoServer::Create(echo).value();
    options.target = absl::StrCat("127.0.0.1:", server->port());
    options.warm_up = absl::ZeroDuration();
    options.measured = absl::Seconds(20);
    options.max_sends = 500;
    options.settle = absl::ZeroDuration();
    options.server_pid = getpid();
  }
  google::protobuf::Struct Report(const LoadResult& result) {
    LoadReport report;
    report.options = options;
    report.command = "load --target \"here\"";
    report.budget = absl::Hours(1);
    google::protobuf::Struct json;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(ToJson(report, result), &json).ok());
    return json;
  }
  std::unique_ptr<EchoServer> server;
  LoadOptions options;
  const RequestBodies bodies = Bodies();
};

double Number(const google::protobuf::Struct& json, const std::string& name) {
  return json.fields().at(name).number_value();
}

TEST_F(LoadRunTest, AClosedLoopCountsEveryAnswerOnce) {
  Serve(RealisticResponse(900).SerializeAsString());
  options.in_flight = 16;
  const LoadResult result = RunLoad(options, bodies).value();
  EXPECT_EQ(result.sent, 500u);
  EXPECT_EQ(result.answered, 500u);
  EXPECT_EQ(result.complete, 500u);
  EXPECT_EQ(result.by_code[0], 500u);
  EXPECT_EQ(result.unanswered + result.unsent + result.partial + result.fallback, 0u);
  EXPECT_EQ(result.latency.count(), 500u);
  EXPECT_EQ(result.server_cpu_answers, 500u);
  EXPECT_EQ(result.median_response.size(), 900u);
}

TEST_F(LoadRunTest, AnOpenLoopCountsEveryAnswerOnce) {
  Serve(RealisticResponse(900).SerializeAsString());
  options.rate_per_second = 20'000;
  options.threads = 2;
  const LoadResult result = RunLoad(options, bodies).value();
  EXPECT_EQ(result.sent, 500u);
  EXPECT_EQ(result.complete, 500u);
  EXPECT_EQ(result.latency.count(), 500u);
  EXPECT_EQ(result.send_lag.count(), 501u);  // of the send after the last too
}

TEST_F(LoadRunTest, WhatIsNotCompleteIsCountedAsWhatItIs) {
  v1::DecideResponse response = RealisticResponse(900);
  response.set_completeness(v1::COMPLETENESS_PARTIAL);
  Serve(response.SerializeAsString());
  EXPECT_EQ(RunLoad(options, bodies)->partial, 500u);
  Serve("no message");
  const LoadResult result = RunLoad(options, bodies).value();
  EXPECT_EQ(result.answered, 500u);
  EXPECT_EQ(result.unreadable, 500u);
  EXPECT_EQ(Number(Report(result), "complete_share"), 0);
}

TEST_F(LoadRunTest, TheReportIsJsonWithTheCounts) {
  Serve(RealisticResponse(900).SerializeAsString());
  const google::protobuf::Struct json = Report(RunLoad(options, bodies).value());
  EXPECT_EQ(Number(json, "sent"), 500);
  EXPECT_EQ(Number(json, "answered"), 500);
  EXPECT_EQ(Number(json, "complete_share"), 1);
  EXPECT_EQ(Number(json.fields().at("in_budget").struct_value(), "share"), 1);
  EXPECT_EQ(json.fields().at("command").string_value(), "load --target \"here\"");
  EXPECT_TRUE(json.fields().at("errors").struct_value().fields().empty());
  const auto& latency = json.fields().at("latency_us").struct_value();
  EXPECT_GT(Number(latency, "p50"), 0);
  EXPECT_LE(Number(latency, "p50"), Number(latency, "p99"));
  EXPECT_LE(Number(latency, "p99_9"), Number(latency, "max"));
}

TEST_F(LoadRunTest, ErrorsAreCountedByCodeAndAnswerNothing) {
  Serve("");
  LoadResult result;
  result.sent = 3;
  result.by_code[14] = 3;
  const google::protobuf::Struct json = Report(result);
  EXPECT_EQ(Number(json.fields().at("errors").struct_value(), "UNAVAILABLE"), 3);
  EXPECT_TRUE(json.fields().at("latency_us").struct_value().fields().at("p99").has_null_value());
}

TEST(LoadRunOfNobodyTest, AServerThatIsNotThereIsUnavailable) {
  // A port that was free a moment ago.
  EchoOptions echo;
  const int port = EchoServer::Create(echo).value()->port();
  LoadOptions options;
  options.target = absl::StrCat("127.0.0.1:", port);
  options.connect = absl::Milliseconds(100);
  EXPECT_EQ(RunLoad(options, Bodies()).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace touchstone::bench
