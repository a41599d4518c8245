#pragma once

// Whether index, scan and plain evaluator agree on a random case, and the smallest case in which
// they do not.
//
// The plain evaluator runs the program of a whole condition: it shares nothing with the other two.
// Thread safety: one thread.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rules/expr/arena.h"
#include "tests/rules/eligibility/random_condition.h"
#include "tests/rules/eligibility/random_facts.h"
#include "tests/rules/eligibility/random_world.h"

namespace touchstone::rules {

struct AgreementCase {
  std::shared_ptr<const World> world;
  std::shared_ptr<expr::Arena> memory;  // of the facts
  std::vector<Part> offers;
  std::vector<Facts> facts;  // one probe each, one behind the other
  bool is_ordered = false;   // the scan orders its tests by the facts
};

AgreementCase RandomCase(uint64_t seed);

// What differs, in words; nullopt: nothing does. A condition that the checker refuses differs too:
// the tests are to draw none.
using AgreementCheck = std::optional<std::string> (*)(const AgreementCase& drawn);

// EligibilityIndex::Match and OrderedScan::Match against Program::Evaluate of the conditions.
std::optional<std::string> FindOtherMatches(const AgreementCase& drawn);
// Rows of NormalForms::WhenTrue and WhenFalse, looked at one by one, against the same.
std::optional<std::string> FindOtherRows(const AgreementCase& drawn);

// Fewer offers, parts and facts, as long as the check still fails.
AgreementCase Shrunk(AgreementCase failing, AgreementCheck check);

std::string DebugString(const AgreementCase& drawn);

}  // namespace touchstone::rules
