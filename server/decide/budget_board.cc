#include "server/decide/budget_board.h"

#include <algorithm>
#include <optional>

#include "absl/time/civil_time.h"

namespace touchstone::server {
namespace {

// A claim of two days ago is given back at the latest now; older days close nothing.
constexpr int32_t kDaysKept = 3;

}  // namespace

int32_t BudgetDay(const rules::RuleSet& rule_set, absl::Time now) {
  return static_cast<int32_t>(absl::ToCivilDay(now, rule_set.schema.zone) - absl::CivilDay());
}

bool BudgetBoard::IsSpent(const rules::BudgetSpec& spec, const Use& use, bool by_day) {
  if (by_day) return spec.per_day_minor.has_value() && use.minor >= *spec.per_day_minor;
  if (spec.uses > 0 && use.count >= spec.uses) return true;
  return spec.amount_minor.has_value() && use.minor >= *spec.amount_minor;
}

void BudgetBoard::Update(uint64_t position,
                         const google::protobuf::RepeatedPtrField<ChangedBudget>& budgets) {
  if (budgets.empty()) return;
  const std::shared_ptr<const LiveState> live = live_->Get();
  std::lock_guard<std::mutex> lock(mutex_);
  for (const ChangedBudget& changed : budgets) {
    UpdateOne(position, changed, live == nullptr ? nullptr : live->rule_set.get());
  }
}

void BudgetBoard::UpdateOne(uint64_t position, const ChangedBudget& changed,
                            const rules::RuleSet* rule_set) {
  Budget& budget = budgets_[changed.budget_id()];
  Use& use = changed.by_day() ? budget.days[changed.day()] : budget.all;
  if (position < use.position) return;
  const Use before = use;
  const ::touchstone::storage::v1::BudgetUse& now = changed.use();
  use.position = position;
  use.count = now.committed_count() + now.reserved_count() + now.overrun_count();
  use.minor = now.committed_minor() + now.reserved_minor() + now.overrun_minor();
  // Of one that no live rule set has, nobody has asked.
  const std::optional<uint32_t> place =
      rule_set == nullptr ? std::nullopt
                          : rules::FindBudget(rule_set->budgets, changed.budget_id());
  if (place.has_value()) {
    const rules::BudgetSpec& spec = rule_set->budgets[*place];
    const bool was_spent = IsSpent(spec, before, changed.by_day());
    if (was_spent != IsSpent(spec, use, changed.by_day())) {
      generation_.fetch_add(1, std::memory_order_release);
    }
  }
  while (budget.days.size() > kDaysKept) budget.days.erase(budget.days.begin());
}

BudgetBoard::Closed BudgetBoard::ListClosed(const rules::RuleSet& rule_set) const {
  Closed closed;
  std::lock_guard<std::mutex> lock(mutex_);
  for (uint32_t i = 0; i < rule_set.budgets.size(); ++i) {
    const rules::BudgetSpec& spec = rule_set.budgets[i];
    const auto budget = budgets_.find(spec.name);
    if (budget == budgets_.end()) continue;
    if (IsSpent(spec, budget->second.all, false)) closed.always.push_back(i);
    for (const auto& [day, use] : budget->second.days) {
      if (IsSpent(spec, use, true)) closed.by_day.emplace_back(i, day);
    }
  }
  return closed;
}

absl::Span<const uint32_t> BudgetReader::Closed(const LiveState& live, absl::Time now) {
  if (live.rule_set->budgets.empty()) return {};
  const uint64_t generation = board_->generation();
  if (generation != seen_ || rule_set_ != live.rule_set) {
    rule_set_ = live.rule_set;
    closed_ = board_->ListClosed(*rule_set_);
    seen_ = generation;
  }
  if (closed_.by_day.empty()) return closed_.always;
  const int32_t today = BudgetDay(*rule_set_, now);
  now_closed_ = closed_.always;
  for (const auto& [budget, day] : closed_.by_day) {
    if (day == today) now_closed_.push_back(budget);
  }
  std::sort(now_closed_.begin(), now_closed_.end());
  now_closed_.erase(std::unique(now_closed_.begin(), now_closed_.end()), now_closed_.end());
  return now_closed_;
}

}  // namespace touchstone::server
