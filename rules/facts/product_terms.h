#pragma once

// What the product table says of how a line is priced, by the names of its columns: `deposit` and
// `gift_card` (bool: no merchandise), `floor_price` (money: no offer takes a unit below it).
//
// Thread safety: plain data. Cost: nothing is searched after construction.

#include <cstdint>
#include <optional>

#include "rules/expr/value.h"
#include "rules/facts/schema.h"
#include "rules/money/money.h"

namespace touchstone::rules {

class ProductTerms {
 public:
  explicit ProductTerms(const ReferenceSpec& product);

  // `row`: that of the product; null: it is not known, and so merchandise without a floor.
  bool IsMerchandise(const expr::Value* row) const;
  // In ten-thousandths of a major unit. Nothing when it is in another currency.
  std::optional<int64_t> FloorPriceE4(const expr::Value* row, Currency currency) const;

 private:
  // Positions in a row; -1: not declared, or of another type.
  int deposit_;
  int gift_card_;
  int floor_price_;
};

}  // namespace touchstone::rules
