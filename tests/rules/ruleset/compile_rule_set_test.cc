// What a rule set without findings compiles to.

#include <functional>
#include <set>

#include "tests/rules/ruleset/compile_fixture.h"
#include "tests/rules/ruleset/sample_folder.h"

namespace touchstone::rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using CompileRuleSetTest = CompileTest;

const OfferSpec& OfferOf(const RuleSet& rule_set, const std::string& id) {
  return rule_set.offers[rule_set.offer_by_id.at(id)];
}

std::vector<std::string> Parts(const Condition& condition) {
  std::vector<std::string> parts;
  for (const Condition::Conjunct& conjunct : condition.conjuncts) parts.push_back(conjunct.text);
  return parts;
}

TEST_F(CompileRuleSetTest, CompilesTheBaseOfTheseTestsWithoutFindings) {
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(CompileRuleSetTest, KeepsNamesInOrderAndSettingsAsGiven) {
  const CompileResult result = Compile();
  ASSERT_NE(result.rule_set, nullptr);
  const RuleSet& rules = *result.rule_set;
  EXPECT_EQ(rules.name, "Sample");
  EXPECT_THAT(rules.locales, ElementsAre("en", "de"));
  EXPECT_THAT(rules.channels, ElementsAre("pos", "web"));
  EXPECT_EQ(rules.schema.zone.name(), "Europe/Berlin");
  EXPECT_EQ(rules.schema.currencies[1].code(), "CHF");
  ASSERT_EQ(rules.schema.customer.size(), 4u);
  EXPECT_EQ(rules.schema.customer[0].name, "allergies");
  EXPECT_EQ(rules.schema.customer[3].default_value.string_value(), "none");
  ASSERT_EQ(rules.segments.size(), 2u);
  EXPECT_EQ(rules.segments[0].name, "loyal");
  EXPECT_THAT(rules.segments[1].when.conjuncts, IsEmpty());
  EXPECT_EQ(rules.placements[1].name, "receipt");
  EXPECT_EQ(rules.placements[1].budget, absl::Milliseconds(20));
  EXPECT_TRUE(rules.placements[1].shown_on_answer);
  EXPECT_EQ(rules.placements[1].fields[0].max_characters, 40);
  EXPECT_EQ(rules.placements[0].budget, absl::Milliseconds(50));
  EXPECT_TRUE(rules.placements[0].fields[1].is_url);
  EXPECT_THAT(rules.placements[1].fallback, ElementsAre(rules.offer_by_id.at("join")));
  EXPECT_EQ(rules.pricing.most_off_line_ppm, 700'000);
  EXPECT_EQ(rules.pricing.most_off_basket_ppm, 500'000);
  EXPECT_TRUE(rules.has_never_discount);
  ASSERT_EQ(rules.campaigns.size(), 1u);
  EXPECT_EQ(rules.campaigns[0].owner, "beverages");
  EXPECT_EQ(rules.campaigns[0].contact_costs[0].channel, 1);
  EXPECT_EQ(rules.campaigns[0].contact_costs[0].cost.amount_minor, 10);
  EXPECT_EQ(rules.content_hash.size(), 64u);
}

TEST_F(CompileRuleSetTest, CutsConditionsIntoTheirConjuncts) {
  Offer("beans", R"(applies: never
eligible: customer.segment == "loyal" && (channel == "pos" || channel == "web") && customer.spend_90d > 10.00
requires: basket.net >= 10.00
treatments:
  receipt: { text: A }
)");
  const CompileResult result = Compile();
  ASSERT_NE(result.rule_set, nullptr);
  const OfferSpec& offer = OfferOf(*result.rule_set, "beans");
  EXPECT_THAT(Parts(offer.eligible), ElementsAre("customer.segment == \"loyal\"",
                                                 "channel == \"pos\" || channel == \"web\"",
                                                 "customer.spend_90d > 10.00"));
  EXPECT_TRUE(offer.eligible.conjuncts[0].only_segment);
  EXPECT_TRUE(offer.eligible.conjuncts[0].personal);
  EXPECT_FALSE(offer.eligible.conjuncts[1].only_segment);
  EXPECT_FALSE(offer.eligible.conjuncts[1].personal);
  EXPECT_FALSE(offer.eligible.conjuncts[2].only_segment);
  EXPECT_TRUE(offer.eligible.conjuncts[2].personal);
  EXPECT_THAT(Parts(offer.requires_), ElementsAre("basket.net >= 10.00"));
}

TEST_F(CompileRuleSetTest, KeepsManyConjunctsInTheOrderWritten) {
  std::string text = "basket.units > 0.0";
  std::vector<std::string> expected = {"basket.units > 0.0"};
  for (int i = 1; i < 40; ++i) {
    expected.push_back("basket.units > " + std::to_string(i) + ".0");
    text += " && " + expected.back();
  }
  Offer("beans", "applies: never\neligible: " + text + "\ntreatments: { receipt: { text: A } }\n");
  const CompileResult result = Compile();
  ASSERT_NE(result.rule_set, nullptr);
  EXPECT_EQ(Parts(OfferOf(*result.rule_set, "beans").eligible), expected);
}

TEST_F(CompileRuleSetTest, CompilesABenefitWithItsStageAndOrder) {
  Offer("b", R"(applies: automatic
benefit: { percent_off: 12.5, lines: '"coffee" in line.categories', at_most: { EUR: 5.00, CHF: 5.00 }, takes_marked_down: true }
stacking: { priority: 50 }
)");
  Offer("a", "applies: automatic\nbenefit: { amount_off: { EUR: 1.00, CHF: 1.10 }, per: unit }\n");
  Offer("c", R"(applies: automatic
benefit: { percent_off: 5 }
stacking: { stage: line, priority: 60 }
)");
  const CompileResult result = Compile();
  ASSERT_NE(result.rule_set, nullptr);
  const RuleSet& rules = *result.rule_set;
  const BenefitSpec& b = *OfferOf(rules, "b").benefit;
  EXPECT_EQ(b.stage, PricingStage::kLine);
  EXPECT_EQ(b.off.parts_per_million, 125'000);
  EXPECT_EQ(b.priority, 50);
  EXPECT_EQ(b.at_most.size(), 2u);
  EXPECT_TRUE(b.takes_marked_down);
  EXPECT_EQ(OfferOf(rules, "b").lines.conjuncts.size(), 1u);
  const BenefitSpec& a = *OfferOf(rules, "a").benefit;
  EXPECT_EQ(a.stage, PricingStage::kOrder);
  EXPECT_EQ(a.per, AmountPer::kUnit);
  EXPECT_EQ(AmountIn(a.off.amount, *Currency::FromCode("CHF")), 110);
  EXPECT_THAT(rules.pricing_order, ElementsAre(rules.offer_by_id.at("c"), rules.offer_by_id.at("b"),
                                               rules.offer_by_id.at("a")));
}

TEST_F(CompileRuleSetTest, CompilesWindowsChannelsAndLimits) {
  Offer("b", R"(applies: automatic
group: drinks
campaign: coffee
window: { from: 2026-11-23, through: 2026-12-24, days: [mon, fri], hours: "22:00-02:00", zone: store }
channels: [web]
benefit: { percent_off: 5 }
limits:
  - { id: weekly, at_most: 'customer.tier == "gold" ? 2 : 1', per: customer, over: calendar_week }
  - { id: seen, at_most: 3, count: shown, per: customer, over: 7d, anonymous: unlimited }
  - { id: once, at_most: 1, per: basket }
)");
  const CompileResult result = Compile();
  ASSERT_NE(result.rule_set, nullptr);
  const OfferSpec& offer = OfferOf(*result.rule_set, "b");
  EXPECT_EQ(result.rule_set->groups[static_cast<size_t>(offer.group)], "drinks");
  EXPECT_EQ(offer.campaign, "coffee");
  EXPECT_EQ(offer.channels, 2u);
  ASSERT_TRUE(offer.window.has_value());
  EXPECT_EQ(*offer.window->from, absl::CivilDay(2026, 11, 23));
  EXPECT_EQ(offer.window->days, 0b0010001);
  EXPECT_EQ(offer.window->opens_minute, 22 * 60);
  EXPECT_EQ(offer.window->closes_minute, 2 * 60);
  EXPECT_EQ(offer.window->zone_of, WindowZone::kStore);
  ASSERT_EQ(offer.limits.size(), 3u);
  EXPECT_EQ(offer.limits[0].count, ContactKind::kRedeemed);
  EXPECT_TRUE(offer.limits[0].at_most_formula.has_value());
  EXPECT_TRUE(offer.limits[0].formula_personal);
  EXPECT_EQ(offer.limits[0].over.unit, LimitWindow::Unit::kCalendarWeek);
  EXPECT_EQ(offer.limits[1].count, ContactKind::kShown);
  EXPECT_EQ(offer.limits[1].at_most, 3);
  EXPECT_EQ(offer.limits[1].over.unit, LimitWindow::Unit::kRollingDays);
  EXPECT_EQ(offer.limits[1].over.count, 7);
  EXPECT_TRUE(offer.limits[1].anonymous_unlimited);
  EXPECT_EQ(offer.limits[2].per, LimitScope::kBasket);
}

TEST_F(CompileRuleSetTest, CompilesBudgetsInOrderOfNameAndWhoDrawsOnThem) {
  File("budgets.yaml", R"(launch: { uses: 1000 }
coffee-autumn: { amount: 100000.00 EUR, uses: 50000, per_day: 5000.00 EUR, overspend: honour, overrun_at_most: 1000.00 EUR, on_return: kept }
)");
  Offer("b", "applies: automatic\nbenefit: { percent_off: 5 }\nbudget: launch\n");
  Offer("c", "applies: automatic\nbenefit: { percent_off: 5 }\nbudget: coffee-autumn\n");
  const CompileResult result = Compile();
  ASSERT_NE(result.rule_set, nullptr);
  const RuleSet& rules = *result.rule_set;
  ASSERT_EQ(rules.budgets.size(), 2u);
  const BudgetSpec& autumn = rules.budgets[0];
  EXPECT_EQ(autumn.name, "coffee-autumn");
  EXPECT_EQ(autumn.amount_minor, 10'000'000);
  EXPECT_EQ(autumn.uses, 50'000);
  EXPECT_EQ(autumn.per_day_minor, 500'000);
  EXPECT_EQ(autumn.currency.code(), "EUR");
  EXPECT_TRUE(autumn.honour);
  EXPECT_EQ(autumn.overrun_minor, 100'000);
  EXPECT_FALSE(autumn.restored_by_returns);
  const BudgetSpec& launch = rules.budgets[1];
  EXPECT_EQ(launch.name, "launch");
  EXPECT_EQ(launch.uses, 1000);
  EXPECT_FALSE(launch.counts_money());
  EXPECT_FALSE(launch.amount_minor.has_value() || launch.per_day_minor.has_value());
  EXPECT_FALSE(launch.honour);
  EXPECT_TRUE(launch.restored_by_returns);
  EXPECT_EQ(OfferOf(rules, "b").budget, 1);
  EXPECT_EQ(OfferOf(rules, "c").budget, 0);
  EXPECT_EQ(OfferOf(rules, "join").budget, -1);
}

TEST_F(CompileRuleSetTest, RefundsByRecomputingUnlessSaid) {
  EXPECT_EQ(Compile().rule_set->return_policy, ReturnPolicy::kRecompute);
  for (const auto& [word, policy] : {std::pair("recompute", ReturnPolicy::kRecompute),
                                     std::pair("proportional", ReturnPolicy::kProportional)}) {
    Edit([word](v1::RuleSet& message) { message.mutable_pricing()->set_returns(word); });
    const CompileResult result = Compile();
    ASSERT_NE(result.rule_set, nullptr);
    EXPECT_EQ(result.rule_set->return_policy, policy);
  }
}

TEST_F(CompileRuleSetTest, CallsPublicWhatNeedsNoFactOfTheCustomer) {
  const auto add = [this](const std::string& id, const std::string& lines) {
    Offer(id, "applies: automatic\nbenefit: { percent_off: 5 }\n" + lines);
  };
  add("plain",
      "eligible: basket.gross > 10.00 && customer.known\nvalue: double(customer.spend_90d)\n");
  add("eligible", "eligible: customer.tier == \"gold\"\n");
  add("computed", "eligible: customer.age > 30\n");
  add("requires", "requires: basket.net > 1.00 && customer.age > 30\n");
  add("limited",
      "limits: [{ id: a, at_most: 1, per: customer, over: 7d, anonymous: unlimited }]\n");
  add("basket", "limits: [{ id: a, at_most: 1, per: basket }]\n");
  add("formula", "limits: [{ id: a, at_most: 'customer.age > 30 ? 2 : 1', per: basket }]\n");
  const CompileResult result = Compile();
  ASSERT_NE(result.rule_set, nullptr);
  const auto is_public = [&](const std::string& id) {
    return OfferOf(*result.rule_set, id).is_public;
  };
  EXPECT_TRUE(is_public("plain"));
  EXPECT_FALSE(is_public("eligible"));
  EXPECT_FALSE(is_public("computed"));
  EXPECT_FALSE(is_public("requires"));
  EXPECT_FALSE(is_public("limited"));
  EXPECT_TRUE(is_public("basket"));
  EXPECT_FALSE(is_public("formula"));
}

TEST_F(CompileRuleSetTest, CallsNoGrantedOfferPublic) {
  Offer("b", "applies: granted\nbenefit: { percent_off: 5 }\n");
  EXPECT_FALSE(OfferOf(*Compile().rule_set, "b").is_public);
}

TEST_F(CompileRuleSetTest, ReadsWhatAGrantedOfferPromises) {
  const auto promise = [this](const std::string& rest) {
    Offer("b", "applies: granted\nbenefit: { percent_off: 5 }\nwindow: { through: 2026-12-01 }\n" +
                   rest);
    const CompileResult result = Compile();
    EXPECT_EQ(OfferOf(*result.rule_set, "b").applies, Applies::kGranted);
    return OfferOf(*result.rule_set, "b").promise;
  };
  EXPECT_FALSE(promise("").has_value());
  const auto days = promise("promise: { made: accepted, use_within: 14d }\n");
  EXPECT_EQ(days.value().use_within, absl::Hours(14 * 24));
  EXPECT_FALSE(days->ends_with_window);
  const auto hours = promise("promise: { made: accepted, use_within: 36h, after_end: ended }\n");
  EXPECT_EQ(hours.value().use_within, absl::Hours(36));
  EXPECT_TRUE(hours->ends_with_window);
}

TEST_F(CompileRuleSetTest, CutsTextsAtTheirPlaceholders) {
  Offer("b", R"(applies: automatic
benefit: { percent_off: 5 }
treatments:
  hero:
    banner: { en: "{{b} {customer.first_name}: {benefit.amount} off", de: "{benefit.percent}% {store.region}" }
    image: beans.jpg
)");
  const CompileResult result = Compile();
  ASSERT_NE(result.rule_set, nullptr);
  const RuleSet& rules = *result.rule_set;
  const TreatmentSpec& treatment =
      *OfferOf(rules, "b").treatments[rules.placement_by_name.at("hero")];
  const TextTemplate& english = treatment.texts[0][0];
  ASSERT_EQ(english.pieces.size(), 3u);
  EXPECT_EQ(english.pieces[0].literal, "{b} ");
  EXPECT_EQ(rules.layout->NameOf(english.pieces[0].slot), "customer.first_name");
  EXPECT_EQ(english.pieces[1].literal, ": ");
  EXPECT_EQ(english.pieces[1].placeholder, TextTemplate::Placeholder::kBenefitAmount);
  EXPECT_EQ(english.pieces[2].literal, " off");
  EXPECT_FALSE(english.pieces[2].placeholder.has_value());
  EXPECT_TRUE(english.personal);
  const TextTemplate& german = treatment.texts[0][1];
  EXPECT_EQ(german.pieces[0].placeholder, TextTemplate::Placeholder::kBenefitPercent);
  EXPECT_FALSE(german.personal);
  EXPECT_EQ(treatment.texts[1][1].pieces[0].literal, "beans.jpg");
}

TEST_F(CompileRuleSetTest, OrdersComputedAttributesByNeed) {
  Edit([](v1::RuleSet& message) {
    auto& computed = *message.mutable_schema()->mutable_computed();
    computed["customer.a"].set_type("bool");
    computed["customer.a"].set_is("customer.b > 2");
    computed["customer.b"].set_type("int");
    computed["customer.b"].set_is("customer.age + 1");
    computed["request.wet"].set_type("bool");
    computed["request.wet"].set_is("request.weather == 'rain'");
  });
  const CompileResult result = Compile();
  ASSERT_NE(result.rule_set, nullptr);
  std::vector<std::string> order;
  for (const ComputedSpec& computed : result.rule_set->schema.computed) {
    order.push_back(computed.name);
    EXPECT_EQ(computed.personal, computed.name != "request.wet");
  }
  EXPECT_THAT(order, ElementsAre("customer.age", "customer.b", "customer.a", "request.wet"));
}

TEST_F(CompileRuleSetTest, KnowsWhichAggregatesAreAboutLines) {
  Edit([](v1::RuleSet& message) {
    auto& coffee = (*message.mutable_schema()->mutable_aggregates())["coffee_180d"];
    coffee.set_sum("line.quantity");
    coffee.set_of("purchase");
    coffee.set_where("'coffee' in line.categories");
    coffee.set_over("180d");
  });
  const CompileResult result = Compile();
  ASSERT_NE(result.rule_set, nullptr);
  const std::vector<AggregateSpec>& aggregates = result.rule_set->schema.aggregates;
  ASSERT_EQ(aggregates.size(), 3u);
  EXPECT_EQ(aggregates[0].name, "coffee_180d");
  EXPECT_TRUE(aggregates[0].per_line);
  EXPECT_TRUE(aggregates[0].type.Is(expr::TypeKind::kDecimal));
  EXPECT_FALSE(aggregates[1].per_line);
  EXPECT_TRUE(aggregates[1].type.Is(expr::TypeKind::kMoney));
  EXPECT_EQ(aggregates[1].currency.code(), "EUR");
  EXPECT_TRUE(aggregates[2].type.Is(expr::TypeKind::kInt));
}

class AggregateIdTest : public CompileRuleSetTest {
 protected:
  // Of a sum `x` that `edit` has changed.
  uint32_t IdWith(const std::function<void(v1::RuleSet&, v1::Aggregate&)>& edit) {
    Edit([&edit](v1::RuleSet& message) {
      v1::Aggregate& x = (*message.mutable_schema()->mutable_aggregates())["x"];
      x.Clear();
      x.set_sum("event.paid");
      x.set_of("purchase");
      x.set_where("event.paid > 1.00 && event.paid < 9.00");
      x.set_over("90d");
      edit(message, x);
    });
    const CompileResult result = Compile();
    EXPECT_NE(result.rule_set, nullptr);
    if (result.rule_set == nullptr) return 0;
    for (const AggregateSpec& aggregate : result.rule_set->schema.aggregates) {
      if (aggregate.name == "x") return aggregate.id;
    }
    return 0;
  }
};

TEST_F(AggregateIdTest, StaysWhatItIsWhereOnlyWordsOrBlanksChange) {
  const uint32_t id = IdWith([](v1::RuleSet&, v1::Aggregate&) {});
  EXPECT_NE(id, StableId("x"));
  EXPECT_EQ(id, IdWith([](v1::RuleSet&, v1::Aggregate& x) { x.set_description("for people"); }));
  EXPECT_EQ(id, IdWith([](v1::RuleSet&, v1::Aggregate& x) {
              x.set_sum(" (event.paid) ");
              x.set_where("(event.paid>1.00) && event.paid<9.00");
            }));
  EXPECT_EQ(id, IdWith([](v1::RuleSet&, v1::Aggregate& x) { x.set_currency("EUR"); }))
      << "what is not said is the first currency";
}

TEST_F(AggregateIdTest, ChangesWithWhatTheAggregateMeans) {
  std::set<uint32_t> ids = {IdWith([](v1::RuleSet&, v1::Aggregate&) {})};
  const auto is_new = [&](const std::function<void(v1::RuleSet&, v1::Aggregate&)>& edit) {
    return ids.insert(IdWith(edit)).second;
  };
  EXPECT_TRUE(is_new([](v1::RuleSet&, v1::Aggregate& x) { x.set_sum("event.paid + 1.00"); }));
  EXPECT_TRUE(is_new([](v1::RuleSet&, v1::Aggregate& x) { x.set_where("event.paid > 2.00"); }));
  EXPECT_TRUE(is_new([](v1::RuleSet&, v1::Aggregate& x) { x.set_over("90h"); }));
  EXPECT_TRUE(is_new([](v1::RuleSet&, v1::Aggregate& x) { x.set_over("91d"); }));
  EXPECT_TRUE(is_new([](v1::RuleSet&, v1::Aggregate& x) { x.set_max("event.paid"); }));
  EXPECT_TRUE(is_new([](v1::RuleSet& message, v1::Aggregate& x) {
    (*message.mutable_schema()->mutable_events())["order"] =
        message.schema().events().at("purchase");
    x.set_of("order");
  }));
  const auto decay = [](const std::string& half_life) {
    return [half_life](v1::RuleSet&, v1::Aggregate& x) {
      x.set_decayed("event.paid");
      x.clear_over();
      x.set_half_life(half_life);
    };
  };
  EXPECT_TRUE(is_new(decay("30d")));
  EXPECT_TRUE(is_new(decay("31d")));
  const auto top = [](int k) {
    return [k](v1::RuleSet&, v1::Aggregate& x) {
      x.set_top("line.sku");
      x.set_k(k);
    };
  };
  EXPECT_TRUE(is_new(top(1)));
  EXPECT_TRUE(is_new(top(2)));
  const auto open = [](const std::string& closed_when) {
    return [closed_when](v1::RuleSet&, v1::Aggregate& x) {
      x.set_open("line.sku");
      x.clear_over();
      x.set_closed_when(closed_when);
    };
  };
  EXPECT_TRUE(is_new(open("event.paid > 3.00")));
  EXPECT_TRUE(is_new(open("event.paid > 4.00")));
  EXPECT_TRUE(is_new([](v1::RuleSet& message, v1::Aggregate&) {
    message.mutable_settings()->set_zone("Asia/Tokyo");
  }));
}

TEST_F(CompileRuleSetTest, GivesAggregatesTheTypesOfTheirValues) {
  Edit([](v1::RuleSet& message) {
    auto& aggregates = *message.mutable_schema()->mutable_aggregates();
    aggregates.clear();
    aggregates["a"].set_max("event.paid");
    aggregates["b"].set_first("line.sku");
    aggregates["c"].set_distinct("line.sku");
    aggregates["d"].set_open("line.sku");
    aggregates["e"].set_oldest_open("line.sku");
    aggregates["f"].set_top("line.sku");
    aggregates["f"].set_k(3);
    aggregates["g"].set_decayed("event.paid");
    aggregates["g"].set_half_life("12h");
    aggregates["spend_90d"].set_sum("event.paid");
    for (const char* of_cases : {"d", "e"})
      aggregates[of_cases].set_closed_when("event.paid > 0.00");
    for (auto& [name, aggregate] : aggregates) aggregate.set_of("purchase");
  });
  const CompileResult result = Compile();
  ASSERT_NE(result.rule_set, nullptr);
  std::vector<std::string> types;
  for (const AggregateSpec& aggregate : result.rule_set->schema.aggregates) {
    types.push_back(aggregate.type.ToString());
  }
  EXPECT_THAT(types, ElementsAre("money", "string", "int", "int", "timestamp", "list(string)",
                                 "double", "money"));
  const AggregateSpec& decayed = result.rule_set->schema.aggregates[6];
  EXPECT_EQ(decayed.half_life, 12);
  EXPECT_EQ(decayed.window.unit, TrailingWindow::Unit::kHours);
  EXPECT_EQ(decayed.window.count, 240);
}

TEST_F(CompileRuleSetTest, FindsProductsInListsThroughTheirConstants) {
  Offer("b", R"(applies: automatic
eligible: basket.lines.exists(l, l.sku in list.house)
benefit: { percent_off: 5, lines: line.sku in list.house }
)");
  const CompileResult result = Compile();
  ASSERT_NE(result.rule_set, nullptr);
  const RuleSet& rules = *result.rule_set;
  ASSERT_EQ(rules.lists.size(), 1u);
  EXPECT_TRUE(rules.lists[0]->set->Contains(expr::Value::String("HB-2")));
  std::vector<expr::Value> line(rules.layout->line_row_size());
  expr::Frame frame;
  expr::Scratch scratch;
  const auto chosen = [&](absl::string_view sku) {
    line[kLineSlotSku] = expr::Value::String(sku);
    frame.rows[kLineRow] = line;
    return OfferOf(rules, "b").lines.conjuncts[0].program.Evaluate(frame, scratch).IsTrue();
  };
  EXPECT_TRUE(chosen("HB-1"));
  EXPECT_FALSE(chosen("HB-3"));
}

TEST_F(CompileRuleSetTest, PointsIntoTheFileAtTheOffendingPart) {
  Offer("b", R"(applies: automatic
benefit: { percent_off: 5 }
eligible: customer.known && customer.spend_9d > 1.00
)");
  const Diagnostic finding = OnlyFinding();
  EXPECT_EQ(finding.code, "unknown_name");
  EXPECT_EQ(finding.file, "offers/b.yaml");
  EXPECT_EQ(finding.line, 4);
  EXPECT_EQ(finding.column, 29);
  EXPECT_EQ(
      finding.excerpt.substr(static_cast<size_t>(finding.excerpt_begin) - 1,
                             static_cast<size_t>(finding.excerpt_end - finding.excerpt_begin)),
      "customer.spend_9d");
  EXPECT_THAT(finding.hint, testing::HasSubstr("customer.spend_90d"));
}

TEST_F(CompileRuleSetTest, ListsFindingsInOrderOfFileAndLine) {
  Offer("b", "applies: automatic\nbenefit: { percent_off: 0 }\neligible: channel\n");
  Offer("a", "applies: automatic\nbenefit: { percent_off: 0 }\n");
  File("segments.yaml", "segments:\n  - { name: regular, otherwise: ever }\n");
  EXPECT_THAT(Findings(), ElementsAre("out_of_range at offers[a].benefit.percent_off",
                                      "out_of_range at offers[b].benefit.percent_off",
                                      "wrong_result_type at offers[b].eligible",
                                      "unknown_word at segments[regular].otherwise"));
}

TEST(CompileSampleTest, CompilesTheSampleFolder) {
  const LoadedRuleSet loaded = LoadRuleSetFiles(SampleFolder("sample"));
  const CompileResult result =
      Compile(loaded.message, loaded.sources,
              absl::FromCivil(absl::CivilDay(2026, 11, 22), absl::UTCTimeZone()));
  for (const Diagnostic& diagnostic : result.diagnostics) {
    EXPECT_EQ(diagnostic.severity, Severity::kWarning) << Render(diagnostic);
  }
  EXPECT_NE(result.rule_set, nullptr);
}

TEST(CompileSampleTest, FindsWhatAnEmptyMessageLacksAndNothingElse) {
  const CompileResult result = Compile(v1::RuleSet(), SourceMap(), absl::UnixEpoch());
  std::vector<std::string> paths;
  for (const Diagnostic& diagnostic : result.diagnostics) paths.push_back(diagnostic.field_path);
  EXPECT_THAT(paths, ElementsAre("settings.zone", "settings.currencies", "settings.locales",
                                 "settings.channels", "segments"));
  EXPECT_EQ(result.rule_set, nullptr);
}

TEST(ContentHashTest, IsTheSameForTheSameContentInWhateverOrderItWasBuilt) {
  v1::RuleSet first;
  v1::RuleSet second;
  for (int i = 0; i < 50; ++i) {
    (*first.mutable_campaigns())[std::to_string(i)].set_owner("own");
    (*second.mutable_campaigns())[std::to_string(49 - i)].set_owner("own");
  }
  EXPECT_EQ(ContentHash(first), ContentHash(second));
  (*second.mutable_campaigns())["7"].set_owner("other");
  EXPECT_NE(ContentHash(first), ContentHash(second));
}

TEST(ContentHashTest, IsSha256) {
  EXPECT_EQ(ContentHash(v1::RuleSet()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace touchstone::rules
