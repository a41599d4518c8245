#pragma once

// From the messages of a request and the bytes of a record to the input of a decision.
//
// Use, for one decision: BindRequest, then BindCustomer, then input(). The binder keeps the live
// state that it last bound under, so that nothing it points to goes away.
// Thread safety: one a thread. Lifetime: input() borrows from the request, the record and the
// binder until the next BindRequest.
// Errors: BindRequest lists every violation of the request; with one, input() must not be used.
// Cost: no heap allocation after warm-up, but for findings; linear in lines and cells.

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rules/decide/decision.h"
#include "rules/expr/arena.h"
#include "rules/facts/layout.h"
#include "server/decide/aggregate_state.h"
#include "server/decide/answer.h"
#include "server/decide/bind_plan.h"
#include "server/decide/presented_codes.h"
#include "server/decide/request_view.h"
#include "server/live/live.h"
#include "server/rpc/rpc_error.h"
#include "store/record.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::server {

inline constexpr int kMaxIdentities = 16;
inline constexpr int kMaxPlacements = 32;
inline constexpr int kMaxRequestAttributes = 256;
inline constexpr int kMaxTenders = static_cast<int>(rules::kMostTenders);
inline constexpr int kMaxManualDiscounts = 16;

// What was gathered of the customer.
struct GatheredCustomer {
  rules::InputStatus status = rules::InputStatus::kAnonymous;
  ReadFailure failure = ReadFailure::kNone;  // with kUnavailable
  absl::string_view id = {};                 // with kPresent
  absl::string_view record = {};             // with kPresent
  // The household that she is in, where the rule set asks for it; empty: in none, or not read.
  absl::string_view household_id = {};
  absl::string_view household_record = {};  // empty: there is none
  absl::Span<const FoundCode> codes = {};   // as GatheredRecord has them
};

class Binder {
 public:
  Binder() = default;
  Binder(const Binder&) = delete;
  Binder& operator=(const Binder&) = delete;

  // `now` is the moment of the decision. Adds what is wrong to `violations`.
  void BindRequest(const RequestView& request, const std::shared_ptr<const LiveState>& live,
                   absl::Time now, std::vector<Violation>* violations);
  // The same of a whole message.
  void BindRequest(const v1::DecideRequest& request, const std::shared_ptr<const LiveState>& live,
                   absl::Time now, std::vector<Violation>* violations);

  // What was gathered of a customer; its failure is not looked at. DataLoss when a record is none:
  // nothing is bound, and the caller goes on with kUnavailable. What her household shares is absent
  // when her household was not read.
  absl::Status BindCustomer(const GatheredCustomer& customer);

  // Decision id, seed and step limit are the caller's to fill in.
  rules::DecisionInput& input() { return input_; }
  const LiveState& live() const { return *live_; }
  // The moment of the decision.
  absl::Time now() const { return input_.now; }
  // The smallest of the request's budget and those of its placements; InfiniteDuration for none.
  absl::Duration budget() const { return budget_; }

 private:
  void BindContext(const v1::DecideRequest& request, std::vector<Violation>* violations);
  void BindPlacements(const v1::DecideRequest& request, std::vector<Violation>* violations);
  void BindRequestFacts(const v1::DecideRequest& request, std::vector<Violation>* violations);
  void BindBasket(const v1::Basket& basket, absl::Span<const LineView> lines,
                  std::vector<Violation>* violations);
  void BindTenders(const v1::Basket& basket);
  void BindLine(size_t index, const LineView& line, std::vector<Violation>* violations);
  absl::Span<const rules::expr::Value> BindProduct(size_t index, const v1::ProductFacts& given,
                                                   std::vector<Violation>* violations);
  void BindAttributes(const store::RecordView& record);
  // `record` null: not known.
  void BindAggregates(const store::RecordView* record,
                      absl::Span<const BindPlan::StoredFact> facts);
  void HideIncomplete();
  void BindContacts(const store::RecordView& record);

  std::vector<LineView> line_views_;  // of a message
  std::shared_ptr<const LiveState> live_;
  std::optional<BindPlan> plan_;  // of live_->rule_set
  rules::DecisionInput input_;
  absl::string_view transaction_id_;
  absl::Duration budget_;
  rules::expr::Arena memory_;
  std::vector<rules::expr::Value> facts_;
  std::vector<std::pair<uint16_t, rules::expr::Value>> request_facts_;
  std::vector<uint16_t> placements_;
  std::vector<rules::BasketLine> lines_;
  std::vector<rules::LineFacts> line_facts_;
  std::vector<rules::Contact> contacts_;
  std::vector<rules::HeldGrant> grants_;
  AggregateStateReader aggregate_states_;
  absl::flat_hash_set<absl::string_view> line_ids_;
};

// `now` of a decision: the moment as of which it is asked for, if any (whether the caller may is
// not decided here); else when it happened at the touchpoint, if that lies within a day of the
// server's clock; else the server's time. Whole microseconds.
absl::Time ChooseNow(const v1::DecisionContext& context, absl::Time server_now);

}  // namespace touchstone::server
