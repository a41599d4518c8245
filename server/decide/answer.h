#pragma once

// From a decision to what answers the call, and to the hash by which a receipt knows it.
//
// The answer is said here once; FillAnswer puts it into a message, for the rare methods that show
// it, and AnswerWriter into bytes, for the call.
// Thread safety: pure functions on the caller's messages. What differs between rebuilds (tokens,
// whether the receipt was kept) is not in it.

#include <array>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rules/decide/decision.h"
#include "rules/decide/near_misses.h"
#include "rules/facts/sip_hash.h"
#include "rules/ruleset/rule_set.h"
#include "server/decide/request_view.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::server {

inline constexpr int kMaxCodes = 64;
inline constexpr size_t kReasonsBehindChosen = 3;
inline constexpr int64_t kCertain = 1'000'000;  // millionths: nothing was random
inline constexpr absl::string_view kRevisionPrefix = "revisions/";

// Why there is no record although the caller may have named a customer.
enum class ReadFailure : uint8_t {
  kNone,
  kLate,        // it did not come in time
  kOverload,    // the queue for store reads was full
  kStoreError,  // the store answered with an error, or with bytes that are no record
};

// What an answer says beside the decision.
struct AnswerFacts {
  uint64_t revision = 0;
  uint64_t reference_version = 0;  // 0: nothing imported
  bool fallback = false;           // there was no time to compute
  ReadFailure failure = ReadFailure::kNone;
  absl::Span<const rules::NearMiss> near_misses = {};
};

// REQUIRES: `decision` was made by `rule_set` from `input`, which was bound from `request`.
void FillAnswer(const rules::RuleSet& rule_set, const rules::DecisionInput& input,
                const rules::Decision& decision, const RequestView& request,
                const AnswerFacts& facts, v1::DecideResponse* response);

// Stage, stable code and a sentence without personal data.
struct AnswerReason {
  v1::DecisionStage stage = v1::DECISION_STAGE_UNSPECIFIED;
  absl::string_view code;
  absl::string_view text;
};
AnswerReason ReasonOf(const rules::OfferOutcome& outcome, bool fallback);
void FillReason(const rules::OfferOutcome& outcome, bool fallback, v1::Reason* reason);

struct AnswerCompleteness {
  v1::Completeness completeness = v1::COMPLETENESS_UNSPECIFIED;
  v1::CompletenessCause cause = v1::COMPLETENESS_CAUSE_UNSPECIFIED;
};
AnswerCompleteness CompletenessOf(const rules::Decision& decision, const AnswerFacts& facts);

v1::PersonalState ToPersonal(rules::InputStatus status);

// Offers of which the answer says why they were not chosen: those that valid codes carry, then
// those behind the chosen ones, the nearest first.
struct OffersNotChosen {
  std::array<uint32_t, kMaxCodes + kReasonsBehindChosen> offers;
  size_t count = 0;

  const uint32_t* begin() const { return offers.data(); }
  const uint32_t* end() const { return offers.data() + count; }
};
OffersNotChosen NotChosen(const rules::DecisionInput& input, const rules::Decision& decision);

inline v1::PricingState StateOfPricing(bool fallback) {
  return fallback ? v1::PRICING_STATE_NOT_PRICED : v1::PRICING_STATE_PRICED;
}
// Of the code at that place of the request.
v1::CodeState StateOfCode(const rules::DecisionInput& input, const rules::Decision& decision,
                          size_t code, bool fallback);
// What brought an offer that was applied: a presented code or, without one, a grant. Both empty: it
// needs neither.
struct Right {
  absl::string_view code = {};
  absl::string_view grant_id = {};
};
Right RightThatBrought(const rules::DecisionInput& input, const RequestView& request,
                       uint32_t offer);
inline int64_t ValueMillionths(const rules::OfferOutcome& outcome) {
  return outcome.value_failed ? 0 : outcome.score_millionths;
}
// An amount among the facts of the decision row; 0 without one.
int64_t MinorUnits(const rules::Decision& decision, uint16_t slot);
// Whether what the caller says of the product was used.
bool HasCallerFacts(const LineView& asked, const rules::DecisionInput& input);
// Of an offer with a benefit: its stage as the answer names it.
absl::string_view StageOf(const rules::OfferSpec& offer);
int32_t Applications(const rules::AppliedOffer& applied);
v1::CombinationSearch SearchOf(const rules::BasketAnswer& basket);
v1::GiftPrompt PromptOf(const rules::GiftSpec& gift);

// Of the deterministic serialisation of a response without tokens and receipt state.
rules::Hash128 AnswerHash(absl::string_view serialized_response);

}  // namespace touchstone::server
