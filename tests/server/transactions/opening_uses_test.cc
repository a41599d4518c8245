// What was used of budgets elsewhere, from the import to the till: ImportBudgets and ListBudgets.

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/rpc/rpc_error.h"
#include "tests/server/transactions/till.h"

namespace touchstone::server {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// `three-euro` takes 3.00 of budget `autumn`.
const std::vector<Item> kTwenty = {{"BREAD", 1, 2000}};

class OpeningUsesTest : public ::testing::Test {
 protected:
  static v1::ImportBudgetsRequest Batch(const std::string& name) {
    v1::ImportBudgetsRequest request;
    request.set_batch(name);
    return request;
  }
  static v1::OpeningUse& Add(const std::string& budget, int64_t uses, int64_t amount_minor,
                             v1::ImportBudgetsRequest* request) {
    v1::OpeningUse& use = *request->add_opening_uses();
    use.set_budget(budget);
    use.set_uses(uses);
    if (amount_minor != 0) SetEuros(amount_minor, use.mutable_amount());
    return use;
  }
  static void SetEuros(int64_t amount_minor, v1::Money* money) {
    money->set_currency_code("EUR");
    money->set_amount_minor(amount_minor);
  }
  grpc::Status Try(const v1::ImportBudgetsRequest& request, v1::ImportBudgetsResponse* response) {
    grpc::ClientContext context;
    return server().budgets().ImportBudgets(&context, request, response);
  }
  v1::ImportBudgetsResponse Import(const v1::ImportBudgetsRequest& request) {
    v1::ImportBudgetsResponse response;
    const grpc::Status status = Try(request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  // "booked/duplicates", and behind it what was refused: " 1:BUDGET_EXCEEDED". That a request which
  // is only validated is answered in the same way, and writes nothing, is part of it.
  std::string ResultOf(v1::ImportBudgetsRequest request) {
    request.set_validate_only(true);
    const std::string before = List().DebugString();
    const v1::ImportBudgetsResponse validated = Import(request);
    EXPECT_EQ(List().DebugString(), before);
    request.set_validate_only(false);
    const v1::ImportBudgetsResponse response = Import(request);
    EXPECT_EQ(response.DebugString(), validated.DebugString());
    std::string text = absl::StrCat(response.booked(), "/", response.duplicates());
    for (const v1::RefusedOpeningUse& refused : response.refused()) {
      absl::StrAppend(&text, " ", refused.index(), ":", ReasonOf(RpcError(refused.error())));
    }
    return text;
  }
  v1::ListBudgetsResponse List() {
    grpc::ClientContext context;
    v1::ListBudgetsResponse response;
    const grpc::Status status =
        server().budgets().ListBudgets(&context, v1::ListBudgetsRequest(), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  v1::BudgetState Autumn() {
    const v1::ListBudgetsResponse listed = List();
    EXPECT_EQ(listed.budgets(0).budget(), "autumn");
    return listed.budgets(0);
  }
  // What is wrong with one use, in the words of the answer.
  std::string FaultOf(const v1::OpeningUse& use) {
    v1::ImportBudgetsRequest request = Batch("fault");
    *request.add_opening_uses() = use;
    const v1::ImportBudgetsResponse response = Import(request);
    EXPECT_EQ(response.refused_size(), 1) << use.DebugString();
    if (response.refused_size() != 1) return "";
    EXPECT_EQ(ReasonOf(RpcError(response.refused(0).error())), "INVALID_REQUEST");
    return response.refused(0).error().message();
  }
  TestServer& server() { return till_.server(); }

  Till till_;
};

TEST_F(OpeningUsesTest, TillsGetWhatIsLeftOfABudget) {
  v1::ImportBudgetsRequest request = Batch("move");
  Add("autumn", 3, 200, &request);
  EXPECT_EQ(ResultOf(request), "1/0");
  EXPECT_EQ(till_.Reserve("t1", 1, kTwenty).basket().totals().payable_minor(), 1700);
  const v1::Reservation second = till_.Reserve("t2", 1, kTwenty);
  EXPECT_EQ(second.basket().totals().payable_minor(), 2000) << "four uses in all";
  EXPECT_EQ(CodeFor(second, "three-euro"), "SPENT");
}

TEST_F(OpeningUsesTest, OneThatTakesAllClosesTheBudgetForDecisionsAtOnceAndAfterARestart) {
  EXPECT_THAT(AppliedIn(till_.Decide("t1", 1, kTwenty).basket()), SizeIs(1));
  v1::ImportBudgetsRequest request = Batch("move");
  v1::OpeningUse& use = Add("autumn", 1, 700, &request);
  use.set_day("2026-11-20");
  SetEuros(600, use.mutable_day_amount());
  EXPECT_EQ(ResultOf(request), "1/0");
  EXPECT_THAT(AppliedIn(till_.Decide("t1", 2, kTwenty).basket()), SizeIs(0));
  server().Restart();
  EXPECT_THAT(AppliedIn(till_.Decide("t1", 3, kTwenty).basket()), SizeIs(0));
  server().MoveClock(absl::Hours(24));
  EXPECT_THAT(AppliedIn(till_.Decide("t1", 4, kTwenty).basket()), SizeIs(1)) << "another day";
}

TEST_F(OpeningUsesTest, TheSameAgainIsADuplicateAndOtherNumbersAreRefused) {
  v1::ImportBudgetsRequest request = Batch("move");
  Add("autumn", 1, 300, &request);
  EXPECT_EQ(ResultOf(request), "1/0");
  Add("autumn", 1, 300, &request);
  EXPECT_EQ(ResultOf(request), "0/2");
  server().MoveClock(absl::Hours(24 * 400));
  EXPECT_EQ(ResultOf(request), "0/2");
  request.mutable_opening_uses(1)->mutable_amount()->set_amount_minor(301);
  EXPECT_EQ(ResultOf(request), "0/1 1:OPENING_USE_EXISTS");
  request.set_batch("more");
  EXPECT_EQ(ResultOf(request), "1/0 1:OPENING_USE_EXISTS");
  EXPECT_EQ(Autumn().total().committed_amount().amount_minor(), 600);
  EXPECT_EQ(Autumn().total().committed_uses(), 2);
}

TEST_F(OpeningUsesTest, WhatABudgetHasNoRoomForIsRefusedAndStopsNoOther) {
  till_.Reserve("t1", 1, kTwenty);
  v1::ImportBudgetsRequest request = Batch("move");
  Add("autumn", 4, 0, &request);
  Add("autumn", 0, 701, &request);
  v1::OpeningUse& today = Add("autumn", 0, 301, &request);
  today.set_day("2026-11-20");
  SetEuros(301, today.mutable_day_amount());
  Add("nothing", 1, 0, &request);
  Add("kept", 1, 0, &request);
  Add("autumn", 0, 700, &request);
  EXPECT_EQ(ResultOf(request),
            "2/0 0:BUDGET_EXCEEDED 1:BUDGET_EXCEEDED 2:BUDGET_EXCEEDED 3:BUDGET_NOT_FOUND");
  const v1::UsedBudget used = Autumn().total();
  EXPECT_EQ(used.committed_amount().amount_minor() + used.reserved_amount().amount_minor(), 1000);
}

TEST_F(OpeningUsesTest, ListsWhatIsUsedOfEveryBudgetAndItsBounds) {
  till_.Reserve("t1", 1, kTwenty);
  v1::ImportBudgetsRequest request = Batch("move");
  v1::OpeningUse& use = Add("autumn", 2, 500, &request);
  use.set_day("2026-11-20");
  SetEuros(100, use.mutable_day_amount());
  ASSERT_EQ(ResultOf(request), "1/0");
  const v1::BudgetState autumn = Autumn();
  EXPECT_EQ(autumn.max_uses(), 4);
  EXPECT_EQ(autumn.max_amount().amount_minor(), 1000);
  EXPECT_EQ(autumn.max_amount().currency_code(), "EUR");
  EXPECT_EQ(autumn.max_amount_per_day().amount_minor(), 600);
  EXPECT_EQ(autumn.total().committed_uses(), 2);
  EXPECT_EQ(autumn.total().reserved_uses(), 1);
  EXPECT_EQ(autumn.total().committed_amount().amount_minor(), 500);
  EXPECT_EQ(autumn.total().reserved_amount().amount_minor(), 300);
  EXPECT_EQ(autumn.total().overrun_amount().amount_minor(), 0);
  EXPECT_EQ(autumn.day(), "2026-11-20");
  EXPECT_EQ(autumn.today().committed_amount().amount_minor(), 100);
  EXPECT_EQ(autumn.today().reserved_amount().amount_minor(), 300);
  const v1::BudgetState kept = List().budgets(1);
  EXPECT_EQ(kept.budget(), "kept");
  EXPECT_FALSE(kept.has_max_amount());
  EXPECT_FALSE(kept.has_today());
  EXPECT_FALSE(kept.total().has_committed_amount());
}

TEST_F(OpeningUsesTest, WhatMakesNoSenseIsSaidOfEach) {
  v1::ImportBudgetsRequest request;
  EXPECT_THAT(FaultOf(Add("autumn", 0, 0, &request)), HasSubstr("nothing to book"));
  EXPECT_THAT(FaultOf(Add("autumn", -1, 0, &request)), HasSubstr("uses"));
  EXPECT_THAT(FaultOf(Add("autumn", 0, -1, &request)), HasSubstr("amount"));
  EXPECT_THAT(FaultOf(Add("kept", 1, 5, &request)), HasSubstr("counts no money"));
  v1::OpeningUse use = Add("autumn", 0, 5, &request);
  use.mutable_amount()->set_currency_code("CHF");
  EXPECT_THAT(FaultOf(use), HasSubstr("must be in EUR"));
  use = Add("autumn", 0, 5, &request);
  use.set_day("2026-11-20");
  EXPECT_THAT(FaultOf(use), HasSubstr("goes with day_amount"));
  SetEuros(6, use.mutable_day_amount());
  EXPECT_THAT(FaultOf(use), HasSubstr("must be part of amount"));
  use.mutable_day_amount()->set_amount_minor(5);
  use.set_day("2026-11-21");
  EXPECT_THAT(FaultOf(use), HasSubstr("must not be after today"));
  use.set_day("20.11.2026");
  EXPECT_THAT(FaultOf(use), HasSubstr("must be a day such as"));
  use = Add("kept", 1, 0, &request);
  use.set_day("2026-11-20");
  SetEuros(0, use.mutable_day_amount());
  EXPECT_THAT(FaultOf(use), HasSubstr("has no `per_day`"));
}

TEST_F(OpeningUsesTest, BadBatchesAreRefusedAsAWhole) {
  v1::ImportBudgetsResponse response;
  v1::ImportBudgetsRequest request = Batch("");
  Add("autumn", 1, 0, &request);
  EXPECT_EQ(ReasonOf(Try(request, &response)), "INVALID_REQUEST");
  EXPECT_EQ(ReasonOf(Try(Batch("empty"), &response)), "INVALID_REQUEST");
  v1::ImportBudgetsRequest large = Batch("large");
  for (int i = 0; i < 1001; ++i) Add("autumn", 1, 0, &large);
  EXPECT_EQ(ReasonOf(Try(large, &response)), "INVALID_REQUEST");
}

TEST(OpeningUsesOfNoRulesTest, ThereIsNoBudgetBeforeTheFirstRevision) {
  TestServer server;
  v1::ImportBudgetsRequest request;
  request.set_batch("move");
  request.add_opening_uses()->set_budget("autumn");
  v1::ImportBudgetsResponse imported;
  v1::ListBudgetsResponse listed;
  grpc::ClientContext import_context;
  grpc::ClientContext list_context;
  EXPECT_EQ(ReasonOf(server.budgets().ImportBudgets(&import_context, request, &imported)),
            "NO_ACTIVE_REVISION");
  EXPECT_EQ(
      ReasonOf(server.budgets().ListBudgets(&list_context, v1::ListBudgetsRequest(), &listed)),
      "NO_ACTIVE_REVISION");
}

}  // namespace
}  // namespace touchstone::server
