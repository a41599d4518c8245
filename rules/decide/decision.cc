#include "rules/decide/decision.h"

#include <array>

namespace touchstone::rules {
namespace {

// In the order of Stage.
constexpr std::array<absl::string_view, 16> kStageNames = {
    "none",    "paused",   "window",      "channel",     "placement", "eligible",
    "segment", "consent",  "suppression", "quiet_hours", "limit",     "cool_down",
    "budget",  "requires", "stacking",    "rank"};
static_assert(kStageNames.size() == static_cast<size_t>(Stage::kRank) + 1);

// In the order of Cause.
constexpr std::array<absl::string_view, 26> kCauseNames = {
    "none",        "condition",  "error",     "input_missing", "anonymous_limit", "limit_reached",
    "spent",       "unclaimed",  "no_code",   "code_not_read", "no_grant",        "grant_not_read",
    "no_currency", "no_lines",   "no_set",    "no_tier",       "not_above_price", "nothing_left",
    "excluded",    "too_small",  "no_basket", "outranked",     "group_full",      "no_treatment",
    "step_limit",  "not_matched"};
static_assert(kCauseNames.size() == static_cast<size_t>(Cause::kNotMatched) + 1);

}  // namespace

absl::string_view StageName(Stage stage) { return kStageNames[static_cast<size_t>(stage)]; }

std::optional<Stage> FindStage(absl::string_view name) {
  for (size_t i = 0; i < kStageNames.size(); ++i) {
    if (kStageNames[i] == name) return static_cast<Stage>(i);
  }
  return std::nullopt;
}

absl::string_view CauseName(Cause cause) { return kCauseNames[static_cast<size_t>(cause)]; }

}  // namespace touchstone::rules
