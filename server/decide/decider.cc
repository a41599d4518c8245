#include "server/decide/decider.h"

#include <optional>

#include "server/decide/request_check.h"

namespace touchstone::server {
namespace {

constexpr absl::Duration kRetryWhenShed = absl::Milliseconds(50);

bool IsLive(v1::DecisionMode mode) {
  return mode == v1::DECISION_MODE_UNSPECIFIED || mode == v1::DECISION_MODE_LIVE;
}

// They are the first to go: where the record came late the time is up, and where it could not even
// be asked for there is more to do than is done.
bool ShedsNearMisses(const rules::RuleSet& rule_set, const GatheredCustomer& gathered) {
  const bool is_pressed =
      gathered.failure == ReadFailure::kLate || gathered.failure == ReadFailure::kOverload;
  return is_pressed && !rule_set.near_miss_offers.empty();
}

}  // namespace

Decider::Decider(const DecideRooms* rooms, uint32_t thread)
    : rooms_(rooms),
      live_(rooms->live),
      budgets_(rooms->budgets),
      ids_(rooms->process, thread),
      sealer_(*rooms->token_key) {}

absl::Duration Decider::budget() const {
  const absl::Duration stated = computation_.binder().budget();
  return stated == absl::InfiniteDuration() ? kDefaultBudget : stated;
}

grpc::Status Decider::Read(absl::string_view request) {
  const std::shared_ptr<const LiveState>& live = live_.Get();
  if (live == nullptr) {
    return RpcError(grpc::StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NO_ACTIVE_REVISION,
                    "no revision has been published yet");
  }
  request_bytes_ = request;
  if (const std::optional<Violation> wrong = reader_.Read(request)) {
    return InvalidRequest({*wrong});
  }
  server_now_ = rooms_->clock();
  violations_.clear();
  computation_.Bind(reader_.view(), live, ChooseNow(context(), server_now_), &violations_);
  if (!violations_.empty()) return InvalidRequest(violations_);
  transaction_ = TransactionHash(context().transaction_id());
  return CheckAgainstServer();
}

grpc::Status Decider::CheckAgainstServer() {
  if (grpc::Status refused = CheckAsOf(context(), rooms_->allow_as_of); !refused.ok()) {
    return refused;
  }
  if (IsLive(context().mode()) && !rooms_->steps->Advance(transaction_, context().step())) {
    return RpcError(grpc::StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_STEP_OUT_OF_ORDER,
                    "a later step of this transaction has been decided");
  }
  return grpc::Status::OK;
}

grpc::Status Decider::Answer(const GatheredCustomer& given, bool fallback,
                             absl::string_view* response) {
  GatheredCustomer gathered = given;
  DecisionTerms terms;
  terms.decision_id = ids_.Next(server_now_);
  terms.seed = transaction_;
  terms.step_limit = rooms_->step_limit;
  terms.fallback = fallback;
  terms.closed_budgets = budgets_.Closed(computation_.binder().live(), computation_.binder().now());
  JudgeCodes(given.codes, static_cast<size_t>(context().codes_size()), computation_.binder().now(),
             given.id, &codes_);
  terms.codes = codes_;
  terms.without_near_misses = ShedsNearMisses(*computation_.binder().live().rule_set, gathered);
  computation_.Compute(terms, &gathered);
  v1::ReceiptState receipt = v1::RECEIPT_STATE_LOGGED;
  if (grpc::Status logged = LogReceipt(terms, gathered, &receipt); !logged.ok()) return logged;
  CountShown(gathered);
  CountAnswer();
  *response = Finish(terms, gathered, receipt);
  return grpc::Status::OK;
}

grpc::Status Decider::LogReceipt(const DecisionTerms& terms, const GatheredCustomer& gathered,
                                 v1::ReceiptState* state) {
  const absl::string_view bytes = receipts_.Build(computation_, request_bytes_, terms, gathered);
  const absl::Status kept = rooms_->append_receipt(terms.decision_id, server_now_, bytes);
  if (absl::IsResourceExhausted(kept)) {
    rooms_->stats->shed.fetch_add(1, std::memory_order_relaxed);
    return Overloaded(kRetryWhenShed, "no room for the receipt");
  }
  if (rooms_->receipts_fail.load(std::memory_order_relaxed) == kept.ok() &&
      rooms_->receipts_fail.exchange(!kept.ok()) == kept.ok()) {
    rooms_->log(kept.ok() ? "receipts are kept again"
                          : "receipts are not kept: the log cannot be written");
  }
  if (!kept.ok()) {
    rooms_->stats->without_receipt.fetch_add(1, std::memory_order_relaxed);
    *state = v1::RECEIPT_STATE_NONE;
  }
  return grpc::Status::OK;
}

absl::string_view Decider::Finish(const DecisionTerms& terms, const GatheredCustomer& gathered,
                                  v1::ReceiptState receipt) {
  ShownToken content;
  content.decision_id = terms.decision_id;
  content.customer_id = gathered.id;
  content.channel = rules::StableId(context().touchpoint().channel());
  content.transaction = transaction_;
  content.outbound = computation_.input().outbound;
  content.live = IsLive(context().mode());
  const rules::RuleSet& rule_set = *computation_.binder().live().rule_set;
  return computation_.Finish(receipt, [&](const rules::PlacementSpec& placement,
                                          const rules::ShownOffer& shown, std::string* token) {
    content.placement = rules::StableId(placement.name);
    content.offer_id = rule_set.offers[shown.offer].id;
    content.position = static_cast<uint16_t>(shown.position + 1);
    sealer_.Seal(content, token);
  });
}

void Decider::CountShown(const GatheredCustomer& gathered) {
  if (gathered.status != rules::InputStatus::kPresent || !IsLive(context().mode())) {
    return;
  }
  const rules::RuleSet& rule_set = *computation_.binder().live().rule_set;
  shown_offers_.clear();
  for (const rules::PlacementAnswer& answer : computation_.decision().placements) {
    if (!rule_set.placements[answer.placement].shown_on_answer) continue;
    for (const rules::ShownOffer& shown : answer.shown) {
      shown_offers_.push_back(rule_set.offers[shown.offer].stable_id);
    }
  }
  if (shown_offers_.empty()) return;
  rooms_->contacts->Count(
      {.customer_id = gathered.id,
       .offers = shown_offers_,
       .transaction = transaction_,
       .channel = rules::StableId(rule_set.channels[computation_.input().channel]),
       .outbound = computation_.input().outbound,
       .time = computation_.input().now},
      server_now_);
}

void Decider::CountAnswer() {
  const v1::Completeness completeness = computation_.completeness();
  std::atomic<uint64_t>& count = completeness == v1::COMPLETENESS_COMPLETE ? rooms_->stats->complete
                                 : completeness == v1::COMPLETENESS_PARTIAL
                                     ? rooms_->stats->partial
                                     : rooms_->stats->fallback;
  count.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace touchstone::server
