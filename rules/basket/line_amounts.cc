#include "rules/basket/line_amounts.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "absl/numeric/int128.h"
#include "absl/status/statusor.h"
#include "rules/money/quotient.h"

namespace touchstone::rules {
namespace {

int64_t TotalOf(Decimal quantity, int64_t unit_price_e4, Currency currency, Rounding rounding) {
  const absl::StatusOr<Money> total = LineTotal(quantity, unit_price_e4, currency, rounding);
  assert(total.ok());
  return total.ok() ? total->amount_minor : 0;
}

}  // namespace

int64_t Fraction(int64_t amount_minor, int64_t numerator, int64_t denominator, Rounding rounding) {
  int64_t product = 0;
  if (!__builtin_mul_overflow(amount_minor, numerator, &product)) [[likely]] {
    return QuotientRounded(product, denominator, rounding);
  }
  const absl::StatusOr<int64_t> result =
      DivideRounded(absl::int128(amount_minor) * numerator, denominator, rounding);
  return result.ok() ? *result : std::numeric_limits<int64_t>::max();
}

int64_t Times(int64_t amount_minor, int64_t times) {
  int64_t product = 0;
  return __builtin_mul_overflow(amount_minor, times, &product) ? std::numeric_limits<int64_t>::max()
                                                               : product;
}

int64_t GrossOf(const BasketLine& line, Currency currency, Rounding rounding) {
  const int64_t total = TotalOf(line.quantity, line.unit_price_e4, currency, rounding);
  if (line.is_return) return std::min<int64_t>(0, total + line.manual_discount_minor);
  return std::max<int64_t>(0, total - line.manual_discount_minor);
}

int64_t FloorOf(const BasketLine& line, Decimal quantity, Currency currency) {
  if (!line.floor_price_e4) return 0;
  return TotalOf(quantity, *line.floor_price_e4, currency, Rounding::kUp);
}

Decimal QuantityOf(const BasketLine& line, int64_t units) {
  return line.is_one_unit() ? line.quantity : Decimal{units * kThousandthsInUnit};
}

}  // namespace touchstone::rules
