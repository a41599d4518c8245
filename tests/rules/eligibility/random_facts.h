#pragma once

// Random facts of a random schema: the constants of the world and their neighbours, absent values,
// every error, lists with and without elements, records with holes, values of another type.
//
// Thread safety: one thread.

#include <array>
#include <string>
#include <vector>

#include "rules/expr/arena.h"
#include "rules/expr/program.h"
#include "rules/expr/value.h"
#include "tests/rules/eligibility/random_source.h"
#include "tests/rules/eligibility/random_world.h"

namespace touchstone::rules {

struct Facts {
  std::array<std::vector<expr::Value>, 2> rows;

  expr::Frame frame() const {
    expr::Frame frame;
    frame.rows[0] = rows[0];
    frame.rows[1] = rows[1];
    return frame;
  }
};

// The values live in `memory`.
Facts RandomFacts(Random& random, const World& world, expr::Arena& memory);

// "c.a0 = 5, c.a1 = error: absent", for people.
std::string DebugString(const Facts& facts, const World& world);

}  // namespace touchstone::rules
