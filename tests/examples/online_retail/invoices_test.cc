#include "deploy/examples/online-retail/invoices.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::online_retail {
namespace {

using ::testing::HasSubstr;

constexpr char kHeader[] =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

class InvoicesTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::vector<Invoice>> Read(const std::string& rows) {
    const std::string source = std::getenv("TOUCHSTONE_SOURCE_DIR");
    const std::string mappings = source + "/deploy/examples/online-retail/mapping/";
    const std::string path = directory_.Sub("invoices.csv");
    std::ofstream(path) << kHeader << rows;
    return ReadLaterInvoices({path, mappings + "purchases.yaml", mappings + "returns.yaml"});
  }

  store::TemporaryDirectory directory_;
};

TEST_F(InvoicesTest, ASaleIsARequestOfTheTillAsOfItsMomentAndAnEvent) {
  const auto invoices = Read(
      "568200,PADS,PADS,3,2011-09-25 14:58:00,0.001,16198.0,EIRE\n"
      "568200,22423,CAKESTAND,80995,2011-09-25 14:59:00,10.95,16198.0,EIRE\n");
  ASSERT_TRUE(invoices.ok()) << invoices.status();
  ASSERT_EQ(invoices->size(), 1u);
  const Invoice& sale = invoices->front();
  EXPECT_EQ(sale.kind, InvoiceKind::kSale);
  EXPECT_EQ(sale.customer_number, "16198");
  const v1::DecisionContext& context = sale.request.context();
  EXPECT_EQ(context.transaction_id(), "568200");
  EXPECT_EQ(context.as_of().seconds(), 1316959080);  // 13:58 UTC: summer time
  EXPECT_EQ(context.identities(0).namespace_(), "customer_number");
  EXPECT_EQ(context.identities(0).value(), "16198");
  EXPECT_EQ(sale.request.attributes().at("country").string_value(), "EIRE");
  ASSERT_EQ(sale.request.basket().lines_size(), 2);
  EXPECT_EQ(sale.request.basket().lines(0).unit_price_e4(), 10);
  EXPECT_EQ(sale.request.basket().lines(1).quantity_thousandths(), 80'995'000);
  EXPECT_NE(sale.request.basket().lines(0).line_id(), sale.request.basket().lines(1).line_id());
  ASSERT_TRUE(sale.event.has_value());
  EXPECT_EQ(sale.event->event().type(), "purchase");
  EXPECT_EQ(sale.event->event().occurred_at().seconds(), context.as_of().seconds());
  EXPECT_EQ(sale.event->event().fields().at("paid").money_value().amount_minor(), 88689525);
}

TEST_F(InvoicesTest, ACancelledOneIsAReturnOfAmountsBelowZero) {
  const auto invoices = Read("C581484,23843,BIRDIE,-80995,2011-12-09 09:27:00,2.08,16446.0,UK\n");
  ASSERT_TRUE(invoices.ok()) << invoices.status();
  ASSERT_EQ(invoices->size(), 1u);
  EXPECT_EQ(invoices->front().kind, InvoiceKind::kReturn);
  ASSERT_TRUE(invoices->front().event.has_value());
  const v1::Event& event = invoices->front().event->event();
  EXPECT_EQ(event.type(), "return");
  EXPECT_EQ(event.fields().at("amount").money_value().amount_minor(), -16846960);
}

TEST_F(InvoicesTest, WhatTheImportTakesIsNotReplayed) {
  const auto invoices = Read(
      "1,22423,CAKESTAND,1,2011-08-31 23:59:00,10.95,16198.0,UK\n"
      "2,22423,CAKESTAND,1,2011-09-01 00:00:00,10.95,16198.0,UK\n");
  ASSERT_TRUE(invoices.ok()) << invoices.status();
  ASSERT_EQ(invoices->size(), 1u);
  EXPECT_EQ(invoices->front().number, "2");
}

TEST_F(InvoicesTest, WithoutACustomerASaleIsNoEventAndFoundStockIsNoSale) {
  const auto invoices = Read(
      "1,22423,CAKESTAND,1,2011-09-01 10:00:00,10.95,,UK\n"
      "2,22423,found,5,2011-09-01 10:01:00,0.0,,UK\n"
      "3,22423,wet,-5,2011-09-01 10:02:00,0.0,,UK\n"
      "A4,B,Adjust bad debt,1,2011-09-01 10:03:00,-11062.06,,UK\n"
      "5,22423,a gift,1,2011-09-01 10:04:00,0.0,16198.0,UK\n");
  ASSERT_TRUE(invoices.ok()) << invoices.status();
  ASSERT_EQ(invoices->size(), 5u);
  EXPECT_EQ((*invoices)[0].kind, InvoiceKind::kSale);
  EXPECT_FALSE((*invoices)[0].event.has_value());
  EXPECT_EQ((*invoices)[0].request.context().identities_size(), 0);
  EXPECT_EQ((*invoices)[1].kind, InvoiceKind::kAdjustment);
  EXPECT_EQ((*invoices)[2].kind, InvoiceKind::kAdjustment);
  EXPECT_EQ((*invoices)[3].kind, InvoiceKind::kAdjustment);
  EXPECT_EQ((*invoices)[4].kind, InvoiceKind::kSale);
}

TEST_F(InvoicesTest, ARowThatIsNoneOfAnInvoiceIsNamed) {
  const auto invoices = Read(
      "1,22423,CAKESTAND,1,2011-09-01 10:00:00,10.95,,UK\n"
      "2,22423,CAKESTAND,many,2011-09-01 10:00:00,10.95,,UK\n");
  EXPECT_THAT(std::string(invoices.status().message()), HasSubstr("line 3"));
}

}  // namespace
}  // namespace touchstone::online_retail
