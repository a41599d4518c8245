#include "rules/money/fixed_point.h"

#include <cassert>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace touchstone::rules {
namespace {

constexpr uint64_t kMagnitudeOfMax = std::numeric_limits<int64_t>::max();

// False when the next digit takes the magnitude past `limit`.
bool AppendDigit(uint64_t digit, uint64_t limit, uint64_t& magnitude) {
  if (magnitude > (limit - digit) / 10) return false;
  magnitude = magnitude * 10 + digit;
  return true;
}

enum class Fault : uint8_t { kNone, kNotANumber, kTooManyDecimals, kTooLarge };

// kNone when `digits` is "12", "12.5" or ".5" with at most `decimals` digits after the point.
Fault CheckSyntax(absl::string_view digits, int decimals) {
  const size_t point = digits.find('.');
  const bool has_point = point != absl::string_view::npos;
  if (digits.empty() || (has_point && point + 1 == digits.size())) return Fault::kNotANumber;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i != point && !absl::ascii_isdigit(static_cast<unsigned char>(digits[i]))) {
      return Fault::kNotANumber;
    }
  }
  if (has_point && digits.size() - point - 1 > static_cast<size_t>(decimals)) {
    return Fault::kTooManyDecimals;
  }
  return Fault::kNone;
}

Fault Read(absl::string_view text, int decimals, int64_t& count) {
  assert(decimals >= 0 && decimals <= 18);
  const bool negative = !text.empty() && text.front() == '-';
  const absl::string_view digits = text.substr(negative ? 1 : 0);
  if (const Fault fault = CheckSyntax(digits, decimals); fault != Fault::kNone) return fault;

  const uint64_t limit = kMagnitudeOfMax + (negative ? 1 : 0);
  uint64_t magnitude = 0;
  int missing_decimals = decimals;
  bool after_point = false;
  bool fits = true;
  for (const char c : digits) {
    if (c == '.') {
      after_point = true;
      continue;
    }
    fits = fits && AppendDigit(static_cast<uint64_t>(c - '0'), limit, magnitude);
    if (after_point) --missing_decimals;
  }
  for (; missing_decimals > 0; --missing_decimals) {
    fits = fits && AppendDigit(0, limit, magnitude);
  }
  // Negated as unsigned: the magnitude of the smallest int64 is not itself an int64.
  count = static_cast<int64_t>(negative ? ~magnitude + 1 : magnitude);
  return fits ? Fault::kNone : Fault::kTooLarge;
}

}  // namespace

absl::StatusOr<int64_t> ParseFixedPoint(absl::string_view text, int decimals) {
  int64_t count = 0;
  switch (Read(text, decimals, count)) {
    case Fault::kNone:
      return count;
    case Fault::kNotANumber:
      return absl::InvalidArgumentError(
          absl::StrCat("\"", text, "\" is not a number such as \"12.5\" or \"-3\""));
    case Fault::kTooManyDecimals:
      return absl::InvalidArgumentError(
          absl::StrCat("\"", text, "\" has more than ", decimals, " decimals"));
    case Fault::kTooLarge:
      break;
  }
  return absl::OutOfRangeError(absl::StrCat("\"", text, "\" does not fit 64 bits"));
}

std::optional<int64_t> ReadFixedPoint(absl::string_view text, int decimals) {
  int64_t count = 0;
  if (Read(text, decimals, count) != Fault::kNone) return std::nullopt;
  return count;
}

std::string FormatFixedPoint(int64_t count, int decimals, TrailingZeros trailing_zeros) {
  const bool negative = count < 0;
  const uint64_t bits = static_cast<uint64_t>(count);
  std::string digits = absl::StrCat(negative ? ~bits + 1 : bits);
  const size_t fraction = static_cast<size_t>(decimals);
  if (digits.size() <= fraction) digits.insert(0, fraction + 1 - digits.size(), '0');
  if (fraction > 0) {
    digits.insert(digits.size() - fraction, ".");
    if (trailing_zeros == TrailingZeros::kTrim) {
      digits.erase(digits.find_last_not_of('0') + 1);
      if (digits.back() == '.') digits.pop_back();
    }
  }
  if (negative) digits.insert(0, "-");
  return digits;
}

}  // namespace touchstone::rules
