#pragma once

// The cart of a case as the input of a decision.
//
// Lifetime: owns what its input refers to, but for the rule set, which must outlive it; it does not
// move. Thread safety: one thread.

#include <deque>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rules/decide/decision.h"
#include "rules/ruleset/rule_set.h"
#include "tests/oracles/promotion_case.h"

namespace touchstone::rules {

class CaseBasket {
 public:
  CaseBasket(const PromotionCase& test, const RuleSet& rule_set);
  CaseBasket(const CaseBasket&) = delete;
  CaseBasket& operator=(const CaseBasket&) = delete;

  // InvalidArgument for what is no number; the line is not added.
  absl::Status AddCart();
  // A line of the cart that its promotions add.
  absl::Status AddGift(const std::string& item, const std::string& unit_price, int64_t units);

  DecisionInput Input() const;
  // By line: what it is called in the case, item or shipping method.
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<BasketLine>& lines() const { return lines_; }

 private:
  absl::Status AddLine(const CartLine& cart_line);
  absl::Status AddDelivery(const ShippingMethod& method);
  absl::Status Append(const std::string& name, const CartLine& priced, BasketLine line);
  void GiveProduct(const CartLine& cart_line);
  void GiveRequestFacts();
  absl::string_view Keep(const std::string& text) { return texts_.emplace_back(text); }

  const PromotionCase& test_;
  const RuleSet& rule_set_;
  std::deque<std::string> texts_;
  std::deque<std::vector<absl::string_view>> categories_;
  std::deque<std::vector<expr::Value>> skus_;
  std::deque<expr::ListData> sku_lists_;
  std::deque<expr::Value> products_;
  std::vector<std::string> names_;
  std::vector<BasketLine> lines_;
  std::vector<LineFacts> line_facts_;
  std::vector<expr::Value> facts_;
  ReferenceSnapshot reference_;
};

}  // namespace touchstone::rules
