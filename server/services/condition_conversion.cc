#include "server/services/condition_conversion.h"

#include <utility>

#include "rules/ruleset/condition_form.h"
#include "server/services/rule_set_check.h"

namespace touchstone::server {
namespace {

std::optional<rules::Scope> ScopeOf(v1::ConditionPlace place) {
  switch (place) {
    case v1::CONDITION_PLACE_AUDIENCE:
      return rules::Scope::kComputed;
    case v1::CONDITION_PLACE_SEGMENT:
      return rules::Scope::kSegment;
    case v1::CONDITION_PLACE_ELIGIBLE:
      return rules::Scope::kEligible;
    case v1::CONDITION_PLACE_REQUIRES:
      return rules::Scope::kRequires;
    case v1::CONDITION_PLACE_LINES:
      return rules::Scope::kLine;
    case v1::CONDITION_PLACE_NEVER_DISCOUNT:
      return rules::Scope::kEveryLine;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<rules::Scope> CheckConversion(const v1::ConvertConditionRequest& request,
                                            std::vector<Violation>* violations) {
  const std::optional<rules::Scope> scope = ScopeOf(request.place());
  if (!scope.has_value()) {
    violations->push_back({"place", "is required: what it is a condition of"});
  }
  if (request.form_case() == v1::ConvertConditionRequest::FORM_NOT_SET) {
    violations->push_back({"form", "is required: text or builder"});
  }
  return scope;
}

void ConvertCondition(const rules::RuleSet& rule_set, rules::Scope scope,
                      const v1::ConvertConditionRequest& request,
                      v1::ConvertConditionResponse* response) {
  rules::ConvertedCondition converted =
      request.has_builder()
          ? rules::ConvertConditionForm(rule_set, scope, "builder", request.builder())
          : rules::ConvertConditionText(rule_set, scope, "text", request.text());
  response->set_text(std::move(converted.text));
  if (converted.form.has_value()) *response->mutable_builder() = *std::move(converted.form);
  *response->mutable_diagnostics() =
      ToMessage(converted.diagnostics, kMaxDiagnostics, kMaxDiagnosticBytes);
}

}  // namespace touchstone::server
