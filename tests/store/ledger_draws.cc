#include "tests/store/ledger_draws.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/codes.h"

namespace touchstone::store {
namespace {

using storage::Claim;
using storage::ClaimRequest;
using storage::Entry;
using storage::Reservation;

constexpr int64_t kAmounts = 400;

}  // namespace

int64_t LedgerDraws::Below(int64_t bound) {
  return static_cast<int64_t>(random_() % static_cast<uint64_t>(bound));
}

bool LedgerDraws::OneIn(int64_t count) { return Below(count) == 0; }

std::string LedgerDraws::Transaction() {
  return absl::StrCat("t", OneIn(8) ? Below(step_ + 1) / 5 : step_ / 5 + Below(6));
}

std::string LedgerDraws::Customer() { return absl::StrCat("c", Below(5)); }

std::string LedgerDraws::CustomerOrNobody() { return OneIn(4) ? "" : Customer(); }

ClaimRequest LedgerDraws::BudgetClaim() {
  const BudgetBounds& bounds = kBudgets[random_() % std::size(kBudgets)];
  ClaimRequest request = UsesClaim(bounds.id, 1 + Below(3), bounds.uses);
  if (bounds.minor > 0 || OneIn(8)) {
    request = MoneyClaim(bounds.id, Below(kAmounts), bounds.minor);
    request.set_most_uses(bounds.uses);
  }
  if (bounds.minor_a_day > 0) {
    request = DayClaim(bounds.id, Below(kAmounts), static_cast<int32_t>(Below(3)) - 1, bounds.minor,
                       bounds.minor_a_day);
  }
  const bool in_francs = bounds.id == kBudgets[4].id && OneIn(3);
  if (in_francs) request.mutable_claim()->set_currency("CHF");
  request.mutable_claim()->set_offer_id(OneIn(2) ? "a" : "b");
  return request;
}

Entry LedgerDraws::OpeningUses() {
  Claims claims;
  for (int64_t i = Below(3); i >= 0; --i) {
    storage::Claim& claim = *claims.emplace_back(BudgetClaim()).mutable_claim();
    claim.set_count(1);
    claim.set_amount_minor(claim.amount_minor() % 40);
  }
  return OpenEntry(absl::StrCat("batch-", Below(4)), claims);
}

std::string LedgerDraws::CodeName() { return absl::StrCat("K", step_ / 20 + Below(5)); }

std::string LedgerDraws::GrantId() { return absl::StrCat("g", step_ / 20 + Below(8)); }

std::string LedgerDraws::OfferId() { return OneIn(3) ? "a" : "b"; }

ClaimRequest LedgerDraws::RandomCodeClaim() {
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

ClaimRequest LedgerDraws::RandomGrantClaim(const std::string& customer) {
  std::vector<std::pair<std::string, std::string>> usable;
  const LedgerModel::Grants hers = model_.OpenGrants()[customer];
  for (const auto& [id, grant] : hers.shown) {
    usable.emplace_back(id, grant.offer_id());
  }
  if (usable.empty() || OneIn(6)) return GrantClaim(GrantId(), OfferId());
  const auto& [id, offer_id] = usable[static_cast<size_t>(Below(std::ssize(usable)))];
  return OneIn(12) ? CodeClaim(id, offer_id) : GrantClaim(id, offer_id);
}

Entry LedgerDraws::AddGrants() {
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

Entry LedgerDraws::AddCodes() {
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

Entry LedgerDraws::Revoke() {
  std::vector<std::string> names;
  for (int64_t i = Below(2); i >= 0; --i) names.push_back(OneIn(2) ? CodeName() : GrantId());
  return RevokeEntry(names);
}

Claims LedgerDraws::RandomClaims(const std::string& customer) {
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

std::vector<uint64_t> LedgerDraws::OffersOf(const std::vector<Claim>& claims) {
  std::vector<uint64_t> offers;
  for (const Claim& claim : claims) {
    if (claim.kind() == Claim::KIND_LIMIT) offers.push_back(claim.offer());
  }
  return offers;
}

int32_t LedgerDraws::StepOf(const std::string& transaction) {
  const auto hold = model_.holds().find(transaction);
  const int32_t step = hold == model_.holds().end() ? 1 : hold->second.step;
  return std::max<int32_t>(1, step + (OneIn(4) ? static_cast<int32_t>(Below(3)) - 1 : 0));
}

int64_t LedgerDraws::ExpireTime() { return now_us_ + (Below(20) - 1) * kMinuteUs; }

Entry LedgerDraws::Reserve() {
  const std::string transaction = Transaction();
  const std::string customer = CustomerOrNobody();
  Entry entry = ReserveEntry(transaction, StepOf(transaction) + (OneIn(2) ? 1 : 0),
                             RandomClaims(customer), customer);
  entry.mutable_reserve()->set_expire_us(ExpireTime());
  entry.mutable_reserve()->set_time_us(now_us_);
  return entry;
}

std::string LedgerDraws::HeldTransaction() {
  std::vector<std::string> held;
  for (const auto& [transaction, hold] : model_.holds()) {
    if (hold.state == Reservation::STATE_HELD) held.push_back(transaction);
  }
  if (held.empty() || OneIn(4)) return Transaction();
  return held[static_cast<size_t>(Below(std::ssize(held)))];
}

Entry LedgerDraws::Commit() {
  const std::string transaction = HeldTransaction();
  const auto hold = model_.holds().find(transaction);
  if (hold == model_.holds().end()) return CommitEntry(transaction, 1, CustomerOrNobody());
  const std::string customer = OneIn(6) ? CustomerOrNobody() : hold->second.customer;
  Entry entry =
      CommitEntry(transaction, StepOf(transaction), customer, OffersOf(hold->second.claims));
  for (int64_t i = Below(3); i > 0; --i) {
    *entry.mutable_commit()->add_coupons() = RandomCoupon(absl::StrCat(step_, "-", i));
  }
  return entry;
}

storage::Coupon LedgerDraws::RandomCoupon(const std::string& name) {
  storage::Coupon coupon;
  coupon.set_code(OneIn(20) ? CodeName() : absl::StrCat("NEXT-", name));
  if (!OneIn(4)) coupon.set_grant_id(OneIn(20) ? GrantId() : absl::StrCat("next-", name));
  storage::Code& terms = *coupon.mutable_terms();
  terms.set_offer_id(OfferId());
  terms.set_offer(terms.offer_id() == "a" ? 1 : 2);
  terms.set_most_uses(1 + Below(3));
  if (OneIn(4)) terms.set_start_us(now_us_ + (Below(5) - 2) * kMinuteUs);
  if (OneIn(2)) terms.set_end_us(now_us_ + (3 + Below(8)) * kMinuteUs);
  return coupon;
}

Entry LedgerDraws::Post() {
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

Entry LedgerDraws::Return() {
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
  Entry entry = ReturnEntry(sale->first, version, restored);
  for (const storage::GivenCoupon& given : sale->second.coupons) {
    if (OneIn(3)) continue;
    storage::GivenCoupon& left = *entry.mutable_return_sale()->add_withdrawn();
    left = given;
    // Now and then as many as before, which is malformed.
    left.set_uses(OneIn(10) ? given.uses() : Below(std::max<int64_t>(1, given.uses())));
  }
  return entry;
}

Entry LedgerDraws::Merge() {
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

Entry LedgerDraws::Sweep() {
  std::vector<std::string> transactions;
  if (OneIn(2)) {
    transactions = *store_->ListDue(absl::FromUnixMicros(now_us_), 100);
  } else {
    for (int i = 0; i < 5; ++i) transactions.push_back(Transaction());
  }
  return ExpireEntry(transactions, now_us_);
}

Entry LedgerDraws::NextEntry(int step, int64_t now_us) {
  step_ = step;
  now_us_ = now_us;
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

}  // namespace touchstone::store
