#include "rules/proof/warnings.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "rules/proof/amount_warnings.h"
#include "rules/proof/discount_warnings.h"
#include "rules/proof/logic_warnings.h"
#include "rules/proof/offer_logic.h"
#include "rules/proof/proof_input.h"
#include "rules/proof/usage_warnings.h"
#include "rules/proof/window_warnings.h"
#include "rules/proof/word_warnings.h"
#include "rules/proof/wording_warnings.h"

namespace touchstone::rules {
namespace {

ProofInput InputOf(const v1::RuleSet& message, const RuleSet& rule_set, absl::Time now,
                   Reporter& reporter) {
  ProofInput input{message, rule_set, now, reporter, {}};
  input.offers.resize(rule_set.offers.size());
  for (const v1::Offer& offer : message.offers()) {
    input.offers[rule_set.offer_by_id.at(offer.offer())] = &offer;
  }
  return input;
}

}  // namespace

Diagnostics FindWarnings(const v1::RuleSet& message, const RuleSet& rule_set,
                         const SourceMap& sources, absl::Time now) {
  Reporter reporter(sources);
  const ProofInput input = InputOf(message, rule_set, now, reporter);
  OfferLogic logic(input);
  WarnOfUsage(input);
  WarnOfWindows(input);
  WarnOfAmounts(input);
  WarnOfDiscounts(input, logic);
  WarnOfWording(input);
  WarnOfLogic(input, logic);
  WarnOfWords(input, logic);
  return reporter.TakeSorted();
}

CompileResult CompileAndWarn(const v1::RuleSet& message, const SourceMap& sources, absl::Time now) {
  CompileResult result = Compile(message, sources, now);
  if (result.rule_set == nullptr) return result;
  for (Diagnostic& warning : FindWarnings(message, *result.rule_set, sources, now)) {
    result.diagnostics.push_back(std::move(warning));
  }
  std::stable_sort(result.diagnostics.begin(), result.diagnostics.end(),
                   [](const Diagnostic& a, const Diagnostic& b) {
                     return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
                   });
  return result;
}

}  // namespace touchstone::rules
