#include "store/verify_ledger.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/keys.h"
#include "tests/store/ledger_entries.h"
#include "tests/store/verify_fixture.h"

namespace touchstone::store {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;

// With reservations that are held, over and sold, of customers and of nobody, and codes.
class VerifyLedgerTest : public VerifyTest {
 protected:
  VerifyLedgerTest() {
    Writer writer(store_.get(), WriterOptions());
    for (const storage::Entry& entry :
         {ReserveEntry("held", 1, {DayClaim("b", 300, 7, 9000, 9000), LimitClaim("l", 5, 9)},
                       "anna"),
          ReserveEntry("over", 1, {MoneyClaim("b", 50, 9000)}), ReleaseEntry("over", 1),
          ReserveEntry("sold", 2, {MoneyClaim("b", 200, 9000)}, "bert"),
          OpenEntry("move", {DayClaim("b", 100, 7, 9000, 9000)}), CommitEntry("sold", 2, "bert"),
          PostEntry("posted", {MoneyClaim("b", 9000, 9000)}),
          AddCodesEntry({"CODE-1111", "CODE-2222"}, 5), AddCodesEntry({"CODE-HERS"}, 1, "anna"),
          ReserveEntry("code-held", 1, {CodeClaim("CODE-1111"), CodeClaim("CODE-HERS")}, "anna"),
          ReserveEntry("code-sold", 1, {CodeClaim("CODE-1111")}), CommitEntry("code-sold", 1),
          PostEntry("code-posted", {CodeClaim("CODE-1111"), CodeClaim("CODE-HERS")})}) {
      EXPECT_EQ(writer.Write(entry)->refusal(), storage::EntryResult::REFUSAL_UNSPECIFIED);
    }
  }
};

TEST_F(VerifyLedgerTest, CountsWhatIsThereAndFindsNothingWrong) {
  EXPECT_THAT(Findings(), IsEmpty());
  EXPECT_EQ(Verify().reservations, 3u);
  EXPECT_EQ(Verify().sales, 4u);
  EXPECT_EQ(Verify().codes, 3u);
}

TEST_F(VerifyLedgerTest, AReservationThatNothingLeadsToIsUnlisted) {
  Delete(Family::kLedger, DueRow(kTestExpireUs, "held"));
  EXPECT_THAT(Findings(), ElementsAre("unlisted_reservation: transactions/held"));
  Put(Family::kLedger, DueRow(kTestExpireUs, "held"), "");
  Delete(Family::kLedger, HeldRow("anna", "held"));
  EXPECT_THAT(Findings(), ElementsAre("unlisted_reservation: transactions/held"));
}

TEST_F(VerifyLedgerTest, ARowThatLeadsToNoReservationHasLostIt) {
  Put(Family::kLedger, DueRow(kTestExpireUs, "none"), "");
  Put(Family::kLedger, DueRow(kTestExpireUs - 1, "held"), "");
  Put(Family::kLedger, HeldRow("bert", "held"), "");
  EXPECT_THAT(Findings(), ElementsAre("lost_reservation: transactions/held",
                                      "lost_reservation: transactions/none",
                                      "lost_reservation: transactions/held"));
}

TEST_F(VerifyLedgerTest, WhatWasSoldHoldsNothing) {
  Put(Family::kSales, SaleRow("over"),
      *store_->database().GetCopy(Family::kSales, SaleRow("posted")).value());
  EXPECT_THAT(Findings(),
              ElementsAre("sold_reservation: transactions/over", "budget_differs: budgets/b"));
}

TEST_F(VerifyLedgerTest, SalesAndTheirListsSpeakOfOneAnother) {
  Delete(Family::kSales, CustomerSaleRow("bert", kTestTimeUs, "sold"));
  Put(Family::kSales, CustomerSaleRow("anna", kTestTimeUs, "posted"), "");
  Put(Family::kSales, CustomerSaleRow("anna", kTestTimeUs, "none"), "");
  EXPECT_THAT(Findings(),
              ElementsAre("unlisted_sale: transactions/sold", "lost_sale: transactions/none",
                          "lost_sale: transactions/posted"));
}

TEST_F(VerifyLedgerTest, ABudgetIsTheSumOfItsClaims) {
  Delete(Family::kLedger, BudgetDayRow("b", 7));
  EXPECT_THAT(Findings(), ElementsAre("budget_differs: budgets/b, day 7"));
  Put(Family::kLedger, BudgetRow("b"), "");
  Put(Family::kLedger, BudgetRow("unused"), "");
  EXPECT_THAT(Findings(),
              ElementsAre("budget_differs: budgets/b", "budget_differs: budgets/b, day 7"));
}

TEST_F(VerifyLedgerTest, WhatWasUsedElsewhereIsPartOfABudget) {
  const std::string row =
      *store_->database().GetCopy(Family::kLedger, OpeningUseRow("b", "move")).value();
  Delete(Family::kLedger, OpeningUseRow("b", "move"));
  EXPECT_THAT(Findings(),
              ElementsAre("budget_differs: budgets/b", "budget_differs: budgets/b, day 7"));
  Put(Family::kLedger, OpeningUseRow("c", "move"), row);
  EXPECT_THAT(Findings(), Contains("damaged_row: ledger: opening use"));
}

TEST_F(VerifyLedgerTest, ACodeIsTheSumOfItsClaims) {
  const auto code = [this](const char* name) {
    storage::Code row;
    row.ParseFromString(*store_->database().GetCopy(Family::kLedger, CodeRow(name)).value());
    return row;
  };
  const auto put = [this](const char* name, const storage::Code& row) {
    Put(Family::kLedger, CodeRow(name), row.SerializeAsString());
  };
  const storage::Code used = code("CODE-1111");
  for (const auto change :
       {&storage::Code::set_reserved, &storage::Code::set_committed, &storage::Code::set_overrun}) {
    storage::Code changed = used;
    (changed.*change)(2 + used.committed());
    put("CODE-1111", changed);
    EXPECT_THAT(Findings(), ElementsAre("code_differs: codes/*111"));
  }
  // What is committed and what is overrun cannot be told from the sales.
  storage::Code moved = used;
  moved.set_committed(used.committed() + 1);
  moved.set_overrun(used.overrun() - 1);
  put("CODE-1111", moved);
  EXPECT_THAT(Findings(), ElementsAre("code_differs: codes/*111")) << "below zero";
  put("CODE-1111", used);
  storage::Code unused = code("CODE-2222");
  unused.set_committed(1);
  put("CODE-2222", unused);
  EXPECT_THAT(Findings(), ElementsAre("code_differs: codes/*222"));
  Delete(Family::kLedger, CodeRow("CODE-1111"));
  Delete(Family::kLedger, CodeRow("CODE-2222"));
  EXPECT_THAT(Findings(), ElementsAre("code_differs: codes/*111"));
}

TEST_F(VerifyLedgerTest, CodesAndTheRowsThatLeadToThemSpeakOfOneAnother) {
  Delete(Family::kLedger, CodeHoldRow("CODE-1111", "code-held"));
  Delete(Family::kLedger, CustomerCodeRow("anna", "CODE-HERS"));
  Put(Family::kLedger, CodeHoldRow("CODE-2222", "code-held"), "");
  Put(Family::kLedger, CodeHoldRow("CODE-1111", "none"), "");
  Put(Family::kLedger, CodeHoldRow("CODE-2222", "over"), "");
  Put(Family::kLedger, CustomerCodeRow("bert", "CODE-HERS"), "");
  Put(Family::kLedger, CustomerCodeRow("bert", "CODE-NONE"), "");
  EXPECT_THAT(Findings(),
              ElementsAre("unlisted_code: codes/*111", "unlisted_code: codes/*ERS",
                          "lost_code: codes/*111", "lost_code: codes/*222", "lost_code: codes/*222",
                          "lost_code: codes/*ERS", "lost_code: codes/*ONE"));
}

TEST_F(VerifyLedgerTest, RowsThatAreNotWhatTheirKeySaysAreDamaged) {
  Put(Family::kLedger, ReservationRow("over"), "");
  Put(Family::kLedger, "x", "");
  Put(Family::kLedger, "hanna", "");
  Put(Family::kSales, SaleRow("posted"), "");
  Put(Family::kSales, "canna", "");
  Put(Family::kLedger, "dday", "");
  Put(Family::kLedger, CodeRow("CODE-2222"), "");
  Put(Family::kLedger, "rCODE", "");
  Put(Family::kLedger, "oanna", "");
  EXPECT_THAT(
      Findings(),
      IsSupersetOf({"damaged_row: ledger: code", "damaged_row: ledger: hold of a code",
                    "damaged_row: ledger: code of a customer", "damaged_row: ledger: reservation",
                    "damaged_row: ledger: due", "damaged_row: ledger: held",
                    "damaged_row: sales: sale", "damaged_row: sales: sale of a customer",
                    "damaged_row: ledger: budget"}));
}

TEST_F(VerifyLedgerTest, ACouponThatIsNotThereIsLost) {
  storage::Entry sale = CommitEntry("giving", 1);
  storage::Coupon& coupon = *sale.mutable_commit()->add_coupons();
  coupon.set_code("NEXT-VISIT");
  coupon.mutable_terms()->set_offer_id("beans-20");
  coupon.mutable_terms()->set_most_uses(1);
  {
    Writer writer(store_.get(), WriterOptions());
    for (const storage::Entry& entry : {ReserveEntry("giving", 1, {}), sale}) {
      EXPECT_EQ(writer.Write(entry)->refusal(), storage::EntryResult::REFUSAL_UNSPECIFIED);
    }
  }
  EXPECT_THAT(Findings(), IsEmpty());
  Delete(Family::kLedger, CodeRow("NEXT-VISIT"));
  EXPECT_THAT(Findings(), ElementsAre("lost_code: transactions/giving"));
}

}  // namespace
}  // namespace touchstone::store
