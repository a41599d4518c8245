#include <gtest/gtest.h>

#include <cstdint>

#include "tests/heap_allocations.h"
#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

using expr::Value;

TEST(DecideMemoryTest, AllocatesNothingOnceItHasSeenSuchADecision) {
  const TestRules rules = LoadGrocery({R"(
offer: beans-20
applies: automatic
window: { hours: "07:00-11:00", zone: store }
eligible: customer.segment == "loyal" && basket.lines.exists(line, line.sku in list.house)
benefit: { percent_off: 20, lines: '"coffee.beans" in line.categories' }
limits: [{ id: weekly, at_most: 3, per: customer, over: calendar_week }]
value: 0.2 * double(basket.net)
treatments:
  receipt: { text: "{customer.first_name}, {benefit.amount} off {customer.spend_90d}" }
)",
                                       R"(
offer: call-her
applies: never
window: { hours: "07:00-20:00", zone: customer }
value: 1
treatments: { screen: { text: "{customer.visits_30d} visits until {customer.last_purchase}" } }
)"});
  Scene scene(rules);
  scene.Customer();
  scene.Fact("customer.spend_90d", Euro(123'456'789'012));
  scene.Fact("customer.zone", Value::String("America/Argentina/Buenos_Aires"));
  scene.Fact("customer.first_name", Value::String("Wolfeschlegelsteinhausen"));
  scene.Fact("customer.last_purchase", Value::Timestamp(scene.input.now));
  for (int i = 0; i < 20; ++i) {
    scene.Line(i % 2 == 0 ? "BEANS" : "BREAD", 123'456);
    scene.Contacted(i % 3 == 0 ? "beans-20" : "call-her", ContactKind::kShown, "2026-11-25T12:00");
  }
  scene.line_facts[0].sku = "UNKNOWN";
  const absl::string_view categories[] = {"coffee.beans"};
  scene.line_facts[0].caller_categories = categories;
  scene.input.now = At("2026-11-26T10:30");
  const DecisionInput input = scene.Input();
  DecisionScratch scratch;
  const int64_t before_warm_up = tests::HeapAllocations();
  const Decision& decision = Decide(*rules.compiled, input, scratch);
  const int64_t after_warm_up = tests::HeapAllocations();
  EXPECT_GT(after_warm_up, before_warm_up);
  EXPECT_TRUE(decision.offers[rules.Offer("beans-20")].applied);
  const int64_t before_again = tests::HeapAllocations();
  Decide(*rules.compiled, input, scratch);
  EXPECT_EQ(tests::HeapAllocations(), before_again);
}

}  // namespace
}  // namespace touchstone::rules
