#pragma once

// Rule sets and scenes of any shape that the random tests decide about.

#include "tests/rules/decide/random.h"
#include "tests/rules/decide/scene.h"

namespace touchstone::rules {

TestRules RandomRules(Random& random);
void RandomScene(Random& random, Scene& scene);

}  // namespace touchstone::rules
