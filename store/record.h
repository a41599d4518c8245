#pragma once

// The record of one customer or household, flat, read in place.
//
// RecordView checks the bytes once and then reads them without copying: attributes by stable id,
// aggregate state, contact state, identities, consent. Writing is done by patches (record_patch.h).
// Sections and value types of a later version are skipped here and survive rewriting.
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
#include "store/value.h"

namespace touchstone::store {

// What a record holds at most; a patch cannot add beyond it.
inline constexpr size_t kMaxAttributes = 4096;
inline constexpr size_t kMaxAggregates = 1024;
inline constexpr size_t kMaxContacts = 256;
inline constexpr size_t kMaxIdentities = 64;
inline constexpr size_t kMaxConsents = 256;
inline constexpr size_t kMaxPurposeBytes = 64;
inline constexpr size_t kMaxBuckets = 1024;  // of one aggregate; the oldest go first
inline constexpr size_t kMaxLimitIds = 16;   // of one contact

struct AttributeView {
  uint32_t id;
  uint32_t as_of_s;  // seconds since the epoch; 0: not stated
  uint16_t source;   // who said so: a small id that the caller gives out
  ValueView value;
};

// Part of an aggregate: what fell on one local day or hour.
struct Bucket {
  int32_t number;  // local days, or hours, since the epoch
  int64_t count;
  int64_t sum;

  friend bool operator==(const Bucket&, const Bucket&) = default;
};

class AggregateView {
 public:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::min();
  static constexpr size_t kHeaderBytes = 16;
  static constexpr size_t kBucketBytes = 20;

  AggregateView(uint32_t id, absl::string_view body) : id_(id), body_(body) {}

  uint32_t id() const { return id_; }
  int64_t first_us() const { return LoadNumber<int64_t>(body_.data()); }     // kNever: none
  int64_t last_us() const { return LoadNumber<int64_t>(body_.data() + 8); }  // kNever: none
  size_t bucket_count() const { return (body_.size() - kHeaderBytes) / kBucketBytes; }
  Bucket bucket(size_t i) const;  // ascending by number

  // Count and sum over the buckets from..through, both included. Sums saturate.
  struct Window {
    int64_t count = 0;
    int64_t sum = 0;
  };
  Window Over(int32_t from, int32_t through) const;

 private:
  uint32_t id_;
  absl::string_view body_;
};

enum class ContactKind : uint8_t { kShown = 1, kAccepted = 2, kDeclined = 3, kRedeemed = 4 };

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

class RecordView {
 public:
  RecordView() = default;  // as a record that holds nothing, version 0
  static absl::StatusOr<RecordView> Parse(absl::string_view bytes);

  // Grows by one with each entry that changes the record; 1 when it was created.
  uint64_t version() const { return version_; }

  size_t attribute_count() const { return attributes_.count; }
  AttributeView attribute(size_t i) const;  // ascending by id
  std::optional<AttributeView> FindAttribute(uint32_t id) const;

  // Aggregates of a kind that a later version wrote are left out.
  size_t aggregate_count() const { return aggregates_.count; }
  std::optional<AggregateView> aggregate(size_t i) const;  // ascending by id
  std::optional<AggregateView> FindAggregate(uint32_t id) const;

  size_t contact_count() const { return contacts_.count; }
  ContactView contact(size_t i) const;  // ascending by time
  // How many contacts were dropped because the record held kMaxContacts.
  uint32_t contacts_dropped() const { return contacts_dropped_; }

  StringListView identities() const { return identities_; }

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

  uint64_t version_ = 0;
  uint32_t contacts_dropped_ = 0;
  Table attributes_;
  Table aggregates_;
  Table contacts_;
  Table consents_;
  StringListView identities_;
};

}  // namespace touchstone::store
