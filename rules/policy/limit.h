#pragma once

// At most so many per basket or customer over a window, counted from raw contacts.
//
// Thread safety: pure functions. Cost: linear in the contacts given.
// Contacts after `now` do not count. A changed limit applies to the past, since contacts are raw.

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace touchstone::rules {

enum class ContactKind : uint8_t { kShown, kAccepted, kDeclined, kRedeemed };

// One thing that happened between a customer and an offer.
struct Contact {
  uint32_t offer = 0;  // StableId of the offer id
  ContactKind kind = ContactKind::kShown;
  absl::Time time;
};

struct LimitWindow {
  enum class Unit : uint8_t {
    kEver,
    kRollingDays,   // the local day of now and the count - 1 before it
    kRollingHours,  // the local hour of now and the count - 1 hours before it
    kCalendarDay,   // local days in the zone; weeks begin on Monday
    kCalendarWeek,
    kCalendarMonth,
  };
  Unit unit = Unit::kEver;
  int count = 0;  // at least 1 with kRollingDays and kRollingHours
};

// Start of the window that `now` is in, inclusive; InfinitePast for kEver. A day begins at the
// first instant whose wall clock shows it, also where daylight saving skips or repeats midnight.
absl::Time WindowStart(const LimitWindow& window, absl::Time now, absl::TimeZone zone);

int64_t CountContacts(absl::Span<const Contact> contacts, uint32_t offer, ContactKind kind,
                      absl::Time start, absl::Time now);

}  // namespace touchstone::rules
