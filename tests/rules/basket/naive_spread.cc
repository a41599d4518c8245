#include "tests/rules/basket/naive_spread.h"

#include <algorithm>
#include <tuple>

#include "absl/numeric/int128.h"

namespace touchstone::rules {
namespace {

absl::int128 Wide(int64_t value) { return value; }

// Largest remainder with one full sort.
std::map<std::string, int64_t> Hamilton(int64_t total, const std::vector<NaiveShare>& shares) {
  std::map<std::string, int64_t> parts;
  absl::int128 sum = 0;
  for (const NaiveShare& share : shares) sum += share.weight;
  if (sum == 0) return parts;
  struct Claim {
    absl::int128 remainder;
    int64_t weight;
    std::string id;
  };
  std::vector<Claim> claims;
  int64_t left = total;
  for (const NaiveShare& share : shares) {
    const absl::int128 product = Wide(total) * share.weight;
    parts[share.id] = static_cast<int64_t>(product / sum);
    left -= parts[share.id];
    claims.push_back({product % sum, share.weight, share.id});
  }
  std::sort(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) {
    return std::tie(b.remainder, b.weight, a.id) < std::tie(a.remainder, a.weight, b.id);
  });
  for (const Claim& claim : claims) {
    if (left-- <= 0) break;
    ++parts[claim.id];
  }
  return parts;
}

}  // namespace

std::map<std::string, int64_t> NaiveSpread(int64_t total, std::vector<NaiveShare> shares) {
  std::map<std::string, int64_t> parts;
  // Rounds: whoever's proportional part reaches its cap gets the cap and leaves.
  for (bool someone_left = true; someone_left;) {
    someone_left = false;
    absl::int128 weights = 0;
    for (const NaiveShare& share : shares) weights += share.weight;
    const int64_t at_stake = total;
    for (size_t i = 0; i < shares.size();) {
      const NaiveShare share = shares[i];
      if (Wide(at_stake) * share.weight < Wide(share.cap) * weights) {
        ++i;
        continue;
      }
      parts[share.id] = share.cap;
      total -= share.cap;
      shares.erase(shares.begin() + static_cast<ptrdiff_t>(i));
      someone_left = true;
    }
  }
  for (const auto& [id, part] : Hamilton(total, shares)) parts[id] = part;
  return parts;
}

}  // namespace touchstone::rules
