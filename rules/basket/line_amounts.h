#pragma once

// Amounts of single lines, in minor units: the arithmetic that pricing shares.
//
// Thread safety: pure. Errors: none; a basket is within the limits of basket.h, so that what does
// not fit can only be a benefit of absurd size, which saturates and is cut to the line anyway.

#include <cstdint>

#include "rules/basket/basket.h"
#include "rules/money/decimal.h"
#include "rules/money/money.h"
#include "rules/money/rounding.h"

namespace touchstone::rules {

inline constexpr int64_t kThousandthsInUnit = 1000;

// amount * numerator / denominator.
int64_t Fraction(int64_t amount_minor, int64_t numerator, int64_t denominator, Rounding rounding);

int64_t Times(int64_t amount_minor, int64_t times);

// The line's total less manual discounts; a return mirrors the sale.
int64_t GrossOf(const BasketLine& line, Currency currency, Rounding rounding);

// What so much of the line must not cost less than; 0 without a floor price. Rounded up, since a
// line must not end below its floor by a fraction either.
int64_t FloorOf(const BasketLine& line, Decimal quantity, Currency currency);

// What so many units of the line are of its quantity.
Decimal QuantityOf(const BasketLine& line, int64_t units);

}  // namespace touchstone::rules
