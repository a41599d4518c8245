#include "tests/oracles/promotion_case.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/oracles/json_fields.h"

namespace touchstone::rules {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

CartLine ReadCartLine(JsonFields json) {
  CartLine line;
  line.item = json.Text("item");
  line.quantity = json.Text("quantity");
  line.unit_price = json.Text("unit_price");
  line.min_unit_price = json.Text("min_unit_price");
  line.categories = json.Texts("categories");
  line.parent_item = json.Text("parent_item");
  json.Ignore("tax_rate_percent");  // what is net of tax is not asserted
  json.Done();
  return line;
}

LineFilter ReadFilter(JsonFields& json) {
  LineFilter filter;
  filter.products_any = json.Texts("products_any");
  filter.categories_any = json.Texts("categories_any");
  filter.shipping_methods_any = json.Texts("shipping_methods_any");
  filter.unit_price_min = json.Text("unit_price_min");
  filter.unit_price_max = json.Text("unit_price_max");
  return filter;
}

LineFilter ReadFilterOf(JsonFields& json) {
  LineFilter filter;
  for (JsonFields& each : json.Objects("filter", "a filter")) {
    filter = ReadFilter(each);
    each.Done();
  }
  return filter;
}

SetHalf ReadSetHalf(JsonFields& json, const std::string& key) {
  SetHalf half;
  for (JsonFields& each : json.Objects(key, key)) {
    half.filter = ReadFilter(each);
    const int64_t at_least = each.Int("quantity_min");
    half.at_least = at_least > 0;
    half.quantity = each.Int("quantity", half.at_least ? at_least : 1);
    each.Done();
  }
  return half;
}

PromotionTier ReadTier(JsonFields json) {
  PromotionTier tier;
  tier.items_total_min = json.Text("items_total_min");
  tier.amount_min = json.Text("amount_min");
  tier.eligible_quantity_min = json.Int("eligible_quantity_min");
  tier.percent = json.Text("percent");
  tier.value = json.Text("value");
  json.Done();
  return tier;
}

PromotionBenefit ReadBenefit(JsonFields json) {
  PromotionBenefit benefit;
  benefit.target = json.Text("target");
  benefit.kind = json.Text("kind");
  benefit.value = json.Text("value");
  benefit.filter = ReadFilterOf(json);
  benefit.allocation = json.Text("allocation");
  benefit.max_units = json.Int("max_units");
  benefit.max_amount = json.Text("max_amount");
  benefit.only_complete_groups_of = json.Int("only_complete_groups_of");
  for (const JsonFields& tier : json.Objects("tiers", "a tier")) {
    benefit.tiers.push_back(ReadTier(tier));
  }
  benefit.buy = ReadSetHalf(json, "buy");
  benefit.get = ReadSetHalf(json, "get");
  benefit.first = json.Text("first");
  benefit.additional = json.Text("additional");
  for (JsonFields& gift : json.Objects("gift", "a gift")) {
    benefit.gift_item = gift.Text("item");
    benefit.gift_unit_price = gift.Text("unit_price");
    gift.Done();
  }
  benefit.per_qualifying_unit = json.Flag("per_qualifying_unit");
  json.Done();
  return benefit;
}

// The value of a condition is a threshold, a list of names or an object with both.
PromotionCondition ReadCondition(JsonFields& json, const std::string& kind, element value,
                                 std::vector<std::string>& unknown) {
  PromotionCondition condition;
  condition.kind = kind;
  if (value.is_array()) condition.names = JsonTexts(value);
  if (!value.is_array() && !value.is_object()) condition.threshold = JsonText(value);
  for (JsonFields& both : json.Objects(kind, "the condition " + kind)) {
    for (const auto& [key, part] : both.Members()) {
      if (absl::StartsWith(key, "amount") || absl::StartsWith(key, "quantity")) {
        condition.threshold = JsonText(part);
      } else if (absl::StartsWith(key, "categor") || absl::StartsWith(key, "product")) {
        condition.names = JsonTexts(part);
      } else {
        unknown.push_back(absl::StrCat("`", key, "` of the condition ", kind));
      }
    }
  }
  return condition;
}

// What promotions of the basket and of the catalogue have in common.
Promotion ReadPromotion(JsonFields& json) {
  Promotion promotion;
  promotion.id = json.Text("id");
  promotion.priority = json.Int("priority");
  promotion.stage = json.Int("stage");
  promotion.exclusive = json.Flag("exclusive");
  promotion.active = json.Flag("active", true);
  return promotion;
}

Promotion ReadCatalogPromotion(JsonFields json) {
  Promotion promotion = ReadPromotion(json);
  PromotionBenefit& benefit = promotion.benefits.emplace_back();
  benefit.target = "shelf";
  benefit.kind = json.Text("kind");
  benefit.value = json.Text("value");
  benefit.filter = ReadFilterOf(json);
  json.Done();
  return promotion;
}

Promotion ReadBasketPromotion(JsonFields json, std::vector<std::string>& unknown) {
  Promotion promotion = ReadPromotion(json);
  promotion.applies_to_already_discounted_items =
      json.Flag("applies_to_already_discounted_items", true);
  for (JsonFields& each : json.Objects("conditions", "a condition")) {
    for (const auto& [kind, value] : each.Members()) {
      promotion.conditions.push_back(ReadCondition(each, kind, value, unknown));
    }
  }
  for (const JsonFields& benefit : json.Objects("benefits", "a benefit")) {
    promotion.benefits.push_back(ReadBenefit(benefit));
  }
  json.Done();
  return promotion;
}

void ReadExpected(element value, std::vector<std::string>& path,
                  std::vector<Assertion>& assertions) {
  object members;
  if (value.get(members) != simdjson::SUCCESS) {
    assertions.push_back({path, JsonTexts(value)});
    return;
  }
  for (const auto& member : members) {
    path.emplace_back(member.key);
    ReadExpected(member.value, path, assertions);
    path.pop_back();
  }
}

// Which shipping method the customer chose stands in the notes.
std::string ChosenMethod(const std::string& notes) {
  constexpr absl::string_view kChosen = "chosen shipping method ";
  const size_t begin = notes.find(kChosen.data());
  if (begin == std::string::npos) return "";
  const std::string rest = notes.substr(begin + kChosen.size());
  return rest.substr(0, rest.find_first_of(" ,;."));
}

void ReadShipping(JsonFields& json, PromotionCase& test) {
  test.shipping_method = ChosenMethod(json.Text("notes"));
  const std::string fee = json.Text("shipping_fee");
  if (!fee.empty()) {
    test.shipping.push_back(
        {test.shipping_method.empty() ? "shipping" : test.shipping_method, fee});
  }
  for (JsonFields& method : json.Objects("shipping_methods", "a shipping method")) {
    test.shipping.push_back({method.Text("method"), method.Text("fee")});
    method.Done();
  }
}

void ReadPromotions(JsonFields& json, PromotionCase& test) {
  for (const JsonFields& each : json.Objects("catalog_promotions", "a catalogue promotion")) {
    test.catalog_promotions.push_back(ReadCatalogPromotion(each));
  }
  for (const JsonFields& each : json.Objects("promotions", "a promotion")) {
    test.promotions.push_back(ReadBasketPromotion(each, test.unknown));
  }
}

}  // namespace

bool PromotionCase::HasTag(absl::string_view tag) const {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

absl::StatusOr<PromotionCase> ReadPromotionCase(absl::string_view line) {
  simdjson::dom::parser parser;
  object members;
  const simdjson::padded_string padded(line.data(), line.size());
  if (parser.parse(padded).get(members) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError("not a JSON object");
  }
  PromotionCase test;
  JsonFields json(members, "the case", test.unknown);
  test.id = json.Text("id");
  test.platform = json.Text("platform");
  test.currency = json.Text("currency");
  for (const JsonFields& each : json.Objects("cart", "a line")) {
    test.cart.push_back(ReadCartLine(each));
  }
  ReadShipping(json, test);
  ReadPromotions(json, test);
  // A customer of whom nothing is said places the first.
  test.customer_order_number = absl::StrCat(json.Int("customer_order_number", 1));
  const std::optional<element> expected = json.Find("expected");
  std::vector<std::string> path;
  if (expected.has_value()) ReadExpected(*expected, path, test.expected);
  test.tags = json.Texts("tags");
  const std::string tax_rate = json.Text("tax_rate_percent");
  if (!json.Flag("prices_include_tax")) test.tax_rate_percent = tax_rate;
  json.Ignore("source");
  json.Done();
  return test;
}

}  // namespace touchstone::rules
