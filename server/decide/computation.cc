#include "server/decide/computation.h"

#include <algorithm>

namespace touchstone::server {
namespace {

// Not a secret: the same transaction has the same seed on every server.
constexpr rules::SipKey kTransactionKey = {0x746f756368737430, 0x7472616e73000001};

}  // namespace

uint64_t TransactionHash(absl::string_view transaction_id) {
  return rules::SipHash64(kTransactionKey, transaction_id);
}

void Computation::Bind(const RequestView& request, const std::shared_ptr<const LiveState>& live,
                       absl::Time now, std::vector<Violation>* violations) {
  request_ = request;
  binder_.BindRequest(request, live, now, violations);
}

void Computation::Bind(const v1::DecideRequest& request,
                       const std::shared_ptr<const LiveState>& live, absl::Time now,
                       std::vector<Violation>* violations) {
  Bind(ViewRequest(request, &lines_), live, now, violations);
}

void Computation::Compute(const DecisionTerms& terms, GatheredCustomer* customer) {
  if (!binder_.BindCustomer(*customer).ok()) {
    *customer = {.status = rules::InputStatus::kUnavailable, .failure = ReadFailure::kStoreError};
    binder_.BindCustomer(*customer).IgnoreError();  // nothing to parse
  }
  const LiveState& live = binder_.live();
  input_ = binder_.input();
  input_.decision_id = terms.decision_id;
  input_.seed = terms.seed;
  input_.step_limit = terms.step_limit;
  input_.closed_budgets = terms.closed_budgets;
  input_.unclaimed = terms.unclaimed;
  PresentCodes(terms.codes);
  left_out_.clear();
  if (terms.fallback) PauseAllButFallback();
  decision_ = &rules::Decide(*live.rule_set, input_, scratch_, terms.reasons);

  facts_.near_misses = {};
  if (!terms.fallback && !terms.without_near_misses) {
    facts_.near_misses =
        rules::FindNearMisses(*live.rule_set, input_, *decision_, scratch_, near_misses_);
  }
  facts_.revision = live.revision;
  facts_.reference_version = live.reference_version;
  facts_.fallback = terms.fallback;
  facts_.failure = customer->failure;
  serialized_ = writer_.Write(*live.rule_set, input_, *decision_, request_, facts_);
  hash_ = AnswerHash(serialized_);
}

std::vector<rules::LimitClaim> Computation::LimitClaims(
    absl::Span<const rules::AppliedOffer> applied) {
  rules::Decision decision = *decision_;
  decision.basket.applied = applied;
  return rules::LimitClaimsOf(*binder_.live().rule_set, input_, decision, scratch_);
}

std::vector<rules::CouponPromise> Computation::Coupons() {
  return rules::CouponsOf(*binder_.live().rule_set, input_, *decision_, scratch_);
}

void Computation::FillResponse(v1::DecideResponse* response) const {
  FillAnswer(*binder_.live().rule_set, input_, *decision_, request_, facts_, response);
}

absl::string_view Computation::Finish(v1::ReceiptState receipt, AnswerWriter::SealFunction seal) {
  return writer_.Finish(*binder_.live().rule_set, *decision_, receipt, seal);
}

// What is left is a handful of offers and no basket, which costs microseconds; and the conditions
// and limits of those offers hold as ever.
void Computation::PauseAllButFallback() {
  const rules::RuleSet& rule_set = *binder_.live().rule_set;
  input_.basket.lines = {};
  input_.line_facts = {};
  paused_.clear();
  for (uint32_t offer = 0; offer < rule_set.offers.size(); ++offer) {
    const bool is_fallback =
        std::any_of(input_.placements.begin(), input_.placements.end(), [&](uint16_t placement) {
          const std::vector<uint32_t>& fallback = rule_set.placements[placement].fallback;
          return std::find(fallback.begin(), fallback.end(), offer) != fallback.end();
        });
    const bool paused = std::binary_search(input_.paused.begin(), input_.paused.end(), offer);
    if (!is_fallback || paused) paused_.push_back(offer);
    if (!is_fallback && !paused) left_out_.push_back(offer);
  }
  input_.paused = paused_;
}

// A code may carry an offer that the rule set does not have any more, or not as one that asks for a
// code or grant.
void Computation::PresentCodes(absl::Span<const JudgedCode> codes) {
  const rules::RuleSet& rule_set = *binder_.live().rule_set;
  codes_.assign(static_cast<size_t>(request_.message->context().codes_size()),
                {.standing = rules::CodeStanding::kNotRead});
  for (size_t i = 0; i < codes.size(); ++i) {
    const JudgedCode& code = codes[i];
    rules::PresentedCode& presented = codes_[i];
    presented.standing = code.standing;
    presented.offer_id = code.offer_id;
    const auto offer = rule_set.offer_by_id.find(code.offer_id);
    if (offer == rule_set.offer_by_id.end()) continue;
    if (!rules::AsksForRight(rule_set.offers[offer->second].applies)) continue;
    presented.offer = offer->second;
  }
  input_.codes = codes_;
}

bool Computation::LeftOut(uint32_t offer) const {
  return std::binary_search(left_out_.begin(), left_out_.end(), offer);
}

}  // namespace touchstone::server
