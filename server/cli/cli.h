#pragma once

// The command line: one binary, one function a group of commands. Each adds its subcommands to the
// app and stores its exit code when one of them has run.
//
// Exit codes: 0 fine, 1 findings (a rule set with errors, a failed test, a decision that cannot be
// explained), 2 usage or environment. Findings and answers go to standard output, what went wrong
// around them to standard error.

#include <CLI/CLI.hpp>

namespace touchstone::server {

inline constexpr int kExitFine = 0;
inline constexpr int kExitFindings = 1;
inline constexpr int kExitUsage = 2;

// `exit_code` must outlive the parse of `app`.

void AddServeCommand(CLI::App& app, int& exit_code);

// `rules validate|test|mutants`: read a folder, need no server. Creates the `rules` subcommand.
void AddOfflineRulesCommands(CLI::App& app, int& exit_code);
// `rules publish|rollback|list`. REQUIRES: AddOfflineRulesCommands before.
void AddServerRulesCommands(CLI::App& app, int& exit_code);

// `decide` and `explain`.
void AddDecideCommands(CLI::App& app, int& exit_code);
// `sale reserve|commit|release|get|return`.
void AddSaleCommands(CLI::App& app, int& exit_code);
// `codes issue|import|show|revoke|check`; the last needs no server.
void AddCodeCommands(CLI::App& app, int& exit_code);
// `grants give|list|revoke`.
void AddGrantCommands(CLI::App& app, int& exit_code);
// `budgets list`.
void AddBudgetCommands(CLI::App& app, int& exit_code);
// `customer get|list|merge|household|export|erase`.
void AddCustomerCommands(CLI::App& app, int& exit_code);
// `import customers|contacts|events|grants|budgets|reference`.
void AddImportCommands(CLI::App& app, int& exit_code);

// `backup`, and `restore`, which needs no server.
void AddMaintenanceCommands(CLI::App& app, int& exit_code);

// `report quality`.
void AddReportCommands(CLI::App& app, int& exit_code);

// `verify`: opens the files of a server that is not running.
void AddVerifyCommand(CLI::App& app, int& exit_code);

// All of the above.
void AddCommands(CLI::App& app, int& exit_code);
// Parses the command line, runs the command, and returns its exit code.
int RunCommandLine(int argc, const char* const* argv);

}  // namespace touchstone::server
