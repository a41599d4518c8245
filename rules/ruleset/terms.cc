#include "rules/ruleset/terms.h"

#include "absl/strings/numbers.h"
#include "rules/ruleset/message_hash.h"

namespace touchstone::rules {

v1::Offer TermsOf(const v1::Offer& offer) {
  v1::Offer terms = offer;
  terms.clear_campaign();
  terms.clear_window();
  terms.clear_value();
  terms.clear_promise();
  terms.clear_treatments();
  terms.clear_near_misses();
  return terms;
}

std::string TermsHash(const v1::Offer& offer) {
  return HexSha256(DeterministicBytes(TermsOf(offer)));
}

uint32_t TermsId(absl::string_view terms_hash) {
  uint32_t id = 0;
  const bool is_hash = absl::SimpleHexAtoi(terms_hash.substr(0, 8), &id);
  return is_hash && id != 0 ? id : 1;
}

}  // namespace touchstone::rules
