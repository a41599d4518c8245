#include "tests/rules/decide/naive_combination.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "tests/rules/decide/naive_stacking.h"

namespace touchstone::rules {
namespace {

constexpr int64_t kEverySet = std::numeric_limits<int64_t>::max();

// An offer; or it on one line, or one set of it.
struct Option {
  const OfferInStage* offer = nullptr;
  std::optional<size_t> line;
  bool by_set = false;
};

struct Taken {
  Pricer pricer;
  std::vector<const Option*> path;
};

class Trying {
 public:
  Trying(const RuleSet& rules, const Basket& basket, const std::vector<OfferInStage>& offers)
      : rules_(rules) {
    for (const OfferInStage& offer : offers) AddOptions(offer, offers);
    Taken nothing;
    nothing.pricer.Start(basket, rules.pricing);
    Try(nothing, 0);
  }

  int64_t best() const { return best_; }

 private:
  const BenefitSpec& BenefitOf(const OfferInStage& offer) const {
    return *rules_.offers[offer.offer].benefit;
  }

  void AddOptions(const OfferInStage& offer, const std::vector<OfferInStage>& offers) {
    Together least = Together::kYes;
    bool competes = false;
    for (const OfferInStage& other : offers) {
      if (&other == &offer) continue;
      least = std::max(least, GoTogether(rules_, offer.offer, other.offer));
      competes = competes || Compete(offer, other);
    }
    if (least != Together::kOnOtherLines || !TakesFromEachLineByItself(BenefitOf(offer))) {
      options_.push_back(
          {&offer, std::nullopt, competes && TakesFromEachSetByItself(BenefitOf(offer))});
      return;
    }
    for (size_t line = 0; line < offer.selected.size(); ++line) {
      if (offer.selected[line] != 0) options_.push_back({&offer, line, false});
    }
  }

  // Whether they may want the same: the basket, a line, or its units.
  bool Compete(const OfferInStage& a, const OfferInStage& b) const {
    const Together together = GoTogether(rules_, a.offer, b.offer);
    if (together == Together::kNo) return true;
    const bool use_units = BenefitOf(a).set && BenefitOf(b).set;
    if (together == Together::kYes && !use_units) return false;
    for (size_t line = 0; line < a.selected.size(); ++line) {
      if (a.selected[line] != 0 && b.selected[line] != 0) return true;
    }
    return false;
  }

  static bool TakesFromEachSetByItself(const BenefitSpec& benefit) {
    if (!benefit.set || !benefit.tiers.empty()) return false;
    return benefit.off.kind == BenefitKind::kPercentOff || benefit.per == AmountPer::kSet;
  }

  static bool TakesFromEachLineByItself(const BenefitSpec& benefit) {
    if (!IsPlain(benefit) || !benefit.at_most.empty()) return false;
    return benefit.off.kind == BenefitKind::kPercentOff ? benefit.stage == PricingStage::kLine
                                                        : benefit.per != AmountPer::kBasket;
  }

  // Sets come in any order, other options in that of pricing: those before `next` are past.
  void Try(const Taken& taken, size_t next) {
    const int64_t off = taken.pricer.gross().amount_minor - taken.pricer.payable().amount_minor;
    best_ = std::max(best_, off);
    for (size_t i = 0; i < options_.size(); ++i) {
      const Option& option = options_[i];
      if (!option.by_set && i < next) continue;
      Taken with = taken;
      if (Take(option, with)) Try(with, option.by_set ? next : i + 1);
    }
  }

  bool Take(const Option& option, Taken& taken) const {
    const BenefitSpec& benefit = BenefitOf(*option.offer);
    std::vector<uint8_t> selected = option.offer->selected;
    for (size_t line = 0; line < selected.size(); ++line) {
      if (option.line.value_or(line) != line) selected[line] = 0;
    }
    int64_t times = 0;
    for (const Option* before : taken.path) {
      times += before == &option;
      if (before->offer == option.offer) continue;
      const Together together = GoTogether(rules_, before->offer->offer, option.offer->offer);
      if (together == Together::kNo) return false;
      if (together == Together::kOnOtherLines) Close(*before, taken.pricer, selected);
    }
    if (option.by_set && times == benefit.set->at_most) return false;
    const Applied applied =
        taken.pricer.ApplyPart(benefit, selected, option.by_set ? 1 : kEverySet);
    taken.path.push_back(&option);
    return applied.taken_minor > 0;
  }

  static void Close(const Option& option, const Pricer& pricer, std::vector<uint8_t>& selected) {
    for (const LineTaking& taking : pricer.takings()) {
      if (taking.offer == option.offer->offer) selected[taking.line] = 0;
    }
  }

  const RuleSet& rules_;
  std::vector<Option> options_;
  int64_t best_ = 0;
};

}  // namespace

int64_t BestByTrying(const RuleSet& rules, const Basket& basket,
                     const std::vector<OfferInStage>& offers) {
  return Trying(rules, basket, offers).best();
}

}  // namespace touchstone::rules
