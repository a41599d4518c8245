#include "tests/oracles/case_conditions.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace touchstone::rules {
namespace {

std::string Quoted(const std::string& text) { return absl::StrCat("\"", text, "\""); }

std::string ListText(const std::vector<std::string>& names) {
  return absl::StrCat(
      "[",
      absl::StrJoin(names, ", ",
                    [](std::string* out, const std::string& name) { *out += Quoted(name); }),
      "]");
}

void Require(const std::string& condition, std::string& text) {
  absl::StrAppend(&text, text.empty() ? "" : " && ", condition);
}

// Over a line under the name `line`.
std::string FilterText(const LineFilter& filter, const std::string& line) {
  std::string text;
  if (!filter.products_any.empty()) {
    Require(absl::StrCat(line, ".product.", kSkusColumn, ".exists(s, s in ",
                         ListText(filter.products_any), ")"),
            text);
  }
  if (!filter.categories_any.empty()) {
    Require(absl::StrCat(line, ".categories.exists(c, c in ", ListText(filter.categories_any), ")"),
            text);
  }
  if (!filter.shipping_methods_any.empty()) {
    Require(absl::StrCat(line, ".sku in ", ListText(filter.shipping_methods_any)), text);
  }
  if (!filter.unit_price_min.empty()) {
    Require(absl::StrCat(line, ".unit_price >= ", filter.unit_price_min), text);
  }
  if (!filter.unit_price_max.empty()) {
    Require(absl::StrCat(line, ".unit_price <= ", filter.unit_price_max), text);
  }
  return text;
}

bool IsOfCategories(const PromotionCondition& condition) {
  return absl::StrContains(condition.kind, "categor");
}

LineFilter FilterOf(const PromotionCondition& condition) {
  LineFilter filter;
  (IsOfCategories(condition) ? filter.categories_any : filter.products_any) = condition.names;
  return filter;
}

// The language has no sum: one term for each line that may pass the filter.
std::string SumText(const PromotionCondition& condition, const std::string& field,
                    const std::string& zero, size_t cart_lines) {
  std::vector<std::string> terms;
  terms.reserve(cart_lines);
  for (size_t i = 0; i < cart_lines; ++i) {
    terms.push_back(absl::StrCat("parts[?", i, "].orValue(", zero, ")"));
  }
  return absl::StrCat("cel.bind(parts, basket.lines.filter(l, ",
                      FilterText(FilterOf(condition), "l"), ").map(l, l.", field, "), ",
                      absl::StrJoin(terms, " + "), " >= ", condition.threshold, ")");
}

absl::StatusOr<std::string> ConditionText(const PromotionCondition& condition,
                                          const std::string& total, size_t cart_lines) {
  const std::string& kind = condition.kind;
  const std::string& threshold = condition.threshold;
  if (kind == "items_total_min" || kind == "discounted_items_total_min") {
    return absl::StrCat(total, " >= ", threshold);
  }
  if (kind == "cart_quantity_min") return absl::StrCat("basket.units >= ", threshold);
  if (kind == "cart_contains_product_any" || kind == "cart_contains_category_any") {
    return absl::StrCat("basket.lines.exists(l, ", FilterText(FilterOf(condition), "l"), ")");
  }
  if (kind == "category_items_total_min") return SumText(condition, "gross", "0.00", cart_lines);
  if (kind == "category_quantity_min" || kind == "products_quantity_min") {
    return SumText(condition, "quantity", "0", cart_lines);
  }
  if (kind == "shipping_method_any") {
    return absl::StrCat("request.", kShippingMethodFact, " in ", ListText(condition.names));
  }
  if (kind == "customer_order_number") {
    return absl::StrCat("request.", kOrderNumberFact, " == ", threshold);
  }
  return absl::UnimplementedError(absl::StrCat("no condition of ours is known for ", kind));
}

}  // namespace

std::string LinesText(const LineFilter& filter) { return FilterText(filter, "line"); }

LineFilter QualifyingLines(const Promotion& promotion) {
  for (const PromotionCondition& condition : promotion.conditions) {
    if (!condition.names.empty() && condition.kind != "shipping_method_any") {
      return FilterOf(condition);
    }
  }
  return {};
}

absl::StatusOr<std::string> RequiresText(const Promotion& promotion, const std::string& total,
                                         size_t cart_lines) {
  std::string text;
  for (const PromotionCondition& condition : promotion.conditions) {
    absl::StatusOr<std::string> part = ConditionText(condition, total, cart_lines);
    if (!part.ok()) return part;
    Require(*part, text);
  }
  return text;
}

}  // namespace touchstone::rules
