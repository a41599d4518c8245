#include "rules/basket/basket.h"

#include <algorithm>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace touchstone::rules {
namespace {

constexpr size_t kLinesWithoutAllocation = 128;

class Findings {
 public:
  void Add(size_t line, absl::string_view field, absl::string_view description) {
    violations_.push_back({absl::StrCat("lines[", line, "].", field), std::string(description)});
  }
  void AddToBasket(absl::string_view field, std::string description) {
    violations_.push_back({std::string(field), std::move(description)});
  }
  std::vector<BasketViolation> Take() { return std::move(violations_); }

 private:
  std::vector<BasketViolation> violations_;
};

bool IsLineId(absl::string_view id) {
  return !id.empty() && id.size() <= kMaxLineIdBytes &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' ||
                  c == '-';
         });
}

using LineFlags = absl::InlinedVector<bool, kLinesWithoutAllocation>;

// Marks each line whose id an earlier line has.
// Tills number their lines: then no sorting is needed.
bool AreAscending(absl::Span<const BasketLine> lines) {
  for (size_t i = 1; i < lines.size(); ++i) {
    const absl::string_view before = lines[i - 1].line_id;
    const absl::string_view id = lines[i].line_id;
    if (std::pair(before.size(), before) >= std::pair(id.size(), id)) return false;
  }
  return true;
}

LineFlags FindRepeatedIds(absl::Span<const BasketLine> lines) {
  LineFlags repeated(lines.size(), false);
  if (AreAscending(lines)) return repeated;
  absl::InlinedVector<uint32_t, kLinesWithoutAllocation> by_id(lines.size());
  for (uint32_t i = 0; i < by_id.size(); ++i) by_id[i] = i;
  std::sort(by_id.begin(), by_id.end(), [lines](uint32_t a, uint32_t b) {
    return std::pair(lines[a].line_id, a) < std::pair(lines[b].line_id, b);
  });
  for (size_t i = 1; i < by_id.size(); ++i) {
    repeated[by_id[i]] = lines[by_id[i]].line_id == lines[by_id[i - 1]].line_id;
  }
  return repeated;
}

// The magnitude of a line's total under the rounding that makes it largest; nothing when it is over
// the limit.
std::optional<int64_t> LargestTotal(const BasketLine& line, int64_t unit_price_e4,
                                    Currency currency) {
  const absl::StatusOr<Money> total =
      LineTotal(line.quantity, unit_price_e4, currency, Rounding::kUp);
  if (!total.ok()) return std::nullopt;
  if (total->amount_minor < -kMaxLineTotalMinor || total->amount_minor > kMaxLineTotalMinor) {
    return std::nullopt;
  }
  return total->amount_minor < 0 ? -total->amount_minor : total->amount_minor;
}

// Whether the quantity can be multiplied with.
bool CheckQuantity(size_t index, const BasketLine& line, Findings& findings) {
  if (line.quantity > kMaxLineQuantity || line.quantity < Decimal{-kMaxLineQuantity.thousandths}) {
    findings.Add(index, "quantity", "must not exceed 1000000 units");
    return false;
  }
  if (line.is_return && line.quantity >= Decimal{0}) {
    findings.Add(index, "quantity", "must be below 0 on a return");
  }
  if (!line.is_return && line.quantity <= Decimal{0}) {
    findings.Add(index, "quantity", "must be above 0; only returns are below");
  }
  return true;
}

void CheckAmounts(size_t index, const BasketLine& line, Currency currency, Findings& findings) {
  if (line.unit_price_e4 < 0) {
    findings.Add(index, "unit_price", "must not be below 0");
  } else {
    const std::optional<int64_t> total = LargestTotal(line, line.unit_price_e4, currency);
    if (!total) {
      findings.Add(index, "unit_price",
                   "the line's total must not exceed 10000000000000 minor units");
    } else if (line.manual_discount_minor > *total) {
      findings.Add(index, "manual_discount", "must not exceed the line's total");
    }
  }
  if (line.manual_discount_minor < 0) {
    findings.Add(index, "manual_discount", "must not be below 0");
  }
  if (line.floor_price_e4 &&
      (*line.floor_price_e4 < 0 || !LargestTotal(line, *line.floor_price_e4, currency))) {
    findings.Add(
        index, "floor_price",
        "must not be below 0, nor the line's total at it exceed 10000000000000 minor units");
  }
}

}  // namespace

std::vector<BasketViolation> ValidateBasket(const Basket& basket) {
  Findings findings;
  if (basket.lines.size() > kMaxBasketLines) {
    findings.AddToBasket("lines", absl::StrCat("has ", basket.lines.size(), " lines; at most ",
                                               kMaxBasketLines, " can be priced"));
    return findings.Take();
  }
  if (basket.currency.is_none() && !basket.lines.empty()) {
    findings.AddToBasket("currency", "is missing");
  }
  const LineFlags repeated = FindRepeatedIds(basket.lines);
  for (size_t i = 0; i < basket.lines.size(); ++i) {
    const BasketLine& line = basket.lines[i];
    if (!IsLineId(line.line_id)) {
      findings.Add(i, "line_id", "must be 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'");
    }
    if (repeated[i]) findings.Add(i, "line_id", "is the id of an earlier line; it must be unique");
    if (CheckQuantity(i, line, findings)) CheckAmounts(i, line, basket.currency, findings);
  }
  return findings.Take();
}

}  // namespace touchstone::rules
