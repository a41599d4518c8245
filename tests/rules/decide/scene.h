#pragma once

// Rule sets written in a test, and decisions about scenes that the test sets up.

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "rules/decide/decide.h"
#include "rules/ruleset/files.h"
#include "rules/ruleset/rule_set.h"

namespace touchstone::rules {

struct TestRules {
  v1::RuleSet message;
  std::shared_ptr<const RuleSet> compiled;
  std::vector<v1::Offer> kept_terms;  // that it was compiled with

  uint32_t Offer(const std::string& id) const { return compiled->offer_by_id.at(id); }
};

// Fails the test, with what was found, when the files are not a rule set.
TestRules LoadRules(const std::vector<SourceFile>& files);
std::shared_ptr<const RuleSet> CompileRules(const v1::RuleSet& message,
                                            absl::Span<const v1::Offer> kept_terms = {});

// A small grocery without offers: schema, segments (loyal, regular), placements, pricing. Offers
// are added as YAML, one text an offer.
std::vector<SourceFile> Grocery(const std::vector<std::string>& offers);
TestRules LoadGrocery(const std::vector<std::string>& offers);

absl::Time At(const std::string& local);  // "2026-11-26T08:30" in Berlin

// Owns what a DecisionInput refers to. Begins as: at the till of S12 (Berlin), Thursday 2026-11-26
// 08:30, anonymous, no basket, every placement of the channel.
class Scene {
 public:
  explicit Scene(const TestRules& rules);

  void Channel(const std::string& name);
  void Placements(const std::vector<std::string>& names);
  // A present customer with the schema's defaults and no events.
  void Customer();
  void Fact(const std::string& name, expr::Value value);
  void Line(const std::string& sku, int64_t price_minor, int64_t quantity = 1);
  void Contacted(const std::string& offer, ContactKind kind, const std::string& local);

  const TestRules& rules() const { return rules_; }
  // The input; valid while the scene is neither changed nor destroyed.
  DecisionInput Input() const;
  const Decision& Decide(DecisionScratch& scratch) const;
  const Decision& Decide() { return Decide(scratch_); }
  OfferOutcome Outcome(const std::string& offer) { return Decide().offers[rules_.Offer(offer)]; }
  // Ids of the offers that a placement shows.
  std::vector<std::string> Shown(const std::string& placement);
  // The texts of the first offer that it shows, by field.
  std::vector<std::string> Texts(const std::string& placement);

  ReferenceSnapshot reference;
  std::vector<expr::Value> facts;
  std::vector<BasketLine> lines;
  std::vector<LineFacts> line_facts;
  std::vector<Contact> contacts;
  std::vector<uint32_t> paused;
  std::vector<uint32_t> closed_budgets;
  std::vector<UnclaimedOffer> unclaimed;
  std::vector<PresentedCode> codes;
  std::vector<HeldGrant> grants;
  std::vector<uint16_t> placements;
  DecisionInput input;  // but for its spans

 private:
  const PlacementAnswer& Answer(const std::string& placement);

  const TestRules& rules_;
  std::deque<std::string> memory_;
  std::unique_ptr<expr::Arena> lists_ = std::make_unique<expr::Arena>();
  DecisionScratch scratch_;
};

expr::Value Euro(int64_t amount_minor);

// Everything that a decision says, for comparing two of them byte by byte.
std::string Dump(const RuleSet& rules, const Decision& decision);

}  // namespace touchstone::rules
