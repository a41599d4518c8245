#include "tests/rules/decide/naive_decision.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/rules/basket/naive_pricing.h"
#include "tests/rules/decide/naive_stacking.h"

namespace touchstone::rules {
namespace {

using expr::ErrorCode;
using expr::Value;

struct Answer {
  enum { kYes, kNo, kError } kind = kYes;
  int part = 0;
  ErrorCode error = ErrorCode::kAbsent;
  bool open = false;
};

class Naive {
 public:
  Naive(const RuleSet& rules, const DecisionInput& input) : rules_(rules), input_(input) {}

  std::unique_ptr<NaiveDecision> Decide() {
    BindFacts();
    BindLines();
    for (uint32_t i = 0; i < rules_.offers.size(); ++i) outcomes_.push_back(Admit(i));
    if (has_basket()) TakeTurns();
    for (uint32_t i = 0; i < rules_.offers.size(); ++i) {
      if (outcomes_[i].stage != Stage::kNone || outcomes_[i].applied) continue;
      const Answer answer = Ask(rules_.offers[i].requires_, kNoLine, !has_basket());
      if (answer.kind == Answer::kYes) continue;
      Refuse(outcomes_[i], Stage::kRequires, CauseOf(answer), answer.part);
    }
    for (uint32_t i = 0; i < rules_.offers.size(); ++i) {
      if (outcomes_[i].stage == Stage::kNone && Asked(rules_.offers[i])) {
        Score(rules_.offers[i], outcomes_[i]);
      }
    }
    Show();
    for (uint32_t i = 0; i < rules_.offers.size(); ++i) {
      OfferOutcome& outcome = outcomes_[i];
      if (outcome.stage != Stage::kNone || outcome.applied || outcome.shown) continue;
      Refuse(outcome, Stage::kRank, not_shown_.at(i));
    }
    return Finish();
  }

 private:
  using Program = expr::Program;
  static constexpr int kNoLine = -1;

  bool has_basket() const { return !input_.basket.lines.empty(); }

  // ---- facts

  Value Run(const Program& program, int line = kNoLine) {
    expr::Scratch& scratch = *scratches_.emplace_back(std::make_unique<expr::Scratch>());
    expr::Frame frame;
    frame.zone = rules_.schema.zone;
    frame.rows[0] = facts_;
    if (line != kNoLine) frame.rows[1] = rows_[static_cast<size_t>(line)];
    return program.Evaluate(frame, scratch);
  }

  // The first row whose cells all hold, each asked in turn.
  Value Run(const DecisionTableSpec& table) {
    expr::Scratch& scratch = *scratches_.emplace_back(std::make_unique<expr::Scratch>());
    expr::Frame frame;
    frame.zone = rules_.schema.zone;
    frame.rows[0] = facts_;
    const DecisionTable::Hit hit = table.rows.FirstRowPlainly(frame, scratch);
    if (hit.kind == DecisionTable::Hit::Kind::kOpen) return Value::Error(hit.error);
    return hit.kind == DecisionTable::Hit::Kind::kRow ? table.outputs[hit.row] : table.otherwise;
  }

  static bool ReadsBasket(const Program& program) {
    return std::any_of(program.slots().begin(), program.slots().end(), [](expr::Slot slot) {
      return slot.row == 0 && slot.index >= kSlotBasketCurrency && slot.index <= kSlotBasketLines;
    });
  }

  Answer Ask(const Condition& condition, int line = kNoLine, bool without_basket = false) {
    std::vector<std::pair<int, Value>> values;
    for (size_t i = 0; i < condition.conjuncts.size(); ++i) {
      const Program& program = condition.conjuncts[i].program;
      if (without_basket && ReadsBasket(program)) continue;
      values.emplace_back(static_cast<int>(i), Run(program, line));
    }
    for (const auto& [part, value] : values) {
      if (value.IsFalse()) return {Answer::kNo, part, ErrorCode::kAbsent, false};
    }
    std::vector<std::pair<int, ErrorCode>> errors;
    for (const auto& [part, value] : values) {
      if (value.IsError()) errors.emplace_back(part, value.error());
    }
    if (errors.empty()) return {};
    const bool open = std::all_of(errors.begin(), errors.end(), [](const auto& error) {
      return error.second == ErrorCode::kUnavailable;
    });
    return {Answer::kError, errors[0].first, errors[0].second, open};
  }

  void BindFacts() {
    facts_.assign(input_.facts.begin(), input_.facts.end());
    const FactLayout& layout = *rules_.layout;
    const bool here = input_.customer == InputStatus::kPresent;
    const bool late = input_.customer == InputStatus::kUnavailable;
    const Value missing = late ? Value::Error(ErrorCode::kUnavailable) : Value::Absent();
    for (size_t i = 0; !here && i < rules_.schema.customer.size(); ++i) {
      facts_[layout.customer_slot(i)] = missing;
    }
    for (size_t i = 0; !here && i < rules_.schema.aggregates.size(); ++i) {
      facts_[layout.aggregate_slot(i)] = missing;
    }
    facts_[kSlotKnown] = late ? missing : Value::Bool(here);
    facts_[kSlotNow] = Value::Timestamp(input_.now);
    facts_[kSlotChannel] = Value::String(rules_.channels[input_.channel]);
    facts_[kSlotDirection] = Value::String(input_.outbound ? "outbound" : "inbound");
    facts_[kSlotStoreKey] = input_.store.empty() ? Value() : Value::String(input_.store);
    const Value* store = input_.reference->stores.Find(input_.store);
    for (size_t i = 0; i < rules_.schema.store.columns.size(); ++i) {
      facts_[layout.store_slot(i)] = store == nullptr ? Value() : store[i];
    }
    for (size_t i = 0; i < rules_.schema.computed.size(); ++i) {
      const ComputedSpec& computed = rules_.schema.computed[i];
      facts_[layout.computed_slot(i)] =
          computed.program ? Run(*computed.program) : Run(rules_.tables[computed.table]);
    }
    facts_[kSlotSegment] = here || late ? Segment() : Value::String("anonymous");
  }

  Value Segment() {
    for (const SegmentSpec& segment : rules_.segments) {
      const Answer answer = Ask(segment.when);
      if (answer.kind == Answer::kYes) return Value::String(segment.name);
      if (answer.open) return Value::Error(ErrorCode::kUnavailable);
    }
    return Value();
  }

  // ---- basket

  void BindLines() {
    if (!has_basket()) return;
    for (size_t i = 0; i < input_.basket.lines.size(); ++i) BindLine(i);
    for (size_t i = 0; i < rows_.size(); ++i) {
      BasketLine line = input_.basket.lines[i];
      if (line.counts_as_merchandise() && rules_.has_never_discount) {
        line.never_discount = Ask(rules_.never_discount, static_cast<int>(i)).kind != Answer::kNo;
      }
      lines_.push_back(line);
    }
    int64_t units = 0;
    Value* merchandise = arena_->NewArray<Value>(lines_.size());
    auto* list = arena_->NewArray<expr::ListData>(1);
    list->elements = merchandise;
    for (size_t i = 0; i < lines_.size(); ++i) {
      if (!lines_[i].counts_as_merchandise()) continue;
      units += lines_[i].quantity.thousandths;
      merchandise[list->size++] = Value::Record(rows_[i].data(), kBuiltinLineSlots);
    }
    facts_[kSlotBasketCurrency] = Value::String(input_.basket.currency.code());
    facts_[kSlotBasketTenders] = TenderTypes();
    facts_[kSlotBasketUnits] = Value::OfDecimal(Decimal{units});
    facts_[kSlotBasketLines] = Value::List(list);
    facts_[kSlotBasketGross] = MerchandiseNet({});
    facts_[kSlotBasketNet] = MerchandiseNet({});
  }

  Value TenderTypes() {
    auto* list = arena_->NewArray<expr::ListData>(1);
    Value* types = arena_->NewArray<Value>(input_.tender_types.size());
    list->elements = types;
    for (const absl::string_view type : input_.tender_types) {
      types[list->size++] = Value::String(type);
    }
    return Value::List(list);
  }

  int64_t Gross(const BasketLine& line) const {
    return LineTotal(line.quantity, line.unit_price_e4, input_.basket.currency,
                     rules_.pricing.rounding)
               ->amount_minor -
           line.manual_discount_minor;
  }

  void BindLine(size_t index) {
    const BasketLine& line = input_.basket.lines[index];
    const absl::string_view sku = input_.line_facts[index].sku;
    const Value* product = input_.reference->products.Find(sku);
    std::vector<Value>& row = rows_.emplace_back(rules_.layout->line_row_size());
    const Currency currency = input_.basket.currency;
    row[kLineSlotSku] = Value::String(sku);
    row[kLineSlotQuantity] = Value::OfDecimal(line.quantity);
    row[kLineSlotUnitPrice] = Value::OfMoney(
        *LineTotal(Decimal{1000}, line.unit_price_e4, currency, rules_.pricing.rounding));
    row[kLineSlotGross] = Value::OfMoney({Gross(line), currency});
    const char* const sources[] = {"regular", "shelf", "markdown", "override"};
    row[kLineSlotPriceSource] = Value::String(sources[static_cast<int>(line.price_source)]);
    auto* given = arena_->NewArray<expr::ListData>(1);
    Value* names = arena_->NewArray<Value>(input_.line_facts[index].caller_categories.size());
    given->elements = names;
    for (const absl::string_view name : input_.line_facts[index].caller_categories) {
      names[given->size++] = Value::String(name);
    }
    row[kLineSlotCategories] = Value::List(given);
    const std::vector<AttributeSpec>& columns = rules_.schema.product.columns;
    for (size_t i = 0; i < columns.size() && product != nullptr; ++i) {
      row[rules_.layout->product_slot(i)] = product[i];
      if (columns[i].name == "categories") row[kLineSlotCategories] = product[i];
    }
    row[kLineSlotProduct] =
        Value::Record(row.data() + kBuiltinLineSlots, static_cast<uint32_t>(columns.size()));
  }

  // The basket priced from the start by the offers given.
  NaivePricing Price(const std::vector<NaiveOffer>& offers) const {
    NaivePricing pricing(Basket{input_.basket.currency, lines_}, rules_.pricing);
    for (const NaiveOffer& offer : offers) pricing.Apply(offer);
    return pricing;
  }

  Value MerchandiseNet(const std::vector<NaiveOffer>& offers) const {
    int64_t net = 0;
    const NaivePricing pricing = Price(offers);
    for (const BasketLine& line : lines_) {
      if (!line.counts_as_merchandise()) continue;
      net += pricing.lines().at(std::string(line.line_id)).net();
    }
    return Value::OfMoney({net, input_.basket.currency});
  }

  // ---- offers

  bool Changes(const OfferSpec& offer) const {
    return offer.applies != Applies::kNever && offer.benefit.has_value();
  }

  bool Asked(const OfferSpec& offer) const {
    return std::any_of(input_.placements.begin(), input_.placements.end(),
                       [&](uint16_t p) { return offer.treatments[p].has_value(); });
  }

  void Refuse(OfferOutcome& outcome, Stage stage, Cause cause, int part = 0) const {
    outcome.stage = stage;
    outcome.cause = cause;
    outcome.part = static_cast<uint16_t>(part);
  }

  static Cause CauseOf(ErrorCode error) {
    return error == ErrorCode::kUnavailable ? Cause::kInputMissing : Cause::kError;
  }

  static Cause CauseOf(const Answer& answer) {
    return answer.kind == Answer::kNo ? Cause::kCondition : CauseOf(answer.error);
  }

  std::optional<absl::TimeZone> ZoneOf(const WindowSpec& window) {
    Value name;
    for (uint16_t slot = 0; slot < facts_.size(); ++slot) {
      const absl::string_view fact = rules_.layout->NameOf({0, slot});
      if (window.zone_of == WindowZone::kStore && fact == "store.zone") name = facts_[slot];
      if (window.zone_of == WindowZone::kCustomer && fact == "customer.zone") name = facts_[slot];
    }
    if (name.IsError() && name.error() == ErrorCode::kUnavailable) return std::nullopt;
    absl::TimeZone zone;
    const bool named = name.kind() == expr::Kind::kString &&
                       absl::LoadTimeZone(std::string(name.string_value()), &zone);
    return named ? zone : window.zone;
  }

  void CheckWindow(const OfferSpec& offer, OfferOutcome& outcome) {
    if (!offer.window.has_value()) return;
    const std::optional<absl::TimeZone> zone = ZoneOf(*offer.window);
    if (!zone.has_value()) return Refuse(outcome, Stage::kWindow, Cause::kInputMissing);
    if (IsOpen(*offer.window, absl::ToCivilMinute(input_.now, *zone))) return;
    Refuse(outcome, Stage::kWindow, Cause::kNone);
  }

  void CheckLimit(const OfferSpec& offer, int part, OfferOutcome& outcome) {
    const LimitSpec& limit = offer.limits[static_cast<size_t>(part)];
    const bool present = input_.customer == InputStatus::kPresent;
    const bool late = input_.customer == InputStatus::kUnavailable;
    if (limit.per == LimitScope::kCustomer && late) {
      return Refuse(outcome, Stage::kLimit, Cause::kInputMissing, part);
    }
    if (limit.per == LimitScope::kCustomer && !present) {
      if (limit.anonymous_unlimited) return;
      return Refuse(outcome, Stage::kLimit, Cause::kAnonymousLimit, part);
    }
    int64_t at_most = limit.at_most;
    if (limit.at_most_formula.has_value()) {
      const Value value = Run(*limit.at_most_formula);
      if (value.IsError()) return Refuse(outcome, Stage::kLimit, CauseOf(value.error()), part);
      at_most = value.int_value();
    }
    const absl::Time start = WindowStart(limit.over, input_.now, rules_.schema.zone);
    int64_t count = 0;
    for (const Contact& contact : input_.contacts) {
      const bool counts = contact.offer == offer.stable_id && contact.kind == limit.count &&
                          contact.time >= start && contact.time <= input_.now;
      count += limit.per == LimitScope::kCustomer && counts ? 1 : 0;
    }
    if (count >= at_most) Refuse(outcome, Stage::kLimit, Cause::kLimitReached, part);
  }

  bool IsUnclaimed(uint32_t index, Unclaimable what) const {
    bool found = false;
    for (const UnclaimedOffer& one : input_.unclaimed) {
      found |= one.offer == index && one.what == what;
    }
    return found;
  }

  void CheckCode(uint32_t index, OfferOutcome& outcome) const {
    bool valid = false;
    bool not_read = false;
    for (const PresentedCode& code : input_.codes) {
      valid |= code.standing == CodeStanding::kValid && code.offer == index;
      not_read |= code.standing == CodeStanding::kNotRead;
    }
    if (!valid) {
      Refuse(outcome, Stage::kEligible, not_read ? Cause::kCodeNotRead : Cause::kNoCode);
    } else if (IsUnclaimed(index, Unclaimable::kCode)) {
      Refuse(outcome, Stage::kEligible, Cause::kUnclaimed);
    }
  }

  void CheckBudget(uint32_t index, OfferOutcome& outcome) const {
    const int32_t number = rules_.offers[index].budget;
    const BudgetSpec& budget = rules_.budgets[static_cast<size_t>(number)];
    const bool by_money = budget.amount_minor.has_value() || budget.per_day_minor.has_value();
    if (by_money && has_basket() && !(budget.currency == input_.basket.currency)) {
      Refuse(outcome, Stage::kBudget, Cause::kNoCurrency);
    } else if (std::count(input_.closed_budgets.begin(), input_.closed_budgets.end(), number) > 0) {
      Refuse(outcome, Stage::kBudget, Cause::kSpent);
    } else if (IsUnclaimed(index, Unclaimable::kBudget)) {
      Refuse(outcome, Stage::kBudget, Cause::kUnclaimed);
    }
  }

  OfferOutcome Admit(uint32_t index) {
    const OfferSpec& offer = rules_.offers[index];
    OfferOutcome outcome;
    if (std::count(input_.paused.begin(), input_.paused.end(), index) > 0) {
      Refuse(outcome, Stage::kPaused, Cause::kNone);
      return outcome;
    }
    CheckWindow(offer, outcome);
    if (outcome.stage != Stage::kNone) return outcome;
    if ((offer.channels & (uint64_t{1} << input_.channel)) == 0) {
      Refuse(outcome, Stage::kChannel, Cause::kNone);
    } else if (!Asked(offer) && !Changes(offer)) {
      Refuse(outcome, Stage::kPlacement, Cause::kNoTreatment);
    } else if (!Asked(offer) && !has_basket()) {
      Refuse(outcome, Stage::kPlacement, Cause::kNoBasket);
    } else if (offer.applies == Applies::kCoded) {
      CheckCode(index, outcome);
    }
    if (outcome.stage != Stage::kNone) return outcome;
    if (const Answer answer = Ask(offer.eligible); answer.kind != Answer::kYes) {
      const bool segment = offer.eligible.conjuncts[static_cast<size_t>(answer.part)].only_segment;
      Refuse(outcome, segment ? Stage::kSegment : Stage::kEligible, CauseOf(answer), answer.part);
    } else if (has_basket() && Changes(offer) &&
               !HasAmountsIn(*offer.benefit, input_.basket.currency)) {
      Refuse(outcome, Stage::kEligible, Cause::kNoCurrency);
    }
    for (int i = 0; outcome.stage == Stage::kNone && i < static_cast<int>(offer.limits.size());
         ++i) {
      CheckLimit(offer, i, outcome);
    }
    if (outcome.stage == Stage::kNone && !offer.limits.empty() &&
        IsUnclaimed(index, Unclaimable::kLimit)) {
      Refuse(outcome, Stage::kLimit, Cause::kUnclaimed);
    }
    if (outcome.stage == Stage::kNone && offer.budget >= 0) CheckBudget(index, outcome);
    return outcome;
  }

  // Shelf prices first; then the offer that applies alone, or all others.
  void TakeTurns() {
    std::vector<uint32_t> others;
    for (const uint32_t index : TurnsInOrder(rules_)) {
      if (outcomes_[index].stage != Stage::kNone) continue;
      if (rules_.offers[index].benefit->stage == PricingStage::kShelf) {
        TakeTurn(index);
      } else {
        others.push_back(index);
      }
    }
    for (const uint32_t index : others) {
      if (!AppliesAlone(rules_.offers[index])) continue;
      TakeTurn(index);
      if (outcomes_[index].applied) return RefuseBeside(index, others);
    }
    for (const uint32_t index : others) TakeTurn(index);
  }

  void RefuseBeside(uint32_t alone, const std::vector<uint32_t>& others) {
    for (const uint32_t index : others) {
      OfferOutcome& outcome = outcomes_[index];
      if (!outcome.applied && outcome.stage == Stage::kNone) RefuseExcluded(outcome, alone);
    }
  }

  void RefuseExcluded(OfferOutcome& outcome, uint32_t rival) const {
    Refuse(outcome, Stage::kStacking, Cause::kExcluded);
    outcome.rival = rival;
  }

  void TakeTurn(uint32_t index) {
    const OfferSpec& offer = rules_.offers[index];
    OfferOutcome& outcome = outcomes_[index];
    outcome = OfferOutcome();
    facts_[kSlotBasketNet] = MerchandiseNet(applied_);
    if (const Answer answer = Ask(offer.requires_); answer.kind != Answer::kYes) {
      return Refuse(outcome, Stage::kRequires, CauseOf(answer), answer.part);
    }
    NaiveOffer turn{*offer.benefit, {}};
    for (size_t i = 0; i < lines_.size(); ++i) {
      const std::optional<uint8_t> bits = Selected(offer, i);
      if (!bits.has_value()) return Refuse(outcome, Stage::kRequires, Cause::kInputMissing);
      turn.selected[std::string(lines_[i].line_id)] = *bits;
    }
    if (const std::optional<uint32_t> rival = CloseLines(index, turn); rival.has_value()) {
      return RefuseExcluded(outcome, *rival);
    }
    const Applied applied = Price(applied_).Apply(turn);
    if (applied.reason != NothingTaken::kNone) return RefuseUntaken(outcome, applied.reason);
    outcome.applied = true;
    outcome.taken = {applied.taken_minor, input_.basket.currency};
    applied_.push_back(turn);
    applied_answers_.push_back({.offer = index,
                                .taken = outcome.taken,
                                .points = applied.points,
                                .applications = applied.applications,
                                .missing_gifts = applied.missing_gifts,
                                .cut_by_guard_rail = applied.cut_by_guard_rail});
    facts_[kSlotBasketNet] = MerchandiseNet(applied_);
  }

  static bool IsOpenTo(const OfferSpec& offer, const BasketLine& line) {
    const bool marked =
        line.price_source == PriceSource::kMarkdown || line.price_source == PriceSource::kOverride;
    const bool is_theirs = offer.benefit->stage == PricingStage::kDelivery
                               ? line.is_delivery
                               : line.counts_as_merchandise();
    return is_theirs && (!marked || offer.benefit->takes_marked_down);
  }

  // What the line may do in the benefit; nothing when that depends on what is missing.
  std::optional<uint8_t> Selected(const OfferSpec& offer, size_t line) {
    if (!IsOpenTo(offer, lines_[line])) return 0;
    const Answer answer = Ask(offer.lines, static_cast<int>(line));
    if (answer.open) return std::nullopt;
    const bool qualifies = answer.kind == Answer::kYes;
    if (offer.benefit->gift) {
      const bool is_gift = input_.line_facts[line].sku == offer.benefit->gift->sku;
      return static_cast<uint8_t>((qualifies ? 1 : 0) + (is_gift ? 2 : 0));
    }
    if (!qualifies || offer.part_lines.empty()) return static_cast<uint8_t>(qualifies ? 0xff : 0);
    uint8_t bits = 0;
    for (size_t part = 0; part < offer.part_lines.size(); ++part) {
      const Answer of_part = Ask(offer.part_lines[part], static_cast<int>(line));
      if (of_part.open) return std::nullopt;
      if (of_part.kind == Answer::kYes) bits = static_cast<uint8_t>(bits + (1 << part));
    }
    return bits;
  }

  // The offer that leaves no line to this one.
  std::optional<uint32_t> CloseLines(uint32_t index, NaiveOffer& turn) const {
    const NaivePricing pricing = Price(applied_);
    std::optional<uint32_t> last;
    for (const AppliedOffer& applied : applied_answers_) {
      const Together together = GoTogether(rules_, index, applied.offer);
      if (together == Together::kYes) continue;
      if (together == Together::kNo) return applied.offer;
      for (auto& [id, bits] : turn.selected) {
        if (bits == 0 || !pricing.lines().at(id).taken_by_offer.contains(applied.offer)) continue;
        bits = 0;
        last = applied.offer;
      }
    }
    for (const auto& [id, bits] : turn.selected) {
      if (bits != 0) return std::nullopt;
    }
    return last;
  }

  void RefuseUntaken(OfferOutcome& outcome, NothingTaken reason) const {
    switch (reason) {
      case NothingTaken::kNone:
        return;
      case NothingTaken::kNoCurrency:
        return Refuse(outcome, Stage::kEligible, Cause::kNoCurrency);
      case NothingTaken::kNoLines:
        return Refuse(outcome, Stage::kRequires, Cause::kNoLines);
      case NothingTaken::kNoSet:
        return Refuse(outcome, Stage::kRequires, Cause::kNoSet);
      case NothingTaken::kNoTier:
        return Refuse(outcome, Stage::kRequires, Cause::kNoTier);
      case NothingTaken::kNotAbovePrice:
        return Refuse(outcome, Stage::kRequires, Cause::kNotAbovePrice);
      case NothingTaken::kNothingLeft:
        return Refuse(outcome, Stage::kStacking, Cause::kNothingLeft);
      case NothingTaken::kTooSmall:
        return Refuse(outcome, Stage::kRequires, Cause::kTooSmall);
    }
  }

  void Score(const OfferSpec& offer, OfferOutcome& outcome) {
    if (!offer.value.has_value()) return;
    const Value value = Run(*offer.value);
    if (value.IsError() ||
        (value.kind() == expr::Kind::kDouble && std::isnan(value.double_value()))) {
      outcome.value_failed = true;
    } else if (value.kind() == expr::Kind::kInt) {
      outcome.score_millionths = value.int_value() * 1'000'000;
    } else {
      outcome.score_millionths = std::llround(value.double_value() * 1e6);
    }
  }

  struct Place {
    uint32_t offer;
    bool fallback;
  };

  std::vector<Place> Fill(uint16_t p) {
    const PlacementSpec& placement = rules_.placements[p];
    std::vector<Place> order;
    const auto is_fallback = [&](uint32_t offer) {
      return std::count(placement.fallback.begin(), placement.fallback.end(), offer) > 0;
    };
    for (uint32_t i = 0; i < outcomes_.size(); ++i) {
      if (!is_fallback(i)) order.push_back({i, false});
    }
    std::stable_sort(order.begin(), order.end(), [&](Place a, Place b) {
      const OfferOutcome& x = outcomes_[a.offer];
      const OfferOutcome& y = outcomes_[b.offer];
      if (x.value_failed != y.value_failed) return y.value_failed;
      return x.score_millionths > y.score_millionths;
    });
    for (const uint32_t offer : placement.fallback) order.push_back({offer, true});
    std::vector<Place> shown;
    std::map<int, int> by_group;
    for (const Place& place : order) {
      const OfferSpec& offer = rules_.offers[place.offer];
      if (outcomes_[place.offer].stage != Stage::kNone || !offer.treatments[p].has_value())
        continue;
      Cause cause = Cause::kNone;
      const int at_most =
          offer.group < 0 ? -1 : placement.group_at_most[static_cast<size_t>(offer.group)];
      if (static_cast<int>(shown.size()) == placement.max_offers) {
        cause = Cause::kOutranked;
      } else if (at_most >= 0 && by_group[offer.group] == at_most) {
        cause = Cause::kGroupFull;
      }
      if (cause != Cause::kNone) {
        not_shown_.emplace(place.offer, cause);
        continue;
      }
      ++by_group[offer.group];
      shown.push_back(place);
    }
    return shown;
  }

  size_t Locale() const {
    // In the order of preference; the random rule sets name en and de.
    const std::string asked(input_.locale);
    for (const std::string& tag : {asked, asked.substr(0, 2)}) {
      for (size_t i = 0; i < rules_.locales.size(); ++i) {
        if (rules_.locales[i] == tag) return i;
      }
    }
    return 0;
  }

  std::string Text(uint32_t index, uint16_t p, size_t field) const {
    const OfferSpec& offer = rules_.offers[index];
    std::string text;
    for (const TextTemplate::Piece& piece : offer.treatments[p]->texts[field][Locale()].pieces) {
      text += piece.literal;
      if (!piece.placeholder.has_value()) continue;
      if (outcomes_[index].applied) {
        text += FormatAmount(outcomes_[index].taken);
      } else if (offer.benefit.has_value() && offer.benefit->off.kind == BenefitKind::kAmountOff) {
        for (const Money& amount : offer.benefit->off.amount) {
          if (amount.currency == input_.basket.currency) text += FormatAmount(amount);
        }
      }
    }
    const int most = rules_.placements[p].fields[field].max_characters;
    return text.substr(0, static_cast<size_t>(most));  // the random texts are ASCII
  }

  void Show() {
    for (const uint16_t p : input_.placements) {
      std::vector<ShownOffer>& shown = result_->shown.emplace_back();
      for (const Place& place : Fill(p)) {
        std::vector<absl::string_view>& texts = result_->texts.emplace_back();
        for (size_t field = 0; field < rules_.placements[p].fields.size(); ++field) {
          texts.push_back(result_->memory.emplace_back(Text(place.offer, p, field)));
        }
        shown.push_back({place.offer, static_cast<uint32_t>(shown.size()), place.fallback, texts});
        shown_.insert(place.offer);
      }
    }
    for (const uint32_t offer : shown_) outcomes_[offer].shown = true;
  }

  std::unique_ptr<NaiveDecision> Finish() {
    Decision& decision = result_->decision;
    bool codes_not_read = false;
    for (const PresentedCode& code : input_.codes) {
      codes_not_read |= code.standing == CodeStanding::kNotRead;
    }
    if (codes_not_read) {
      decision.completeness = Completeness::kPartial;
      decision.cause = CompletenessCause::kCodesNotRead;
    }
    if (input_.customer == InputStatus::kUnavailable) {
      decision.completeness = Completeness::kPartial;
      decision.cause = CompletenessCause::kCustomerUnavailable;
    }
    const Value& segment = facts_[kSlotSegment];
    decision.segment_known = !segment.IsError();
    if (!segment.IsError()) result_->segment = std::string(segment.string_value());
    decision.segment = result_->segment;
    if (has_basket()) FinishBasket(decision.basket);
    for (size_t i = 0; i < input_.placements.size(); ++i) {
      result_->placements.push_back({input_.placements[i], result_->shown[i]});
    }
    result_->offers = outcomes_;
    result_->facts = facts_;
    result_->rows = std::move(rows_);
    decision.placements = result_->placements;
    decision.offers = result_->offers;
    decision.facts = result_->facts;
    return std::move(result_);
  }

  void FinishBasket(BasketAnswer& basket) {
    const NaivePricing pricing = Price(applied_);
    basket.priced = true;
    basket.currency = input_.basket.currency;
    for (const BasketLine& line : lines_) {
      const NaiveLine& priced = pricing.lines().at(std::string(line.line_id));
      result_->lines.push_back({Gross(line), priced.entry, Gross(line) - priced.taken()});
      basket.gross_minor += Gross(line);
      basket.payable_minor += Gross(line) - priced.taken();
    }
    for (const AppliedOffer& applied : applied_answers_) {
      for (uint32_t i = 0; i < lines_.size(); ++i) {
        const auto& taken = pricing.lines().at(std::string(lines_[i].line_id)).taken_by_offer;
        const auto found = taken.find(applied.offer);
        if (found == taken.end()) continue;
        const NaiveTaking& taking = found->second;
        result_->takings.push_back({i, applied.offer, taking.amount, taking.quantity});
      }
    }
    basket.points = pricing.points();
    result_->applied = applied_answers_;
    basket.lines = result_->lines;
    basket.takings = result_->takings;
    basket.applied = result_->applied;
  }

  const RuleSet& rules_;
  const DecisionInput& input_;
  std::unique_ptr<NaiveDecision> result_ = std::make_unique<NaiveDecision>();
  std::vector<std::unique_ptr<expr::Scratch>>& scratches_ = result_->scratches;
  std::unique_ptr<expr::Arena>& arena_ =
      result_->arenas.emplace_back(std::make_unique<expr::Arena>());
  std::set<uint32_t> shown_;
  std::vector<Value> facts_;
  std::vector<std::vector<Value>> rows_;
  std::vector<BasketLine> lines_;
  std::vector<OfferOutcome> outcomes_;
  std::vector<NaiveOffer> applied_;
  std::vector<AppliedOffer> applied_answers_;
  std::map<uint32_t, Cause> not_shown_;
};

}  // namespace

std::unique_ptr<NaiveDecision> DecideNaively(const RuleSet& rules, const DecisionInput& input) {
  return Naive(rules, input).Decide();
}

}  // namespace touchstone::rules
