#include "rules/decide/decide.h"

#include "rules/decide/admission.h"
#include "rules/decide/binding.h"
#include "rules/decide/decision_state.h"
#include "rules/decide/offer_pricing.h"
#include "rules/decide/placements.h"

namespace touchstone::rules {
namespace {

void Start(DecisionContext& context) {
  for (const uint16_t placement : context.input.placements) {
    context.placements_asked |= PlacementBit(placement);
  }
  DecisionScratch::State& state = context.state;
  state.expr.Reset(context.input.step_limit);
  if (state.clock.Start(context.input.now)) state.counting_starts.clear();
  state.step_limit_reached = false;
  state.merchandise_known = true;
  state.decision = Decision();
}

void AnswerBasket(DecisionContext& context) {
  if (!context.has_basket()) return;
  DecisionScratch::State& state = context.state;
  BasketAnswer& answer = state.decision.basket;
  answer.priced = true;
  answer.currency = context.input.basket.currency;
  answer.gross_minor = state.pricer.gross().amount_minor;
  answer.payable_minor = state.pricer.payable().amount_minor;
  answer.points = state.pricer.points();
  answer.search = state.search;
  answer.greedy_gap_minor = state.greedy_gap_minor;
  answer.lines = state.pricer.lines();
  answer.takings = state.pricer.takings();
  answer.applied = state.applied;
}

void AnswerCompleteness(DecisionContext& context) {
  Decision& decision = context.state.decision;
  if (context.input.customer == InputStatus::kUnavailable) {
    decision.cause = CompletenessCause::kCustomerUnavailable;
  } else if (IsACodeNotRead(context.input.codes)) {
    decision.cause = CompletenessCause::kCodesNotRead;
  } else if (context.state.step_limit_reached) {
    decision.cause = CompletenessCause::kStepLimit;
  } else {
    return;
  }
  decision.completeness = Completeness::kPartial;
}

}  // namespace

DecisionScratch::DecisionScratch() : state_(std::make_unique<State>()) {}
DecisionScratch::~DecisionScratch() = default;
DecisionScratch::DecisionScratch(DecisionScratch&&) noexcept = default;
DecisionScratch& DecisionScratch::operator=(DecisionScratch&&) noexcept = default;

const Decision& Decide(const RuleSet& rule_set, const DecisionInput& input,
                       DecisionScratch& scratch, Reasons reasons) {
  DecisionContext context{rule_set, input, scratch.state()};
  Start(context);
  BindDecisionRow(context);
  BindBasket(context);
  AdmitOffers(context);
  PriceOffers(context);
  FillPlacements(context);
  AnswerBasket(context);
  AnswerCompleteness(context);
  context.state.decision.steps_left =
      context.state.step_limit_reached ? 0 : context.state.expr.steps_left();
  if (reasons != Reasons::kNone) RefuseSome(context);
  if (reasons == Reasons::kEveryOffer) RefuseTheRest(context);
  Decision& decision = context.state.decision;
  decision.placements = context.state.answers;
  decision.offers = context.state.outcomes;
  decision.considered = context.state.considered;
  decision.facts = context.state.facts;
  return decision;
}

}  // namespace touchstone::rules
