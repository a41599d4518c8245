#include "tests/rules/facts/event_facts.h"

#include <gtest/gtest.h>

#include <utility>

#include "rules/expr/checker.h"
#include "rules/expr/parser.h"
#include "rules/facts/layout.h"

namespace touchstone::rules {
namespace {

AttributeSpec Field(const std::string& name, expr::Type type) {
  AttributeSpec spec;
  spec.name = name;
  spec.type = std::move(type);
  spec.optional = true;
  return spec;
}

struct Compiled {
  std::optional<expr::Program> program;
  expr::Type type;
};

Compiled Compile(absl::string_view text, const expr::Environment& environment) {
  expr::ParseResult parsed = expr::Parse(text);
  EXPECT_NE(parsed.expr, nullptr) << text;
  EXPECT_TRUE(expr::Check(*parsed.expr, environment, std::nullopt).empty()) << text;
  return {*expr::Program::Compile(*parsed.expr, environment), parsed.expr->type};
}

bool ReadsLines(const expr::Program& program) {
  for (const expr::Slot slot : program.slots()) {
    if (slot.row == kLineRow) return true;
  }
  return false;
}

}  // namespace

absl::TimeZone ZoneNamed(const std::string& name) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone(name, &zone)) << name;
  return zone;
}

Currency CurrencyOf(absl::string_view code) { return *Currency::FromCode(code); }

std::unique_ptr<Schema> PurchaseSchema(const std::string& zone) {
  auto schema = std::make_unique<Schema>();
  schema->zone = ZoneNamed(zone);
  schema->currencies = {CurrencyOf("EUR"), CurrencyOf("CHF")};
  schema->product.columns = {
      Field("categories", expr::Type::List(expr::Type(expr::TypeKind::kString)))};
  EventSpec purchase;
  purchase.name = "purchase";
  purchase.fields = {Field("paid", expr::Type(expr::TypeKind::kMoney))};
  purchase.line_fields = {Field("quantity", expr::Type(expr::TypeKind::kDecimal)),
                          Field("sku", expr::Type(expr::TypeKind::kString))};
  schema->events.push_back(std::move(purchase));
  return schema;
}

AggregateSpec& AddAggregate(Schema& schema, const std::string& name, AggregateFunction function,
                            absl::string_view operand, absl::string_view where,
                            TrailingWindow window) {
  const expr::Environment environment = EventEnvironment(schema, schema.events[0]);
  AggregateSpec& spec = schema.aggregates.emplace_back();
  spec.name = name;
  spec.id = StableId(name);
  spec.function = function;
  spec.event_type = "purchase";
  spec.window = window;
  spec.currency = schema.currencies[0];
  spec.type = expr::Type(expr::TypeKind::kInt);
  if (!operand.empty()) {
    Compiled compiled = Compile(operand, environment);
    spec.operand = std::move(compiled.program);
    spec.operand_type = compiled.type;
    if (!IsCount(function)) spec.type = compiled.type;
    spec.per_line = ReadsLines(*spec.operand);
  }
  if (!where.empty()) {
    spec.where = Compile(where, environment).program;
    spec.per_line = spec.per_line || ReadsLines(*spec.where);
  }
  return spec;
}

Purchase::Purchase(const Schema& schema, absl::Time time, Money paid,
                   std::vector<PurchaseLine> lines)
    : lines_(std::move(lines)) {
  row_ = {expr::Value::Absent(), expr::Value::OfMoney(paid)};
  for (const PurchaseLine& line : lines_) {
    line_rows_.push_back(
        {expr::Value::OfDecimal(Decimal{line.thousandths}), expr::Value::String(line.sku)});
  }
  for (const std::vector<expr::Value>& line_row : line_rows_) line_spans_.push_back(line_row);
  facts_.type = &schema.events[0];
  facts_.time = time;
  facts_.row = row_;
  facts_.lines = line_spans_;
}

const ReferenceTable& Products() {
  static const auto& kProducts = *[] {
    auto* products = new ReferenceTable(1);
    for (const auto& [sku, category] : {std::pair{"BEANS", "coffee"}, std::pair{"TEA", "tea"}}) {
      const expr::Value categories = expr::Value::String(category);
      const expr::ListData list{&categories, 1, nullptr};
      const expr::Value row[] = {expr::Value::List(&list)};
      EXPECT_TRUE(products->Add(sku, row).ok());
    }
    return products;
  }();
  return kProducts;
}

}  // namespace touchstone::rules
