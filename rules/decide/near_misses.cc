#include "rules/decide/near_misses.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "absl/numeric/int128.h"
#include "rules/decide/admission.h"
#include "rules/decide/smallest_change.h"
#include "rules/decide/texts.h"
#include "rules/decide/turn.h"
#include "rules/decide/verdict.h"
#include "rules/facts/aggregate.h"
#include "rules/facts/layout.h"
#include "rules/money/rounding.h"

namespace touchstone::rules {
namespace {

using Change = NearMissChange;

// Of a line that is not the caller's: no id of a basket has this character, and it stands behind
// them all.
constexpr absl::string_view kAddedLine = "~";
constexpr int64_t kUnit = 1000;  // thousandths
// Offers whose condition does not hold that are asked whether more of the basket would mend it: of
// a large rule set these may be most.
constexpr int kMostUnmatchedAsked = 256;

// What of the basket refused an offer.
struct Wanted {
  bool money = false;
  bool units = false;
  bool none() const { return !money && !units; }
};

// An amount that was too little, and what was left of the basket with it.
struct SpendTrial {
  int64_t amount = 0;  // 0: none
  int64_t net_minor = 0;
};

// The number as a count of 10^-decimals, rounded up. Nothing when it is out of all bounds.
std::optional<int64_t> CountOf(ExactNumber number, int decimals) {
  const absl::int128 scaled = absl::int128(number.mantissa) * PowerOfTen(decimals);
  const absl::int128 divisor = PowerOfTen(number.scale);
  const absl::int128 count = (scaled + divisor - 1) / divisor;
  if (count > kMaxLineTotalMinor) return std::nullopt;
  return static_cast<int64_t>(count);
}

class Search {
 public:
  Search(const Decision& decision, DecisionContext& context, NearMissScratch& memory)
      : rules_(context.rules),
        input_(context.input),
        decision_(decision),
        context_(context),
        memory_(memory),
        locale_(ChooseLocale(context.rules.locales, context.input.locale)),
        steps_left_(decision.steps_left) {}

  void Run() {
    memory_.found.clear();
    memory_.facts.clear();
    for (const uint32_t offer : rules_.near_miss_offers) {
      if (memory_.trials < kMostTrials) Consider(offer);
    }
    std::sort(memory_.found.begin(), memory_.found.end(), GoesBefore);
    const size_t at_most = rules_.near_miss_reach.at_most;
    if (memory_.found.size() > at_most) memory_.found.resize(at_most);
    for (NearMiss& near : memory_.found) near.texts = TextsOf(near);
  }

 private:
  // Which offers, and what they lack.

  void Consider(uint32_t index) {
    const bool is_paused = std::binary_search(input_.paused.begin(), input_.paused.end(), index);
    const bool in_channel = (rules_.scan.offers[index].channels >> input_.channel & 1) != 0;
    if (is_paused || !in_channel || !rules_.scan.offers[index].changes_baskets) return;
    // No change of the basket brings a code or a grant.
    const bool asks_for_right = rules_.scan.offers[index].right != NeededRight::kNone;
    if (asks_for_right && !HasRight(index, context_)) return;
    const OfferOutcome outcome = OutcomeOf(index);
    if (outcome.applied) return;
    near_ = {.offer = index};
    reads_lines_ = false;
    trials_of_offer_left_ = std::min(kMostTrials - memory_.trials, kMostTrialsOfAnOffer);
    if (MayBeForKnownOnly(outcome) && CanSay(Change::Kind::kIdentify) && TryIdentify()) return;
    if (outcome.stage == Stage::kWindow) {
      if (outcome.cause == Cause::kNone && CanSay(Change::Kind::kFrom)) TryFrom();
      return;
    }
    if (!CanSay(Change::Kind::kSpend) && !CanSay(Change::Kind::kUnits)) return;
    const Wanted wanted = WantedOf(outcome);
    if (wanted.none()) return;
    FindProducts();
    if (wanted.money && CanSay(Change::Kind::kSpend)) {
      // Of an amount alone nothing more can be said.
      if (TrySpend() || !wanted.units) return;
    }
    if (CanSay(Change::Kind::kUnits)) TryUnits();
  }

  const OfferSpec& offer() const { return rules_.offers[near_.offer]; }

  // Of what the index did not match, more is known where the reasons of every offer were asked for:
  // nothing may depend on that.
  OfferOutcome OutcomeOf(uint32_t index) const {
    if (std::binary_search(decision_.considered.begin(), decision_.considered.end(), index)) {
      return decision_.offers[index];
    }
    OfferOutcome outcome;
    outcome.stage = Stage::kEligible;
    outcome.cause = Cause::kNotMatched;
    return outcome;
  }

  bool MayBeForKnownOnly(const OfferOutcome& outcome) const {
    if (input_.customer != InputStatus::kAnonymous) return false;
    if (offer().is_public && !offer().near_misses->reads_known) return false;
    switch (outcome.stage) {
      case Stage::kEligible:
        return outcome.cause != Cause::kNoCurrency;
      case Stage::kSegment:
        return true;
      case Stage::kLimit:
        return outcome.cause == Cause::kAnonymousLimit;
      case Stage::kRequires:
        return outcome.cause == Cause::kCondition || outcome.cause == Cause::kError;
      default:
        return false;
    }
  }

  Wanted WantedOf(const OfferOutcome& outcome) {
    const BenefitSpec& benefit = *offer().benefit;
    const OfferScan& scan = rules_.scan;
    switch (outcome.cause) {
      case Cause::kNotMatched:
        return ReadBasket(scan.EligibleParts(near_.offer)) && unmatched_left_-- > 0
                   ? WantedByParts(scan.EligibleParts(near_.offer))
                   : Wanted{};
      case Cause::kCondition:
        return WantedByParts(outcome.stage == Stage::kRequires ? scan.RequiresParts(near_.offer)
                                                               : scan.EligibleParts(near_.offer));
      case Cause::kNoTier: {
        const bool by_units = benefit.tiers.front().from_amount.empty();
        return {.money = !by_units, .units = by_units};
      }
      case Cause::kNoSet:
      case Cause::kNoLines:
        return {.units = true};
      case Cause::kTooSmall:
        return {.money = benefit.stage == PricingStage::kPoints};
      default:
        return {};
    }
  }

  bool ReadBasket(absl::Span<const uint32_t> parts) const {
    return std::any_of(parts.begin(), parts.end(),
                       [this](uint32_t part) { return rules_.scan.conjuncts[part].reads_basket; });
  }

  // Nothing unless every part that does not hold reads the basket.
  Wanted WantedByParts(absl::Span<const uint32_t> parts) {
    Wanted wanted;
    BeginEvaluating();
    for (size_t i = 0; i < parts.size(); ++i) {
      if (EvaluateParts(parts.subspan(i, 1), context_).holds()) continue;
      Wanted by_part;
      for (const expr::Slot slot : rules_.scan.conjuncts[parts[i]].program->slots()) {
        if (slot.row != kDecisionRow) continue;
        const bool by_lines = slot.index == kSlotBasketLines;
        reads_lines_ = reads_lines_ || by_lines;
        by_part.units = by_part.units || by_lines || slot.index == kSlotBasketUnits;
        by_part.money = by_part.money || by_lines || slot.index == kSlotBasketGross ||
                        slot.index == kSlotBasketNet;
      }
      wanted = {.money = wanted.money || by_part.money, .units = wanted.units || by_part.units};
      if (by_part.none()) {
        wanted = {};
        break;
      }
    }
    EndEvaluating();
    return wanted;
  }

  // The decision's own evaluator, with what is left of its steps.
  void BeginEvaluating() {
    was_at_limit_ = context_.state.step_limit_reached;
    context_.state.step_limit_reached = false;
    context_.state.expr.Refill(steps_left_);
  }
  void EndEvaluating() {
    steps_left_ = context_.state.step_limit_reached ? 0 : context_.state.expr.steps_left();
    context_.state.step_limit_reached = was_at_limit_;
  }

  // Lines of which more may be bought: those that the offer counts, each product once, the dearest
  // first.
  void FindProducts() {
    std::vector<uint32_t>& products = memory_.products;
    products.clear();
    counted_ = {};
    counted_units_ = 0;
    const std::vector<BasketLine>& lines = context_.state.lines;
    BeginEvaluating();
    const bool is_known = !SelectLines(offer(), context_).has_value();
    EndEvaluating();
    const bool by_delivery = offer().benefit->stage == PricingStage::kDelivery;
    for (uint32_t i = 0; is_known && i < lines.size(); ++i) {
      if (!lines[i].counts_as_merchandise()) continue;
      if (!by_delivery && context_.state.selected[i] == 0) continue;
      products.push_back(i);
      counted_.gross_minor += decision_.basket.lines[i].gross_minor;
      counted_.entry_minor += decision_.basket.lines[i].entry_minor;
      counted_.net_minor += decision_.basket.lines[i].net_minor;
      counted_units_ += lines[i].quantity.thousandths;
    }
    const auto sku = [this](uint32_t line) { return input_.line_facts[line].sku; };
    std::sort(products.begin(), products.end(), [&](uint32_t a, uint32_t b) {
      return std::make_tuple(-lines[a].unit_price_e4, sku(a), lines[a].line_id) <
             std::make_tuple(-lines[b].unit_price_e4, sku(b), lines[b].line_id);
    });
    size_t kept = 0;
    for (const uint32_t line : products) {
      const auto end = products.begin() + static_cast<std::ptrdiff_t>(kept);
      const bool is_new = std::none_of(products.begin(), end,
                                       [&](uint32_t other) { return sku(other) == sku(line); });
      if (is_new && kept < kMostProductsTried) products[kept++] = line;
    }
    products.resize(kept);
  }

  bool TrySpend() {
    // To the sum of the basket it is all one which product it is: best one that no other offer is
    // about.
    const bool counts_all = !reads_lines_ && offer().lines.conjuncts.empty();
    if (counts_all && any_product_counts_ && !memory_.products.empty()) {
      const bool found = TrySpend(LineFacts());
      if (found || any_product_counts_) return found;
    }
    for (const uint32_t line : memory_.products) {
      if (TrySpend(input_.line_facts[line])) return true;
      if (counts_all) return false;
    }
    return false;
  }

  bool TryUnits() {
    for (const uint32_t line : memory_.products) {
      if (TryUnits(line)) return true;
    }
    return false;
  }

  // Trials.

  // Decides with the change made. Nothing when no trial is left.
  std::optional<bool> Try(DecisionInput changed) {
    if (trials_of_offer_left_ == 0 || steps_left_ == 0) return std::nullopt;
    --trials_of_offer_left_;
    ++memory_.trials;
    changed.placements = {};
    changed.step_limit = steps_left_;
    const Decision& tried = Decide(rules_, changed, memory_.trial, Reasons::kNone);
    steps_left_ = tried.steps_left;
    if (tried.cause == CompletenessCause::kStepLimit) return std::nullopt;
    tried_net_minor_ = MinorOf(tried, kSlotBasketNet);
    tried_gross_minor_ = MinorOf(tried, kSlotBasketGross);
    const AppliedOffer* applied = FindApplied(tried.basket.applied, near_.offer);
    if (applied == nullptr) return false;
    const int64_t gain_minor = TakenBy(tried.basket) - TakenBy(decision_.basket);
    const int64_t gain_points = tried.basket.points - decision_.basket.points;
    const bool gives_more = gain_points > 0 || applied->missing_gifts > 0 || applied->coupons > 0;
    if (gain_minor < 0 || (gain_minor == 0 && !gives_more)) return false;
    near_.gain_minor = gain_minor;
    near_.gain_points = gain_points;
    near_.taken = applied->taken;
    return true;
  }

  static int64_t TakenBy(const BasketAnswer& basket) {
    return basket.gross_minor - basket.payable_minor;
  }
  static int64_t MinorOf(const Decision& decision, BuiltinSlot slot) {
    const expr::Value& amount = decision.facts[slot];
    return amount.kind() == expr::Kind::kMoney ? amount.money_value().amount_minor : 0;
  }
  int64_t net_minor() const { return MinorOf(decision_, kSlotBasketNet); }
  int64_t gross_minor() const { return MinorOf(decision_, kSlotBasketGross); }

  void Found(Change::Kind kind) {
    near_.change.kind = kind;
    memory_.found.push_back(near_);
  }

  bool TryIdentify() {
    DecisionInput changed = input_;
    FillUnknown();
    changed.facts = memory_.facts;
    changed.customer = InputStatus::kPresent;
    changed.contacts = {};
    if (!Try(changed).value_or(false)) return false;
    Found(Change::Kind::kIdentify);
    return true;
  }

  // The facts of a customer of whom nothing is known but the defaults.
  void FillUnknown() {
    if (!memory_.facts.empty()) return;
    const Schema& schema = rules_.schema;
    const FactLayout& layout = *rules_.layout;
    memory_.fact_memory.Reset();
    memory_.facts.assign(input_.facts.begin(), input_.facts.end());
    memory_.facts.resize(layout.decision_row_size());
    for (size_t i = 0; i < schema.customer.size(); ++i) {
      memory_.facts[layout.customer_slot(i)] = schema.customer[i].default_value;
    }
    const CurrentBuckets buckets = BucketsAt(input_.now, schema.zone);
    for (size_t i = 0; i < schema.aggregates.size(); ++i) {
      memory_.facts[layout.aggregate_slot(i)] =
          AggregateValue(schema.aggregates[i], {}, buckets, memory_.fact_memory);
    }
  }

  void TryFrom() {
    const WindowSpec& window = *offer().window;
    const absl::TimeZone zone = ZoneOf(window, context_);
    const absl::Time until = input_.now + rules_.near_miss_reach.within;
    const std::optional<absl::Time> opens = NextOpening(window, input_.now, until, zone);
    if (!opens.has_value()) return;
    DecisionInput changed = input_;
    changed.now = *opens;
    if (!Try(changed).value_or(false)) return;
    near_.change.from = *opens;
    near_.change.local = absl::ToCivilMinute(*opens, zone);
    Found(Change::Kind::kFrom);
  }

  // One piece more, as dear as the amount. That it costs nothing must not be enough: then it is a
  // matter of units.
  bool TrySpend(const LineFacts& product) {
    if (input_.basket.lines.size() >= kMaxBasketLines) return false;
    const int64_t price_e4 = PowerOfTen(kUnitPriceDecimals - currency().minor_digits());
    DecisionInput changed = WithLines();
    BasketLine added = {.line_id = kAddedLine, .quantity = Decimal{kUnit}};
    memory_.lines.push_back(added);
    memory_.line_facts.push_back(product);
    changed.basket.lines = memory_.lines;
    changed.line_facts = memory_.line_facts;
    GuessSpend();
    latest_spend_ = SpendTrial();
    const std::optional<int64_t> spend = SmallestChange(
        -1, MostSpend(), memory_.guesses, [&](int64_t amount) -> std::optional<Trial> {
          memory_.lines.back().unit_price_e4 = amount * price_e4;
          const std::optional<bool> reached = Try(changed);
          // A rule set may keep what it does not know from discounts.
          const bool counts = amount == 0 || tried_gross_minor_ != gross_minor();
          if (product.sku.empty() && !counts) any_product_counts_ = false;
          if (!reached.has_value() || !counts) return std::nullopt;
          return Trial{*reached, *reached ? 0 : NextGuess(amount)};
        });
    if (spend.value_or(0) == 0) return false;
    near_.change.spend_minor = *spend;
    Found(Change::Kind::kSpend);
    return true;
  }

  // More of the line: pieces by the piece, what is weighed by the thousandth.
  bool TryUnits(uint32_t line) {
    const bool by_piece = !input_.basket.lines[line].is_one_unit();
    const int64_t step = by_piece ? kUnit : 1;
    DecisionInput changed = WithLines();
    GuessUnits(step);
    const int64_t most = rules_.near_miss_reach.units * kUnit / step;
    const std::optional<int64_t> steps =
        SmallestChange(0, most, memory_.guesses, [&](int64_t more) -> std::optional<Trial> {
          BasketLine& changed_line = memory_.lines[line];
          changed_line.quantity = input_.basket.lines[line].quantity;
          changed_line.quantity.thousandths += more * step;
          if (!IsFit(changed_line)) return Trial{};
          const std::optional<bool> reached = Try(changed);
          if (!reached.has_value()) return std::nullopt;
          return Trial{*reached};
        });
    if (!steps.has_value()) return false;
    near_.change.quantity = Decimal{*steps * step};
    near_.sku = input_.line_facts[line].sku;
    Found(Change::Kind::kUnits);
    return true;
  }

  bool IsFit(const BasketLine& line) const {
    if (line.quantity > kMaxLineQuantity) return false;
    const absl::StatusOr<Money> total =
        LineTotal(line.quantity, line.unit_price_e4, currency(), rules_.pricing.rounding);
    return total.ok() && total->amount_minor <= kMaxLineTotalMinor;
  }

  // The input with lines that may be changed.
  DecisionInput WithLines() {
    memory_.lines.assign(input_.basket.lines.begin(), input_.basket.lines.end());
    memory_.line_facts.assign(input_.line_facts.begin(), input_.line_facts.end());
    DecisionInput changed = input_;
    changed.basket.lines = memory_.lines;
    changed.line_facts = memory_.line_facts;
    return changed;
  }

  Currency currency() const { return input_.basket.currency; }

  int64_t MostSpend() const {
    const std::optional<int64_t> stated = AmountIn(rules_.near_miss_reach.spend, currency());
    return std::min(stated.value_or(net_minor() / 2), kMaxLineTotalMinor);
  }

  // Guesses.

  // What the basket, or what the offer counts of it, is short of a number of the conditions.
  void GuessSpend() {
    const int64_t reached[] = {net_minor(), gross_minor(), counted_.net_minor, counted_.gross_minor,
                               counted_.entry_minor};
    memory_.guesses.clear();
    for (const ExactNumber& threshold : offer().near_misses->thresholds) {
      const std::optional<int64_t> minor = CountOf(threshold, currency().minor_digits());
      for (const int64_t amount : reached) {
        if (minor.has_value()) memory_.guesses.push_back(*minor - amount);
      }
    }
    SortGuesses();
  }

  void GuessUnits(int64_t step) {
    const int64_t reached[] = {context_.state.pricer.merchandise_units().thousandths,
                               counted_units_};
    memory_.guesses.assign(1, 1);
    for (const ExactNumber& threshold : offer().near_misses->thresholds) {
      const std::optional<int64_t> thousandths = CountOf(threshold, 3);
      for (const int64_t quantity : reached) {
        if (!thousandths.has_value()) continue;
        memory_.guesses.push_back((*thousandths - quantity + step - 1) / step);
      }
    }
    SortGuesses();
  }

  void SortGuesses() {
    std::vector<int64_t>& guesses = memory_.guesses;
    std::sort(guesses.begin(), guesses.end());
    guesses.erase(std::unique(guesses.begin(), guesses.end()), guesses.end());
  }

  // After `amount` was too little: as much more as the net was short of a threshold. What offers
  // take for reaching another amount is taken once; of a share of what is added, two trials tell.
  int64_t NextGuess(int64_t amount) {
    int64_t threshold = std::numeric_limits<int64_t>::max();
    for (const ExactNumber& number : offer().near_misses->thresholds) {
      const std::optional<int64_t> minor = CountOf(number, currency().minor_digits());
      if (minor.has_value() && *minor > tried_net_minor_) threshold = std::min(threshold, *minor);
    }
    const SpendTrial before = std::exchange(latest_spend_, SpendTrial{amount, tried_net_minor_});
    if (threshold == std::numeric_limits<int64_t>::max()) return 0;
    absl::int128 more = threshold - tried_net_minor_;
    const int64_t grown = tried_net_minor_ - before.net_minor;
    if (before.amount > 0 && grown > 0 && amount > before.amount) {
      more = (more * (amount - before.amount) + grown - 1) / grown;
    }
    return more > kMaxLineTotalMinor ? 0 : amount + static_cast<int64_t>(more);
  }

  // Texts.

  // Calls `say` with the texts of each placement asked for that can speak of a change of this kind.
  template <typename Say>
  void ForEachText(uint32_t index, Change::Kind kind, const Say& say) const {
    const NearMissSpec& spec = *rules_.offers[index].near_misses;
    for (const uint16_t placement : input_.placements) {
      const std::optional<TreatmentSpec>& treatment = spec.treatments[placement];
      if (!treatment.has_value() || !SpeaksOf(*treatment, locale_, kind)) continue;
      if (!TextsNeedMissing(*treatment, locale_, context_)) say(placement, *treatment);
    }
  }

  bool CanSay(Change::Kind kind) const {
    bool can_say = false;
    ForEachText(near_.offer, kind, [&](uint16_t, const TreatmentSpec&) { can_say = true; });
    return can_say;
  }

  absl::Span<const NearMissText> TextsOf(const NearMiss& near) {
    auto* texts = context_.state.expr.arena().NewArray<NearMissText>(input_.placements.size());
    size_t count = 0;
    ForEachText(near.offer, near.change.kind,
                [&](uint16_t placement, const TreatmentSpec& treatment) {
                  texts[count++] = {placement,
                                    RenderNearMiss(near, placement, treatment, locale_, context_)};
                });
    return absl::MakeConstSpan(texts, count);
  }

  static bool GoesBefore(const NearMiss& a, const NearMiss& b) {
    const auto key = [](const NearMiss& near) {
      return std::make_tuple(-near.gain_minor, -near.gain_points, near.change.kind,
                             near.change.spend_minor, near.change.quantity.thousandths,
                             near.change.from, near.offer);
    };
    return key(a) < key(b);
  }

  const RuleSet& rules_;
  const DecisionInput& input_;
  const Decision& decision_;
  DecisionContext& context_;
  NearMissScratch& memory_;
  const size_t locale_;
  uint64_t steps_left_;
  int unmatched_left_ = kMostUnmatchedAsked;
  bool any_product_counts_ = true;  // not found yet that one must be known to be merchandise

  // Of the offer in hand.
  NearMiss near_;
  int trials_of_offer_left_ = 0;
  bool reads_lines_ = false;
  bool was_at_limit_ = false;
  LineTotals counted_;  // what it counts of the basket
  int64_t counted_units_ = 0;
  SpendTrial latest_spend_;
  int64_t tried_net_minor_ = 0;    // basket.net of the latest trial
  int64_t tried_gross_minor_ = 0;  // basket.gross
};

}  // namespace

absl::Span<const NearMiss> FindNearMisses(const RuleSet& rule_set, const DecisionInput& input,
                                          const Decision& decision, DecisionScratch& scratch,
                                          NearMissScratch& memory) {
  memory.trials = 0;
  if (rule_set.near_miss_offers.empty() || rule_set.near_miss_reach.at_most == 0 ||
      input.basket.lines.empty() || input.placements.empty() || decision.steps_left == 0) {
    return {};
  }
  DecisionContext context{rule_set, input, scratch.state()};
  Search(decision, context, memory).Run();
  return memory.found;
}

}  // namespace touchstone::rules
