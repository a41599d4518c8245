#include "rules/money/decimal.h"

#include <cassert>
#include <cstddef>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "rules/money/amount_text.h"
#include "rules/money/fixed_point.h"
#include "rules/money/rounding.h"

namespace touchstone::rules {
namespace {

constexpr int kDecimals = 3;
constexpr int64_t kThousandthsPerUnit = 1000;
// Any int64 other than 0 times 10^19 leaves int64.
constexpr int64_t kDecisiveExponent = 19;

int Sign(int64_t value) { return value < 0 ? -1 : (value > 0 ? 1 : 0); }

// value against factor * 10^exponent. REQUIRES: exponent >= 0.
int CompareScaled(int64_t value, int64_t factor, int64_t exponent) {
  if (factor == 0) return Sign(value);
  if (exponent >= kDecisiveExponent) return -Sign(factor);
  const absl::int128 scaled = absl::int128(factor) * PowerOfTen(static_cast<int>(exponent));
  return value < scaled ? -1 : (value > scaled ? 1 : 0);
}

}  // namespace

absl::StatusOr<Decimal> Add(Decimal a, Decimal b) {
  Decimal sum;
  if (__builtin_add_overflow(a.thousandths, b.thousandths, &sum.thousandths)) {
    return absl::OutOfRangeError("the sum of two decimals does not fit 64 bits");
  }
  return sum;
}

absl::StatusOr<Decimal> Subtract(Decimal a, Decimal b) {
  Decimal difference;
  if (__builtin_sub_overflow(a.thousandths, b.thousandths, &difference.thousandths)) {
    return absl::OutOfRangeError("the difference of two decimals does not fit 64 bits");
  }
  return difference;
}

absl::StatusOr<Decimal> Multiply(Decimal a, Decimal b) {
  const absl::StatusOr<int64_t> product =
      DivideRounded(absl::int128(a.thousandths) * b.thousandths, kThousandthsPerUnit,
                    Rounding::kHalfAwayFromZero);
  if (!product.ok()) return product.status();
  return Decimal{*product};
}

absl::StatusOr<Decimal> ParseDecimal(absl::string_view text) {
  const absl::StatusOr<int64_t> thousandths = ParseFixedPoint(text, kDecimals);
  if (!thousandths.ok()) return thousandths.status();
  return Decimal{*thousandths};
}

std::optional<Decimal> ReadDecimal(absl::string_view text) {
  const std::optional<int64_t> thousandths = ReadFixedPoint(text, kDecimals);
  if (!thousandths.has_value()) return std::nullopt;
  return Decimal{*thousandths};
}

std::string Format(Decimal value) {
  return FormatFixedPoint(value.thousandths, kDecimals, TrailingZeros::kTrim);
}

absl::StatusOr<ExactNumber> ParseExactNumber(absl::string_view text) {
  const size_t point = text.find('.');
  const size_t written = point == absl::string_view::npos ? 0 : text.size() - point - 1;
  const int scale = static_cast<int>(written < kMaxExactScale ? written : kMaxExactScale);
  const absl::StatusOr<int64_t> mantissa = ParseFixedPoint(text, scale);
  if (!mantissa.ok()) return absl::InvalidArgumentError(mantissa.status().message());
  return ExactNumber{*mantissa, scale};
}

int CompareExact(int64_t value, int value_scale, ExactNumber literal) {
  // Only the difference of the scales matters, and only one side needs to be scaled up by it.
  const int64_t difference = int64_t{value_scale} - literal.scale;
  if (difference >= 0) return CompareScaled(value, literal.mantissa, difference);
  return -CompareScaled(literal.mantissa, value, -difference);
}

}  // namespace touchstone::rules
