// Random sequences of all that the ledger can be told, beside a naive model of it: with customers
// who are merged, separated again and erased, a clock that steps back, and a store that is opened
// anew at any moment.

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "store/codes.h"
#include "store/record.h"
#include "store/verify.h"
#include "tests/store/ledger_draws.h"
#include "tests/store/ledger_entries.h"
#include "tests/store/ledger_model.h"
#include "tests/store/seed.h"
#include "tests/store/written_store.h"

namespace touchstone::store {
namespace {

using storage::Claim;
using storage::ClaimRequest;
using storage::Entry;
using storage::EntryResult;
using storage::Reservation;

constexpr int kSteps = 400;

class LedgerPropertyTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  LedgerPropertyTest() : seed_(TestSeed() + GetParam()), draws_(seed_, &model_, &store_) {}

  void MoveClock() {
    if (draws_.OneIn(10)) {
      now_us_ -= draws_.Below(kMinuteUs + kMinuteUs / 2);  // it was ahead
    } else if (draws_.OneIn(40)) {
      now_us_ += kDayUs;
    } else {
      now_us_ += draws_.Below(kMinuteUs / 2);
    }
  }

  // What of a result the model knows.
  static std::string ResultText(const EntryResult& result) {
    EntryResult known;
    known.set_refusal(result.refusal());
    known.set_applied(result.applied());
    known.set_answer(result.answer());
    *known.mutable_refused_claims() = result.refused_claims();
    *known.mutable_overruns() = result.overruns();
    *known.mutable_duplicate_items() = result.duplicate_items();
    *known.mutable_refused_items() = result.refused_items();
    *known.mutable_coupons_used() = result.coupons_used();
    return known.ShortDebugString();
  }

  void Apply(Entry entry) {
    entry.set_time_us(now_us_);
    const EntryResult expected = model_.Apply(entry);
    const EntryResult result = store_.Write(entry);
    ASSERT_EQ(ResultText(result), ResultText(expected))
        << Where() << entry.ShortDebugString() << "\n"
        << result.refusal_detail();
    if (result.refusal() == EntryResult::REFUSAL_UNSPECIFIED) ++applied_[entry.command_case()];
    ASSERT_NO_FATAL_FAILURE(CheckBudgets(entry));
    ASSERT_NO_FATAL_FAILURE(CheckCodes(entry));
    ASSERT_NO_FATAL_FAILURE(CheckGrants(entry));
  }

  std::string Where() const { return absl::StrCat("seed ", seed_, " step ", step_, ": "); }

  void CheckBudgets(const Entry& entry) {
    std::set<LedgerModel::Row> rows;
    const auto budgets = store_->ListBudgets();
    for (const EntryResult::ChangedBudget& budget : *budgets) {
      const LedgerModel::Row row(budget.budget_id(), budget.by_day(), budget.day());
      rows.insert(row);
      const storage::BudgetUse& use = budget.use();
      const LedgerModel::Use reserved = model_.Reserved(row);
      const LedgerModel::Use sold = model_.Sold(row);
      const LedgerModel::Use overrun = model_.Overrun(row);
      const std::string text = Where() + entry.ShortDebugString() + budget.ShortDebugString();
      ASSERT_EQ(use.reserved_count(), reserved.count) << text;
      ASSERT_EQ(use.reserved_minor(), reserved.minor) << text;
      ASSERT_EQ(use.overrun_count(), overrun.count) << text;
      ASSERT_EQ(use.overrun_minor(), overrun.minor) << text;
      ASSERT_EQ(use.committed_count() + use.overrun_count(), sold.count) << text;
      ASSERT_EQ(use.committed_minor() + use.overrun_minor(), sold.minor) << text;
      ASSERT_NO_FATAL_FAILURE(CheckBounds(budget, text));
    }
    for (const BudgetBounds& bounds : kBudgets) {
      const LedgerModel::Row row(bounds.id, false, 0);
      if (rows.contains(row)) continue;
      ASSERT_EQ(model_.Reserved(row), LedgerModel::Use()) << Where();
      ASSERT_EQ(model_.Sold(row), LedgerModel::Use()) << Where();
    }
  }

  void CheckCodes(const Entry& entry) {
    for (const auto& [name, expected] : model_.Codes()) {
      storage::Code code;
      ASSERT_EQ(*store_->GetCode(name, ReadTier::kMayBlock, &code), Found::kFound) << Where();
      code.clear_time_us();
      std::sort(code.mutable_holders()->begin(), code.mutable_holders()->end());
      ASSERT_EQ(code.ShortDebugString(), expected.ShortDebugString())
          << Where() << name << " " << entry.ShortDebugString();
      ASSERT_LE(code.committed() + code.reserved(), code.most_uses()) << Where() << name;
      ASSERT_GE(std::min({code.committed(), code.reserved(), code.overrun()}), 0) << Where();
    }
  }

  static std::string GrantText(const storage::Code& grant) {
    const int64_t left = grant.most_uses() - grant.committed() - grant.reserved() - grant.overrun();
    return absl::StrCat(grant.offer(), " ", grant.start_us(), " ",
                        grant.end_us() == 0 ? std::numeric_limits<int64_t>::max() : grant.end_us(),
                        " ", std::max<int64_t>(0, left), " ", absl::StrJoin(grant.holders(), ","));
  }
  static std::string GrantText(const GrantView& grant) {
    std::vector<uint64_t> holders;
    for (size_t i = 0; i < grant.holder_count; ++i) holders.push_back(grant.holder(i));
    std::sort(holders.begin(), holders.end());
    return absl::StrCat(grant.offer, " ", grant.start_us, " ", grant.end_us, " ", grant.uses_left,
                        " ", absl::StrJoin(holders, ","));
  }

  // The records against the slow truth: what the rows of the ledger amount to.
  void CheckGrants(const Entry& entry) {
    std::map<std::string, LedgerModel::Grants> open = model_.OpenGrants();
    for (const std::string& customer : model_.customers()) {
      const std::string where = absl::StrCat(Where(), customer, " ", entry.ShortDebugString());
      ASSERT_NO_FATAL_FAILURE(CheckGrantsOf(customer, where, &open[customer]));
    }
  }

  // Those that are over may be there.
  void CheckGrantsOf(const std::string& customer, const std::string& where,
                     LedgerModel::Grants* open) {
    PinnedValue bytes;
    ASSERT_EQ(*store_->GetRecord({RecordKind::kCustomer, customer}, ReadTier::kMayBlock, &bytes),
              Found::kFound)
        << where;
    const absl::StatusOr<RecordView> record = RecordView::Parse(bytes.bytes());
    for (size_t i = 0; i < record->grant_count(); ++i) {
      const GrantView shown = record->grant(i);
      const std::string id(shown.id);
      const bool is_over = open->over.contains(id);
      ASSERT_TRUE(is_over || open->shown.contains(id)) << id << " is shown: " << where;
      ASSERT_EQ(GrantText(shown), GrantText((is_over ? open->over : open->shown)[id]))
          << id << " " << where;
      open->shown.erase(id);
    }
    ASSERT_TRUE(open->shown.empty()) << open->shown.begin()->first << " is not shown: " << where;
  }

  static void CheckBounds(const EntryResult::ChangedBudget& budget, const std::string& text) {
    const storage::BudgetUse& use = budget.use();
    for (const int64_t part : {use.committed_count(), use.reserved_count(), use.overrun_count(),
                               use.committed_minor(), use.reserved_minor(), use.overrun_minor()}) {
      ASSERT_GE(part, 0) << text;
    }
    const auto bounds =
        std::find_if(std::begin(kBudgets), std::end(kBudgets),
                     [&](const BudgetBounds& b) { return b.id == budget.budget_id(); });
    ASSERT_NE(bounds, std::end(kBudgets));
    const int64_t most_minor = budget.by_day() ? bounds->minor_a_day : bounds->minor;
    if (bounds->uses > 0 && !budget.by_day()) {
      ASSERT_LE(use.committed_count() + use.reserved_count(), bounds->uses) << text;
    }
    if (most_minor > 0) {
      ASSERT_LE(use.committed_minor() + use.reserved_minor(), most_minor) << text;
    }
  }

  // Everything that the store says of transactions and of those whose they are.
  void CheckRows() {
    std::vector<std::string> due;
    std::vector<std::pair<int64_t, std::string>> expected_due;
    for (const auto& [transaction, hold] : model_.holds()) {
      const auto reservation = *store_->GetReservation(transaction);
      ASSERT_TRUE(reservation.has_value()) << Where() << transaction;
      ASSERT_EQ(reservation->state(), hold.state) << Where() << transaction;
      ASSERT_EQ(reservation->step(), hold.step) << Where() << transaction;
      ASSERT_EQ(reservation->expire_us(), hold.expire_us) << Where() << transaction;
      ASSERT_EQ(reservation->customer_id(), hold.customer) << Where() << transaction;
      ASSERT_EQ(reservation->claims_size(), std::ssize(hold.claims)) << Where() << transaction;
      ASSERT_EQ(reservation->body().empty(), hold.state != Reservation::STATE_HELD &&
                                                 hold.state != Reservation::STATE_SUSPENDED);
      expected_due.emplace_back(hold.expire_us, transaction);
    }
    std::sort(expected_due.begin(), expected_due.end());
    for (const auto& [time, transaction] : expected_due) due.push_back(transaction);
    ASSERT_EQ(*store_->ListDue(absl::InfiniteFuture(), 10'000), due) << Where();
    for (int i = 0; i <= step_ / 5 + 6; ++i) {
      const std::string transaction = absl::StrCat("t", i);
      const auto sale = *store_->GetSale(transaction);
      const auto expected = model_.sales().find(transaction);
      ASSERT_EQ(sale.has_value(), expected != model_.sales().end()) << Where() << transaction;
      ASSERT_EQ(store_->GetReservation(transaction)->has_value(),
                model_.holds().contains(transaction))
          << Where() << transaction;
      if (!sale.has_value()) continue;
      ASSERT_EQ(sale->customer_id(), expected->second.customer) << Where() << transaction;
      ASSERT_EQ(sale->version(), expected->second.version) << Where() << transaction;
      ASSERT_EQ(sale->body().empty(), !expected->second.has_body) << Where() << transaction;
      ASSERT_EQ(sale->claims_size(), std::ssize(expected->second.claims)) << Where();
      ASSERT_EQ(sale->coupons_size(), std::ssize(expected->second.coupons)) << Where();
      for (int k = 0; k < sale->coupons_size(); ++k) {
        ASSERT_EQ(sale->coupons(k).ShortDebugString(),
                  expected->second.coupons[static_cast<size_t>(k)].ShortDebugString())
            << Where() << transaction;
      }
    }
    for (const auto& [transaction, hold] : model_.holds()) {
      for (const auto& [name, code] : model_.Codes()) {
        const bool holds =
            std::any_of(hold.claims.begin(), hold.claims.end(),
                        [&](const Claim& claim) { return IsOfCode(claim) && claim.id() == name; });
        ASSERT_EQ(*store_->GetCodeHold(name, transaction, ReadTier::kMayBlock) == Found::kFound,
                  holds)
            << Where() << transaction;
      }
    }
    for (int i = 0; i < 5; ++i) ASSERT_NO_FATAL_FAILURE(CheckCustomer(absl::StrCat("c", i)));
    const absl::StatusOr<VerifyReport> report = VerifyStore(store_.store(), [](auto) {});
    ASSERT_TRUE(report.ok()) << report.status();
    ASSERT_TRUE(report->sound()) << Where() << FaultName(report->findings[0].fault) << " "
                                 << report->findings[0].place;
  }

  void CheckCustomer(const std::string& customer) {
    std::set<std::string> held;
    std::set<std::string> sold;
    std::set<std::string> hers;
    for (const auto& [name, code] : model_.Codes()) {
      if (code.customer_id() == customer && !code.is_grant()) hers.insert(name);
    }
    const auto code_rows = *store_->ListCodes(customer);
    ASSERT_EQ(std::set<std::string>(code_rows.begin(), code_rows.end()), hers) << Where();
    for (const auto& [transaction, hold] : model_.holds()) {
      if (hold.customer == customer) held.insert(transaction);
    }
    for (const auto& [transaction, sale] : model_.sales()) {
      if (sale.customer == customer) sold.insert(transaction);
    }
    const auto held_rows = *store_->ListHeld(customer);
    const auto sale_rows = *store_->ListSales(customer, 10'000);
    ASSERT_EQ(std::set<std::string>(held_rows.begin(), held_rows.end()), held) << Where();
    ASSERT_EQ(std::set<std::string>(sale_rows.begin(), sale_rows.end()), sold) << Where();
    PinnedValue bytes;
    const auto found =
        store_->GetRecord({RecordKind::kCustomer, customer}, ReadTier::kMayBlock, &bytes);
    ASSERT_EQ(*found == Found::kFound, model_.customers().contains(customer)) << Where();
    if (*found != Found::kFound) return;
    std::set<std::string> granted;
    const auto grants = store_->ListGrants(customer);
    for (const auto& [id, grant] : *grants) granted.insert(id);
    ASSERT_EQ(granted, model_.GrantsOf(customer)) << Where() << customer;
    std::multiset<std::string> contacts;
    std::multiset<std::string> expected;
    const absl::StatusOr<RecordView> record = RecordView::Parse(bytes.bytes());
    for (size_t i = 0; i < record->contact_count(); ++i) {
      const ContactView contact = record->contact(i);
      contacts.insert(absl::StrCat(contact.transaction, " ", contact.offer, " ",
                                   static_cast<int>(contact.kind), " ", contact.time_us));
    }
    for (const LedgerModel::Contact& contact : model_.ContactsOf(customer)) {
      expected.insert(absl::StrCat(ContactTransaction(contact.transaction), " ", contact.offer, " ",
                                   static_cast<int>(contact.kind), " ", contact.time_us));
    }
    ASSERT_EQ(contacts, expected) << Where() << customer;
  }

  // Whatever else happened to codes: one that is held, sold, and sold once more than it may be.
  void UseUpACode() {
    const Claims claim = {CodeClaim("LAST")};
    Entry reserve = ReserveEntry("last-1", 1, claim);
    reserve.mutable_reserve()->set_expire_us(model_.now_us() + kDayUs);
    for (const Entry& entry : {AddCodesEntry({"LAST"}), reserve, CommitEntry("last-1", 1),
                               ReserveEntry("last-2", 1, claim), PostEntry("last-2", claim)}) {
      ASSERT_NO_FATAL_FAILURE(Apply(entry));
    }
    ASSERT_EQ(model_.Codes()["LAST"].overrun(), 1) << Where();
  }

  // Whatever else happened to coupons: one for two uses of which one is redeemed, and both
  // withdrawn.
  void WithdrawACoupon() {
    Entry sale = CommitEntry("gives", 1);
    storage::Coupon& coupon = *sale.mutable_commit()->add_coupons();
    coupon.set_code("GIVEN");
    coupon.mutable_terms()->set_offer_id("beans-20");
    coupon.mutable_terms()->set_most_uses(2);
    Entry back = ReturnEntry("gives", 1, {});
    storage::GivenCoupon& left = *back.mutable_return_sale()->add_withdrawn();
    left.set_id("GIVEN");
    Entry gives = ReserveEntry("gives", 1, {});
    gives.mutable_reserve()->set_expire_us(model_.now_us() + kDayUs);
    for (const Entry& entry : {gives, sale, PostEntry("redeems", {CodeClaim("GIVEN")}), back}) {
      ASSERT_NO_FATAL_FAILURE(Apply(entry));
    }
    ASSERT_EQ(model_.Codes()["GIVEN"].committed(), 1) << Where();
    ASSERT_TRUE(model_.Codes()["GIVEN"].revoked()) << Where();
  }

  // Nothing is held and everything has come back: all of it can be claimed, and no more.
  void EndEverything() {
    const auto holds = model_.holds();
    for (const auto& [transaction, hold] : holds) {
      ASSERT_NO_FATAL_FAILURE(Apply(ReleaseEntry(transaction, hold.step)));
    }
    const auto sales = model_.sales();
    for (const auto& [transaction, sale] : sales) {
      ASSERT_NO_FATAL_FAILURE(Apply(ReturnEntry(transaction, sale.version, sale.claims)));
    }
    for (const auto& [name, code] : model_.Codes()) {
      ASSERT_EQ(code.committed() + code.reserved() + code.overrun(), 0) << Where() << name;
    }
    for (const BudgetBounds& b : kBudgets) {
      if (b.uses == 0 && b.minor == 0) continue;
      // What was used elsewhere does not come back.
      const LedgerModel::Use opened = model_.Sold({b.id, false, 0});
      ClaimRequest all = UsesClaim(b.id, std::max<int64_t>(1, b.uses - opened.count), b.uses);
      all.set_most_minor(b.minor);
      if (b.minor > 0) {
        all.mutable_claim()->set_amount_minor(b.minor - opened.minor);
        all.mutable_claim()->set_currency(CurrencyOf(b.id));
      }
      ASSERT_NO_FATAL_FAILURE(Apply(ReserveEntry(absl::StrCat("all-", b.id), 1, {all})));
      ASSERT_EQ(store_->GetReservation(absl::StrCat("all-", b.id))->has_value(), true) << b.id;
      if (b.uses == 0) all.mutable_claim()->set_amount_minor(1);
      ASSERT_NO_FATAL_FAILURE(Apply(ReserveEntry("more", 1, {all})));
      ASSERT_FALSE(store_->GetReservation("more")->has_value()) << b.id;
    }
  }

  std::string CurrencyOf(const std::string& budget_id) {
    const auto budgets = store_->ListBudgets();
    for (const EntryResult::ChangedBudget& budget : *budgets) {
      if (budget.budget_id() == budget_id && !budget.use().currency().empty()) {
        return budget.use().currency();
      }
    }
    return "EUR";
  }

  const uint64_t seed_;
  int64_t now_us_ = kTestTimeUs;
  int step_ = 0;
  WrittenStore store_;
  LedgerModel model_;
  LedgerDraws draws_;
  std::map<Entry::CommandCase, int> applied_;
};

TEST_P(LedgerPropertyTest, TheLedgerIsWhatItsModelSays) {
  for (; step_ < kSteps; ++step_) {
    MoveClock();
    ASSERT_NO_FATAL_FAILURE(Apply(draws_.NextEntry(step_, now_us_)));
    if (draws_.OneIn(25)) {
      store_.Reopen();
      ASSERT_NO_FATAL_FAILURE(CheckRows());
    }
  }
  ASSERT_NO_FATAL_FAILURE(CheckRows());
  ASSERT_NO_FATAL_FAILURE(UseUpACode());
  ASSERT_NO_FATAL_FAILURE(WithdrawACoupon());
  ASSERT_NO_FATAL_FAILURE(EndEverything());
  for (const auto command :
       {Entry::kReserve, Entry::kCommit, Entry::kRelease, Entry::kExpire, Entry::kPostSale,
        Entry::kReturnSale, Entry::kAddCodes, Entry::kAddGrants, Entry::kAddOpeningUses}) {
    EXPECT_GT(applied_[command], 0) << Where() << command;
  }
}

// One test a round, so that each has its own time.
INSTANTIATE_TEST_SUITE_P(Rounds, LedgerPropertyTest, ::testing::Range<uint64_t>(0, 16));

}  // namespace
}  // namespace touchstone::store
