#include "server/transactions/posted_sale.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "server/decide/request_check.h"
#include "server/transactions/sale.h"

namespace touchstone::server {
namespace {

constexpr int64_t kMostMinor = 10'000'000'000'000;

void CheckLine(const v1::SoldLine& line, const v1::BasketLine& in_basket, absl::string_view field,
               std::vector<Violation>* violations) {
  const bool gives_back = in_basket.has_returned_from();
  const int64_t net = line.net_minor();
  if (net < -kMostMinor || net > kMostMinor) {
    violations->push_back({absl::StrCat(field, ".net_minor"), "must be at most 10^13"});
  } else if (gives_back ? net > 0 : net < 0) {
    violations->push_back({absl::StrCat(field, ".net_minor"),
                           gives_back
                               ? "must not be above 0: the line gives back what was bought earlier"
                               : "must not be below 0"});
  }
  for (int i = 0; i < line.taken_size(); ++i) {
    const std::string share = absl::StrCat(field, ".taken[", i, "]");
    if (!IsId(line.taken(i).offer_id())) {
      violations->push_back({share + ".offer_id", "must be 1 to 64 bytes of [A-Za-z0-9._-]"});
    }
    if (line.taken(i).amount_minor() < 0 || line.taken(i).amount_minor() > kMostMinor) {
      violations->push_back({share + ".amount_minor", "must be from 0 to 10^13"});
    }
  }
  if (gives_back && !line.taken().empty()) {
    violations->push_back(
        {absl::StrCat(field, ".taken"), "must be empty: no offer takes from what is given back"});
  }
}

// In the order of the basket.
absl::flat_hash_map<std::string, const v1::SoldLine*> ByLine(const v1::PostSaleRequest& request) {
  absl::flat_hash_map<std::string, const v1::SoldLine*> lines;
  for (const v1::SoldLine& line : request.lines()) lines[line.line_id()] = &line;
  return lines;
}

void AddApplied(const v1::BasketResult& priced, v1::BasketResult* sold) {
  std::map<std::string, int> position;
  for (const v1::PricedLine& line : sold->lines()) {
    for (const v1::OfferShare& share : line.taken()) {
      const auto [at, is_new] = position.try_emplace(share.offer_id(), sold->applied_offers_size());
      if (is_new) {
        v1::AppliedOffer* applied = sold->add_applied_offers();
        applied->set_offer_id(share.offer_id());
        applied->set_applications(1);
        for (const v1::AppliedOffer& known : priced.applied_offers()) {
          if (known.offer_id() != share.offer_id()) continue;
          *applied = known;
          applied->set_amount_minor(0);
          applied->clear_points();
        }
      }
      v1::AppliedOffer* applied = sold->mutable_applied_offers(at->second);
      applied->set_amount_minor(applied->amount_minor() + share.amount_minor());
    }
  }
}

std::map<std::string, int64_t> TakenOf(const v1::PricedLine& line) {
  std::map<std::string, int64_t> taken;
  for (const v1::OfferShare& share : line.taken()) taken[share.offer_id()] += share.amount_minor();
  return taken;
}

}  // namespace

void CheckSoldLines(const v1::PostSaleRequest& request, std::vector<Violation>* violations) {
  absl::flat_hash_map<std::string, const v1::BasketLine*> in_basket;
  for (const v1::BasketLine& line : request.basket().lines()) in_basket[line.line_id()] = &line;
  absl::flat_hash_map<std::string, int> seen;
  for (int i = 0; i < request.lines_size(); ++i) {
    const std::string field = absl::StrCat("lines[", i, "]");
    const auto line = in_basket.find(request.lines(i).line_id());
    if (line == in_basket.end()) {
      violations->push_back({field + ".line_id", "is no line of the basket"});
    } else if (++seen[request.lines(i).line_id()] > 1) {
      violations->push_back({field + ".line_id", "is named before; name each line once"});
    } else {
      CheckLine(request.lines(i), *line->second, field, violations);
    }
  }
  if (violations->empty() && seen.size() != in_basket.size()) {
    violations->push_back({"lines", "must have one for each line of the basket"});
  }
}

v1::BasketResult SoldResult(const v1::PostSaleRequest& request, const v1::BasketResult& priced) {
  const auto by_line = ByLine(request);
  v1::BasketResult sold;
  sold.set_state(v1::PRICING_STATE_PRICED);
  sold.set_currency_code(priced.currency_code());
  *sold.mutable_codes() = priced.codes();
  v1::BasketTotals* totals = sold.mutable_totals();
  for (const v1::PricedLine& by_rules : priced.lines()) {
    const v1::SoldLine& charged = *by_line.at(by_rules.line_id());
    v1::PricedLine* line = sold.add_lines();
    line->set_line_id(by_rules.line_id());
    *line->mutable_taken() = charged.taken();
    int64_t taken_minor = 0;
    for (const v1::OfferShare& share : charged.taken()) taken_minor += share.amount_minor();
    line->set_net_minor(charged.net_minor());
    line->set_gross_minor(charged.net_minor() + taken_minor);
    line->set_caller_facts(by_rules.caller_facts());
    line->set_no_discount(by_rules.no_discount());
    totals->set_gross_minor(totals->gross_minor() + line->gross_minor());
    totals->set_discount_minor(totals->discount_minor() + taken_minor);
    totals->set_payable_minor(totals->payable_minor() + line->net_minor());
  }
  AddApplied(priced, &sold);
  return sold;
}

std::vector<v1::SaleDifference> DifferencesOf(const v1::BasketResult& sold,
                                              const v1::BasketResult& priced) {
  std::vector<v1::SaleDifference> differences;
  for (int i = 0; i < sold.lines_size(); ++i) {
    const std::map<std::string, int64_t> by_till = TakenOf(sold.lines(i));
    const std::map<std::string, int64_t> by_rules = TakenOf(priced.lines(i));
    const int64_t sold_minor = sold.lines(i).net_minor();
    const int64_t priced_minor = priced.lines(i).net_minor();
    if (sold_minor == priced_minor && by_till == by_rules) continue;
    v1::SaleDifference& difference = differences.emplace_back();
    difference.set_line_id(sold.lines(i).line_id());
    difference.set_sold_minor(sold_minor);
    difference.set_priced_minor(priced_minor);
    std::map<std::string, int64_t> either = by_till;
    either.insert(by_rules.begin(), by_rules.end());
    for (const auto& [offer_id, amount] : either) {
      const auto till = by_till.find(offer_id);
      const auto rules = by_rules.find(offer_id);
      const bool same =
          till != by_till.end() && rules != by_rules.end() && till->second == rules->second;
      if (!same) difference.add_offer_ids(offer_id);
    }
  }
  return differences;
}

// The first that she has a grant of; a till that is offline names the offer alone.
std::optional<uint32_t> VersionSold(const TransactionPricer& pricer, absl::string_view offer_id) {
  const rules::OfferRange versions = rules::VersionsOf(pricer.rule_set(), offer_id);
  if (versions.first == versions.end) return std::nullopt;
  const absl::Span<const rules::HeldGrant> grants = pricer.computation().input().grants;
  for (uint32_t i = versions.first; i < versions.end; ++i) {
    if (rules::FindGrant(grants, i).has_value()) return i;
  }
  return versions.first;
}

std::vector<storage::ClaimRequest> ClaimsOfSold(const v1::BasketResult& sold,
                                                TransactionPricer& pricer) {
  const rules::Currency currency = pricer.computation().input().basket.currency;
  std::vector<rules::AppliedOffer> applied;
  for (const v1::AppliedOffer& offer : sold.applied_offers()) {
    const std::optional<uint32_t> version = VersionSold(pricer, offer.offer_id());
    if (!version.has_value()) continue;
    applied.push_back({.offer = *version, .taken = {offer.amount_minor(), currency}});
  }
  std::sort(
      applied.begin(), applied.end(),
      [](const rules::AppliedOffer& a, const rules::AppliedOffer& b) { return a.offer < b.offer; });
  return pricer.ClaimsFor(applied);
}

void AddOverrun(const storage::Claim& claim, v1::PostSaleResponse* response) {
  const v1::Claim shown = ToClaim(claim);
  v1::Overrun* overrun = response->add_overruns();
  overrun->set_kind(shown.kind());
  overrun->set_id(shown.id());
  if (shown.has_amount()) *overrun->mutable_amount() = shown.amount();
}

bool FillPosted(const storage::EntryResult& result, v1::PostSaleResponse* response) {
  v1::PostSaleResponse kept;
  if (!kept.ParseFromString(result.answer())) return false;
  *response = kept;
  response->clear_overruns();
  for (const storage::EntryResult::Overrun& beyond : result.overruns()) {
    if (static_cast<int>(beyond.claim()) >= kept.overruns_size()) return false;
    v1::Overrun* overrun = response->add_overruns();
    *overrun = kept.overruns(static_cast<int>(beyond.claim()));
    overrun->set_count(beyond.count());
    if (overrun->has_amount()) overrun->mutable_amount()->set_amount_minor(beyond.amount_minor());
  }
  return true;
}

}  // namespace touchstone::server
