#include <CLI/CLI.hpp>

#include "server/cli/cli.h"

int main(int argc, char** argv) {
  namespace server = touchstone::server;
  CLI::App app("Touchstone decides which offers a customer gets, at what price, in time.",
               "touchstone");
  app.require_subcommand(1);
  int exit_code = server::kExitFine;
  server::AddOfflineRulesCommands(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? server::kExitFine : server::kExitUsage;
  }
  return exit_code;
}
