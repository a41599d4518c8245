#include "rules/facts/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "rules/expr/checker.h"
#include "rules/expr/parser.h"

namespace touchstone::rules {
namespace {

using expr::Type;
using expr::TypeKind;
using testing::HasSubstr;
using testing::IsEmpty;

AttributeSpec Attribute(const std::string& name, TypeKind kind, bool optional = true) {
  AttributeSpec spec;
  spec.name = name;
  spec.type = Type(kind);
  spec.optional = optional;
  spec.id = StableId(name);
  return spec;
}

expr::Program Compiled(absl::string_view text, const expr::Environment& environment) {
  expr::ParseResult parsed = expr::Parse(text);
  EXPECT_NE(parsed.expr, nullptr) << text;
  EXPECT_THAT(expr::Check(*parsed.expr, environment, std::nullopt), IsEmpty()) << text;
  return *expr::Program::Compile(*parsed.expr, environment);
}

class LayoutTest : public testing::Test {
 protected:
  LayoutTest() {
    schema_.customer = {Attribute("allergies", TypeKind::kString),
                        Attribute("tier", TypeKind::kString)};
    schema_.customer[1].enum_values = {"none", "gold"};
    schema_.aggregates.resize(1);
    schema_.aggregates[0].name = "visits_30d";
    schema_.aggregates[0].type = Type(TypeKind::kInt);
    schema_.aggregates[0].id = StableId("visits_30d");
    schema_.request = {Attribute("weather", TypeKind::kString, false)};
    schema_.store.columns = {Attribute("region", TypeKind::kString)};
    schema_.product.columns = {Attribute("brand", TypeKind::kString),
                               Attribute("tobacco", TypeKind::kBool)};
    AddComputed("customer.regular", "customer.visits_30d > 2", true);
    AddComputed("request.wet", "request.weather == 'rain'", false);
    names_.segments = {"loyal", "regular"};
    names_.channels = {"pos", "web"};
  }

  void AddComputed(const std::string& name, absl::string_view text, bool personal) {
    const FactLayout layout(schema_);
    ComputedSpec spec;
    spec.name = name;
    spec.type = Type(TypeKind::kBool);
    spec.program = Compiled(text, layout.EnvironmentFor(Scope::kComputed, names_));
    spec.personal = personal;
    schema_.computed.push_back(std::move(spec));
  }

  // The first finding in a scope, "" when there is none.
  std::string Finding(Scope scope, absl::string_view text) {
    const FactLayout layout(schema_);
    expr::ParseResult parsed = expr::Parse(text);
    if (parsed.expr == nullptr) return "syntax";
    const expr::Issues issues =
        expr::Check(*parsed.expr, layout.EnvironmentFor(scope, names_), std::nullopt);
    return issues.empty() ? "" : issues[0].message;
  }

  Schema schema_;
  RuleSetNames names_;
};

TEST_F(LayoutTest, GivesEveryFactASlotOfItsOwnUnderItsName) {
  const FactLayout layout(schema_);
  EXPECT_EQ(layout.NameOf({kDecisionRow, kSlotSegment}), "customer.segment");
  EXPECT_EQ(layout.NameOf({kDecisionRow, layout.customer_slot(1)}), "customer.tier");
  EXPECT_EQ(layout.NameOf({kDecisionRow, layout.aggregate_slot(0)}), "customer.visits_30d");
  EXPECT_EQ(layout.NameOf({kDecisionRow, layout.request_slot(0)}), "request.weather");
  EXPECT_EQ(layout.NameOf({kDecisionRow, layout.store_slot(0)}), "store.region");
  EXPECT_EQ(layout.NameOf({kDecisionRow, layout.computed_slot(1)}), "request.wet");
  EXPECT_EQ(layout.NameOf({kLineRow, layout.product_slot(1)}), "line.product.tobacco");
  EXPECT_EQ(layout.NameOf({kDecisionRow, layout.decision_row_size()}), "");
  EXPECT_EQ(layout.decision_row_size(), kBuiltinSlots + 2 + 1 + 1 + 1 + 2);
  EXPECT_EQ(layout.line_row_size(), kBuiltinLineSlots + 2);
  std::set<absl::string_view> names;
  for (uint16_t i = 0; i < layout.decision_row_size(); ++i) {
    EXPECT_TRUE(names.insert(layout.NameOf({kDecisionRow, i})).second);
  }
}

TEST_F(LayoutTest, ListsStoredSlotsInOrderOfTheirIds) {
  const FactLayout layout(schema_);
  ASSERT_EQ(layout.stored_slots().size(), 3u);
  uint32_t previous = 0;
  for (const StoredSlot& stored : layout.stored_slots()) {
    EXPECT_GT(stored.id, previous);
    previous = stored.id;
    const std::string& name = stored.is_aggregate ? schema_.aggregates[stored.index].name
                                                  : schema_.customer[stored.index].name;
    EXPECT_EQ(stored.id, StableId(name));
    EXPECT_EQ(layout.NameOf({kDecisionRow, stored.slot}), "customer." + name);
  }
}

TEST_F(LayoutTest, CallsPersonalWhatIsKnownOfTheCustomerAlone) {
  const FactLayout layout(schema_);
  EXPECT_FALSE(layout.IsPersonal({kDecisionRow, kSlotKnown}));
  EXPECT_TRUE(layout.IsPersonal({kDecisionRow, kSlotSegment}));
  EXPECT_TRUE(layout.IsPersonal({kDecisionRow, layout.customer_slot(0)}));
  EXPECT_TRUE(layout.IsPersonal({kDecisionRow, layout.aggregate_slot(0)}));
  EXPECT_TRUE(layout.IsPersonal({kDecisionRow, layout.computed_slot(0)}));
  EXPECT_FALSE(layout.IsPersonal({kDecisionRow, layout.computed_slot(1)}));
  EXPECT_FALSE(layout.IsPersonal({kDecisionRow, layout.request_slot(0)}));
  EXPECT_FALSE(layout.IsPersonal({kDecisionRow, layout.store_slot(0)}));
  EXPECT_FALSE(layout.IsPersonal({kDecisionRow, kSlotBasketNet}));
  EXPECT_FALSE(layout.IsPersonal({kLineRow, kLineSlotSku}));
}

TEST_F(LayoutTest, SaysWhereANameIsKnownThatThisScopeDoesNotHave) {
  EXPECT_EQ(Finding(Scope::kRequires, "basket.net > 10.00"), "");
  EXPECT_THAT(Finding(Scope::kEligible, "basket.net > 10.00"),
              HasSubstr("basket.net is known only in `requires` and `value`"));
  EXPECT_EQ(Finding(Scope::kEligible, "basket.gross > 10.00 && channel == 'pos'"), "");
  EXPECT_THAT(Finding(Scope::kSegment, "basket.gross > 10.00"), HasSubstr("conditions of offers"));
  EXPECT_THAT(Finding(Scope::kSegment, "channel == 'pos'"), HasSubstr("conditions of offers"));
  EXPECT_THAT(Finding(Scope::kSegment, "customer.segment == 'loyal'"), HasSubstr("segments"));
  EXPECT_EQ(Finding(Scope::kLimit, "customer.segment == 'loyal'"), "");
  EXPECT_THAT(Finding(Scope::kEligible, "line.sku == 'A'"), HasSubstr("`lines`"));
  EXPECT_EQ(Finding(Scope::kLine, "line.sku == 'A' && customer.tier == 'gold'"), "");
  EXPECT_EQ(Finding(Scope::kEveryLine, "line.product.tobacco"), "");
  EXPECT_THAT(Finding(Scope::kEveryLine, "customer.tier == 'gold'"), HasSubstr("never_discount"));
  EXPECT_EQ(Finding(Scope::kComputed, "customer.regular && now > timestamp(0)"), "");
}

TEST_F(LayoutTest, KnowsTheWordsOfEnumeratedFacts) {
  EXPECT_EQ(Finding(Scope::kEligible, "customer.segment == 'anonymous'"), "");
  EXPECT_NE(Finding(Scope::kEligible, "customer.segment == 'loyl'"), "");
  EXPECT_NE(Finding(Scope::kEligible, "channel == 'shop'"), "");
  EXPECT_NE(Finding(Scope::kEligible, "direction == 'in'"), "");
  EXPECT_NE(Finding(Scope::kEligible, "customer.tier == 'platinum'"), "");
  EXPECT_NE(Finding(Scope::kLine, "line.price_source == 'sale'"), "");
}

TEST_F(LayoutTest, ShowsALineRowAsTheRecordOfBasketLines) {
  const FactLayout layout(schema_);
  std::vector<expr::Value> line(layout.line_row_size());
  line[kLineSlotSku] = expr::Value::String("BEANS");
  line[layout.product_slot(0)] = expr::Value::String("Alto");
  line[kLineSlotProduct] = expr::Value::Record(line.data() + kBuiltinLineSlots, 2);
  const expr::Value element = expr::Value::Record(line.data(), kBuiltinLineSlots);
  const expr::ListData lines{&element, 1, nullptr};
  std::vector<expr::Value> row(layout.decision_row_size());
  row[kSlotBasketLines] = expr::Value::List(&lines);
  expr::Frame frame;
  frame.rows[kDecisionRow] = row;
  frame.rows[kLineRow] = line;
  expr::Scratch scratch;
  const expr::Environment environment = layout.EnvironmentFor(Scope::kLine, names_);
  const auto holds = [&](absl::string_view text) {
    return Compiled(text, environment).Evaluate(frame, scratch).IsTrue();
  };
  EXPECT_TRUE(holds("basket.lines.exists(l, l.sku == 'BEANS' && l.product.brand == 'Alto')"));
  EXPECT_FALSE(holds("basket.lines.exists(l, l.product.brand == 'Basso')"));
  EXPECT_TRUE(holds("line.product.brand == 'Alto' && !has(line.product.tobacco)"));
}

}  // namespace
}  // namespace touchstone::rules
