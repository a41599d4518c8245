#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "rules/decide/condition_explanation.h"
#include "tests/rules/decide/naive_decision.h"
#include "tests/rules/decide/random.h"
#include "tests/rules/decide/random_rules.h"
#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

std::string FirstDifference(const std::string& actual, const std::string& expected) {
  const std::vector<std::string> a = absl::StrSplit(actual, '\n');
  const std::vector<std::string> b = absl::StrSplit(expected, '\n');
  size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
  return absl::StrCat("line ", i, ": ", i < a.size() ? a[i] : "",
                      "\nexpected: ", i < b.size() ? b[i] : "");
}

RC_GTEST_PROP(DecidePropertyTest, AgreesWithTheNaiveDecision, ()) {
  const uint64_t seed = *rc::gen::arbitrary<uint64_t>();
  Random random(seed);
  const TestRules rules = RandomRules(random);
  RC_ASSERT(rules.compiled != nullptr);
  DecisionScratch scratch;
  for (int i = 0; i < 20; ++i) {
    Scene scene(rules);
    RandomScene(random, scene);
    const DecisionInput input = scene.Input();
    const std::string expected =
        Dump(*rules.compiled, DecideNaively(*rules.compiled, input)->decision);
    const std::string actual =
        Dump(*rules.compiled, Decide(*rules.compiled, input, scratch, Reasons::kEveryOffer));
    if (actual != expected) RC_FAIL(FirstDifference(actual, expected));
  }
}

// The same of the revision's own offers, by their indexes beside kept terms.
class Renumbered {
 public:
  Renumbered(const Scene& scene, const RuleSet& rules)
      : codes_(scene.codes),
        grants_(scene.grants),
        unclaimed_(scene.unclaimed),
        paused_(scene.paused),
        input_(scene.Input()) {
    const auto renumber = [&](uint32_t& offer) {
      offer = rules.offer_by_id.at(scene.rules().compiled->offers[offer].id);
    };
    for (PresentedCode& code : codes_) {
      if (code.offer != kNoOffer) renumber(code.offer);
    }
    for (HeldGrant& grant : grants_) renumber(grant.offer);
    for (UnclaimedOffer& one : unclaimed_) renumber(one.offer);
    for (uint32_t& offer : paused_) renumber(offer);
    input_.codes = codes_;
    input_.grants = grants_;
    input_.unclaimed = unclaimed_;
    input_.paused = paused_;
  }
  const DecisionInput& input() const { return input_; }

 private:
  std::vector<PresentedCode> codes_;
  std::vector<HeldGrant> grants_;
  std::vector<UnclaimedOffer> unclaimed_;
  std::vector<uint32_t> paused_;
  DecisionInput input_;
};

RC_GTEST_PROP(DecidePropertyTest, TermsThatOthersKeepAreNoPartOfIt, ()) {
  Random random(*rc::gen::arbitrary<uint64_t>());
  const TestRules with = RandomRules(random);
  const TestRules own = {with.message, CompileRules(with.message), {}};
  for (int i = 0; i < 20; ++i) {
    Scene scene(own);
    RandomScene(random, scene);
    const Renumbered beside(scene, *with.compiled);
    for (const Reasons reasons : {Reasons::kConsidered, Reasons::kEveryOffer}) {
      DecisionScratch scratch;
      DecisionScratch other;
      const Decision& expected = Decide(*own.compiled, scene.Input(), scratch, reasons);
      const Decision& actual = Decide(*with.compiled, beside.input(), other, reasons);
      RC_ASSERT(Dump(*with.compiled, actual) == Dump(*own.compiled, expected));
      RC_ASSERT(actual.considered.size() == expected.considered.size());
    }
  }
}

// How granted offers came to be applied or shown.
std::set<std::string> GrantsSeenIn(const RuleSet& rules, const DecisionInput& input,
                                   const Decision& decision) {
  std::set<std::string> seen;
  for (uint32_t i = 0; i < rules.offers.size(); ++i) {
    if (rules.offers[i].applies != Applies::kGranted) continue;
    const bool is_held = FindGrant(input.grants, i).has_value();
    const bool is_carried = FindCode(input.codes, i).has_value();
    const OfferOutcome& outcome = decision.offers[i];
    if (outcome.applied) seen.insert(is_held ? "applied by a grant" : "applied by its code");
    if (outcome.applied && rules.offers[i].is_kept) seen.insert("applied under kept terms");
    if (outcome.shown && !is_held && !is_carried) seen.insert("shown to be granted");
    if (outcome.stage == Stage::kWindow) seen.insert("no longer granted");
  }
  return seen;
}

// What the random decisions came to: causes, and what offers did.
std::set<std::string> SeenIn(const Decision& decision) {
  std::set<std::string> seen;
  for (const OfferOutcome& outcome : decision.offers) {
    seen.insert(std::string(CauseName(outcome.cause)));
  }
  for (const AppliedOffer& applied : decision.basket.applied) {
    if (applied.points > 0) seen.insert("points");
    if (applied.missing_gifts > 0) seen.insert("a missing gift");
    if (applied.missing_gifts > 0 && applied.applications > 0) seen.insert("a gift of several");
    if (applied.applications > 1) seen.insert("more than once");
    if (applied.cut_by_guard_rail) seen.insert("a guard rail");
  }
  return seen;
}

TEST(DecidePropertyTest, TheRandomDecisionsReachWhatOffersCanComeTo) {
  std::set<std::string> seen;
  std::set<std::string> stages;
  DecisionScratch scratch;
  for (uint64_t seed = 0; seed < 1200; ++seed) {
    Random random(seed);
    const TestRules rules = RandomRules(random);
    for (int i = 0; i < 5; ++i) {
      Scene scene(rules);
      RandomScene(random, scene);
      const Decision& decision = scene.Decide(scratch);
      seen.merge(SeenIn(decision));
      seen.merge(GrantsSeenIn(*rules.compiled, scene.Input(), decision));
      for (const AppliedOffer& applied : decision.basket.applied) {
        const BenefitSpec& benefit = *rules.compiled->offers[applied.offer].benefit;
        stages.insert(std::string(PricingStageName(benefit.stage)));
      }
    }
  }
  EXPECT_EQ(stages.size(), kPricingStages) << absl::StrJoin(stages, ", ");
  for (const char* what : {"no_lines",
                           "no_set",
                           "no_tier",
                           "not_above_price",
                           "nothing_left",
                           "excluded",
                           "too_small",
                           "no_currency",
                           "no_code",
                           "code_not_read",
                           "no_grant",
                           "input_missing",
                           "spent",
                           "unclaimed",
                           "points",
                           "a missing gift",
                           "a gift of several",
                           "more than once",
                           "a guard rail",
                           "applied by a grant",
                           "applied under kept terms",
                           "applied by its code",
                           "shown to be granted",
                           "no longer granted"}) {
    EXPECT_TRUE(seen.contains(what)) << what;
  }
}

// What a till waits for and what Explain works out are one decision: the same answer, the same
// outcomes of what was considered, and nothing chosen of what was not.
RC_GTEST_PROP(DecidePropertyTest, ReasonsOfEveryOfferChangeNoAnswer, ()) {
  const uint64_t seed = *rc::gen::arbitrary<uint64_t>();
  Random random(seed);
  const TestRules rules = RandomRules(random);
  RC_ASSERT(rules.compiled != nullptr);
  DecisionScratch used;
  for (int i = 0; i < 20; ++i) {
    Scene scene(rules);
    RandomScene(random, scene);
    const DecisionInput input = scene.Input();
    DecisionScratch fresh;
    Decision whole = Decide(*rules.compiled, input, fresh, Reasons::kEveryOffer);
    if (random.OneIn(2)) Decide(*rules.compiled, input, used, Reasons::kEveryOffer);
    const Decision& asked = Decide(*rules.compiled, input, used);
    auto considered = asked.considered.begin();
    for (uint32_t offer = 0; offer < asked.offers.size(); ++offer) {
      if (considered != asked.considered.end() && *considered == offer) {
        ++considered;
        continue;
      }
      RC_ASSERT(asked.offers[offer].cause == Cause::kNotMatched);
      RC_ASSERT(rules.compiled->offers[offer].is_kept ||
                whole.offers[offer].cause != Cause::kNotMatched);
      RC_ASSERT(whole.offers[offer].stage != Stage::kNone);
      RC_ASSERT(!whole.offers[offer].applied && !whole.offers[offer].shown);
    }
    RC_ASSERT(considered == asked.considered.end());
    std::vector<OfferOutcome> outcomes(whole.offers.begin(), whole.offers.end());
    considered = asked.considered.begin();
    for (uint32_t offer = 0; offer < outcomes.size(); ++offer) {
      const bool is_considered = considered != asked.considered.end() && *considered == offer;
      if (is_considered) ++considered;
      if (!is_considered) outcomes[offer] = asked.offers[offer];
    }
    whole.offers = outcomes;
    RC_ASSERT(Dump(*rules.compiled, asked) == Dump(*rules.compiled, whole));
  }
}

// The slow truth beside the fast path: each offer's conditions and windows evaluated by themselves,
// in memory that has decided nothing before. Wherever the steps run out, even in the middle of a
// conjunct that offers share, and however close in time the decisions are.
RC_GTEST_PROP(DecidePropertyTest, WhatOffersShareChangesNoDecision, ()) {
  const uint64_t seed = *rc::gen::arbitrary<uint64_t>();
  Random random(seed);
  const TestRules rules = RandomRules(random);
  RC_ASSERT(rules.compiled != nullptr);
  const auto plain =
      std::const_pointer_cast<RuleSet>(CompileRules(rules.message, rules.kept_terms));
  plain->scan = ScanOffers(*plain, Sharing::kNothing);
  DecisionScratch scratch;
  absl::Time now = absl::UnixEpoch();
  for (int i = 0; i < 20; ++i) {
    Scene scene(rules);
    RandomScene(random, scene);
    if (i > 0 && !random.OneIn(3)) scene.input.now = now;
    scene.input.now += absl::Milliseconds(static_cast<int64_t>(random.Below(1500)));
    now = scene.input.now;
    DecisionInput input = scene.Input();
    if (!random.OneIn(4)) input.step_limit = random.Below(250);
    DecisionScratch fresh;
    const std::string expected = Dump(*plain, Decide(*plain, input, fresh, Reasons::kEveryOffer));
    RC_ASSERT(Dump(*rules.compiled,
                   Decide(*rules.compiled, input, scratch, Reasons::kEveryOffer)) == expected);
  }
}

// The explanation comes from the plain evaluator and the texts of the conditions alone; the index
// and the stages of the decision know nothing of it.
void ExpectExplained(const RuleSet& rules, const Decision& decision, uint32_t offer) {
  const OfferOutcome& outcome = decision.offers[offer];
  const ConditionExplainer explainer(rules, decision);
  const OfferSpec& spec = rules.offers[offer];
  if (spec.is_kept && outcome.cause == Cause::kNotMatched) return;  // nobody asked
  const bool of_condition = outcome.cause == Cause::kCondition || outcome.cause == Cause::kError ||
                            outcome.cause == Cause::kInputMissing;
  const bool refused =
      (outcome.stage == Stage::kEligible || outcome.stage == Stage::kSegment) && of_condition;
  const auto eligible = explainer.Eligible(offer);
  if (outcome.cause == Cause::kNotMatched) {
    RC_ASSERT(eligible.has_value());
    RC_ASSERT(!eligible->root.value.IsTrue());
  } else if (refused) {
    RC_ASSERT(eligible.has_value());
    RC_ASSERT(eligible->root.value.IsFalse() == (outcome.cause == Cause::kCondition));
    if (eligible->root.value.IsError()) RC_ASSERT(eligible->root.value.error() == outcome.error);
    const expr::ExplainedPart& part =
        spec.eligible.conjuncts.size() == 1 ? eligible->root : eligible->root.parts[outcome.part];
    RC_ASSERT(part.decisive);
    RC_ASSERT(expr::FirstDecisiveAtom(part) == expr::FirstDecisiveAtom(eligible->root));
  } else if (outcome.stage > Stage::kSegment || outcome.stage == Stage::kNone) {
    RC_ASSERT(!eligible.has_value() || eligible->root.value.IsTrue());
  }
  if (outcome.stage == Stage::kRequires && outcome.cause == Cause::kCondition &&
      spec.benefit.has_value()) {
    RC_ASSERT(explainer.Requires(offer)->root.value.IsFalse());
  }
  if (outcome.applied) {
    const auto requires_ = explainer.Requires(offer);
    RC_ASSERT(!requires_.has_value() || requires_->root.value.IsTrue());
  }
}

RC_GTEST_PROP(DecidePropertyTest, ExplanationsAgreeWithTheDecision, ()) {
  Random random(*rc::gen::arbitrary<uint64_t>());
  const TestRules rules = RandomRules(random);
  RC_ASSERT(rules.compiled != nullptr);
  DecisionScratch scratch;
  for (int i = 0; i < 10; ++i) {
    Scene scene(rules);
    RandomScene(random, scene);
    const Decision& decision =
        Decide(*rules.compiled, scene.Input(), scratch,
               random.OneIn(2) ? Reasons::kEveryOffer : Reasons::kConsidered);
    for (uint32_t offer = 0; offer < decision.offers.size(); ++offer) {
      ExpectExplained(*rules.compiled, decision, offer);
    }
  }
}

}  // namespace
}  // namespace touchstone::rules
