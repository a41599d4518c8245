#pragma once

// Which products of tests/reference a condition over lines selects. Internal to this room.
//
// A product stands on a line of one unit at its price, for nobody in particular: what depends on
// facts of the customer or the moment may select it.
// Thread safety: one thread. Lifetime: refers to the rule set. Cost: one evaluation a product and
// distinct condition, up to a number that the caller sets; beyond it, nothing is selected.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "rules/expr/program.h"
#include "rules/facts/reference.h"
#include "rules/money/money.h"
#include "rules/ruleset/rule_set.h"
#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::rules {

class ProductProbe {
 public:
  struct Product {
    std::string sku;
    const expr::Value* columns = nullptr;
    std::optional<int64_t> cost_minor;  // in the rule set's first currency
    std::optional<int64_t> price_minor;
    bool is_merchandise = true;
  };

  ProductProbe(const v1::RuleSet& message, const RuleSet& rule_set, int most_probes);
  ProductProbe(const ProductProbe&) = delete;
  ProductProbe& operator=(const ProductProbe&) = delete;

  const std::vector<Product>& products() const { return products_; }
  // Indexes of the merchandise that `lines` selects.
  const std::vector<uint32_t>& Selected(const Condition& lines);

 private:
  bool Selects(const Condition& lines, const Product& product);
  std::optional<int64_t> MoneyIn(const Product& product, absl::string_view column) const;
  void ReadPrices(const v1::RuleSet& message);

  const RuleSet& rule_set_;
  const Currency currency_;
  ReferenceSnapshot reference_;
  std::vector<Product> products_;
  absl::flat_hash_map<std::string, std::vector<uint32_t>> by_text_;
  expr::Scratch scratch_;
  std::vector<expr::Value> decision_row_;
  int probes_left_;
};

}  // namespace touchstone::rules
