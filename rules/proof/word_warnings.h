#pragma once

// Texts in conditions that look like a typing error. Internal to this room.
//
// unlike_word: a text that a condition compares with a free-text fact (a category, a store's
//   region, what a customer likes), that no other condition and no test or reference row under
//   tests/ has for this fact, while one that they have differs by one letter, two swapped ones or
//   capitals: `coffee.bean` beside `coffee.beans`. Texts under four characters, and pairs that
//   differ in digits alone, are left alone. (Words of an enum are the checker's.)
// Thread safety: pure function. Cost: linear in conditions, rows and tests; for each suspicious
// text, up to kMostSearches, linear in the words of its fact.

#include "rules/proof/offer_logic.h"
#include "rules/proof/proof_input.h"

namespace touchstone::rules {

inline constexpr int kMostSearches = 200;

void WarnOfWords(const ProofInput& input, OfferLogic& logic);

}  // namespace touchstone::rules
