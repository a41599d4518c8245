#pragma once

// Exact money: a 64-bit count of minor units and an ISO 4217 currency.
//
// Thread safety: immutable values, free functions without state.
// Errors: arithmetic that could leave int64 returns OutOfRange and changes nothing; amounts of two
// currencies never mix (InvalidArgument). Nothing here allocates except the text forms.
// Never a floating-point type: percentages are parts per million, quantities are thousandths.

#include <cassert>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rules/money/decimal.h"
#include "rules/money/rounding.h"

namespace touchstone::rules {

// An ISO 4217 code that is in use, with its number of minor digits (EUR 2, JPY 0, KWD 3).
// A default-constructed currency is "none" and equals only itself.
class Currency {
 public:
  Currency() = default;
  // InvalidArgument unless `code` is three capital letters of the built-in ISO 4217 table.
  static absl::StatusOr<Currency> FromCode(absl::string_view code);
  // From Currency::index() of the same build; REQUIRES: a value that index() returned.
  static Currency FromIndex(uint16_t index) {
    assert(index < kEntries);
    Currency currency;
    currency.index_ = index;
    return currency;
  }

  absl::string_view code() const;            // "" for none
  int minor_digits() const;                  // 0 for none
  uint16_t index() const { return index_; }  // position in the table, 0 for none
  bool is_none() const { return index_ == 0; }

  friend bool operator==(Currency a, Currency b) { return a.index_ == b.index_; }
  friend bool operator!=(Currency a, Currency b) { return a.index_ != b.index_; }

 private:
  static constexpr uint16_t kEntries = 166;  // of the table, none among them

  uint16_t index_ = 0;
};

struct Money {
  int64_t amount_minor = 0;
  Currency currency;

  friend bool operator==(const Money& a, const Money& b) {
    return a.amount_minor == b.amount_minor && a.currency == b.currency;
  }
};

absl::StatusOr<Money> Add(Money a, Money b);
absl::StatusOr<Money> Subtract(Money a, Money b);
absl::StatusOr<Money> Negate(Money a);
absl::StatusOr<Money> Multiply(Money a, int64_t factor);
absl::StatusOr<Money> Multiply(Money a, Decimal factor, Rounding rounding);

// A share of an amount. InvalidArgument when parts_per_million is negative.
absl::StatusOr<Money> Percentage(Money a, int64_t parts_per_million, Rounding rounding);

// Of a unit price: it is in ten-thousandths of a major unit, whatever the currency.
inline constexpr int kUnitPriceDecimals = 4;

// quantity (thousandths) times unit price (ten-thousandths of a major unit), rounded once, to the
// currency's minor unit. This is how a line total comes to be.
absl::StatusOr<Money> LineTotal(Decimal quantity, int64_t unit_price_e4, Currency currency,
                                Rounding rounding);

// Three-way comparison; InvalidArgument when the currencies differ.
absl::StatusOr<int> Compare(Money a, Money b);

// "12.50", "-3", "1250" for JPY: sign, digits, as many decimals as the currency has.
std::string FormatAmount(Money money);
// "12.50 EUR"; the amount alone when the currency is none.
std::string Format(Money money);
// Reads what Format writes; also accepts fewer decimals than the currency has ("5 EUR"). Malformed
// text is InvalidArgument, an amount that leaves int64 OutOfRange; so too for ParseAmount.
absl::StatusOr<Money> ParseMoney(absl::string_view text);
// Reads "12.50" in the given currency. More decimals than the currency has is InvalidArgument.
absl::StatusOr<Money> ParseAmount(absl::string_view text, Currency currency);

// "20%", "12.5%", up to four decimals, 0 to 1000: parts per million of the whole (20% is 200000).
absl::StatusOr<int64_t> ParsePercent(absl::string_view text);
std::string FormatPercent(int64_t parts_per_million);

}  // namespace touchstone::rules
