// Which lines and units a benefit is about: the first half of Pricer::Apply.

#include <algorithm>

#include "rules/basket/line_amounts.h"
#include "rules/basket/pricing.h"

namespace touchstone::rules {

bool Pricer::MayTouch(const BenefitSpec& benefit, const uint8_t* selected, uint32_t line) const {
  if (selected != nullptr && selected[line] == 0) return false;
  return benefit.takes_marked_down || !basket_lines_[line].is_marked_down();
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
    if ((selected[bounds.line] & kQualifiesForGift) == 0) continue;
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

}  // namespace touchstone::rules
