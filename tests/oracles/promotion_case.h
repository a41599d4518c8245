#pragma once

// A case of basket arithmetic that other people wrote, as its file tells it: a cart, promotions and
// what they come to. The README beside the shared cases says what each member means.
//
// Plain data. Amounts, percentages and quantities are the text of the file; "" is not given.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace touchstone::rules {

struct CartLine {
  std::string item;
  std::string quantity;
  std::string unit_price;  // "": any will do
  std::string min_unit_price;
  std::vector<std::string> categories;
  std::string parent_item;
};

struct ShippingMethod {
  std::string method;
  std::string fee;
};

// Which lines a benefit is about; nothing given: all.
struct LineFilter {
  std::vector<std::string> products_any;
  std::vector<std::string> categories_any;
  std::vector<std::string> shipping_methods_any;
  std::string unit_price_min;
  std::string unit_price_max;
};

// What is to be bought, or is got for it.
struct SetHalf {
  LineFilter filter;
  int64_t quantity = 1;
  bool at_least = false;  // once, however many more there are
};

struct PromotionTier {
  std::string items_total_min;
  std::string amount_min;
  int64_t eligible_quantity_min = 0;
  std::string percent;
  std::string value;
};

struct PromotionBenefit {
  std::string target;  // also `shelf`, of a catalogue promotion
  std::string kind;
  std::string value;
  LineFilter filter;
  std::string allocation;
  int64_t max_units = 0;  // 0: no limit
  std::string max_amount;
  int64_t only_complete_groups_of = 0;
  std::vector<PromotionTier> tiers;
  SetHalf buy;
  SetHalf get;
  std::string first;
  std::string additional;
  std::string gift_item;
  std::string gift_unit_price;
  bool per_qualifying_unit = false;
};

struct PromotionCondition {
  std::string kind;
  std::vector<std::string> names;  // of products, categories, shipping methods
  std::string threshold;
};

struct Promotion {
  std::string id;
  int64_t priority = 0;
  int64_t stage = 0;
  bool exclusive = false;
  bool active = true;
  bool applies_to_already_discounted_items = true;
  std::vector<PromotionCondition> conditions;
  std::vector<PromotionBenefit> benefits;
};

// One value of `expected`, or a list of them: {"line_discount", "item-A"} is {"10.00"}.
struct Assertion {
  std::vector<std::string> path;
  std::vector<std::string> values;
};

struct PromotionCase {
  std::string id;
  std::string platform;
  std::string currency;
  std::vector<CartLine> cart;
  std::vector<ShippingMethod> shipping;
  std::string shipping_method;  // the chosen one, where the case says so
  std::string customer_order_number;
  std::vector<Promotion> catalog_promotions;
  std::vector<Promotion> promotions;
  std::vector<Assertion> expected;
  std::vector<std::string> tags;
  std::string tax_rate_percent;  // of a cart whose prices are before tax
  // Members that the runner does not know: the case cannot be judged.
  std::vector<std::string> unknown;

  bool HasTag(absl::string_view tag) const;
};

// One line of a file. InvalidArgument when it is not JSON.
absl::StatusOr<PromotionCase> ReadPromotionCase(absl::string_view line);

}  // namespace touchstone::rules
