#include "server/transactions/transaction_pricer.h"

#include <limits>
#include <optional>

#include "rules/facts/sip_hash.h"
#include "server/decide/code_text.h"
#include "server/decide/request_check.h"

namespace touchstone::server {
namespace {

using storage::Claim;
using storage::ClaimRequest;

constexpr absl::Duration kRetryWhenShed = absl::Milliseconds(50);
// Of decision ids: those of the deciders count from 0.
constexpr uint32_t kIdThread = 1023;

ClaimRequest LimitClaimOf(const rules::OfferSpec& offer, const rules::LimitClaim& limit) {
  ClaimRequest request;
  Claim* claim = request.mutable_claim();
  claim->set_kind(Claim::KIND_LIMIT);
  claim->set_id(offer.limits[limit.limit].id);
  claim->set_offer_id(offer.id);
  claim->set_offer(offer.stable_id);
  claim->set_count(1);
  request.set_at_most(limit.at_most);
  request.set_from_us(limit.from == absl::InfinitePast() ? std::numeric_limits<int64_t>::min()
                                                         : absl::ToUnixMicros(limit.from));
  return request;
}

ClaimRequest UseOf(Claim::Kind kind, std::string id, const std::string& offer_id) {
  ClaimRequest request;
  Claim* claim = request.mutable_claim();
  claim->set_kind(kind);
  claim->set_id(std::move(id));
  claim->set_offer_id(offer_id);
  claim->set_count(1);
  return request;
}

}  // namespace

ClaimRequest BudgetClaim(const rules::RuleSet& rule_set, uint32_t offer, rules::Money taken,
                         absl::Time now) {
  const rules::OfferSpec& spec = rule_set.offers[offer];
  const rules::BudgetSpec& budget = rule_set.budgets[static_cast<size_t>(spec.budget)];
  ClaimRequest request;
  Claim* claim = request.mutable_claim();
  claim->set_kind(Claim::KIND_BUDGET);
  claim->set_id(budget.name);
  claim->set_offer_id(spec.id);
  claim->set_count(1);
  if (budget.counts_money() && taken.currency == budget.currency) {
    claim->set_amount_minor(taken.amount_minor);
    claim->set_currency(std::string(budget.currency.code()));
  }
  if (budget.per_day_minor.has_value()) {
    claim->set_by_day(true);
    claim->set_day(BudgetDay(rule_set, now));
  }
  request.set_most_uses(budget.uses);
  request.set_most_minor(budget.amount_minor.value_or(0));
  request.set_most_minor_a_day(budget.per_day_minor.value_or(0));
  return request;
}

TransactionPricer::TransactionPricer(const PricerRooms* rooms, PricerPool* pool)
    : rooms_(rooms), pool_(pool), budgets_(rooms->budgets), gatherer_(rooms->reader, nullptr) {}

grpc::Status TransactionPricer::Read(v1::DecideRequest request, std::optional<absl::Time> sold_at) {
  live_ = rooms_->backend->live->Get();
  if (live_ == nullptr) {
    return RpcError(grpc::StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NO_ACTIVE_REVISION,
                    "no revision has been published yet");
  }
  request_ = std::move(request);
  server_now_ = rooms_->backend->proposer->now();
  std::vector<Violation> violations;
  now_ = sold_at.value_or(ChooseNow(request_.context(), server_now_));
  computation_.Bind(request_, live_, now_, &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  if (grpc::Status refused = CheckAsOf(request_.context(), rooms_->allow_as_of); !refused.ok()) {
    return refused;
  }
  request_bytes_ = request_.SerializeAsString();
  ReadCustomer();
  return grpc::Status::OK;
}

void TransactionPricer::ReadCustomer() {
  gatherer_.ReadBlocking(request_.context(), RulesOf(*live_), &gathered_);
  const bool known = gathered_.status == rules::InputStatus::kPresent;
  customer_id_ = known ? gathered_.customer_id : std::string();
}

grpc::Status TransactionPricer::Price(absl::Span<const rules::UnclaimedOffer> unclaimed,
                                      bool keeps_budgets) {
  GatheredCustomer customer = gathered_.view();
  DecisionTerms terms;
  decision_id_ = pool_->NextDecisionId(server_now_);
  terms.decision_id = decision_id_;
  terms.seed = TransactionHash(request_.context().transaction_id());
  terms.step_limit = rooms_->step_limit;
  if (keeps_budgets) terms.closed_budgets = budgets_.Closed(*live_, now_);
  terms.unclaimed = unclaimed;
  JudgeCodes(gathered_.codes, static_cast<size_t>(request_.context().codes_size()), now_,
             customer_id_, &codes_);
  terms.codes = codes_;
  computation_.Compute(terms, &customer);
  computation_.FillResponse(&response_);
  receipt_ = std::string(receipts_.Build(computation_, request_bytes_, terms, customer));
  const absl::Status logged =
      rooms_->backend->eraser->AppendReceipt(decision_id_, server_now_, receipt_);
  if (absl::IsResourceExhausted(logged)) {
    return Overloaded(kRetryWhenShed, "no room for the receipt");
  }
  // Where receipts cannot be kept, what is claimed or sold keeps its own.
  return grpc::Status::OK;
}

std::optional<ClaimRequest> TransactionPricer::ClaimOfRight(uint32_t offer) const {
  const rules::DecisionInput& input = computation_.input();
  const std::string& offer_id = rule_set().offers[offer].id;
  const auto code_at = [&](size_t i) {
    std::optional<std::string> code = NormalizeCode(request_.context().codes(static_cast<int>(i)));
    return UseOf(Claim::KIND_CODE, code.value_or(""), offer_id);
  };
  const auto grant_at = [&](size_t i) {
    return UseOf(Claim::KIND_GRANT, std::string(input.grants[i].id), offer_id);
  };
  if (const std::optional<size_t> i = rules::FindCode(input.codes, offer)) return code_at(*i);
  if (const std::optional<size_t> i = rules::FindGrant(input.grants, offer)) return grant_at(*i);
  for (size_t i = 0; i < input.codes.size(); ++i) {
    if (input.codes[i].offer == offer) return code_at(i);
  }
  for (size_t i = 0; i < input.grants.size(); ++i) {
    if (input.grants[i].offer == offer) return grant_at(i);
  }
  return std::nullopt;
}

std::vector<ClaimRequest> TransactionPricer::ClaimsFor(
    absl::Span<const rules::AppliedOffer> applied) {
  std::vector<ClaimRequest> claims;
  for (const rules::AppliedOffer& offer : applied) {
    if (rule_set().offers[offer.offer].budget < 0) continue;
    claims.push_back(BudgetClaim(rule_set(), offer.offer, offer.taken, now_));
  }
  for (const rules::AppliedOffer& offer : applied) {
    if (!rules::AsksForRight(rule_set().offers[offer.offer].applies)) continue;
    std::optional<ClaimRequest> claim = ClaimOfRight(offer.offer);
    if (claim.has_value()) claims.push_back(*std::move(claim));
  }
  for (const rules::LimitClaim& limit : computation_.LimitClaims(applied)) {
    claims.push_back(LimitClaimOf(rule_set().offers[limit.offer], limit));
  }
  return claims;
}

PricerPool::PricerPool(const PricerRooms& rooms) : rooms_(rooms), ids_(rooms.process, kIdThread) {}

PricerPool::Lease PricerPool::Take() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (idle_.empty()) return Lease(this, std::make_unique<TransactionPricer>(&rooms_, this));
  std::unique_ptr<TransactionPricer> pricer = std::move(idle_.back());
  idle_.pop_back();
  return Lease(this, std::move(pricer));
}

std::string PricerPool::NextDecisionId(absl::Time now) {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::string(ids_.Next(now));
}

void PricerPool::Return(std::unique_ptr<TransactionPricer> pricer) {
  std::lock_guard<std::mutex> lock(mutex_);
  idle_.push_back(std::move(pricer));
}

}  // namespace touchstone::server
