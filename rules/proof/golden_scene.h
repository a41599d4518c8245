#pragma once

// The input of a golden test's decision, made from what the test gives. Internal to this room.
//
// Lifetime: a scene owns all that its input refers to, but for the test, the rule set and the
// snapshot, which must outlive it; it does not move. Errors: collected as failures at field paths
// of the message.

#include <string>
#include <vector>

#include "rules/decide/decision.h"
#include "rules/expr/arena.h"
#include "rules/facts/product_terms.h"
#include "rules/facts/reference.h"
#include "rules/proof/golden.h"
#include "rules/ruleset/rule_set.h"
#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::rules {

// The rows that golden tests see in place of the live snapshot.
ReferenceSnapshot TestReference(const v1::RuleSet& message, const RuleSet& rule_set,
                                std::vector<GoldenFailure>& failures);

class GoldenScene {
 public:
  // `path`: of the test, "tests[3]".
  GoldenScene(const v1::GoldenTest& test, std::string path, const RuleSet& rule_set,
              const ReferenceSnapshot& reference);
  GoldenScene(const GoldenScene&) = delete;
  GoldenScene& operator=(const GoldenScene&) = delete;

  // REQUIRES: no failures.
  const DecisionInput& input() const { return input_; }
  const std::vector<GoldenFailure>& failures() const { return failures_; }

 private:
  void Fail(absl::string_view field, absl::string_view message);
  void SetPlace();
  void SetCurrency();
  void SetChannel();
  void SetPlacements();
  void SetCustomer();
  void GiveCustomerFacts();
  void SetRequest();
  void SetBasket();
  void AddLine(const v1::GoldenLine& given, const std::string& field);
  void SetContacts();
  void SetClosedBudgets();
  void SetCodes();
  void SetGrants();
  expr::Value StoreFact(absl::string_view column) const;
  void Give(const v1::Literal& literal, const AttributeSpec& attribute, uint16_t slot,
            const std::string& field);

  const v1::GoldenTest& test_;
  const std::string path_;
  const RuleSet& rule_set_;
  const ReferenceSnapshot& reference_;
  std::vector<GoldenFailure> failures_;
  expr::Arena memory_;
  absl::TimeZone zone_;
  const ProductTerms product_terms_;
  std::vector<expr::Value> facts_;
  std::vector<BasketLine> lines_;
  std::vector<LineFacts> line_facts_;
  std::vector<absl::string_view> tender_types_;
  std::vector<Contact> contacts_;
  std::vector<uint16_t> placements_;
  std::vector<uint32_t> closed_budgets_;
  std::vector<PresentedCode> codes_;
  std::vector<HeldGrant> grants_;
  DecisionInput input_;
};

}  // namespace touchstone::rules
