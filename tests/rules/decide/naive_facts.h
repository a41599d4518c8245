#pragma once

// What naive_decision.h knows: facts and lines bound one by one, and conditions asked of them in
// full, part by part.
//
// Lifetime: rules, input and memory must outlive it; what it answers may refer to them.

#include <memory>
#include <utility>
#include <vector>

#include "rules/decide/decision.h"
#include "rules/ruleset/rule_set.h"
#include "tests/rules/basket/naive_pricing.h"
#include "tests/rules/decide/naive_decision.h"

namespace touchstone::rules {

struct NaiveAnswer {
  enum { kYes, kNo, kError } kind = kYes;
  int part = 0;  // the first that says so
  expr::ErrorCode error = expr::ErrorCode::kAbsent;
  bool open = false;  // all that failed waits for what is not known yet
};

class NaiveFacts {
 public:
  static constexpr int kNoLine = -1;

  NaiveFacts(const RuleSet& rules, const DecisionInput& input, NaiveDecision* memory);

  bool has_basket() const { return !input_.basket.lines.empty(); }
  const std::vector<expr::Value>& facts() const { return facts_; }
  const std::vector<BasketLine>& lines() const { return lines_; }
  std::vector<std::vector<expr::Value>> TakeRows() { return std::move(rows_); }

  expr::Value Run(const expr::Program& program, int line = kNoLine);
  // `without_basket`: parts that read it are not asked.
  NaiveAnswer Ask(const Condition& condition, int line = kNoLine, bool without_basket = false);

  int64_t Gross(const BasketLine& line) const;
  // The basket priced from the start by the offers given.
  NaivePricing Price(const std::vector<NaiveOffer>& offers) const;
  // From here on `basket.net` is what these offers leave.
  void SetApplied(const std::vector<NaiveOffer>& offers);

 private:
  expr::Value Run(const DecisionTableSpec& table);
  void BindFacts();
  expr::Value Segment();
  void BindLines();
  void BindLine(size_t index);
  expr::Value TenderTypes();
  expr::Value MerchandiseNet(const std::vector<NaiveOffer>& offers) const;

  const RuleSet& rules_;
  const DecisionInput& input_;
  std::vector<std::unique_ptr<expr::Scratch>>& scratches_;
  std::unique_ptr<expr::Arena>& arena_;
  std::vector<expr::Value> facts_;
  std::vector<std::vector<expr::Value>> rows_;
  std::vector<BasketLine> lines_;
};

}  // namespace touchstone::rules
