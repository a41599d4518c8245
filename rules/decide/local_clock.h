#pragma once

// The wall clocks of one moment: each zone's is read once a decision.
//
// Thread safety: none. Cost: a linear search over the zones of the decision; the first use of a
// zone's name reads the time-zone database of the system, later ones do not. Memory: names that
// rows gave are kept from one decision to the next, at most kMaxNamedZones.

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace touchstone::rules {

inline constexpr size_t kMaxNamedZones = 600;  // the database has fewer names in use

class LocalClock {
 public:
  void Start(absl::Time now);
  absl::CivilMinute In(absl::TimeZone zone);
  // The zone of an IANA name, or `otherwise` when there is none.
  absl::TimeZone Named(absl::string_view name, absl::TimeZone otherwise);

 private:
  struct Reading {
    absl::TimeZone zone;
    absl::CivilMinute local;
  };
  struct NamedZone {
    std::string name;
    bool exists = false;
    absl::TimeZone zone;
  };
  absl::Time now_;
  std::vector<Reading> readings_;
  std::vector<NamedZone> named_;
};

}  // namespace touchstone::rules
