#pragma once

// Facts that are made of others (computed attributes, audiences, decision tables) in an order in
// which each comes after those that it reads.
//
// Thread safety: pure functions. Cost: parses every formula once.

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/ruleset/reporter.h"
#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::rules {

struct DerivedFact {
  enum class Kind : uint8_t { kAttribute, kAudience, kTable };
  Kind kind = Kind::kAttribute;
  std::string name;                   // its key in the message: customer.age, loyal_coffee
  std::string path;                   // of the message: audiences[loyal_coffee]
  std::string formula_path;           // audiences[loyal_coffee].when; of a table its inputs
  std::vector<std::string> formulas;  // CEL; several of a table
  bool in_cycle = false;              // needs itself, which has been reported
};

// By the name that rules read: customer.age, audience.loyal_coffee, table.coffee.
using DerivedFacts = std::map<std::string, DerivedFact>;

// Where the fact that rules read by this name is declared: audiences[loyal_coffee].
std::string DerivedFactPath(absl::string_view name);

DerivedFacts CollectDerivedFacts(const v1::RuleSet& message);

// The keys of `facts`, each after those that it reads; circles are reported and marked.
std::vector<std::string> OrderByNeed(DerivedFacts& facts, Reporter& reporter);

}  // namespace touchstone::rules
