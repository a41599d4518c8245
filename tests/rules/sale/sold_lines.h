#pragma once

// A priced basket as it is sold.

#include <vector>

#include "absl/types/span.h"
#include "rules/basket/pricing.h"
#include "rules/sale/unit_shares.h"

namespace touchstone::rules {

inline std::vector<SoldLine> SoldLinesOf(absl::Span<const BasketLine> lines,
                                         absl::Span<const LineTotals> totals,
                                         absl::Span<const LineTaking> takings) {
  std::vector<SoldLine> sold;
  for (size_t i = 0; i < lines.size(); ++i) {
    sold.push_back({.units = lines[i].units(),
                    .gross_minor = totals[i].gross_minor,
                    .net_minor = totals[i].net_minor});
  }
  for (const LineTaking& taking : takings) {
    sold[taking.line].taken.push_back({taking.offer, taking.amount_minor});
  }
  return sold;
}

}  // namespace touchstone::rules
