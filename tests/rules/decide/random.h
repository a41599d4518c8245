#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace touchstone::rules {

// Numbers from one seed, so that a failure is reproduced by the seed that rapidcheck prints.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Below(uint64_t bound) {  // SplitMix64
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % bound;
  }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  template <size_t n>
  std::string Of(const char* const (&texts)[n]) {
    return texts[Below(n)];
  }

 private:
  uint64_t state_;
};

}  // namespace touchstone::rules
