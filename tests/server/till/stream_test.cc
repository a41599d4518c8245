// The stream itself: its order, its bounds, its end.

#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "tests/server/till/terminal.h"
#include "tests/server/transactions/till.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;

constexpr size_t kStreams = 4;

class TillServer {
 public:
  TillServer()
      : server_([](ServerConfig* config) {
          // What is waited for would hold the test up until it is killed.
          config->drain_seconds = 3600;
          config->open_streams = kStreams;
        }) {
    server_.Publish(TillRules());
  }

  TestServer& operator*() { return server_; }
  TestServer* operator->() { return &server_; }

 private:
  TestServer server_;
};

v1::DecideRequest Milk(const std::string& transaction) {
  v1::DecideRequest request;
  request.mutable_context()->set_transaction_id(transaction);
  request.mutable_context()->set_step(1);
  request.mutable_context()->mutable_touchpoint()->set_channel("pos");
  request.mutable_basket()->set_currency_code("EUR");
  v1::BasketLine* line = request.mutable_basket()->add_lines();
  line->set_line_id("1");
  line->set_sku("MILK");
  line->set_quantity_thousandths(1000);
  line->set_unit_price_e4(10'000);
  return request;
}

TEST(TillStreamTest, EndsFineWhenItsCallerEndsIt) {
  TillServer server;
  Terminal terminal(server->address());
  EXPECT_TRUE(terminal.Ask(Whole(Milk("t1"))).has_response());
  EXPECT_TRUE(terminal.End().ok());
}

TEST(TillStreamTest, AnswersWhatWasSentAheadInOrder) {
  constexpr int kVisits = 200;
  TillServer server;
  Terminal terminal(server->address());
  std::thread sender([&] {
    for (int i = 1; i <= kVisits; ++i) {
      EXPECT_TRUE(terminal.SendAs(
          2 * i, i % 3 == 0 ? Resume("nobody") : Whole(Milk(absl::StrCat("t", i)))));
    }
  });
  for (int i = 1; i <= kVisits; ++i) {
    v1::DecideStreamResponse answer;
    ASSERT_TRUE(terminal.Receive(&answer));
    EXPECT_EQ(answer.sequence(), 2 * i);
    EXPECT_EQ(answer.has_error(), i % 3 == 0);
  }
  sender.join();
}

TEST(TillStreamTest, EndsWhenSequencesDoNotGrow) {
  TillServer server;
  for (const int64_t next : {0, 1, 2}) {
    Terminal terminal(server->address());
    ASSERT_TRUE(terminal.SendAs(2, Whole(Milk("t1"))));
    v1::DecideStreamResponse answer;
    ASSERT_TRUE(terminal.Receive(&answer));
    ASSERT_TRUE(terminal.SendAs(next, Resume("t1")));
    const grpc::Status ended = terminal.Ended();
    EXPECT_EQ(ended.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(FieldsOf(ended), ElementsAre("sequence"));
  }
}

TEST(TillStreamTest, ARequestThatCannotBeReadIsAnsweredAndTheStreamGoesOn) {
  TillServer server;
  Terminal terminal(server->address());
  EXPECT_THAT(FieldsOf(ErrorOf(terminal.Ask({}))), ElementsAre("request"));
  const grpc::Status error = ErrorOf(terminal.Ask(Resume("\xff")));
  EXPECT_EQ(error.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(error.error_message(), testing::HasSubstr("transaction_id"));
  EXPECT_THAT(FieldsOf(ErrorOf(terminal.Ask(Resume("")))), ElementsAre("resume.transaction_id"));
  EXPECT_TRUE(terminal.Ask(Whole(Milk("t1"))).has_response());
}

TEST(TillStreamTest, OnlySoManyAreOpenAtOnce) {
  TillServer server;
  std::vector<std::unique_ptr<Terminal>> terminals;
  for (size_t i = 0; i < kStreams; ++i) {
    terminals.push_back(std::make_unique<Terminal>(server->address()));
    EXPECT_TRUE(terminals.back()->Ask(Whole(Milk(absl::StrCat("t", i)))).has_response());
  }
  Terminal refused(server->address());
  const grpc::Status status = refused.Ended();
  EXPECT_EQ(ReasonOf(status), "OVERLOADED");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(details.details(1).UnpackTo(&retry));
  EXPECT_GT(retry.retry_delay().seconds(), 0);
  EXPECT_TRUE(terminals[0]->Ask(Whole(Milk("t9"))).has_response());
  EXPECT_TRUE(terminals[0]->End().ok());
  Terminal next(server->address());
  EXPECT_TRUE(next.Ask(Whole(Milk("t10"))).has_response());
}

// Whatever a cut one held would be missing: after four of them nothing more were taken.
TEST(TillStreamTest, ACutStreamGivesBackWhatItHeld) {
  TillServer server;
  for (int i = 0; i < 400; ++i) {
    while (true) {
      Terminal terminal(server->address());
      const std::string id = absl::StrCat("t", i);
      v1::DecideStreamResponse answer;
      // Refused until the end of one that was cut has been seen.
      if (!terminal.Send(Whole(Milk(id))) || !terminal.Receive(&answer)) continue;
      v1::DecideStreamRequest reserve;
      *reserve.mutable_reserve()->mutable_context() = Milk(id).context();
      reserve.mutable_reserve()->set_request_id(id);
      if (i % 2 == 0) terminal.Send(reserve);  // under way, or not
      terminal.Cut();
      break;
    }
  }
  // None of the transactions is busy.
  while (true) {
    Terminal terminal(server->address());
    v1::DecideStreamResponse answer;
    if (!terminal.Send(Resume("t0")) || !terminal.Receive(&answer)) continue;
    v1::BasketChange change;
    change.set_step(2);
    for (int i = 0; i < 400; ++i) {
      change.set_transaction_id(absl::StrCat("t", i));
      ASSERT_TRUE(terminal.Ask(Change(change)).has_response());
    }
    break;
  }
}

TEST(TillStreamTest, IdleStreamsEndWhenTheServerGoesDown) {
  TillServer server;
  std::vector<std::unique_ptr<Terminal>> terminals;
  for (size_t i = 0; i < kStreams; ++i) {
    terminals.push_back(std::make_unique<Terminal>(server->address()));
    EXPECT_TRUE(terminals.back()->Ask(Whole(Milk(absl::StrCat("t", i)))).has_response());
  }
  server->Stop();
  for (const auto& terminal : terminals) {
    const grpc::Status ended = terminal->Ended();
    EXPECT_EQ(ended.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(ReasonOf(ended), "NOT_READY");
  }
}

TEST(TillStreamTest, WhatIsUnderWayIsAnsweredBeforeTheServerGoesDown) {
  TillServer server;
  Terminal terminal(server->address());
  EXPECT_TRUE(terminal.Ask(Whole(Milk("t1"))).has_response());
  std::thread going_down([&] { server->Stop(); });
  // Each that was taken is answered; then the stream ends.
  int64_t answered = 1;
  for (int64_t sequence = 2;; ++sequence) {
    v1::DecideRequest next = Milk("t1");
    next.mutable_context()->set_step(static_cast<int32_t>(sequence));
    v1::DecideStreamRequest reserve;
    *reserve.mutable_reserve()->mutable_context() = next.context();
    *reserve.mutable_reserve()->mutable_basket() = next.basket();
    reserve.mutable_reserve()->set_request_id(absl::StrCat("r", sequence));
    v1::DecideStreamResponse answer;
    if (!terminal.SendAs(sequence, reserve) || !terminal.Receive(&answer)) break;
    EXPECT_TRUE(answer.has_reservation());
    answered = answer.sequence();
  }
  going_down.join();
  EXPECT_EQ(ReasonOf(terminal.Ended()), "NOT_READY");
  server->Restart();
  Terminal again(server->address());
  EXPECT_TRUE(again.Ask(Whole(Milk("t2"))).has_response());
  if (answered == 1) return;  // it went down before the first
  // What was answered is there; what was not was not taken.
  v1::DecideRequest next = Milk("t1");
  next.mutable_context()->set_step(static_cast<int32_t>(answered));
  EXPECT_TRUE(again.Ask(Whole(next)).has_response());
  EXPECT_EQ(again.Ask(Resume("t1")).open().reservation().step(), answered);
}

}  // namespace
}  // namespace touchstone::server
