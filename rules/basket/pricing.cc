#include "rules/basket/pricing.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "absl/numeric/int128.h"
#include "rules/money/quotient.h"
#include "rules/money/rounding.h"

namespace touchstone::rules {
namespace {

constexpr int64_t kPartsPerWhole = 1'000'000;
constexpr int64_t kThousandthsPerUnit = 1000;

// amount * numerator / denominator. Amounts are within kMaxLineTotalMinor a line and shares of them
// are at most the whole, so only an amount off of absurd size saturates; it is cut to the line
// anyway.
int64_t Fraction(int64_t amount_minor, int64_t numerator, int64_t denominator, Rounding rounding) {
  int64_t product = 0;
  if (!__builtin_mul_overflow(amount_minor, numerator, &product)) [[likely]] {
    return QuotientRounded(product, denominator, rounding);
  }
  const absl::StatusOr<int64_t> result =
      DivideRounded(absl::int128(amount_minor) * numerator, denominator, rounding);
  return result.ok() ? *result : std::numeric_limits<int64_t>::max();
}

int64_t TotalOf(const BasketLine& line, int64_t unit_price_e4, Currency currency,
                Rounding rounding) {
  const absl::StatusOr<Money> total = LineTotal(line.quantity, unit_price_e4, currency, rounding);
  assert(total.ok());
  return total.ok() ? total->amount_minor : 0;
}

// The line's total less manual discounts; a return mirrors the sale.
int64_t GrossOf(const BasketLine& line, Currency currency, Rounding rounding) {
  const int64_t total = TotalOf(line, line.unit_price_e4, currency, rounding);
  if (line.is_return) return std::min<int64_t>(0, total + line.manual_discount_minor);
  return std::max<int64_t>(0, total - line.manual_discount_minor);
}

// Rounded up, since a line must not end below its floor by a fraction either.
int64_t FloorOf(const BasketLine& line, Currency currency) {
  if (!line.floor_price_e4) return 0;
  return TotalOf(line, *line.floor_price_e4, currency, Rounding::kUp);
}

bool IsMarkedDown(const BasketLine& line) {
  return line.price_source == PriceSource::kMarkdown || line.price_source == PriceSource::kOverride;
}

// Whether the benefit is one sum for the basket rather than one for each line.
bool TakesOneSum(const BenefitSpec& benefit) {
  return benefit.kind == BenefitKind::kPercentOff ? benefit.stage == PricingStage::kOrder
                                                  : benefit.per == AmountPer::kBasket;
}

}  // namespace

void Pricer::Start(const Basket& basket, const PricingPolicy& policy) {
  currency_ = basket.currency;
  policy_ = policy;
  basket_lines_ = basket.lines;
  totals_.resize(basket.lines.size());
  gross_minor_ = 0;
  for (size_t i = 0; i < totals_.size(); ++i) {
    const int64_t gross = GrossOf(basket.lines[i], currency_, policy.rounding);
    totals_[i].gross_minor = gross;
    gross_minor_ += gross;
  }
  StartAgain();
}

void Pricer::StartAgain() {
  bounds_.clear();
  takings_.clear();
  merchandise_gross_minor_ = 0;
  taken_minor_ = 0;
  merchandise_units_ = Decimal{};
  for (uint32_t i = 0; i < totals_.size(); ++i) {
    const BasketLine& line = basket_lines_[i];
    const int64_t gross = totals_[i].gross_minor;
    totals_[i].net_minor = gross;
    if (!line.counts_as_merchandise()) continue;
    merchandise_gross_minor_ += gross;
    merchandise_units_.thousandths += line.quantity.thousandths;
    bounds_.push_back({.line = i,
                       .floor_minor = FloorOf(line, currency_),
                       .most_off_minor = Fraction(gross, policy_.most_off_line_ppm, kPartsPerWhole,
                                                  Rounding::kDown)});
  }
  most_off_minor_ = Fraction(merchandise_gross_minor_, policy_.most_off_basket_ppm, kPartsPerWhole,
                             Rounding::kDown);
}

Applied Pricer::Apply(const BenefitSpec& benefit, absl::Span<const uint8_t> selected) {
  assert(selected.size() == basket_lines_.size());
  return ApplyTo(benefit, selected.data());
}

Applied Pricer::Apply(const BenefitSpec& benefit) { return ApplyTo(benefit, nullptr); }

// `selected` is null when every line is.
Applied Pricer::ApplyTo(const BenefitSpec& benefit, const uint8_t* selected) {
  if (!HasAmountsIn(benefit, currency_)) return {.reason = NothingTaken::kNoCurrency};
  CollectCandidates(benefit, selected);
  if (candidates_.empty()) return {.reason = NothingTaken::kNoLines};
  if (AvailableTotal() == 0) return {.reason = NothingTaken::kNothingLeft};

  if (TakesOneSum(benefit)) {
    TakeFromBasket(benefit);
  } else {
    TakeFromEachLine(benefit);
  }
  if (TakeTotal() == 0) return {.reason = NothingTaken::kTooSmall};

  const bool cut = CutByGuardRails();
  const int64_t taken = TakeTotal();
  Record(benefit.offer);
  return {.taken_minor = taken,
          .reason = taken == 0 ? NothingTaken::kNothingLeft : NothingTaken::kNone,
          .cut_by_guard_rail = cut};
}

void Pricer::CollectCandidates(const BenefitSpec& benefit, const uint8_t* selected) {
  candidates_.clear();
  for (const Bounds& bounds : bounds_) {
    if (selected != nullptr && selected[bounds.line] == 0) continue;
    if (IsMarkedDown(basket_lines_[bounds.line]) && !benefit.takes_marked_down) continue;
    const LineTotals& totals = totals_[bounds.line];
    candidates_.push_back(
        {.line = bounds.line,
         .available_minor = std::max<int64_t>(0, totals.net_minor - bounds.floor_minor),
         .most_off_left_minor = bounds.most_off_minor - (totals.gross_minor - totals.net_minor)});
  }
}

int64_t Pricer::AvailableTotal() const {
  int64_t total = 0;
  for (const Candidate& candidate : candidates_) total += candidate.available_minor;
  return total;
}

int64_t Pricer::TakeTotal() const {
  int64_t total = 0;
  for (const Candidate& candidate : candidates_) total += candidate.take_minor;
  return total;
}

int64_t Pricer::WantedFromLine(const BenefitSpec& benefit, const Candidate& candidate) const {
  if (benefit.kind == BenefitKind::kPercentOff) {
    return Fraction(totals_[candidate.line].gross_minor, benefit.parts_per_million, kPartsPerWhole,
                    policy_.rounding);
  }
  const int64_t amount = *AmountIn(benefit.amount_off, currency_);
  if (benefit.per == AmountPer::kLine) return amount;
  return Fraction(amount, basket_lines_[candidate.line].quantity.thousandths, kThousandthsPerUnit,
                  policy_.rounding);
}

void Pricer::TakeFromEachLine(const BenefitSpec& benefit) {
  for (Candidate& candidate : candidates_) {
    candidate.take_minor = std::min(WantedFromLine(benefit, candidate), candidate.available_minor);
  }
  if (const std::optional<int64_t> at_most = AmountIn(benefit.at_most, currency_)) CutTo(*at_most);
}

void Pricer::TakeFromBasket(const BenefitSpec& benefit) {
  int64_t wanted = 0;
  if (benefit.kind == BenefitKind::kPercentOff) {
    int64_t net = 0;
    for (const Candidate& candidate : candidates_) net += totals_[candidate.line].net_minor;
    wanted = Fraction(net, benefit.parts_per_million, kPartsPerWhole, policy_.rounding);
  } else {
    wanted = *AmountIn(benefit.amount_off, currency_);
  }
  if (const std::optional<int64_t> at_most = AmountIn(benefit.at_most, currency_)) {
    wanted = std::min(wanted, *at_most);
  }
  SpreadByNet(std::min(wanted, AvailableTotal()));
}

void Pricer::SpreadByNet(int64_t total_minor) {
  shares_.clear();
  for (const Candidate& candidate : candidates_) {
    shares_.push_back({.weight = totals_[candidate.line].net_minor,
                       .cap = candidate.available_minor,
                       .tie_break = basket_lines_[candidate.line].line_id});
  }
  Spread(total_minor, absl::MakeSpan(shares_), spread_scratch_);
  for (size_t i = 0; i < candidates_.size(); ++i) candidates_[i].take_minor = shares_[i].part;
}

// Shrinks the takings, in proportion, to `total_minor`. False when they are within it already.
bool Pricer::CutTo(int64_t total_minor) {
  if (TakeTotal() <= total_minor) return false;
  shares_.clear();
  for (const Candidate& candidate : candidates_) {
    shares_.push_back({.weight = candidate.take_minor,
                       .cap = candidate.take_minor,
                       .tie_break = basket_lines_[candidate.line].line_id});
  }
  Spread(total_minor, absl::MakeSpan(shares_), spread_scratch_);
  for (size_t i = 0; i < candidates_.size(); ++i) candidates_[i].take_minor = shares_[i].part;
  return true;
}

// Unlike a floor, which is part of the price, a guard rail is there for mistakes: what it cuts from
// one line is not given on another.
bool Pricer::CutByGuardRails() {
  bool cut = false;
  for (Candidate& candidate : candidates_) {
    if (candidate.take_minor <= candidate.most_off_left_minor) continue;
    candidate.take_minor = candidate.most_off_left_minor;
    cut = true;
  }
  return CutTo(most_off_minor_ - taken_minor_) || cut;
}

void Pricer::Record(uint32_t offer) {
  for (const Candidate& candidate : candidates_) {
    if (candidate.take_minor == 0) continue;
    totals_[candidate.line].net_minor -= candidate.take_minor;
    taken_minor_ += candidate.take_minor;
    takings_.push_back({candidate.line, offer, candidate.take_minor});
  }
}

}  // namespace touchstone::rules
