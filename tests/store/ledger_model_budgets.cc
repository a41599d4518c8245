// Budgets of the ledger's model: what is used, what still fits, what is beyond.

#include <algorithm>

#include "tests/store/ledger_model.h"

namespace touchstone::store {

using storage::Claim;
using storage::ClaimRequest;
using storage::EntryResult;

std::vector<LedgerModel::Row> LedgerModel::RowsOf(const Claim& claim) {
  if (claim.kind() != Claim::KIND_BUDGET) return {};
  if (!claim.by_day()) return {{claim.id(), false, 0}};
  return {{claim.id(), false, 0}, {claim.id(), true, claim.day()}};
}

void LedgerModel::AddClaims(const std::vector<Claim>& claims, const Row& row, Use* use) {
  const auto& [budget, by_day, day] = row;
  for (const Claim& claim : claims) {
    if (claim.kind() != Claim::KIND_BUDGET || claim.id() != budget) continue;
    if (by_day && (!claim.by_day() || claim.day() != day)) continue;
    use->count += claim.count();
    use->minor += claim.amount_minor();
  }
}

LedgerModel::Use LedgerModel::Reserved(const Row& row) const {
  Use use;
  for (const auto& [transaction, hold] : holds_) {
    if (IsHeld(hold)) AddClaims(hold.claims, row, &use);
  }
  return use;
}

LedgerModel::Use LedgerModel::Sold(const Row& row) const {
  Use use;
  for (const auto& [transaction, sale] : sales_) AddClaims(sale.claims, row, &use);
  const auto& [budget, by_day, day] = row;
  for (const auto& [name, opening] : openings_) {
    if (opening.budget_id() != budget || (by_day && !(opening.by_day() && opening.day() == day))) {
      continue;
    }
    use.count += by_day ? 0 : opening.count();
    use.minor += by_day ? opening.day_minor() : opening.amount_minor();
  }
  return use;
}

LedgerModel::Use LedgerModel::Overrun(const Row& row) const {
  const auto found = overruns_.find(row);
  return found == overruns_.end() ? Use() : found->second;
}

bool LedgerModel::Fits(const ClaimRequest& request, const std::vector<Claim>& before) const {
  const Claim& claim = request.claim();
  for (const Row& row : RowsOf(claim)) {
    Use use = Reserved(row);
    const Use sold = Sold(row);
    AddClaims(before, row, &use);
    const bool by_day = std::get<1>(row);
    const int64_t most_uses = by_day ? 0 : request.most_uses();
    const int64_t most_minor = by_day ? request.most_minor_a_day() : request.most_minor();
    if (most_uses != 0 && use.count + sold.count + claim.count() > most_uses) return false;
    // Where there is no room at all, no amount still fits.
    if (most_minor != 0 && claim.amount_minor() > 0 &&
        use.minor + sold.minor + claim.amount_minor() > most_minor) {
      return false;
    }
    const auto currency = currencies_.find(row);
    if (currency != currencies_.end() && !claim.currency().empty() &&
        claim.currency() != currency->second) {
      return false;
    }
  }
  return true;
}

EntryResult::Overrun LedgerModel::Book(const ClaimRequest& request, Sale* sale) {
  EntryResult::Overrun overrun;
  Claim claim = request.claim();
  for (const Row& row : RowsOf(claim)) {
    const auto currency = currencies_.find(row);
    if (currency == currencies_.end() || claim.currency().empty() ||
        currency->second == claim.currency()) {
      continue;
    }
    overrun.set_amount_minor(claim.amount_minor());
    claim.set_amount_minor(0);
    claim.clear_currency();
  }
  for (const Row& row : RowsOf(claim)) {
    const Use reserved = Reserved(row);
    Use sold = Sold(row);
    AddClaims(sale->claims, row, &sold);
    const bool by_day = std::get<1>(row);
    const auto beyond = [](int64_t most, int64_t used, int64_t more) -> int64_t {
      if (most == 0) return 0;
      return std::clamp<int64_t>(used + more - most, 0, more);
    };
    const Use over = {
        beyond(by_day ? 0 : request.most_uses(), reserved.count + sold.count, claim.count()),
        beyond(by_day ? request.most_minor_a_day() : request.most_minor(),
               reserved.minor + sold.minor, claim.amount_minor())};
    overruns_[row].count += over.count;
    overruns_[row].minor += over.minor;
    overrun.set_count(std::max(overrun.count(), over.count));
    overrun.set_amount_minor(std::max(overrun.amount_minor(), over.minor));
    if (!claim.currency().empty()) currencies_[row] = claim.currency();
  }
  sale->claims.push_back(claim);
  return overrun;
}

void LedgerModel::AddOpeningUses(const storage::AddOpeningUses& command, EntryResult* result) {
  for (int i = 0; i < command.items_size(); ++i) {
    const storage::AddOpeningUses::Item& item = command.items(i);
    const storage::OpeningUse& use = item.use();
    const auto refuse = [&](Refusal refusal, const char* detail) {
      EntryResult::RefusedItem& refused = *result->add_refused_items();
      refused.set_index(static_cast<uint32_t>(i));
      refused.set_refusal(refusal);
      if (*detail != '\0') refused.set_refusal_detail(detail);
    };
    const auto is_beyond = [](int64_t most, int64_t held, int64_t sold, int64_t more) {
      return most != 0 && more > 0 && held + sold + more > most;
    };
    const Row all(use.budget_id(), false, 0);
    const Row on_day(use.budget_id(), true, use.day());
    const auto there = openings_.find({use.budget_id(), command.batch()});
    const auto currency = currencies_.find(all);
    if (there != openings_.end() && there->second.ShortDebugString() == use.ShortDebugString()) {
      result->add_duplicate_items(static_cast<uint32_t>(i));
    } else if (there != openings_.end()) {
      refuse(EntryResult::REFUSAL_ALREADY_EXISTS, "");
    } else if (currency != currencies_.end() && !use.currency().empty() &&
               currency->second != use.currency()) {
      refuse(EntryResult::REFUSAL_INVALID, "the budget was used in another currency");
    } else if (is_beyond(item.most_uses(), Reserved(all).count, Sold(all).count, use.count())) {
      refuse(EntryResult::REFUSAL_TOO_MANY, "the budget has fewer uses left");
    } else if (is_beyond(item.most_minor(), Reserved(all).minor, Sold(all).minor,
                         use.amount_minor())) {
      refuse(EntryResult::REFUSAL_TOO_MANY, "the budget has less money left");
    } else if (use.by_day() && is_beyond(item.most_minor_a_day(), Reserved(on_day).minor,
                                         Sold(on_day).minor, use.day_minor())) {
      refuse(EntryResult::REFUSAL_TOO_MANY, "the budget has less money left on that day");
    } else {
      openings_[{use.budget_id(), command.batch()}] = use;
      if (!use.currency().empty()) currencies_[all] = use.currency();
      if (!use.currency().empty() && use.by_day()) currencies_[on_day] = use.currency();
      result->set_applied(result->applied() + 1);
    }
  }
}

}  // namespace touchstone::store
