#include "server/services/budget_service.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "server/decide/budget_board.h"
#include "server/log.h"
#include "server/services/opening_use_batch.h"

namespace touchstone::server {
namespace {

using grpc::StatusCode;

// Used of one budget.
struct Used {
  storage::BudgetUse in_all;
  storage::BudgetUse today;
};

v1::Money MoneyOf(const rules::BudgetSpec& budget, int64_t amount_minor) {
  v1::Money money;
  money.set_currency_code(std::string(budget.currency.code()));
  money.set_amount_minor(amount_minor);
  return money;
}

v1::UsedBudget ToMessage(const rules::BudgetSpec& budget, const storage::BudgetUse& use) {
  v1::UsedBudget message;
  message.set_committed_uses(use.committed_count());
  message.set_reserved_uses(use.reserved_count());
  message.set_overrun_uses(use.overrun_count());
  if (!budget.counts_money()) return message;
  *message.mutable_committed_amount() = MoneyOf(budget, use.committed_minor());
  *message.mutable_reserved_amount() = MoneyOf(budget, use.reserved_minor());
  *message.mutable_overrun_amount() = MoneyOf(budget, use.overrun_minor());
  return message;
}

v1::BudgetState ToMessage(const rules::BudgetSpec& budget, const Used& used, int32_t today) {
  v1::BudgetState message;
  message.set_budget(budget.name);
  message.set_max_uses(budget.uses);
  if (budget.amount_minor.has_value()) {
    *message.mutable_max_amount() = MoneyOf(budget, *budget.amount_minor);
  }
  *message.mutable_total() = ToMessage(budget, used.in_all);
  if (!budget.per_day_minor.has_value()) return message;
  *message.mutable_max_amount_per_day() = MoneyOf(budget, *budget.per_day_minor);
  message.set_day(absl::FormatCivilTime(absl::CivilDay() + today));
  *message.mutable_today() = ToMessage(budget, used.today);
  return message;
}

}  // namespace

BudgetService::BudgetService(const Backend& backend)
    : RpcService("touchstone.v1.BudgetService", backend.limit), backend_(backend) {
  Serve<v1::ImportBudgetsRequest, v1::ImportBudgetsResponse>(
      "ImportBudgets",
      [this](const auto& request, auto* response) { return Import(request, response); });
  Serve<v1::ListBudgetsRequest, v1::ListBudgetsResponse>(
      "ListBudgets", [this](const auto& /*request*/, auto* response) { return List(response); });
  RefuseTheRest();
}

grpc::Status BudgetService::Import(const v1::ImportBudgetsRequest& request,
                                   v1::ImportBudgetsResponse* response) const {
  OpeningUseBatch batch(backend_, request);
  grpc::Status status = batch.Plan();
  if (status.ok()) status = batch.Write();
  if (!status.ok()) return status;
  batch.Answer(response);
  if (response->booked() > 0 && !request.validate_only()) {
    Log(LogLevel::kInfo, "import_budgets",
        {{"batch", request.batch()}, {"budgets", absl::StrCat(response->booked())}});
  }
  return grpc::Status::OK;
}

grpc::Status BudgetService::List(v1::ListBudgetsResponse* response) const {
  const std::shared_ptr<const LiveState> live = backend_.live->Get();
  if (live == nullptr) {
    return RpcError(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NO_ACTIVE_REVISION,
                    "no revision has been published yet: there is no budget");
  }
  const int32_t today = BudgetDay(*live->rule_set, backend_.proposer->now());
  auto rows = backend_.store->ListBudgets();
  if (!rows.ok()) return StoreError(rows.status());
  std::map<std::string, Used> used;
  for (ChangedBudget& row : *rows) {
    Used& of = used[row.budget_id()];
    if (!row.by_day()) of.in_all = std::move(*row.mutable_use());
    if (row.by_day() && row.day() == today) of.today = std::move(*row.mutable_use());
  }
  for (const rules::BudgetSpec& budget : live->rule_set->budgets) {
    *response->add_budgets() = ToMessage(budget, used[budget.name], today);
  }
  return grpc::Status::OK;
}

}  // namespace touchstone::server
