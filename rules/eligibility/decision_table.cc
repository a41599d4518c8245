#include "rules/eligibility/decision_table.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "rules/expr/missing.h"

namespace touchstone::rules {
namespace {

using expr::Value;

std::vector<expr::Slot> SlotsOf(const std::vector<expr::Program>& programs) {
  std::vector<expr::Slot> slots;
  for (const expr::Program& program : programs) {
    slots.insert(slots.end(), program.slots().begin(), program.slots().end());
  }
  std::sort(slots.begin(), slots.end(), [](expr::Slot a, expr::Slot b) {
    return std::pair(a.row, a.index) < std::pair(b.row, b.index);
  });
  slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
  return slots;
}

}  // namespace

DecisionTable::DecisionTable(absl::Span<const ConditionRows> conditions,
                             std::deque<Subject> subjects, Cells cells)
    : index_(conditions, std::move(subjects)),
      cells_(std::move(cells)),
      slots_(SlotsOf(cells_.programs)) {}

DecisionTable::Hit DecisionTable::FirstRow(const expr::Frame& frame, expr::Scratch& expr,
                                           EligibilityScratch& scratch) const {
  const bool is_missing = std::any_of(slots_.begin(), slots_.end(), [&frame](expr::Slot slot) {
    const Value value = ReadSlot(frame, slot);
    return value.IsError() && IsMissing(value.error());
  });
  if (is_missing) return FirstRowPlainly(frame, expr);
  const auto holds = [&](uint32_t row) {
    return AskPlainly(row, frame, expr).kind == Hit::Kind::kRow;
  };
  EligibilityProbe probe{frame, expr, holds};
  const std::optional<uint32_t> row = index_.MatchFirst(probe, scratch);
  if (probe.step_limit_reached) return {Hit::Kind::kOpen, 0, expr::ErrorCode::kStepLimit};
  return row.has_value() ? Hit{Hit::Kind::kRow, *row} : Hit();
}

DecisionTable::Hit DecisionTable::FirstRowPlainly(const expr::Frame& frame,
                                                  expr::Scratch& expr) const {
  for (uint32_t row = 0; row < rows(); ++row) {
    const Hit hit = AskPlainly(row, frame, expr);
    if (hit.kind != Hit::Kind::kNoRow) return hit;
  }
  return Hit();
}

DecisionTable::Hit DecisionTable::AskPlainly(uint32_t row, const expr::Frame& frame,
                                             expr::Scratch& expr) const {
  Hit hit{Hit::Kind::kRow, row};
  for (const uint32_t cell : cells_.of_row[row]) {
    const Value value = cells_.programs[cell].Evaluate(frame, expr);
    if (value.IsTrue()) continue;
    if (!value.IsError() || !IsMissing(value.error())) return Hit();
    hit = {Hit::Kind::kOpen, 0, value.error()};
  }
  return hit;
}

}  // namespace touchstone::rules
