// What is decided on a stream, beside Decide, and with a store that does not answer in time.

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/till/basket_change.h"
#include "server/till/till_stream.h"
#include "tests/server/decide/serving.h"
#include "tests/server/till/terminal.h"
#include "tests/store/fault_file_system.h"
#include "tests/store/seed.h"

namespace touchstone::server {
namespace {

// Serves streams; nothing asks the ledger here.
std::unique_ptr<RawStreamHandler> Tills(DecideHandler& decide) {
  return std::make_unique<TillStream>(TillOptions(), TillRooms{.decide = &decide});
}

// A till's view of a basket, from answers that hold what differs.
class View {
 public:
  void Take(const v1::DecideResponse& answer) {
    answer_ = answer;
    for (const v1::PricedLine& line : answer.basket().lines()) lines_[line.line_id()] = line;
  }
  // The answer as it were whole, for a basket of these lines.
  v1::DecideResponse Whole(const v1::Basket& basket) const {
    v1::DecideResponse whole = answer_;
    if (!whole.has_basket()) return whole;
    whole.mutable_basket()->clear_lines();
    for (const v1::BasketLine& line : basket.lines()) {
      *whole.mutable_basket()->add_lines() = lines_.at(line.line_id());
    }
    return whole;
  }

 private:
  v1::DecideResponse answer_;
  std::map<std::string, v1::PricedLine> lines_;
};

// What differs between two decisions of one state is left out.
std::string BytesOf(v1::DecideResponse response) {
  response.clear_decision_id();
  for (v1::PlacementAnswer& placement : *response.mutable_placements()) {
    for (v1::ShownOffer& offer : *placement.mutable_offers()) offer.clear_token();
  }
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  response.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

class Visit {
 public:
  Visit(std::mt19937_64& random, const std::string& transaction)
      : random_(random), state_(RandomRequest(random)) {
    state_.mutable_context()->set_transaction_id(transaction);
    state_.mutable_context()->set_step(1);
    // Enough that no decision runs out of it.
    state_.mutable_context()->mutable_budget()->set_seconds(60);
    asked_ = state_;
  }

  // The state at this step, with what is asked of its answer.
  const v1::DecideRequest& asked() const { return asked_; }

  v1::BasketChange Step() {
    v1::BasketChange change;
    change.set_transaction_id(state_.context().transaction_id());
    change.set_step(state_.context().step() + 1);
    for (const v1::BasketLine& line : state_.basket().lines()) {
      if (Below(8) == 0) {
        change.add_removed_lines(line.line_id());
      } else if (Below(6) == 0) {
        *change.add_lines() = line;
        change.mutable_lines()->rbegin()->set_quantity_thousandths(1000 * (1 + Below(4)));
      }
    }
    if (state_.basket().lines_size() > 0 && Below(2) == 0) {
      v1::BasketLine line = state_.basket().lines(Below(state_.basket().lines_size()));
      line.set_line_id(absl::StrCat("added-", change.step()));
      *change.add_lines() = line;
    }
    if (Below(3) == 0) *change.mutable_placements() = asked_.placements();
    change.set_whole_answer(Below(10) == 0);
    next_ = state_;
    std::vector<Violation> violations;
    ApplyChange(change, &next_, &violations);
    EXPECT_TRUE(violations.empty());
    asked_ = next_;
    AskMore(change, &asked_);
    return change;
  }
  void Accept() { state_ = next_; }

 private:
  int Below(int limit) { return static_cast<int>(random_() % static_cast<uint64_t>(limit)); }

  std::mt19937_64& random_;
  v1::DecideRequest state_;
  v1::DecideRequest next_;
  v1::DecideRequest asked_;
};

TEST(StreamDecisionsPropertyTest, AnswersPutTogetherAreThoseOfDecide) {
  Serving serving({}, nullptr, Tills);
  std::mt19937_64 random(store::TestSeed());
  Terminal terminal(serving.address());
  int compared = 0;
  for (int i = 0; i < 60; ++i) {
    Visit visit(random, absl::StrCat("visit-", i));
    View view;
    v1::DecideStreamResponse answer = terminal.Ask(Whole(visit.asked()));
    for (int step = 1; step <= 12; ++step) {
      v1::DecideResponse whole;
      const grpc::Status status = serving.Decide(visit.asked(), &whole);
      ASSERT_EQ(status.ok(), answer.has_response()) << status.error_message() << "\n"
                                                    << answer.ShortDebugString();
      if (status.ok()) {
        view.Take(answer.response());
        ASSERT_EQ(BytesOf(view.Whole(visit.asked().basket())), BytesOf(whole))
            << view.Whole(visit.asked().basket()).ShortDebugString() << "\n"
            << whole.ShortDebugString();
        ++compared;
      } else {
        EXPECT_EQ(ErrorOf(answer).error_code(), status.error_code());
        if (step == 1) break;  // it could not be opened
      }
      if (step > 1 && status.ok()) visit.Accept();
      const v1::BasketChange change = visit.Step();
      answer = terminal.Ask(Change(change));
    }
  }
  EXPECT_GT(compared, 200);
}

// The last line of LoyalTillRequest at another price.
v1::BasketChange CheaperBread(int step) {
  const v1::DecideRequest request = LoyalTillRequest();
  v1::BasketChange change;
  change.set_transaction_id(request.context().transaction_id());
  change.set_step(step);
  *change.add_lines() = *request.basket().lines().rbegin();
  change.mutable_lines(0)->set_unit_price_e4(5000 + step);
  return change;
}

TEST(StreamDecisionsTest, AnswersPartialAtTheDeadlineWhileTheReadIsHeld) {
  auto files = std::make_shared<store::FaultFileSystem>();
  Serving serving({}, files, Tills);
  files->HoldReads();
  Terminal terminal(serving.address());
  v1::DecideRequest request = LoyalTillRequest();
  request.mutable_context()->mutable_budget()->set_nanos(60'000'000);
  const v1::DecideStreamResponse opened = terminal.Ask(Whole(request));
  EXPECT_EQ(opened.response().completeness(), v1::COMPLETENESS_PARTIAL);
  EXPECT_EQ(opened.response().completeness_cause(), v1::COMPLETENESS_CAUSE_CUSTOMER_NOT_READ);

  // Of the change, the answer's budget is its own.
  v1::BasketChange change = CheaperBread(2);
  change.mutable_budget()->set_nanos(30'000'000);
  const v1::DecideStreamResponse changed = terminal.Ask(Change(change));
  EXPECT_EQ(changed.response().completeness(), v1::COMPLETENESS_PARTIAL);
  EXPECT_EQ(changed.response().basket().state(), v1::PRICING_STATE_PRICED);
  files->ReleaseReads();
  // What came too late is dropped; the next one may read for as long as it takes.
  v1::BasketChange patient = CheaperBread(3);
  patient.mutable_budget()->set_seconds(60);
  EXPECT_EQ(terminal.Ask(Change(patient)).response().completeness(), v1::COMPLETENESS_COMPLETE);
}

TEST(StreamDecisionsTest, AnswersCompleteWhenAHeldReadComesInTime) {
  auto files = std::make_shared<store::FaultFileSystem>();
  Serving serving({}, files, Tills);
  files->HoldReads();
  Terminal terminal(serving.address());
  v1::DecideRequest request = LoyalTillRequest();
  request.mutable_context()->mutable_budget()->set_seconds(60);
  ASSERT_TRUE(terminal.Send(Whole(request)));
  files->AwaitHeldReads(1);
  // Another till, with the same transaction: one step is under way.
  Terminal other(serving.address());
  EXPECT_EQ(ReasonOf(ErrorOf(other.Ask(Whole(request)))), "OVERLOADED");
  files->ReleaseReads();
  v1::DecideStreamResponse answer;
  ASSERT_TRUE(terminal.Receive(&answer));
  EXPECT_EQ(answer.response().completeness(), v1::COMPLETENESS_COMPLETE);
  EXPECT_TRUE(other.Ask(Change(CheaperBread(2))).has_response());
}

TEST(StreamDecisionsTest, AStreamThatIsCutWhileItsReadIsHeldLeavesItsTransactionFree) {
  auto files = std::make_shared<store::FaultFileSystem>();
  Serving serving({}, files, Tills);
  files->HoldReads();
  v1::DecideRequest request = LoyalTillRequest();
  request.mutable_context()->mutable_budget()->set_seconds(60);
  {
    Terminal terminal(serving.address());
    ASSERT_TRUE(terminal.Send(Whole(request)));
    files->AwaitHeldReads(1);
    terminal.Cut();
    EXPECT_EQ(terminal.Ended().error_code(), grpc::StatusCode::CANCELLED);
  }
  files->ReleaseReads();
  while (serving.server().open_streams() > 0) std::this_thread::yield();
  EXPECT_EQ(serving.server().in_flight(), 0);
  Terminal next(serving.address());
  EXPECT_TRUE(next.Ask(Change(CheaperBread(2))).has_response());
}

TEST(StreamDecisionsTest, AnAnswerThatWasNotPricedIsNoBasisOfTheNext) {
  Serving serving({}, nullptr, Tills);
  Terminal terminal(serving.address());
  const v1::DecideRequest request = LoyalTillRequest();
  const int lines = request.basket().lines_size();
  EXPECT_EQ(terminal.Ask(Whole(request)).response().basket().lines_size(), lines);
  v1::BasketChange hurried = CheaperBread(2);
  hurried.mutable_budget()->set_nanos(1);
  const v1::DecideStreamResponse fallback = terminal.Ask(Change(hurried));
  EXPECT_EQ(fallback.response().completeness(), v1::COMPLETENESS_FALLBACK);
  EXPECT_EQ(fallback.response().basket().lines_size(), 0);
  EXPECT_EQ(terminal.Ask(Change(CheaperBread(3))).response().basket().lines_size(), lines);
}

}  // namespace
}  // namespace touchstone::server
