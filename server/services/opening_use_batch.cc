#include "server/services/opening_use_batch.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "rules/facts/text.h"
#include "server/decide/budget_board.h"
#include "store/apply_commands.h"
#include "store/budgets.h"
#include "store/holdings.h"
#include "store/keys.h"

namespace touchstone::server {
namespace {

using grpc::StatusCode;
using storage::EntryResult;

// Of a budget in all, and on each day.
struct UsedNow {
  storage::BudgetUse in_all;
  absl::flat_hash_map<int32_t, storage::BudgetUse> days;
};

grpc::Status WhyRefused(const EntryResult::RefusedItem& refused) {
  switch (refused.refusal()) {
    case EntryResult::REFUSAL_ALREADY_EXISTS:
      return RpcError(StatusCode::ALREADY_EXISTS, v1::ERROR_REASON_OPENING_USE_EXISTS,
                      "this batch has booked another opening use of the budget: choose another "
                      "batch for what is to be added to it");
    case EntryResult::REFUSAL_TOO_MANY:
      return RpcError(StatusCode::RESOURCE_EXHAUSTED, v1::ERROR_REASON_BUDGET_EXCEEDED,
                      absl::StrCat(refused.refusal_detail(), ": ListBudgets says how much"));
    case EntryResult::REFUSAL_INVALID:
      return RpcError(StatusCode::INVALID_ARGUMENT, v1::ERROR_REASON_INVALID_REQUEST,
                      refused.refusal_detail());
    default:
      return StoreError(
          absl::InternalError("an opening use was refused for no reason that is known"));
  }
}

// Money of the budget; 0 when none is given.
int64_t ReadMoney(bool is_given, const v1::Money& money, const rules::BudgetSpec& budget,
                  const std::string& field, std::vector<Violation>* violations) {
  if (!is_given) return 0;
  if (!budget.counts_money()) {
    violations->push_back({field, "must be left out: the budget counts no money"});
  } else if (money.currency_code() != budget.currency.code()) {
    violations->push_back(
        {field, absl::StrCat("must be in ", budget.currency.code(), ", as the budget is")});
  } else if (money.amount_minor() < 0 || money.amount_minor() > store::kMaxClaimMinor) {
    violations->push_back({field, "must be 0 to 10^15 minor units"});
  } else {
    return money.amount_minor();
  }
  return 0;
}

void ReadDay(const v1::OpeningUse& given, const rules::BudgetSpec& budget, int32_t today,
             const std::string& field, storage::OpeningUse* use,
             std::vector<Violation>* violations) {
  if (given.day().empty() != !given.has_day_amount()) {
    violations->push_back({field + "day", "goes with day_amount, and day_amount with it"});
    return;
  }
  if (given.day().empty()) return;
  const absl::StatusOr<absl::CivilDay> day = rules::ParseDate(given.day());
  if (!day.ok()) violations->push_back({field + "day", "must be a day such as 2026-11-26"});
  if (!budget.per_day_minor.has_value()) {
    violations->push_back({field + "day", "must be left out: the budget has no `per_day`"});
  }
  use->set_day_minor(ReadMoney(true, given.day_amount(), budget, field + "day_amount", violations));
  if (use->day_minor() > use->amount_minor()) {
    violations->push_back({field + "day_amount", "must be part of amount, and is more"});
  }
  use->set_by_day(true);
  use->set_day(static_cast<int32_t>(day.value_or(absl::CivilDay()) - absl::CivilDay()));
  if (use->day() > today) violations->push_back({field + "day", "must not be after today"});
}

}  // namespace

grpc::Status OpeningUseBatch::Plan() {
  std::vector<Violation> violations;
  if (!store::IsValidId(request_.batch())) {
    violations.push_back({"batch", "is required: 1 to 64 of [A-Za-z0-9._-]"});
  }
  if (request_.opening_uses_size() < 1 || request_.opening_uses_size() > store::kMaxOpeningUses) {
    violations.push_back({"opening_uses", "must be 1 to 1,000"});
  }
  if (!violations.empty()) return InvalidRequest(violations);
  live_ = backend_.live->Get();
  if (live_ == nullptr) {
    return RpcError(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NO_ACTIVE_REVISION,
                    "no revision has been published yet: there is no budget");
  }
  entry_ = backend_.proposer->NewEntry("", 0);
  entry_.mutable_add_opening_uses()->set_batch(request_.batch());
  for (size_t i = 0; i < static_cast<size_t>(request_.opening_uses_size()); ++i) {
    if (grpc::Status planned = PlanUse(i); !planned.ok()) errors_[i] = std::move(planned);
  }
  return grpc::Status::OK;
}

grpc::Status OpeningUseBatch::PlanUse(size_t i) {
  const v1::OpeningUse& given = request_.opening_uses(static_cast<int>(i));
  const std::string field = absl::StrCat("opening_uses[", i, "].");
  const std::optional<uint32_t> found = rules::FindBudget(live_->rule_set->budgets, given.budget());
  if (!found.has_value()) {
    return RpcError(StatusCode::NOT_FOUND, v1::ERROR_REASON_BUDGET_NOT_FOUND,
                    "the active revision has no budget of this name");
  }
  const rules::BudgetSpec& budget = live_->rule_set->budgets[*found];
  std::vector<Violation> violations;
  storage::AddOpeningUses::Item item;
  storage::OpeningUse& use = *item.mutable_use();
  use.set_budget_id(budget.name);
  if (given.uses() < 0 || given.uses() > store::kMaxOpeningCount) {
    violations.push_back({field + "uses", "must be 0 to 1,000,000,000,000"});
  }
  use.set_count(given.uses());
  use.set_amount_minor(
      ReadMoney(given.has_amount(), given.amount(), budget, field + "amount", &violations));
  if (use.amount_minor() > 0) use.set_currency(std::string(budget.currency.code()));
  const int32_t today = BudgetDay(*live_->rule_set, backend_.proposer->now());
  ReadDay(given, budget, today, field, &use, &violations);
  if (violations.empty() && use.count() == 0 && use.amount_minor() == 0) {
    violations.push_back({field + "uses", "must be above 0, or amount: there is nothing to book"});
  }
  if (!violations.empty()) return InvalidRequest(violations);
  item.set_most_uses(budget.uses);
  item.set_most_minor(budget.amount_minor.value_or(0));
  item.set_most_minor_a_day(budget.per_day_minor.value_or(0));
  *entry_.mutable_add_opening_uses()->add_items() = std::move(item);
  place_of_item_.push_back(i);
  return grpc::Status::OK;
}

grpc::Status OpeningUseBatch::Write() {
  if (place_of_item_.empty()) return grpc::Status::OK;
  if (request_.validate_only()) return CompareWithStored();
  backend_.proposer->SetAudit(
      "import_budgets", request_.batch(),
      absl::StrCat(place_of_item_.size(), place_of_item_.size() == 1 ? " budget" : " budgets"),
      &entry_);
  return backend_.proposer->Write(std::move(entry_), v1::ERROR_REASON_BUDGET_NOT_FOUND, &result_);
}

grpc::Status OpeningUseBatch::CompareWithStored() {
  const auto budgets = backend_.store->ListBudgets();
  if (!budgets.ok()) return StoreError(budgets.status());
  absl::flat_hash_map<absl::string_view, UsedNow> used;
  for (const EntryResult::ChangedBudget& budget : *budgets) {
    UsedNow& now = used[budget.budget_id()];
    (budget.by_day() ? now.days[budget.day()] : now.in_all) = budget.use();
  }
  absl::flat_hash_map<absl::string_view, storage::OpeningUse> there;
  for (int i = 0; i < entry_.add_opening_uses().items_size(); ++i) {
    const storage::AddOpeningUses::Item& item = entry_.add_opening_uses().items(i);
    const storage::OpeningUse& use = item.use();
    const auto [row, is_first] = there.try_emplace(use.budget_id());
    EntryResult::RefusedItem refused;
    if (is_first) {
      const absl::StatusOr<store::Found> found =
          backend_.store->GetOpeningUse(use.budget_id(), request_.batch(), &row->second);
      if (!found.ok()) return StoreError(found.status());
      if (*found != store::Found::kFound) {
        const UsedNow& now = used[use.budget_id()];
        const auto day = now.days.find(use.day());
        refused = store::JudgeOpeningUse(
            item, now.in_all, day == now.days.end() ? storage::BudgetUse() : day->second);
        if (refused.refusal() == EntryResult::REFUSAL_UNSPECIFIED) {
          row->second = use;
          result_.set_applied(result_.applied() + 1);
          continue;
        }
        there.erase(row);
      }
    }
    if (refused.refusal() == EntryResult::REFUSAL_UNSPECIFIED) {
      if (row->second.SerializeAsString() == use.SerializeAsString()) {
        result_.add_duplicate_items(static_cast<uint32_t>(i));
        continue;
      }
      refused.set_refusal(EntryResult::REFUSAL_ALREADY_EXISTS);
    }
    refused.set_index(static_cast<uint32_t>(i));
    *result_.add_refused_items() = std::move(refused);
  }
  return grpc::Status::OK;
}

void OpeningUseBatch::Answer(v1::ImportBudgetsResponse* response) const {
  std::map<size_t, grpc::Status> errors = errors_;
  for (const EntryResult::RefusedItem& refused : result_.refused_items()) {
    errors[place_of_item_[refused.index()]] = WhyRefused(refused);
  }
  response->set_booked(static_cast<int32_t>(result_.applied()));
  response->set_duplicates(result_.duplicate_items_size());
  for (const auto& [place, error] : errors) {
    v1::RefusedOpeningUse& refused = *response->add_refused();
    refused.set_index(static_cast<int32_t>(place));
    *refused.mutable_error() = ItemError(error);
  }
}

}  // namespace touchstone::server
