#include "rules/facts/distinct.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <string>

#include "absl/time/time.h"
#include "rules/facts/elementary.h"
#include "rules/facts/sip_hash.h"

namespace touchstone::rules {
namespace {

using expr::Kind;
using expr::Value;

// The ASCII bytes "touchstone/distn": a key that is no secret, but fixed.
constexpr SipKey kDistinctKey = {0x6f74736863756f74, 0x6e747369642f656e};

uint64_t HashOf(char kind, absl::string_view prefix, int64_t number) {
  char bytes[16];
  assert(1 + prefix.size() + sizeof(number) <= sizeof(bytes));
  bytes[0] = kind;
  if (!prefix.empty()) std::memcpy(bytes + 1, prefix.data(), prefix.size());
  std::memcpy(bytes + 1 + prefix.size(), &number, sizeof(number));
  return SipHash64(kDistinctKey, {bytes, 1 + prefix.size() + sizeof(number)});
}

double EstimateOf(const std::array<uint8_t, kDistinctRegisters>& ranks) {
  constexpr double kRegisters = kDistinctRegisters;
  constexpr double kAlpha = 0.7213 / (1 + 1.079 / kRegisters);
  double harmonic = 0;
  int empty = 0;
  for (const uint8_t rank : ranks) {
    harmonic += HalfToThe(rank);
    if (rank == 0) ++empty;
  }
  const double estimate = kAlpha * kRegisters * kRegisters / harmonic;
  if (estimate <= 2.5 * kRegisters && empty > 0) {
    return kRegisters * NaturalLogarithm(kRegisters / empty);
  }
  return estimate;
}

}  // namespace

uint64_t DistinctHash(const Value& value) {
  switch (value.kind()) {
    case Kind::kString: {
      std::string bytes = "s";
      bytes.append(value.string_value().data(), value.string_value().size());
      return SipHash64(kDistinctKey, bytes);
    }
    case Kind::kBool: {
      const char bytes[] = {'b', value.bool_value() ? '\1' : '\0'};
      return SipHash64(kDistinctKey, {bytes, sizeof(bytes)});
    }
    case Kind::kDecimal:
      return HashOf('d', "", value.decimal_value().thousandths);
    case Kind::kTimestamp:
      return HashOf('t', "", absl::ToUnixMicros(value.timestamp_value()));
    case Kind::kMoney:
      return HashOf('m', value.money_value().currency.code(), value.money_value().amount_minor);
    default:
      assert(value.kind() == Kind::kInt);
      return HashOf('i', "", value.int_value());
  }
}

int64_t CountDistinct(bool is_sketch, absl::Span<const DistinctEntry> entries, int64_t from,
                      int64_t through) {
  const auto counts = [from, through](const DistinctEntry& entry) {
    return entry.bucket >= from && entry.bucket <= through;
  };
  if (!is_sketch) return std::count_if(entries.begin(), entries.end(), counts);
  std::array<uint8_t, kDistinctRegisters> ranks = {};
  for (const DistinctEntry& entry : entries) {
    if (entry.reg >= kDistinctRegisters || !counts(entry)) continue;
    ranks[entry.reg] = std::max(ranks[entry.reg], entry.rank);
  }
  const double estimate = EstimateOf(ranks);
  const auto whole = static_cast<int64_t>(estimate);
  return estimate - static_cast<double>(whole) < 0.5 ? whole : whole + 1;
}

}  // namespace touchstone::rules
