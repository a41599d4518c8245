// Random sequences of all that the ledger can be told, beside a naive model of it: with customers
// who are merged, separated again and erased, a clock that steps back, and a store that is opened
// anew at any moment.

#include <algorithm>
#include <limits>
#include <random>
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
constexpr int64_t kAmounts = 400;

// The budgets, with room for a few claims each, so that some are refused.
struct Bounds {
  const char* id;
  int64_t uses;
  int64_t minor;
  int64_t minor_a_day;
};
constexpr Bounds kBudgets[] = {{"uses", 12, 0, 0},        {"money", 0, 1500, 0},
                               {"days", 0, 2500, 700},    {"both", 9, 900, 0},
                               {"currencies", 0, 900, 0}, {"free", 0, 0, 0}};

class LedgerPropertyTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  LedgerPropertyTest() : seed_(TestSeed() + GetParam()), random_(seed_) {}

  int64_t Below(int64_t bound) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(bound));
  }
  bool OneIn(int64_t count) { return Below(count) == 0; }
  // New ones come all the time, old ones are asked for now and then.
  std::string Transaction() {
    return absl::StrCat("t", OneIn(8) ? Below(step_ + 1) / 5 : step_ / 5 + Below(6));
  }
  std::string Customer() { return absl::StrCat("c", Below(5)); }
  std::string CustomerOrNobody() { return OneIn(4) ? "" : Customer(); }

  ClaimRequest BudgetClaim() {
    const Bounds& bounds = kBudgets[random_() % std::size(kBudgets)];
    ClaimRequest request = UsesClaim(bounds.id, 1 + Below(3), bounds.uses);
    if (bounds.minor > 0 || OneIn(8)) {
      request = MoneyClaim(bounds.id, Below(kAmounts), bounds.minor);
      request.set_most_uses(bounds.uses);
    }
    if (bounds.minor_a_day > 0) {
      request = DayClaim(bounds.id, Below(kAmounts), static_cast<int32_t>(Below(3)) - 1,
                         bounds.minor, bounds.minor_a_day);
    }
    const bool in_francs = bounds.id == kBudgets[4].id && OneIn(3);
    if (in_francs) request.mutable_claim()->set_currency("CHF");
    request.mutable_claim()->set_offer_id(OneIn(2) ? "a" : "b");
    return request;
  }

  // Small, so that tills have something left.
  Entry OpeningUses() {
    Claims claims;
    for (int64_t i = Below(3); i >= 0; --i) {
      storage::Claim& claim = *claims.emplace_back(BudgetClaim()).mutable_claim();
      claim.set_count(1);
      claim.set_amount_minor(claim.amount_minor() % 40);
    }
    return OpenEntry(absl::StrCat("batch-", Below(4)), claims);
  }

  // New ones come all the time, as with transactions.
  std::string CodeName() { return absl::StrCat("K", step_ / 20 + Below(5)); }
  std::string GrantId() { return absl::StrCat("g", step_ / 20 + Below(8)); }
  std::string OfferId() { return OneIn(3) ? "a" : "b"; }

  // Most of the time of one that has a use left.
  ClaimRequest RandomCodeClaim() {
    std::vector<std::pair<std::string, std::string>> usable;
    for (const auto& [name, code] : model_.Codes()) {
      const bool has_use = code.committed() + code.reserved() + code.overrun() < code.most_uses();
      if (has_use && !code.revoked() && !code.is_grant()) {
        usable.emplace_back(name, code.offer_id());
      }
    }
    if (usable.empty() || OneIn(6)) return CodeClaim(CodeName(), OfferId());
    const auto& [name, offer_id] = usable[static_cast<size_t>(Below(std::ssize(usable)))];
    return CodeClaim(name, offer_id);
  }

  // Most of the time of one that she can claim, now and then of another one or of the wrong kind.
  ClaimRequest RandomGrantClaim(const std::string& customer) {
    std::vector<std::pair<std::string, std::string>> usable;
    const LedgerModel::Grants hers = model_.OpenGrants()[customer];
    for (const auto& [id, grant] : hers.shown) {
      usable.emplace_back(id, grant.offer_id());
    }
    if (usable.empty() || OneIn(6)) return GrantClaim(GrantId(), OfferId());
    const auto& [id, offer_id] = usable[static_cast<size_t>(Below(std::ssize(usable)))];
    return OneIn(12) ? CodeClaim(id, offer_id) : GrantClaim(id, offer_id);
  }

  Entry AddGrants() {
    // Now and then the last ones once more.
    if (last_grants_.has_add_grants() && OneIn(4)) return last_grants_;
    std::vector<std::string> ids;
    const bool is_many = OneIn(6);
    for (int64_t i = is_many ? 50 : Below(4); i >= 0; --i) {
      ids.push_back(is_many ? absl::StrCat("many-", step_, "-", i) : GrantId());
    }
    const std::string customer = Customer();
    Entry entry = AddGrantsEntry(ids, customer);
    for (storage::AddGrants::Item& item : *entry.mutable_add_grants()->mutable_items()) {
      storage::Code& terms = *item.mutable_terms();
      terms.set_offer_id(OfferId());
      terms.set_offer(terms.offer_id() == "a" ? 1 : 2);
      terms.set_most_uses(1 + Below(3));
      if (!is_many) terms.set_customer_id(OneIn(2) ? customer : Customer());
      if (OneIn(4)) terms.set_start_us(now_us_ + (Below(5) - 2) * kMinuteUs);
      if (OneIn(2)) terms.set_end_us(now_us_ + (3 + Below(8)) * kMinuteUs);
    }
    last_grants_ = entry;
    return entry;
  }

  Entry AddCodes() {
    std::vector<std::string> names;
    for (int64_t i = Below(4); i >= 0; --i) names.push_back(CodeName());
    Entry entry = AddCodesEntry(names, 1 + Below(3), OneIn(3) ? Customer() : "");
    storage::AddCodes& command = *entry.mutable_add_codes();
    command.mutable_terms()->set_offer_id(OfferId());
    if (OneIn(4)) command.mutable_terms()->set_start_us(now_us_ + (Below(5) - 2) * kMinuteUs);
    if (OneIn(3)) command.mutable_terms()->set_end_us(now_us_ + (3 + Below(20)) * kMinuteUs);
    command.set_all_or_none(OneIn(5));
    // Now and then the last ones once more.
    if (last_codes_.has_add_codes() && OneIn(4)) return last_codes_;
    last_codes_ = entry;
    return entry;
  }

  Entry Revoke() {
    std::vector<std::string> names;
    for (int64_t i = Below(2); i >= 0; --i) names.push_back(OneIn(2) ? CodeName() : GrantId());
    return RevokeEntry(names);
  }

  Claims RandomClaims(const std::string& customer) {
    Claims claims;
    std::set<std::string> names;
    for (int64_t i = Below(5); i > 0; --i) {
      ClaimRequest request = BudgetClaim();
      if (!customer.empty() && OneIn(2)) {
        request = LimitClaim("l", static_cast<uint64_t>(1 + Below(4)), 1 + Below(3),
                             OneIn(4) ? kTestTimeUs + 1 : 0);
      }
      if (OneIn(4)) request = RandomCodeClaim();
      if (OneIn(4)) request = RandomGrantClaim(customer);
      const Claim& claim = request.claim();
      if (names.insert(absl::StrCat(claim.id(), " ", IsOfCode(claim) ? "" : claim.offer_id()))
              .second) {
        claims.push_back(request);
      }
    }
    return claims;
  }

  static std::vector<uint64_t> OffersOf(const std::vector<Claim>& claims) {
    std::vector<uint64_t> offers;
    for (const Claim& claim : claims) {
      if (claim.kind() == Claim::KIND_LIMIT) offers.push_back(claim.offer());
    }
    return offers;
  }

  // The step that the transaction has come to, or one beside it.
  int32_t StepOf(const std::string& transaction) {
    const auto hold = model_.holds().find(transaction);
    const int32_t step = hold == model_.holds().end() ? 1 : hold->second.step;
    return std::max<int32_t>(1, step + (OneIn(4) ? static_cast<int32_t>(Below(3)) - 1 : 0));
  }
  int64_t ExpireTime() { return now_us_ + (Below(20) - 1) * kMinuteUs; }

  Entry Reserve() {
    const std::string transaction = Transaction();
    const std::string customer = CustomerOrNobody();
    Entry entry = ReserveEntry(transaction, StepOf(transaction) + (OneIn(2) ? 1 : 0),
                               RandomClaims(customer), customer);
    entry.mutable_reserve()->set_expire_us(ExpireTime());
    entry.mutable_reserve()->set_time_us(now_us_);
    return entry;
  }

  // One that holds something, most of the time.
  std::string HeldTransaction() {
    std::vector<std::string> held;
    for (const auto& [transaction, hold] : model_.holds()) {
      if (hold.state == Reservation::STATE_HELD) held.push_back(transaction);
    }
    if (held.empty() || OneIn(4)) return Transaction();
    return held[static_cast<size_t>(Below(std::ssize(held)))];
  }

  Entry Commit() {
    const std::string transaction = HeldTransaction();
    const auto hold = model_.holds().find(transaction);
    if (hold == model_.holds().end()) return CommitEntry(transaction, 1, CustomerOrNobody());
    const std::string customer = OneIn(6) ? CustomerOrNobody() : hold->second.customer;
    return CommitEntry(transaction, StepOf(transaction), customer, OffersOf(hold->second.claims));
  }

  Entry Post() {
    const std::string customer = CustomerOrNobody();
    Claims claims = RandomClaims(customer);
    const bool has_code = std::any_of(claims.begin(), claims.end(), [](const ClaimRequest& claim) {
      return claim.claim().kind() == Claim::KIND_CODE;
    });
    if (!has_code) claims.push_back(RandomCodeClaim());
    const ClaimRequest grant = GrantClaim(GrantId(), OfferId());
    const bool is_free = std::none_of(claims.begin(), claims.end(), [&](const ClaimRequest& claim) {
      return claim.claim().id() == grant.claim().id();
    });
    if (is_free) claims.push_back(grant);
    Entry entry = PostEntry(Transaction(), claims, customer);
    // Sold some time ago.
    entry.mutable_post_sale()->mutable_sale()->set_time_us(now_us_ - Below(20) * kMinuteUs);
    return entry;
  }

  Entry Return() {
    const auto& sales = model_.sales();
    if (sales.empty()) return ReturnEntry("t0", 1, {});
    const auto sale = std::next(sales.begin(), Below(static_cast<int64_t>(sales.size())));
    std::vector<Claim> restored;
    for (const Claim& claim : sale->second.claims) {
      if (OneIn(3)) continue;
      Claim& part = restored.emplace_back(claim);
      if (OneIn(2)) part.set_count(Below(claim.count() + 1));
      if (OneIn(2)) part.set_amount_minor(Below(claim.amount_minor() + 1));
    }
    const uint32_t version = sale->second.version + (OneIn(6) ? 1 : 0);
    return ReturnEntry(sale->first, version, restored);
  }

  // Merges are taken back the latest first: what the record had between two of them is the later
  // one's to put back.
  Entry Merge() {
    const auto& merges = model_.merges();
    if (merges.empty() || OneIn(2)) {
      std::string surviving = Customer();
      std::string merged = Customer();
      if (surviving == merged) merged = "c9";
      return MergeEntry(surviving, merged);
    }
    const auto& [surviving, merged] = merges[static_cast<size_t>(Below(std::ssize(merges)))];
    const auto latest = std::find_if(merges.rbegin(), merges.rend(),
                                     [&](const auto& merge) { return merge.first == surviving; });
    return MergeEntry(surviving, latest->second, /*undo=*/true);
  }

  Entry Sweep() {
    std::vector<std::string> transactions;
    if (OneIn(2)) {
      transactions = *store_->ListDue(absl::FromUnixMicros(now_us_), 100);
    } else {
      for (int i = 0; i < 5; ++i) transactions.push_back(Transaction());
    }
    return ExpireEntry(transactions, now_us_);
  }

  Entry NextEntry() {
    switch (Below(27)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
      case 6:
        return Reserve();
      case 7:
      case 8:
      case 9:
        return Commit();
      case 10:
      case 11: {
        const std::string transaction = Transaction();
        return ReleaseEntry(transaction, StepOf(transaction));
      }
      case 12: {
        const std::string transaction = HeldTransaction();
        return SuspendEntry(transaction, StepOf(transaction), ExpireTime());
      }
      case 13:
      case 14:
        return Sweep();
      case 15:
        return Post();
      case 16:
        return Return();
      case 17:
        return Return();
      case 18:
      case 24:
        return Merge();
      case 19:
      case 20:
        return OneIn(5) ? Revoke() : AddCodes();
      case 21:
      case 22:
      case 23:
        return AddGrants();
      case 25:
        return OpeningUses();
      default:
        return OneIn(4) ? EraseEntry(Customer()) : UpdateEntry(Customer(), "");
    }
  }

  void MoveClock() {
    if (OneIn(10)) {
      now_us_ -= Below(kMinuteUs + kMinuteUs / 2);  // it was ahead
    } else if (OneIn(40)) {
      now_us_ += kDayUs;
    } else {
      now_us_ += Below(kMinuteUs / 2);
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
    for (const Bounds& bounds : kBudgets) {
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
    const auto bounds = std::find_if(std::begin(kBudgets), std::end(kBudgets),
                                     [&](const Bounds& b) { return b.id == budget.budget_id(); });
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
    for (const Bounds& b : kBudgets) {
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
  std::mt19937_64 random_;
  int64_t now_us_ = kTestTimeUs;
  int step_ = 0;
  WrittenStore store_;
  LedgerModel model_;
  Entry last_codes_;
  Entry last_grants_;
  std::map<Entry::CommandCase, int> applied_;
};

TEST_P(LedgerPropertyTest, TheLedgerIsWhatItsModelSays) {
  for (; step_ < kSteps; ++step_) {
    MoveClock();
    ASSERT_NO_FATAL_FAILURE(Apply(NextEntry()));
    if (OneIn(25)) {
      store_.Reopen();
      ASSERT_NO_FATAL_FAILURE(CheckRows());
    }
  }
  ASSERT_NO_FATAL_FAILURE(CheckRows());
  ASSERT_NO_FATAL_FAILURE(UseUpACode());
  ASSERT_NO_FATAL_FAILURE(EndEverything());
  for (const auto command :
       {Entry::kReserve, Entry::kCommit, Entry::kRelease, Entry::kExpire, Entry::kPostSale,
        Entry::kReturnSale, Entry::kAddCodes, Entry::kAddGrants, Entry::kAddOpeningUses}) {
    EXPECT_GT(applied_[command], 3) << Where() << command;
  }
}

// One test a round, so that each has its own time.
INSTANTIATE_TEST_SUITE_P(Rounds, LedgerPropertyTest, ::testing::Range<uint64_t>(0, 16));

}  // namespace
}  // namespace touchstone::store
