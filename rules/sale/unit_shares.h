#pragma once

// What each unit of a sold line cost, so that some of its units can come back.
//
// Units of one line are equal: what an offer took from the line is spread over all of its units, in
// whole minor units, by largest remainder. The odd minor units of one offer go to the units behind
// those that got the last ones of the offer before, around the line; those of the gross go to the
// first units, as in rules/basket/units.h. So what is paid for two units of a line never differs by
// more than one minor unit, is never below 0, and adds up to the line's net.
//
// Thread safety: pure. Errors: none. Cost: O(offers) for UnitSharesOf, O(1) for the others, however
// many units there are; only UnitSharesOf allocates. Units: amounts in minor units.

#include <cstdint>
#include <vector>

namespace touchstone::rules {

// What an offer took from each of a run of units of a line.
struct UnitShare {
  int64_t first_unit = 0;  // from 1
  int64_t unit_count = 0;
  uint32_t offer = 0;
  int64_t amount_each_minor = 0;  // above 0

  friend bool operator==(const UnitShare&, const UnitShare&) = default;
};

struct OfferTaking {
  uint32_t offer = 0;
  int64_t amount_minor = 0;  // not below 0
};

// A line as it was sold.
struct SoldLine {
  int64_t units = 1;  // BasketLine::units(): a weighed line is one
  int64_t gross_minor = 0;
  int64_t net_minor = 0;
  std::vector<OfferTaking> taken = {};  // in the order of pricing; sums to gross - net
};

// In the order of `taken`, then of units; where an offer took nothing from a unit there is no
// share. At most three an offer. Empty for a line that gave back what was bought earlier, since no
// offer takes from it.
std::vector<UnitShare> UnitSharesOf(const SoldLine& line);

// What was paid for `count` units behind the first `units_before`: their shares of the gross less
// what offers took from them. REQUIRES: 0 <= net <= gross, and the units are within the line.
int64_t PaidForUnits(const SoldLine& line, int64_t units_before, int64_t count);

// The same of a line that is one unit, a weighed one, which may come back in parts: what the amount
// paid for all that has come back, rounded, grows by. So all parts add up to the net, and no part
// is below 0. REQUIRES: 0 <= net, and 0 <= before, now and before + now <= in_all, which is above
// 0.
int64_t PaidForQuantity(const SoldLine& line, int64_t thousandths_before, int64_t thousandths_now,
                        int64_t thousandths_in_all);

}  // namespace touchstone::rules
