#pragma once

// Golden tests: decisions that marketers wrote down, run against the compiled rule set.
//
// Each test is decided with the reference rows of the message (test_reference), a customer made of
// what it gives and the schema's defaults, and a fresh scratch; what it does not expect is not
// checked. Thread safety: pure functions. Cost: allocates; about the time of one decision a test.
// Errors: a test that cannot be set up (a fact of the wrong type, an unknown placement) fails and
// says why; nothing is skipped.

#include <string>
#include <vector>

#include "rules/ruleset/diagnostic.h"
#include "rules/ruleset/rule_set.h"
#include "rules/ruleset/source_map.h"
#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::rules {

struct GoldenFailure {
  std::string field_path;  // "tests[3].expect.applied[beans-20]", as in SourceMap
  std::string message;     // one sentence with what was expected and what came out
};

struct GoldenResult {
  std::string name;
  std::vector<GoldenFailure> failures;  // in order of the expectations, then of names

  bool passed() const { return failures.empty(); }
};

struct GoldenReport {
  std::vector<GoldenFailure> failures;  // of what all tests share: reference rows
  std::vector<GoldenResult> results;    // in order of the message

  int passed() const;
  int failed() const;
  bool all_passed() const { return failures.empty() && failed() == 0; }
};

// REQUIRES: `rule_set` was compiled from `message`.
GoldenReport RunGoldenTests(const v1::RuleSet& message, const RuleSet& rule_set);

// The failures as findings in the author's files.
Diagnostics GoldenDiagnostics(const GoldenReport& report, const SourceMap& sources);

}  // namespace touchstone::rules
