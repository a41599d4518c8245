#pragma once

// Changes to a record, as bytes: what an entry carries and what RocksDB merges.
//
// A patch is a sequence of operations; two patches applied in turn are the same as their
// concatenation applied once. Applying is a pure function of the record's bytes and the patch's.
//
// Thread safety: a RecordPatch is for one thread at a time; the functions have no state.
// Errors: ValidatePatch and ApplyPatches return InvalidArgument for bytes that are no patch and
// DataLoss for bytes that are no record.
// Cost: building appends to one string; applying is linear in record plus patch.
// Units: as in record.h. The byte format is in docs/formats/record.md.

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "store/record.h"
#include "store/value.h"

namespace touchstone::store {

inline constexpr size_t kMaxPatchBytes = size_t{1} << 20;
inline constexpr size_t kMaxValueBytes = size_t{64} << 10;
inline constexpr size_t kMaxIdentityBytes = 256;

class RecordPatch {
 public:
  // What one event adds to one aggregate.
  struct Increment {
    uint32_t aggregate;
    int32_t bucket;
    int64_t count;
    int64_t sum;       // saturates at the ends of int64
    int64_t event_us;  // moves first and last; AggregateView::kNever leaves them
    // Buckets below this number are outside of every window and are dropped.
    int32_t keep_from_bucket = std::numeric_limits<int32_t>::min();
  };
  // What one event adds to an aggregate of cells.
  struct CellIncrement {
    uint32_t aggregate;
    CellRule rule;
    int32_t bucket;   // kCases: of no effect
    int64_t time_us;  // kEarliest, kLatest and kCases
    int64_t number;   // kTop: the weight; a cell whose weights add up to 0 or less is removed
    bool closes;      // kCases: whether the event closes the case
    // Not null; read by AddToCells only. No list; a string for kCases; a text is at most
    // kMaxCellValueBytes long, a longer one makes the patch malformed. A NaN is passed over.
    const Value* value;
    // Cells of buckets below this number are dropped; kCases: of no effect.
    int32_t keep_from_bucket = std::numeric_limits<int32_t>::min();
  };
  // What one event adds to an aggregate of distinct values.
  struct DistinctIncrement {
    uint32_t aggregate;
    uint64_t hash;  // of the value, by a function that never changes and spreads all of its bits
    int32_t bucket;
    // What was last seen in a bucket below this number is dropped.
    int32_t keep_from_bucket = std::numeric_limits<int32_t>::min();
  };
  struct Contact {
    uint64_t offer;
    uint64_t transaction;  // 0: none
    int64_t time_us;
    uint32_t channel;
    ContactKind kind;
    uint8_t direction;
    absl::Span<const uint64_t> limits;  // the first kMaxLimitIds are kept
    // Contacts before this moment serve no live rule and are dropped.
    int64_t keep_from_us = std::numeric_limits<int64_t>::min();
  };

  // As GrantView.
  struct Grant {
    absl::string_view id;
    uint32_t offer;
    uint32_t terms;
    int64_t start_us;
    int64_t end_us;
    uint32_t uses_left;
    absl::Span<const uint64_t> holders;  // the first kMaxGrantHolders are kept
    // Grants that ended at this moment or before, and that nobody holds, are dropped, this one too.
    int64_t keep_from_us = std::numeric_limits<int64_t>::min();
  };

  // The last one applied wins, whatever the as-of times are. as_of_s 0: not stated.
  void SetAttribute(uint32_t id, const Value& value, uint16_t source, uint32_t as_of_s);
  void ClearAttribute(uint32_t id);

  void AddToAggregate(const Increment& increment);
  // These two pass over an aggregate whose state is of another kind or rule. An aggregate that they
  // leave without a cell or entry, and that is not flagged, is forgotten. The order of increments
  // is of no effect, except where cells were dropped, a weight is below 0 or keep_from falls.
  void AddToCells(const CellIncrement& increment);
  void AddDistinct(const DistinctIncrement& increment);
  // The aggregate, if the record has it, is not known until it is cleared and filled again.
  void MarkStale(uint32_t aggregate);
  // Forgets the state of one aggregate, before it is filled again from history.
  void ClearAggregate(uint32_t id);

  // Nothing happens if the record holds a contact of the same offer, kind and transaction (not 0).
  // Beyond kMaxContacts the oldest shown goes first, else the oldest.
  void AddContact(const Contact& contact);

  // Forgets the states of all aggregates; none is known until SettleAggregates.
  void ForgetAggregates();
  void SettleAggregates();

  // Beyond kMaxIdentities a new identity is not added to the record.
  void AddIdentity(absl::string_view identity);
  void RemoveIdentity(absl::string_view identity);

  // Of a customer: an id of 1-64 bytes, or empty for none.
  void SetHousehold(absl::string_view household_id);
  // Of a household's record of members. Beyond kMaxMembers a new member is not added.
  void AddMember(absl::string_view customer_id);
  void RemoveMember(absl::string_view customer_id);

  // Forgets all contacts, but not how many were dropped.
  void ClearContacts();
  // Forgets contacts of a kind and transaction, of one offer or, with 0, of all.
  void RemoveContacts(uint64_t transaction, uint64_t offer, ContactKind kind);

  // What she said last counts: a statement of an earlier time than the one that the record holds
  // changes nothing, one of the same time replaces it. Beyond kMaxConsents a new purpose is not
  // added. REQUIRES: `purpose` has 1 to kMaxPurposeBytes bytes.
  void SetConsent(absl::string_view purpose, bool granted, uint16_t source, int64_t time_us);

  // Forgets what she said of a purpose, whenever that was.
  void ClearConsent(absl::string_view purpose);

  // In the place of what the record says of the grant. Beyond kMaxGrants a new one is not added.
  // REQUIRES: the id has 1 to kMaxGrantIdBytes bytes.
  void PutGrant(const Grant& grant);
  void RemoveGrant(absl::string_view id);

  // Counts one change; Apply does it once an entry and record.
  void BumpVersion();

  // Appends the operations of another patch. REQUIRES: it passed ValidatePatch.
  void Append(absl::string_view patch) { bytes_.append(patch.data(), patch.size()); }

  bool empty() const { return bytes_.empty(); }
  const std::string& bytes() const { return bytes_; }
  void Clear() { bytes_.clear(); }

 private:
  std::string bytes_;
};

absl::Status ValidatePatch(absl::string_view patch);

// Whether a patch changes identities, household, members or grants. Only Apply's own patches may,
// because other rows must agree. REQUIRES: it passed ValidatePatch.
bool ChangesLinks(absl::string_view patch);

// The record after the patches, in order. `record` empty: there was none. `patches` stay untouched.
absl::StatusOr<std::string> ApplyPatches(absl::string_view record,
                                         absl::Span<const absl::string_view> patches);

}  // namespace touchstone::store
