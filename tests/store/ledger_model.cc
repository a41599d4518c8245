#include "tests/store/ledger_model.h"

#include <algorithm>

#include "store/record_patch.h"
#include "tests/store/ledger_entries.h"

namespace touchstone::store {

using storage::Claim;
using storage::ClaimRequest;
using storage::Entry;
using storage::EntryResult;
using storage::Reservation;

namespace {

constexpr auto kApplied = EntryResult::REFUSAL_UNSPECIFIED;

// The offers that a patch of ledger_entries.h redeems, as a record has them.
std::vector<uint64_t> RedeemedOffers(const std::string& patch) {
  std::vector<uint64_t> offers;
  const absl::StatusOr<std::string> bytes = ApplyPatches("", {absl::string_view(patch)});
  const absl::StatusOr<RecordView> record = RecordView::Parse(*bytes);
  for (size_t i = 0; i < record->contact_count(); ++i) offers.push_back(record->contact(i).offer);
  return offers;
}

}  // namespace

EntryResult LedgerModel::Apply(const Entry& entry) {
  now_us_ = std::max(latest_us_, entry.time_us());
  EntryResult result;
  Refusal refusal = kApplied;
  switch (entry.command_case()) {
    case Entry::kReserve:
      refusal = Reserve(entry.reserve(), &result);
      result.set_answer(entry.reserve().answer());
      break;
    case Entry::kCommit:
      refusal = Commit(entry.commit());
      break;
    case Entry::kRelease:
      refusal = Release(entry.release());
      break;
    case Entry::kSuspend:
      refusal = Suspend(entry.suspend());
      break;
    case Entry::kExpire:
      Expire(entry.expire(), &result);
      break;
    case Entry::kPostSale:
      refusal = PostSale(entry.post_sale(), &result);
      result.set_answer(entry.post_sale().answer());
      break;
    case Entry::kReturnSale:
      refusal = ReturnSale(entry.return_sale(), &result);
      result.set_answer(entry.return_sale().answer());
      break;
    case Entry::kMergeCustomers:
      refusal = Merge(entry.merge_customers());
      break;
    case Entry::kAddCodes:
      refusal = AddCodes(entry.add_codes(), &result);
      break;
    case Entry::kAddGrants:
      AddGrants(entry.add_grants(), &result);
      break;
    case Entry::kAddOpeningUses:
      AddOpeningUses(entry.add_opening_uses(), &result);
      break;
    case Entry::kRevokeCodes:
      refusal = RevokeCodes(entry.revoke_codes(), &result);
      break;
    case Entry::kDeleteCustomer:
      refusal = Erase(entry.delete_customer().customer_id());
      break;
    default:  // makes a record where there is none
      customers_.insert(SurvivorOf(entry.update_record().record().id()));
      break;
  }
  result.set_refusal(refusal);
  if (refusal == kApplied) {
    // What finds nothing to do writes nothing, its time neither.
    const bool counts = entry.has_expire() || entry.has_add_codes() || entry.has_add_grants() ||
                        entry.has_revoke_codes() || entry.has_add_opening_uses();
    if (!counts || result.applied() > 0) latest_us_ = now_us_;
  } else {
    result.clear_answer();
    result.clear_coupons_used();
  }
  return result;
}

bool LedgerModel::IsHeld(const Hold& hold) {
  return hold.state == Reservation::STATE_HELD || hold.state == Reservation::STATE_SUSPENDED;
}

std::string LedgerModel::SurvivorOf(std::string customer) const {
  // A merge that came later leads on, or was of one who was taken out again.
  for (bool moved = true; moved;) {
    moved = false;
    for (const auto& [surviving, merged] : merges_) {
      if (merged != customer) continue;
      customer = surviving;
      moved = true;
    }
  }
  return customer;
}

std::string LedgerModel::Now(const std::string& customer) const {
  const std::string survivor = SurvivorOf(customer);
  return customers_.contains(survivor) ? survivor : "";
}

std::vector<LedgerModel::Contact> LedgerModel::ContactsOf(const std::string& customer) const {
  std::vector<Contact> contacts;
  for (const Contact& contact : contacts_) {
    if (Now(contact.owner) == customer) contacts.push_back(contact);
  }
  return contacts;
}

int64_t LedgerModel::Counted(const ClaimRequest& request, const std::string& customer,
                             const std::string& transaction) const {
  int64_t counted = 0;
  for (const Contact& contact : ContactsOf(customer)) {
    if (contact.offer == request.claim().offer() && contact.transaction != transaction &&
        contact.time_us >= request.from_us()) {
      ++counted;
    }
  }
  return counted;
}

void LedgerModel::DropReserved(const std::string& transaction) {
  std::erase_if(contacts_, [&](const Contact& contact) {
    return contact.transaction == transaction && contact.kind == ContactKind::kReserved;
  });
}

void LedgerModel::End(const std::string& transaction, Reservation::State state, int32_t step) {
  DropReserved(transaction);
  holds_[transaction] = {state, step, now_us_ + kDayUs, "", {}};
}

LedgerModel::Refusal LedgerModel::Reserve(const storage::Reserve& command, EntryResult* result) {
  const std::string& transaction = command.transaction_id();
  if (sales_.contains(transaction)) return EntryResult::REFUSAL_TRANSACTION_COMMITTED;
  const auto held = holds_.find(transaction);
  if (held != holds_.end()) {
    const bool released = held->second.state == Reservation::STATE_RELEASED;
    if (held->second.step > command.step() || (released && held->second.step == command.step())) {
      return EntryResult::REFUSAL_STEP_SUPERSEDED;
    }
  }
  const std::string customer = Now(command.customer_id());
  if (customer.empty() && !command.customer_id().empty()) return EntryResult::REFUSAL_NOT_FOUND;
  // In the place of what it held before.
  std::optional<Hold> before;
  if (held != holds_.end()) {
    before = held->second;
    holds_.erase(held);
  }
  std::vector<Claim> claims;
  std::vector<uint32_t> refused_others;
  std::vector<uint32_t> refused_limits;
  std::map<Row, std::string> currencies = currencies_;
  for (int i = 0; i < command.claims_size(); ++i) {
    const Claim& claim = command.claims(i).claim();
    if (claim.kind() == Claim::KIND_LIMIT) {
      if (Counted(command.claims(i), customer, transaction) + 1 > command.claims(i).at_most()) {
        refused_limits.push_back(static_cast<uint32_t>(i));
      }
    } else if (IsOfCode(claim)) {
      if (!CanClaim(claim, customer, now_us_)) refused_others.push_back(static_cast<uint32_t>(i));
    } else if (Fits(command.claims(i), claims)) {
      claims.push_back(claim);
      for (const Row& row : RowsOf(claim)) {
        if (!claim.currency().empty()) currencies_[row] = claim.currency();
      }
    } else {
      refused_others.push_back(static_cast<uint32_t>(i));
    }
  }
  for (const uint32_t i : refused_others) result->add_refused_claims(i);
  for (const uint32_t i : refused_limits) result->add_refused_claims(i);
  if (result->refused_claims_size() > 0) {
    currencies_ = currencies;
    if (before.has_value()) holds_[transaction] = *before;
    return EntryResult::REFUSAL_CLAIMS_REFUSED;
  }
  DropReserved(transaction);
  Hold& hold = holds_[transaction];
  hold = {Reservation::STATE_HELD, command.step(), command.expire_us(), customer, {}};
  for (const ClaimRequest& request : command.claims()) {
    const Claim& claim = request.claim();
    hold.claims.push_back(claim);
    if (claim.kind() != Claim::KIND_LIMIT) continue;
    const bool is_known =
        std::any_of(contacts_.begin(), contacts_.end(), [&](const Contact& contact) {
          return contact.transaction == transaction && contact.offer == claim.offer();
        });
    if (is_known) continue;
    contacts_.push_back(
        {customer, transaction, claim.offer(), ContactKind::kReserved, command.time_us()});
  }
  return kApplied;
}

LedgerModel::Refusal LedgerModel::CheckHeld(const std::string& transaction, int32_t step) const {
  if (sales_.contains(transaction)) return EntryResult::REFUSAL_TRANSACTION_COMMITTED;
  const auto held = holds_.find(transaction);
  if (held == holds_.end() || held->second.state == Reservation::STATE_RELEASED ||
      held->second.step < step) {
    return EntryResult::REFUSAL_NOT_FOUND;
  }
  if (held->second.step > step) return EntryResult::REFUSAL_STEP_SUPERSEDED;
  if (!IsHeld(held->second) || held->second.expire_us <= now_us_) {
    return EntryResult::REFUSAL_RESERVATION_EXPIRED;
  }
  return kApplied;
}

void LedgerModel::Sell(const std::string& transaction, Sale sale, const std::string& patch) {
  DropReserved(transaction);
  holds_.erase(transaction);
  const std::string customer = Now(sale.customer);
  sale.has_body = sale.customer.empty() || !customer.empty();
  sale.customer = customer;
  sales_[transaction] = std::move(sale);
  if (customer.empty()) return;
  for (const uint64_t offer : RedeemedOffers(patch)) {
    contacts_.push_back({customer, transaction, offer, ContactKind::kRedeemed, kTestTimeUs});
  }
}

LedgerModel::Refusal LedgerModel::Commit(const storage::Commit& command) {
  const Refusal refusal = CheckHeld(command.transaction_id(), command.step());
  if (refusal != kApplied) return refusal;
  const LedgerModel before = *this;
  Sell(command.transaction_id(),
       {command.sale().customer_id(), true, holds_[command.transaction_id()].claims, 1, {}},
       command.customer_patch());
  if (GiveCoupons(command)) return kApplied;
  *this = before;
  return EntryResult::REFUSAL_ALREADY_EXISTS;
}

LedgerModel::Refusal LedgerModel::Release(const storage::Release& command) {
  const std::string& transaction = command.transaction_id();
  if (sales_.contains(transaction)) return EntryResult::REFUSAL_TRANSACTION_COMMITTED;
  const auto held = holds_.find(transaction);
  if (held != holds_.end() && held->second.step > command.step()) {
    return EntryResult::REFUSAL_STEP_SUPERSEDED;
  }
  End(transaction, Reservation::STATE_RELEASED, command.step());
  return kApplied;
}

LedgerModel::Refusal LedgerModel::Suspend(const storage::Suspend& command) {
  const Refusal refusal = CheckHeld(command.transaction_id(), command.step());
  if (refusal != kApplied) return refusal;
  holds_[command.transaction_id()].state = Reservation::STATE_SUSPENDED;
  holds_[command.transaction_id()].expire_us = command.expire_us();
  return kApplied;
}

void LedgerModel::Expire(const storage::Expire& command, EntryResult* result) {
  for (const std::string& transaction : command.transaction_ids()) {
    const auto held = holds_.find(transaction);
    if (held == holds_.end() || held->second.expire_us > now_us_) continue;
    result->set_applied(result->applied() + 1);
    if (IsHeld(held->second)) {
      End(transaction, Reservation::STATE_EXPIRED, held->second.step);
    } else {
      holds_.erase(held);
    }
  }
}

LedgerModel::Refusal LedgerModel::PostSale(const storage::PostSale& command, EntryResult* result) {
  const std::string& transaction = command.transaction_id();
  if (sales_.contains(transaction)) return EntryResult::REFUSAL_TRANSACTION_COMMITTED;
  holds_.erase(transaction);
  DropReserved(transaction);
  Sale sale;
  sale.customer = command.sale().customer_id();
  for (int i = 0; i < command.claims_size(); ++i) {
    const ClaimRequest& request = command.claims(i);
    EntryResult::Overrun overrun;
    if (request.claim().kind() == Claim::KIND_BUDGET) {
      overrun = Book(request, &sale);
    } else if (IsOfCode(request.claim())) {
      const bool fits = CanClaim(request.claim(), Now(sale.customer), command.sale().time_us());
      const auto code = codes_.find(request.claim().id());
      overrun.set_count(fits ? 0 : 1);
      if (code != codes_.end()) {
        sale.claims.push_back(request.claim());
        code->second.set_overrun(code->second.overrun() + overrun.count());
      }
    } else {
      sale.claims.push_back(request.claim());
      const std::string customer = Now(sale.customer);
      const int64_t counted =
          customer.empty() ? 0 : Counted(request, customer, command.transaction_id());
      overrun.set_count(counted >= request.at_most() ? 1 : 0);
    }
    overrun.set_claim(static_cast<uint32_t>(i));
    if (overrun.count() + overrun.amount_minor() > 0) *result->add_overruns() = overrun;
  }
  Sell(transaction, std::move(sale), command.customer_patch());
  return kApplied;
}

LedgerModel::Refusal LedgerModel::ReturnSale(const storage::ReturnSale& command,
                                             EntryResult* result) {
  const auto found = sales_.find(command.sale_transaction_id());
  if (found == sales_.end()) return EntryResult::REFUSAL_NOT_FOUND;
  Sale& sale = found->second;
  if (sale.version != command.expected_version()) return EntryResult::REFUSAL_VERSION_CHANGED;
  const LedgerModel before = *this;
  for (const Claim& restored : command.restored()) {
    for (Claim& claim : sale.claims) {
      if (claim.kind() != restored.kind() || claim.id() != restored.id() ||
          claim.offer_id() != restored.offer_id()) {
        continue;
      }
      claim.set_count(claim.count() - restored.count());
      claim.set_amount_minor(claim.amount_minor() - restored.amount_minor());
      if (claim.kind() == Claim::KIND_LIMIT && claim.count() == 0) {
        std::erase_if(contacts_, [&](const Contact& contact) {
          return contact.transaction == found->first && contact.offer == claim.offer();
        });
      }
    }
    if (IsOfCode(restored)) {
      storage::Code& code = codes_[restored.id()];
      code.set_overrun(code.overrun() - std::min(code.overrun(), restored.count()));
    }
    for (const Row& row : RowsOf(restored)) {
      Use& overrun = overruns_[row];
      overrun.count -= std::min(overrun.count, restored.count());
      overrun.minor -= std::min(overrun.minor, restored.amount_minor());
    }
  }
  std::erase_if(sale.claims,
                [](const Claim& claim) { return claim.count() == 0 && claim.amount_minor() == 0; });
  if (!WithdrawCoupons(command, result)) {
    *this = before;
    return EntryResult::REFUSAL_INVALID;
  }
  ++sale.version;
  return kApplied;
}

LedgerModel::Refusal LedgerModel::Merge(const storage::MergeCustomers& command) {
  const std::string& surviving = command.surviving();
  const std::string& merged = command.merged();
  const std::pair<std::string, std::string> merge(surviving, merged);
  if (command.undo()) {
    const auto at = std::find(merges_.begin(), merges_.end(), merge);
    if (at == merges_.end() || !customers_.contains(surviving)) {
      return EntryResult::REFUSAL_NOT_MERGED;
    }
    merges_.erase(at);
    customers_.insert(merged);
    return kApplied;
  }
  if (!customers_.contains(surviving) || !customers_.contains(merged)) {
    return EntryResult::REFUSAL_NOT_FOUND;
  }
  std::map<std::string, Grants> open = OpenGrants();
  if (open[surviving].shown.size() + open[merged].shown.size() > 256) {
    return EntryResult::REFUSAL_TOO_MANY;
  }
  merges_.push_back(merge);
  customers_.erase(merged);
  return kApplied;
}

LedgerModel::Refusal LedgerModel::Erase(const std::string& customer) {
  if (!customers_.contains(customer)) return EntryResult::REFUSAL_NOT_FOUND;
  const auto is_hers = [&](const std::string& id) {
    return !id.empty() && SurvivorOf(id) == customer;
  };
  for (auto& [transaction, sale] : sales_) {
    if (!is_hers(sale.customer)) continue;
    sale.customer.clear();
    sale.has_body = false;
  }
  for (auto& [name, code] : codes_) {
    if (!is_hers(code.customer_id())) continue;
    code.clear_customer_id();
    code.set_revoked(true);
  }
  for (auto& [transaction, hold] : holds_) {
    if (!is_hers(hold.customer)) continue;
    hold = {Reservation::STATE_RELEASED, hold.step, now_us_ + kDayUs, "", {}};
  }
  std::erase_if(contacts_, [&](const Contact& contact) { return is_hers(contact.owner); });
  std::set<std::pair<std::string, std::string>> hers;
  for (const auto& merge : merges_) {
    if (is_hers(merge.second)) hers.insert(merge);
  }
  std::erase_if(merges_, [&](const auto& merge) { return hers.contains(merge); });
  customers_.erase(customer);
  return kApplied;
}

}  // namespace touchstone::store
