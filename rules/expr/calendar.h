#pragma once

// What clocks and calendars of zones show at given seconds. Remembers the latest readings: the
// conditions of one decision ask for the same few again and again.
//
// Thread safety: none. Cost: a few nanoseconds for what is remembered, else a search in the zone's
// transitions and calendar arithmetic. No allocation.

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace touchstone::rules::expr {

class Calendar {
 public:
  // `seconds` since the epoch.
  absl::CivilSecond At(int64_t seconds, absl::TimeZone zone) {
    for (const Reading& reading : readings_) {
      if (reading.seconds == seconds && reading.zone == zone) return reading.civil;
    }
    Reading& oldest = readings_[next_];
    next_ = (next_ + 1) % readings_.size();
    oldest = {seconds, zone, absl::ToCivilSecond(absl::FromUnixSeconds(seconds), zone)};
    return oldest.civil;
  }

 private:
  // At first what is true of the epoch in UTC.
  struct Reading {
    int64_t seconds = 0;
    absl::TimeZone zone = absl::UTCTimeZone();
    absl::CivilSecond civil;
  };
  std::array<Reading, 4> readings_;
  size_t next_ = 0;
};

}  // namespace touchstone::rules::expr
