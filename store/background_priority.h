#pragma once

// Work that must never keep a decision waiting.

#include "absl/functional/function_ref.h"

namespace touchstone::store {

// Makes the calling thread the least urgent one, for good: a thread may not become more urgent
// again. Without the right to, it stays as urgent as the others.
void YieldToDecisions();

// Does the work on such a thread of its own, and waits for it.
void RunYielding(absl::FunctionRef<void()> work);

}  // namespace touchstone::store
