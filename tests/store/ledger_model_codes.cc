// Codes, grants and coupons of the ledger's model.

#include <algorithm>

#include "tests/store/ledger_entries.h"
#include "tests/store/ledger_model.h"

namespace touchstone::store {

using storage::Claim;
using storage::EntryResult;

namespace {

constexpr auto kApplied = EntryResult::REFUSAL_UNSPECIFIED;

bool Runs(const storage::Code& code, int64_t now_us) {
  return code.end_us() == 0 || code.end_us() > now_us;
}

}  // namespace

bool LedgerModel::IsOfCode(const Claim& claim) {
  return claim.kind() == Claim::KIND_CODE || claim.kind() == Claim::KIND_GRANT;
}

int64_t LedgerModel::CodeUses(const std::string& code, bool is_sold) const {
  int64_t uses = 0;
  const auto add = [&](const std::vector<Claim>& claims) {
    for (const Claim& claim : claims) {
      if (IsOfCode(claim) && claim.id() == code) uses += claim.count();
    }
  };
  if (is_sold) {
    for (const auto& [transaction, sale] : sales_) add(sale.claims);
  } else {
    for (const auto& [transaction, hold] : holds_) {
      if (IsHeld(hold)) add(hold.claims);
    }
  }
  return uses;
}

std::map<std::string, storage::Code> LedgerModel::Codes() const {
  std::map<std::string, storage::Code> codes = codes_;
  for (auto& [name, code] : codes) code.set_committed(-code.overrun());
  for (const auto& [transaction, sale] : sales_) {
    for (const Claim& claim : sale.claims) {
      if (!IsOfCode(claim)) continue;
      storage::Code& code = codes[claim.id()];
      code.set_committed(code.committed() + claim.count());
    }
  }
  for (const auto& [transaction, hold] : holds_) {
    if (!IsHeld(hold)) continue;
    for (const Claim& claim : hold.claims) {
      if (!IsOfCode(claim)) continue;
      storage::Code& code = codes[claim.id()];
      code.set_reserved(code.reserved() + claim.count());
      if (code.is_grant()) code.add_holders(ContactTransaction(transaction));
    }
  }
  for (auto& [name, code] : codes) {
    std::sort(code.mutable_holders()->begin(), code.mutable_holders()->end());
  }
  return codes;
}

std::map<std::string, LedgerModel::Grants> LedgerModel::OpenGrants() const {
  std::map<std::string, Grants> open;
  for (const auto& [id, grant] : Codes()) {
    const std::string customer = Now(grant.customer_id());
    const bool is_held = grant.reserved() > 0;
    const bool has_use = grant.committed() + grant.overrun() + grant.reserved() < grant.most_uses();
    if (!grant.is_grant() || customer.empty() || grant.revoked() || !(has_use || is_held)) continue;
    (is_held || Runs(grant, now_us_) ? open[customer].shown : open[customer].over)[id] = grant;
  }
  return open;
}

std::set<std::string> LedgerModel::GrantsOf(const std::string& customer) const {
  std::set<std::string> ids;
  for (const auto& [id, grant] : codes_) {
    const std::string& owner = grant.customer_id();
    if (grant.is_grant() && !owner.empty() && SurvivorOf(owner) == customer) ids.insert(id);
  }
  return ids;
}

bool LedgerModel::CanClaim(const Claim& claim, const std::string& customer, int64_t time_us) const {
  const auto found = codes_.find(claim.id());
  if (found == codes_.end()) return false;
  const storage::Code& code = found->second;
  if (code.is_grant() != (claim.kind() == Claim::KIND_GRANT)) return false;
  const bool runs = code.start_us() <= time_us && (code.end_us() == 0 || time_us < code.end_us());
  const bool is_theirs = code.customer_id().empty() ||
                         (!customer.empty() && SurvivorOf(code.customer_id()) == customer);
  return runs && is_theirs && !code.revoked() && code.offer_id() == claim.offer_id() &&
         CodeUses(claim.id(), false) + CodeUses(claim.id(), true) < code.most_uses();
}

bool LedgerModel::HasTerms(const storage::Code& there, const storage::Code& terms) const {
  return there.offer_id() == terms.offer_id() &&
         SurvivorOf(there.customer_id()) == terms.customer_id() &&
         there.start_us() == terms.start_us() && there.end_us() == terms.end_us() &&
         there.most_uses() == terms.most_uses() && there.batch() == terms.batch();
}

LedgerModel::Refusal LedgerModel::AddCodes(const storage::AddCodes& command, EntryResult* result) {
  storage::Code terms = command.terms();
  terms.set_customer_id(Now(terms.customer_id()));
  if (terms.customer_id().empty() && !command.terms().customer_id().empty()) {
    return EntryResult::REFUSAL_NOT_FOUND;
  }
  std::map<std::string, storage::Code> codes = codes_;
  std::set<std::string> listed;
  for (int i = 0; i < command.codes_size(); ++i) {
    const std::string& name = command.codes(i);
    const bool is_first = listed.insert(name).second;
    if (is_first && !codes_.contains(name)) {
      codes[name] = terms;
      codes[name].set_time_us(0);
      result->set_applied(result->applied() + 1);
      continue;
    }
    const storage::Code& there = codes[name];
    if (is_first && HasTerms(there, terms)) {
      result->add_duplicate_items(static_cast<uint32_t>(i));
    } else {
      EntryResult::RefusedItem& item = *result->add_refused_items();
      item.set_index(static_cast<uint32_t>(i));
      item.set_refusal(EntryResult::REFUSAL_ALREADY_EXISTS);
    }
  }
  if (command.all_or_none() && result->applied() < static_cast<uint32_t>(command.codes_size())) {
    result->Clear();
    return EntryResult::REFUSAL_ALREADY_EXISTS;
  }
  codes_ = std::move(codes);
  return kApplied;
}

bool LedgerModel::HasRoom(const Grants& grants) const {
  return std::count_if(grants.shown.begin(), grants.shown.end(),
                       [this](const auto& grant) { return Runs(grant.second, now_us_); }) < 64;
}

void LedgerModel::AddGrants(const storage::AddGrants& command, EntryResult* result) {
  const auto refuse = [result](int index, Refusal refusal) {
    EntryResult::RefusedItem& item = *result->add_refused_items();
    item.set_index(static_cast<uint32_t>(index));
    item.set_refusal(refusal);
  };
  std::map<std::string, Grants> open = OpenGrants();
  for (int i = 0; i < command.items_size(); ++i) {
    const std::string& id = command.items(i).grant_id();
    storage::Code terms = command.items(i).terms();
    terms.set_customer_id(Now(terms.customer_id()));
    if (terms.customer_id().empty()) {
      refuse(i, EntryResult::REFUSAL_NOT_FOUND);
      continue;
    }
    if (const auto there = codes_.find(id); there != codes_.end()) {
      if (HasTerms(there->second, terms)) {
        result->add_duplicate_items(static_cast<uint32_t>(i));
      } else {
        refuse(i, EntryResult::REFUSAL_ALREADY_EXISTS);
      }
      continue;
    }
    if (Runs(terms, now_us_)) {
      if (!HasRoom(open[terms.customer_id()])) {
        refuse(i, EntryResult::REFUSAL_TOO_MANY);
        continue;
      }
      open[terms.customer_id()].shown[id] = terms;
    }
    codes_[id] = terms;
    result->set_applied(result->applied() + 1);
  }
}

LedgerModel::Refusal LedgerModel::RevokeCodes(const storage::RevokeCodes& command,
                                              EntryResult* result) {
  for (const std::string& name : command.codes()) {
    if (!codes_.contains(name)) return EntryResult::REFUSAL_NOT_FOUND;
  }
  for (const std::string& name : command.codes()) {
    if (!codes_[name].revoked()) result->set_applied(result->applied() + 1);
    codes_[name].set_revoked(true);
  }
  return kApplied;
}

bool LedgerModel::GiveCoupons(const storage::Commit& command) {
  const std::string customer = Now(command.sale().customer_id());
  for (const storage::Coupon& coupon : command.coupons()) {
    storage::Code terms = coupon.terms();
    std::string id = coupon.code();
    if (!customer.empty() && !coupon.grant_id().empty()) {
      if (codes_.contains(coupon.grant_id())) return false;
      if (!Runs(terms, now_us_) || HasRoom(OpenGrants()[customer])) id = coupon.grant_id();
    }
    if (codes_.contains(id)) return false;
    if (id == coupon.grant_id()) {
      terms.set_is_grant(true);
      terms.set_customer_id(customer);
    } else {
      terms.clear_offer();
    }
    codes_[id] = terms;
    storage::GivenCoupon& given =
        sales_[command.transaction_id()].coupons.emplace_back(storage::GivenCoupon());
    given.set_id(id);
    given.set_uses(terms.most_uses());
  }
  return true;
}

bool LedgerModel::WithdrawCoupons(const storage::ReturnSale& command, EntryResult* result) {
  for (const storage::GivenCoupon& left : command.withdrawn()) {
    const storage::Code now = Codes()[left.id()];
    bool is_less = false;
    for (storage::GivenCoupon& given : sales_[command.sale_transaction_id()].coupons) {
      if (given.id() != left.id() || left.uses() >= given.uses()) continue;
      is_less = true;
      given.set_uses(left.uses());
    }
    if (!is_less) return false;
    const int64_t used = now.committed() + now.reserved();
    result->add_coupons_used(used + now.overrun());
    if (left.uses() == 0) codes_[left.id()].set_revoked(true);
    if (left.uses() > 0) codes_[left.id()].set_most_uses(std::max(used, left.uses()));
  }
  return true;
}

}  // namespace touchstone::store
