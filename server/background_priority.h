#pragma once

// Work that must never keep a decision waiting.

namespace touchstone::server {

// Makes the calling thread the least urgent one, for good: a thread may not become more urgent
// again. Without the right to, it stays as urgent as the others.
void YieldToDecisions();

}  // namespace touchstone::server
