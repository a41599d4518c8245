#pragma once

// The grant that an accepted offer is clipped to, as its promise says, and the ids of grants.
//
// Thread safety: pure functions.

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rules/ruleset/rule_set.h"
#include "touchstone/storage/v1/entry.pb.h"

namespace touchstone::server {

// The same grant for the same customer, offer and batch, for ever: a `g` and 32 hexadecimal digits.
// No secret. REQUIRES: none of them has a line break.
std::string GrantIdOf(absl::string_view customer_id, absl::string_view offer_id,
                      absl::string_view batch);

// Which of the offer's terms a grant keeps that is made now, as Code.terms says it; 0: none.
uint32_t TermsKeptOf(const rules::OfferSpec& offer);

// What she is granted who accepted the offer at `accepted`; nullopt where the rule set promises
// nothing. In each window of an offer, as its first day tells one from another, it is one grant.
std::optional<::touchstone::storage::v1::AddGrants::Item> PromisedGrant(
    const rules::RuleSet& rule_set, absl::string_view offer_id, absl::string_view customer_id,
    absl::Time accepted);

}  // namespace touchstone::server
