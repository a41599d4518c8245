#pragma once

// The record of one customer or household, flat, read in place.
//
// RecordView checks the bytes once and then reads them without copying: attributes by stable id,
// aggregate state, contact state, identities, consent, grants, household or its members. Writing is
// done by patches (record_patch.h). Sections and value types of a later version are skipped here
// and survive rewriting.
//
// Thread safety: immutable. Lifetime: everything points into the bytes given to Parse.
// Errors: Parse returns DataLoss for bytes that are no record, never reads outside of them; after
// that no accessor fails.
// Cost: Parse is linear in the number of cells, a few nanoseconds each; nothing allocates.
// Units: names end in them; all times are UTC. The byte format is in docs/formats/record.md.

#include <cstdint>
#include <limits>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "store/aggregate_view.h"
#include "store/value.h"

namespace touchstone::store {

// What a record holds at most; a patch cannot add beyond it. Of one aggregate: aggregate_view.h.
inline constexpr size_t kMaxAttributes = 4096;
inline constexpr size_t kMaxAggregates = 1024;
inline constexpr size_t kMaxContacts = 256;
inline constexpr size_t kMaxIdentities = 64;
inline constexpr size_t kMaxMembers = 64;
inline constexpr size_t kMaxConsents = 256;
inline constexpr size_t kMaxPurposeBytes = 64;
inline constexpr size_t kMaxLimitIds = 16;  // of one contact
inline constexpr size_t kMaxGrants = 256;
inline constexpr size_t kMaxGrantHolders = 16;  // that are named, of one grant
inline constexpr size_t kMaxGrantIdBytes = 64;

struct AttributeView {
  uint32_t id;
  uint32_t as_of_s;  // seconds since the epoch; 0: not stated
  uint16_t source;   // who said so: a small id that the caller gives out
  ValueView value;
};

// kReserved: a use of a limit that a transaction holds, until it is redeemed or given back.
enum class ContactKind : uint8_t {
  kShown = 1,
  kAccepted = 2,
  kDeclined = 3,
  kRedeemed = 4,
  kReserved = 5,
};

// One contact. Offers, transactions, channels and limits are ids that the caller gives out.
struct ContactView {
  uint64_t offer;
  uint64_t transaction;  // 0: none
  int64_t time_us;
  uint32_t channel;
  ContactKind kind;
  uint8_t direction;
  uint8_t limit_count;
  const char* limits;

  uint64_t limit(size_t i) const { return LoadNumber<uint64_t>(limits + 8 * i); }
};

struct ConsentView {
  absl::string_view purpose;  // 1 to kMaxPurposeBytes
  int64_t time_us;            // when she said so
  uint16_t source;            // as of an attribute
  bool granted;
};

// A grant of hers that is open: not revoked, and with a use left that was not sold, which
// transactions may hold. One that has ended and that nobody holds may be missing. The ledger has
// the whole of it.
struct GrantView {
  absl::string_view id;  // 1 to kMaxGrantIdBytes
  uint32_t offer;        // as of a contact
  uint32_t terms;        // that it keeps, KeptTerms.id; 0: the offer's of the day
  int64_t start_us;
  int64_t end_us;      // not included; INT64_MAX: for ever
  uint32_t uses_left;  // that nobody holds; UINT32_MAX: so many or more
  uint16_t holder_count;
  const char* holders;

  // A transaction that holds a use of it, as contacts name them. Beyond kMaxGrantHolders holders
  // are not named.
  uint64_t holder(size_t i) const { return LoadNumber<uint64_t>(holders + 8 * i); }
};

class RecordView {
 public:
  RecordView() = default;  // as a record that holds nothing, version 0
  static absl::StatusOr<RecordView> Parse(absl::string_view bytes);

  // Grows by one with each entry that changes the record; 1 when it was created.
  uint64_t version() const { return version_; }

  size_t attribute_count() const { return attributes_.count; }
  AttributeView attribute(size_t i) const;  // ascending by id
  std::optional<AttributeView> FindAttribute(uint32_t id) const;

  // Aggregates of a kind, rule or form that a later version wrote are left out.
  size_t aggregate_count() const { return aggregates_.count; }
  std::optional<AggregateView> aggregate(size_t i) const;  // ascending by id
  std::optional<AggregateView> FindAggregate(uint32_t id) const;
  // False: no aggregate is known, whatever state there is, until all are worked out again.
  bool aggregates_settled() const { return aggregates_settled_; }

  size_t contact_count() const { return contacts_.count; }
  ContactView contact(size_t i) const;  // ascending by time
  // How many contacts were dropped because the record held kMaxContacts.
  uint32_t contacts_dropped() const { return contacts_dropped_; }

  StringListView identities() const { return identities_; }

  size_t grant_count() const { return grants_.count; }
  GrantView grant(size_t i) const;  // ascending by id
  std::optional<GrantView> FindGrant(absl::string_view id) const;

  // Of a customer: the household that she is in; empty: none.
  absl::string_view household() const { return household_; }
  // Of a household's record of members: ids of its customers.
  StringListView members() const { return members_; }

  size_t consent_count() const { return consents_.count; }
  ConsentView consent(size_t i) const;  // ascending by purpose
  std::optional<ConsentView> FindConsent(absl::string_view purpose) const;

 private:
  friend class RecordImage;  // decodes a record in order to change it

  // Cells of one size, and the heap that their offsets are relative to.
  struct Table {
    const char* cells = nullptr;
    uint32_t count = 0;
    absl::string_view heap;
  };

  absl::Status ParseSection(uint16_t kind, uint32_t count, absl::string_view body);
  absl::Status ParseAttributes(uint32_t count, absl::string_view body);
  absl::Status ParseAggregates(uint32_t count, absl::string_view body);
  absl::Status ParseContacts(uint32_t count, absl::string_view body);
  absl::Status ParseConsents(uint32_t count, absl::string_view body);
  absl::Status ParseGrants(uint32_t count, absl::string_view body);

  uint64_t version_ = 0;
  uint32_t contacts_dropped_ = 0;
  bool aggregates_settled_ = true;
  Table attributes_;
  Table aggregates_;
  Table contacts_;
  Table consents_;
  Table grants_;
  StringListView identities_;
  absl::string_view household_;
  StringListView members_;
};

// RecordView::household() of these bytes, without looking at the rest; empty also for bytes that
// are no record.
absl::string_view ReadHousehold(absl::string_view bytes);

}  // namespace touchstone::store
