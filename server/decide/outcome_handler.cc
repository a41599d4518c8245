#include "server/decide/outcome_handler.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/facts/sip_hash.h"
#include "server/decide/outcome_check.h"
#include "server/decide/promised_grant.h"
#include "server/rpc/parse.h"
#include "server/rpc/rpc_error.h"
#include "store/apply.h"
#include "store/record_patch.h"

namespace touchstone::server {
namespace {

using store::storage::EntryResult;

constexpr absl::Duration kRetryWhenFull = absl::Milliseconds(100);
constexpr rules::SipKey kBodyKey = {0x746f756368737430, 0x626f647900000001};

google::rpc::Status Rejected(grpc::StatusCode code, v1::ErrorReason reason,
                             absl::string_view what) {
  return ErrorStatus(code, reason, what);
}

// Of what an outcome speaks, with memory of its own.
struct Subject {
  std::string decision_id;
  std::string offer_id;
  std::string customer_id;
  std::string placement;
  uint64_t transaction = 0;
  uint32_t channel = 0;
  bool outbound = false;
  bool live = true;
};

std::string PlacementName(const LiveState* live, uint32_t stable_id) {
  if (live == nullptr) return "";
  for (const rules::PlacementSpec& placement : live->rule_set->placements) {
    if (rules::StableId(placement.name) == stable_id) return placement.name;
  }
  return "";
}

std::optional<store::ContactKind> ContactOf(v1::OutcomeType type) {
  switch (type) {
    case v1::OUTCOME_TYPE_SHOWN:
      return store::ContactKind::kShown;
    case v1::OUTCOME_TYPE_ACCEPTED:
      return store::ContactKind::kAccepted;
    case v1::OUTCOME_TYPE_DECLINED:
      return store::ContactKind::kDeclined;
    case v1::OUTCOME_TYPE_REDEEMED:
      return store::ContactKind::kRedeemed;
    default:
      return std::nullopt;
  }
}

absl::string_view KindName(v1::OutcomeType type) {
  switch (type) {
    case v1::OUTCOME_TYPE_SHOWN:
      return "shown";
    case v1::OUTCOME_TYPE_CLICKED:
      return "clicked";
    case v1::OUTCOME_TYPE_ACCEPTED:
      return "accepted";
    case v1::OUTCOME_TYPE_DECLINED:
      return "declined";
    case v1::OUTCOME_TYPE_REDEEMED:
      return "redeemed";
    case v1::OUTCOME_TYPE_POSTPONED:
      return "postponed";
    case v1::OUTCOME_TYPE_NOT_DISCUSSED:
      return "not_discussed";
    case v1::OUTCOME_TYPE_RETURNED:
      return "returned";
    default:
      return "";
  }
}

int64_t OccurredUs(const v1::Outcome& outcome, absl::Time server_now) {
  if (!outcome.has_occurred_at()) return absl::ToUnixMicros(server_now);
  return outcome.occurred_at().seconds() * 1'000'000 + outcome.occurred_at().nanos() / 1000;
}

void FillItem(const v1::Outcome& outcome, const Subject& subject, absl::Time server_now,
              store::storage::RecordOutcomes::Item* item) {
  const int64_t time_us = OccurredUs(outcome, server_now);
  store::storage::StoredOutcome* stored = item->mutable_outcome();
  stored->set_outcome_id(outcome.outcome_id());
  stored->set_offer_id(subject.offer_id);
  stored->set_kind(std::string(KindName(outcome.type())));
  stored->set_time_us(time_us);
  stored->set_decision_id(subject.decision_id);
  v1::Outcome body = outcome;
  v1::DecidedOffer* decided = body.mutable_decided_offer();
  decided->set_decision_id(subject.decision_id);
  decided->set_offer_id(subject.offer_id);
  decided->set_placement(subject.placement);
  body.SerializeToString(stored->mutable_body());

  const std::optional<store::ContactKind> kind = ContactOf(outcome.type());
  if (subject.customer_id.empty()) return;
  item->set_customer_id(subject.customer_id);
  if (!kind) return;
  store::RecordPatch::Contact contact = {};
  contact.offer = rules::StableId(subject.offer_id);
  contact.transaction = subject.transaction;
  contact.time_us = time_us;
  contact.channel = subject.channel;
  contact.kind = *kind;
  contact.direction = subject.outbound ? 1 : 0;
  store::RecordPatch patch;
  patch.AddContact(contact);
  item->set_customer_patch(patch.bytes());
}

grpc::Status SubmitError(const absl::Status& status) {
  if (absl::IsResourceExhausted(status)) {
    return Overloaded(kRetryWhenFull, "the queue of writes is full");
  }
  if (absl::IsUnavailable(status)) {
    return RpcError(grpc::StatusCode::UNAVAILABLE, v1::ERROR_REASON_STORE_READ_ONLY,
                    "the store takes no writes");
  }
  return RpcError(grpc::StatusCode::INTERNAL, v1::ERROR_REASON_INTERNAL,
                  "the outcomes could not be written");
}

google::rpc::Status WhyRefused(EntryResult::Refusal refusal) {
  if (refusal == EntryResult::REFUSAL_TOO_MANY) {
    return Rejected(grpc::StatusCode::RESOURCE_EXHAUSTED, v1::ERROR_REASON_TOO_MANY_GRANTS,
                    "she has as many open grants as she may have");
  }
  return Rejected(grpc::StatusCode::ALREADY_EXISTS, v1::ERROR_REASON_OUTCOME_ID_REUSED,
                  "outcome_id: was recorded with another content");
}

grpc::Status RefusalError(const EntryResult& result) {
  if (result.refusal() == EntryResult::REFUSAL_REQUEST_ID_REUSED) {
    return RpcError(grpc::StatusCode::ALREADY_EXISTS, v1::ERROR_REASON_REQUEST_ID_REUSED,
                    "request_id was used with another body");
  }
  return RpcError(grpc::StatusCode::INTERNAL, v1::ERROR_REASON_INTERNAL, result.refusal_detail());
}

}  // namespace

// One call, from the request to the answer after the store's acknowledgement.
class OutcomeHandler::Batch {
 public:
  Batch(const OutcomeRooms* rooms, RawCall* call)
      : rooms_(rooms), call_(call), server_now_(rooms->clock()), live_(rooms->live->Get()) {}

  // False: the call has been answered.
  bool Parse() {
    if (const std::optional<Violation> wrong = ParseRequest(call_->request(), &request_)) {
      call_->FinishWithError(InvalidRequest({*wrong}));
      return false;
    }
    std::vector<Violation> violations;
    CheckBatch(request_, &violations);
    if (violations.empty()) return true;
    call_->FinishWithError(InvalidRequest(violations));
    return false;
  }

  bool needs_pool() const {
    return request_.outcomes_size() > kMaxOutcomesInline ||
           std::any_of(request_.outcomes().begin(), request_.outcomes().end(),
                       [](const v1::Outcome& outcome) { return outcome.has_decided_offer(); });
  }

  // Checks each outcome and fills the entry. May block if an outcome names its decision.
  void Prepare() {
    TokenSealer sealer(*rooms_->token_key);
    store::storage::RecordOutcomes* items = entry_.mutable_record_outcomes();
    for (const v1::Outcome& outcome : request_.outcomes()) {
      v1::OutcomeResult* result = response_.add_results();
      Subject subject;
      std::optional<google::rpc::Status> error = CheckOutcome(outcome, server_now_);
      if (!error) error = FindSubject(outcome, sealer, &subject);
      if (error) {
        result->set_state(v1::OUTCOME_STATE_REJECTED);
        *result->mutable_error() = *std::move(error);
        continue;
      }
      result->set_state(v1::OUTCOME_STATE_RECORDED);
      if (!subject.live) continue;
      store::storage::RecordOutcomes::Item& item = *items->add_items();
      FillItem(outcome, subject, server_now_, &item);
      AddPromise(outcome, subject, &item);
      result->set_grant_id(item.grant().grant_id());
      recorded_.push_back(response_.results_size() - 1);
    }
  }

  // Writes the entry and answers. The batch lives until then.
  static void Submit(std::shared_ptr<Batch> batch) {
    if (batch->recorded_.empty()) {
      batch->Finish();
      return;
    }
    batch->entry_.set_format_version(store::kEntryFormatVersion);
    batch->entry_.set_time_us(absl::ToUnixMicros(batch->server_now_));
    batch->entry_.set_request_id(absl::StrCat("outcomes/", batch->request_.request_id()));
    batch->entry_.set_body_hash(rules::SipHash64(kBodyKey, batch->call_->request()));
    const absl::Status submitted = batch->rooms_->submit(
        std::move(batch->entry_),
        [batch](const absl::StatusOr<EntryResult>& result) { batch->Acknowledge(result); },
        store::Urgency::kNow);
    if (!submitted.ok()) batch->call_->FinishWithError(SubmitError(submitted));
  }

  void Refuse(const grpc::Status& status) { call_->FinishWithError(status); }

 private:
  void AddPromise(const v1::Outcome& outcome, const Subject& subject,
                  store::storage::RecordOutcomes::Item* item) const {
    const bool promises = outcome.type() == v1::OUTCOME_TYPE_ACCEPTED && live_ != nullptr &&
                          !subject.customer_id.empty();
    if (!promises) return;
    auto grant = PromisedGrant(*live_->rule_set, subject.offer_id, subject.customer_id,
                               absl::FromUnixMicros(item->outcome().time_us()));
    if (grant.has_value()) *item->mutable_grant() = *std::move(grant);
  }

  void Acknowledge(const absl::StatusOr<EntryResult>& result) {
    if (!result.ok()) {
      call_->FinishWithError(SubmitError(result.status()));
      return;
    }
    if (result->refusal() != EntryResult::REFUSAL_UNSPECIFIED) {
      call_->FinishWithError(RefusalError(*result));
      return;
    }
    for (const EntryResult::RefusedItem& item : result->refused_items()) {
      if (item.index() >= recorded_.size()) continue;
      v1::OutcomeResult* refused = response_.mutable_results(recorded_[item.index()]);
      refused->set_state(v1::OUTCOME_STATE_REJECTED);
      refused->clear_grant_id();
      *refused->mutable_error() = WhyRefused(item.refusal());
    }
    for (const uint32_t item : result->duplicate_items()) {
      if (item < recorded_.size()) {
        response_.mutable_results(recorded_[item])->set_state(v1::OUTCOME_STATE_DUPLICATE);
      }
    }
    Finish();
  }

  void Finish() { call_->Finish(response_.SerializeAsString()); }

  std::optional<google::rpc::Status> FindSubject(const v1::Outcome& outcome, TokenSealer& sealer,
                                                 Subject* subject) {
    if (outcome.has_decided_offer()) return FindInReceipt(outcome.decided_offer(), subject);
    const std::optional<ShownToken> token = sealer.Open(outcome.token());
    if (!token) {
      return Rejected(grpc::StatusCode::INVALID_ARGUMENT, v1::ERROR_REASON_TOKEN_INVALID,
                      "token: is not one of this service");
    }
    subject->decision_id = std::string(token->decision_id);
    subject->offer_id = std::string(token->offer_id);
    subject->customer_id = std::string(token->customer_id);
    subject->placement = PlacementName(live_.get(), token->placement);
    subject->transaction = token->transaction;
    subject->channel = token->channel;
    subject->outbound = token->outbound;
    subject->live = token->live;
    return std::nullopt;
  }

  // The decision is made again, since a receipt does not hold its answer.
  std::optional<google::rpc::Status> FindInReceipt(const v1::DecidedOffer& decided,
                                                   Subject* subject) {
    absl::StatusOr<std::string> receipt = rooms_->find_receipt(decided.decision_id());
    Rebuilder rebuilder(rooms_->resolver);
    const absl::Status rebuilt = receipt.ok() ? rebuilder.Rebuild(*receipt) : receipt.status();
    if (!rebuilt.ok()) {
      return Rejected(grpc::StatusCode::NOT_FOUND, v1::ERROR_REASON_DECISION_NOT_FOUND,
                      "decided_offer.decision_id: no receipt, or it cannot be rebuilt");
    }
    if (!IsInDecision(rebuilder.response(), decided)) {
      return Rejected(grpc::StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_OFFER_NOT_IN_DECISION,
                      "decided_offer: the decision did not show or apply this offer there");
    }
    const v1::DecisionContext& context = rebuilder.request().context();
    subject->decision_id = decided.decision_id();
    subject->offer_id = decided.offer_id();
    subject->placement = decided.placement();
    subject->customer_id = rebuilder.receipt().customer_id();
    subject->transaction = TransactionHash(context.transaction_id());
    subject->channel = rules::StableId(context.touchpoint().channel());
    subject->outbound = context.direction() == v1::DIRECTION_OUTBOUND;
    subject->live =
        context.mode() == v1::DECISION_MODE_UNSPECIFIED || context.mode() == v1::DECISION_MODE_LIVE;
    return std::nullopt;
  }

  static bool IsInDecision(const v1::DecideResponse& response, const v1::DecidedOffer& decided) {
    if (decided.placement().empty()) {
      const auto& applied = response.basket().applied_offers();
      return std::any_of(applied.begin(), applied.end(), [&](const v1::AppliedOffer& offer) {
        return offer.offer_id() == decided.offer_id();
      });
    }
    for (const v1::PlacementAnswer& placement : response.placements()) {
      if (placement.placement() != decided.placement()) continue;
      for (const v1::ShownOffer& offer : placement.offers()) {
        if (offer.offer_id() == decided.offer_id()) return true;
      }
    }
    return false;
  }

  const OutcomeRooms* rooms_;
  RawCall* call_;
  const absl::Time server_now_;
  const std::shared_ptr<const LiveState> live_;
  v1::RecordOutcomesRequest request_;
  v1::RecordOutcomesResponse response_;
  store::storage::Entry entry_;
  std::vector<int> recorded_;  // by item of the entry: its result
};

class OutcomeHandler::Job : public ReadJob {
 public:
  explicit Job(std::shared_ptr<Batch> batch) : batch_(std::move(batch)) {}
  void Read() override { batch_->Prepare(); }
  void Deliver() override { Batch::Submit(std::move(batch_)); }

 private:
  std::shared_ptr<Batch> batch_;
};

void OutcomeHandler::Handle(RawCall& call) {
  auto batch = std::make_shared<Batch>(rooms_, &call);
  if (!batch->Parse()) return;
  if (batch->needs_pool()) {
    if (!rooms_->executor->TrySubmit(std::make_unique<Job>(batch))) {
      batch->Refuse(Overloaded(kRetryWhenFull, "the queue for store reads is full"));
    }
    return;
  }
  batch->Prepare();
  Batch::Submit(std::move(batch));
}

}  // namespace touchstone::server
