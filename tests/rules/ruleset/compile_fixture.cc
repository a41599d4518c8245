#include "tests/rules/ruleset/compile_fixture.h"

#include "absl/strings/str_cat.h"

namespace touchstone::rules {

CompileTest::CompileTest() {
  File("rule_set.yaml", R"(name: Sample
zone: Europe/Berlin
currencies: [EUR, CHF]
locales: [en, de]
channels: [pos, web]
)");
  File("schema.yaml", R"(customer:
  birth_date: { type: date, optional: true, pii: true }
  first_name: { type: string, default: "", pii: true }
  tier: { type: enum, values: [none, silver, gold], default: none }
  allergies: { type: list(string), default: [] }
computed:
  customer.age: { type: int, is: 'age(customer.birth_date, now)' }
events:
  purchase: { fields: { paid: money }, lines: { sku: string, quantity: decimal } }
aggregates:
  spend_90d: { sum: event.paid, of: purchase, over: 90d }
  visits_30d: { count: purchase, over: 30d }
reference:
  product: { key: sku, fields: { categories: list(string), tobacco: bool } }
  store: { key: store, fields: { region: string, zone: timezone, currency: string } }
request:
  weather: { type: string, optional: true }
)");
  File("segments.yaml", R"(segments:
  - { name: loyal, when: customer.spend_90d >= 300.00 }
  - { name: regular, otherwise: always }
)");
  File("placements.yaml", R"(placements:
  receipt: { channel: pos, max_offers: 2, budget: 20ms, shown_on: answer, fields: { text: { max: 40 } }, fallback: [join] }
  hero: { channel: web, max_offers: 1, fields: { banner: {}, image: { type: url } } }
)");
  File("pricing.yaml", R"(stages: [line, order]
choose: { otherwise: by_priority }
never_discount: line.product.tobacco
most_off: { line: 70%, basket: 50% }
)");
  File(
      "campaigns.yaml",
      R"(coffee: { owner: beverages, funding: { supplier: 60%, own: 40% }, contact_cost: { web: 0.10 EUR } }
)");
  File("lists/house.csv", "sku\nHB-1\nHB-2\n");
  Offer("join", R"(applies: never
treatments:
  receipt: { text: { en: Join, de: Mitmachen } }
)");
}

void CompileTest::Offer(const std::string& id, const std::string& lines) {
  File(absl::StrCat("offers/", id, ".yaml"), absl::StrCat("offer: ", id, "\n", lines));
}

CompileResult CompileTest::Compile() {
  std::vector<SourceFile> files;
  for (const auto& [path, bytes] : files_) files.push_back({path, bytes});
  LoadedRuleSet loaded = LoadRuleSetFiles(files);
  for (const Diagnostic& diagnostic : loaded.diagnostics) ADD_FAILURE() << Render(diagnostic);
  if (edit_) edit_(loaded.message);
  const absl::Time today = absl::FromCivil(absl::CivilDay(2026, 11, 22), absl::UTCTimeZone());
  return rules::Compile(loaded.message, loaded.sources, today);
}

std::vector<std::string> CompileTest::Findings() {
  std::vector<std::string> findings;
  for (const Diagnostic& diagnostic : Compile().diagnostics) {
    findings.push_back(absl::StrCat(diagnostic.severity == Severity::kWarning ? "warning: " : "",
                                    diagnostic.code, " at ", diagnostic.field_path));
  }
  return findings;
}

Diagnostic CompileTest::OnlyFinding() {
  const CompileResult result = Compile();
  EXPECT_EQ(result.diagnostics.size(), 1u);
  for (const Diagnostic& diagnostic : result.diagnostics) {
    if (result.diagnostics.size() != 1) ADD_FAILURE() << Render(diagnostic);
  }
  return result.diagnostics.empty() ? Diagnostic{} : result.diagnostics.front();
}

}  // namespace touchstone::rules
