#pragma once

// How much the golden tests of a rule set notice: each mutant changes one thing that matters, and a
// test should fail on it.
//
// Mutants: an offer without its `eligible`; without its `requires`; a benefit one unit larger (a
// percentage by 1, amounts by one minor unit; what is 100 percent by 1 smaller); a limit or
// its budget taken away. A mutant that no test fails on has survived: no test says that this part
// is as it must be.
// Thread safety: pure function. Cost: one compilation and one run of all tests a mutant.

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::rules {

enum class MutantFate : unsigned char {
  kKilled,
  kSurvived,
  kInvalid,  // it does not compile: the validation already stands guard
};

struct Mutant {
  std::string field_path;   // "offers[beans-20].eligible"
  std::string description;  // "without eligible", "percent_off 21 instead of 20"
  MutantFate fate = MutantFate::kSurvived;
  std::string killed_by;  // name of the first test that failed
};

struct MutantReport {
  std::vector<Mutant> mutants;  // in order of the message
  int killed = 0;
  int survived = 0;
};

// REQUIRES: the message compiles and its golden tests pass; else the report is empty.
MutantReport RunMutants(const v1::RuleSet& message, absl::Time today);

}  // namespace touchstone::rules
