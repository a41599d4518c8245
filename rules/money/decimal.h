#pragma once

// Decimal: an exact count of thousandths, the type of quantities. ExactNumber: a numeric literal of
// a rule, kept as it was written so that it can meet money or a decimal without loss.
//
// Thread safety: immutable values. Errors: OutOfRange when a result leaves int64. No allocation but
// for the text forms.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace touchstone::rules {

struct Decimal {
  int64_t thousandths = 0;

  friend bool operator==(Decimal a, Decimal b) { return a.thousandths == b.thousandths; }
  friend auto operator<=>(Decimal a, Decimal b) = default;
};

absl::StatusOr<Decimal> Add(Decimal a, Decimal b);
absl::StatusOr<Decimal> Subtract(Decimal a, Decimal b);
// Rounded half away from zero to a thousandth.
absl::StatusOr<Decimal> Multiply(Decimal a, Decimal b);
// "3", "0.25", "-1.5": no exponent; more than three decimals is InvalidArgument.
absl::StatusOr<Decimal> ParseDecimal(absl::string_view text);
// Shortest form that parses back: "3", "0.25".
std::string Format(Decimal value);

// mantissa / 10^scale, as read from source text such as "10.00" (1000, 2).
struct ExactNumber {
  int64_t mantissa = 0;
  int scale = 0;  // 0 to kMaxExactScale
};
inline constexpr int kMaxExactScale = 9;

// Reads digits with an optional minus and fraction (".5" too, as CEL writes it); InvalidArgument
// for exponents, more than kMaxExactScale decimals, or a mantissa outside int64.
absl::StatusOr<ExactNumber> ParseExactNumber(absl::string_view text);

// Three-way comparison of value / 10^value_scale with a literal: exact for all inputs, never fails.
int CompareExact(int64_t value, int value_scale, ExactNumber literal);

}  // namespace touchstone::rules
