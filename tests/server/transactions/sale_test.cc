// What a sale keeps, and what it does to its customer and to budgets.

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/transactions/till.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Customer GetCustomer(Till& till, const std::string& id) {
  v1::GetCustomerRequest request;
  request.set_name("customers/" + id);
  request.set_recent_event_count(10);
  grpc::ClientContext context;
  v1::Customer customer;
  const grpc::Status status = till.server().customers().GetCustomer(&context, request, &customer);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return customer;
}

v1::PostSaleRequest PostOf(Till& till, const std::string& transaction,
                           const std::vector<Item>& items, const std::string& card = "") {
  v1::PostSaleRequest request;
  request.set_request_id(till.server().NextRequestId());
  *request.mutable_context() = till.Context(transaction, 1, card);
  *request.mutable_basket() = till.BasketOf(items);
  for (const v1::BasketLine& line : request.basket().lines()) {
    v1::SoldLine* sold = request.add_lines();
    sold->set_line_id(line.line_id());
    sold->set_net_minor(line.unit_price_e4() / 100 * line.quantity_thousandths() / 1000);
  }
  return request;
}

void Take(const std::string& offer, int64_t minor, v1::SoldLine* line) {
  v1::OfferShare* share = line->add_taken();
  share->set_offer_id(offer);
  share->set_amount_minor(minor);
  line->set_net_minor(line->net_minor() - minor);
}

TEST(SaleTest, KeepsLinesOffersUnitsAndTenders) {
  Till till;
  till.Reserve("t1", 1, {{"BEANS", 3, 333}, {"BREAD", 1, 1500}});
  v1::CommitRequest commit = till.CommitRequestOf("t1", 1);
  v1::Tender* cash = commit.add_tenders();
  cash->set_type("cash");
  cash->set_amount_minor(2000);
  commit.mutable_context()->set_business_date("2026-11-20");
  v1::Sale sale;
  ASSERT_TRUE(till.Try(commit, &sale).ok());
  // 9.99 - 2.00 + 15.00 = 22.99, less 3.00.
  EXPECT_EQ(sale.totals().payable_minor(), 1999);
  EXPECT_EQ(sale.origin(), v1::SALE_ORIGIN_COMMITTED);
  EXPECT_EQ(sale.tenders(0).type(), "cash");
  EXPECT_EQ(sale.business_date(), "2026-11-20");
  ASSERT_EQ(sale.lines_size(), 2);
  int64_t shares = 0;
  for (const v1::SaleLine& line : sale.lines()) {
    for (const v1::UnitShare& share : line.unit_shares()) {
      shares += share.unit_count() * share.amount_each_minor();
    }
  }
  EXPECT_EQ(shares, sale.totals().discount_minor());
  EXPECT_THAT(sale.claims_size(), 1);
  EXPECT_EQ(till.GetSale("t1").SerializeAsString(), sale.SerializeAsString());
}

TEST(SaleTest, IsSoldOnce) {
  Till till;
  till.Reserve("t1", 1, {{"BREAD", 1, 2000}});
  const v1::CommitRequest commit = till.CommitRequestOf("t1", 1);
  v1::Sale first;
  v1::Sale again;
  ASSERT_TRUE(till.Try(commit, &first).ok());
  till.server().Restart();
  ASSERT_TRUE(till.Try(commit, &again).ok());
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
  EXPECT_EQ(ReasonOf(till.Try(till.CommitRequestOf("t1", 1), &again)), "TRANSACTION_COMMITTED");
  v1::Reservation held;
  EXPECT_EQ(ReasonOf(till.Try(till.ReserveRequestOf("t1", 2, {{"BREAD", 1, 100}}), &held)),
            "TRANSACTION_COMMITTED");
}

TEST(SaleTest, ThePurchaseCountsOnce) {
  Till till;
  till.AddCustomer("ada", "1");
  till.Reserve("t1", 1, {{"BEANS", 2, 500}}, "1");
  const v1::Sale sale = till.Commit("t1", 1);
  EXPECT_EQ(sale.customer(), "customers/ada");
  v1::Customer ada = GetCustomer(till, "ada");
  ASSERT_EQ(ada.recent_events_size(), 1);
  EXPECT_EQ(ada.recent_events(0).event_id(), "t1");
  EXPECT_EQ(ada.recent_events(0).fields().at("paid").money_value().amount_minor(), 800);
  EXPECT_EQ(ada.recent_events(0).lines(0).values().at("sku").string_value(), "BEANS");
  EXPECT_EQ(ada.recent_events(0).lines(0).values().at("quantity").decimal_thousandths(), 2000);

  // The transaction log of the night has it too.
  v1::AppendEventsRequest log;
  log.set_request_id(till.server().NextRequestId());
  log.add_events()->set_customer("customers/ada");
  *log.mutable_events(0)->mutable_event() = ada.recent_events(0);
  grpc::ClientContext context;
  v1::AppendEventsResponse answer;
  ASSERT_TRUE(till.server().customers().AppendEvents(&context, log, &answer).ok());
  EXPECT_EQ(answer.results(0).state(), v1::WRITE_STATE_DUPLICATE);
  EXPECT_EQ(GetCustomer(till, "ada").recent_events_size(), 1);
}

TEST(SaleTest, WhatWasSoldOfflineIsRecordedWithItsDifferences) {
  Till till;
  v1::PostSaleRequest post = PostOf(till, "t1", {{"BEANS", 1, 1000}, {"BREAD", 1, 2000}});
  // The rules take 2.00 off the beans and 3.00 off all; the till knew the latter only.
  Take("three-euro", 100, post.mutable_lines(0));
  Take("three-euro", 200, post.mutable_lines(1));
  v1::PostSaleResponse posted;
  const grpc::Status status = till.Try(post, &posted);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(posted.sale().origin(), v1::SALE_ORIGIN_POSTED);
  EXPECT_EQ(posted.sale().totals().payable_minor(), 2700);
  EXPECT_EQ(posted.sale().claims(0).amount().amount_minor(), 300);
  EXPECT_THAT(posted.overruns(), IsEmpty());
  ASSERT_GE(posted.differences_size(), 1);
  EXPECT_EQ(posted.differences(0).line_id(), "1");
  EXPECT_EQ(posted.differences(0).sold_minor(), 900);
  EXPECT_LT(posted.differences(0).priced_minor(), 800);
  EXPECT_THAT(posted.differences(0).offer_ids(), ::testing::Contains("beans-20"));
  v1::PostSaleResponse again;
  ASSERT_TRUE(till.Try(post, &again).ok());
  EXPECT_EQ(posted.SerializeAsString(), again.SerializeAsString());
}

TEST(SaleTest, OverrunIsReportedAndStopsNewPromises) {
  Till till;
  for (int i = 0; i < 3; ++i) {
    v1::PostSaleRequest post = PostOf(till, absl::StrCat("t", i), {{"BREAD", 1, 2000}});
    Take("three-euro", 300, post.mutable_lines(0));
    v1::PostSaleResponse posted;
    ASSERT_TRUE(till.Try(post, &posted).ok());
    // 6.00 a day.
    ASSERT_EQ(posted.overruns_size(), i == 2 ? 1 : 0);
    if (i < 2) continue;
    EXPECT_EQ(posted.overruns(0).id(), "autumn");
    EXPECT_EQ(posted.overruns(0).amount().amount_minor(), 300);
  }
  EXPECT_THAT(till.Reserve("t9", 1, {{"BREAD", 1, 2000}}).claims(), IsEmpty());
}

TEST(SaleTest, ALimitCountsWhatWasSoldOffline) {
  Till till;
  till.AddCustomer("ada", "1");
  for (const char* transaction : {"t1", "t2"}) {
    v1::PostSaleRequest post = PostOf(till, transaction, {{"MILK", 1, 200}}, "1");
    Take("milk-once", 50, post.mutable_lines(0));
    v1::PostSaleResponse posted;
    ASSERT_TRUE(till.Try(post, &posted).ok());
    EXPECT_EQ(posted.overruns_size(), std::string(transaction) == "t2" ? 1 : 0);
  }
  EXPECT_THAT(till.Reserve("t3", 1, {{"MILK", 1, 200}}, "1").claims(), IsEmpty());
}

TEST(SaleTest, AnErasedCustomerLeavesHerSalesWithoutAName) {
  Till till;
  till.AddCustomer("ada", "1");
  till.Reserve("t1", 1, {{"BEANS", 2, 500}}, "1");
  till.Commit("t1", 1);
  till.Reserve("t2", 1, {{"BREAD", 1, 2000}}, "1");
  v1::DeleteCustomerRequest erase;
  erase.set_request_id(till.server().NextRequestId());
  erase.set_name("customers/ada");
  grpc::ClientContext context;
  v1::DeleteCustomerResponse erased;
  ASSERT_TRUE(till.server().customers().DeleteCustomer(&context, erase, &erased).ok());
  EXPECT_EQ(till.GetSale("t1").customer(), "");
  EXPECT_EQ(till.GetSale("t1").totals().payable_minor(), 800);
  v1::Sale sale;
  EXPECT_EQ(ReasonOf(till.Try(till.CommitRequestOf("t2", 1), &sale)), "RESERVATION_NOT_FOUND");
  // What was held for her is free again.
  till.Reserve("t3", 1, {{"BREAD", 1, 2000}});
  EXPECT_EQ(till.Reserve("t4", 1, {{"BREAD", 1, 2000}}).claims_size(), 1);
  // Half of it comes back, at what was paid for it.
  EXPECT_EQ(till.Return("r1", "t1", {{"1", 1}}).refund_minor(), 400);
}

}  // namespace
}  // namespace touchstone::server
