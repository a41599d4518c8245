#pragma once

// What ties rows to each other: identities to their customer, members to their household, a merged
// customer to the one who stays. For the commands of Apply.
//
// Thread safety, errors: as in apply.h. Check* says what would be refused and writes nothing; the
// functions that write REQUIRE that it refused nothing.

#include <memory>
#include <string>

#include "store/apply_commands.h"
#include "store/keys.h"
#include "store/record.h"
#include "store/record_patch.h"

namespace touchstone::store {

inline constexpr char kCustomer = static_cast<char>(RecordKind::kCustomer);
inline constexpr char kHousehold = static_cast<char>(RecordKind::kHousehold);
inline constexpr char kMembers = static_cast<char>(RecordKind::kMembers);

// Of the right form and size, and without links, which other rows must agree with.
bool IsUsablePatch(absl::string_view patch);

// The patch, counted as one change.
std::string Bumped(absl::string_view patch);
// For increments, which nearly always find a record.
void MergeAndBump(char kind, absl::string_view id, absl::string_view patch, PendingWrites* writes);
void MakeOrMergeAndBump(char kind, absl::string_view id, absl::string_view patch,
                        PendingWrites* writes);

// A record and the bytes that its view points into; a view of nothing when there is none.
struct ReadRecord {
  std::string bytes;  // empty: there is none
  RecordView view;
};
absl::StatusOr<std::unique_ptr<ReadRecord>> Read(char kind, absl::string_view id,
                                                 PendingWrites* writes);

// The customer who stands for this one: herself, unless she was merged into another one.
absl::StatusOr<std::string> SurvivorOf(absl::string_view customer_id, PendingWrites* writes);

template <typename Texts>
bool AreIdentities(const Texts& texts) {
  for (const std::string& text : texts) {
    if (!IsValidKeyText(text, kMaxIdentityBytes)) return false;
  }
  return texts.size() <= static_cast<int>(kMaxIdentities);
}
inline constexpr absl::string_view kIdentityRule =
    "identities: at most 64, each 1-256 bytes, none zero";

AppliedOr CheckLink(const storage::LinkIdentities& command, PendingWrites* writes);
// Writes the identities' rows and adds to `patch` what the customer's record takes of it.
absl::Status Link(const storage::LinkIdentities& command, RecordPatch* patch,
                  PendingWrites* writes);

// The aggregates of a record are worked out again from events before any is known.
void ForgetAggregates(char kind, absl::string_view id, PendingWrites* writes);

// What would be refused when the customer joins the household.
AppliedOr CheckJoin(absl::string_view customer_id, absl::string_view household_id,
                    PendingWrites* writes);
// Moves a customer, who is in the household `from` (empty: in none), to `to` (empty: to none), and
// adds to `patch` what her record takes of it. A household without members is deleted. `has_events`
// false: she has none that the households would have to count.
absl::Status MoveToHousehold(absl::string_view customer_id, absl::string_view from,
                             absl::string_view to, bool has_events, RecordPatch* patch,
                             PendingWrites* writes);

}  // namespace touchstone::store
