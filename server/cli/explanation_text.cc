#include "server/cli/explanation_text.h"

#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/cli/columns.h"
#include "server/cli/decision_text.h"

namespace touchstone::server {
namespace {

constexpr size_t kWidth = 100;

void AppendSegment(const v1::SegmentExplanation& segment, std::string* text) {
  if (segment.trials_size() == 0) return;
  absl::StrAppend(text, "segment, the first whose condition holds:\n");
  Columns trials({Align::kLeft, Align::kLeft, Align::kLeft});
  for (const v1::SegmentTrial& trial : segment.trials()) {
    trials.Add({trial.segment(),
                EnumWord(v1::ConditionResult_Name(trial.result()), "CONDITION_RESULT_"),
                trial.decisive_condition()});
  }
  absl::StrAppend(text, trials.Text("  "));
}

// "ice-cold, night-owl, …", broken between ids.
void AppendIds(const std::vector<std::string>& ids, absl::string_view indent, std::string* text) {
  std::string line(indent);
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::string word = absl::StrCat(ids[i], i + 1 == ids.size() ? "" : ",");
    if (line.size() > indent.size() && line.size() + 1 + word.size() > kWidth) {
      absl::StrAppend(text, line, "\n");
      line = std::string(indent);
    }
    absl::StrAppend(&line, line.size() > indent.size() ? " " : "", word);
  }
  absl::StrAppend(text, line, "\n");
}

// One reason of several offers is said once, with their ids below it.
void AppendStage(const std::vector<const v1::OfferExplanation*>& offers, std::string* text) {
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const v1::OfferExplanation* offer : offers) {
    const v1::Reason& reason = offer->reason();
    by_reason[reason.text().empty() ? reason.code() : reason.text()].push_back(offer->offer_id());
  }
  Columns single({Align::kLeft, Align::kLeft});
  for (const v1::OfferExplanation* offer : offers) {
    const v1::Reason& reason = offer->reason();
    const std::string why = reason.text().empty() ? reason.code() : reason.text();
    if (by_reason[why].size() == 1) single.Add({offer->offer_id(), why});
  }
  absl::StrAppend(text, single.Text("    "));
  for (const auto& [why, ids] : by_reason) {
    if (ids.size() == 1) continue;
    absl::StrAppend(text, "    ", why, ":\n");
    AppendIds(ids, "      ", text);
  }
}

void AppendOffers(const v1::ExplainResponse& response, std::string* text) {
  if (response.offers_size() > 0) absl::StrAppend(text, "every offer, by what decided:\n");
  std::map<v1::DecisionStage, std::vector<const v1::OfferExplanation*>> stages;
  for (const v1::OfferExplanation& offer : response.offers()) {
    stages[offer.reason().stage()].push_back(&offer);
  }
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) {
    absl::StrAppend(text, "  ", StageWord(stage->first), "\n");
    AppendStage(stage->second, text);
  }
}

absl::string_view WordsOf(const v1::ConditionPart& part) {
  switch (part.kind()) {
    case v1::CONDITION_PART_KIND_ALL:
      return "all of:";
    case v1::CONDITION_PART_KIND_ANY:
      return "any of:";
    case v1::CONDITION_PART_KIND_NOT:
      return "not:";
    case v1::CONDITION_PART_KIND_CHOICE:
      return "if the first holds the second, else the third:";
    default:
      return part.words();
  }
}

void AppendConditions(const v1::OfferExplanation& offer, std::string* text) {
  for (const v1::ConditionExplanation& condition : offer.conditions()) {
    absl::StrAppend(text, condition.field_path(), ", what decides is marked *:\n");
    for (const v1::ConditionPart& part : condition.parts()) {
      const std::string result =
          EnumWord(v1::ConditionResult_Name(part.result()), "CONDITION_RESULT_");
      absl::StrAppend(text, part.decisive() ? "  * " : "    ",
                      std::string(2 * static_cast<size_t>(part.depth()), ' '), result,
                      std::string(result.size() < 6 ? 6 - result.size() : 0, ' '), " ",
                      WordsOf(part), "\n");
    }
  }
  if (offer.conditions_left_out()) {
    absl::StrAppend(text, "conditions of ", offer.offer_id(),
                    " are left out: ask for fewer offers at once\n");
  }
}

}  // namespace

std::string ExplanationText(const v1::ExplainResponse& response) {
  std::string text = AnswerText(response.response());
  if (response.rebuild() == v1::REBUILD_STATE_IDENTICAL) {
    absl::StrAppend(&text, "rebuilt from its receipt: the same answer, byte for byte\n");
  } else if (response.rebuild() == v1::REBUILD_STATE_DIFFERENT) {
    absl::StrAppend(&text, "rebuilt from its receipt: ANOTHER answer. This is a defect.\n");
  }
  AppendSegment(response.segment(), &text);
  AppendOffers(response, &text);
  for (const v1::OfferExplanation& offer : response.offers()) AppendConditions(offer, &text);
  if (response.facts_size() > 0) absl::StrAppend(&text, "facts:\n");
  for (const v1::FactRead& fact : response.facts()) {
    absl::StrAppend(&text, "  ", fact.name(), " = ",
                    fact.masked() ? "(masked)" : ValueText(fact.value()), "\n");
  }
  return text;
}

}  // namespace touchstone::server
