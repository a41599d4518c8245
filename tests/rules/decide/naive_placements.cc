#include "tests/rules/decide/naive_placements.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "tests/rules/decide/naive_admission.h"

namespace touchstone::rules {
namespace {

using expr::Value;

class Placements {
 public:
  Placements(const RuleSet& rules, const DecisionInput& input, NaiveFacts& facts,
             std::vector<OfferOutcome>& outcomes, NaiveDecision* result)
      : rules_(rules), input_(input), facts_(facts), outcomes_(outcomes), result_(*result) {}

  void Run() {
    for (uint32_t i = 0; i < rules_.offers.size(); ++i) {
      if (outcomes_[i].stage == Stage::kNone && IsAskedFor(rules_.offers[i], input_)) {
        Score(rules_.offers[i], outcomes_[i]);
      }
    }
    Show();
    for (uint32_t i = 0; i < rules_.offers.size(); ++i) {
      OfferOutcome& outcome = outcomes_[i];
      if (outcome.stage != Stage::kNone || outcome.applied || outcome.shown) continue;
      Refuse(outcome, Stage::kRank, not_shown_.at(i));
    }
  }

 private:
  void Score(const OfferSpec& offer, OfferOutcome& outcome) {
    if (!offer.value.has_value()) return;
    const Value value = facts_.Run(*offer.value);
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
      std::vector<ShownOffer>& shown = result_.shown.emplace_back();
      for (const Place& place : Fill(p)) {
        std::vector<absl::string_view>& texts = result_.texts.emplace_back();
        for (size_t field = 0; field < rules_.placements[p].fields.size(); ++field) {
          texts.push_back(result_.memory.emplace_back(Text(place.offer, p, field)));
        }
        shown.push_back({place.offer, static_cast<uint32_t>(shown.size()), place.fallback, texts});
        shown_.insert(place.offer);
      }
    }
    for (const uint32_t offer : shown_) outcomes_[offer].shown = true;
  }

  const RuleSet& rules_;
  const DecisionInput& input_;
  NaiveFacts& facts_;
  std::vector<OfferOutcome>& outcomes_;
  NaiveDecision& result_;
  std::set<uint32_t> shown_;
  std::map<uint32_t, Cause> not_shown_;
};

}  // namespace

void ShowNaively(const RuleSet& rules, const DecisionInput& input, NaiveFacts& facts,
                 std::vector<OfferOutcome>& outcomes, NaiveDecision* result) {
  Placements(rules, input, facts, outcomes, result).Run();
}

}  // namespace touchstone::rules
