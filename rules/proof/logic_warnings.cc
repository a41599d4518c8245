#include "rules/proof/logic_warnings.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"

namespace touchstone::rules {
namespace {

// Rows that a search over segments may grow to before it gives up.
constexpr size_t kMostRows = 256;

constexpr OfferLogic::Frame kAnything;

class LogicWarnings {
 public:
  LogicWarnings(const ProofInput& input, OfferLogic& logic) : input_(input), logic_(logic) {}

  void Warn() {
    WarnOfSegments();
    const auto& never = input_.message.pricing();
    if (never.has_never_discount()) {
      never_discount_ = logic_.LineFormOf(never.never_discount());
      WarnOfLines("pricing.never_discount", input_.rule_set.never_discount, never_discount_, true);
    }
    for (size_t i = 0; i < input_.offers.size(); ++i) WarnOfOffer(i);
  }

 private:
  // Whether it was warned of.
  bool WarnOfCondition(const std::string& path, const Condition& condition,
                       const ConditionForm* form) {
    if (form == nullptr) return false;
    const bool never = !logic_.CanHold(form->when_true, kAnything);
    const std::vector<ConditionRows>& parts = form->parts_when_false;
    const auto always = [this](const ConditionRows& rows) {
      return !logic_.CanHold(rows, kAnything);
    };
    if (never || std::all_of(parts.begin(), parts.end(), always)) {
      Report(never ? codes::kAlwaysFalse : codes::kAlwaysTrue, path, "the condition");
      return true;
    }
    for (size_t i = 0; i < parts.size() && parts.size() == condition.conjuncts.size(); ++i) {
      // A part that is never true makes the whole so: what is left to find is one never false.
      if (!always(parts[i])) continue;
      Report(codes::kAlwaysTrue, path,
             absl::StrCat("the part `", condition.conjuncts[i].text, "`"));
      return true;
    }
    return false;
  }

  void Report(const DiagnosticCode& code, const std::string& path, const std::string& what) {
    const bool never = code.code == codes::kAlwaysFalse.code;
    input_.reporter.Warning(code, path,
                            absl::StrCat(what, never ? " can never hold" : " always holds"),
                            never ? "two of its parts exclude one another, or a number or day is "
                                    "out of reach"
                                  : "leave it out, or check the comparison");
  }

  void WarnOfLines(const std::string& path, const Condition& condition, const ConditionForm* form,
                   bool takes_marked_down) {
    if (form == nullptr || condition.conjuncts.empty()) return;
    if (!logic_.LinesCanHold(form->when_true, true))
      return Report(codes::kAlwaysFalse, path, "the condition");
    if (form->WhenFalse().empty()) return Report(codes::kAlwaysTrue, path, "the condition");
    if (!logic_.LinesCanHold(form->when_true, takes_marked_down)) {
      input_.reporter.Warning(
          codes::kExcludesItself, path,
          "the offer is for lines at a marked-down or overridden price, and leaves those alone",
          "add `takes_marked_down: true` to the benefit");
    }
  }

  void WarnOfOffer(size_t index) {
    const v1::Offer& message = *input_.offers[index];
    const OfferSpec& offer = input_.rule_set.offers[index];
    const ConditionForm* eligible = logic_.FormOf(message.eligible());
    const ConditionForm* requires_form = logic_.FormOf(message.requires_condition());
    bool warned = WarnOfCondition(input_.At(index, "eligible"), offer.eligible, eligible);
    warned |=
        WarnOfCondition(input_.At(index, "requires_condition"), offer.requires_, requires_form);
    WarnOfOfferLines(index, offer, message.benefit().lines());
    if (warned || (eligible == nullptr && requires_form == nullptr)) return;
    if (eligible == nullptr || requires_form == nullptr ||
        !logic_.ShareAFact(eligible->when_true, requires_form->when_true)) {
      for (const ConditionForm* form : {eligible, requires_form}) {
        if (form != nullptr && WarnOfExclusion(index, offer, form->when_true)) return;
      }
      return;
    }
    const ConditionRows rows = logic_.RowsOf(index);
    if (logic_.CanHold(rows, kAnything)) {
      WarnOfExclusion(index, offer, rows);
      return;
    }
    input_.reporter.Warning(codes::kAlwaysFalse, input_.At(index, "requires_condition"),
                            "`requires` and `eligible` exclude one another",
                            "the offer needs both");
  }

  // Whether it was warned of.
  bool WarnOfExclusion(size_t index, const OfferSpec& offer, const ConditionRows& rows) {
    OfferLogic::Frame channels;
    channels.channels = logic_.ChannelsOf(index);
    OfferLogic::Frame window;
    window.window = WindowOfUse(offer);
    OfferLogic::Frame segments;
    segments.segments = true;
    OfferLogic::Frame all{channels.channels, window.window, true};
    if (logic_.CanHold(rows, all)) return false;
    // An offer without a channel has been told so.
    if (channels.channels == 0) return false;
    const char* by = !logic_.CanHold(rows, channels)   ? "its channels and placements"
                     : !logic_.CanHold(rows, window)   ? "its window"
                     : !logic_.CanHold(rows, segments) ? "the conditions of the segments it is for"
                                                       : "its channels, window and segments";
    input_.reporter.Warning(
        codes::kExcludesItself,
        input_.At(index, offer.eligible.conjuncts.empty() ? "requires_condition" : "eligible"),
        absl::StrCat("the condition can never hold together with ", by),
        "the offer would reach nobody");
    return true;
  }

  void WarnOfOfferLines(size_t index, const OfferSpec& offer, const std::string& text) {
    if (!offer.benefit) return;
    const ConditionForm* lines = logic_.LineFormOf(text);
    const std::string path = input_.At(index, "benefit.lines");
    WarnOfLines(path, offer.lines, lines, offer.benefit->takes_marked_down);
    if (lines == nullptr || lines->when_true.empty() || never_discount_ == nullptr) return;
    if (!logic_.LinesBoth(lines->when_true, never_discount_->WhenFalse()).empty()) return;
    input_.reporter.Warning(
        codes::kExcludesItself, path,
        "`never_discount` in pricing.yaml excludes every line that this selects",
        "the offer would take nothing");
  }

  void WarnOfSegments() {
    const v1::RuleSet& message = input_.message;
    std::vector<const ConditionForm*> forms;
    for (int i = 0; i < message.segments_size(); ++i) {
      const ConditionForm* form = logic_.FormOf(message.segments(i).when());
      const std::string path = SegmentPath(static_cast<size_t>(i));
      const Condition& condition = input_.rule_set.segments[static_cast<size_t>(i)].when;
      if (WarnOfCondition(path, condition, form)) form = nullptr;
      if (form != nullptr && forms.size() < kMostSegments) WarnBesideEarlier(forms, *form, path);
      forms.push_back(form);
    }
  }

  std::string SegmentPath(size_t index) const {
    return absl::StrCat("segments[", input_.rule_set.segments[index].name, "].when");
  }

  void WarnBesideEarlier(const std::vector<const ConditionForm*>& earlier,
                         const ConditionForm& form, const std::string& path) {
    if (IsCovered(earlier, form)) {
      input_.reporter.Warning(codes::kShadowedSegment, path,
                              "each customer for whom this holds is in a segment before it",
                              "put the narrower segment first");
      return;
    }
    for (size_t i = 0; i < earlier.size(); ++i) {
      if (earlier[i] == nullptr || !SharesASubject(*earlier[i], form)) continue;
      const ConditionRows both = logic_.Both(earlier[i]->when_true, form.when_true);
      if (!logic_.CanHold(both, kAnything)) continue;
      if (!logic_.CanHold(logic_.Both(earlier[i]->when_true, form.WhenFalse()), kAnything))
        continue;
      if (!logic_.CanHold(logic_.Both(earlier[i]->WhenFalse(), form.when_true), kAnything))
        continue;
      const std::string example = logic_.Example(both);
      input_.reporter.Warning(
          codes::kOverlappingSegments, path,
          absl::StrCat("this and the condition of `", input_.rule_set.segments[i].name,
                       "` can both hold", example.empty() ? "" : ", for instance with ", example),
          "such a customer is in the first of them; let the ranges meet without overlapping");
    }
  }

  static absl::flat_hash_set<uint32_t> SubjectsOf(const ConditionForm& form) {
    absl::flat_hash_set<uint32_t> subjects;
    for (const ConditionRows& rows : {form.when_true, form.WhenFalse()}) {
      for (const ConditionRow& row : rows) {
        for (const Literal& literal : row) subjects.insert(literal.subject);
      }
    }
    return subjects;
  }

  static bool SharesASubject(const ConditionForm& a, const ConditionForm& b) {
    const absl::flat_hash_set<uint32_t> subjects = SubjectsOf(a);
    const absl::flat_hash_set<uint32_t> others = SubjectsOf(b);
    return std::any_of(others.begin(), others.end(),
                       [&subjects](uint32_t subject) { return subjects.contains(subject); });
  }

  // Whether some earlier segments hold wherever this does. One that is about a fact that the row
  // leaves open could be an error, which lets the customer pass, and so covers nothing.
  bool IsCovered(const std::vector<const ConditionForm*>& earlier, const ConditionForm& form) {
    for (const ConditionRow& row : form.when_true) {
      absl::flat_hash_set<uint32_t> known;
      for (const Literal& literal : row) known.insert(literal.subject);
      ConditionRows left = {row};
      for (const ConditionForm* segment : earlier) {
        if (segment == nullptr || left.size() > kMostRows) continue;
        const absl::flat_hash_set<uint32_t> subjects = SubjectsOf(*segment);
        const bool all_known =
            std::all_of(subjects.begin(), subjects.end(),
                        [&known](uint32_t subject) { return known.contains(subject); });
        if (all_known) left = logic_.Both(left, segment->WhenFalse());
      }
      if (logic_.CanHold(left, kAnything)) return false;
    }
    return true;
  }

  const ProofInput& input_;
  OfferLogic& logic_;
  const ConditionForm* never_discount_ = nullptr;
};

}  // namespace

void WarnOfLogic(const ProofInput& input, OfferLogic& logic) { LogicWarnings(input, logic).Warn(); }

}  // namespace touchstone::rules
