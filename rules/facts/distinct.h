#pragma once

// How many different values there were: what is remembered of a value, and how many they were.
//
// A record keeps the hash of each value and the last bucket in which it occurred, which counts
// exactly. Beyond 256 values it keeps a sketch of 256 registers instead: for each register the
// ranks that may still matter to some window. Its estimate has a standard error of 6.5%.
// Thread safety: pure functions. Source: Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog" (2007);
// Chabchoub, Hebrail, "Sliding HyperLogLog" (2010); linear counting for few values: Whang,
// Vander-Zanden, Taylor (1990). The hash is SipHash-2-4.

#include <cstdint>

#include "absl/types/span.h"
#include "rules/expr/value.h"

namespace touchstone::rules {

inline constexpr int kDistinctRegisters = 256;

// What a record keeps of distinct values: hash and bucket, or a sketch's register, rank and bucket.
struct DistinctEntry {
  uint64_t hash = 0;
  uint16_t reg = 0;  // 0 to 255
  uint8_t rank = 0;  // 1 to 57
  int64_t bucket = 0;
};

// The same for ever: records keep it. Of a kind letter and the value: 's' and the bytes of a
// string; 'i', 'd', 't' and eight bytes, little-endian, of an int, a decimal's thousandths, a
// timestamp's microseconds; 'b' and one byte; 'm', the code of the currency and eight bytes of
// minor units. REQUIRES: string, int, decimal, timestamp, bool or money.
uint64_t DistinctHash(const expr::Value& value);

// How many values occurred last in one of the buckets from..through, both included.
// Of hashes exactly, of a sketch as estimated and rounded.
int64_t CountDistinct(bool is_sketch, absl::Span<const DistinctEntry> entries, int64_t from,
                      int64_t through);

}  // namespace touchstone::rules
