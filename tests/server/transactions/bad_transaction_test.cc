// What tills get wrong.

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/transactions/till.h"

namespace touchstone::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

TEST(BadTransactionTest, NamesEveryViolation) {
  Till till;
  v1::ReserveRequest request;
  v1::Reservation held;
  EXPECT_THAT(FieldsOf(till.Try(request, &held)), ElementsAre("request_id", "basket"));
  request = till.ReserveRequestOf("t1", 0, {{"BREAD", 1, 100}});
  EXPECT_THAT(FieldsOf(till.Try(request, &held)), ElementsAre("context.step"));
  request = till.ReserveRequestOf("t1", 1, {{"BREAD", 0, 100}});
  EXPECT_THAT(FieldsOf(till.Try(request, &held)), Contains(::testing::HasSubstr("quantity")));
  request = till.ReserveRequestOf("t1", 1, {{"BREAD", 1, 100}});
  request.mutable_hold()->set_seconds(86401);
  EXPECT_THAT(FieldsOf(till.Try(request, &held)), ElementsAre("hold"));
  request.mutable_hold()->set_seconds(0);
  EXPECT_THAT(FieldsOf(till.Try(request, &held)), ElementsAre("hold"));

  v1::CommitRequest commit = till.CommitRequestOf("no spaces", -1);
  commit.add_tenders()->set_amount_minor(-1);
  v1::Sale sale;
  EXPECT_THAT(FieldsOf(till.Try(commit, &sale)),
              ElementsAre("context.transaction_id", "context.step", "tenders[0].type",
                          "tenders[0].amount_minor"));
}

TEST(BadTransactionTest, ForeignAndUnknownReservations) {
  Till till;
  v1::Sale sale;
  EXPECT_EQ(ReasonOf(till.Try(till.CommitRequestOf("t1", 1), &sale)), "RESERVATION_NOT_FOUND");
  till.Reserve("t1", 2, {{"BREAD", 1, 100}});
  EXPECT_EQ(ReasonOf(till.Try(till.CommitRequestOf("t1", 1), &sale)), "STEP_SUPERSEDED");
  EXPECT_EQ(ReasonOf(till.Try(till.CommitRequestOf("t1", 3), &sale)), "RESERVATION_NOT_FOUND");
}

TEST(BadTransactionTest, ReturnsThatCannotBe) {
  Till till;
  v1::ReturnSaleResponse back;
  EXPECT_EQ(ReasonOf(till.Try(till.ReturnRequestOf("r1", "t1", {{"1", 1}}), &back)),
            "SALE_NOT_FOUND");
  till.Reserve("t1", 1, {{"BREAD", 2, 100}});
  till.Commit("t1", 1);
  EXPECT_EQ(ReasonOf(till.Try(till.ReturnRequestOf("r1", "t1", {{"1", 3}}), &back)),
            "RETURN_EXCEEDS_SALE");
  EXPECT_EQ(ReasonOf(till.Try(till.ReturnRequestOf("r1", "t1", {{"7", 1}}), &back)),
            "RETURN_EXCEEDS_SALE");
  EXPECT_THAT(FieldsOf(till.Try(till.ReturnRequestOf("r1", "t1", {}), &back)),
              ElementsAre("lines"));
  EXPECT_THAT(FieldsOf(till.Try(till.ReturnRequestOf("t1", "t1", {{"1", 1}}), &back)),
              ElementsAre("sale_transaction_id"));
  EXPECT_EQ(till.GetSale("t1").returns_size(), 0);
}

TEST(BadTransactionTest, PostedLinesThatDoNotFitTheBasket) {
  Till till;
  v1::PostSaleRequest post;
  post.set_request_id(till.server().NextRequestId());
  *post.mutable_context() = till.Context("t1", 1);
  *post.mutable_basket() = till.BasketOf({{"BREAD", 1, 100}, {"MILK", 1, 100}});
  v1::PostSaleResponse posted;
  EXPECT_THAT(FieldsOf(till.Try(post, &posted)), ElementsAre("lines"));
  post.add_lines()->set_line_id("1");
  post.add_lines()->set_line_id("1");
  post.add_lines()->set_line_id("9");
  post.mutable_lines(0)->set_net_minor(-1);
  EXPECT_THAT(FieldsOf(till.Try(post, &posted)),
              ElementsAre("lines[0].net_minor", "lines[1].line_id", "lines[2].line_id"));
}

}  // namespace
}  // namespace touchstone::server
