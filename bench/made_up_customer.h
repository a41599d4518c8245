#pragma once

// A customer of whom everything is known: a value for every attribute and aggregate of a schema.
//
// Numbers are 0 to 99, texts "v0" to "v9", enums any of their values, days within the last eighty
// years, events within the last thirty days: what GenerateRuleSet's conditions choose from.
// Thread safety: pure function of its arguments; `random` moves on.

#include <random>

#include "absl/time/time.h"
#include "rules/facts/schema.h"
#include "store/record_patch.h"

namespace touchstone::bench {

store::RecordPatch MadeUpCustomer(const rules::Schema& schema, absl::Time now,
                                  std::mt19937_64& random);

}  // namespace touchstone::bench
