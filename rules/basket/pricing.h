#pragma once

// Prices a basket offer by offer: what each takes from which line, and what is left.
// docs/rules/pricing.md says what each benefit comes to.
//
// The caller drives it, because the conditions of an offer are evaluated when its turn comes and
// see what the offers before it left:
//
//   pricer.Start(basket, policy);
//   for (each benefit in the order of OrderBenefits) {
//     // its `requires` sees pricer.merchandise_net(); its conditions on lines give `selected`
//     Applied applied = pricer.Apply(benefit, selected);
//   }
//
// What holds after every call: the takings of an offer sum to what Apply returned; net = gross -
// takings on every line; no line that an offer touched is below 0 or its floor; no result depends
// on the order of the lines; an offer that was not applied has changed nothing.
// Thread safety: one Pricer a thread. Lifetime: it refers to the basket's lines until the next
// Start. Errors: none; REQUIRES that ValidateBasket found nothing. Cost: O(lines) a call, with a
// sort where floors bind; with units or sets O(lines) too, and the first of them in a basket sorts
// the lines; no heap allocation once the scratch has grown. Copy it to try an offer out.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "rules/basket/basket.h"
#include "rules/basket/benefit.h"
#include "rules/basket/sets.h"
#include "rules/basket/spread.h"
#include "rules/basket/units.h"
#include "rules/money/money.h"
#include "rules/money/proportion.h"

namespace touchstone::rules {

// How a rule set prices. The guard rails are the largest share of the gross, in parts per million,
// that all offers together may take from one line and from the basket's merchandise.
struct PricingPolicy {
  Rounding rounding = Rounding::kHalfAwayFromZero;
  int64_t most_off_line_ppm = 1'000'000;
  int64_t most_off_basket_ppm = 1'000'000;
};

// Why an offer was not applied.
enum class NothingTaken : uint8_t {
  kNone,           // it was
  kNoCurrency,     // the benefit lacks an amount in the basket's currency
  kNoLines,        // no selected line or unit that it may touch
  kNoSet,          // the selected units make no complete set
  kNoTier,         // less is bought than its first tier asks for
  kNothingLeft,    // earlier offers, floors or a guard rail leave nothing to take
  kNotAbovePrice,  // what it is about costs no more than its price
  kTooSmall,       // its share rounds to less than a minor unit, point or coupon
};

struct Applied {
  int64_t taken_minor = 0;
  int64_t points = 0;
  int64_t coupons = 0;  // at most kMaxCoupons
  // Sets completed, units reached by a range or given as a gift, lines of a benefit for each of
  // them; else 1.
  int64_t applications = 0;
  int64_t missing_gifts = 0;  // units of the gift that are not in the basket
  NothingTaken reason = NothingTaken::kNone;
  bool cut_by_guard_rail = false;  // it would have taken more
};

struct LineTaking {
  uint32_t line = 0;         // index into basket.lines
  uint32_t offer = 0;        // BenefitSpec::offer
  int64_t amount_minor = 0;  // above 0
  Decimal quantity;          // what it worked on; 0: on the basket as a whole
};

class Pricer {
 public:
  // Forgets the basket before. REQUIRES: ValidateBasket(basket) is empty.
  void Start(const Basket& basket, const PricingPolicy& policy);
  // Start anew after a change of what counts as merchandise among the basket's lines, and of
  // nothing else about them.
  void StartAgain();

  // Takes what the benefit takes. `selected` says for each line what it may do in the benefit, as
  // SetSpec and GiftSpec say; without these, not 0: the benefit works on it. Lines that do not
  // count as merchandise (in the stage `delivery`: that are no delivery), and overridden or
  // marked-down ones unless benefit.takes_marked_down, are left alone all the same. REQUIRES: one
  // entry a line; benefits come in the order of their stages.
  Applied Apply(const BenefitSpec& benefit, absl::Span<const uint8_t> selected);
  // A part of it: at most so many sets, and what the offer has taken before counts for its at_most.
  Applied ApplyPart(const BenefitSpec& benefit, absl::Span<const uint8_t> selected,
                    int64_t most_sets);
  // The same with every line selected for everything. REQUIRES: no gift.
  Applied Apply(const BenefitSpec& benefit);

  // Merchandise only: what conditions see as basket.gross, basket.net and basket.units.
  Money merchandise_gross() const { return {merchandise_gross_minor_, currency_}; }
  Money merchandise_net() const { return {merchandise_gross_minor_ - taken_minor_, currency_}; }
  Decimal merchandise_units() const { return merchandise_units_; }
  // Everything, returns too, before and after offers; below 0 when returns outweigh the rest.
  Money gross() const { return {gross_minor_, currency_}; }
  Money payable() const { return {gross_minor_ - taken_minor_ - delivery_taken_minor_, currency_}; }
  int64_t points() const { return points_; }

  absl::Span<const LineTotals> lines() const { return totals_; }     // parallel to basket.lines
  absl::Span<const LineTaking> takings() const { return takings_; }  // in order of Apply, then line
  // Whether offers can take nothing more from the line, guard rails aside.
  bool IsUsedUp(uint32_t line) const;
  // Which units are in sets, as bytes: equal exactly where the same ones are.
  void AppendUsedUnits(std::string* key) const { runs_.AppendUsed(key); }
  // Makes what one offer took from one line in several parts one taking again, at the place of the
  // first. Of those from position `first` on. Allocates.
  void JoinTakings(size_t first);

 private:
  // What holds for a line of merchandise or delivery while its basket is priced.
  struct Bounds {
    uint32_t line = 0;
    int64_t floor_minor = 0;     // net never below
    int64_t most_off_minor = 0;  // guard rail: gross - net never above
  };
  // A line that the benefit in hand works on, or the part of it that is some of its units.
  struct Candidate {
    uint32_t line = 0;
    Decimal quantity = {};
    int64_t units = 0;
    int64_t entry_minor = 0;
    int64_t net_minor = 0;
    int64_t available_minor = 0;
    int64_t of_units_minor = 0;  // what the floors of its units leave; at least available_minor
    int64_t most_off_left_minor = 0;
    int64_t take_minor = 0;
  };
  // Units of a run that the benefit in hand uses.
  struct PickedUnits {
    UnitSlice units;
    int64_t available_minor = 0;
    uint32_t candidate = kNoCandidate;  // of these; kNoCandidate: they are bought, not got
    bool left_alone = false;            // in a set that nothing is taken from
  };
  // What a unit of a line costs on entry: whole minor units and rest/units of one.
  struct UnitPrice {
    uint32_t line = 0;
    int64_t whole_minor = 0;
    int64_t rest = 0;
    int64_t units = 0;

    // Both times, the products stay within 10^12.
    bool CostsMoreThan(const UnitPrice& other) const {
      if (whole_minor != other.whole_minor) return whole_minor > other.whole_minor;
      return rest * other.units > other.rest * units;
    }
  };
  // What tiers measure of one line.
  struct Measured {
    uint32_t line = 0;
    int64_t amount_minor = 0;
    int64_t units = 0;
  };
  static constexpr uint32_t kNoCandidate = UINT32_MAX;

  Applied ApplyTo(const BenefitSpec& benefit, const uint8_t* selected);
  Applied Give(const BenefitSpec& benefit);
  Applied TakeOff(const BenefitSpec& benefit, const Reduction& off);

  // Who is it about.
  bool MayTouch(const BenefitSpec& benefit, const uint8_t* selected, uint32_t line) const;
  void CollectLines(const BenefitSpec& benefit, const uint8_t* selected);
  void CollectUnits(const BenefitSpec& benefit, const uint8_t* selected);
  void CollectSets(const BenefitSpec& benefit, const uint8_t* selected);
  void CollectGifts(const BenefitSpec& benefit, const uint8_t* selected);
  void PickFromLine(uint32_t line, int64_t from, int64_t count);
  void Pick(const UnitSlice& units, bool is_got);
  void SortCandidates();
  absl::Span<const uint32_t> LinesByPrice(UnitOrder order);
  void SortLinesByPrice();

  // What is taken.
  void MeasureForTiers(const BenefitSpec& benefit, const uint8_t* selected);
  const Reduction* ReductionFor(const BenefitSpec& benefit, int64_t amount_minor,
                                int64_t units) const;
  const Reduction* ReductionForLine(const BenefitSpec& benefit, uint32_t line) const;
  const Reduction* ReductionForAll(const BenefitSpec& benefit) const;
  bool TakesOneSum(const BenefitSpec& benefit, const Reduction& off) const;
  void TakeFromEachLine(const BenefitSpec& benefit, const Reduction& off);
  void TakeFromSets(const BenefitSpec& benefit, const Reduction& off);
  void TakeFromSet(const SetBatch& batch, int64_t wanted_minor);
  void LeaveAlone(const SetBatch& batch);
  void TakeFromBasket(const BenefitSpec& benefit, const Reduction& off);
  int64_t WantedFromLine(const BenefitSpec& benefit, const Reduction& off,
                         const Candidate& candidate) const;
  int64_t OffShelfPrice(const Reduction& off, const Candidate& candidate) const;
  int64_t AmountIn(const AmountByCurrency& amounts) const;
  void CutToAtMost(const BenefitSpec& benefit);
  void SpreadByNet(int64_t total_minor);
  bool CutTo(int64_t total_minor);
  bool CutByGuardRails();

  int64_t AvailableTotal() const;
  int64_t NetTotal() const;
  int64_t TakeTotal() const;
  int64_t Applications(const BenefitSpec& benefit, const Reduction& off) const;
  void Record(const BenefitSpec& benefit, const Reduction& off);
  void RecordUnits(bool used);

  Currency currency_;
  PricingPolicy policy_;
  absl::Span<const BasketLine> basket_lines_;
  std::vector<Bounds> bounds_;           // lines of merchandise, ascending
  std::vector<Bounds> delivery_bounds_;  // lines of delivery, ascending
  std::vector<LineTotals> totals_;
  std::vector<LineTaking> takings_;
  bool on_shelf_ = true;  // the price on entry follows what is left
  int64_t gross_minor_ = 0;
  int64_t merchandise_gross_minor_ = 0;
  int64_t most_off_minor_ = 0;  // guard rail of the basket
  int64_t taken_minor_ = 0;     // from merchandise
  int64_t delivery_taken_minor_ = 0;
  int64_t points_ = 0;
  Decimal merchandise_units_;

  // Of the benefit in hand.
  std::vector<Candidate> candidates_;  // ascending by line
  std::vector<PickedUnits> picked_;    // none: whole lines
  bool whole_lines_ = true;
  std::vector<Measured> measured_;  // ascending by line; with tiers only
  int64_t sets_left_alone_ = 0;
  int64_t missing_gifts_ = 0;
  bool is_delivery_ = false;
  int64_t most_sets_ = 0;
  int64_t taken_before_minor_ = 0;  // by the same offer
  std::vector<uint32_t> candidate_of_line_;

  UnitRuns runs_;  // empty until a benefit is about units
  std::vector<UnitPrice> unit_prices_;
  std::vector<uint32_t> dearest_first_;  // lines by the price of a unit; empty until needed
  std::vector<uint32_t> cheapest_first_;
  std::vector<SetSupply> supply_;
  SetPlanner planner_;
  std::vector<SpreadShare> shares_;
  SpreadScratch spread_scratch_;
  std::vector<Proportion> proportions_;
};

}  // namespace touchstone::rules
