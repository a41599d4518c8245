#pragma once

// The terms of an offer: what a grant keeps of it when the offer's promise says `terms: kept`.
//
// Thread safety: pure functions. Cost: TermsHash serialises and hashes a message.

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "touchstone/v1/offer.pb.h"

namespace touchstone::rules {

// Its name, conditions, benefit, stacking, limits and budget. Without what shows it, what ranks it
// and what says when it is granted: of these there is nothing to keep.
v1::Offer TermsOf(const v1::Offer& offer);

// The hex SHA-256 of DeterministicBytes (message_hash.h) of TermsOf; "" where the library cannot
// hash.
std::string TermsHash(const v1::Offer& offer);

// Tells the terms of one offer from another, in grants: the first four bytes of the hash. Never 0.
uint32_t TermsId(absl::string_view terms_hash);

}  // namespace touchstone::rules
