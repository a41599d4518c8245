#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rules/proof/golden.h"
#include "rules/proof/mutants.h"
#include "rules/proof/warnings.h"
#include "rules/ruleset/compile.h"
#include "rules/ruleset/files.h"
#include "server/cli/cli.h"
#include "server/cli/rule_set_folder.h"

namespace touchstone::server {
namespace {

void PrintLine(const std::string& text) { std::printf("%s\n", text.c_str()); }

std::string Counted(size_t count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

// A folder that was read, and compiled when nothing was wrong with its files.
struct CheckedFolder {
  rules::LoadedRuleSet loaded;
  rules::CompileResult compiled;
  rules::Diagnostics diagnostics;  // of both
};

// nullopt when the folder cannot be read; the reason is on standard error.
std::optional<CheckedFolder> CheckFolder(const std::string& folder) {
  absl::StatusOr<std::vector<rules::SourceFile>> files = ReadRuleSetFolder(folder);
  if (!files.ok()) {
    std::fprintf(stderr, "%s\n", std::string(files.status().message()).c_str());
    return std::nullopt;
  }
  CheckedFolder checked;
  checked.loaded = rules::LoadRuleSetFiles(*files);
  checked.diagnostics = checked.loaded.diagnostics;
  if (!rules::HasErrors(checked.diagnostics)) {
    checked.compiled = rules::CompileAndWarn(checked.loaded.message, checked.loaded.sources, absl::Now());
    checked.diagnostics.insert(checked.diagnostics.end(), checked.compiled.diagnostics.begin(),
                               checked.compiled.diagnostics.end());
  }
  return checked;
}

void PrintDiagnostics(const rules::Diagnostics& diagnostics) {
  for (const rules::Diagnostic& diagnostic : diagnostics) PrintLine(rules::Render(diagnostic));
}

int Validate(const std::string& folder) {
  const std::optional<CheckedFolder> checked = CheckFolder(folder);
  if (!checked.has_value()) return kExitUsage;
  PrintDiagnostics(checked->diagnostics);
  size_t errors = 0;
  for (const rules::Diagnostic& diagnostic : checked->diagnostics) {
    if (diagnostic.severity == rules::Severity::kError) ++errors;
  }
  const size_t warnings = checked->diagnostics.size() - errors;
  if (errors > 0) {
    PrintLine(absl::StrCat(Counted(errors, "error"), ", ", Counted(warnings, "warning"),
                           ": not fit to be published"));
    return kExitFindings;
  }
  const rules::RuleSet& rule_set = *checked->compiled.rule_set;
  PrintLine(absl::StrCat("valid: ", Counted(rule_set.offers.size(), "offer"), ", ",
                         Counted(rule_set.segments.size(), "segment"), ", ",
                         Counted(rule_set.placements.size(), "placement"), "; ",
                         Counted(warnings, "warning")));
  return kExitFine;
}

// "tests/beans.yaml:12: expected …"
void PrintFailure(const rules::SourceMap& sources, const rules::GoldenFailure& failure) {
  const rules::SourceMap::Place* place = sources.Find(failure.field_path);
  PrintLine(place == nullptr
                ? absl::StrCat("  ", failure.field_path, ": ", failure.message)
                : absl::StrCat("  ", place->file, ":", place->line, ": ", failure.message));
}

int Test(const std::string& folder) {
  const std::optional<CheckedFolder> checked = CheckFolder(folder);
  if (!checked.has_value()) return kExitUsage;
  if (rules::HasErrors(checked->diagnostics)) {
    PrintDiagnostics(checked->diagnostics);
    PrintLine("the golden tests were not run: mend the errors first");
    return kExitFindings;
  }
  const rules::GoldenReport report =
      rules::RunGoldenTests(checked->loaded.message, *checked->compiled.rule_set);
  for (const rules::GoldenFailure& failure : report.failures) {
    PrintFailure(checked->loaded.sources, failure);
  }
  for (const rules::GoldenResult& result : report.results) {
    if (result.passed()) continue;
    PrintLine(absl::StrCat("FAILED: ", result.name));
    for (const rules::GoldenFailure& failure : result.failures) {
      PrintFailure(checked->loaded.sources, failure);
    }
  }
  PrintLine(absl::StrCat(report.passed(), " golden tests passed, ", report.failed(), " failed"));
  return report.all_passed() ? kExitFine : kExitFindings;
}

int Mutants(const std::string& folder) {
  const std::optional<CheckedFolder> checked = CheckFolder(folder);
  if (!checked.has_value()) return kExitUsage;
  if (rules::HasErrors(checked->diagnostics) ||
      !rules::RunGoldenTests(checked->loaded.message, *checked->compiled.rule_set).all_passed()) {
    PrintLine("mutants need a valid rule set whose golden tests pass: run `rules test` first");
    return kExitFindings;
  }
  const rules::MutantReport report = rules::RunMutants(checked->loaded.message, absl::Now());
  for (const rules::Mutant& mutant : report.mutants) {
    if (mutant.fate != rules::MutantFate::kSurvived) continue;
    PrintLine(absl::StrCat("survived: ", mutant.field_path, ": ", mutant.description));
  }
  PrintLine(absl::StrCat(report.killed, " mutants killed, ", report.survived, " survived"));
  return report.survived == 0 ? kExitFine : kExitFindings;
}

void AddFolderCommand(CLI::App& rules_app, const std::string& name, const std::string& what,
                      int (*run)(const std::string&), int& exit_code) {
  CLI::App* command = rules_app.add_subcommand(name, what);
  auto folder = std::make_shared<std::string>();
  command->add_option("FOLDER", *folder, "The folder that holds rule_set.yaml")->required();
  command->callback([folder, run, &exit_code] { exit_code = run(*folder); });
}

}  // namespace

void AddOfflineRulesCommands(CLI::App& app, int& exit_code) {
  CLI::App* rules_app = app.add_subcommand("rules", "Check, test and publish rule sets");
  rules_app->require_subcommand(1);
  AddFolderCommand(*rules_app, "validate", "Report everything that is wrong with a rule set",
                   Validate, exit_code);
  AddFolderCommand(*rules_app, "test", "Run the golden tests of a rule set", Test, exit_code);
  AddFolderCommand(*rules_app, "mutants",
                   "Change the rule set in small ways and list what no golden test notices",
                   Mutants, exit_code);
}

}  // namespace touchstone::server
