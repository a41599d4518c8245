#include "rules/ruleset/compile.h"

#include <utility>

#include "rules/ruleset/message_hash.h"
#include "rules/ruleset/reporter.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

// Whole parts of the message that this version does not act on.
void RefuseWhatIsNotSupported(Compilation& c) {
  if (!c.message.has_policy()) return;
  c.reporter.NotSupportedYet(
      "policy", "the contact policy",
      "use `limits` in the offers, and conditions on the customer for consent");
}

}  // namespace

std::string ContentHash(const v1::RuleSet& message) {
  return HexSha256(DeterministicBytes(message));
}

CompileResult Compile(const v1::RuleSet& message, const SourceMap& sources, absl::Time today,
                      absl::Span<const v1::Offer> kept_terms) {
  Reporter reporter(sources);
  auto rule_set = std::make_shared<RuleSet>();
  Compilation c{message, today, reporter, *rule_set, kept_terms, {}, nullptr, {}, {}, {}};
  CompileSettings(c);
  RefuseWhatIsNotSupported(c);
  CompileSchema(c);
  CompileAggregates(c);
  CompileComputed(c);
  CompileNames(c);
  CompileSegments(c);
  CompileCampaigns(c);
  CompileBudgets(c);
  CollectOffers(c);
  CompilePlacements(c);
  CompilePricing(c);
  CompileOffers(c);
  CompileFallbacks(c);
  CheckGoldenTests(c);

  CompileResult result;
  const bool usable = reporter.errors() == 0;
  result.diagnostics = reporter.TakeSorted();
  if (usable) {
    rule_set->content_hash = ContentHash(message);
    rule_set->scan = ScanOffers(*rule_set, Sharing::kEqualTexts);
    rule_set->index = EligibilityIndex(c.eligible_rows, c.expressions->TakeSubjects());
    result.rule_set = std::move(rule_set);
  }
  return result;
}

}  // namespace touchstone::rules
