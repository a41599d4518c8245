#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>

namespace touchstone::store {

// For a test's random input: what TOUCHSTONE_SEED says, to run a failure again; else a new one.
inline uint64_t TestSeed() {
  const char* given = std::getenv("TOUCHSTONE_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

}  // namespace touchstone::store
