#include "rules/sale/returns.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/basket/line_amounts.h"
#include "rules/money/rounding.h"

namespace touchstone::rules {
namespace {

Decimal Less(Decimal whole, Decimal part) { return Decimal{whole.thousandths - part.thousandths}; }

absl::string_view IdOf(const Basket& basket, uint32_t line) { return basket.lines[line].line_id; }

// Reads a return line by line.
class Checker {
 public:
  Checker(const Basket& sold, absl::Span<const Decimal> returned_before)
      : sold_(sold), before_(returned_before), now_(sold.lines.size()), by_id_(now_.size()) {
    std::iota(by_id_.begin(), by_id_.end(), 0U);
    std::sort(by_id_.begin(), by_id_.end(),
              [&sold](uint32_t a, uint32_t b) { return IdOf(sold, a) < IdOf(sold, b); });
  }

  void Read(size_t index, const ReturnedQuantity& returned) {
    const auto found =
        std::lower_bound(by_id_.begin(), by_id_.end(), returned.line_id,
                         [this](uint32_t a, absl::string_view id) { return IdOf(sold_, a) < id; });
    if (found == by_id_.end() || IdOf(sold_, *found) != returned.line_id) {
      return Add(index, "line_id", "is no line of the sale", /*exceeds_sale=*/true);
    }
    const uint32_t line = *found;
    if (now_[line] != Decimal{}) {
      return Add(index, "line_id", "is named before; name each line once");
    }
    if (sold_.lines[line].is_return) {
      return Add(index, "line_id", "gave back what was bought earlier; it cannot come back itself",
                 /*exceeds_sale=*/true);
    }
    now_[line] = returned.quantity;
    CheckQuantity(index, line);
  }

  CheckedReturn Take() {
    CheckedReturn checked{.violations = std::move(violations_)};
    if (!checked.violations.empty()) return checked;
    for (size_t i = 0; i < now_.size(); ++i) {
      checked.kept.push_back(Less(Less(sold_.lines[i].quantity, before_[i]), now_[i]));
    }
    checked.now = std::move(now_);
    return checked;
  }

 private:
  void CheckQuantity(size_t index, uint32_t line) {
    const Decimal quantity = now_[line];
    const Decimal left = Less(sold_.lines[line].quantity, before_[line]);
    if (quantity <= Decimal{0}) {
      return Add(index, "quantity", "must be above 0");
    }
    if (!sold_.lines[line].is_one_unit() && quantity.thousandths % kThousandthsInUnit != 0) {
      return Add(index, "quantity", "must be whole pieces, as the line was sold");
    }
    if (quantity > left) {
      Add(index, "quantity",
          absl::StrCat("must not exceed the ", Format(left), " that are left of the line"),
          /*exceeds_sale=*/true);
    }
  }

  void Add(size_t index, absl::string_view field, absl::string_view description,
           bool exceeds_sale = false) {
    violations_.push_back({.field = absl::StrCat("lines[", index, "].", field),
                           .description = std::string(description),
                           .exceeds_sale = exceeds_sale});
  }

  const Basket& sold_;
  absl::Span<const Decimal> before_;
  std::vector<Decimal> now_;
  std::vector<uint32_t> by_id_;  // lines of the sale
  std::vector<ReturnViolation> violations_;
};

BasketLine KeptLine(const BasketLine& sold, Decimal kept, Currency currency) {
  BasketLine line = sold;
  if (kept == sold.quantity) return line;
  line.quantity = kept;
  line.is_measured = sold.is_one_unit();
  const int64_t discount = Fraction(sold.manual_discount_minor, kept.thousandths,
                                    sold.quantity.thousandths, Rounding::kHalfAwayFromZero);
  line.manual_discount_minor = 0;
  // Rounded up it could exceed what is left of the total.
  line.manual_discount_minor = std::min(discount, GrossOf(line, currency, Rounding::kUp));
  return line;
}

}  // namespace

CheckedReturn CheckReturn(const Basket& sold, absl::Span<const Decimal> returned_before,
                          absl::Span<const ReturnedQuantity> lines) {
  if (lines.empty()) {
    return {.violations = {{.field = "lines", .description = "must name what comes back"}}};
  }
  Checker checker(sold, returned_before);
  for (size_t i = 0; i < lines.size(); ++i) checker.Read(i, lines[i]);
  return checker.Take();
}

KeptBasket BuildKept(const Basket& sold, absl::Span<const Decimal> kept) {
  KeptBasket basket{.currency = sold.currency};
  for (uint32_t i = 0; i < sold.lines.size(); ++i) {
    if (kept[i] == Decimal{}) continue;
    basket.lines.push_back(KeptLine(sold.lines[i], kept[i], sold.currency));
    basket.sold_line.push_back(i);
  }
  return basket;
}

int64_t PaidForSold(absl::Span<const BasketLine> lines, absl::Span<const LineTotals> totals) {
  int64_t paid_minor = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].is_return) paid_minor += totals[i].net_minor;
  }
  return paid_minor;
}

int64_t RecomputedRefund(int64_t paid_minor, int64_t refunded_before_minor,
                         int64_t kept_price_minor) {
  return std::max<int64_t>(0, paid_minor - kept_price_minor - refunded_before_minor);
}

int64_t ProportionalRefund(absl::Span<const BasketLine> basket_lines,
                           absl::Span<const SoldLine> lines,
                           absl::Span<const Decimal> returned_before,
                           absl::Span<const Decimal> now) {
  int64_t refund_minor = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (now[i] == Decimal{}) continue;
    const int64_t before = returned_before[i].thousandths;
    refund_minor += basket_lines[i].is_one_unit()
                        ? PaidForQuantity(lines[i], before, now[i].thousandths,
                                          basket_lines[i].quantity.thousandths)
                        : PaidForUnits(lines[i], before / kThousandthsInUnit,
                                       now[i].thousandths / kThousandthsInUnit);
  }
  return refund_minor;
}

}  // namespace touchstone::rules
