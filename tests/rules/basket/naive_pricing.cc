#include "tests/rules/basket/naive_pricing.h"

#include <algorithm>
#include <optional>

#include "absl/numeric/int128.h"
#include "tests/rules/basket/naive_sets.h"
#include "tests/rules/basket/naive_spread.h"

namespace touchstone::rules {
namespace {

constexpr int64_t kMillion = 1'000'000;
constexpr uint8_t kAnyBit = 0xff;
constexpr uint8_t kQualifies = 1;
constexpr uint8_t kGiftBit = 2;

absl::int128 Wide(int64_t value) { return value; }

// Rounded down.
int64_t ShareOf(int64_t amount, int64_t parts_per_million) {
  return static_cast<int64_t>(Wide(amount) * parts_per_million / kMillion);
}

bool NamesOnly(const AmountByCurrency& amounts, Currency currency) {
  return amounts.empty() || AmountIn(amounts, currency).has_value();
}

bool CanBePaidIn(const Reduction& off, Currency currency) {
  const bool has_amount = off.kind == BenefitKind::kAmountOff || off.kind == BenefitKind::kPrice;
  return !has_amount || AmountIn(off.amount, currency).has_value();
}

bool CanApplyIn(const BenefitSpec& benefit, Currency currency) {
  bool can = CanBePaidIn(benefit.off, currency) && NamesOnly(benefit.at_most, currency) &&
             NamesOnly(benefit.reward.each, currency);
  for (const BenefitTier& tier : benefit.tiers) {
    can &= CanBePaidIn(tier.off, currency) && NamesOnly(tier.from_amount, currency);
  }
  return can;
}

template <typename Shares>
int64_t TakenFrom(const Shares& shares) {
  int64_t sum = 0;
  for (const auto& [id, share] : shares) sum += share.take;
  return sum;
}

// Shrinks what is taken to `total`, in proportion.
template <typename Shares>
void Shrink(int64_t total, Shares& shares) {
  if (TakenFrom(shares) <= total) return;
  std::vector<NaiveShare> takes;
  for (const auto& [id, share] : shares) takes.push_back({id, share.take, share.take});
  const std::map<std::string, int64_t> parts = NaiveSpread(total, takes);
  for (auto& [id, share] : shares) share.take = parts.at(id);
}

bool IsAboutWholeLines(const BenefitSpec& benefit) {
  return !benefit.units && !benefit.set && !benefit.gift;
}

bool HasTiersByLine(const BenefitSpec& benefit) {
  return !benefit.tiers.empty() && benefit.per == AmountPer::kLine;
}

// A percentage of the price on entry is taken line by line, one of what is left is one sum.
bool IsOneSum(const BenefitSpec& benefit, const Reduction& off) {
  if (off.kind != BenefitKind::kPercentOff) return benefit.per == AmountPer::kBasket;
  if (HasTiersByLine(benefit)) return false;
  return IsAboutWholeLines(benefit) && IsOfNet(benefit) && benefit.stage != PricingStage::kShelf;
}

}  // namespace

int64_t NaiveLine::taken() const {
  int64_t sum = 0;
  for (const auto& [offer, taking] : taken_by_offer) sum += taking.amount;
  return sum;
}

int64_t NaiveLine::available() const { return std::max<int64_t>(0, net() - floor); }

bool NaiveLine::is_open_to(const BenefitSpec& benefit) const {
  const bool marked_down =
      line.price_source == PriceSource::kMarkdown || line.price_source == PriceSource::kOverride;
  if (line.is_return || (marked_down && !benefit.takes_marked_down)) return false;
  if (benefit.stage == PricingStage::kDelivery) return line.is_delivery;
  return line.merchandise && !line.never_discount;
}

NaivePricing::NaivePricing(const Basket& basket, const PricingPolicy& policy)
    : currency_(basket.currency), policy_(policy) {
  for (const BasketLine& line : basket.lines) {
    const int64_t total =
        LineTotal(line.quantity, line.unit_price_e4, currency_, policy.rounding)->amount_minor;
    NaiveLine naive{.line = line};
    naive.gross = line.is_return ? -std::max<int64_t>(0, -total - line.manual_discount_minor)
                                 : std::max<int64_t>(0, total - line.manual_discount_minor);
    naive.entry = naive.gross;
    naive.floor = FloorOf(line, line.quantity);
    if (!line.is_return) naive.units = NaiveUnits(line.units(), naive.gross);
    lines_[std::string(line.line_id)] = naive;
  }
}

Applied NaivePricing::Apply(const NaiveOffer& offer) {
  const BenefitSpec& benefit = offer.benefit;
  if (!CanApplyIn(benefit, currency_)) return {.reason = NothingTaken::kNoCurrency};
  on_shelf_ = on_shelf_ && benefit.stage == PricingStage::kShelf;

  Scope scope = Find(offer);
  if (scope.shares.empty()) {
    if (scope.missing_gifts > 0) return {.missing_gifts = scope.missing_gifts};
    return {.reason = scope.has_supply ? NothingTaken::kNoSet : NothingTaken::kNoLines};
  }
  if (benefit.stage == PricingStage::kPoints) return Give(benefit, scope);
  const Reduction* off = benefit.tiers.empty() ? &benefit.off : ReachedByAny(benefit, scope);
  if (off == nullptr) return {.reason = NothingTaken::kNoTier};
  Applied applied = TakeOff(benefit, *off, scope);
  if (scope.missing_gifts > 0) {
    applied.missing_gifts = scope.missing_gifts;
    applied.reason = NothingTaken::kNone;
  }
  // What the shelf offers leave is the price on entry.
  for (auto& [id, line] : lines_) {
    if (on_shelf_) line.entry = line.net();
  }
  return applied;
}

Applied NaivePricing::Give(const BenefitSpec& benefit, const Scope& scope) {
  int64_t net = 0;
  for (const auto& [id, share] : scope.shares) net += share.net;
  const int64_t times = benefit.reward.each.empty() ? 1 : net / AmountOf(benefit.reward.each);
  if (times == 0) return {.reason = NothingTaken::kTooSmall};
  if (benefit.off.kind == BenefitKind::kCoupons) {
    return {.coupons = times > 100 ? 100 : times, .applications = 1};
  }
  points_ += times * benefit.reward.give;
  return {.points = times * benefit.reward.give, .applications = 1};
}

Applied NaivePricing::TakeOff(const BenefitSpec& benefit, const Reduction& off, Scope& scope) {
  int64_t available = 0;
  for (const auto& [id, share] : scope.shares) available += share.available;
  if (available == 0) return {.reason = NothingTaken::kNothingLeft};

  const bool one_sum = IsOneSum(benefit, off);
  if (one_sum) {
    TakeOneSum(benefit, off, scope);
  } else if (benefit.per == AmountPer::kSet && off.kind != BenefitKind::kPercentOff) {
    TakeBySet(off, scope);
  } else {
    TakeByLine(benefit, off, scope);
  }
  if (!benefit.at_most.empty()) Shrink(AmountOf(benefit.at_most), scope.shares);
  if (TakenFrom(scope.shares) == 0) {
    return {.reason = off.kind == BenefitKind::kPrice ? NothingTaken::kNotAbovePrice
                                                      : NothingTaken::kTooSmall};
  }
  Applied applied;
  applied.cut_by_guard_rail = benefit.stage != PricingStage::kDelivery && CutByGuardRails(scope);
  applied.taken_minor = TakenFrom(scope.shares);
  if (applied.taken_minor == 0) {
    applied.reason = NothingTaken::kNothingLeft;
    return applied;
  }
  const bool on_basket = one_sum && IsAboutWholeLines(benefit);
  for (const auto& [id, share] : scope.shares) {
    applied.applications += IsAboutWholeLines(benefit) ? (share.take > 0 ? 1 : 0) : share.units;
  }
  if (on_basket) applied.applications = 1;
  if (benefit.set) {
    applied.applications = 0;
    for (const int64_t sets : scope.batches) applied.applications += sets;
  }
  Record(benefit, on_basket, scope);
  return applied;
}

bool NaivePricing::IsAbout(const NaiveOffer& offer, const std::string& id, uint8_t bits) const {
  return lines_.at(id).is_open_to(offer.benefit) && (offer.selected.at(id) & bits) != 0;
}

// Units of a line cost the same on entry, whatever becomes of them, and so come together.
std::vector<NaivePricing::UnitOfLine> NaivePricing::UnitsByPrice(const NaiveOffer& offer,
                                                                 UnitOrder order,
                                                                 uint8_t bits) const {
  std::vector<std::string> ids;
  for (const auto& [id, line] : lines_) {
    if (IsAbout(offer, id, bits)) ids.push_back(id);
  }
  std::stable_sort(ids.begin(), ids.end(), [&](const std::string& a, const std::string& b) {
    const NaiveLine& line_a = lines_.at(order == UnitOrder::kDearestFirst ? a : b);
    const NaiveLine& line_b = lines_.at(order == UnitOrder::kDearestFirst ? b : a);
    return Wide(line_a.entry) * line_b.line.units() > Wide(line_b.entry) * line_a.line.units();
  });
  std::vector<UnitOfLine> units;
  for (const std::string& id : ids) {
    for (size_t i = 0; i < lines_.at(id).units.count(); ++i) units.push_back({id, i});
  }
  return units;
}

NaivePricing::Scope NaivePricing::Find(const NaiveOffer& offer) const {
  Scope scope = offer.benefit.gift    ? FindGifts(offer)
                : offer.benefit.set   ? FindSets(offer)
                : offer.benefit.units ? FindUnits(offer)
                                      : FindLines(offer);
  Sum(scope);
  if (offer.benefit.set) {
    MeasureSets(offer.benefit, scope);
  } else {
    MeasureLines(offer, scope);
  }
  return scope;
}

NaivePricing::Scope NaivePricing::FindLines(const NaiveOffer& offer) const {
  Scope scope;
  for (const auto& [id, line] : lines_) {
    if (!IsAbout(offer, id, kAnyBit)) continue;
    scope.shares[id] = {.quantity = line.line.quantity,
                        .units = line.line.units(),
                        .entry = line.entry,
                        .net = line.net(),
                        .available = line.available()};
  }
  return scope;
}

NaivePricing::Scope NaivePricing::FindUnits(const NaiveOffer& offer) const {
  const UnitRange& range = *offer.benefit.units;
  Scope scope;
  std::map<std::string, UnitsFromTo> picked;
  int64_t position = 0;
  for (const UnitOfLine& unit : UnitsByPrice(offer, range.order, kAnyBit)) {
    position = range.per_line ? static_cast<int64_t>(unit.position) + 1 : position + 1;
    if (position < range.first || position > range.last) continue;
    UnitsFromTo& of_line = picked.try_emplace(unit.id, UnitsFromTo{unit.position, 0}).first->second;
    of_line.to = unit.position + 1;
  }
  for (const auto& [id, units] : picked) AddSlices(id, units, 0, scope);
  return scope;
}

NaivePricing::Scope NaivePricing::FindSets(const NaiveOffer& offer) const {
  const SetSpec& set = *offer.benefit.set;
  const auto every_part = static_cast<uint8_t>((1U << set.parts.size()) - 1);
  const UnitOrder order = set.grouping == Grouping::kDearestFirst ? UnitOrder::kDearestFirst
                                                                  : UnitOrder::kCheapestFirst;
  std::vector<UnitOfLine> units;
  std::vector<NaiveSupplyUnit> supply;
  std::map<std::pair<std::string, int>, size_t> run_ids;
  for (const UnitOfLine& unit : UnitsByPrice(offer, order, every_part)) {
    const NaiveUnits& of_line = lines_.at(unit.id).units;
    if (of_line.is_used(unit.position)) continue;
    const size_t run =
        run_ids.try_emplace({unit.id, of_line.run(unit.position)}, run_ids.size()).first->second;
    units.push_back(unit);
    supply.push_back({run, static_cast<uint8_t>(offer.selected.at(unit.id) & every_part)});
  }
  Scope scope;
  scope.has_supply = !supply.empty();
  for (const NaiveSetBatch& batch : FormSets(set, supply)) {
    scope.batches.push_back(batch.sets);
    for (size_t i = 0; i < batch.units.size();) {
      const NaiveSetUnit& first = batch.units[i];
      const UnitOfLine& unit = units[first.unit];
      UnitsFromTo slice{unit.position, unit.position};
      // Neighbours of the same run that do the same.
      for (; i < batch.units.size(); ++i, ++slice.to) {
        const NaiveSetUnit& next = batch.units[i];
        if (next.part != first.part || next.is_got != first.is_got ||
            supply[next.unit].run != supply[first.unit].run ||
            units[next.unit].position != slice.to) {
          break;
        }
      }
      if (first.is_got) {
        AddSlices(unit.id, slice, scope.batches.size() - 1, scope);
      } else {
        scope.bought.push_back({unit.id, slice, scope.batches.size() - 1});
      }
    }
  }
  return scope;
}

NaivePricing::Scope NaivePricing::FindGifts(const NaiveOffer& offer) const {
  const GiftSpec& gift = *offer.benefit.gift;
  const std::vector<UnitOfLine> qualifying =
      UnitsByPrice(offer, UnitOrder::kDearestFirst, kQualifies);
  Scope scope;
  if (qualifying.empty()) return scope;
  int64_t left = gift.units * (gift.per_unit ? static_cast<int64_t>(qualifying.size()) : 1);
  std::map<std::string, std::vector<size_t>> given;
  for (const UnitOfLine& unit : UnitsByPrice(offer, UnitOrder::kDearestFirst, kGiftBit)) {
    if (left == 0 || lines_.at(unit.id).units.is_used(unit.position)) continue;
    given[unit.id].push_back(unit.position);
    --left;
  }
  for (const auto& [id, positions] : given) {
    for (size_t i = 0; i < positions.size();) {
      UnitsFromTo units{positions[i], positions[i]};
      for (; i < positions.size() && positions[i] == units.to; ++i) ++units.to;
      AddSlices(id, units, 0, scope);
    }
  }
  scope.missing_gifts = left;
  return scope;
}

// A slice for each run.
void NaivePricing::AddSlices(const std::string& id, UnitsFromTo units, size_t batch,
                             Scope& scope) const {
  const NaiveLine& line = lines_.at(id);
  for (const UnitsFromTo& run : line.units.RunsOf(units)) {
    const Decimal quantity = line.line.is_one_unit()
                                 ? line.line.quantity
                                 : Decimal{1000 * static_cast<int64_t>(run.count())};
    const int64_t available =
        std::max<int64_t>(0, line.units.NetOf(run) - FloorOf(line.line, quantity));
    scope.shares[id].slices.push_back({run, available, batch});
  }
}

// What the slices that it is about come to. However they do, the line keeps its floor.
void NaivePricing::Sum(Scope& scope) const {
  for (auto& [id, share] : scope.shares) {
    const NaiveLine& line = lines_.at(id);
    const std::vector<int64_t> entries = EqualParts(line.entry, line.units.count());
    for (const Slice& slice : share.slices) {
      share.units += static_cast<int64_t>(slice.units.count());
      for (size_t i = slice.units.from; i < slice.units.to; ++i) share.entry += entries[i];
      share.net += line.units.NetOf(slice.units);
      share.available += slice.available;
    }
    if (share.slices.empty()) continue;
    share.quantity = line.line.is_one_unit() ? line.line.quantity : Decimal{share.units * 1000};
    share.available = std::min(share.available, line.available());
  }
}

void NaivePricing::MeasureLines(const NaiveOffer& offer, Scope& scope) const {
  for (const auto& [id, line] : lines_) {
    if (!IsAbout(offer, id, kAnyBit)) continue;
    scope.measured[id] = {IsOfNet(offer.benefit) ? line.net() : line.entry, line.line.units()};
  }
}

void NaivePricing::MeasureSets(const BenefitSpec& benefit, Scope& scope) const {
  for (const auto& [id, share] : scope.shares) {
    for (const Slice& slice : share.slices) {
      MeasureUnits(benefit, id, slice.units, scope.measured[id]);
    }
  }
  for (const Bought& bought : scope.bought) {
    MeasureUnits(benefit, bought.id, bought.units, scope.measured[bought.id]);
  }
}

void NaivePricing::MeasureUnits(const BenefitSpec& benefit, const std::string& id,
                                UnitsFromTo units, Measure& measure) const {
  const NaiveLine& line = lines_.at(id);
  const std::vector<int64_t> entries = EqualParts(line.entry, line.units.count());
  measure.units += static_cast<int64_t>(units.count());
  for (size_t i = units.from; i < units.to; ++i) {
    measure.amount += IsOfNet(benefit) ? line.units.NetOf({i, i + 1}) : entries[i];
  }
}

const Reduction* NaivePricing::Reached(const BenefitSpec& benefit, Measure measure) const {
  const Reduction* off = benefit.off.kind == BenefitKind::kNone ? nullptr : &benefit.off;
  for (const BenefitTier& tier : benefit.tiers) {
    const bool reached = tier.from_amount.empty() ? measure.units >= tier.from_units
                                                  : measure.amount >= AmountOf(tier.from_amount);
    if (reached) off = &tier.off;
  }
  return off;
}

// With tiers by line one of those reached: they are of one kind.
const Reduction* NaivePricing::ReachedByAny(const BenefitSpec& benefit, const Scope& scope) const {
  Measure all;
  for (const auto& [id, measure] : scope.measured) {
    const Reduction* off = Reached(benefit, measure);
    const bool is_theirs = benefit.per == AmountPer::kLine && scope.shares.contains(id);
    if (is_theirs && off != nullptr) return off;
    all.amount += measure.amount;
    all.units += measure.units;
  }
  return benefit.per == AmountPer::kLine ? nullptr : Reached(benefit, all);
}

void NaivePricing::TakeOneSum(const BenefitSpec& benefit, const Reduction& off,
                              Scope& scope) const {
  std::vector<NaiveShare> shares;
  int64_t net = 0;
  int64_t available = 0;
  for (const auto& [id, share] : scope.shares) {
    shares.push_back({id, share.net, share.available});
    net += share.net;
    available += share.available;
  }
  const int64_t wanted = off.kind == BenefitKind::kPercentOff ? Percent(net, off)
                         : off.kind == BenefitKind::kPrice
                             ? std::max<int64_t>(0, net - AmountOf(off.amount))
                             : AmountOf(off.amount);
  const int64_t at_most = benefit.at_most.empty() ? wanted : AmountOf(benefit.at_most);
  const std::map<std::string, int64_t> parts =
      NaiveSpread(std::min({wanted, at_most, available}), shares);
  for (auto& [id, share] : scope.shares) share.take = parts.at(id);
}

void NaivePricing::TakeByLine(const BenefitSpec& benefit, const Reduction& off,
                              Scope& scope) const {
  for (auto& [id, share] : scope.shares) {
    const Reduction* of_line = &off;
    if (HasTiersByLine(benefit)) {
      of_line = Reached(benefit, scope.measured.at(id));
    }
    if (of_line == nullptr) continue;
    share.take = std::min(WantedFrom(benefit, *of_line, share), share.available);
  }
}

int64_t NaivePricing::WantedFrom(const BenefitSpec& benefit, const Reduction& off,
                                 const Share& share) const {
  if (off.kind == BenefitKind::kPercentOff && benefit.stage == PricingStage::kShelf) {
    // What is rounded is the label, where all units have the same.
    const Reduction left{BenefitKind::kPercentOff, kMillion - off.parts_per_million, {}};
    const int64_t labels = share.net % share.units == 0 ? share.units : 1;
    return share.net - Percent(share.net / labels, left) * labels;
  }
  if (off.kind == BenefitKind::kPercentOff) {
    return Percent(IsOfNet(benefit) ? share.net : share.entry, off);
  }
  Money amount{AmountOf(off.amount), currency_};
  if (benefit.per == AmountPer::kUnit) {
    amount = Multiply(amount, share.quantity, policy_.rounding).value();
  }
  return off.kind == BenefitKind::kAmountOff
             ? amount.amount_minor
             : std::max<int64_t>(0, share.net - amount.amount_minor);
}

// What equal sets come to is spread over their lines at once.
void NaivePricing::TakeBySet(const Reduction& off, Scope& scope) const {
  for (size_t batch = 0; batch < scope.batches.size(); ++batch) {
    std::map<std::string, NaiveShare> shares;
    int64_t net = 0;
    int64_t available = 0;
    for (const auto& [id, share] : scope.shares) {
      for (const Slice& slice : share.slices) {
        if (slice.batch != batch) continue;
        const int64_t net_of_slice = lines_.at(id).units.NetOf(slice.units);
        NaiveShare& in_batch = shares[id];
        in_batch.id = id;
        in_batch.weight += net_of_slice;
        in_batch.cap += slice.available;
        net += net_of_slice;
        available += slice.available;
      }
    }
    const int64_t amount = AmountOf(off.amount) * scope.batches[batch];
    const int64_t wanted = off.kind == BenefitKind::kAmountOff ? amount : net - amount;
    if (wanted <= 0) {
      Drop(batch, scope);
      continue;
    }
    std::vector<NaiveShare> listed;
    for (const auto& [id, share] : shares) listed.push_back(share);
    for (const auto& [id, part] : NaiveSpread(std::min(wanted, available), listed)) {
      scope.shares.at(id).take += part;
    }
  }
  for (auto& [id, share] : scope.shares) share.take = std::min(share.take, share.available);
}

// Its sets are none.
void NaivePricing::Drop(size_t batch, Scope& scope) const {
  scope.batches[batch] = 0;
  std::erase_if(scope.bought, [batch](const Bought& bought) { return bought.batch == batch; });
  for (auto share = scope.shares.begin(); share != scope.shares.end();) {
    std::erase_if(share->second.slices,
                  [batch](const Slice& slice) { return slice.batch == batch; });
    const int64_t take = share->second.take;
    share->second = {.take = take, .slices = share->second.slices};
    share = share->second.slices.empty() ? scope.shares.erase(share) : std::next(share);
  }
  Sum(scope);
}

bool NaivePricing::CutByGuardRails(Scope& scope) const {
  int64_t basket_gross = 0;
  int64_t basket_taken = 0;
  for (const auto& [id, line] : lines_) {
    if (!line.line.counts_as_merchandise()) continue;
    basket_gross += line.gross;
    basket_taken += line.taken();
  }
  bool cut = false;
  for (auto& [id, share] : scope.shares) {
    const NaiveLine& line = lines_.at(id);
    const int64_t left = ShareOf(line.gross, policy_.most_off_line_ppm) - line.taken();
    cut |= share.take > left;
    share.take = std::min(share.take, left);
  }
  const int64_t left = ShareOf(basket_gross, policy_.most_off_basket_ppm) - basket_taken;
  cut |= TakenFrom(scope.shares) > left;
  Shrink(left, scope.shares);
  return cut;
}

void NaivePricing::Record(const BenefitSpec& benefit, bool on_basket, const Scope& scope) {
  for (const auto& [id, share] : scope.shares) {
    NaiveLine& line = lines_.at(id);
    if (share.slices.empty()) {
      line.units.TakeFromAll(share.take);
    } else {
      RecordUnits(benefit, id, share);
    }
    if (share.take == 0) continue;
    line.taken_by_offer[benefit.offer] = {share.take, on_basket ? Decimal{} : share.quantity};
  }
  for (const Bought& bought : scope.bought) lines_.at(bought.id).units.Use(bought.units);
}

// What is taken from some units of a line is theirs in proportion to what may be taken from each
// run of them, cent by cent from the last one on.
void NaivePricing::RecordUnits(const BenefitSpec& benefit, const std::string& id,
                               const Share& share) {
  NaiveUnits& units = lines_.at(id).units;
  std::vector<Slice> slices = share.slices;
  std::sort(slices.begin(), slices.end(),
            [](const Slice& a, const Slice& b) { return a.units.from > b.units.from; });
  absl::int128 available = 0;
  for (const Slice& slice : slices) available += slice.available;
  absl::int128 passed = 0;
  int64_t taken = 0;
  for (const Slice& slice : slices) {
    passed += slice.available;
    const auto taken_so_far =
        available == 0 ? 0 : static_cast<int64_t>(share.take * passed / available);
    units.TakeFrom(slice.units, taken_so_far - taken);
    if (benefit.set || benefit.gift) units.Use(slice.units);
    taken = taken_so_far;
  }
}

int64_t NaivePricing::FloorOf(const BasketLine& line, Decimal quantity) const {
  return LineTotal(quantity, line.floor_price_e4.value_or(0), currency_, Rounding::kUp)
      ->amount_minor;
}

int64_t NaivePricing::Percent(int64_t amount, const Reduction& off) const {
  return Percentage({amount, currency_}, off.parts_per_million, policy_.rounding)->amount_minor;
}

int64_t NaivePricing::AmountOf(const AmountByCurrency& amounts) const {
  return AmountIn(amounts, currency_).value();
}

}  // namespace touchstone::rules
