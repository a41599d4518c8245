#include "server/decide/promised_grant.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "rules/facts/sip_hash.h"
#include "rules/policy/window.h"

namespace touchstone::server {
namespace {

// Not a secret: the same grant has the same id on every server.
constexpr rules::SipKey kGrantKey = {0x746f756368737430, 0x6772616e74000001};

std::string BatchOf(const rules::OfferSpec& offer) {
  if (!offer.window.has_value() || !offer.window->from.has_value()) return "clipped";
  return absl::StrCat("clipped-", absl::FormatCivilTime(*offer.window->from));
}

absl::Time EndOfGrant(const rules::OfferSpec& offer, absl::Time accepted) {
  const absl::Time end = accepted + offer.promise->use_within;
  const bool cuts = offer.promise->ends_with_window && offer.window.has_value();
  return cuts ? std::min(end, rules::EndOf(*offer.window)) : end;
}

}  // namespace

std::string GrantIdOf(absl::string_view customer_id, absl::string_view offer_id,
                      absl::string_view batch) {
  const rules::Hash128 hash =
      rules::SipHash128(kGrantKey, absl::StrCat(customer_id, "\n", offer_id, "\n", batch));
  return absl::StrCat("g", absl::Hex(hash.high, absl::kZeroPad16),
                      absl::Hex(hash.low, absl::kZeroPad16));
}

uint32_t TermsKeptOf(const rules::OfferSpec& offer) {
  return offer.promise.has_value() && offer.promise->keeps_terms ? offer.terms : 0;
}

std::optional<::touchstone::storage::v1::AddGrants::Item> PromisedGrant(
    const rules::RuleSet& rule_set, absl::string_view offer_id, absl::string_view customer_id,
    absl::Time accepted) {
  const auto found = rule_set.offer_by_id.find(offer_id);
  if (found == rule_set.offer_by_id.end()) return std::nullopt;
  const rules::OfferSpec& offer = rule_set.offers[found->second];
  if (!offer.promise.has_value()) return std::nullopt;
  std::string batch = BatchOf(offer);
  ::touchstone::storage::v1::AddGrants::Item item;
  item.set_grant_id(GrantIdOf(customer_id, offer_id, batch));
  ::touchstone::storage::v1::Code& terms = *item.mutable_terms();
  terms.set_offer_id(offer.id);
  terms.set_customer_id(std::string(customer_id));
  terms.set_end_us(absl::ToUnixMicros(EndOfGrant(offer, accepted)));
  terms.set_most_uses(1);
  terms.set_batch(std::move(batch));
  terms.set_is_grant(true);
  terms.set_offer(offer.stable_id);
  terms.set_terms(TermsKeptOf(offer));
  return item;
}

}  // namespace touchstone::server
