#include "rules/decide/combination.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "rules/decide/binding.h"
#include "rules/decide/turn.h"

namespace touchstone::rules {
namespace {

// Beyond this it is not asked which options meet.
constexpr size_t kMostOptions = 256;

// Something that may be chosen.
struct Option {
  size_t member = 0;                  // whose
  std::optional<uint32_t> line = {};  // on this one alone
  bool uses_units = false;            // of a set or a gift
  bool by_set = false;                // may be taken set by set
  size_t part = 0;                    // of the options that meet
  // From here on of one search.
  int64_t bound_minor = 0;  // it takes at most so much, all sets together
  int64_t most = 1;         // times that it can be taken
  int64_t times = 0;
  int64_t taken_minor = 0;
  std::vector<Option*> rivals = {};  // that cannot be had with it at all
  int blocked = 0;                   // by so many rivals on the path
};

struct Member {
  uint32_t offer = 0;
  bool in_contest = false;
  std::vector<uint8_t> selected = {};  // by line; empty: not asked
};

bool UsesUnits(const OfferSpec& offer) { return offer.benefit->set || offer.benefit->gift; }

// Whether what it takes from one line does not depend on any other.
bool TakesLineByLine(const BenefitSpec& benefit) {
  if (!IsPlain(benefit) || !benefit.at_most.empty()) return false;
  if (benefit.off.kind == BenefitKind::kPercentOff) {
    return benefit.stage == PricingStage::kLine || benefit.stage == PricingStage::kShelf;
  }
  return benefit.per == AmountPer::kUnit || benefit.per == AmountPer::kLine;
}

// Whether what it takes from one set does not depend on how many there are.
bool TakesSetBySet(const BenefitSpec& benefit) {
  if (!benefit.set || !benefit.tiers.empty()) return false;
  return benefit.off.kind == BenefitKind::kPercentOff || benefit.per == AmountPer::kSet;
}

// Whether it never takes more when others have taken before it. Of the cheapest units others may
// leave dearer ones; and all sets at once are as many as there can be, of units that leave enough
// for every part, where fewer sets may be of dearer ones.
bool TakesMostAlone(const BenefitSpec& benefit) {
  if (benefit.units) return benefit.units->order == UnitOrder::kDearestFirst;
  if (!benefit.set) return true;
  return benefit.set->grouping == Grouping::kDearestFirst && benefit.set->parts.size() == 1;
}

// Where the search can go back to.
struct Saved {
  Pricer pricer;
  std::vector<AppliedOffer> applied;
  std::vector<OfferOutcome> outcomes;  // by member
};

class Combination {
 public:
  Combination(absl::Span<const uint32_t> turns, DecisionContext& context)
      : context_(context), state_(context.state), rules_(context.rules) {
    most_tried_ =
        std::min(kMostCombinations, kMostLinesTried / static_cast<int>(state_.lines.size()));
    for (const uint32_t turn : turns) members_.push_back({rules_.pricing_order[turn]});
  }

  void Take() {
    FindContests();
    CollectOptions();
    if (options_.empty()) return TakeTheRest();
    Saved start;
    SaveTo(start);
    TakeTheRest();
    const int64_t by_priority = Taken();
    Saved in_order;
    SaveTo(in_order);
    RestoreFrom(start);
    TakeBest();
    if (HasSharedLineUsedUp(start.pricer.takings().size())) {
      state_.search = CombinationSearch::kGreedy;
      state_.greedy_gap_minor = state_.pricer.merchandise_net().amount_minor;
    }
    // What meets nothing was priced later than its turn, and sets one by one may be fewer.
    if (Taken() >= by_priority) return;
    state_.greedy_gap_minor -= std::min(state_.greedy_gap_minor, by_priority - Taken());
    RestoreFrom(in_order);
  }

 private:
  const OfferSpec& OfferOf(const Option& option) const {
    return rules_.offers[members_[option.member].offer];
  }

  void TakeTheRest() {
    for (const Member& member : members_) {
      if (!state_.outcomes[member.offer].applied) TakeTurn(member.offer, context_);
    }
  }

  void TakeBest() {
    const size_t first_taking = state_.pricer.takings().size();
    if (options_.size() > kMostOptions) {
      for (Option& option : options_) open_.push_back(&option);
      TakeInOrder();
    } else {
      FindParts();
      for (size_t part = 0; part < options_.size(); ++part) TakePart(part);
    }
    TakeTheRest();
    state_.pricer.JoinTakings(first_taking);
  }

  // Whether more than one offer took from a line until nothing was left of it: which of them meet
  // there, the search does not look at.
  bool HasSharedLineUsedUp(size_t first_taking) const {
    const absl::Span<const LineTaking> takings = state_.pricer.takings().subspan(first_taking);
    std::vector<std::optional<uint32_t>> taker(state_.lines.size());
    for (const LineTaking& taking : takings) {
      std::optional<uint32_t>& offer = taker[taking.line];
      if (offer.has_value() && *offer != taking.offer && state_.pricer.IsUsedUp(taking.line)) {
        return true;
      }
      offer = taking.offer;
    }
    return std::any_of(state_.applied.begin(), state_.applied.end(),
                       [](const AppliedOffer& applied) { return applied.cut_by_guard_rail; });
  }

  // Which offers cannot all be had, as far as that can be said without looking at lines.
  void FindContests() {
    size_t of_units = 0;
    for (const Member& member : members_) of_units += UsesUnits(rules_.offers[member.offer]);
    for (Member& a : members_) {
      if (of_units > 1 && UsesUnits(rules_.offers[a.offer])) a.in_contest = true;
      if (!rules_.offers[a.offer].stacking.says_anything()) continue;
      for (Member& b : members_) {
        if (&a == &b || Between(a.offer, b.offer, rules_) == Exclusion::kNone) continue;
        a.in_contest = b.in_contest = true;
      }
    }
  }

  void CollectOptions() {
    for (size_t i = 0; i < members_.size(); ++i) {
      Member& member = members_[i];
      if (!member.in_contest) continue;
      const OfferSpec& offer = rules_.offers[member.offer];
      // Its own turn says what is missing.
      if (SelectLines(offer, context_).has_value()) continue;
      member.selected = state_.selected;
      const bool by_set = TakesSetBySet(*offer.benefit);
      if (!TakesLineByLine(*offer.benefit) || IsExcludedFromBaskets(member)) {
        options_.push_back({.member = i, .uses_units = UsesUnits(offer), .by_set = by_set});
        continue;
      }
      for (uint32_t line = 0; line < member.selected.size(); ++line) {
        if (member.selected[line] != 0) options_.push_back({.member = i, .line = line});
      }
    }
  }

  bool IsExcludedFromBaskets(const Member& member) const {
    return std::any_of(members_.begin(), members_.end(), [&](const Member& other) {
      return other.in_contest && &other != &member &&
             Between(member.offer, other.offer, rules_) == Exclusion::kInBasket;
    });
  }

  bool Touches(const Option& option, size_t line) const {
    return option.line.value_or(line) == line && members_[option.member].selected[line] != 0;
  }

  bool ShareALine(const Option& a, const Option& b) const {
    for (size_t line = 0; line < state_.lines.size(); ++line) {
      if (Touches(a, line) && Touches(b, line)) return true;
    }
    return false;
  }

  bool Meet(const Option& a, const Option& b) const {
    if (a.member == b.member) return false;
    const Exclusion exclusion = Between(members_[a.member].offer, members_[b.member].offer, rules_);
    if (exclusion == Exclusion::kInBasket) return true;
    const bool on_lines = exclusion == Exclusion::kOnLine || (a.uses_units && b.uses_units);
    return on_lines && ShareALine(a, b);
  }

  // Whether one of two options that meet leaves nothing to the other.
  bool AreRivals(const Option& a, const Option& b) const {
    return (a.line && b.line) || Between(members_[a.member].offer, members_[b.member].offer,
                                         rules_) == Exclusion::kInBasket;
  }

  // A part is named by the first of its options.
  void FindParts() {
    for (size_t i = 0; i < options_.size(); ++i) {
      Option& option = options_[i];
      option.part = i;
      for (size_t j = 0; j < i; ++j) {
        Option& other = options_[j];
        if (!Meet(option, other)) continue;
        if (option.part != other.part) Join(option.part, other.part);
        if (!AreRivals(option, other)) continue;
        option.rivals.push_back(&other);
        other.rivals.push_back(&option);
      }
    }
  }

  void Join(size_t a, size_t b) {
    for (Option& option : options_) {
      if (option.part == std::max(a, b)) option.part = std::min(a, b);
    }
  }

  void TakePart(size_t part) {
    open_.clear();
    for (Option& option : options_) {
      if (option.part == part) open_.push_back(&option);
    }
    if (open_.empty()) return;
    if (open_.size() == 1) {
      TakeOption(*open_.front(), kEverySet);
    } else if (tried_ + static_cast<int>(open_.size()) > most_tried_) {
      TakeInOrder();
    } else {
      Search();
    }
  }

  // Too many to search among.
  void TakeInOrder() {
    for (const Option* option : open_) TakeOption(*option, kEverySet);
    state_.search = CombinationSearch::kGreedy;
    state_.greedy_gap_minor += state_.pricer.merchandise_net().amount_minor;
  }

  // What is refused to one line of an offer says nothing about the others.
  void TakeOption(const Option& option, int64_t most_sets) {
    const uint32_t offer = members_[option.member].offer;
    OfferOutcome& outcome = state_.outcomes[offer];
    const OfferOutcome before = outcome;
    TakeTurn(offer, PortionOf(option, most_sets), context_);
    if (before.applied && outcome.stage != Stage::kNone) outcome = before;
  }

  static constexpr int64_t kEverySet = std::numeric_limits<int64_t>::max();

  Portion PortionOf(const Option& option, int64_t most_sets) const {
    return {
        .most_sets = most_sets, .line = option.line, .selected = members_[option.member].selected};
  }

  int64_t Taken() const {
    return state_.pricer.gross().amount_minor - state_.pricer.payable().amount_minor;
  }

  Saved& SavedAt(size_t depth) {
    if (saved_.size() <= depth) saved_.resize(depth + 1);
    return saved_[depth];
  }

  void Save(size_t depth) { SaveTo(SavedAt(depth)); }
  void SaveTo(Saved& saved) const {
    saved.pricer = state_.pricer;
    saved.applied = state_.applied;
    saved.outcomes.clear();
    for (const Member& member : members_) {
      saved.outcomes.push_back(state_.outcomes[member.offer]);
    }
  }

  void Restore(size_t depth) { RestoreFrom(saved_[depth]); }
  void RestoreFrom(const Saved& saved) {
    state_.pricer = saved.pricer;
    state_.applied = saved.applied;
    for (size_t i = 0; i < members_.size(); ++i) {
      state_.outcomes[members_[i].offer] = saved.outcomes[i];
    }
    UpdateBasketNet(context_);
  }

  // What the option takes off now; the state is as if it had.
  int64_t Try(const Option& option) {
    ++tried_;
    const int64_t before = Taken();
    TakeOption(option, option.by_set ? 1 : kEverySet);
    return Taken() - before;
  }

  // What each option takes at most, and how often.
  void Measure() {
    for (Option* option : open_) {
      const int64_t before = Taken();
      const int64_t net = NetOf(*option);
      const BenefitSpec& benefit = *OfferOf(*option).benefit;
      ++tried_;
      TakeOption(*option, kEverySet);
      option->bound_minor = Taken() - before;
      option->most = 1;
      if (option->by_set) {
        const AppliedOffer* applied = FindApplied(state_.applied, members_[option->member].offer);
        option->most = applied == nullptr ? 0 : applied->applications;
        // A set that costs no more than its price is none until others take what is in it.
        if (benefit.off.kind == BenefitKind::kPrice) option->most = benefit.set->at_most;
      }
      if (!TakesMostAlone(benefit)) option->bound_minor = net;
      Restore(0);
    }
    has_sets_ = std::any_of(open_.begin(), open_.end(),
                            [](const Option* option) { return option->by_set; });
    closes_lines_ = has_sets_ && std::any_of(open_.begin(), open_.end(), [this](const Option* a) {
                      return std::any_of(open_.begin(), open_.end(), [this, a](const Option* b) {
                        return ExcludeOnLine(*a, *b);
                      });
                    });
  }

  bool ExcludeOnLine(const Option& a, const Option& b) const {
    return a.member != b.member && Between(members_[a.member].offer, members_[b.member].offer,
                                           rules_) == Exclusion::kOnLine;
  }

  int64_t NetOf(const Option& option) const {
    int64_t net = 0;
    for (size_t line = 0; line < state_.lines.size(); ++line) {
      if (Touches(option, line)) net += state_.pricer.lines()[line].net_minor;
    }
    return net;
  }

  void Search() {
    Save(0);
    Measure();
    best_minor_ = 0;
    best_.clear();
    path_.clear();
    seen_.clear();
    gave_up_ = false;
    const int64_t bound = BoundFrom(0);
    const int64_t left = state_.pricer.merchandise_net().amount_minor;
    root_minor_ = Taken();
    Explore(0);
    if (gave_up_) TakeGreedily();
    Restore(0);
    for (const Option* option : best_) Try(*option);
    state_.search = gave_up_ || state_.search == CombinationSearch::kGreedy
                        ? CombinationSearch::kGreedy
                        : CombinationSearch::kExact;
    if (gave_up_) {
      state_.greedy_gap_minor += std::max<int64_t>(0, std::min(bound, left) - best_minor_);
    }
  }

  static bool IsOpen(const Option& option) {
    return option.times < option.most && option.blocked == 0;
  }

  void Push(Option& option, int64_t gain) {
    ++option.times;
    option.taken_minor += gain;
    for (Option* rival : option.rivals) ++rival->blocked;
    path_.push_back(&option);
  }

  void Pop(Option& option, int64_t gain) {
    path_.pop_back();
    for (Option* rival : option.rivals) --rival->blocked;
    option.taken_minor -= gain;
    --option.times;
  }

  // What the options from this one on can still take together. With sets any may be next.
  int64_t BoundFrom(size_t first) const {
    int64_t bound = 0;
    for (size_t i = has_sets_ ? 0 : first; i < open_.size(); ++i) {
      const Option& option = *open_[i];
      if (IsOpen(option)) bound += option.bound_minor - option.taken_minor;
    }
    return bound;
  }

  void Explore(size_t first) {
    const int64_t taken = Taken() - root_minor_;
    if (taken > best_minor_) {
      best_minor_ = taken;
      best_ = path_;
    }
    const size_t depth = path_.size() + 1;
    for (size_t i = has_sets_ ? 0 : first; i < open_.size() && !gave_up_; ++i) {
      Option& option = *open_[i];
      if (!IsOpen(option)) continue;
      if (taken + BoundFrom(i) <= best_minor_) return;
      if (tried_ >= most_tried_) {
        gave_up_ = true;
        return;
      }
      Save(depth);
      const int64_t gain = Try(option);
      if (gain > 0) {
        Push(option, gain);
        if (IsNew()) Explore(i + 1);
        Pop(option, gain);
      }
      Restore(depth);
    }
  }

  // Whether nothing that leaves the same units came to as much before. Asked only where options may
  // come in any order.
  bool IsNew() {
    if (!has_sets_) return true;
    std::string key;
    for (const Option* option : open_) AppendTo(&key, option->times);
    state_.pricer.AppendUsedUnits(&key);
    if (closes_lines_) AppendLinesTaken(&key);
    const int64_t taken = Taken();
    const auto [place, is_new] = seen_.try_emplace(std::move(key), taken);
    if (!is_new && place->second >= taken) return false;
    place->second = taken;
    return true;
  }

  // From which lines each option took, which closes them to others.
  void AppendLinesTaken(std::string* key) const {
    const size_t lines = state_.lines.size();
    const size_t begin = key->size();
    key->resize(begin + open_.size() * lines);
    for (const LineTaking& taking : state_.pricer.takings()) {
      for (size_t i = 0; i < open_.size(); ++i) {
        if (members_[open_[i]->member].offer != taking.offer) continue;
        (*key)[begin + i * lines + taking.line] = 1;
      }
    }
  }

  static void AppendTo(std::string* key, int64_t number) {
    key->append(reinterpret_cast<const char*>(&number), sizeof number);
  }

  // The option that takes most, again and again. The best path is then this one, unless the search
  // had found a better one.
  void TakeGreedily() {
    Restore(0);
    int64_t taken = 0;
    for (int turns = 0; turns < most_tried_;) {
      Option* next = nullptr;
      int64_t most = 0;
      Save(1);
      for (Option* option : open_) {
        if (!IsOpen(*option)) continue;
        const int64_t gain = Try(*option);
        ++turns;
        Restore(1);
        if (gain <= most) continue;
        most = gain;
        next = option;
      }
      if (next == nullptr) break;
      taken += Try(*next);
      Push(*next, most);
    }
    if (taken <= best_minor_) return;
    best_minor_ = taken;
    best_ = path_;
  }

  DecisionContext& context_;
  DecisionScratch::State& state_;
  const RuleSet& rules_;
  std::vector<Member> members_;
  std::vector<Option> options_;
  std::vector<Option*> open_;  // of the part in hand
  std::vector<Saved> saved_;   // by depth; 0: before the part in hand
  std::vector<const Option*> path_;
  std::vector<const Option*> best_;
  absl::flat_hash_map<std::string, int64_t> seen_;  // what was taken by then
  bool has_sets_ = false;
  bool closes_lines_ = false;
  bool gave_up_ = false;
  int tried_ = 0;
  int most_tried_ = 0;
  int64_t root_minor_ = 0;
  int64_t best_minor_ = 0;
};

}  // namespace

void TakeBestTurns(absl::Span<const uint32_t> turns, DecisionContext& context) {
  Combination(turns, context).Take();
}

}  // namespace touchstone::rules
