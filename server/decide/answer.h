#pragma once

// From a decision to the message that answers the call, and to the hash by which a receipt knows
// it.
//
// Thread safety: pure functions on the caller's messages. Cost: a reused response allocates only
// what protobuf needs beyond the last one. What differs between rebuilds (tokens, whether the
// receipt was kept) is added by the caller after the hash was taken.

#include <string>

#include "absl/strings/string_view.h"
#include "rules/decide/decision.h"
#include "rules/ruleset/rule_set.h"
#include "server/decide/sip_hash.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::server {

inline constexpr int kReasonsBehindChosen = 3;

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
};

// REQUIRES: `decision` was made by `rule_set` from `input`, which was bound from `request`.
void FillAnswer(const rules::RuleSet& rule_set, const rules::DecisionInput& input,
                const rules::Decision& decision, const v1::DecideRequest& request,
                const AnswerFacts& facts, v1::DecideResponse* response);

// Stage, stable code and a sentence without personal data.
void FillReason(const rules::OfferOutcome& outcome, bool fallback, v1::Reason* reason);

// The deterministic serialisation, in `memory`, which only grows.
absl::string_view SerializeDeterministic(const google::protobuf::MessageLite& message,
                                         std::string* memory);

// A serialisation of `response`, in `memory`, which only grows. REQUIRES: `before` is what
// SerializeDeterministic gave of it when it had no receipt state, and only placements and the
// receipt state have changed since: all else is copied from there.
absl::string_view SerializeFinished(const v1::DecideResponse& response, absl::string_view before,
                                    std::string* memory);

// Of the deterministic serialisation of a response without tokens and receipt state.
Hash128 AnswerHash(absl::string_view serialized_response);

}  // namespace touchstone::server
