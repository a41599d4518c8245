#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "rules/decide/condition_explanation.h"
#include "tests/rules/decide/naive_decision.h"
#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

using expr::Value;

// Numbers from one seed, so that a failure is reproduced by the seed that rapidcheck prints.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Below(uint64_t bound) {  // SplitMix64
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % bound;
  }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  template <size_t n>
  std::string Of(const char* const (&texts)[n]) {
    return texts[Below(n)];
  }

 private:
  uint64_t state_;
};

constexpr const char* kEligible[] = {
    "customer.tier == \"gold\"",
    "customer.tier != \"none\"",
    "customer.spend_90d >= 100.00",
    "customer.segment == \"loyal\"",
    "customer.segment != \"anonymous\"",
    "customer.known",
    "!customer.known",
    "request.weather == \"rain\"",
    "has(request.weather)",
    "has(customer.birth_date)",
    "customer.age >= 18",
    "store.region == \"north\"",
    "basket.gross >= 20.00",
    "basket.units >= 3.0",
    "basket.lines.exists(line, line.sku == \"BEANS\")",
    "basket.lines.all(line, line.gross < 40.00)",
    "channel == \"pos\"",
    "direction == \"inbound\"",
    "6 / customer.visits_30d > 1",
    "(request.weather == \"rain\" || customer.tier == \"gold\")",
    "(customer.segment == \"regular\" || basket.gross > 30.00)",
    "audience.close",
    "!audience.young_and_close",
    "table.rank > 1",
    "table.rank != customer.visits_30d",
};
constexpr const char* kRequires[] = {
    "basket.net >= 10.00",       "basket.net < 30.00", "basket.net < basket.gross",
    "customer.tier == \"gold\"", "channel == \"pos\"", "request.weather == \"rain\"",
};
constexpr const char* kLines[] = {
    "\"coffee.beans\" in line.categories",
    "line.sku in list.house",
    "line.gross >= 5.00",
    "line.product.brand == \"Alto\"",
    "line.unit_price > 1.00 && line.quantity >= 2.0",
    "customer.tier == \"gold\"",
    "line.price_source != \"override\"",
};
constexpr const char* kValues[] = {
    "1",
    "2.5",
    "-3",
    "double(basket.net)",
    "12 / customer.visits_30d",
    "0.0 / 0.0",
    "customer.tier == \"gold\" ? 5 : 1",
    "1.0000004",
};
constexpr const char* kPercents[] = {"10", "33.3333", "100", "0.01"};
constexpr const char* kWindows[] = {
    "{ from: 2026-11-01, through: 2026-11-30 }",
    "{ hours: \"08:00-12:00\", zone: store }",
    "{ hours: \"22:00-02:00\", days: [thu, fri] }",
    "{ hours: \"06:00-18:00\", zone: customer }",
};
constexpr const char* kLimits[] = {
    "{ id: L, at_most: 1, count: redeemed, per: customer, over: calendar_week }",
    "{ id: L, at_most: 1, count: shown, per: customer, over: 2d, anonymous: unlimited }",
    "{ id: L, at_most: 2, count: shown, per: customer, over: 24h }",
    "{ id: L, at_most: 'customer.tier == \"gold\" ? 2 : 0', count: accepted, per: customer, over: "
    "ever }",
    "{ id: L, at_most: 1, per: basket }",
};
constexpr const char* kPlacements[] = {"receipt", "screen", "agent_top3", "home_hero"};

std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

template <size_t n>
std::string Conjunction(Random& random, const char* const (&texts)[n]) {
  std::string text = random.Of(texts);
  while (random.OneIn(2)) text += " && " + random.Of(texts);
  return Quoted(text);
}

std::string Benefit(Random& random) {
  const bool lines = random.OneIn(2);
  std::string benefit = "benefit: { ";
  if (random.OneIn(2)) {
    benefit += "percent_off: " + random.Of(kPercents);
  } else {
    const char* const per[] = {"unit", "line", "basket"};
    benefit += absl::StrCat("amount_off: { EUR: ", random.Below(4), ".5", random.Below(10),
                            random.OneIn(2) ? ", CHF: 1.00" : "", " }, per: ", random.Of(per));
  }
  if (lines) benefit += ", lines: " + Conjunction(random, kLines);
  if (random.OneIn(3)) benefit += ", at_most: { EUR: 3.00 }";
  if (random.OneIn(3)) benefit += ", takes_marked_down: true";
  benefit += " }\n";
  const char* const stage = lines || random.OneIn(2) ? "line" : "order";
  return absl::StrCat(benefit, "stacking: { stage: ", stage, ", priority: ", random.Below(3),
                      " }\n");
}

std::string RandomOffer(Random& random, const std::string& id) {
  const bool automatic = random.OneIn(2);
  std::string offer =
      absl::StrCat("offer: ", id, "\napplies: ", automatic ? "automatic" : "never", "\n");
  if (random.OneIn(3)) offer += "group: coffee\n";
  if (random.OneIn(4)) offer += "window: " + random.Of(kWindows) + "\n";
  if (random.OneIn(4)) offer += "channels: [pos, web]\n";
  if (!random.OneIn(3)) offer += "eligible: " + Conjunction(random, kEligible) + "\n";
  if (random.OneIn(3)) offer += "requires: " + Conjunction(random, kRequires) + "\n";
  if (!random.OneIn(3)) offer += "value: " + Quoted(random.Of(kValues)) + "\n";
  if (random.OneIn(3)) offer += "limits: [" + random.Of(kLimits) + "]\n";
  if (automatic) offer += Benefit(random);
  offer += "treatments:\n";
  // The first fills its 40 characters before its amount does.
  const char* const texts[] = {"\"Take off all of this and more: {benefit.amount}\"",
                               "{ en: \"Off {benefit.amount}!\", de: Weniger }"};
  const std::string plain = "{ en: Try it, de: Probieren }";
  bool any = false;
  for (const char* placement : kPlacements) {
    if (!random.OneIn(2)) continue;
    any = true;
    const std::string text = automatic ? random.Of(texts) : plain;
    const std::string fields = std::string(placement) == "agent_top3"
                                   ? "title: " + text + ", script: Say it"
                               : std::string(placement) == "home_hero" ? "banner: " + text
                                                                       : "text: " + text;
    offer += absl::StrCat("  ", placement, ": { ", fields, " }\n");
  }
  return any ? offer : offer.substr(0, offer.find("treatments:"));
}

void AddAudiencesAndTables(Random& random, const std::vector<std::string>& ids,
                           std::vector<SourceFile>& files) {
  files.push_back({"audiences.yaml",
                   "close: { when: 'store.region == \"north\" || customer.tier == \"gold\"' }\n"
                   "young_and_close: { when: 'audience.close && customer.age < 25' }\n"});
  std::string tables =
      "rank: { hit_policy: first, inputs: { tier: customer.tier, spend: customer.spend_90d }, "
      "output: int";
  if (random.OneIn(2)) tables += ", otherwise: 2";
  tables += " }\n";
  std::string rank = "tier,spend,value\n";
  for (uint64_t rows = 1 + random.Below(4); rows > 0; --rows) {
    absl::StrAppend(&rank, random.Of({"", "gold", "not gold", "none | silver"}), ",",
                    random.Of({"", ">= 100.00", "[50.00..300.00)", "not 0.00"}), ",", rows, "\n");
  }
  files.push_back({"tables/rank.csv", rank});
  if (random.OneIn(2)) {
    tables +=
        "given: { hit_policy: first, inputs: { close: audience.close, rank: table.rank }, "
        "output: offers }\n";
    std::string given = "close,offers,rank\n";
    for (uint64_t rows = 1 + random.Below(3); rows > 0; --rows) {
      absl::StrAppend(&given, random.Of({"", "true", "false"}), ",",
                      random.OneIn(4) ? "" : ids[random.Below(ids.size())], " ", ",",
                      random.Of({"", "2", ">= 2", "not 1"}), "\n");
    }
    files.push_back({"tables/given.csv", given});
  }
  files.push_back({"tables.yaml", tables});
}

TestRules RandomRules(Random& random) {
  std::vector<std::string> offers;
  std::vector<std::string> ids;
  const uint64_t count = 1 + random.Below(7);
  for (uint64_t i = 0; i < count; ++i) {
    ids.push_back(absl::StrCat(random.Of({"a", "k", "z"}), i));
    offers.push_back(RandomOffer(random, ids.back()));
  }
  std::vector<SourceFile> files = Grocery(offers);
  AddAudiencesAndTables(random, ids, files);
  return LoadRules(files);
}

void RandomBasket(Random& random, Scene& scene) {
  const char* const skus[] = {"BEANS", "BREAD", "CIGARS", "MILK", "BEANS"};
  const uint64_t lines = random.Below(5);
  for (uint64_t i = 0; i < lines; ++i) {
    const bool is_return = random.OneIn(8);
    const int64_t quantity = 1 + static_cast<int64_t>(random.Below(3));
    scene.Line(random.Of(skus), static_cast<int64_t>(random.Below(2500)),
               is_return ? -quantity : quantity);
    BasketLine& line = scene.lines.back();
    line.price_source = static_cast<PriceSource>(random.OneIn(3) ? random.Below(4) : 0);
    line.merchandise = !random.OneIn(6);
  }
  if (random.OneIn(5)) scene.input.basket.currency = Currency::FromCode("CHF").value();
}

void RandomCustomer(Random& random, Scene& scene) {
  const InputStatus statuses[] = {InputStatus::kPresent,   InputStatus::kPresent,
                                  InputStatus::kPresent,   InputStatus::kUnknown,
                                  InputStatus::kAnonymous, InputStatus::kUnavailable};
  scene.Customer();
  const char* const tiers[] = {"none", "silver", "gold"};
  scene.Fact("customer.tier", Value::String(tiers[random.Below(3)]));
  scene.Fact("customer.spend_90d", Euro(static_cast<int64_t>(random.Below(60'000))));
  scene.Fact("customer.visits_30d", Value::Int(static_cast<int64_t>(random.Below(5))));
  if (random.OneIn(2)) {
    const int year = 1990 + static_cast<int>(random.Below(25));
    scene.Fact("customer.birth_date", Value::Timestamp(absl::FromCivil(absl::CivilDay(year, 11, 26),
                                                                       absl::UTCTimeZone())));
  }
  const char* const zones[] = {"America/New_York", "Asia/Kolkata", "Nowhere/Land"};
  if (random.OneIn(2)) scene.Fact("customer.zone", Value::String(zones[random.Below(3)]));
  scene.input.customer = statuses[random.Below(6)];
  for (uint64_t i = random.Below(6); i > 0; --i) {
    const std::vector<OfferSpec>& offers = scene.rules().compiled->offers;
    const OfferSpec& offer = offers[random.Below(offers.size())];
    scene.contacts.push_back(
        {offer.stable_id, static_cast<ContactKind>(random.Below(4)),
         scene.input.now - absl::Minutes(static_cast<int64_t>(random.Below(6000)) - 60)});
  }
}

void RandomScene(Random& random, Scene& scene) {
  const char* const channels[] = {"pos", "pos", "call", "web"};
  scene.Channel(random.Of(channels));
  if (random.OneIn(4)) std::reverse(scene.placements.begin(), scene.placements.end());
  if (random.OneIn(6)) scene.placements.clear();
  scene.input.now += absl::Minutes(static_cast<int64_t>(random.Below(3 * 1440)));
  const char* const stores[] = {"S12", "S99", "", "NO-SUCH-STORE"};
  scene.input.store = stores[random.Below(4)];
  const char* const locales[] = {"en", "de-AT", "fr", ""};
  scene.input.locale = locales[random.Below(4)];
  scene.input.outbound = random.OneIn(3);
  RandomCustomer(random, scene);
  if (!random.OneIn(4)) RandomBasket(random, scene);
  const char* const weathers[] = {"rain", "sun"};
  if (random.OneIn(2)) scene.Fact("request.weather", Value::String(weathers[random.Below(2)]));
  for (uint32_t i = 0; i < scene.rules().compiled->offers.size(); ++i) {
    if (random.OneIn(10)) scene.paused.push_back(i);
  }
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
    RC_ASSERT(actual == expected);
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
      RC_ASSERT(whole.offers[offer].cause != Cause::kNotMatched);
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
  const auto plain = std::const_pointer_cast<RuleSet>(CompileRules(rules.message));
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
