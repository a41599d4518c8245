#include "server/cli/cli.h"

namespace touchstone::server {

void AddCommands(CLI::App& app, int& exit_code) {
  app.require_subcommand(1);
  AddServeCommand(app, exit_code);
  AddOfflineRulesCommands(app, exit_code);
  AddServerRulesCommands(app, exit_code);
  AddDecideCommands(app, exit_code);
  AddSaleCommands(app, exit_code);
  AddCodeCommands(app, exit_code);
  AddGrantCommands(app, exit_code);
  AddBudgetCommands(app, exit_code);
  AddCustomerCommands(app, exit_code);
  AddImportCommands(app, exit_code);
  AddMaintenanceCommands(app, exit_code);
  AddReportCommands(app, exit_code);
  AddVerifyCommand(app, exit_code);
}

int RunCommandLine(int argc, const char* const* argv) {
  CLI::App app("Touchstone decides which offers a customer gets, at what price, in time.",
               "touchstone");
  int exit_code = kExitFine;
  AddCommands(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitFine : kExitUsage;
  }
  return exit_code;
}

}  // namespace touchstone::server
