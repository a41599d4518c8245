#pragma once

// Random choices of a test, all from one seed. Thread safety: one thread.

#include <cstdint>
#include <initializer_list>
#include <random>
#include <vector>

namespace touchstone::rules {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  // 0 to count - 1. REQUIRES: count > 0.
  size_t Below(size_t count) { return static_cast<size_t>(engine_() % count); }
  bool Chance(size_t percent) { return Below(100) < percent; }
  // -reach to reach.
  int64_t Near(int64_t reach) {
    return static_cast<int64_t>(Below(static_cast<size_t>(2 * reach + 1))) - reach;
  }
  // REQUIRES: not empty.
  template <typename T>
  const T& Pick(const std::vector<T>& from) {
    return from[Below(from.size())];
  }
  template <typename T>
  T Pick(std::initializer_list<T> from) {
    return from.begin()[Below(from.size())];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace touchstone::rules
