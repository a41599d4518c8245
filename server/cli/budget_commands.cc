#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/cli/cli.h"
#include "server/cli/columns.h"
#include "server/cli/connection.h"
#include "server/cli/decision_text.h"
#include "touchstone/v1/budget_service.grpc.pb.h"

namespace touchstone::server {
namespace {

struct BudgetCommand {
  std::string server;
  bool json = false;
};

std::string MoneyText(const v1::Money& money) {
  return AmountText(money.amount_minor(), money.currency_code());
}

std::string UsesText(const v1::BudgetState& budget) {
  const v1::UsedBudget& used = budget.total();
  std::string text = absl::StrCat(used.committed_uses());
  if (budget.max_uses() > 0) absl::StrAppend(&text, " of ", budget.max_uses());
  absl::StrAppend(&text, " uses");
  if (used.reserved_uses() > 0) absl::StrAppend(&text, ", ", used.reserved_uses(), " held");
  if (used.overrun_uses() > 0) absl::StrAppend(&text, ", ", used.overrun_uses(), " beyond");
  return text;
}

// "" of a budget that counts no money.
std::string MoneyText(const v1::UsedBudget& used, bool is_bounded, const v1::Money& most) {
  if (!used.has_committed_amount()) return "";
  std::string text = MoneyText(used.committed_amount());
  if (is_bounded) absl::StrAppend(&text, " of ", MoneyText(most));
  if (used.reserved_amount().amount_minor() > 0) {
    absl::StrAppend(&text, ", ", MoneyText(used.reserved_amount()), " held");
  }
  if (used.overrun_amount().amount_minor() > 0) {
    absl::StrAppend(&text, ", ", MoneyText(used.overrun_amount()), " beyond");
  }
  return text;
}

std::string TodayText(const v1::BudgetState& budget) {
  if (!budget.has_today()) return "";
  return absl::StrCat(
      budget.day(), ": ",
      MoneyText(budget.today(), budget.has_max_amount_per_day(), budget.max_amount_per_day()));
}

int List(const BudgetCommand& command) {
  v1::ListBudgetsResponse response;
  const auto stub = v1::BudgetService::NewStub(Connect(command.server));
  const grpc::Status status =
      stub->ListBudgets(NewContext().get(), v1::ListBudgetsRequest(), &response);
  if (!status.ok()) return ReportFailure(status, command.server);
  if (command.json) {
    PrintJson(response);
    return kExitFine;
  }
  Columns columns({Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft});
  for (const v1::BudgetState& budget : response.budgets()) {
    columns.Add({budget.budget(), UsesText(budget),
                 MoneyText(budget.total(), budget.has_max_amount(), budget.max_amount()),
                 TodayText(budget)});
  }
  std::fputs(columns.Text("").c_str(), stdout);
  return kExitFine;
}

}  // namespace

void AddBudgetCommands(CLI::App& app, int& exit_code) {
  CLI::App* budgets = app.add_subcommand("budgets", "See how much of the budgets is used");
  budgets->require_subcommand(1);
  auto command = std::make_shared<BudgetCommand>();
  CLI::App* list = budgets->add_subcommand(
      "list", "List the budgets of the active revision: what sales have used, what is held");
  list->callback([command, &exit_code] { exit_code = List(*command); });
  AddServerFlag(*list, command->server);
  list->add_flag("--json", command->json, "Print JSON, for programs");
}

}  // namespace touchstone::server
