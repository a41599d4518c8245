// A visit to the till over one stream: scans, total, payment, void; cuts, retries, training.

#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/till/terminal.h"
#include "tests/server/transactions/till.h"

namespace touchstone::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class TillFlowTest : public ::testing::Test {
 protected:
  TillFlowTest() { Connect(); }

  void Connect() { terminal_ = std::make_unique<Terminal>(till_.server().address()); }
  // The rules' day has room for two uses of `autumn`, whose offer `three-euro` counts from 20.00
  // on.
  v1::DecideRequest State(const std::string& transaction, int step,
                          const std::vector<Item>& items) {
    v1::DecideRequest request;
    *request.mutable_context() = till_.Context(transaction, step);
    *request.mutable_basket() = till_.BasketOf(items);
    return request;
  }
  v1::BasketChange Scan(const std::string& transaction, int step, const std::string& line,
                        const Item& item) {
    v1::BasketChange change;
    change.set_transaction_id(transaction);
    change.set_step(step);
    *change.add_lines() = till_.BasketOf({item}).lines(0);
    change.mutable_lines(0)->set_line_id(line);
    return change;
  }
  // The till's own context: what else is known is in the open transaction.
  v1::DecisionContext Brief(const std::string& transaction, int step) {
    v1::DecisionContext context;
    context.set_transaction_id(transaction);
    context.set_step(step);
    return context;
  }
  // With a request id and a context of its own.
  template <typename Request>
  void Fill(const std::string& transaction, int step, Request* request) {
    request->set_request_id(till_.server().NextRequestId());
    *request->mutable_context() = Brief(transaction, step);
  }
  v1::DecideStreamRequest Reserve(const std::string& transaction, int step) {
    v1::DecideStreamRequest request;
    Fill(transaction, step, request.mutable_reserve());
    return request;
  }
  v1::DecideStreamRequest Commit(const std::string& transaction, int step) {
    v1::DecideStreamRequest request;
    Fill(transaction, step, request.mutable_commit());
    return request;
  }
  v1::DecideStreamRequest Release(const std::string& transaction, int step) {
    v1::DecideStreamRequest request;
    Fill(transaction, step, request.mutable_release());
    return request;
  }
  v1::DecideStreamRequest Suspend(const std::string& transaction, int step) {
    v1::DecideStreamRequest request;
    Fill(transaction, step, request.mutable_suspend());
    return request;
  }
  // Bread for 20.00 at step 1.
  void OpenTwenty(const std::string& transaction) {
    const v1::DecideStreamResponse opened =
        terminal_->Ask(Whole(State(transaction, 1, {{"BREAD", 1, 2000}})));
    ASSERT_TRUE(opened.has_response()) << opened.ShortDebugString();
  }

  Till till_;
  std::unique_ptr<Terminal> terminal_;
};

std::vector<std::string> LinesIn(const v1::BasketResult& basket) {
  std::vector<std::string> lines;
  for (const v1::PricedLine& line : basket.lines()) {
    lines.push_back(absl::StrCat(line.line_id(), " ", line.net_minor()));
  }
  return lines;
}

std::string ReasonIn(const v1::DecideStreamResponse& response) {
  return ReasonOf(ErrorOf(response));
}

TEST_F(TillFlowTest, FromTheFirstScanToTheSale) {
  v1::DecideStreamResponse answer = terminal_->Ask(Whole(State("t1", 1, {{"BEANS", 1, 500}})));
  EXPECT_THAT(LinesIn(answer.response().basket()), ElementsAre("1 400"));

  answer = terminal_->Ask(Change(Scan("t1", 2, "2", {"MILK", 1, 100})));
  EXPECT_THAT(LinesIn(answer.response().basket()), ElementsAre("2 100"));
  EXPECT_EQ(answer.response().basket().totals().payable_minor(), 500);
  EXPECT_THAT(AppliedIn(answer.response().basket()), ElementsAre("beans-20"));

  // Three euro off 20.00 are spread over all lines: all of them differ.
  answer = terminal_->Ask(Change(Scan("t1", 3, "3", {"BREAD", 1, 2000})));
  EXPECT_THAT(LinesIn(answer.response().basket()), ElementsAre("1 352", "2 88", "3 1760"));
  EXPECT_EQ(answer.response().basket().totals().payable_minor(), 2200);

  const v1::Reservation held = terminal_->Ask(Reserve("t1", 3)).reservation();
  EXPECT_EQ(held.state(), v1::RESERVATION_STATE_HELD);
  EXPECT_EQ(held.basket().totals().payable_minor(), 2200);
  ASSERT_EQ(held.claims_size(), 1);
  EXPECT_EQ(held.claims(0).id(), "autumn");

  v1::DecideStreamRequest paid = Commit("t1", 3);
  paid.mutable_commit()->add_tenders()->set_type("cash");
  const v1::Sale sale = terminal_->Ask(paid).sale();
  EXPECT_EQ(sale.totals().payable_minor(), 2200);
  EXPECT_EQ(sale.lines_size(), 3);
  EXPECT_EQ(sale.touchpoint().terminal(), "till-1");
  EXPECT_EQ(sale.tenders(0).type(), "cash");
  EXPECT_EQ(till_.GetSale("t1").totals().payable_minor(), 2200);

  EXPECT_EQ(ReasonIn(terminal_->Ask(Resume("t1"))), "TRANSACTION_NOT_OPEN");
  // A retry of what closed it has its first answer.
  EXPECT_EQ(terminal_->Ask(paid).sale().SerializeAsString(), sale.SerializeAsString());
  EXPECT_TRUE(terminal_->End().ok());
}

TEST_F(TillFlowTest, AVoidGivesEverythingBackAndClosesTheTransaction) {
  for (const char* transaction : {"t1", "t2"}) {
    OpenTwenty(transaction);
    EXPECT_EQ(terminal_->Ask(Reserve(transaction, 1)).reservation().claims_size(), 1);
  }
  OpenTwenty("t3");
  EXPECT_EQ(terminal_->Ask(Reserve("t3", 1)).reservation().claims_size(), 0);
  EXPECT_EQ(terminal_->Ask(Release("t1", 1)).reservation().state(), v1::RESERVATION_STATE_RELEASED);
  EXPECT_EQ(ReasonIn(terminal_->Ask(Resume("t1"))), "TRANSACTION_NOT_OPEN");
  const v1::DecideStreamResponse next =
      terminal_->Ask(Change(Scan("t3", 2, "2", {"BREAD", 1, 100})));
  EXPECT_THAT(AppliedIn(next.response().basket()), ElementsAre("three-euro"));
  EXPECT_EQ(terminal_->Ask(Reserve("t3", 2)).reservation().claims_size(), 1);
}

TEST_F(TillFlowTest, AfterAReservationAnAnswerHasEveryLine) {
  OpenTwenty("t1");
  terminal_->Ask(Reserve("t1", 1));
  const v1::DecideStreamResponse next = terminal_->Ask(Change(Scan("t1", 2, "2", {"MILK", 1, 0})));
  EXPECT_THAT(LinesIn(next.response().basket()), ElementsAre("1 1700", "2 0"));
}

TEST_F(TillFlowTest, AnAnswerHasEveryLineWhenItIsAskedFor) {
  terminal_->Ask(Whole(State("t1", 1, {{"MILK"}, {"BREAD"}})));
  v1::BasketChange change = Scan("t1", 2, "3", {"BREAD"});
  EXPECT_THAT(LinesIn(terminal_->Ask(Change(change)).response().basket()), ElementsAre("3 100"));
  change.set_whole_answer(true);  // a retry, too
  EXPECT_THAT(LinesIn(terminal_->Ask(Change(change)).response().basket()),
              ElementsAre("1 100", "2 100", "3 100"));
  change = Scan("t1", 3, "1", {"MILK", 2});
  EXPECT_THAT(LinesIn(terminal_->Ask(Change(change)).response().basket()), ElementsAre("1 200"));
}

TEST_F(TillFlowTest, AnotherTillResumesAfterACut) {
  terminal_->Ask(Whole(State("t1", 1, {{"MILK"}})));
  terminal_->Ask(Change(Scan("t1", 2, "2", {"BREAD"})));
  terminal_->Cut();
  Connect();
  const v1::OpenTransaction open = terminal_->Ask(Resume("t1")).open();
  EXPECT_EQ(open.request().context().step(), 2);
  EXPECT_EQ(open.request().basket().lines_size(), 2);
  EXPECT_FALSE(open.has_reservation());
  const v1::DecideStreamResponse next = terminal_->Ask(Change(Scan("t1", 3, "3", {"BREAD"})));
  EXPECT_THAT(LinesIn(next.response().basket()), ElementsAre("1 100", "2 100", "3 100"));
}

TEST_F(TillFlowTest, ARestartForgetsWhatIsOpenAndKeepsWhatIsHeld) {
  OpenTwenty("t1");
  const v1::Reservation held = terminal_->Ask(Reserve("t1", 1)).reservation();
  till_.server().Restart();
  Connect();
  EXPECT_EQ(ReasonIn(terminal_->Ask(Resume("t1"))), "TRANSACTION_NOT_OPEN");
  EXPECT_EQ(ReasonIn(terminal_->Ask(Change(Scan("t1", 2, "2", {"MILK"})))), "TRANSACTION_NOT_OPEN");
  EXPECT_EQ(ReasonIn(terminal_->Ask(Reserve("t1", 1))), "TRANSACTION_NOT_OPEN");
  OpenTwenty("t1");
  const v1::OpenTransaction open = terminal_->Ask(Resume("t1")).open();
  EXPECT_EQ(open.reservation().SerializeAsString(), held.SerializeAsString());
  EXPECT_EQ(terminal_->Ask(Commit("t1", 1)).sale().totals().payable_minor(), 1700);
}

TEST_F(TillFlowTest, AParkedBasketIsRecalledAtAnotherTill) {
  OpenTwenty("t1");
  terminal_->Ask(Reserve("t1", 1));
  EXPECT_EQ(terminal_->Ask(Suspend("t1", 1)).reservation().state(),
            v1::RESERVATION_STATE_SUSPENDED);
  Terminal other(till_.server().address());
  const v1::OpenTransaction open = other.Ask(Resume("t1")).open();
  EXPECT_EQ(open.reservation().state(), v1::RESERVATION_STATE_SUSPENDED);
  EXPECT_EQ(open.reservation().expire_time().seconds(),
            absl::ToUnixSeconds(till_.server().now() + absl::Hours(4)));
  other.Ask(Change(Scan("t1", 2, "2", {"MILK"})));
  EXPECT_EQ(other.Ask(Reserve("t1", 2)).reservation().basket().totals().payable_minor(), 1800);
  EXPECT_EQ(other.Ask(Commit("t1", 2)).sale().lines_size(), 2);
}

TEST_F(TillFlowTest, WhatHasExpiredIsHeldNoLonger) {
  OpenTwenty("t1");
  terminal_->Ask(Reserve("t1", 1));
  till_.server().MoveClock(absl::Minutes(15));
  EXPECT_FALSE(terminal_->Ask(Resume("t1")).open().has_reservation());
  EXPECT_EQ(ReasonIn(terminal_->Ask(Commit("t1", 1))), "RESERVATION_EXPIRED");
  EXPECT_EQ(terminal_->Ask(Reserve("t1", 1)).reservation().state(), v1::RESERVATION_STATE_HELD);
}

TEST_F(TillFlowTest, ARetryIsAnsweredAgainAndAnythingElseIsNot) {
  terminal_->Ask(Whole(State("t1", 1, {{"MILK"}})));
  const v1::BasketChange change = Scan("t1", 3, "2", {"BREAD"});
  const v1::DecideStreamResponse first = terminal_->Ask(Change(change));
  Terminal other(till_.server().address());
  const v1::DecideStreamResponse again = other.Ask(Change(change));
  EXPECT_EQ(again.response().basket().totals().payable_minor(),
            first.response().basket().totals().payable_minor());
  EXPECT_EQ(again.response().basket().lines_size(), 2);

  const grpc::Status differs = ErrorOf(other.Ask(Change(Scan("t1", 3, "2", {"MILK"}))));
  EXPECT_EQ(differs.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(differs), ElementsAre("change.step"));
  EXPECT_EQ(ReasonIn(other.Ask(Change(Scan("t1", 2, "2", {"BREAD"})))), "STEP_OUT_OF_ORDER");

  // The whole state, at the same step: the same, and another.
  EXPECT_TRUE(other.Ask(Whole(State("t1", 3, {{"MILK"}, {"BREAD"}}))).has_response());
  EXPECT_TRUE(other.Ask(Change(change)).has_response());
  EXPECT_THAT(FieldsOf(ErrorOf(other.Ask(Whole(State("t1", 3, {{"MILK"}}))))),
              ElementsAre("decide.context.step"));
  EXPECT_EQ(ReasonIn(other.Ask(Whole(State("t1", 2, {{"MILK"}})))), "STEP_OUT_OF_ORDER");
  EXPECT_EQ(other.Ask(Resume("t1")).open().request().basket().lines_size(), 2);
}

TEST_F(TillFlowTest, AReservationIsOfTheLastStep) {
  terminal_->Ask(Whole(State("t1", 2, {{"MILK"}})));
  EXPECT_EQ(ReasonIn(terminal_->Ask(Reserve("t1", 1))), "STEP_OUT_OF_ORDER");
  EXPECT_EQ(ReasonIn(terminal_->Ask(Reserve("t1", 3))), "STEP_OUT_OF_ORDER");
  const v1::DecideStreamRequest reserve = Reserve("t1", 2);
  const v1::DecideStreamResponse first = terminal_->Ask(reserve);
  const v1::DecideStreamResponse again = terminal_->Ask(reserve);
  EXPECT_EQ(again.reservation().SerializeAsString(), first.reservation().SerializeAsString());
  // With a basket it is as TransactionService has it.
  v1::DecideStreamRequest whole;
  *whole.mutable_reserve() = till_.ReserveRequestOf("t2", 1, {{"BREAD", 1, 2000}});
  EXPECT_EQ(terminal_->Ask(whole).reservation().basket().totals().payable_minor(), 1700);
}

TEST_F(TillFlowTest, WhatAChangeIsRefusedForLeavesTheTransactionAsItWas) {
  terminal_->Ask(Whole(State("t1", 1, {{"MILK"}})));
  v1::BasketChange unknown = Scan("t1", 2, "2", {"BREAD"});
  unknown.add_removed_lines("7");
  EXPECT_THAT(FieldsOf(ErrorOf(terminal_->Ask(Change(unknown)))),
              ElementsAre("change.removed_lines[0]"));
  v1::BasketChange nameless = Scan("t1", 2, "2", {""});
  (*nameless.mutable_attributes())["mood"].set_string_value("good");
  EXPECT_THAT(FieldsOf(ErrorOf(terminal_->Ask(Change(nameless)))),
              testing::UnorderedElementsAre("change.lines[0].sku", "change.attributes[mood]"));
  EXPECT_EQ(terminal_->Ask(Resume("t1")).open().request().context().step(), 1);
  EXPECT_EQ(terminal_->Ask(Change(Scan("t1", 2, "2", {"BREAD"}))).response().basket().lines_size(),
            1);

  v1::DecideRequest wrong = State("t2", 1, {{""}});
  EXPECT_THAT(FieldsOf(ErrorOf(terminal_->Ask(Whole(wrong)))),
              ElementsAre("decide.basket.lines[0].sku"));
  EXPECT_EQ(ReasonIn(terminal_->Ask(Resume("t2"))), "TRANSACTION_NOT_OPEN");
  wrong.mutable_context()->clear_transaction_id();
  EXPECT_THAT(FieldsOf(ErrorOf(terminal_->Ask(Whole(wrong)))),
              Contains("decide.context.transaction_id"));
  v1::DecideStreamRequest reserve = Reserve("t1", 2);
  reserve.mutable_reserve()->clear_request_id();
  EXPECT_THAT(FieldsOf(ErrorOf(terminal_->Ask(reserve))), ElementsAre("reserve.request_id"));
}

TEST_F(TillFlowTest, TrainingGoesTheWholeWayAndTouchesNothing) {
  const auto open_in_training = [&](const std::string& transaction) {
    v1::DecideRequest request = State(transaction, 1, {{"BREAD", 1, 2000}});
    request.mutable_context()->set_mode(v1::DECISION_MODE_TRAINING);
    terminal_->Ask(Whole(request));
    const v1::DecideStreamResponse next =
        terminal_->Ask(Change(Scan(transaction, 2, "2", {"MILK"})));
    EXPECT_EQ(next.response().basket().totals().payable_minor(), 1800);
    EXPECT_EQ(terminal_->Ask(Reserve(transaction, 2)).reservation().claims_size(), 1);
  };
  // More than the budget's day has.
  for (int i = 0; i < 4; ++i) open_in_training(absl::StrCat("training-", i));
  EXPECT_TRUE(terminal_->Ask(Resume("training-0")).open().has_reservation());
  EXPECT_EQ(terminal_->Ask(Commit("training-0", 2)).sale().totals().payable_minor(), 1800);
  EXPECT_EQ(terminal_->Ask(Release("training-1", 2)).reservation().state(),
            v1::RESERVATION_STATE_RELEASED);
  EXPECT_EQ(terminal_->Ask(Suspend("training-2", 2)).reservation().state(),
            v1::RESERVATION_STATE_SUSPENDED);
  EXPECT_EQ(ReasonIn(terminal_->Ask(Resume("training-0"))), "TRANSACTION_NOT_OPEN");
  EXPECT_EQ(ReasonIn(terminal_->Ask(Resume("training-1"))), "TRANSACTION_NOT_OPEN");

  v1::DecideStreamRequest live = Reserve("training-3", 2);
  live.mutable_reserve()->mutable_context()->set_mode(v1::DECISION_MODE_LIVE);
  EXPECT_THAT(FieldsOf(ErrorOf(terminal_->Ask(live))), ElementsAre("reserve.context.mode"));

  grpc::ClientContext context;
  v1::GetSaleRequest get;
  get.set_transaction_id("training-0");
  v1::Sale sale;
  EXPECT_EQ(ReasonOf(till_.server().transactions().GetSale(&context, get, &sale)),
            "SALE_NOT_FOUND");
  // Both uses of the day are still there, and no step of the trainee was seen.
  for (const char* transaction : {"t1", "training-1"}) {
    EXPECT_EQ(till_.Reserve(transaction, 1, {{"BREAD", 1, 2000}}).claims_size(), 1);
  }
}

TEST_F(TillFlowTest, TwoTillsOnOneTransactionTakeTheirStepsOneByOne) {
  constexpr int kSteps = 200;
  terminal_->Ask(Whole(State("t1", 1, {})));
  std::vector<std::string> taken[2];
  std::vector<std::thread> tills;
  for (int till = 0; till < 2; ++till) {
    tills.emplace_back([this, till, &taken] {
      Terminal terminal(till_.server().address());
      for (int step = 2; step <= kSteps; ++step) {
        const std::string line = absl::StrCat(till, "-", step);
        const v1::DecideStreamResponse answer =
            terminal.Ask(Change(Scan("t1", step, line, {"MILK", 1, 1})));
        if (answer.has_response()) {
          taken[till].push_back(line);
        } else {
          const grpc::Status error = ErrorOf(answer);
          EXPECT_TRUE(error.error_code() == grpc::StatusCode::INVALID_ARGUMENT ||
                      ReasonOf(error) == "STEP_OUT_OF_ORDER" || ReasonOf(error) == "OVERLOADED")
              << error.error_message();
        }
      }
    });
  }
  for (std::thread& till : tills) till.join();
  const v1::OpenTransaction open = terminal_->Ask(Resume("t1")).open();
  std::vector<std::string> lines;
  for (const v1::BasketLine& line : open.request().basket().lines())
    lines.push_back(line.line_id());
  // Each step was one till's.
  EXPECT_LE(taken[0].size() + taken[1].size(), size_t{kSteps - 1});
  taken[0].insert(taken[0].end(), taken[1].begin(), taken[1].end());
  EXPECT_THAT(lines, testing::UnorderedElementsAreArray(taken[0]));
}

TEST_F(TillFlowTest, ACardThatComesLateChangesThePrice) {
  till_.AddCustomer("anna", "4711");
  const v1::DecideStreamResponse anonymous =
      terminal_->Ask(Whole(State("t1", 1, {{"MILK"}, {"BREAD"}})));
  EXPECT_THAT(AppliedIn(anonymous.response().basket()), IsEmpty());
  v1::BasketChange card;
  card.set_transaction_id("t1");
  card.set_step(2);
  v1::Identity* identity = card.add_identities();
  identity->set_namespace_("loyalty_card");
  identity->set_value("4711");
  const v1::DecideStreamResponse known = terminal_->Ask(Change(card));
  EXPECT_EQ(known.response().personal(), v1::PERSONAL_STATE_READ);
  EXPECT_THAT(LinesIn(known.response().basket()), ElementsAre("1 50"));
  EXPECT_EQ(terminal_->Ask(Reserve("t1", 2)).reservation().claims(0).id(), "weekly");
}

}  // namespace
}  // namespace touchstone::server
