#include "rules/decide/placements.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "rules/decide/admission.h"
#include "rules/decide/texts.h"
#include "rules/decide/verdict.h"

namespace touchstone::rules {
namespace {

using expr::Value;

constexpr int64_t kMillion = 1'000'000;

int64_t Millionths(double value) {
  const double scaled = value * static_cast<double>(kMillion);
  // Both bounds are powers of two, so that the comparisons are exact.
  if (scaled >= 0x1p63) return std::numeric_limits<int64_t>::max();
  if (scaled <= -0x1p63) return std::numeric_limits<int64_t>::min();
  const int64_t whole = static_cast<int64_t>(scaled);
  const double rest = scaled - static_cast<double>(whole);
  if (rest >= 0.5) return whole + 1;
  if (rest <= -0.5) return whole - 1;
  return whole;
}

int64_t Millionths(int64_t value) {
  if (value > std::numeric_limits<int64_t>::max() / kMillion) {
    return std::numeric_limits<int64_t>::max();
  }
  if (value < std::numeric_limits<int64_t>::min() / kMillion) {
    return std::numeric_limits<int64_t>::min();
  }
  return value * kMillion;
}

void Score(const OfferSpec& offer, DecisionContext& context, OfferOutcome& outcome) {
  if (!offer.value.has_value()) return;
  const Value value = Evaluate(*offer.value, context);
  if (value.kind() == expr::Kind::kInt) {
    outcome.score_millionths = Millionths(value.int_value());
  } else if (value.kind() == expr::Kind::kDouble && value.double_value() == value.double_value()) {
    outcome.score_millionths = Millionths(value.double_value());
  } else {
    outcome.value_failed = true;
  }
}

void CollectCandidates(DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  state.candidates.clear();
  for (const uint32_t i : state.admitted) {
    OfferOutcome& outcome = state.outcomes[i];
    if (outcome.stage != Stage::kNone || !HasTreatmentAskedFor(i, context)) continue;
    Score(context.rules.offers[i], context, outcome);
    state.candidates.push_back({outcome.value_failed, outcome.score_millionths, i});
  }
  // Offers stand in order of id, so their indexes settle ties.
  std::sort(state.candidates.begin(), state.candidates.end(),
            [](const Candidate& a, const Candidate& b) {
              return std::tuple(a.value_failed, b.score_millionths, a.offer) <
                     std::tuple(b.value_failed, a.score_millionths, b.offer);
            });
}

// One placement while it is being filled.
class Filling {
 public:
  Filling(uint16_t placement, size_t locale, DecisionContext& context)
      : index_(placement),
        locale_(locale),
        placement_(context.rules.placements[placement]),
        context_(context),
        first_(context.state.shown.size()) {
    context.state.group_counts.assign(context.rules.groups.size(), 0);
  }

  void Run() {
    for (const Candidate& candidate : context_.state.candidates) {
      if (!IsFallback(candidate.offer)) Offer(candidate.offer, false);
    }
    for (const uint32_t offer : placement_.fallback) {
      if (context_.state.outcomes[offer].stage == Stage::kNone) Offer(offer, true);
    }
    context_.state.ranges.push_back({first_, context_.state.shown.size()});
  }

 private:
  bool IsFallback(uint32_t offer) const {
    return std::find(placement_.fallback.begin(), placement_.fallback.end(), offer) !=
           placement_.fallback.end();
  }

  // Shows the offer if it may, else keeps the reason.
  void Offer(uint32_t offer, bool fallback) {
    if ((context_.rules.scan.offers[offer].placements & PlacementBit(index_)) == 0) return;
    const std::optional<TreatmentSpec>& treatment = context_.rules.offers[offer].treatments[index_];
    if (!treatment.has_value()) return;
    const Cause cause = WhyNot(offer, *treatment);
    if (cause != Cause::kNone) {
      Cause& kept = context_.state.not_shown[offer];
      if (kept == Cause::kNone) kept = cause;
      return;
    }
    const int group = context_.rules.offers[offer].group;
    if (group >= 0) ++context_.state.group_counts[static_cast<size_t>(group)];
    context_.state.outcomes[offer].shown = true;
    context_.state.shown.push_back(
        {offer, Filled(), fallback, RenderTexts(offer, index_, locale_, context_)});
  }

  uint32_t Filled() const { return static_cast<uint32_t>(context_.state.shown.size() - first_); }

  Cause WhyNot(uint32_t offer, const TreatmentSpec& treatment) const {
    if (Filled() >= static_cast<uint32_t>(placement_.max_offers)) return Cause::kOutranked;
    if (TextsNeedMissing(treatment, locale_, context_)) return Cause::kInputMissing;
    const int group = context_.rules.offers[offer].group;
    if (group < 0) return Cause::kNone;
    const int at_most = placement_.group_at_most[static_cast<size_t>(group)];
    const int shown = context_.state.group_counts[static_cast<size_t>(group)];
    return at_most >= 0 && shown >= at_most ? Cause::kGroupFull : Cause::kNone;
  }

  const uint16_t index_;
  const size_t locale_;
  const PlacementSpec& placement_;
  DecisionContext& context_;
  const size_t first_;  // of state.shown
};

void RefuseWhatIsLeft(DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  for (const uint32_t i : state.admitted) {
    OfferOutcome& outcome = state.outcomes[i];
    if (outcome.stage != Stage::kNone || outcome.applied || outcome.shown) continue;
    outcome.stage = Stage::kRank;
    outcome.cause = state.not_shown[i];
  }
}

}  // namespace

void FillPlacements(DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  const DecisionInput& input = context.input;
  state.not_shown.resize(context.rules.offers.size());
  for (const uint32_t offer : state.admitted) state.not_shown[offer] = Cause::kNone;
  state.shown.clear();
  state.ranges.clear();
  state.answers.clear();
  CollectCandidates(context);
  const size_t locale = ChooseLocale(context.rules.locales, input.locale);
  for (const uint16_t placement : input.placements) Filling(placement, locale, context).Run();
  // Only now does `shown` stay where it is.
  for (size_t i = 0; i < input.placements.size(); ++i) {
    const PlacementRange range = state.ranges[i];
    state.answers.push_back(
        {input.placements[i],
         absl::MakeConstSpan(state.shown).subspan(range.begin, range.end - range.begin)});
  }
  RefuseWhatIsLeft(context);
}

}  // namespace touchstone::rules
