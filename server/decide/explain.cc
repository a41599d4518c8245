#include "server/decide/explain.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "rules/decide/condition_explanation.h"
#include "rules/decide/explain.h"
#include "rules/expr/program.h"
#include "rules/facts/layout.h"
#include "server/decide/fact_value.h"
#include "server/decide/request_check.h"
#include "server/rpc/rpc_error.h"
#include "store/receipts.h"

namespace touchstone::server {
namespace {

using rules::Stage;

constexpr int kMaxOfferIds = 1000;
constexpr size_t kMaxConditionParts = 5000;  // of one answer

std::string HexOf(rules::Hash128 hash) {
  return absl::StrFormat("%016x%016x", hash.high, hash.low);
}

void SetTime(absl::Time time, google::protobuf::Timestamp* timestamp) {
  const int64_t micros = absl::ToUnixMicros(time);
  const int64_t seconds = absl::ToUnixSeconds(time);
  timestamp->set_seconds(seconds);
  timestamp->set_nanos(static_cast<int32_t>((micros - seconds * 1'000'000) * 1000));
}

// Which condition of the offer its outcome speaks of.
struct Decisive {
  const rules::Condition* condition = nullptr;
  absl::string_view field;
};

Decisive DecisiveCondition(const rules::OfferSpec& offer, const rules::OfferOutcome& outcome) {
  // None is kNotMatched: the reasons of every offer were asked for.
  if (!rules::IsOfCondition(outcome.cause)) return {};
  if (outcome.stage == Stage::kEligible || outcome.stage == Stage::kSegment) {
    return {&offer.eligible, "eligible"};
  }
  const bool of_condition =
      outcome.cause == rules::Cause::kCondition || outcome.cause == rules::Cause::kError;
  if (outcome.stage == Stage::kRequires && of_condition) return {&offer.requires_, "requires"};
  return {};
}

void ExplainOffer(const rules::RuleSet& rule_set, const rules::Decision& decision, uint32_t index,
                  v1::OfferExplanation* explained) {
  const rules::OfferSpec& offer = rule_set.offers[index];
  const rules::OfferOutcome& outcome = decision.offers[index];
  explained->set_offer_id(offer.id);
  FillReason(outcome, /*fallback=*/false, explained->mutable_reason());
  explained->mutable_reason()->set_text(rules::ReasonText(rule_set, decision, index));
  const Decisive decisive = DecisiveCondition(offer, outcome);
  if (decisive.condition != nullptr && outcome.part < decisive.condition->conjuncts.size()) {
    explained->set_decisive_condition(decisive.condition->conjuncts[outcome.part].text);
    explained->set_decisive_result(outcome.cause == rules::Cause::kCondition
                                       ? v1::CONDITION_RESULT_FALSE
                                       : v1::CONDITION_RESULT_ERROR);
    explained->set_field_path(absl::StrCat("offers[", offer.id, "].", decisive.field));
  }
  explained->set_applied(outcome.applied);
  explained->set_shown(outcome.shown);
  if (outcome.applied) explained->set_taken_minor(outcome.taken.amount_minor);
  explained->set_score_millionths(outcome.score_millionths);
  explained->set_value_failed(outcome.value_failed);
}

v1::ConditionPartKind KindOf(rules::expr::ExplainedPart::Kind kind) {
  using Kind = rules::expr::ExplainedPart::Kind;
  switch (kind) {
    case Kind::kAll:
      return v1::CONDITION_PART_KIND_ALL;
    case Kind::kAny:
      return v1::CONDITION_PART_KIND_ANY;
    case Kind::kNot:
      return v1::CONDITION_PART_KIND_NOT;
    case Kind::kChoice:
      return v1::CONDITION_PART_KIND_CHOICE;
    case Kind::kAtom:
      break;
  }
  return v1::CONDITION_PART_KIND_ATOM;
}

// Flat, since protobuf reads fewer levels than an expression may have.
void AddParts(const rules::expr::ExplainedPart& part, int depth, v1::ConditionExplanation* out) {
  v1::ConditionPart* added = out->add_parts();
  added->set_depth(depth);
  added->set_kind(KindOf(part.kind));
  added->set_begin(static_cast<int32_t>(part.span.begin));
  added->set_end(static_cast<int32_t>(part.span.end));
  added->set_text(part.text);
  added->set_result(part.value.IsTrue()    ? v1::CONDITION_RESULT_TRUE
                    : part.value.IsFalse() ? v1::CONDITION_RESULT_FALSE
                                           : v1::CONDITION_RESULT_ERROR);
  if (part.value.IsError()) {
    added->set_error(std::string(rules::expr::ErrorCodeName(part.value.error())));
  }
  added->set_decisive(part.decisive);
  added->set_words(part.words);
  for (const rules::expr::ExplainedPart& each : part.parts) AddParts(each, depth + 1, out);
}

// The conditions of one offer after another, as far as an answer may grow.
class ConditionTeller {
 public:
  ConditionTeller(const rules::RuleSet& rule_set, const rules::Decision& decision)
      : rule_set_(rule_set), explainer_(rule_set, decision) {}

  void Tell(uint32_t offer, v1::OfferExplanation* explained) {
    Add(offer, "eligible", explainer_.Eligible(offer), explained);
    Add(offer, "requires", explainer_.Requires(offer), explained);
  }

 private:
  void Add(uint32_t offer, absl::string_view field,
           const std::optional<rules::ExplainedCondition>& condition,
           v1::OfferExplanation* explained) {
    if (!condition.has_value()) return;
    const size_t parts = rules::expr::CountParts(condition->root);
    if (parts > parts_left_) {
      explained->set_conditions_left_out(true);
      return;
    }
    parts_left_ -= parts;
    v1::ConditionExplanation* out = explained->add_conditions();
    out->set_field_path(absl::StrCat("offers[", rule_set_.offers[offer].id, "].", field));
    out->set_text(condition->text);
    AddParts(condition->root, 0, out);
  }

  const rules::RuleSet& rule_set_;
  const rules::ConditionExplainer explainer_;
  size_t parts_left_ = kMaxConditionParts;
};

// To the decision it is as if it were paused, which it is not.
void ExplainLeftOut(const rules::OfferSpec& offer, v1::OfferExplanation* explained) {
  explained->set_offer_id(offer.id);
  explained->mutable_reason()->set_code("BUDGET_SPENT");
  explained->mutable_reason()->set_text("no time was left: only fallback offers were decided");
}

// Evaluates the condition on the facts of the decision, part by part.
void TrySegment(const rules::SegmentSpec& segment, const rules::RuleSet& rule_set,
                const rules::Decision& decision, v1::SegmentTrial* trial) {
  trial->set_segment(segment.name);
  rules::expr::Scratch scratch;
  rules::expr::Frame frame;
  frame.rows[rules::kDecisionRow] = decision.facts;
  frame.zone = rule_set.schema.zone;
  trial->set_result(v1::CONDITION_RESULT_TRUE);
  for (const rules::Condition::Conjunct& part : segment.when.conjuncts) {
    scratch.Reset();
    const rules::expr::Value value = part.program.Evaluate(frame, scratch);
    if (value.IsTrue()) continue;
    const bool is_error = !value.IsFalse();
    if (is_error && trial->result() == v1::CONDITION_RESULT_ERROR) continue;
    trial->set_decisive_condition(part.text);
    trial->set_result(is_error ? v1::CONDITION_RESULT_ERROR : v1::CONDITION_RESULT_FALSE);
    if (!is_error) return;
  }
}

void ExplainSegment(const rules::RuleSet& rule_set, const rules::Decision& decision,
                    v1::SegmentExplanation* explained) {
  if (decision.segment_known) explained->set_segment(std::string(decision.segment));
  if (decision.segment == rules::kAnonymousSegment) return;  // nothing was tried
  for (const rules::SegmentSpec& segment : rule_set.segments) {
    TrySegment(segment, rule_set, decision, explained->add_trials());
    if (decision.segment_known && segment.name == decision.segment) return;
  }
}

class FactReader {
 public:
  FactReader(const rules::RuleSet& rule_set, const rules::Decision& decision, bool show_pii)
      : rule_set_(rule_set), decision_(decision), show_pii_(show_pii) {}

  void ReadAll(v1::ExplainResponse* response) {
    const rules::Schema& schema = rule_set_.schema;
    const rules::FactLayout& layout = *rule_set_.layout;
    // Without basket.lines, which the request shows better.
    for (uint16_t slot = 0; slot < rules::kSlotBasketLines; ++slot) {
      Add(slot, rules::expr::Type(), v1::FACT_SOURCE_UNSPECIFIED, false, response);
    }
    for (size_t i = 0; i < schema.customer.size(); ++i) {
      Add(layout.customer_slot(i), schema.customer[i].type, v1::FACT_SOURCE_CUSTOMER,
          schema.customer[i].pii, response);
    }
    for (size_t i = 0; i < schema.aggregates.size(); ++i) {
      Add(layout.aggregate_slot(i), schema.aggregates[i].type, v1::FACT_SOURCE_AGGREGATE, false,
          response);
    }
    for (size_t i = 0; i < schema.request.size(); ++i) {
      Add(layout.request_slot(i), schema.request[i].type, v1::FACT_SOURCE_REQUEST,
          schema.request[i].pii, response);
    }
    for (size_t i = 0; i < schema.store.columns.size(); ++i) {
      Add(layout.store_slot(i), schema.store.columns[i].type, v1::FACT_SOURCE_REFERENCE, false,
          response);
    }
    for (size_t i = 0; i < schema.computed.size(); ++i) {
      // It may be made of what is pii.
      Add(layout.computed_slot(i), schema.computed[i].type, v1::FACT_SOURCE_COMPUTED,
          schema.computed[i].personal, response);
    }
    auto* facts = response->mutable_facts();
    std::sort(facts->begin(), facts->end(),
              [](const v1::FactRead& a, const v1::FactRead& b) { return a.name() < b.name(); });
  }

 private:
  void Add(uint16_t slot, const rules::expr::Type& type, v1::FactSource source, bool pii,
           v1::ExplainResponse* response) {
    const rules::expr::Value& value = decision_.facts[slot];
    v1::FactRead* fact = response->add_facts();
    fact->set_name(
        std::string(rule_set_.layout->NameOf(rules::expr::Slot{rules::kDecisionRow, slot})));
    fact->set_source(source);
    if (pii && !show_pii_) {
      fact->set_masked(true);
      return;
    }
    if (!value.IsError()) *fact->mutable_value() = ToAttributeValue(value, type);
  }

  const rules::RuleSet& rule_set_;
  const rules::Decision& decision_;
  const bool show_pii_;
};

void ExplainDecision(const Computation& computation, const v1::ExplainRequest& request,
                     bool show_pii, v1::ExplainResponse* response) {
  SetTime(computation.input().now, response->mutable_evaluated_at());
  response->set_rebuilt_hash(HexOf(computation.hash()));
  if (request.verbosity() == v1::EXPLAIN_VERBOSITY_ANSWER) return;
  const rules::RuleSet& rule_set = *computation.binder().live().rule_set;
  const rules::Decision& decision = computation.decision();
  const auto& only = request.offer_ids();
  std::optional<ConditionTeller> conditions;
  if (!only.empty()) conditions.emplace(rule_set, decision);
  for (uint32_t i = 0; i < rule_set.offers.size(); ++i) {
    if (!only.empty() && std::find(only.begin(), only.end(), rule_set.offers[i].id) == only.end()) {
      continue;
    }
    // Nobody asked whether kept terms of which she has no grant hold.
    if (rule_set.offers[i].is_kept && decision.offers[i].cause == rules::Cause::kNotMatched) {
      continue;
    }
    if (computation.LeftOut(i)) {
      ExplainLeftOut(rule_set.offers[i], response->add_offers());
    } else {
      v1::OfferExplanation* explained = response->add_offers();
      ExplainOffer(rule_set, decision, i, explained);
      if (conditions.has_value()) conditions->Tell(i, explained);
    }
  }
  ExplainSegment(rule_set, decision, response->mutable_segment());
  if (request.verbosity() == v1::EXPLAIN_VERBOSITY_FACTS) {
    FactReader(rule_set, decision, show_pii).ReadAll(response);
  }
}

grpc::Status RebuildError(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kFailedPrecondition:
      return RpcError(grpc::StatusCode::FAILED_PRECONDITION,
                      v1::ERROR_REASON_ENGINE_VERSION_DIFFERS, status.message());
    case absl::StatusCode::kNotFound:
      return RpcError(grpc::StatusCode::NOT_FOUND, v1::ERROR_REASON_DECISION_NOT_FOUND,
                      "no receipt of this decision, or its revision is no longer kept");
    case absl::StatusCode::kDataLoss:
      return RpcError(grpc::StatusCode::DATA_LOSS, v1::ERROR_REASON_STORE_CORRUPT,
                      status.message());
    default:
      return RpcError(grpc::StatusCode::INTERNAL, v1::ERROR_REASON_INTERNAL, status.message());
  }
}

}  // namespace

grpc::Status Explainer::Explain(const v1::ExplainRequest& request, bool show_pii,
                                v1::ExplainResponse* response) const {
  std::vector<Violation> violations;
  if (request.target_case() == v1::ExplainRequest::TARGET_NOT_SET) {
    violations.push_back({"target", "decision_id or live is required"});
  }
  if (request.offer_ids_size() > kMaxOfferIds) {
    violations.push_back({"offer_ids", "must hold at most 1000"});
  }
  if (!v1::ExplainVerbosity_IsValid(request.verbosity())) {
    violations.push_back({"verbosity", "must be ANSWER, OFFERS or FACTS"});
  }
  if (!violations.empty()) return InvalidRequest(violations);
  return request.has_live() ? ExplainLive(request, show_pii, response)
                            : ExplainReceipt(request, show_pii, response);
}

grpc::Status Explainer::ExplainReceipt(const v1::ExplainRequest& request, bool show_pii,
                                       v1::ExplainResponse* response) const {
  const absl::StatusOr<std::string> receipt = rooms_.find_receipt(request.decision_id());
  if (!receipt.ok()) return RebuildError(receipt.status());
  if (store::IsErasedReceipt(*receipt)) {
    return RpcError(grpc::StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_CUSTOMER_ERASED,
                    "the customer of this decision was erased, and her receipts with her");
  }
  Rebuilder rebuilder(rooms_.resolver);
  if (absl::Status rebuilt = rebuilder.Rebuild(*receipt); !rebuilt.ok()) {
    return RebuildError(rebuilt);
  }
  response->set_decision_id(request.decision_id());
  rebuilder.computation().FillResponse(response->mutable_response());
  response->set_rebuild(rebuilder.identical() ? v1::REBUILD_STATE_IDENTICAL
                                              : v1::REBUILD_STATE_DIFFERENT);
  response->set_recorded_hash(HexOf(rebuilder.recorded_hash()));
  response->set_engine_version(static_cast<int32_t>(rebuilder.receipt().engine_version()));
  ExplainDecision(rebuilder.computation(), request, show_pii, response);
  return grpc::Status::OK;
}

grpc::Status Explainer::ExplainLive(const v1::ExplainRequest& request, bool show_pii,
                                    v1::ExplainResponse* response) const {
  const std::shared_ptr<const LiveState> live = rooms_.live->Get();
  if (live == nullptr) {
    return RpcError(grpc::StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NO_ACTIVE_REVISION,
                    "no revision has been published yet");
  }
  const v1::DecideRequest& decide = request.live();
  if (grpc::Status refused = CheckAsOf(decide.context(), rooms_.allow_as_of); !refused.ok()) {
    return refused;
  }
  Computation computation;
  std::vector<Violation> violations;
  computation.Bind(decide, live, ChooseNow(decide.context(), rooms_.clock()), &violations);
  if (!violations.empty()) {
    for (Violation& violation : violations) {
      violation.field = absl::StrCat("live", violation.field.empty() ? "" : ".", violation.field);
    }
    return InvalidRequest(violations);
  }
  Gatherer gatherer(rooms_.reader, nullptr);
  GatheredRecord gathered;
  gatherer.ReadBlocking(decide.context(), RulesOf(*live), &gathered);
  DecisionTerms terms;
  terms.seed = TransactionHash(decide.context().transaction_id());
  terms.step_limit = rooms_.step_limit;
  terms.reasons = rules::Reasons::kEveryOffer;
  GatheredCustomer customer = gathered.view();
  std::vector<JudgedCode> codes;
  JudgeCodes(customer.codes, static_cast<size_t>(decide.context().codes_size()),
             computation.binder().now(), customer.id, &codes);
  terms.codes = codes;
  computation.Compute(terms, &customer);
  computation.FillResponse(response->mutable_response());
  response->set_engine_version(rules::kEngineVersion);
  ExplainDecision(computation, request, show_pii, response);
  return grpc::Status::OK;
}

}  // namespace touchstone::server
