#include "server/decide/held_grants.h"

#include <algorithm>
#include <tuple>

#include "absl/container/inlined_vector.h"

namespace touchstone::server {
namespace {

using rules::CodeStanding;

bool Holds(uint64_t transaction, const store::GrantView& grant) {
  for (size_t i = 0; i < grant.holder_count; ++i) {
    if (grant.holder(i) == transaction) return true;
  }
  return false;
}

CodeStanding Judge(const store::GrantView& grant, int64_t now_us, uint64_t transaction) {
  if (now_us < grant.start_us) return CodeStanding::kNotYetValid;
  if (now_us >= grant.end_us) return CodeStanding::kExpired;
  return grant.uses_left > 0 || Holds(transaction, grant) ? CodeStanding::kValid
                                                          : CodeStanding::kReservedElsewhere;
}

}  // namespace

GrantedOffers GrantedOffersOf(const rules::RuleSet& rule_set) {
  GrantedOffers offers;
  for (uint32_t i = 0; i < rule_set.offers.size(); ++i) {
    const rules::OfferSpec& offer = rule_set.offers[i];
    if (offer.applies != rules::Applies::kGranted) continue;
    offers.emplace(std::pair(offer.stable_id, offer.terms), i);
    if (!offer.is_kept) offers.emplace(std::pair(offer.stable_id, 0u), i);
  }
  return offers;
}

void JudgeGrants(const store::RecordView& record, const GrantedOffers& offers, absl::Time now,
                 uint64_t transaction, std::vector<rules::HeldGrant>* grants) {
  grants->clear();
  if (offers.empty()) return;
  absl::InlinedVector<store::GrantView, 16> held;
  for (size_t i = 0; i < record.grant_count(); ++i) held.push_back(record.grant(i));
  std::sort(held.begin(), held.end(), [](const store::GrantView& a, const store::GrantView& b) {
    return std::tie(a.end_us, a.id) < std::tie(b.end_us, b.id);
  });
  const int64_t now_us = absl::ToUnixMicros(now);
  for (const store::GrantView& grant : held) {
    const auto offer = offers.find(std::pair(grant.offer, grant.terms));
    if (offer == offers.end()) continue;
    grants->push_back(
        {.standing = Judge(grant, now_us, transaction), .offer = offer->second, .id = grant.id});
  }
}

}  // namespace touchstone::server
