#pragma once

// Prices the basket of a transaction: reads the customer, decides, logs the receipt, and says what
// the price must claim.
//
// Use: Read, then Price, again with what turned out not to be claimable. Thread safety: one thread
// at a time; a PricerPool lends them out. Lifetime: what is given must outlive it. Cost: blocks for
// the reads; a decision a Price.

#include <grpcpp/support/status.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "server/decide/budget_board.h"
#include "server/decide/computation.h"
#include "server/decide/decision_id.h"
#include "server/decide/gather.h"
#include "server/decide/receipt.h"
#include "server/services/backend.h"
#include "touchstone/storage/v1/entry.pb.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::server {

struct PricerRooms {
  const Backend* backend = nullptr;
  const RecordReader* reader = nullptr;
  const BudgetBoard* budgets = nullptr;
  uint64_t step_limit = 0;
  bool allow_as_of = false;
  uint64_t process = 0;  // random, for decision ids
};

class PricerPool;

class TransactionPricer {
 public:
  TransactionPricer(const PricerRooms* rooms, PricerPool* pool);
  TransactionPricer(const TransactionPricer&) = delete;
  TransactionPricer& operator=(const TransactionPricer&) = delete;

  // Checks, binds and reads the customer. `sold_at`: the moment of the decision, whatever the
  // request and the clock say; else they are asked.
  grpc::Status Read(v1::DecideRequest request, std::optional<absl::Time> sold_at = std::nullopt);

  // Reads her and the codes again.
  void ReadCustomer();

  // Decides as if the offers that could not be claimed were not there, ascending by offer. With
  // `keeps_budgets` false closed budgets stop nothing, as for what was sold already.
  grpc::Status Price(absl::Span<const rules::UnclaimedOffer> unclaimed, bool keeps_budgets = true);

  const v1::DecideResponse& response() const { return response_; }
  const std::string& receipt() const { return receipt_; }
  const Computation& computation() const { return computation_; }
  const rules::RuleSet& rule_set() const { return *computation_.binder().live().rule_set; }
  absl::Time now() const { return now_; }
  // Empty: not known.
  const std::string& customer_id() const { return customer_id_; }

  // What the price of the last decision must claim.
  std::vector<storage::ClaimRequest> Claims() {
    return ClaimsFor(computation_.decision().basket.applied);
  }
  // What these offers claim of her limits, of budgets, codes and grants, with what they took.
  std::vector<storage::ClaimRequest> ClaimsFor(absl::Span<const rules::AppliedOffer> applied);
  // What the offers of the last decision promise for a later visit.
  std::vector<rules::CouponPromise> Coupons() { return computation_.Coupons(); }

 private:
  // A use of what brings an offer: the first valid code that carries it, else her first valid
  // grant, else, as for what was sold already, the first of either, whatever it is good for.
  // nullopt: there is neither.
  std::optional<storage::ClaimRequest> ClaimOfRight(uint32_t offer) const;

  const PricerRooms* rooms_;
  PricerPool* pool_;  // gives out the ids of decisions
  BudgetReader budgets_;
  Gatherer gatherer_;
  v1::DecideRequest request_;
  std::string request_bytes_;
  std::shared_ptr<const LiveState> live_;
  absl::Time server_now_;
  absl::Time now_;
  std::string decision_id_;
  GatheredRecord gathered_;
  std::vector<JudgedCode> codes_;
  Computation computation_;
  ReceiptBuilder receipts_;
  v1::DecideResponse response_;
  std::string receipt_;
  std::string customer_id_;
};

// Pricers that are not in use.
//
// Thread safety: any thread. As many are made as calls are under way at once.
class PricerPool {
 public:
  explicit PricerPool(const PricerRooms& rooms);

  class Lease {
   public:
    Lease(PricerPool* pool, std::unique_ptr<TransactionPricer> pricer)
        : pool_(pool), pricer_(std::move(pricer)) {}
    ~Lease() { pool_->Return(std::move(pricer_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    TransactionPricer* operator->() const { return pricer_.get(); }
    TransactionPricer& operator*() const { return *pricer_; }

   private:
    PricerPool* pool_;
    std::unique_ptr<TransactionPricer> pricer_;
  };
  Lease Take();
  std::string NextDecisionId(absl::Time now);

 private:
  void Return(std::unique_ptr<TransactionPricer> pricer);

  const PricerRooms rooms_;
  std::mutex mutex_;  // guards what follows
  std::vector<std::unique_ptr<TransactionPricer>> idle_;
  DecisionIds ids_;
};

// A claim on a budget for what an offer took, as the rule set bounds it. Of what was sold in
// another currency than the budget has, which no price of ours is, only the use is claimed.
// REQUIRES: the offer has a budget.
storage::ClaimRequest BudgetClaim(const rules::RuleSet& rule_set, uint32_t offer,
                                  rules::Money taken, absl::Time now);

}  // namespace touchstone::server
