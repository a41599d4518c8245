#include "server/services/rule_set_check.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/proof/warnings.h"
#include "rules/ruleset/files.h"
#include "rules/ruleset/message_hash.h"

namespace touchstone::server {
namespace {

void Compile(bool run_golden_tests, absl::Time now, CheckedRuleSet* checked) {
  if (rules::HasErrors(checked->diagnostics)) return;
  rules::CompileResult compiled = rules::CompileAndWarn(checked->message, checked->sources, now);
  for (rules::Diagnostic& diagnostic : compiled.diagnostics) {
    checked->diagnostics.push_back(std::move(diagnostic));
  }
  checked->rule_set = std::move(compiled.rule_set);
  if (checked->rule_set == nullptr || !run_golden_tests) return;
  checked->golden = rules::RunGoldenTests(checked->message, *checked->rule_set);
}

}  // namespace

CheckedRuleSet CheckRuleSet(const v1::RuleSetSource& source, bool run_golden_tests,
                            absl::Time now) {
  if (!source.has_files()) return CheckRuleSet(source.rule_set(), run_golden_tests, now);
  std::vector<rules::SourceFile> files;
  for (const v1::RuleSetFile& file : source.files().files()) {
    files.push_back({file.path(), file.content()});
  }
  rules::LoadedRuleSet loaded = rules::LoadRuleSetFiles(files);
  CheckedRuleSet checked;
  checked.message = std::move(loaded.message);
  checked.sources = std::move(loaded.sources);
  checked.diagnostics = std::move(loaded.diagnostics);
  Compile(run_golden_tests, now, &checked);
  return checked;
}

CheckedRuleSet CheckRuleSet(v1::RuleSet message, bool run_golden_tests, absl::Time now) {
  CheckedRuleSet checked;
  checked.message = std::move(message);
  Compile(run_golden_tests, now, &checked);
  return checked;
}

std::vector<v1::GoldenTestResult> GoldenResults(const CheckedRuleSet& checked) {
  std::vector<v1::GoldenTestResult> results;
  for (size_t i = 0; i < checked.golden.results.size(); ++i) {
    const rules::GoldenResult& from = checked.golden.results[i];
    v1::GoldenTestResult& to = results.emplace_back();
    to.set_name(from.name);
    to.set_passed(from.passed() && checked.golden.failures.empty());
    if (const auto* place = checked.sources.Find(absl::StrCat("tests[", i, "]"))) {
      to.set_file(place->file);
      to.set_line(place->line);
    }
    // Reference rows that cannot be used are every test's failure.
    for (const rules::GoldenFailure& failure : checked.golden.failures) {
      to.add_differences(failure.message);
    }
    for (const rules::GoldenFailure& failure : from.failures) to.add_differences(failure.message);
  }
  return results;
}

v1::Diagnostics ToMessage(const rules::Diagnostics& diagnostics, size_t most, size_t most_bytes) {
  v1::Diagnostics message;
  size_t bytes = 0;
  for (const rules::Diagnostic& from : diagnostics) {
    v1::Diagnostic to;
    to.set_severity(from.severity == rules::Severity::kError ? v1::DIAGNOSTIC_SEVERITY_ERROR
                                                             : v1::DIAGNOSTIC_SEVERITY_WARNING);
    to.set_code(from.code);
    to.set_file(from.file);
    to.set_line(from.line);
    to.set_column(from.column);
    to.set_field_path(from.field_path);
    to.set_message(from.message);
    to.set_hint(from.hint);
    to.set_excerpt(from.excerpt);
    to.set_excerpt_begin(from.excerpt_begin);
    to.set_excerpt_end(from.excerpt_end);
    bytes += to.ByteSizeLong();
    if (static_cast<size_t>(message.diagnostics_size()) == most || bytes > most_bytes) break;
    *message.add_diagnostics() = std::move(to);
  }
  message.set_omitted_count(static_cast<int32_t>(diagnostics.size()) - message.diagnostics_size());
  return message;
}

std::string SerializeRuleSet(const v1::RuleSet& message) {
  return rules::DeterministicBytes(message);
}

}  // namespace touchstone::server
