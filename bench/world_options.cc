#include <iterator>

#include "bench/decision_world.h"
#include "bench/request_file.h"
#include "rules/ruleset/files.h"
#include "server/cli/rule_set_folder.h"

namespace touchstone::bench {

absl::StatusOr<WorldOptions> DemoWorld(const std::string& demo, const std::string& rules) {
  const auto files = server::ReadRuleSetFolder(rules.empty() ? demo + "/rules" : rules);
  if (!files.ok()) return files.status();
  rules::LoadedRuleSet loaded = rules::LoadRuleSetFiles(*files);
  for (const rules::Diagnostic& finding : loaded.diagnostics) {
    if (finding.severity == rules::Severity::kError) {
      return absl::InvalidArgumentError(rules::Render(finding));
    }
  }
  WorldOptions options;
  options.rule_set = std::move(loaded.message);
  options.products = {demo + "/data/products.csv", demo + "/mapping/products.yaml"};
  options.stores = {demo + "/data/stores.csv", demo + "/mapping/stores.yaml"};
  options.placements = {"receipt"};
  return options;
}

absl::StatusOr<WorldOptions> GeneratedWorld(const GeneratedOptions& generated,
                                            const std::string& folder) {
  WorldOptions options;
  options.rule_set = GenerateRuleSet(generated);
  options.products = {folder + "/products.csv", folder + "/products.yaml"};
  options.stores = {folder + "/stores.csv", folder + "/stores.yaml"};
  options.placements.assign(std::begin(kGeneratedPlacements), std::end(kGeneratedPlacements));
  const std::pair<std::string, std::string> files[] = {
      {options.products.csv, GenerateProductsCsv(generated.products)},
      {options.products.mapping, kGeneratedProductsMapping},
      {options.stores.csv, GenerateStoresCsv()},
      {options.stores.mapping, kGeneratedStoresMapping}};
  for (const auto& [path, text] : files) {
    if (absl::Status written = WriteWholeFile(text, path); !written.ok()) return written;
  }
  return options;
}

}  // namespace touchstone::bench
