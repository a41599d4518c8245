#pragma once

// The state of one aggregate in a record, read in place: buckets, cells, or what was counted as
// distinct. Which declared function reads which kind is not known here.
//
// Thread safety: immutable. Lifetime: everything points into the record's bytes.
// Errors: none; the bytes passed ValidateAggregate. An accessor of another kind must not be called.
// Cost: accessors are O(1) but for Over, which is linear in the buckets it covers; nothing
// allocates. Units: as in record.h. The byte format is in docs/formats/record.md.
// Source of the sketch: Y. Chabchoub and G. Hebrail, Sliding HyperLogLog (2010).

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "store/value.h"

namespace touchstone::store {

// What one aggregate holds at most; docs/formats/record.md says what goes first.
inline constexpr size_t kMaxBuckets = 1024;        // also cells of a rule that has one a bucket
inline constexpr size_t kMaxCells = 256;           // of kTop and of kCases
inline constexpr size_t kMaxCellValueBytes = 128;  // of a text
inline constexpr size_t kMaxDistinctValues = 256;  // beyond: a sketch
inline constexpr size_t kSketchRegisters = 256;    // chosen by the first 8 bits of a hash
inline constexpr uint8_t kMaxSketchRank = 57;      // 1 + leading zeros of the other 56 bits

// Part of an aggregate: what fell on one local day or hour.
struct Bucket {
  int32_t number;  // local days, or hours, since the epoch
  int64_t count;
  int64_t sum;

  friend bool operator==(const Bucket&, const Bucket&) = default;
};

// What an aggregate of cells keeps. Values are compared as numbers, texts as bytes.
enum class CellRule : uint8_t {
  kLeast = 1,     // one a bucket: the least value
  kGreatest = 2,  // one a bucket: the greatest value
  kEarliest = 3,  // one a bucket: the value with the least time; of equal times the lesser value
  kLatest = 4,    // one a bucket: that with the greatest time; of equal times the greater value
  kTop = 5,       // one a bucket and value: weights added up, always above 0
  kCases = 6,     // one a case, which is named by a string
};

struct CellView {
  int32_t bucket;   // kCases: 0
  int64_t time_us;  // kEarliest, kLatest: the value's; kCases: the case's earliest; else 0
  int64_t number;   // kTop: the weight; kCases: the case's latest time in microseconds; else 0
  bool closed;      // kCases: whether an event of the latest time closed it
  ValueView value;
};

// A value, by its hash and its greatest bucket, or a pair of one of the sketch's registers. The
// fields of the other are 0.
struct DistinctEntry {
  uint64_t hash;
  uint16_t reg;
  uint8_t rank;
  int32_t bucket;

  friend bool operator==(const DistinctEntry&, const DistinctEntry&) = default;
};

class AggregateView {
 public:
  enum class Kind : uint8_t { kBuckets = 1, kCells = 2, kDistinct = 3 };
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::min();

  // REQUIRES: the body passed ValidateAggregate. nullopt: a kind, or a rule of cells or a form of
  // distinct values, that a later version wrote.
  static std::optional<AggregateView> Of(uint32_t id, uint8_t kind, uint8_t flags,
                                         absl::string_view body);

  uint32_t id() const { return id_; }
  Kind kind() const { return kind_; }
  // Something was taken back that the state cannot give back: it is to be rebuilt, and until then
  // the aggregate is not known.
  bool stale() const;
  // Cells were dropped because there was no room for them.
  bool incomplete() const;

  // REQUIRES for these: kBuckets.
  int64_t first_us() const { return LoadNumber<int64_t>(body_.data()); }     // kNever: none
  int64_t last_us() const { return LoadNumber<int64_t>(body_.data() + 8); }  // kNever: none
  size_t bucket_count() const;
  Bucket bucket(size_t i) const;  // ascending by number

  // Count and sum over the buckets from..through, both included. Sums saturate.
  struct Window {
    int64_t count = 0;
    int64_t sum = 0;
  };
  Window Over(int32_t from, int32_t through) const;

  // REQUIRES for these: kCells.
  CellRule rule() const { return static_cast<CellRule>(LoadNumber<uint16_t>(body_.data())); }
  size_t cell_count() const { return LoadNumber<uint16_t>(body_.data() + 2); }
  CellView cell(size_t i) const;  // ascending by bucket, then time, then value

  // REQUIRES for these: kDistinct.
  bool is_sketch() const;  // else the entries are values
  size_t entry_count() const;
  // Values: ascending by hash. Sketch: ascending by register, then descending by bucket, so that in
  // a register the rank ascends.
  DistinctEntry entry(size_t i) const;

 private:
  AggregateView(uint32_t id, Kind kind, uint8_t flags, absl::string_view body)
      : id_(id), kind_(kind), flags_(flags), body_(body) {}

  uint32_t id_;
  Kind kind_;
  uint8_t flags_;
  absl::string_view body_;
};

// DataLoss unless the body is well formed or of a kind, rule or form that is not known here.
absl::Status ValidateAggregate(uint8_t kind, absl::string_view body);

}  // namespace touchstone::store
