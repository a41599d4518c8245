#include "bench/arrival_schedule.h"

#include <cmath>

namespace touchstone::bench {

ArrivalSchedule::ArrivalSchedule(ArrivalKind kind, double rate_per_second, uint64_t seed)
    : kind_(kind), gap_ns_(1e9 / rate_per_second), random_(seed) {}

int64_t ArrivalSchedule::NextNs() {
  ++sent_;
  if (kind_ == ArrivalKind::kUniform) {
    return static_cast<int64_t>(gap_ns_ * static_cast<double>(sent_));
  }
  // 53 random bits in (0, 1]: the standard's distributions differ between libraries.
  const double uniform = static_cast<double>((random_() >> 11) + 1) * 0x1p-53;
  at_ns_ -= gap_ns_ * std::log(uniform);
  return static_cast<int64_t>(at_ns_);
}

Pacer::Pacer(ArrivalSchedule schedule, MonotonicTime start, MonotonicTime end)
    : schedule_(schedule),
      start_(start),
      end_(end),
      next_(start + std::chrono::nanoseconds(schedule_.NextNs())) {}

std::optional<MonotonicTime> Pacer::TakeDue(MonotonicTime now) {
  if (done() || next_ > now) return std::nullopt;
  const MonotonicTime due = next_;
  next_ = start_ + std::chrono::nanoseconds(schedule_.NextNs());
  return due;
}

}  // namespace touchstone::bench
