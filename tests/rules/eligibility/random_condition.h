#pragma once

// Random conditions over a random schema, as text in the shape of a tree, so that a failing one can
// be made smaller.
//
// Parts of every kind are drawn: comparisons that an index knows, those that only a program can
// tell, constants, parts that are always an error; under &&, ||, ! and ?:, also more of them than
// fit into the rows of a condition.

#include <cstdint>
#include <string>
#include <vector>

#include "tests/rules/eligibility/random_source.h"
#include "tests/rules/eligibility/random_world.h"

namespace touchstone::rules {

struct Part {
  enum class Kind : uint8_t { kAtom, kNot, kAnd, kOr, kConditional };
  Kind kind = Kind::kAtom;
  std::string text;  // kAtom: CEL
  std::vector<Part> children;
};

std::string TextOf(const Part& part);

Part RandomCondition(Random& random, const World& world);

}  // namespace touchstone::rules
