#pragma once

// Counts what a test program asks of the heap, so that a test can tell that some code asks for
// nothing. Linking heap_allocations.cc replaces operator new. Thread safe.

#include <cstdint>

namespace touchstone::tests {

// Calls of operator new since the program began, on all threads.
int64_t HeapAllocations();

}  // namespace touchstone::tests
