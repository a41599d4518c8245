#pragma once

// The stages of Compile, in the order in which they run. Each reads its part of the message, writes
// its part of the RuleSet and reports what is wrong; a stage goes on after errors, so that an
// author sees all of them, and leaves what it could not read in a harmless form.
//
// Thread safety: one thread a Compilation.

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rules/ruleset/expressions.h"
#include "rules/ruleset/reporter.h"
#include "rules/ruleset/rule_set.h"
#include "rules/ruleset/text_template.h"
#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::rules {

// Limits of a rule set.
inline constexpr size_t kMaxDeclarations = 4'096;  // names of one group of the schema
inline constexpr size_t kMaxChannels = 64;         // bits of OfferSpec::channels
inline constexpr size_t kMaxOffers = 1'000'000;
inline constexpr size_t kMaxGroups = 32'767;
inline constexpr size_t kMaxPlacements = 1'000;
inline constexpr size_t kMaxListElements = 256;  // of an attribute

inline constexpr int kMaxFieldCharacters = 10'000;  // of a placement's text field
inline constexpr int64_t kMaxContactEntries = 256;  // that a customer's contact state keeps
inline constexpr absl::Duration kDefaultPlacementBudget = absl::Milliseconds(50);
inline constexpr absl::Duration kMaxPlacementBudget = absl::Seconds(10);

struct Compilation {
  const v1::RuleSet& message;
  absl::Time today;
  Reporter& reporter;
  RuleSet& rule_set;
  absl::Span<const v1::Offer> kept_terms;
  // By offer id: the tables that say where it may be given, from CompileComputed on.
  absl::flat_hash_map<std::string, std::vector<std::string>> tables_of_offer;
  // From CompileNames on.
  std::unique_ptr<ExpressionCompiler> expressions;
  // Parallel to rule_set.offers, from CollectOffers on.
  std::vector<const v1::Offer*> offers;
  absl::flat_hash_map<std::string, int16_t> group_by_name;
  // By offer; of one without a condition, a row that always holds.
  std::vector<ConditionRows> eligible_rows;
  // From CompilePricing on: the place of each stage in the order of pricing; none: it is not in it.
  std::array<std::optional<uint8_t>, kPricingStages> stage_turns = {};
};

// Name, zone, currencies, locales, channels.
void CompileSettings(Compilation& c);

// Attributes, request facts, reference tables, events.
void CompileSchema(Compilation& c);
// Needs the schema but for aggregates and computed attributes.
void CompileAggregates(Compilation& c);
// Computed attributes, audiences and decision tables. Needs the aggregates; orders them by need.
void CompileComputed(Compilation& c);

// Segment names, product lists; from here on expressions can be compiled.
void CompileNames(Compilation& c);
void CompileSegments(Compilation& c);
void CompileCampaigns(Compilation& c);
void CompileBudgets(Compilation& c);

// Ids and groups of all offers, sorted, so that others can refer to them.
void CollectOffers(Compilation& c);
void CompilePlacements(Compilation& c);
void CompilePricing(Compilation& c);
void CompileNearMissReach(Compilation& c);
// Needs placements, campaigns, budgets and pricing.
void CompileOffers(Compilation& c);
// Needs the offers.
void CompileFallbacks(Compilation& c);
void CheckGoldenTests(Compilation& c);

// A decision table over the names of `environment`, and the type of what it says (kError when that
// is not known); nullopt when there is nothing to run. Of a table in a circle (`in_cycle`) the
// inputs are not looked at. Notes which offers it is about in c.tables_of_offer.
std::optional<DecisionTableSpec> CompileTable(Compilation& c, const std::string& name,
                                              const expr::Environment& environment, bool in_cycle,
                                              expr::Type& type);
void ReportRowsWithoutTable(Compilation& c);

// Parts of an offer, each with the path of the message it reads.
std::optional<WindowSpec> CompileWindow(Compilation& c, absl::string_view path,
                                        const v1::Offer& offer);
std::optional<PromiseSpec> CompilePromise(Compilation& c, absl::string_view path,
                                          const v1::Offer& offer);
// Needs the ids of all offers.
std::optional<NextVisitSpec> CompileNextVisit(Compilation& c, absl::string_view path,
                                              const v1::Offer& offer);
// Needs the groups of all offers. Writes it to the offer's spec.
void CompileStacking(Compilation& c, uint32_t index);
std::optional<BenefitSpec> CompileBenefit(Compilation& c, absl::string_view path,
                                          const v1::Offer& offer, uint32_t index);
std::vector<LimitSpec> CompileLimits(Compilation& c, absl::string_view path,
                                     const v1::Offer& offer);
// Index of the budget that the offer draws on; -1: it names none, or none that it can draw on.
int32_t CompileOfferBudget(Compilation& c, absl::string_view path, const v1::Offer& offer,
                           const BenefitSpec* benefit);
// By placement. `path`: of the field that holds `messages`.
std::vector<std::optional<TreatmentSpec>> CompileTreatments(
    Compilation& c, absl::string_view path, TextKind kind,
    const google::protobuf::Map<std::string, v1::Treatment>& messages, const BenefitSpec* benefit);
// Needs the conditions and the benefit of the offer's spec, and writes its near misses.
void CompileNearMisses(Compilation& c, uint32_t index);

// What diagnostics call the offer.
std::string OfferPath(const Compilation& c, uint32_t index);

// Index of a channel of the rule set, or -1.
int FindChannel(const RuleSet& rule_set, absl::string_view channel);
// A currency that the rule set has; reports others.
std::optional<Currency> FindCurrency(Compilation& c, absl::string_view path,
                                     absl::string_view code);

// Whether it is worth a warning that an amount is not in every currency.
enum class Currencies : uint8_t { kAll, kSome };

// Amounts above 0 by currency; reports what is wrong with them, and none at all. `path`: that of
// the field.
AmountByCurrency CompileAmounts(Compilation& c, absl::string_view path,
                                const v1::AmountByCurrency& message,
                                Currencies currencies = Currencies::kAll);

// Whether one group of the schema holds no more names than kMaxDeclarations; reports it.
bool CheckCount(Compilation& c, absl::string_view path, size_t count);

// The keys of a protobuf map in order, since its own order is not one.
template <typename Map>
std::vector<std::string> SortedKeys(const Map& map) {
  std::vector<std::string> keys;
  keys.reserve(map.size());
  for (const auto& entry : map) keys.push_back(entry.first);
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace touchstone::rules
