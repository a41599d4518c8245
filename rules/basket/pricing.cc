#include "rules/basket/pricing.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "rules/basket/line_amounts.h"
#include "rules/money/proportion.h"

namespace touchstone::rules {
namespace {

constexpr int64_t kPartsPerWhole = 1'000'000;

bool HasTiersByLine(const BenefitSpec& benefit) {
  return !benefit.tiers.empty() && benefit.per == AmountPer::kLine;
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
  if (benefit.stage == PricingStage::kPoints) return Give(benefit);
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

Applied Pricer::Give(const BenefitSpec& benefit) {
  int64_t times = 1;
  if (!benefit.reward.each.empty()) times = NetTotal() / AmountIn(benefit.reward.each);
  if (times == 0) return {.reason = NothingTaken::kTooSmall};
  if (benefit.off.kind == BenefitKind::kCoupons) {
    return {.coupons = std::min(times, kMaxCoupons), .applications = 1};
  }
  const int64_t points = Times(benefit.reward.give, times);
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
  auto measured = std::lower_bound(
      measured_.begin(), measured_.end(), line,
      [](const Measured& of_line, uint32_t wanted) { return of_line.line < wanted; });
  for (; measured != measured_.end() && measured->line == line; ++measured) {
    amount += measured->amount_minor;
    units += measured->units;
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
    amount = Fraction(amount, candidate.quantity.thousandths, kThousandthsInUnit, policy_.rounding);
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
