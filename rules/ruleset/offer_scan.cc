#include "rules/ruleset/offer_scan.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "rules/facts/layout.h"
#include "rules/ruleset/rule_set.h"

namespace touchstone::rules {
namespace {

bool Reads(const expr::Program& program, BuiltinSlot first, BuiltinSlot last) {
  const absl::Span<const expr::Slot> slots = program.slots();
  return std::any_of(slots.begin(), slots.end(), [first, last](expr::Slot slot) {
    return slot.row == kDecisionRow && slot.index >= first && slot.index <= last;
  });
}

// All of a window, to be hashed; a day that is not given is one that is never reached.
using WindowKey = std::tuple<absl::CivilDay, absl::CivilDay, uint8_t, int16_t, int16_t, WindowZone,
                             absl::TimeZone>;

WindowKey KeyOf(const WindowSpec& window) {
  const auto& [from, through, days, opens_minute, closes_minute, zone_of, zone] = window;
  return {from.value_or(absl::CivilDay::min()),
          through.value_or(absl::CivilDay::max()),
          days,
          opens_minute,
          closes_minute,
          zone_of,
          zone};
}

NeededRight RightFor(const OfferSpec& offer) {
  switch (offer.applies) {
    case Applies::kGranted:
      return offer.promise.has_value() ? NeededRight::kGrantToApply : NeededRight::kGrant;
    case Applies::kCoded:
      return NeededRight::kCode;
    case Applies::kAutomatic:
    case Applies::kNever:
      return NeededRight::kNone;
  }
  return NeededRight::kNone;
}

class Scanner {
 public:
  explicit Scanner(Sharing sharing) : sharing_(sharing) {}

  void Add(const OfferSpec& offer) {
    ScannedOffer& scanned = scan_.offers.emplace_back();
    scanned.channels = offer.channels;
    for (size_t i = 0; i < offer.treatments.size(); ++i) {
      if (offer.treatments[i].has_value()) scanned.placements |= PlacementBit(i);
    }
    if (offer.window.has_value()) scanned.window = IndexOf(*offer.window);
    scanned.first_part = static_cast<uint32_t>(scan_.parts.size());
    scanned.eligible_parts = AddParts(offer.eligible);
    scanned.requires_parts = AddParts(offer.requires_);
    scanned.changes_baskets = offer.applies != Applies::kNever && offer.benefit.has_value();
    scanned.right = RightFor(offer);
    scanned.has_limits = !offer.limits.empty();
    scanned.has_budget = offer.budget >= 0;
    scanned.is_kept = offer.is_kept;
  }

  OfferScan Take() { return std::move(scan_); }

 private:
  uint32_t AddParts(const Condition& condition) {
    for (const Condition::Conjunct& conjunct : condition.conjuncts) {
      scan_.parts.push_back(IndexOf(conjunct));
    }
    return static_cast<uint32_t>(condition.conjuncts.size());
  }

  // Conditions of offers see one set of names, so that equal texts mean the same.
  uint32_t IndexOf(const Condition::Conjunct& conjunct) {
    const uint32_t next = static_cast<uint32_t>(scan_.conjuncts.size());
    if (sharing_ == Sharing::kEqualTexts) {
      const auto [known, is_new] = by_text_.emplace(conjunct.text, next);
      if (!is_new) return known->second;
    }
    scan_.conjuncts.push_back(
        {.program = &conjunct.program,
         .only_segment = conjunct.only_segment,
         .reads_basket = Reads(conjunct.program, kSlotBasketCurrency, kSlotBasketLines),
         .reads_basket_net = Reads(conjunct.program, kSlotBasketNet, kSlotBasketNet)});
    return next;
  }

  uint32_t IndexOf(const WindowSpec& window) {
    const uint32_t next = static_cast<uint32_t>(scan_.windows.size());
    if (sharing_ == Sharing::kEqualTexts) {
      const auto [known, is_new] = by_window_.emplace(KeyOf(window), next);
      if (!is_new) return known->second;
    }
    scan_.windows.push_back(window);
    return next;
  }

  const Sharing sharing_;
  OfferScan scan_;
  absl::flat_hash_map<absl::string_view, uint32_t> by_text_;
  absl::flat_hash_map<WindowKey, uint32_t> by_window_;
};

}  // namespace

OfferScan ScanOffers(const RuleSet& rules, Sharing sharing) {
  Scanner scanner(sharing);
  for (const OfferSpec& offer : rules.offers) scanner.Add(offer);
  OfferScan scan = scanner.Take();
  for (uint32_t turn = 0; turn < rules.pricing_order.size(); ++turn) {
    scan.offers[rules.pricing_order[turn]].turn = turn;
  }
  return scan;
}

}  // namespace touchstone::rules
