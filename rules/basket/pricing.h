#pragma once

// Prices a basket offer by offer: what each takes from which line, and what is left.
//
// The caller drives it, because the conditions of an offer are evaluated when its turn comes and
// see what the offers before it left:
//
//   pricer.Start(basket, policy);
//   for (each benefit in the order of OrderBenefits) {
//     // its `requires` sees pricer.merchandise_net(); its `lines` gives `selected`
//     Applied applied = pricer.Apply(benefit, selected);
//   }
//
// What holds after every call: the takings of an offer sum to what Apply returned; net = gross -
// takings on every line; no line that an offer touched is below 0 or its floor; no result depends
// on the order of the lines.
// Thread safety: one Pricer a thread. Lifetime: it refers to the basket's lines until the next
// Start. Errors: none; REQUIRES that ValidateBasket found nothing. Cost: O(lines) a call, with a
// sort where floors bind; no heap allocation once the scratch has grown. Copy it to try an offer
// out.

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "rules/basket/basket.h"
#include "rules/basket/benefit.h"
#include "rules/basket/spread.h"
#include "rules/money/money.h"

namespace touchstone::rules {

// How a rule set prices. The guard rails are the largest share of the gross, in parts per million,
// that all offers together may take from one line and from the basket's merchandise.
struct PricingPolicy {
  Rounding rounding = Rounding::kHalfAwayFromZero;
  int64_t most_off_line_ppm = 1'000'000;
  int64_t most_off_basket_ppm = 1'000'000;
};

// Why an offer took nothing.
enum class NothingTaken : uint8_t {
  kNone,         // it did take something
  kNoCurrency,   // the benefit lacks an amount in the basket's currency
  kNoLines,      // no selected line that it may touch
  kNothingLeft,  // earlier offers, floors or a guard rail leave nothing to take
  kTooSmall,     // its share rounds to less than a minor unit
};

struct Applied {
  int64_t taken_minor = 0;
  NothingTaken reason = NothingTaken::kNone;
  bool cut_by_guard_rail = false;  // it would have taken more
};

struct LineTaking {
  uint32_t line = 0;         // index into basket.lines
  uint32_t offer = 0;        // BenefitSpec::offer
  int64_t amount_minor = 0;  // above 0
};

struct LineTotals {
  int64_t gross_minor = 0;  // after manual discounts; below 0 for returns
  int64_t net_minor = 0;    // after offers
};

class Pricer {
 public:
  // Forgets the basket before. REQUIRES: ValidateBasket(basket) is empty.
  void Start(const Basket& basket, const PricingPolicy& policy);
  // Start anew after a change of what counts as merchandise among the basket's lines, and of
  // nothing else about them.
  void StartAgain();

  // Takes what the benefit takes. `selected` says for each line whether the benefit works on it
  // (not 0); lines that do not count as merchandise, and overridden or marked-down ones unless
  // benefit.takes_marked_down, are left alone all the same. REQUIRES: one entry a line.
  Applied Apply(const BenefitSpec& benefit, absl::Span<const uint8_t> selected);
  // The same with every line selected.
  Applied Apply(const BenefitSpec& benefit);

  // Merchandise only: what conditions see as basket.gross, basket.net and basket.units.
  Money merchandise_gross() const { return {merchandise_gross_minor_, currency_}; }
  Money merchandise_net() const { return {merchandise_gross_minor_ - taken_minor_, currency_}; }
  Decimal merchandise_units() const { return merchandise_units_; }
  // Everything, returns too, before and after offers; below 0 when returns outweigh the rest.
  Money gross() const { return {gross_minor_, currency_}; }
  Money payable() const { return {gross_minor_ - taken_minor_, currency_}; }

  absl::Span<const LineTotals> lines() const { return totals_; }     // parallel to basket.lines
  absl::Span<const LineTaking> takings() const { return takings_; }  // in order of Apply, then line

 private:
  // What holds for a merchandise line while its basket is priced.
  struct Bounds {
    uint32_t line = 0;
    int64_t floor_minor = 0;     // net never below
    int64_t most_off_minor = 0;  // guard rail: gross - net never above
  };
  // A line that the benefit in hand may touch, and what it would take from it.
  struct Candidate {
    uint32_t line = 0;
    int64_t available_minor = 0;
    int64_t most_off_left_minor = 0;
    int64_t take_minor = 0;
  };

  Applied ApplyTo(const BenefitSpec& benefit, const uint8_t* selected);
  void CollectCandidates(const BenefitSpec& benefit, const uint8_t* selected);
  int64_t AvailableTotal() const;
  void TakeFromEachLine(const BenefitSpec& benefit);
  void TakeFromBasket(const BenefitSpec& benefit);
  int64_t WantedFromLine(const BenefitSpec& benefit, const Candidate& candidate) const;
  void SpreadByNet(int64_t total_minor);
  bool CutTo(int64_t total_minor);
  bool CutByGuardRails();
  void Record(uint32_t offer);
  int64_t TakeTotal() const;

  Currency currency_;
  PricingPolicy policy_;
  absl::Span<const BasketLine> basket_lines_;
  std::vector<Bounds> bounds_;  // merchandise lines, ascending
  std::vector<LineTotals> totals_;
  std::vector<LineTaking> takings_;
  int64_t gross_minor_ = 0;
  int64_t merchandise_gross_minor_ = 0;
  int64_t most_off_minor_ = 0;  // guard rail of the basket
  int64_t taken_minor_ = 0;
  Decimal merchandise_units_;
  std::vector<Candidate> candidates_;
  std::vector<SpreadShare> shares_;
  SpreadScratch spread_scratch_;
};

}  // namespace touchstone::rules
