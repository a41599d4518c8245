#pragma once

// What a return of a sale takes back and refunds. docs/rules/returns.md says it with figures.
//
// `recompute` refunds what was paid less the price of what is kept, which the caller works out:
// the kept basket under the sale's own offers. `proportional` refunds what the units that come back
// cost, as unit_shares.h says. Under both, refunds are never below 0, never add up to more than was
// paid, and add up to it when everything is back. Lines of the sale that gave back what was bought
// earlier cannot come back themselves: they count neither in what was paid nor in the price of what
// is kept.
//
// Thread safety: pure. Cost: O(lines), with a sort of their ids to check a return, however many
// units they have. Units: amounts in minor units of the sale's currency. `returned` and `kept`
// quantities are parallel to the sale's lines, and from 0 to the quantity of the line; of a line
// that cannot come back 0 is returned, and all of it is kept.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rules/basket/basket.h"
#include "rules/money/decimal.h"
#include "rules/money/money.h"
#include "rules/sale/unit_shares.h"

namespace touchstone::rules {

// What comes back, as the caller says it.
struct ReturnedQuantity {
  absl::string_view line_id = {};  // of the sale
  Decimal quantity = {};
};

struct ReturnViolation {
  std::string field;          // "lines[3].quantity", "lines[3].line_id", "lines"
  std::string description;    // a sentence for the caller
  bool exceeds_sale = false;  // the sale has no such line, or not so much of it left
};

struct CheckedReturn {
  std::vector<Decimal> now = {};   // that comes back of each line of the sale
  std::vector<Decimal> kept = {};  // of each line of the sale, after it
  std::vector<ReturnViolation> violations = {};
};

// Everything that is wrong with the return, in order of its lines, at most one finding a line: no
// line, one that the sale does not have or that is named twice, one that gave back what was bought
// earlier; a quantity of 0 or less, more than is left, or part of a unit that is counted in pieces.
// Where there are violations nothing else is filled in. REQUIRES: ValidateBasket(sold) is empty.
CheckedReturn CheckReturn(const Basket& sold, absl::Span<const Decimal> returned_before,
                          absl::Span<const ReturnedQuantity> lines);

// The basket that is kept, in the shape in which it is priced. view() refers to it.
struct KeptBasket {
  Currency currency = {};
  std::vector<BasketLine> lines = {};    // refer to the ids of the sale's lines
  std::vector<uint32_t> sold_line = {};  // parallel: index of each in the sale

  Basket view() const { return {currency, lines}; }
};

// The sale's basket without what came back: lines of which nothing is kept are left out, a manual
// discount is reduced in proportion to the quantity, what was one unit stays one, and all else is
// as it was. Lines that belong to another one, such as its deposit, stay: they come back as lines
// of their own. The result passes ValidateBasket where `sold` does.
KeptBasket BuildKept(const Basket& sold, absl::Span<const Decimal> kept);

// What is paid for lines that can come back: of a sale, what was paid; of a kept basket that was
// priced, the price of what is kept. Never below 0. REQUIRES: parallel.
int64_t PaidForSold(absl::Span<const BasketLine> lines, absl::Span<const LineTotals> totals);

// To refund now under `recompute`, so that refunds come to max(refunded before, paid - price of
// what is kept) in all. Whenever it is above 0, she has paid just the price of what she keeps:
// never less. Where it is 0 because the rest costs more by itself than with what came back earlier,
// she may have paid less than that price, since a refund is not asked back. REQUIRES: 0 <= refunded
// before <= paid; 0 <= kept price, which is 0 when nothing is kept.
int64_t RecomputedRefund(int64_t paid_minor, int64_t refunded_before_minor,
                         int64_t kept_price_minor);

// To refund now under `proportional`: what was paid for the units that come back, the first ones of
// a line first. `lines` are those of the sale as they were sold. REQUIRES: all parallel.
int64_t ProportionalRefund(absl::Span<const BasketLine> basket_lines,
                           absl::Span<const SoldLine> lines,
                           absl::Span<const Decimal> returned_before,
                           absl::Span<const Decimal> now);

}  // namespace touchstone::rules
