#pragma once

// What a decision reads of each offer that it considers: flat, in order, and with what offers have
// in common named by number, so that a decision works it out once.
//
// Thread safety: const once built. Lifetime: points into the RuleSet that holds it. It says nothing
// that the offers do not say: the plain evaluation of each offer by itself comes to the same.

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "rules/expr/program.h"
#include "rules/policy/window.h"

namespace touchstone::rules {

struct RuleSet;

// A conjunct over the decision row, whoever has it: equal texts are one.
struct SharedConjunct {
  const expr::Program* program = nullptr;
  bool only_segment = false;
  bool reads_basket = false;
  bool reads_basket_net = false;  // what it comes to changes while offers are priced
};

// Placement i is bit i % kPlacementBits of a set of placements.
inline constexpr size_t kPlacementBits = 64;
inline uint64_t PlacementBit(size_t placement) { return uint64_t{1} << placement % kPlacementBits; }

inline constexpr uint32_t kNoWindow = UINT32_MAX;
inline constexpr uint32_t kNoTurn = UINT32_MAX;

// What an offer asks for beside its conditions.
enum class NeededRight : uint8_t {
  kNone,
  kCode,
  kGrant,         // or a code that carries it
  kGrantToApply,  // the same, but without a basket it is shown to whom it may be granted
};

struct ScannedOffer {
  uint64_t channels = 0;
  uint64_t placements = 0;  // those it has a treatment for
  uint32_t window = kNoWindow;
  uint32_t first_part = 0;  // of OfferScan::parts: those of `eligible`, then those of `requires`
  uint32_t eligible_parts = 0;
  uint32_t requires_parts = 0;
  uint32_t turn = kNoTurn;       // its place in RuleSet::pricing_order
  bool changes_baskets = false;  // it applies, and has a benefit
  NeededRight right = NeededRight::kNone;
  bool has_limits = false;
  bool has_budget = false;
  bool is_kept = false;  // OfferSpec::is_kept

  bool asks_for_grant() const {
    return right == NeededRight::kGrant || right == NeededRight::kGrantToApply;
  }
};

struct OfferScan {
  std::vector<ScannedOffer> offers;  // by offer index
  std::vector<uint32_t> parts;       // indexes into `conjuncts`
  std::vector<SharedConjunct> conjuncts;
  std::vector<WindowSpec> windows;  // each once

  absl::Span<const uint32_t> EligibleParts(uint32_t offer) const {
    return absl::MakeConstSpan(parts).subspan(offers[offer].first_part,
                                              offers[offer].eligible_parts);
  }
  absl::Span<const uint32_t> RequiresParts(uint32_t offer) const {
    const ScannedOffer& scanned = offers[offer];
    return absl::MakeConstSpan(parts).subspan(scanned.first_part + scanned.eligible_parts,
                                              scanned.requires_parts);
  }
};

enum class Sharing : uint8_t {
  kEqualTexts,
  kNothing,  // the plain way, to be compared with: everything is each offer's own
};

// REQUIRES: the offers are complete and stay where they are; pricing_order is.
OfferScan ScanOffers(const RuleSet& rules, Sharing sharing);

}  // namespace touchstone::rules
