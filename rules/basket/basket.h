#pragma once

// A basket as it comes to be priced, and what makes one unfit for it.
//
// Thread safety: plain data and pure functions. Lifetime: a Basket borrows its lines and their ids.
// Units: quantities are thousandths, unit prices ten-thousandths of a major unit ("_e4"), amounts
// minor units of the basket's currency.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rules/money/decimal.h"
#include "rules/money/money.h"

namespace touchstone::rules {

inline constexpr size_t kMaxBasketLines = 10'000;
inline constexpr size_t kMaxLineIdBytes = 64;
inline constexpr Decimal kMaxLineQuantity{1'000'000'000};          // a million units
inline constexpr int64_t kMaxLineTotalMinor = 10'000'000'000'000;  // 10^13

// How the unit price came to be.
enum class PriceSource : uint8_t { kRegular, kShelf, kMarkdown, kOverride };

// Whether what has this unit is counted in whole pieces; else it is weighed or measured.
inline bool IsCountedUnit(absl::string_view unit) { return unit.empty() || unit == "each"; }

struct BasketLine {
  absl::string_view line_id = {};  // unique, 1 to kMaxLineIdBytes of [A-Za-z0-9._-]
  Decimal quantity = {};           // above 0; below 0 exactly when is_return
  int64_t unit_price_e4 = 0;
  std::optional<int64_t> floor_price_e4 =
      std::nullopt;                   // per unit: offers never take the line below it
  int64_t manual_discount_minor = 0;  // of the whole line, at most its total
  PriceSource price_source = PriceSource::kRegular;
  bool is_return = false;       // counts in what is payable, and in nothing else
  bool merchandise = true;      // false: deposit, gift card, delivery
  bool is_delivery = false;     // a charge for delivery; not merchandise
  bool is_measured = false;     // weighed or measured: one unit; else the quantity is whole units
  bool never_discount = false;  // by the rule set; does not count as merchandise either

  // What offers may touch and conditions count.
  bool counts_as_merchandise() const { return merchandise && !never_discount && !is_return; }
  // Its price was reduced for this item: offers leave it alone unless they say otherwise.
  bool is_marked_down() const {
    return price_source == PriceSource::kMarkdown || price_source == PriceSource::kOverride;
  }
  // What is no whole number of pieces is one unit too.
  bool is_one_unit() const { return is_measured || quantity.thousandths % 1000 != 0; }
  int64_t units() const { return is_one_unit() ? 1 : quantity.thousandths / 1000; }
};

struct Basket {
  Currency currency;
  absl::Span<const BasketLine> lines;  // in any order: no result depends on it
};

// What a line comes to.
struct LineTotals {
  int64_t gross_minor = 0;  // after manual discounts; below 0 for returns
  int64_t entry_minor = 0;  // the price on entry: what the stage `shelf` leaves
  int64_t net_minor = 0;    // after offers
};

struct BasketViolation {
  std::string field;        // "lines[3].quantity"
  std::string description;  // a sentence for the caller
};

// Everything that is wrong with the basket, in order of line; empty when it can be priced. A basket
// without lines is fine. Beyond kMaxBasketLines only that is reported. Allocates only for findings
// and for baskets of more than 128 lines.
std::vector<BasketViolation> ValidateBasket(const Basket& basket);

}  // namespace touchstone::rules
