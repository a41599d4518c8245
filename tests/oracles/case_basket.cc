#include "tests/oracles/case_basket.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "rules/decide/decide.h"
#include "rules/money/fixed_point.h"
#include "tests/oracles/case_conditions.h"
#include "tests/oracles/case_rules.h"

namespace touchstone::rules {
namespace {

using expr::Value;

constexpr char kAnyPrice[] = "100.00";
constexpr size_t kPriceDecimals = 4;

// Some cases come to their unit price by dividing: what is beyond our decimals is left out.
absl::StatusOr<int64_t> PriceE4(const std::string& text) {
  const size_t point = text.find('.');
  const std::string kept =
      point == std::string::npos ? text : text.substr(0, point + 1 + kPriceDecimals);
  return ParseFixedPoint(kept, kPriceDecimals);
}

}  // namespace

CaseBasket::CaseBasket(const PromotionCase& test, const RuleSet& rule_set)
    : test_(test), rule_set_(rule_set), facts_(rule_set.layout->decision_row_size()) {
  reference_.version = "case";
  reference_.products = ReferenceTable(rule_set.schema.product.columns.size());
  reference_.stores = ReferenceTable(rule_set.schema.store.columns.size());
  GiveRequestFacts();
}

void CaseBasket::GiveRequestFacts() {
  const std::vector<AttributeSpec>& request = rule_set_.schema.request;
  for (size_t i = 0; i < request.size(); ++i) {
    Value& fact = facts_[rule_set_.layout->request_slot(i)];
    int64_t number = 0;
    if (request[i].name == kShippingMethodFact && !test_.shipping_method.empty()) {
      fact = Value::String(test_.shipping_method);
    }
    if (request[i].name == kOrderNumberFact &&
        absl::SimpleAtoi(test_.customer_order_number, &number)) {
      fact = Value::Int(number);
    }
  }
}

absl::Status CaseBasket::AddCart() {
  absl::Status status;
  for (const CartLine& line : test_.cart) status.Update(AddLine(line));
  for (const ShippingMethod& method : test_.shipping) status.Update(AddDelivery(method));
  return status;
}

absl::Status CaseBasket::AddGift(const std::string& item, const std::string& unit_price,
                                 int64_t units) {
  CartLine gift;
  gift.item = item;
  gift.unit_price = unit_price;
  gift.quantity = absl::StrCat(units);
  return AddLine(gift);
}

absl::Status CaseBasket::AddLine(const CartLine& cart_line) {
  const absl::Status added = Append(cart_line.item, cart_line, BasketLine());
  if (added.ok()) GiveProduct(cart_line);
  return added;
}

absl::Status CaseBasket::AddDelivery(const ShippingMethod& method) {
  CartLine charge;
  charge.quantity = "1";
  charge.unit_price = method.fee;
  BasketLine line;
  line.merchandise = false;
  line.is_delivery = true;
  return Append(method.method, charge, line);
}

absl::Status CaseBasket::Append(const std::string& name, const CartLine& priced, BasketLine line) {
  const absl::StatusOr<Decimal> quantity = ParseDecimal(priced.quantity);
  const absl::StatusOr<int64_t> price =
      PriceE4(priced.unit_price.empty() ? kAnyPrice : priced.unit_price);
  if (!quantity.ok()) return quantity.status();
  if (!price.ok()) return price.status();
  line.quantity = *quantity;
  line.unit_price_e4 = *price;
  if (!priced.min_unit_price.empty()) {
    const absl::StatusOr<int64_t> floor = PriceE4(priced.min_unit_price);
    if (!floor.ok()) return floor.status();
    line.floor_price_e4 = *floor;
  }
  // Ids that sort as the lines stand.
  line.line_id = Keep(absl::StrFormat("line-%04d", lines_.size() + 1));
  lines_.push_back(line);
  names_.push_back(name);
  line_facts_.push_back({Keep(name), {}});
  return absl::OkStatus();
}

// A child is found under what its parents are called, too.
void CaseBasket::GiveProduct(const CartLine& cart_line) {
  std::vector<absl::string_view>& categories = categories_.emplace_back();
  std::vector<Value>& skus = skus_.emplace_back();
  for (const CartLine* line = &cart_line; line != nullptr;) {
    for (const std::string& category : line->categories) categories.push_back(category);
    skus.push_back(Value::String(Keep(line->item)));
    const std::string& parent = line->parent_item;
    line = nullptr;
    if (parent.empty() || skus.size() > test_.cart.size()) continue;
    for (const CartLine& other : test_.cart) {
      if (other.item == parent) line = &other;
    }
    if (line == nullptr) skus.push_back(Value::String(Keep(parent)));
  }
  sku_lists_.push_back({skus.data(), static_cast<uint32_t>(skus.size()), nullptr});
  products_.push_back(Value::List(&sku_lists_.back()));
  line_facts_.back().caller_categories = categories;
  line_facts_.back().caller_product = absl::MakeConstSpan(&products_.back(), 1);
}

DecisionInput CaseBasket::Input() const {
  DecisionInput input;
  input.reference = &reference_;
  input.facts = facts_;
  input.basket.currency = Currency::FromCode(CurrencyOf(test_)).value();
  input.basket.lines = lines_;
  input.line_facts = line_facts_;
  input.decision_id = test_.id;
  input.locale = "en";
  input.now = absl::FromCivil(absl::CivilDay(2026, 11, 23), absl::UTCTimeZone());
  input.step_limit = kDefaultDecisionStepLimit;
  return input;
}

}  // namespace touchstone::rules
