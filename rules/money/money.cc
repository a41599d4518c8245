#include "rules/money/money.h"

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "rules/money/amount_text.h"
#include "rules/money/fixed_point.h"
#include "rules/money/quotient.h"

namespace touchstone::rules {
namespace {

constexpr int kPercentDecimals = 4;  // one part per million is 0.0001%
constexpr int64_t kPartsPerWhole = 1'000'000;
constexpr int64_t kMaxPartsPerMillion = 10 * kPartsPerWhole;  // 1000%
constexpr int64_t kThousandthsPerUnit = 1000;
constexpr int kLineTotalScale = 7;  // thousandths times ten-thousandths

absl::Status CurrenciesDiffer(Money a, Money b) {
  return absl::InvalidArgumentError(
      absl::StrCat("amounts of two currencies do not mix: ", Format(a), " and ", Format(b)));
}

absl::Status AmountOutOfRange() {
  return absl::OutOfRangeError("the amount does not fit 64 bits of minor units");
}

// a * factor / divisor in a's currency.
absl::StatusOr<Money> Scale(Money a, int64_t factor, int64_t divisor, Rounding rounding) {
  const absl::StatusOr<int64_t> amount_minor =
      DivideRounded(absl::int128(a.amount_minor) * factor, divisor, rounding);
  if (!amount_minor.ok()) return AmountOutOfRange();
  return Money{*amount_minor, a.currency};
}

}  // namespace

absl::StatusOr<Money> Add(Money a, Money b) {
  if (a.currency != b.currency) return CurrenciesDiffer(a, b);
  Money sum{0, a.currency};
  if (__builtin_add_overflow(a.amount_minor, b.amount_minor, &sum.amount_minor)) {
    return AmountOutOfRange();
  }
  return sum;
}

absl::StatusOr<Money> Subtract(Money a, Money b) {
  if (a.currency != b.currency) return CurrenciesDiffer(a, b);
  Money difference{0, a.currency};
  if (__builtin_sub_overflow(a.amount_minor, b.amount_minor, &difference.amount_minor)) {
    return AmountOutOfRange();
  }
  return difference;
}

absl::StatusOr<Money> Negate(Money a) { return Subtract(Money{0, a.currency}, a); }

absl::StatusOr<Money> Multiply(Money a, int64_t factor) {
  Money product{0, a.currency};
  if (__builtin_mul_overflow(a.amount_minor, factor, &product.amount_minor)) {
    return AmountOutOfRange();
  }
  return product;
}

absl::StatusOr<Money> Multiply(Money a, Decimal factor, Rounding rounding) {
  return Scale(a, factor.thousandths, kThousandthsPerUnit, rounding);
}

absl::StatusOr<Money> Percentage(Money a, int64_t parts_per_million, Rounding rounding) {
  if (parts_per_million < 0) {
    return absl::InvalidArgumentError("a percentage must not be negative");
  }
  return Scale(a, parts_per_million, kPartsPerWhole, rounding);
}

absl::StatusOr<Money> LineTotal(Decimal quantity, int64_t unit_price_e4, Currency currency,
                                Rounding rounding) {
  const int64_t divisor = PowerOfTen(kLineTotalScale - currency.minor_digits());
  int64_t product = 0;
  if (!__builtin_mul_overflow(quantity.thousandths, unit_price_e4, &product)) [[likely]] {
    return Money{QuotientRounded(product, divisor, rounding), currency};
  }
  return Scale(Money{quantity.thousandths, currency}, unit_price_e4, divisor, rounding);
}

absl::StatusOr<int> Compare(Money a, Money b) {
  if (a.currency != b.currency) return CurrenciesDiffer(a, b);
  if (a.amount_minor == b.amount_minor) return 0;
  return a.amount_minor < b.amount_minor ? -1 : 1;
}

std::string FormatAmount(Money money) {
  return FormatFixedPoint(money.amount_minor, money.currency.minor_digits(), TrailingZeros::kKeep);
}

std::string Format(Money money) {
  if (money.currency.is_none()) return FormatAmount(money);
  return absl::StrCat(FormatAmount(money), " ", money.currency.code());
}

absl::StatusOr<Money> ParseMoney(absl::string_view text) {
  const size_t blank = text.find(' ');
  if (blank == absl::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not an amount and a currency such as \"12.50 EUR\""));
  }
  const absl::StatusOr<Currency> currency = Currency::FromCode(text.substr(blank + 1));
  if (!currency.ok()) return currency.status();
  return ParseAmount(text.substr(0, blank), *currency);
}

std::optional<Money> ReadMoney(absl::string_view text) {
  const size_t blank = text.find(' ');
  if (blank == absl::string_view::npos) return std::nullopt;
  const std::optional<Currency> currency = ReadCurrency(text.substr(blank + 1));
  if (!currency.has_value()) return std::nullopt;
  const std::optional<int64_t> amount_minor =
      ReadFixedPoint(text.substr(0, blank), currency->minor_digits());
  if (!amount_minor.has_value()) return std::nullopt;
  return Money{*amount_minor, *currency};
}

absl::StatusOr<Money> ParseAmount(absl::string_view text, Currency currency) {
  const absl::StatusOr<int64_t> amount_minor = ParseFixedPoint(text, currency.minor_digits());
  if (!amount_minor.ok()) return amount_minor.status();
  return Money{*amount_minor, currency};
}

absl::StatusOr<int64_t> ParsePercent(absl::string_view text) {
  if (text.empty() || text.back() != '%') {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not a percentage such as \"20%\" or \"12.5%\""));
  }
  const absl::StatusOr<int64_t> parts_per_million =
      ParseFixedPoint(text.substr(0, text.size() - 1), kPercentDecimals);
  if (absl::IsInvalidArgument(parts_per_million.status())) return parts_per_million.status();
  if (!parts_per_million.ok() || *parts_per_million < 0 ||
      *parts_per_million > kMaxPartsPerMillion) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is outside 0% to 1000%"));
  }
  return *parts_per_million;
}

std::string FormatPercent(int64_t parts_per_million) {
  return absl::StrCat(FormatFixedPoint(parts_per_million, kPercentDecimals, TrailingZeros::kTrim),
                      "%");
}

}  // namespace touchstone::rules
