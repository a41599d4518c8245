#include "server/services/kept_terms.h"

#include <map>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "rules/facts/schema.h"
#include "rules/ruleset/message_hash.h"
#include "rules/ruleset/terms.h"

namespace touchstone::server {
namespace {

using ::touchstone::storage::v1::KeptTerms;

using TermsByKey = std::map<std::pair<uint32_t, uint32_t>, KeptTerms>;
using HashByOffer = absl::flat_hash_map<uint32_t, std::string>;

std::pair<uint32_t, uint32_t> KeyOf(const KeptTerms& terms) {
  return {static_cast<uint32_t>(terms.offer()), terms.id()};
}

KeptTerms ToKeptTerms(const v1::Offer& offer, absl::string_view hash) {
  KeptTerms terms;
  terms.set_offer_id(offer.offer());
  terms.set_offer(rules::StableId(offer.offer()));
  terms.set_id(rules::TermsId(hash));
  terms.set_body(rules::DeterministicBytes(rules::TermsOf(offer)));
  return terms;
}

HashByOffer HashesOf(const rules::RuleSet* active) {
  HashByOffer hashes;
  if (active == nullptr) return hashes;
  for (const rules::OfferSpec& offer : active->offers) {
    if (!offer.is_kept && !offer.terms_hash.empty()) {
      hashes.emplace(offer.stable_id, offer.terms_hash);
    }
  }
  return hashes;
}

// Those that its offers promise to keep.
std::vector<std::pair<uint32_t, uint32_t>> PromisedBy(const rules::RuleSet* active) {
  std::vector<std::pair<uint32_t, uint32_t>> promised;
  if (active == nullptr) return promised;
  for (const rules::OfferSpec& offer : active->offers) {
    if (offer.promise.has_value() && offer.promise->keeps_terms) {
      promised.emplace_back(offer.stable_id, offer.terms);
    }
  }
  return promised;
}

}  // namespace

absl::StatusOr<TermsPlan> PlanTerms(const store::Store& store, const rules::RuleSet* active,
                                    const v1::RuleSet& next, absl::Time now) {
  const absl::StatusOr<std::vector<KeptTerms>> stored = store.ListKeptTerms();
  if (!stored.ok()) return stored.status();
  TermsByKey others;
  for (const KeptTerms& terms : *stored) {
    others.emplace(KeyOf(terms), terms).first->second.clear_live();
  }

  TermsPlan plan;
  HashByOffer next_hashes;
  for (const v1::Offer& offer : next.offers()) {
    if (offer.applies() != "granted") continue;
    std::string hash = rules::TermsHash(offer);
    KeptTerms terms = ToKeptTerms(offer, hash);
    next_hashes.emplace(rules::StableId(offer.offer()), std::move(hash));
    // Older grants may keep what the offer no longer promises to keep.
    const bool is_stored = others.erase(KeyOf(terms)) > 0;
    if (is_stored || offer.promise().terms() == "kept") plan.own.push_back(std::move(terms));
  }

  const HashByOffer active_hashes = HashesOf(active);
  const absl::StatusOr<std::vector<store::Store::OpenGrants>> open = store.CountOpenGrants(now);
  if (!open.ok()) return open.status();
  for (const store::Store::OpenGrants& grants : *open) {
    const auto before = active_hashes.find(grants.offer);
    const auto after = next_hashes.find(grants.offer);
    if (before != active_hashes.end() &&
        (after == next_hashes.end() || after->second != before->second)) {
      plan.touched += grants.count;
      if (grants.terms != 0) plan.keeping += grants.count;
    }
    const auto kept = others.find({grants.offer, grants.terms});
    if (kept == others.end()) continue;
    plan.open.push_back(std::move(kept->second));
    others.erase(kept);
  }
  for (const std::pair<uint32_t, uint32_t>& key : PromisedBy(active)) {
    const auto kept = others.find(key);
    if (kept == others.end()) continue;
    plan.promised.push_back(std::move(kept->second));
    others.erase(kept);
  }
  return plan;
}

}  // namespace touchstone::server
