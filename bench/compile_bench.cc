// How long a rule set takes to be checked and compiled: 10,000 offers with 3 to 8 predicates each,
// a benefit, a limit and texts in two locales. Every run checks that nothing was found.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rules/proof/warnings.h"
#include "rules/ruleset/compile.h"
#include "rules/ruleset/files.h"

namespace touchstone::rules {
namespace {

v1::RuleSet Frame() {
  v1::RuleSet rules;
  v1::RuleSetSettings& settings = *rules.mutable_settings();
  settings.set_name("Bench");
  settings.set_zone("Europe/Berlin");
  settings.add_currencies("EUR");
  settings.add_locales("en");
  settings.add_locales("de");
  settings.add_channels("pos");
  settings.add_channels("web");
  for (int i = 0; i < 60; ++i) {
    v1::Attribute& attribute =
        (*rules.mutable_schema()->mutable_customer())[absl::StrCat("attribute_", i)];
    attribute.set_type(i % 3 == 0 ? "int" : i % 3 == 1 ? "string" : "money");
    attribute.set_optional(true);
  }
  v1::ReferenceTable& product = (*rules.mutable_schema()->mutable_reference())["product"];
  product.set_key("sku");
  (*product.mutable_fields())["categories"] = "list(string)";
  v1::Segment& loyal = *rules.add_segments();
  loyal.set_name("loyal");
  loyal.set_when("customer.attribute_0 > 10");
  v1::Segment& regular = *rules.add_segments();
  regular.set_name("regular");
  regular.set_otherwise("always");
  for (const char* name : {"receipt", "hero"}) {
    v1::Placement& placement = (*rules.mutable_placements())[name];
    placement.set_channel(name == std::string("hero") ? "web" : "pos");
    placement.set_max_offers(3);
    (*placement.mutable_fields())["text"].set_max(100);
  }
  return rules;
}

std::string ConditionOf(int offer) {
  std::string text = "customer.segment == \"loyal\"";
  for (int i = 0; i < 2 + offer % 6; ++i) {
    const int attribute = (offer * 7 + i * 13) % 60;
    const std::string name = absl::StrCat("customer.attribute_", attribute);
    absl::StrAppend(&text, " && ");
    if (attribute % 3 == 0) {
      absl::StrAppend(&text, name, " >= ", offer % 100);
    } else if (attribute % 3 == 1) {
      absl::StrAppend(&text, name, " in [\"a", offer % 10, "\", \"b\", \"c\"]");
    } else {
      absl::StrAppend(&text, "(", name, " > ", offer % 50, ".00 || !has(", name, "))");
    }
  }
  return text;
}

v1::RuleSet Generate(int offers) {
  v1::RuleSet rules = Frame();
  for (int i = 0; i < offers; ++i) {
    v1::Offer& offer = *rules.add_offers();
    offer.set_offer(absl::StrCat("offer-", i));
    offer.set_title(absl::StrCat("Offer ", i));
    offer.set_applies("automatic");
    offer.mutable_window()->set_from("2026-11-01");
    offer.mutable_window()->set_through("2026-12-24");
    offer.set_eligible(ConditionOf(i));
    offer.set_requires_condition(absl::StrCat("basket.net >= ", i % 40, ".00"));
    offer.mutable_benefit()->set_percent_off(absl::StrCat(1 + i % 50));
    offer.mutable_benefit()->set_lines(
        absl::StrCat("\"category-", i % 500, "\" in line.categories"));
    offer.mutable_stacking()->set_priority(i % 100);
    offer.set_value("0.2 * double(basket.net)");
    v1::Limit& limit = *offer.add_limits();
    limit.set_id("weekly");
    limit.set_at_most("2");
    limit.set_per("customer");
    limit.set_over("calendar_week");
    for (const char* placement : {"receipt", "hero"}) {
      auto& text =
          *(*(*offer.mutable_treatments())[placement].mutable_fields())["text"].mutable_by_locale();
      text["en"] = absl::StrCat("Offer ", i, ": you saved {benefit.amount}");
      text["de"] = absl::StrCat("Angebot ", i, ": {benefit.amount} gespart");
    }
  }
  return rules;
}

absl::Time Today() { return absl::FromCivil(absl::CivilDay(2026, 11, 22), absl::UTCTimeZone()); }

void CompileFromMessage(benchmark::State& state) {
  const v1::RuleSet rules = Generate(static_cast<int>(state.range(0)));
  const SourceMap sources;
  for (auto step : state) {
    const CompileResult result = Compile(rules, sources, Today());
    if (result.rule_set == nullptr || !result.diagnostics.empty()) {
      state.SkipWithError("the rule set has findings");
      return;
    }
  }
}
BENCHMARK(CompileFromMessage)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

// With all that is legal and surely wrong looked for as well: what validation does.
void CompileAndWarnFromMessage(benchmark::State& state) {
  const v1::RuleSet rules = Generate(static_cast<int>(state.range(0)));
  const SourceMap sources;
  size_t warnings = 0;
  for (auto step : state) {
    const CompileResult result = CompileAndWarn(rules, sources, Today());
    if (result.rule_set == nullptr) {
      state.SkipWithError("the rule set has errors");
      return;
    }
    warnings = result.diagnostics.size();
  }
  // Its conditions repeat after 3,000 offers, which then are twins.
  state.counters["warnings"] = static_cast<double>(warnings);
}
BENCHMARK(CompileAndWarnFromMessage)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

void CompileFromFiles(benchmark::State& state) {
  const std::vector<SourceFile> files =
      ExportRuleSetFiles(Generate(static_cast<int>(state.range(0))));
  for (auto step : state) {
    const LoadedRuleSet loaded = LoadRuleSetFiles(files);
    const CompileResult result = Compile(loaded.message, loaded.sources, Today());
    if (result.rule_set == nullptr || !result.diagnostics.empty()) {
      state.SkipWithError("the rule set has findings");
      return;
    }
  }
}
BENCHMARK(CompileFromFiles)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace touchstone::rules

BENCHMARK_MAIN();
