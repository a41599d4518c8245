#include "rules/proof/product_probe.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/proof/golden_scene.h"

namespace touchstone::rules {

using expr::Value;

ProductProbe::ProductProbe(const v1::RuleSet& message, const RuleSet& rule_set, int most_probes)
    : rule_set_(rule_set),
      currency_(rule_set.schema.currencies.front()),
      decision_row_(rule_set.layout->decision_row_size()),
      probes_left_(most_probes) {
  std::vector<GoldenFailure> failures;  // of rows that golden tests report
  reference_ = TestReference(message, rule_set, failures);
  for (const v1::ReferenceRow& row : message.test_reference()) {
    const Value* columns = row.table() == "product" ? reference_.products.Find(row.key()) : nullptr;
    if (columns != nullptr) products_.push_back({row.key(), columns, {}, {}, true});
  }
  ReadPrices(message);
  for (Product& product : products_) {
    product.cost_minor = MoneyIn(product, "cost");
    if (const auto price = MoneyIn(product, "price")) product.price_minor = price;
  }
  if (!rule_set.has_never_discount) return;
  for (Product& product : products_) {
    product.is_merchandise = !Selects(rule_set.never_discount, product);
  }
}

void ProductProbe::ReadPrices(const v1::RuleSet& message) {
  absl::flat_hash_map<absl::string_view, Product*> by_sku;
  for (Product& product : products_) by_sku.emplace(product.sku, &product);
  absl::flat_hash_map<absl::string_view, std::string> store_currency;
  for (const v1::ReferenceRow& row : message.test_reference()) {
    const auto currency = row.fields().find("currency");
    if (row.table() == "store" && currency != row.fields().end()) {
      store_currency.emplace(row.key(), currency->second.text());
    }
  }
  for (const v1::GoldenTest& test : message.tests()) {
    std::string code = test.given().currency();
    const auto store = store_currency.find(test.store());
    if (code.empty() && store != store_currency.end()) code = store->second;
    if (!code.empty() && currency_.code() != code) continue;
    for (const v1::GoldenLine& line : test.given().basket()) {
      const auto product = by_sku.find(line.sku());
      const absl::StatusOr<Money> price = ParseAmount(line.price(), currency_);
      const bool regular = line.price_source().empty() || line.price_source() == "regular";
      if (product == by_sku.end() || !price.ok() || !regular) continue;
      std::optional<int64_t>& known = product->second->price_minor;
      known = std::max(known.value_or(0), price->amount_minor);
    }
  }
}

std::optional<int64_t> ProductProbe::MoneyIn(const Product& product,
                                             absl::string_view column) const {
  const std::vector<AttributeSpec>& columns = rule_set_.schema.product.columns;
  for (size_t i = 0; i < columns.size(); ++i) {
    const Value& value = product.columns[i];
    if (columns[i].name != column || value.kind() != expr::Kind::kMoney) continue;
    if (value.money_value().currency == currency_) return value.money_value().amount_minor;
  }
  return std::nullopt;
}

bool ProductProbe::Selects(const Condition& lines, const Product& product) {
  const FactLayout& layout = *rule_set_.layout;
  std::vector<Value> row(layout.line_row_size());
  row[kLineSlotSku] = Value::String(product.sku);
  row[kLineSlotQuantity] = Value::OfDecimal(Decimal{1000});
  if (product.price_minor) {
    row[kLineSlotUnitPrice] = Value::OfMoney({*product.price_minor, currency_});
    row[kLineSlotGross] = row[kLineSlotUnitPrice];
  }
  row[kLineSlotPriceSource] = Value::String("regular");
  const auto columns = static_cast<uint32_t>(rule_set_.schema.product.columns.size());
  std::copy_n(product.columns, columns, row.begin() + kBuiltinLineSlots);
  row[kLineSlotProduct] = Value::Record(row.data() + kBuiltinLineSlots, columns);
  if (const auto categories = layout.categories_column()) {
    row[kLineSlotCategories] = product.columns[*categories];
  }
  expr::Frame frame;
  frame.rows[kDecisionRow] = decision_row_;
  frame.rows[kLineRow] = row;
  frame.zone = rule_set_.schema.zone;
  for (const Condition::Conjunct& conjunct : lines.conjuncts) {
    scratch_.Reset();
    const Value value = conjunct.program.Evaluate(frame, scratch_);
    if (value.kind() == expr::Kind::kBool && !value.bool_value()) return false;
    // An error is for others to decide where they are asked, and not what never counts.
    if (value.kind() == expr::Kind::kError && &lines == &rule_set_.never_discount) return false;
  }
  return true;
}

const std::vector<uint32_t>& ProductProbe::Selected(const Condition& lines) {
  std::string text;
  for (const Condition::Conjunct& conjunct : lines.conjuncts) {
    absl::StrAppend(&text, conjunct.text, "\n");
  }
  const auto [entry, is_new] = by_text_.try_emplace(std::move(text));
  if (!is_new || probes_left_ <= 0) return entry->second;
  probes_left_ -= static_cast<int>(products_.size());
  for (uint32_t i = 0; i < products_.size(); ++i) {
    if (products_[i].is_merchandise && Selects(lines, products_[i])) entry->second.push_back(i);
  }
  return entry->second;
}

}  // namespace touchstone::rules
