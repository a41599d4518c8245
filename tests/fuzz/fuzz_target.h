#pragma once

// The entry point of every fuzzer: libFuzzer calls it, and so does mutation_driver.cc. Aborts when
// what must hold does not.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace touchstone {

inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "must hold: %s\n", what);
  std::abort();
}

}  // namespace touchstone
