#pragma once

// When an open loop means to send: moments fixed in advance by rate and seed, which no slow answer
// can move. Latency is measured from these moments, so that a stall counts for every request that
// should have been sent during it.
//
// Thread safety: none. Same kind, rate and seed give the same moments.

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace touchstone::bench {

using MonotonicTime = std::chrono::steady_clock::time_point;

enum class ArrivalKind : uint8_t {
  kPoisson,  // independent callers: exponential gaps
  kUniform,  // equal gaps
};

// Intended moments, as nanoseconds since the start; never decreasing.
class ArrivalSchedule {
 public:
  // REQUIRES: rate_per_second > 0.
  ArrivalSchedule(ArrivalKind kind, double rate_per_second, uint64_t seed);

  int64_t NextNs();

 private:
  const ArrivalKind kind_;
  const double gap_ns_;
  std::mt19937_64 random_;
  double at_ns_ = 0;
  uint64_t sent_ = 0;
};

// The schedule on a clock: which send is due now.
class Pacer {
 public:
  Pacer(ArrivalSchedule schedule, MonotonicTime start, MonotonicTime end);

  // The intended moment of the next send if it is not after `now`; that send is then taken.
  std::optional<MonotonicTime> TakeDue(MonotonicTime now);
  // REQUIRES: !done().
  MonotonicTime next() const { return next_; }
  // All sends before `end` have been taken.
  bool done() const { return next_ >= end_; }

 private:
  ArrivalSchedule schedule_;
  const MonotonicTime start_;
  const MonotonicTime end_;
  MonotonicTime next_;
};

}  // namespace touchstone::bench
