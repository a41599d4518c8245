#pragma once

// One mistake in an otherwise sound rule set (CompileTest's), and exactly what the compiler finds.
// The cases of all topics are one table, so that a test can see that every code has one.

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::rules {

struct FindingCase {
  std::string name;  // a sentence, CamelCase
  // "code at field.path", warnings as "warning: code at …", in order.
  std::vector<std::string> findings;
  std::string merge = "";                            // text format, merged into the message
  std::string says = "";                             // in message or hint of the first finding
  std::function<void(v1::RuleSet&)> edit = nullptr;  // for what merging cannot do
};

inline void PrintTo(const FindingCase& c, std::ostream* out) { *out << c.name; }

std::vector<FindingCase> SettingsCases();
std::vector<FindingCase> SchemaCases();
std::vector<FindingCase> DerivedFactCases();
std::vector<FindingCase> TableCases();
std::vector<FindingCase> FrameCases();  // segments, placements, campaigns, pricing, lists
std::vector<FindingCase> OfferCases();
std::vector<FindingCase> BudgetCases();
std::vector<FindingCase> TextCases();
std::vector<FindingCase> NearMissCases();
std::vector<FindingCase> GoldenCases();
std::vector<FindingCase> UnsupportedCases();

std::vector<FindingCase> AllFindingCases();

}  // namespace touchstone::rules
