#pragma once

// One decision computed from a request and what was gathered for it: bind, decide, fill the answer,
// take its hash. Serving and rebuilding from a receipt are both this, so that they cannot differ.
//
// Use, for one decision: Bind, then (with no violations) Compute.
// Thread safety: one a thread. Lifetime: everything returned is valid until the next Bind; the
// request and the record must live as long.
// Cost: no allocation of ours after warm-up.

#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rules/decide/claims.h"
#include "rules/decide/decide.h"
#include "rules/facts/sip_hash.h"
#include "server/decide/answer.h"
#include "server/decide/answer_writer.h"
#include "server/decide/binder.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::server {

// What else goes into a decision, all of it kept in the receipt.
struct DecisionTerms {
  absl::string_view decision_id;
  uint64_t seed = 0;
  uint64_t step_limit = 0;
  bool fallback = false;  // no time to compute: fallback offers only
  // As DecisionInput has them; lifetime: until the receipt is built.
  absl::Span<const uint32_t> closed_budgets = {};
  absl::Span<const rules::UnclaimedOffer> unclaimed = {};
  absl::Span<const JudgedCode> codes = {};  // in the order of the request; none: not read
  rules::Reasons reasons = rules::Reasons::kConsidered;
  bool without_near_misses = false;  // load was shed
};

// The seed of a transaction's random choices and its name in contact state.
uint64_t TransactionHash(absl::string_view transaction_id);

class Computation {
 public:
  void Bind(const RequestView& request, const std::shared_ptr<const LiveState>& live,
            absl::Time now, std::vector<Violation>* violations);
  // The same of a whole message.
  void Bind(const v1::DecideRequest& request, const std::shared_ptr<const LiveState>& live,
            absl::Time now, std::vector<Violation>* violations);
  const Binder& binder() const { return binder_; }

  // A record that cannot be read turns `customer` into kUnavailable.
  void Compute(const DecisionTerms& terms, GatheredCustomer* customer);

  const rules::Decision& decision() const { return *decision_; }
  // What these offers must claim of limits; see rules::LimitClaimsOf. REQUIRES: after Compute.
  std::vector<rules::LimitClaim> LimitClaims(absl::Span<const rules::AppliedOffer> applied);
  // See rules::CouponsOf. REQUIRES: after Compute.
  std::vector<rules::CouponPromise> Coupons();
  const rules::DecisionInput& input() const { return input_; }
  v1::Completeness completeness() const { return CompletenessOf(*decision_, facts_).completeness; }
  // Whether nothing was asked of this offer because no time was left (FALLBACK).
  bool LeftOut(uint32_t offer) const;
  // The answer without tokens and receipt state, in its deterministic serialisation.
  absl::string_view serialized() const { return serialized_; }
  // Of these bytes.
  rules::Hash128 hash() const { return hash_; }
  // The same answer as a message, which is made anew.
  void FillResponse(v1::DecideResponse* response) const;
  // The answer with tokens and receipt state; see AnswerWriter.
  absl::string_view Finish(v1::ReceiptState receipt, AnswerWriter::SealFunction seal);

 private:
  void PauseAllButFallback();
  void PresentCodes(absl::Span<const JudgedCode> codes);

  RequestView request_;
  std::vector<LineView> lines_;  // of a message
  Binder binder_;
  rules::DecisionInput input_;
  rules::DecisionScratch scratch_;
  rules::NearMissScratch near_misses_;
  const rules::Decision* decision_ = nullptr;
  AnswerFacts facts_;
  AnswerWriter writer_;
  absl::string_view serialized_;
  rules::Hash128 hash_;
  std::vector<rules::PresentedCode> codes_;
  std::vector<uint32_t> paused_;    // all that the decision took for paused
  std::vector<uint32_t> left_out_;  // of those, what was not paused; ascending
};

}  // namespace touchstone::server
