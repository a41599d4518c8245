#pragma once

// ConvertCondition's request and answer, once the rule set is at hand.
//
// Thread safety: pure functions. Cost: as condition_form.h.

#include <optional>
#include <vector>

#include "rules/facts/layout.h"
#include "rules/ruleset/rule_set.h"
#include "server/rpc/rpc_error.h"
#include "touchstone/v1/rule_set_service.pb.h"

namespace touchstone::server {

// The names that its place may use; nothing, and violations, where place or condition is missing.
std::optional<rules::Scope> CheckConversion(const v1::ConvertConditionRequest& request,
                                            std::vector<Violation>* violations);

// REQUIRES: CheckConversion had no violations and gave `scope`.
void ConvertCondition(const rules::RuleSet& rule_set, rules::Scope scope,
                      const v1::ConvertConditionRequest& request,
                      v1::ConvertConditionResponse* response);

}  // namespace touchstone::server
