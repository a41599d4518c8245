#pragma once

// Numbers of the record's byte format, for the files that read and write it. The format itself is
// described in docs/formats/record.md; what is here never changes its meaning.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <string>

namespace touchstone::store::layout {

static_assert(std::endian::native == std::endian::little, "records are read in place");

inline constexpr uint16_t kMagic = 0x5254;  // "TR"
inline constexpr uint16_t kRecordFormat = 1;

inline constexpr size_t kHeaderBytes = 20;
inline constexpr size_t kSectionBytes = 12;
inline constexpr size_t kAttributeBytes = 22;
inline constexpr size_t kAttributeSlot = 10;  // offset of the value's slot in the cell
inline constexpr size_t kAggregateBytes = 16;
inline constexpr size_t kContactBytes = 36;
inline constexpr size_t kConsentBytes = 20;
inline constexpr size_t kGrantBytes = 36;

enum Section : uint16_t {
  kAttributes = 1,
  kAggregates = 2,
  kContacts = 3,
  kIdentities = 4,
  kConsents = 5,
  kGrants = 6,
  kHousehold = 7,
  kMembers = 8,
  kUnsettled = 9,
};

// Flags of an aggregate.
inline constexpr uint8_t kStale = 1;
inline constexpr uint8_t kIncomplete = 2;

// Bodies of aggregates.
inline constexpr size_t kBucketsHeaderBytes = 16;
inline constexpr size_t kBucketBytes = 20;
inline constexpr size_t kCellsHeaderBytes = 4;
inline constexpr size_t kHashBytes = 12;
inline constexpr size_t kPairBytes = 6;

enum DistinctForm : uint8_t { kHashes = 1, kSketch = 2 };

// Where the value's slot, which ends a cell, begins in it; 0 for a rule that is not known here.
constexpr size_t CellSlotAt(uint16_t rule) {
  constexpr size_t kSlotAt[] = {0, 4, 4, 12, 12, 12, 20};
  return rule < std::size(kSlotAt) ? kSlotAt[rule] : 0;
}

enum Operation : uint8_t {
  kBumpVersion = 1,
  kSetAttribute = 2,
  kClearAttribute = 3,
  kAddToAggregate = 4,
  kClearAggregate = 5,
  kAddContact = 6,
  kAddIdentity = 7,
  kRemoveIdentity = 8,
  kSetConsent = 9,
  kAddToCells = 10,
  kAddDistinct = 11,
  kMarkStale = 12,
  kSetHousehold = 13,
  kAddMember = 14,
  kRemoveMember = 15,
  kForgetAggregates = 16,
  kSettleAggregates = 17,
  kClearConsent = 18,
  kClearContacts = 19,
  kRemoveContacts = 20,
  kPutGrant = 21,
  kRemoveGrant = 22,
};
inline constexpr size_t kOperationHeaderBytes = 5;  // operation, length of what follows

inline constexpr size_t kIncrementBytes = 36;
inline constexpr size_t kCellIncrementValue = 30;    // offset of type, currency and payload
inline constexpr size_t kCellIncrementPayload = 34;  // offset of the payload
inline constexpr size_t kDistinctIncrementBytes = 20;
inline constexpr size_t kContactOperationBytes = 39;  // without the limits
inline constexpr size_t kRemoveContactsBytes = 17;
inline constexpr size_t kConsentOperationBytes = 11;  // without the purpose
inline constexpr size_t kGrantOperationBytes = 38;    // without holders and id

template <typename T>
void AppendNumber(std::string* out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out->append(bytes, sizeof(T));
}

inline int64_t SaturatingAdd(int64_t a, int64_t b) {
  int64_t sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min();
}

}  // namespace touchstone::store::layout
