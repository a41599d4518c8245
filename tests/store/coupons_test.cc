// Coupons for a later visit: what a sale gives, and what a return withdraws.

#include "store/coupons.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/record_patch.h"
#include "tests/store/ledger_entries.h"
#include "tests/store/ledger_fixture.h"

namespace touchstone::store {
namespace {

using storage::Code;
using storage::Coupon;
using storage::Entry;
using storage::EntryResult;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CouponsTest : public LedgerTest {
 protected:
  CouponsTest() {
    for (const char* id : {"ann", "bea"}) MakeCustomer(id);
  }

  static Coupon CouponOf(const std::string& grant_id, const std::string& code, int64_t uses = 1) {
    Coupon coupon;
    coupon.set_grant_id(grant_id);
    coupon.set_code(code);
    Code& terms = *coupon.mutable_terms();
    terms.set_offer_id("beans-20");
    terms.set_offer(20);
    terms.set_start_us(kTestTimeUs);
    terms.set_end_us(kTestTimeUs + 14 * kDayUs);
    terms.set_most_uses(uses);
    terms.set_batch("t1");
    return coupon;
  }

  Entry SaleOf(absl::string_view transaction_id, const std::vector<Coupon>& coupons,
               absl::string_view customer_id = "") {
    EXPECT_EQ(RefusalOf(ReserveEntry(transaction_id, 1, {}, customer_id)), kApplied);
    Entry entry = CommitEntry(transaction_id, 1, customer_id);
    for (const Coupon& coupon : coupons) *entry.mutable_commit()->add_coupons() = coupon;
    return entry;
  }

  static Entry Withdraw(uint32_t version, const std::string& id, int64_t uses) {
    Entry entry = ReturnEntry("t1", version, {});
    storage::GivenCoupon* left = entry.mutable_return_sale()->add_withdrawn();
    left->set_id(id);
    left->set_uses(uses);
    return entry;
  }

  // "id uses" of each.
  std::vector<std::string> Given(absl::string_view transaction_id) {
    std::vector<std::string> given;
    const std::optional<StoredSale> sale = Sale(transaction_id);
    for (const storage::GivenCoupon& coupon : sale->coupons()) {
      given.push_back(absl::StrCat(coupon.id(), " ", coupon.uses()));
    }
    return given;
  }

  Code Row(absl::string_view id) {
    Code row;
    EXPECT_EQ(*store_->GetCode(id, ReadTier::kMayBlock, &row), Found::kFound) << id;
    return row;
  }
};

TEST_F(CouponsTest, ACustomerGetsAGrantAndWhoIsNotKnownACode) {
  ASSERT_EQ(RefusalOf(SaleOf("t1", {CouponOf("g1", "CODE1", 2)}, "ann")), kApplied);
  EXPECT_THAT(Given("t1"), ElementsAre("g1 2"));
  const Code grant = Row("g1");
  EXPECT_TRUE(grant.is_grant());
  EXPECT_EQ(grant.customer_id(), "ann");
  EXPECT_EQ(grant.offer(), 20u);
  EXPECT_EQ(grant.most_uses(), 2);
  EXPECT_EQ(grant.end_us(), kTestTimeUs + 14 * kDayUs);
  EXPECT_EQ(UsesOfCode("CODE1"), "") << "it is one of the two";
  EXPECT_TRUE(CanHold("later", GrantClaim("g1"), "ann", kTestTimeUs));

  ASSERT_EQ(RefusalOf(SaleOf("t2", {CouponOf("", "CODE2")})), kApplied);
  EXPECT_THAT(Given("t2"), ElementsAre("CODE2 1"));
  EXPECT_FALSE(Row("CODE2").is_grant());
  EXPECT_EQ(Row("CODE2").customer_id(), "");
  EXPECT_TRUE(CanHold("bearer", CodeClaim("CODE2"), "bea", kTestTimeUs));
  EXPECT_TRUE(IsSound());
}

TEST_F(CouponsTest, WhoCannotHoldAGrantGetsACode) {
  std::vector<std::string> names;
  for (int i = 0; i < kMaxOpenGrants; ++i) names.push_back(absl::StrCat("g", i));
  ASSERT_EQ(Write(AddGrantsEntry(names, "ann")).applied(), names.size());
  ASSERT_EQ(RefusalOf(SaleOf("t1", {CouponOf("more", "CODE1")}, "ann")), kApplied);
  EXPECT_THAT(Given("t1"), ElementsAre("CODE1 1"));
  EXPECT_EQ(UsesOfCode("more"), "");

  // Erased between the reservation and the sale.
  Entry sale = SaleOf("t2", {CouponOf("hers", "CODE2")});
  sale.mutable_commit()->mutable_sale()->set_customer_id("nobody");
  ASSERT_EQ(RefusalOf(sale), kApplied);
  EXPECT_THAT(Given("t2"), ElementsAre("CODE2 1"));
  EXPECT_TRUE(IsSound());
}

TEST_F(CouponsTest, WhatIsRedeemedWithTheSaleMakesRoom) {
  std::vector<std::string> names;
  for (int i = 0; i < kMaxOpenGrants; ++i) names.push_back(absl::StrCat("g", i));
  ASSERT_EQ(Write(AddGrantsEntry(names, "ann")).applied(), names.size());
  ASSERT_EQ(RefusalOf(ReserveEntry("t1", 1, {GrantClaim("g0")}, "ann")), kApplied);
  Entry entry = CommitEntry("t1", 1, "ann");
  *entry.mutable_commit()->add_coupons() = CouponOf("next", "CODE1");
  ASSERT_EQ(RefusalOf(entry), kApplied);
  EXPECT_THAT(Given("t1"), ElementsAre("next 1"));
  EXPECT_EQ(UsesOfCode("g0"), "1/0/0");
  EXPECT_TRUE(IsSound());
}

TEST_F(CouponsTest, OneThatIsThereAlreadyOrMalformedSellsNothing) {
  ASSERT_EQ(Write(AddCodesEntry({"CODE1"})).applied(), 1u);
  ASSERT_EQ(Write(AddGrantsEntry({"g1"}, "ann")).applied(), 1u);
  EXPECT_EQ(RefusalOf(SaleOf("t1", {CouponOf("", "NEW"), CouponOf("", "CODE1")})), kAlreadyExists);
  EXPECT_EQ(RefusalOf(SaleOf("t2", {CouponOf("g1", "NEW")}, "ann")), kAlreadyExists);

  Coupon of_somebody = CouponOf("", "NEW");
  of_somebody.mutable_terms()->set_customer_id("ann");
  Coupon no_uses = CouponOf("", "NEW", 0);
  Coupon no_offer = CouponOf("g2", "NEW");
  no_offer.mutable_terms()->clear_offer();
  for (const Coupon& coupon : {CouponOf("g2", ""), CouponOf("g2", "lower"),
                               CouponOf("UPPER", "NEW"), of_somebody, no_uses, no_offer}) {
    EXPECT_EQ(RefusalOf(SaleOf("t3", {coupon})), kInvalid) << coupon.DebugString();
  }
  EXPECT_EQ(UsesOfCode("NEW"), "");
  for (const char* transaction : {"t1", "t2", "t3"}) {
    EXPECT_FALSE(Sale(transaction).has_value());
    EXPECT_EQ(StateOf(transaction), Reservation::STATE_HELD);
  }
  EXPECT_TRUE(IsSound());
}

TEST_F(CouponsTest, AReturnWithdrawsThemBitByBit) {
  ASSERT_EQ(RefusalOf(SaleOf("t1", {CouponOf("g1", "CODE1", 3), CouponOf("g2", "CODE2")}, "ann")),
            kApplied);
  ASSERT_EQ(RefusalOf(ReserveEntry("used", 1, {GrantClaim("g1")}, "ann")), kApplied);
  ASSERT_EQ(RefusalOf(CommitEntry("used", 1, "ann")), kApplied);

  const EntryResult first = Write(Withdraw(1, "g1", 2));
  EXPECT_EQ(first.refusal(), kApplied);
  EXPECT_THAT(first.coupons_used(), ElementsAre(1));
  EXPECT_EQ(Row("g1").most_uses(), 2);
  EXPECT_THAT(Given("t1"), ElementsAre("g1 2", "g2 1"));
  EXPECT_TRUE(CanHold("still", GrantClaim("g1"), "ann", kTestTimeUs));
  EXPECT_FALSE(CanHold("third", GrantClaim("g1"), "ann", kTestTimeUs));

  // One use is sold, one is held: these stay.
  const EntryResult second = Write(Withdraw(2, "g1", 1));
  EXPECT_THAT(second.coupons_used(), ElementsAre(2));
  EXPECT_EQ(Row("g1").most_uses(), 2);
  const EntryResult third = Write(Withdraw(3, "g2", 0));
  EXPECT_THAT(third.coupons_used(), ElementsAre(0));
  EXPECT_TRUE(Row("g2").revoked());
  EXPECT_FALSE(CanHold("late", GrantClaim("g2"), "ann", kTestTimeUs));
  EXPECT_EQ(RefusalOf(CommitEntry("still", 1, "ann")), kApplied);
  EXPECT_TRUE(IsSound());
}

TEST_F(CouponsTest, AReturnWithdrawsNoMoreThanTheSaleGave) {
  ASSERT_EQ(RefusalOf(SaleOf("t1", {CouponOf("", "CODE1", 2)})), kApplied);
  ASSERT_EQ(Write(AddCodesEntry({"OTHER"}, 5)).applied(), 1u);
  EXPECT_EQ(RefusalOf(Withdraw(1, "OTHER", 1)), kInvalid);
  EXPECT_EQ(RefusalOf(Withdraw(1, "CODE1", 2)), kInvalid) << "no less than it has";
  EXPECT_EQ(RefusalOf(Withdraw(1, "CODE1", -1)), kInvalid);
  EXPECT_EQ(Row("CODE1").most_uses(), 2);
  EXPECT_FALSE(Row("OTHER").revoked());
  EXPECT_EQ(RefusalOf(Withdraw(1, "CODE1", 0)), kApplied);
  EXPECT_EQ(RefusalOf(Withdraw(2, "CODE1", 0)), kInvalid) << "once";
  EXPECT_TRUE(IsSound());
}

}  // namespace
}  // namespace touchstone::store
