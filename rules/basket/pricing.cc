#include "rules/basket/pricing.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "rules/money/proportion.h"
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

int64_t Times(int64_t amount_minor, int64_t times) {
  int64_t product = 0;
  return __builtin_mul_overflow(amount_minor, times, &product) ? std::numeric_limits<int64_t>::max()
                                                               : product;
}

int64_t TotalOf(Decimal quantity, int64_t unit_price_e4, Currency currency, Rounding rounding) {
  const absl::StatusOr<Money> total = LineTotal(quantity, unit_price_e4, currency, rounding);
  assert(total.ok());
  return total.ok() ? total->amount_minor : 0;
}

// The line's total less manual discounts; a return mirrors the sale.
int64_t GrossOf(const BasketLine& line, Currency currency, Rounding rounding) {
  const int64_t total = TotalOf(line.quantity, line.unit_price_e4, currency, rounding);
  if (line.is_return) return std::min<int64_t>(0, total + line.manual_discount_minor);
  return std::max<int64_t>(0, total - line.manual_discount_minor);
}

// Rounded up, since a line must not end below its floor by a fraction either.
int64_t FloorOf(const BasketLine& line, Decimal quantity, Currency currency) {
  if (!line.floor_price_e4) return 0;
  return TotalOf(quantity, *line.floor_price_e4, currency, Rounding::kUp);
}

bool IsMarkedDown(const BasketLine& line) {
  return line.price_source == PriceSource::kMarkdown || line.price_source == PriceSource::kOverride;
}

// What so many units of the line are of its quantity.
Decimal QuantityOf(const BasketLine& line, int64_t units) {
  return line.is_one_unit() ? line.quantity : Decimal{units * kThousandthsPerUnit};
}

bool HasTiersByLine(const BenefitSpec& benefit) {
  return !benefit.tiers.empty() && benefit.per == AmountPer::kLine;
}

constexpr uint8_t kQualifies = 1;
constexpr uint8_t kIsGift = 2;

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
  delivery_bounds_.clear();
  takings_.clear();
  runs_.Clear();
  dearest_first_.clear();
  on_shelf_ = true;
  merchandise_gross_minor_ = 0;
  taken_minor_ = 0;
  delivery_taken_minor_ = 0;
  points_ = 0;
  merchandise_units_ = Decimal{};
  for (uint32_t i = 0; i < totals_.size(); ++i) {
    const BasketLine& line = basket_lines_[i];
    const int64_t gross = totals_[i].gross_minor;
    totals_[i].entry_minor = gross;
    totals_[i].net_minor = gross;
    Bounds bounds = {.line = i, .floor_minor = FloorOf(line, line.quantity, currency_)};
    if (line.counts_as_merchandise()) {
      merchandise_gross_minor_ += gross;
      merchandise_units_.thousandths += line.quantity.thousandths;
      bounds.most_off_minor =
          Fraction(gross, policy_.most_off_line_ppm, kPartsPerWhole, Rounding::kDown);
      bounds_.push_back(bounds);
    } else if (line.is_delivery && !line.is_return && !line.never_discount) {
      bounds.most_off_minor = gross;
      delivery_bounds_.push_back(bounds);
    }
  }
  most_off_minor_ = Fraction(merchandise_gross_minor_, policy_.most_off_basket_ppm, kPartsPerWhole,
                             Rounding::kDown);
}

Applied Pricer::Apply(const BenefitSpec& benefit, absl::Span<const uint8_t> selected) {
  assert(selected.size() == basket_lines_.size());
  most_sets_ = std::numeric_limits<int64_t>::max();
  taken_before_minor_ = 0;
  return ApplyTo(benefit, selected.data());
}

Applied Pricer::Apply(const BenefitSpec& benefit) {
  most_sets_ = std::numeric_limits<int64_t>::max();
  taken_before_minor_ = 0;
  return ApplyTo(benefit, nullptr);
}

Applied Pricer::ApplyPart(const BenefitSpec& benefit, absl::Span<const uint8_t> selected,
                          int64_t most_sets) {
  assert(selected.size() == basket_lines_.size());
  most_sets_ = most_sets;
  taken_before_minor_ = 0;
  for (const LineTaking& taking : takings_) {
    if (benefit.at_most.empty()) break;
    if (taking.offer == benefit.offer) taken_before_minor_ += taking.amount_minor;
  }
  return ApplyTo(benefit, selected.data());
}

void Pricer::JoinTakings(size_t first) {
  absl::flat_hash_map<std::pair<uint32_t, uint32_t>, size_t> places;  // by offer and line
  size_t kept = first;
  for (size_t i = first; i < takings_.size(); ++i) {
    const LineTaking taking = takings_[i];
    const auto [place, is_new] = places.try_emplace({taking.offer, taking.line}, kept);
    if (is_new) {
      takings_[kept++] = taking;
    } else {
      takings_[place->second].amount_minor += taking.amount_minor;
      takings_[place->second].quantity.thousandths += taking.quantity.thousandths;
    }
  }
  takings_.resize(kept);
}

bool Pricer::IsUsedUp(uint32_t line) const {
  return totals_[line].net_minor <=
         FloorOf(basket_lines_[line], basket_lines_[line].quantity, currency_);
}

// `selected` is null when every line is.
Applied Pricer::ApplyTo(const BenefitSpec& benefit, const uint8_t* selected) {
  if (!HasAmountsIn(benefit, currency_)) return {.reason = NothingTaken::kNoCurrency};
  if (benefit.stage != PricingStage::kShelf) on_shelf_ = false;
  is_delivery_ = benefit.stage == PricingStage::kDelivery;
  candidates_.clear();
  picked_.clear();
  missing_gifts_ = 0;
  sets_left_alone_ = 0;
  whole_lines_ = !benefit.units && !benefit.set && !benefit.gift;
  if (whole_lines_) {
    CollectLines(benefit, selected);
  } else if (benefit.gift) {
    CollectGifts(benefit, selected);
  } else if (benefit.set) {
    CollectSets(benefit, selected);
  } else {
    CollectUnits(benefit, selected);
  }
  if (candidates_.empty() && missing_gifts_ > 0) return {.missing_gifts = missing_gifts_};
  if (candidates_.empty()) {
    return {.reason =
                benefit.set && !supply_.empty() ? NothingTaken::kNoSet : NothingTaken::kNoLines};
  }
  if (benefit.off.kind == BenefitKind::kPoints) return GivePoints(benefit);
  if (!benefit.tiers.empty()) MeasureForTiers(benefit, selected);
  const Reduction* off = ReductionForAll(benefit);
  if (off == nullptr) return {.reason = NothingTaken::kNoTier};
  Applied applied = TakeOff(benefit, *off);
  if (missing_gifts_ > 0) {
    applied.missing_gifts = missing_gifts_;
    applied.reason = NothingTaken::kNone;
  }
  return applied;
}

Applied Pricer::GivePoints(const BenefitSpec& benefit) {
  int64_t times = 1;
  if (!benefit.points.each.empty()) times = NetTotal() / AmountIn(benefit.points.each);
  if (times == 0) return {.reason = NothingTaken::kTooSmall};
  const int64_t points = Times(benefit.points.give, times);
  if (__builtin_add_overflow(points_, points, &points_)) {
    points_ = std::numeric_limits<int64_t>::max();
  }
  return {.points = points, .applications = 1};
}

Applied Pricer::TakeOff(const BenefitSpec& benefit, const Reduction& off) {
  if (AvailableTotal() == 0) return {.reason = NothingTaken::kNothingLeft};
  if (TakesOneSum(benefit, off)) {
    TakeFromBasket(benefit, off);
  } else if (benefit.per == AmountPer::kSet && off.kind != BenefitKind::kPercentOff) {
    TakeFromSets(benefit, off);
  } else {
    TakeFromEachLine(benefit, off);
  }
  if (TakeTotal() == 0) {
    return {.reason = off.kind == BenefitKind::kPrice ? NothingTaken::kNotAbovePrice
                                                      : NothingTaken::kTooSmall};
  }
  const bool cut = !is_delivery_ && CutByGuardRails();
  const int64_t taken = TakeTotal();
  if (taken == 0) return {.reason = NothingTaken::kNothingLeft, .cut_by_guard_rail = cut};
  const int64_t applications = Applications(benefit, off);
  Record(benefit, off);
  return {.taken_minor = taken, .applications = applications, .cut_by_guard_rail = cut};
}

bool Pricer::MayTouch(const BenefitSpec& benefit, const uint8_t* selected, uint32_t line) const {
  if (selected != nullptr && selected[line] == 0) return false;
  return benefit.takes_marked_down || !IsMarkedDown(basket_lines_[line]);
}

void Pricer::CollectLines(const BenefitSpec& benefit, const uint8_t* selected) {
  for (const Bounds& bounds : is_delivery_ ? delivery_bounds_ : bounds_) {
    if (!MayTouch(benefit, selected, bounds.line)) continue;
    const BasketLine& line = basket_lines_[bounds.line];
    const LineTotals& totals = totals_[bounds.line];
    candidates_.push_back(
        {.line = bounds.line,
         .quantity = line.quantity,
         .units = line.units(),
         .entry_minor = totals.entry_minor,
         .net_minor = totals.net_minor,
         .available_minor = std::max<int64_t>(0, totals.net_minor - bounds.floor_minor),
         .most_off_left_minor = bounds.most_off_minor - (totals.gross_minor - totals.net_minor)});
  }
}

void Pricer::CollectUnits(const BenefitSpec& benefit, const uint8_t* selected) {
  const UnitRange& range = *benefit.units;
  int64_t before = 0;  // units before this line
  for (const uint32_t line : LinesByPrice(range.order)) {
    if (!MayTouch(benefit, selected, line)) continue;
    const int64_t count = basket_lines_[line].units();
    const int64_t from = std::max<int64_t>(0, range.first - 1 - before);
    const int64_t to = std::min(count, range.last - before);
    if (from < to) PickFromLine(line, from, to - from);
    if (!range.per_line) before += count;
    if (before >= range.last) break;
  }
  SortCandidates();
}

// Units of a line by their position in it.
void Pricer::PickFromLine(uint32_t line, int64_t from, int64_t count) {
  for (uint32_t run = line; run != kNoRun && count > 0; run = runs_[run].next) {
    const int64_t in_run = std::max<int64_t>(0, from - runs_[run].first);
    const int64_t taken = std::min(count, runs_[run].count - in_run);
    if (taken <= 0) continue;
    Pick({run, in_run, taken}, true);
    from += taken;
    count -= taken;
  }
}

void Pricer::CollectSets(const BenefitSpec& benefit, const uint8_t* selected) {
  const SetSpec& set = *benefit.set;
  const auto every_part = static_cast<uint8_t>((1U << set.parts.size()) - 1);
  supply_.clear();
  for (const uint32_t line :
       LinesByPrice(set.grouping == Grouping::kDearestFirst ? UnitOrder::kDearestFirst
                                                            : UnitOrder::kCheapestFirst)) {
    if (!MayTouch(benefit, selected, line)) continue;
    const auto parts =
        static_cast<uint8_t>(selected == nullptr ? every_part : selected[line] & every_part);
    for (uint32_t run = line; run != kNoRun && parts != 0; run = runs_[run].next) {
      if (!runs_[run].used) supply_.push_back({run, runs_[run].count, parts});
    }
  }
  planner_.Plan(set, supply_, most_sets_);
  for (const SetSlice& slice : planner_.slices()) Pick(slice.units, slice.is_got);
  SortCandidates();
}

void Pricer::CollectGifts(const BenefitSpec& benefit, const uint8_t* selected) {
  const GiftSpec& gift = *benefit.gift;
  int64_t qualifying = 0;
  for (const Bounds& bounds : bounds_) {
    if (!MayTouch(benefit, selected, bounds.line)) continue;
    if ((selected[bounds.line] & kQualifies) == 0) continue;
    qualifying += basket_lines_[bounds.line].units();
  }
  if (qualifying == 0) return;
  int64_t left = gift.per_unit ? Times(gift.units, qualifying) : gift.units;
  for (const uint32_t line : LinesByPrice(UnitOrder::kDearestFirst)) {
    if (!MayTouch(benefit, selected, line) || (selected[line] & kIsGift) == 0) continue;
    for (uint32_t run = line; run != kNoRun && left > 0; run = runs_[run].next) {
      if (runs_[run].used) continue;
      const int64_t count = std::min(left, runs_[run].count);
      Pick({run, 0, count}, true);
      left -= count;
    }
  }
  missing_gifts_ = left;
  SortCandidates();
}

// Adds units to the candidate that is their line.
void Pricer::Pick(const UnitSlice& units, bool is_got) {
  if (!is_got) {
    picked_.push_back({units});
    return;
  }
  const UnitRun& run = runs_[units.run];
  const BasketLine& line = basket_lines_[run.line];
  const LineTotals& totals = totals_[run.line];
  uint32_t& index = candidate_of_line_[run.line];
  if (index == kNoCandidate) {
    index = static_cast<uint32_t>(candidates_.size());
    // A line of merchandise, whose guard rail stands in bounds_.
    const auto bounds = std::lower_bound(
        bounds_.begin(), bounds_.end(), run.line,
        [](const Bounds& of_line, uint32_t wanted) { return of_line.line < wanted; });
    candidates_.push_back(
        {.line = run.line,
         .available_minor = std::max<int64_t>(0, totals.net_minor - bounds->floor_minor),
         .most_off_left_minor = bounds->most_off_minor - (totals.gross_minor - totals.net_minor)});
  }
  Candidate& candidate = candidates_[index];
  const Decimal quantity = QuantityOf(line, units.count);
  const int64_t net = runs_.NetOf(units);
  const int64_t available = std::max<int64_t>(0, net - FloorOf(line, quantity, currency_));
  candidate.quantity.thousandths += quantity.thousandths;
  candidate.units += units.count;
  candidate.entry_minor +=
      AmountOfUnits(totals.entry_minor, line.units(), run.first + units.from, units.count);
  candidate.net_minor += net;
  candidate.of_units_minor += available;
  picked_.push_back({units, available, index});
}

// By line, and forgets which candidate a line is.
void Pricer::SortCandidates() {
  for (PickedUnits& picked : picked_) {
    if (picked.candidate != kNoCandidate) picked.candidate = candidates_[picked.candidate].line;
  }
  std::sort(candidates_.begin(), candidates_.end(),
            [](const Candidate& a, const Candidate& b) { return a.line < b.line; });
  for (uint32_t i = 0; i < candidates_.size(); ++i) candidate_of_line_[candidates_[i].line] = i;
  for (PickedUnits& picked : picked_) {
    if (picked.candidate != kNoCandidate) picked.candidate = candidate_of_line_[picked.candidate];
  }
  for (Candidate& candidate : candidates_) {
    candidate_of_line_[candidate.line] = kNoCandidate;
    candidate.available_minor = std::min(candidate.available_minor, candidate.of_units_minor);
  }
}

// Lines of merchandise by what a unit costs on entry, then by id. Starts the runs of units.
absl::Span<const uint32_t> Pricer::LinesByPrice(UnitOrder order) {
  if (runs_.empty()) runs_.Start(basket_lines_, totals_);
  candidate_of_line_.resize(totals_.size(), kNoCandidate);
  if (dearest_first_.empty()) SortLinesByPrice();
  return order == UnitOrder::kDearestFirst ? dearest_first_ : cheapest_first_;
}

void Pricer::SortLinesByPrice() {
  unit_prices_.clear();
  for (const Bounds& bounds : bounds_) {
    const int64_t entry = totals_[bounds.line].entry_minor;
    const int64_t units = basket_lines_[bounds.line].units();
    unit_prices_.push_back({bounds.line, entry / units, entry % units, units});
  }
  std::sort(unit_prices_.begin(), unit_prices_.end(),
            [this](const UnitPrice& a, const UnitPrice& b) {
              if (a.CostsMoreThan(b)) return true;
              if (b.CostsMoreThan(a)) return false;
              return basket_lines_[a.line].line_id < basket_lines_[b.line].line_id;
            });
  dearest_first_.clear();
  for (const UnitPrice& price : unit_prices_) dearest_first_.push_back(price.line);
  // The other way round, but for those that cost the same.
  cheapest_first_.clear();
  for (size_t end = unit_prices_.size(); end > 0;) {
    size_t begin = end - 1;
    while (begin > 0 && !unit_prices_[begin - 1].CostsMoreThan(unit_prices_[begin])) --begin;
    for (size_t i = begin; i < end; ++i) cheapest_first_.push_back(unit_prices_[i].line);
    end = begin;
  }
}

// What counts when so much is bought; null: less than the first tier asks for.
const Reduction* Pricer::ReductionFor(const BenefitSpec& benefit, int64_t amount_minor,
                                      int64_t units) const {
  const Reduction* off = benefit.off.kind == BenefitKind::kNone ? nullptr : &benefit.off;
  for (const BenefitTier& tier : benefit.tiers) {
    const bool reached = tier.from_amount.empty() ? units >= tier.from_units
                                                  : amount_minor >= AmountIn(tier.from_amount);
    if (reached) off = &tier.off;
  }
  return off;
}

// REQUIRES: it has tiers.
void Pricer::MeasureForTiers(const BenefitSpec& benefit, const uint8_t* selected) {
  measured_.clear();
  const bool of_net = IsOfNet(benefit);
  if (!benefit.set) {
    for (const Bounds& bounds : is_delivery_ ? delivery_bounds_ : bounds_) {
      if (!MayTouch(benefit, selected, bounds.line)) continue;
      const LineTotals& totals = totals_[bounds.line];
      measured_.push_back({bounds.line, of_net ? totals.net_minor : totals.entry_minor,
                           basket_lines_[bounds.line].units()});
    }
    return;
  }
  for (const PickedUnits& picked : picked_) {
    const UnitRun& run = runs_[picked.units.run];
    const int64_t units = basket_lines_[run.line].units();
    measured_.push_back({run.line,
                         of_net ? runs_.NetOf(picked.units)
                                : AmountOfUnits(totals_[run.line].entry_minor, units,
                                                run.first + picked.units.from, picked.units.count),
                         picked.units.count});
  }
  std::sort(measured_.begin(), measured_.end(),
            [](const Measured& a, const Measured& b) { return a.line < b.line; });
}

const Reduction* Pricer::ReductionForLine(const BenefitSpec& benefit, uint32_t line) const {
  int64_t amount = 0;
  int64_t units = 0;
  for (const Measured& measured : measured_) {
    if (measured.line != line) continue;
    amount += measured.amount_minor;
    units += measured.units;
  }
  return ReductionFor(benefit, amount, units);
}

// With tiers for each line: one that a line reaches, for what all tiers have in common.
const Reduction* Pricer::ReductionForAll(const BenefitSpec& benefit) const {
  if (benefit.tiers.empty()) return &benefit.off;
  if (HasTiersByLine(benefit)) {
    for (const Candidate& candidate : candidates_) {
      const Reduction* off = ReductionForLine(benefit, candidate.line);
      if (off != nullptr) return off;
    }
    return nullptr;
  }
  int64_t amount = 0;
  int64_t units = 0;
  for (const Measured& measured : measured_) {
    amount += measured.amount_minor;
    units += measured.units;
  }
  return ReductionFor(benefit, amount, units);
}

// Whether the benefit is one sum for the basket rather than one for each line or set.
bool Pricer::TakesOneSum(const BenefitSpec& benefit, const Reduction& off) const {
  if (off.kind != BenefitKind::kPercentOff) return benefit.per == AmountPer::kBasket;
  if (HasTiersByLine(benefit)) return false;
  return whole_lines_ && IsOfNet(benefit) && benefit.stage != PricingStage::kShelf;
}

// A shelf price is the price of a unit, and what is rounded is what the label then says.
int64_t Pricer::OffShelfPrice(const Reduction& off, const Candidate& candidate) const {
  const int64_t left_ppm = kPartsPerWhole - off.parts_per_million;
  const int64_t units = candidate.net_minor % candidate.units == 0 ? candidate.units : 1;
  const int64_t label =
      Fraction(candidate.net_minor / units, left_ppm, kPartsPerWhole, policy_.rounding);
  return candidate.net_minor - label * units;
}

int64_t Pricer::WantedFromLine(const BenefitSpec& benefit, const Reduction& off,
                               const Candidate& candidate) const {
  if (off.kind == BenefitKind::kPercentOff) {
    if (benefit.stage == PricingStage::kShelf) return OffShelfPrice(off, candidate);
    return Fraction(IsOfNet(benefit) ? candidate.net_minor : candidate.entry_minor,
                    off.parts_per_million, kPartsPerWhole, policy_.rounding);
  }
  int64_t amount = AmountIn(off.amount);
  if (benefit.per == AmountPer::kUnit) {
    amount =
        Fraction(amount, candidate.quantity.thousandths, kThousandthsPerUnit, policy_.rounding);
  }
  return off.kind == BenefitKind::kAmountOff ? amount
                                             : std::max<int64_t>(0, candidate.net_minor - amount);
}

// REQUIRES: HasAmountsIn the basket's currency.
int64_t Pricer::AmountIn(const AmountByCurrency& amounts) const {
  return *rules::AmountIn(amounts, currency_);
}

void Pricer::TakeFromEachLine(const BenefitSpec& benefit, const Reduction& off) {
  const bool tier_by_line = HasTiersByLine(benefit);
  for (Candidate& candidate : candidates_) {
    const Reduction* of_line = &off;
    if (tier_by_line) of_line = ReductionForLine(benefit, candidate.line);
    if (of_line == nullptr) continue;
    candidate.take_minor =
        std::min(WantedFromLine(benefit, *of_line, candidate), candidate.available_minor);
  }
  CutToAtMost(benefit);
}

void Pricer::TakeFromSets(const BenefitSpec& benefit, const Reduction& off) {
  const int64_t amount = AmountIn(off.amount);
  for (const SetBatch& batch : planner_.batches()) {
    int64_t net = 0;
    for (uint32_t i = 0; i < batch.slices; ++i) {
      const PickedUnits& picked = picked_[batch.first_slice + i];
      if (picked.candidate != kNoCandidate) net += runs_.NetOf(picked.units);
    }
    const int64_t of_all = Times(amount, batch.sets);
    const int64_t wanted = off.kind == BenefitKind::kAmountOff ? of_all : net - of_all;
    if (wanted > 0) {
      TakeFromSet(batch, wanted);
    } else {
      LeaveAlone(batch);
    }
  }
  for (Candidate& candidate : candidates_) {
    candidate.take_minor = std::min(candidate.take_minor, candidate.available_minor);
  }
  CutToAtMost(benefit);
}

// From the lines of the batch in proportion to what is left of its units.
void Pricer::TakeFromSet(const SetBatch& batch, int64_t wanted_minor) {
  shares_.clear();
  int64_t available = 0;
  for (uint32_t i = 0; i < batch.slices; ++i) {
    const PickedUnits& picked = picked_[batch.first_slice + i];
    if (picked.candidate == kNoCandidate) continue;
    const uint32_t line = candidates_[picked.candidate].line;
    uint32_t& share = candidate_of_line_[line];
    if (share == kNoCandidate) {
      share = static_cast<uint32_t>(shares_.size());
      shares_.push_back({.tie_break = basket_lines_[line].line_id});
    }
    shares_[share].weight += runs_.NetOf(picked.units);
    shares_[share].cap += picked.available_minor;
    available += picked.available_minor;
  }
  Spread(std::min(wanted_minor, available), absl::MakeSpan(shares_), spread_scratch_);
  for (uint32_t i = 0; i < batch.slices; ++i) {
    const PickedUnits& picked = picked_[batch.first_slice + i];
    if (picked.candidate == kNoCandidate) continue;
    uint32_t& share = candidate_of_line_[candidates_[picked.candidate].line];
    if (share == kNoCandidate) continue;  // a line that two slices are of
    candidates_[picked.candidate].take_minor += shares_[share].part;
    share = kNoCandidate;
  }
}

// Sets that cost no more than their price are none.
void Pricer::LeaveAlone(const SetBatch& batch) {
  sets_left_alone_ += batch.sets;
  for (uint32_t i = 0; i < batch.slices; ++i) {
    PickedUnits& picked = picked_[batch.first_slice + i];
    picked.left_alone = true;
    if (picked.candidate == kNoCandidate) continue;
    Candidate& candidate = candidates_[picked.candidate];
    const BasketLine& line = basket_lines_[candidate.line];
    candidate.quantity.thousandths -= QuantityOf(line, picked.units.count).thousandths;
    candidate.of_units_minor -= picked.available_minor;
    candidate.available_minor = std::min(candidate.available_minor, candidate.of_units_minor);
  }
}

void Pricer::TakeFromBasket(const BenefitSpec& benefit, const Reduction& off) {
  int64_t wanted = 0;
  if (off.kind == BenefitKind::kPercentOff) {
    wanted = Fraction(NetTotal(), off.parts_per_million, kPartsPerWhole, policy_.rounding);
  } else {
    wanted = AmountIn(off.amount);
    if (off.kind == BenefitKind::kPrice) wanted = std::max<int64_t>(0, NetTotal() - wanted);
  }
  if (!benefit.at_most.empty()) {
    wanted = std::min(wanted, AmountIn(benefit.at_most) - taken_before_minor_);
  }
  SpreadByNet(std::min(wanted, AvailableTotal()));
}

void Pricer::CutToAtMost(const BenefitSpec& benefit) {
  if (!benefit.at_most.empty()) CutTo(AmountIn(benefit.at_most) - taken_before_minor_);
}

void Pricer::SpreadByNet(int64_t total_minor) {
  shares_.clear();
  for (const Candidate& candidate : candidates_) {
    shares_.push_back({.weight = candidate.net_minor,
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

int64_t Pricer::AvailableTotal() const {
  int64_t total = 0;
  for (const Candidate& candidate : candidates_) total += candidate.available_minor;
  return total;
}

int64_t Pricer::NetTotal() const {
  int64_t total = 0;
  for (const Candidate& candidate : candidates_) total += candidate.net_minor;
  return total;
}

int64_t Pricer::TakeTotal() const {
  int64_t total = 0;
  for (const Candidate& candidate : candidates_) total += candidate.take_minor;
  return total;
}

int64_t Pricer::Applications(const BenefitSpec& benefit, const Reduction& off) const {
  if (benefit.set) return planner_.sets() - sets_left_alone_;
  if (whole_lines_ && TakesOneSum(benefit, off)) return 1;
  int64_t applications = 0;
  for (const Candidate& candidate : candidates_) {
    if (!whole_lines_) {
      applications += candidate.units;
    } else if (candidate.take_minor > 0) {
      ++applications;
    }
  }
  return applications;
}

void Pricer::Record(const BenefitSpec& benefit, const Reduction& off) {
  const bool on_basket = whole_lines_ && TakesOneSum(benefit, off);
  for (const Candidate& candidate : candidates_) {
    if (candidate.take_minor == 0) continue;
    int64_t& net = totals_[candidate.line].net_minor;
    if (whole_lines_ && !runs_.empty()) {
      runs_.TakeFromLine(candidate.line, net, candidate.take_minor);
    }
    net -= candidate.take_minor;
    if (on_shelf_) totals_[candidate.line].entry_minor = net;
    (is_delivery_ ? delivery_taken_minor_ : taken_minor_) += candidate.take_minor;
    takings_.push_back({candidate.line, benefit.offer, candidate.take_minor,
                        on_basket ? Decimal{} : candidate.quantity});
  }
  if (on_shelf_) dearest_first_.clear();
  RecordUnits(benefit.set || benefit.gift);
}

// Spreads what is taken from a candidate over its units, and marks those that a set has used.
void Pricer::RecordUnits(bool used) {
  proportions_.clear();
  for (const Candidate& candidate : candidates_) {
    proportions_.emplace_back(candidate.take_minor, candidate.of_units_minor);
  }
  // From the last unit of a line to its first, since a split leaves only what lies before it.
  std::sort(picked_.begin(), picked_.end(), [this](const PickedUnits& a, const PickedUnits& b) {
    const UnitRun& run_a = runs_[a.units.run];
    const UnitRun& run_b = runs_[b.units.run];
    if (run_a.line != run_b.line) return run_a.line < run_b.line;
    return run_a.first + a.units.from > run_b.first + b.units.from;
  });
  for (const PickedUnits& picked : picked_) {
    if (picked.left_alone) continue;
    const uint32_t run = runs_.Split(picked.units);
    if (picked.candidate != kNoCandidate) {
      runs_.Take(run, proportions_[picked.candidate].Next(picked.available_minor));
    }
    if (used) runs_.Use(run);
  }
}

}  // namespace touchstone::rules
