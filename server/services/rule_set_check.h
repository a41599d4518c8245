#pragma once

// A rule set on its way in: read from files or message, compiled, and put to its golden tests.
//
// Thread safety: pure function. Cost: compiling, then one decision a golden test.

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "rules/proof/golden.h"
#include "rules/ruleset/compile.h"
#include "rules/ruleset/diagnostic.h"
#include "rules/ruleset/rule_set.h"
#include "rules/ruleset/source_map.h"
#include "touchstone/v1/revision.pb.h"
#include "touchstone/v1/rule_set_service.pb.h"

namespace touchstone::server {

struct CheckedRuleSet {
  v1::RuleSet message;                             // whole when there are no errors
  rules::SourceMap sources;                        // empty for a message
  std::shared_ptr<const rules::RuleSet> rule_set;  // null when there are errors
  rules::Diagnostics diagnostics;
  rules::GoldenReport golden;  // empty when there are errors or the tests were left out

  bool valid() const { return rule_set != nullptr && golden.all_passed(); }
};

// `now`: windows that lie before it are warned of.
CheckedRuleSet CheckRuleSet(const v1::RuleSetSource& source, bool run_golden_tests, absl::Time now);
CheckedRuleSet CheckRuleSet(v1::RuleSet message, bool run_golden_tests, absl::Time now);

std::vector<v1::GoldenTestResult> GoldenResults(const CheckedRuleSet& checked);

// What an answer holds of them.
inline constexpr size_t kMaxDiagnostics = 1000;
inline constexpr size_t kMaxDiagnosticBytes = size_t{4} << 20;

// The first ones up to `most` and `most_bytes`; the others are counted.
v1::Diagnostics ToMessage(const rules::Diagnostics& diagnostics, size_t most, size_t most_bytes);

// Canonical bytes of a rule set: what is stored and hashed.
std::string SerializeRuleSet(const v1::RuleSet& message);

}  // namespace touchstone::server
