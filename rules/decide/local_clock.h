#pragma once

// The wall clocks of one moment: each zone's is read once a decision, and for decisions within one
// second only once.
//
// Thread safety: none. Cost: a linear search over the zones in use; the first use of a zone's name
// reads the time-zone database of the system, later ones do not. Memory: names that rows gave are
// kept from one decision to the next, at most kMaxNamedZones.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rules/policy/window.h"

namespace touchstone::rules {

inline constexpr size_t kMaxNamedZones = 600;  // the database has fewer names in use

class LocalClock {
 public:
  // False when `now` is within the second of the Start before: what depends on whole seconds alone
  // is what it was.
  bool Start(absl::Time now);
  // Valid until the next call.
  const LocalMinute& In(absl::TimeZone zone);
  // The zone of an IANA name; nothing when there is none.
  std::optional<absl::TimeZone> Named(absl::string_view name);

 private:
  struct Reading {
    absl::TimeZone zone;
    LocalMinute local;
  };
  struct NamedZone {
    std::string name;
    bool exists = false;
    absl::TimeZone zone;
  };
  // At first a second that no decision is made in.
  int64_t now_seconds_ = INT64_MIN;
  std::vector<Reading> readings_;
  std::vector<NamedZone> named_;
};

}  // namespace touchstone::rules
