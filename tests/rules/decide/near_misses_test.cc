#include "rules/decide/near_misses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/heap_allocations.h"
#include "tests/rules/decide/random.h"
#include "tests/rules/decide/random_rules.h"
#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

using Kind = NearMissChange::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kNear[] = "near_misses: { receipt: { text: Nearly } }\n";

std::string Offer(const std::string& id, const std::string& rest, const std::string& near = kNear) {
  return absl::StrCat("offer: ", id, "\napplies: automatic\n", rest, "\n", near);
}

// The grocery with every stage.
TestRules Load(const std::vector<std::string>& offers) {
  std::vector<SourceFile> files = Grocery(offers);
  std::erase_if(files, [](const SourceFile& file) { return file.path == "pricing.yaml"; });
  return LoadRules(files);
}

// A decision and the near misses of it: "beans-20 add 3.20", and their texts.
class Finding {
 public:
  explicit Finding(const Scene& scene, Reasons reasons = Reasons::kConsidered)
      : rules_(*scene.rules().compiled) {
    const DecisionInput input = scene.Input();
    decision_ = &Decide(rules_, input, scratch_, reasons);
    found_ = FindNearMisses(rules_, input, *decision_, scratch_, memory_);
  }

  std::vector<std::string> Words() const {
    std::vector<std::string> words;
    for (const NearMiss& near : found_) {
      words.push_back(absl::StrCat(rules_.offers[near.offer].id, " ",
                                   WordsOf(near.change, decision_->basket.currency)));
    }
    return words;
  }

  std::vector<std::string> Texts() const {
    std::vector<std::string> texts;
    for (const NearMiss& near : found_) {
      for (const NearMissText& said : near.texts) {
        const PlacementSpec& placement = rules_.placements[said.placement];
        for (const FieldText& field : said.fields) {
          texts.push_back(absl::StrCat(placement.name, ".", placement.fields[field.field].name,
                                       ": ", field.text));
        }
      }
    }
    return texts;
  }

  const Decision& decision() const { return *decision_; }
  absl::Span<const NearMiss> found() const { return found_; }
  int trials() const { return memory_.trials; }

 private:
  const RuleSet& rules_;
  DecisionScratch scratch_;
  NearMissScratch memory_;
  const Decision* decision_ = nullptr;
  absl::Span<const NearMiss> found_;
};

std::vector<std::string> Nearly(const Scene& scene) { return Finding(scene).Words(); }

// Offers of the grocery, and a basket of one line.
std::vector<std::string> NearlyWith(const std::vector<std::string>& offers, const std::string& sku,
                                    int64_t price_minor, int64_t quantity = 1) {
  const TestRules rules = Load(offers);
  Scene scene(rules);
  scene.Line(sku, price_minor, quantity);
  return Nearly(scene);
}

TEST(NearMissesTest, SaysWhatTheBasketIsShortOf) {
  const std::string offer =
      Offer("all-10", "requires: basket.net >= 10.00\nbenefit: { percent_off: 10 }");
  EXPECT_THAT(NearlyWith({offer}, "BREAD", 680), ElementsAre("all-10 add 3.20"));
  EXPECT_THAT(NearlyWith({offer}, "BREAD", 999), ElementsAre("all-10 add 0.01"));
  EXPECT_THAT(NearlyWith({offer}, "BREAD", 1000), IsEmpty());
  // More than half of what is in the basket would be a long way.
  EXPECT_THAT(NearlyWith({offer}, "BREAD", 660), IsEmpty());
}

TEST(NearMissesTest, CountsOnlyWhatTheOfferCounts) {
  const std::string offer = Offer("coffee-5",
                                  "requires: basket.lines.filter(l, \"coffee\" in l.categories)"
                                  ".map(l, l.gross).sum() >= 20.00\n"
                                  "benefit: { amount_off: { EUR: 5.00, CHF: 5.00 }, per: basket, "
                                  "lines: '\"coffee\" in line.categories' }");
  const TestRules rules = Load({offer});
  Scene scene(rules);
  scene.Line("BREAD", 9000);
  EXPECT_THAT(Nearly(scene), IsEmpty());
  scene.Line("BEANS", 1250);
  EXPECT_THAT(Nearly(scene), ElementsAre("coffee-5 add 7.50"));
}

TEST(NearMissesTest, AddsWhatNoOtherOfferIsAboutWhereAllMerchandiseCounts) {
  // One more bread at 3.20 would make a set of cheap ones.
  const std::string second =
      "offer: second\napplies: automatic\nbenefit: { percent_off: 50, buy: { units: 1 }, get: { "
      "units: 1 }, lines: '\"bakery\" in line.categories', grouping: dearest_first }\n";
  const std::string offer =
      Offer("all-3",
            "requires: basket.net >= 40.00\nbenefit: { amount_off: { EUR: 3.00, CHF: 3.00 }, "
            "per: basket }\nstacking: { stage: tender }");
  EXPECT_THAT(NearlyWith({second, offer}, "BREAD", 1920, 2), ElementsAre("all-3 add 11.20"));
  EXPECT_THAT(NearlyWith({second, offer}, "BREAD", 2000, 2), ElementsAre("all-3 add 10.00"));
  EXPECT_THAT(NearlyWith({second, offer}, "BREAD", 1300, 3), ElementsAre("all-3 add 7.50"));
  // What is not known never counts here: a bread it must be.
  std::vector<SourceFile> files = Grocery({offer});
  for (SourceFile& file : files) {
    if (file.path == "pricing.yaml") file.bytes = "never_discount: line.product.tobacco\n";
  }
  const TestRules rules = LoadRules(files);
  Scene scene(rules);
  scene.Line("BREAD", 1300, 3);
  EXPECT_THAT(Nearly(scene), ElementsAre("all-3 add 1.00"));
}

TEST(NearMissesTest, AsksForMoreThanTheGapWhereOthersTakeTheirShare) {
  // What is added is reduced by a fifth, too: 40.00 is left of 50.00.
  const std::string fifth = "offer: fifth\napplies: automatic\nbenefit: { percent_off: 20 }\n";
  const std::string offer =
      Offer("order-3",
            "requires: basket.net >= 40.00\nbenefit: { amount_off: { EUR: 3.00, "
            "CHF: 3.00 }, per: basket }\nstacking: { stage: order }");
  EXPECT_THAT(NearlyWith({fifth, offer}, "BREAD", 4100), ElementsAre("order-3 add 9.00"));
}

TEST(NearMissesTest, SaysHowManyUnitsAreMissing) {
  const std::string three = Offer("three-for-two",
                                  "benefit: { percent_off: 100, buy: { units: 2 }, get: { units: 1 "
                                  "}, grouping: dearest_first }");
  EXPECT_THAT(NearlyWith({three}, "BREAD", 300, 2), ElementsAre("three-for-two 1 more"));
  EXPECT_THAT(NearlyWith({three}, "BREAD", 300, 1), ElementsAre("three-for-two 2 more"));
  const std::string second = Offer("second-half",
                                   "benefit: { percent_off: 50, units: { order: dearest_first, "
                                   "from: 2 } }");
  EXPECT_THAT(NearlyWith({second}, "BREAD", 300), ElementsAre("second-half 1 more"));
  const std::string five =
      Offer("five", "requires: basket.units >= 5.0\nbenefit: { percent_off: 10 }");
  EXPECT_THAT(NearlyWith({five}, "BREAD", 300, 2), ElementsAre("five 3 more"));
  EXPECT_THAT(NearlyWith({five}, "BREAD", 300, 1), IsEmpty());  // 4 are a long way
}

TEST(NearMissesTest, NamesTheProductThatWouldDo) {
  const TestRules rules =
      Load({Offer("coffee-3",
                  "requires: basket.lines.filter(l, \"coffee\" in l.categories).map(l, l.quantity)"
                  ".sum() >= 3.0\nbenefit: { percent_off: 10 }")});
  Scene scene(rules);
  scene.Line("BREAD", 900);
  scene.Line("BEANS", 500, 2);
  Finding finding(scene);
  ASSERT_THAT(finding.Words(), ElementsAre("coffee-3 1 more"));
  EXPECT_EQ(finding.found()[0].sku, "BEANS");
  EXPECT_EQ(finding.found()[0].gain_minor, 240);
}

TEST(NearMissesTest, WeighsWhatIsWeighed) {
  const TestRules rules =
      Load({Offer("kilo", "requires: basket.units >= 1.0\nbenefit: { percent_off: 10 }")});
  Scene scene(rules);
  scene.Line("BREAD", 2000);
  scene.lines[0].quantity = Decimal{750};
  scene.lines[0].is_measured = true;
  EXPECT_THAT(Nearly(scene), ElementsAre("kilo 0.250 more"));
}

TEST(NearMissesTest, FindsTheNextTierAndTheFirstPoints) {
  const std::string tiers = Offer("tiers",
                                  "benefit: { tiers: [{ from_amount: { EUR: 20.00, CHF: 20.00 }, "
                                  "percent_off: 5 }, { from_amount: { EUR: 40.00, CHF: 40.00 }, "
                                  "percent_off: 9 }] }");
  EXPECT_THAT(NearlyWith({tiers}, "BREAD", 1900), ElementsAre("tiers add 1.00"));
  EXPECT_THAT(NearlyWith({tiers}, "BREAD", 2500), IsEmpty());  // it is applied
  const TestRules rules =
      Load({Offer("points", "benefit: { points: { give: 3, each: { EUR: 5.00, CHF: 5.00 } } }")});
  Scene scene(rules);
  scene.Line("BREAD", 450);
  Finding finding(scene);
  ASSERT_THAT(finding.Words(), ElementsAre("points add 0.50"));
  EXPECT_EQ(finding.found()[0].gain_points, 3);
  EXPECT_EQ(finding.found()[0].gain_minor, 0);
}

TEST(NearMissesTest, AGiftIsWorthwhileBeforeItIsInTheBasket) {
  EXPECT_THAT(NearlyWith({Offer("mug",
                                "requires: basket.net >= 30.00\nbenefit: { gift: { sku: MUG, "
                                "units: 1, prompt: add } }")},
                         "BREAD", 2500),
              ElementsAre("mug add 5.00"));
}

TEST(NearMissesTest, SaysFromWhenItApplies) {
  const auto nearly = [](const std::string& window) {
    return NearlyWith({Offer("later", "window: " + window + "\nbenefit: { percent_off: 10 }")},
                      "BREAD", 900);
  };
  EXPECT_THAT(nearly("{ days: [fri] }"), ElementsAre("later from 2026-11-27T00:00"));
  EXPECT_THAT(nearly("{ hours: \"09:00-11:00\", zone: store }"),
              ElementsAre("later from 2026-11-26T09:00"));
  EXPECT_THAT(nearly("{ from: 2026-12-03 }"), ElementsAre("later from 2026-12-03T00:00"));
  EXPECT_THAT(nearly("{ from: 2026-12-04 }"), IsEmpty());  // more than seven days
}

TEST(NearMissesTest, SaysThatTheCardIsMissing) {
  const std::string limited = Offer("welcome-10",
                                    "benefit: { percent_off: 10 }\nlimits: [{ id: once, at_most: "
                                    "1, per: customer, over: ever }]");
  const std::string loyal =
      Offer("loyal-10", "eligible: customer.segment == \"loyal\"\nbenefit: { percent_off: 10 }");
  const std::string known =
      Offer("known-10", "eligible: customer.known\nbenefit: { percent_off: 10 }");
  // Nobody is loyal by default.
  EXPECT_THAT(NearlyWith({limited, loyal, known}, "BREAD", 900),
              ElementsAre("known-10 card", "welcome-10 card"));
  const TestRules rules = Load({limited});
  Scene scene(rules);
  scene.Line("BREAD", 900);
  scene.input.customer = InputStatus::kUnknown;  // a card was shown
  EXPECT_THAT(Nearly(scene), IsEmpty());
  scene.Customer();
  scene.Contacted("welcome-10", ContactKind::kRedeemed, "2026-11-20T10:00");
  EXPECT_THAT(Nearly(scene), IsEmpty());
}

TEST(NearMissesTest, IsSilentWhereAnotherThingRulesTheOfferOut) {
  const std::string offer = Offer("all-10",
                                  "requires: basket.net >= 10.00 && store.region == \"south\"\n"
                                  "benefit: { percent_off: 10 }");
  EXPECT_THAT(NearlyWith({offer}, "BREAD", 900), IsEmpty());
  const std::string taken = Offer("rest",
                                  "requires: basket.net >= 10.00\nstacking: { not_with: "
                                  "[better] }\nbenefit: { percent_off: 10 }");
  const std::string better =
      "offer: better\napplies: automatic\nbenefit: { percent_off: 30 }\nstacking: { priority: 9 "
      "}\n";
  EXPECT_THAT(NearlyWith({taken, better}, "BREAD", 1200), IsEmpty());
}

TEST(NearMissesTest, IsSilentAboutPausedOffersAndSpentBudgetsAndOtherChannels) {
  const TestRules rules = Load({Offer("all-10",
                                      "channels: [pos]\nrequires: basket.net >= "
                                      "10.00\nbenefit: { percent_off: 10 }")});
  Scene scene(rules);
  scene.Line("BREAD", 900);
  ASSERT_THAT(Nearly(scene), ElementsAre("all-10 add 1.00"));
  scene.paused = {rules.Offer("all-10")};
  EXPECT_THAT(Nearly(scene), IsEmpty());
  scene.paused.clear();
  scene.input.channel = 2;
  EXPECT_THAT(Nearly(scene), IsEmpty());
}

TEST(NearMissesTest, IsSilentWhereTheBasketWouldSaveNoMore) {
  // With it the better one falls away.
  const std::string offer = Offer("all-1",
                                  "requires: basket.net >= 10.00\nbenefit: { percent_off: 1 }\n"
                                  "stacking: { priority: 9, not_with: [better] }");
  const std::string better =
      "offer: better\napplies: automatic\nbenefit: { percent_off: 30 }\nstacking: { priority: 1 "
      "}\n";
  EXPECT_THAT(NearlyWith({offer, better}, "BREAD", 900), IsEmpty());
}

TEST(NearMissesTest, SaysInEachPlacementWhatItsTextCanSpeakOf) {
  const TestRules rules = Load({Offer(
      "all-10", "requires: basket.net >= 10.00\nbenefit: { percent_off: 10 }",
      "near_misses:\n"
      "  receipt: { text: { en: \"Add {near_miss.spend}, save {benefit.amount}\", de: \"Noch "
      "{near_miss.spend} bis {benefit.percent}%\" } }\n"
      "  screen: { text: { en: \"{near_miss.units} more\", de: \"{near_miss.units} mehr\" } }\n")});
  Scene scene(rules);
  scene.Line("BREAD", 680);
  EXPECT_THAT(Finding(scene).Texts(), ElementsAre("receipt.text: Add 3.20, save 1.00"));
  scene.input.locale = "de-CH";
  EXPECT_THAT(Finding(scene).Texts(), ElementsAre("receipt.text: Noch 3.20 bis 10%"));
  scene.Placements({"screen"});
  EXPECT_THAT(Finding(scene).Words(), ElementsAre("all-10 1 more"));
  EXPECT_THAT(Finding(scene).Texts(), ElementsAre("screen.text: 1 mehr"));
  scene.Placements({});
  EXPECT_THAT(Finding(scene).Words(), IsEmpty());
}

TEST(NearMissesTest, WritesMomentsAsPeopleReadThem) {
  const auto text = [](const std::string& window) {
    const TestRules rules =
        Load({Offer("later", "window: " + window + "\nbenefit: { percent_off: 10 }",
                    "near_misses: { receipt: { text: \"From {near_miss.from}\" } }\n")});
    Scene scene(rules);
    scene.Line("BREAD", 680);
    return Finding(scene).Texts();
  };
  EXPECT_THAT(text("{ days: [fri] }"), ElementsAre("receipt.text: From 2026-11-27"));
  EXPECT_THAT(text("{ hours: \"09:30-11:00\" }"),
              ElementsAre("receipt.text: From 2026-11-26 09:30"));
}

TEST(NearMissesTest, ATextOfTheCardIsForTheCardAlone) {
  const std::string near =
      "near_misses: { receipt: { text: \"{near_miss.card}Show your card\" } }\n";
  const TestRules rules = Load({Offer("known-10",
                                      "eligible: customer.known\nrequires: basket.net >= "
                                      "10.00\nbenefit: { percent_off: 10 }",
                                      near)});
  Scene scene(rules);
  scene.Line("BREAD", 1200);
  EXPECT_THAT(Finding(scene).Texts(), ElementsAre("receipt.text: Show your card"));
  scene.lines[0].unit_price_e4 = 90'000;
  scene.Customer();
  EXPECT_THAT(Finding(scene).Texts(), IsEmpty());
}

TEST(NearMissesTest, TheMostWorthwhileComesFirstAndTheRuleSetSaysHowMany) {
  std::vector<std::string> offers;
  for (int percent = 1; percent <= 5; ++percent) {
    offers.push_back(
        Offer(absl::StrCat("off-", percent), absl::StrCat("eligible: basket.gross >= 1", percent,
                                                          ".00\nbenefit: { "
                                                          "amount_off: { EUR: ",
                                                          percent,
                                                          ".00, CHF: 1.00 }, per: "
                                                          "basket }\nstacking: { stage: order }")));
  }
  std::vector<SourceFile> files = Grocery(offers);
  const auto nearly = [&](const std::string& reach) {
    for (SourceFile& file : files) {
      if (file.path == "pricing.yaml") file.bytes = "stages: [order]\n" + reach;
    }
    const TestRules rules = LoadRules(files);
    Scene scene(rules);
    scene.Line("BREAD", 1000);
    return Nearly(scene);
  };
  EXPECT_THAT(nearly(""), ElementsAre("off-5 add 5.00", "off-4 add 4.00", "off-3 add 3.00"));
  EXPECT_THAT(nearly("near_misses: { at_most: 1 }\n"), ElementsAre("off-5 add 5.00"));
  EXPECT_THAT(nearly("near_misses: { at_most: 0 }\n"), IsEmpty());
  EXPECT_THAT(nearly("near_misses: { spend: { EUR: 2.00 } }\n"),
              ElementsAre("off-2 add 2.00", "off-1 add 1.00"));
}

TEST(NearMissesTest, TriesABoundedNumberOfDecisions) {
  std::vector<std::string> offers;
  for (int i = 0; i < 30; ++i) {
    // No number of the condition is what is missing: each has to be searched for.
    offers.push_back(Offer(absl::StrCat("search-", 10 + i),
                           absl::StrCat("requires: basket.net + basket.net + basket.net >= ",
                                        50 + i, ".00\nbenefit: { percent_off: 10 }")));
  }
  const TestRules rules = Load(offers);
  Scene scene(rules);
  scene.Line("BREAD", 1500);
  Finding finding(scene);
  EXPECT_EQ(finding.trials(), kMostTrials);
  EXPECT_FALSE(finding.found().empty());
  EXPECT_LT(finding.found().size(), 4u);
}

TEST(NearMissesTest, StaysWithinTheStepsOfTheDecision) {
  const TestRules rules =
      Load({Offer("all-10", "requires: basket.net >= 10.00\nbenefit: { percent_off: 10 }")});
  Scene scene(rules);
  scene.Line("BREAD", 900);
  DecisionScratch scratch;
  const uint64_t used = scene.input.step_limit - scene.Decide(scratch).steps_left;
  ASSERT_GT(used, 0u);
  scene.input.step_limit = used;
  EXPECT_EQ(Finding(scene).decision().completeness, Completeness::kComplete);
  EXPECT_THAT(Nearly(scene), IsEmpty());
  scene.input.step_limit = 10 * used;
  EXPECT_THAT(Nearly(scene), ElementsAre("all-10 add 1.00"));
}

TEST(NearMissesTest, TriesTheSameWhicheverReasonsAreAskedFor) {
  // Enough offers are refused for no other to be asked why; the last one's window is closed, too.
  std::vector<std::string> offers;
  for (const char* id : {"a", "b", "c"}) {
    offers.push_back(Offer(id, "requires: store.region == \"south\"\nbenefit: { percent_off: 1 }"));
  }
  offers.push_back(Offer("friday",
                         "window: { days: [fri] }\neligible: basket.gross >= 10.00\n"
                         "benefit: { percent_off: 10 }"));
  const TestRules rules = Load(offers);
  Scene scene(rules);
  scene.Line("BREAD", 900);
  const Finding as_served(scene);
  EXPECT_GT(as_served.trials(), 0);
  EXPECT_EQ(Finding(scene, Reasons::kEveryOffer).trials(), as_served.trials());
}

TEST(NearMissesTest, CostNothingWhereNoOfferHasTexts) {
  const TestRules rules =
      Load({Offer("all-10", "requires: basket.net >= 10.00\nbenefit: { percent_off: 10 }", "")});
  Scene scene(rules);
  scene.Line("BREAD", 900);
  Finding finding(scene);
  EXPECT_THAT(finding.Words(), IsEmpty());
  EXPECT_EQ(finding.trials(), 0);
}

TEST(NearMissesTest, AllocatesNothingOnceItHasSeenSuchADecision) {
  const TestRules rules =
      Load({Offer("all-10", "requires: basket.net >= 100.00\nbenefit: { percent_off: 10 }"),
            Offer("known-10", "eligible: customer.known\nbenefit: { percent_off: 10 }"),
            Offer("friday-10", "window: { days: [fri] }\nbenefit: { percent_off: 10 }")});
  Scene scene(rules);
  for (int i = 0; i < 9; ++i) scene.Line("BREAD", 1000);
  const DecisionInput input = scene.Input();
  DecisionScratch scratch;
  NearMissScratch memory;
  size_t found = 0;
  int64_t before = 0;
  for (int i = 0; i < 2; ++i) {
    const Decision& decision = Decide(*rules.compiled, input, scratch);
    before = tests::HeapAllocations();
    found = FindNearMisses(*rules.compiled, input, decision, scratch, memory).size();
  }
  EXPECT_EQ(tests::HeapAllocations(), before);
  EXPECT_EQ(found, 3u);
}

// Random rule sets all of whose offers have texts.
TestRules RandomNearMisses(Random& random) {
  TestRules rules = RandomRules(random);
  for (v1::Offer& offer : *rules.message.mutable_offers()) {
    if (!offer.has_benefit()) continue;
    for (const PlacementSpec& placement : rules.compiled->placements) {
      v1::LocalizedText& text = (*(*offer.mutable_near_misses())[placement.name]
                                      .mutable_fields())[placement.fields[0].name];
      text.set_text("Nearly");
    }
  }
  rules.message.mutable_pricing()->mutable_near_misses()->set_at_most(10);
  rules.compiled = CompileRules(rules.message);
  return rules;
}

struct Effect {
  bool applied = false;
  int64_t taken_minor = 0;
  int64_t points = 0;
};

Effect EffectOf(const TestRules& rules, const DecisionInput& input, uint32_t offer) {
  DecisionScratch scratch;
  const Decision& decision = Decide(*rules.compiled, input, scratch);
  return {decision.offers[offer].applied,
          decision.basket.gross_minor - decision.basket.payable_minor, decision.basket.points};
}

// The change as one who knows nothing of the search makes it: for each line of the basket that it
// may be about. `less`: by so much less than the change says.
std::vector<Effect> EffectsOf(const NearMiss& near, int64_t less, const Scene& scene) {
  const TestRules& rules = scene.rules();
  std::vector<Effect> effects;
  DecisionInput input = scene.Input();
  if (near.change.kind == Kind::kFrom) {
    input.now = near.change.from - absl::Minutes(less);
    return {EffectOf(rules, input, near.offer)};
  }
  if (near.change.kind == Kind::kIdentify) {
    Scene known(rules);
    known.input.now = scene.input.now;
    known.Customer();
    std::vector<expr::Value> facts = scene.facts;
    for (const StoredSlot& stored : rules.compiled->layout->stored_slots()) {
      facts[stored.slot] = known.facts[stored.slot];
    }
    input.facts = facts;
    input.contacts = {};
    input.customer = InputStatus::kPresent;
    return {EffectOf(rules, input, near.offer)};
  }
  // The last turn: a product of which nothing is known.
  for (size_t i = 0; i <= scene.lines.size(); ++i) {
    const bool is_unknown = i == scene.lines.size();
    if (is_unknown ? near.change.kind == Kind::kUnits : scene.lines[i].is_return) continue;
    std::vector<BasketLine> lines = scene.lines;
    std::vector<LineFacts> facts = scene.line_facts;
    if (near.change.kind == Kind::kUnits) {
      const bool by_piece = !lines[i].is_one_unit();
      if (facts[i].sku != near.sku) continue;
      lines[i].quantity.thousandths +=
          near.change.quantity.thousandths - less * (by_piece ? 1000 : 1);
    } else {
      BasketLine added;
      added.line_id = "added";
      added.quantity = Decimal{1000};
      added.unit_price_e4 = (near.change.spend_minor - less) * 100;
      lines.push_back(added);
      facts.push_back(is_unknown ? LineFacts() : scene.line_facts[i]);
    }
    input.basket.lines = lines;
    input.line_facts = facts;
    effects.push_back(EffectOf(rules, input, near.offer));
  }
  return effects;
}

void CheckNearMiss(const NearMiss& near, const Decision& decision, const Scene& scene) {
  RC_ASSERT(!decision.offers[near.offer].applied);
  RC_ASSERT(near.gain_minor >= 0);
  const int64_t taken = decision.basket.gross_minor - decision.basket.payable_minor;
  const std::vector<Effect> made = EffectsOf(near, 0, scene);
  const std::vector<Effect> less = EffectsOf(near, 1, scene);
  bool found = false;
  for (size_t i = 0; i < made.size(); ++i) {
    const bool reached = made[i].applied && made[i].taken_minor - taken == near.gain_minor &&
                         made[i].points - decision.basket.points == near.gain_points;
    // Less of it does not do, or is worth nothing.
    const bool is_smallest =
        near.change.kind == Kind::kIdentify || !less[i].applied || less[i].taken_minor <= taken;
    found = found || (reached && is_smallest);
  }
  RC_ASSERT(found);
}

RC_GTEST_PROP(NearMissesPropertyTest, TheChangeReachesTheOfferAndLessDoesNot, ()) {
  Random random(*rc::gen::arbitrary<uint64_t>());
  const TestRules rules = RandomNearMisses(random);
  for (int i = 0; i < 10; ++i) {
    Scene scene(rules);
    RandomScene(random, scene);
    const Finding finding(scene);
    RC_ASSERT(finding.trials() <= kMostTrials);
    for (const NearMiss& near : finding.found()) CheckNearMiss(near, finding.decision(), scene);
  }
}

RC_GTEST_PROP(NearMissesPropertyTest, NeitherTheOrderOfLinesNorTheReasonsAskedForMatter, ()) {
  Random random(*rc::gen::arbitrary<uint64_t>());
  const TestRules rules = RandomNearMisses(random);
  for (int i = 0; i < 10; ++i) {
    Scene scene(rules);
    RandomScene(random, scene);
    const std::vector<std::string> words = Nearly(scene);
    RC_ASSERT(Finding(scene, Reasons::kEveryOffer).Words() == words);
    for (size_t line = scene.lines.size(); line > 1; --line) {
      const size_t other = random.Below(line);
      std::swap(scene.lines[line - 1], scene.lines[other]);
      std::swap(scene.line_facts[line - 1], scene.line_facts[other]);
    }
    RC_ASSERT(Nearly(scene) == words);
  }
}

TEST(NearMissesPropertyTest, TheRandomBasketsNearlyReachOffersInEveryWay) {
  std::set<Kind> kinds;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    const TestRules rules = RandomNearMisses(random);
    for (int i = 0; i < 10; ++i) {
      Scene scene(rules);
      RandomScene(random, scene);
      const Finding finding(scene);
      for (const NearMiss& near : finding.found()) kinds.insert(near.change.kind);
    }
  }
  EXPECT_THAT(kinds, ElementsAre(Kind::kIdentify, Kind::kSpend, Kind::kUnits, Kind::kFrom));
}

}  // namespace
}  // namespace touchstone::rules
