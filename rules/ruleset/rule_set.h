#pragma once

// A compiled rule set: everything a decision needs, immutable, shared by all threads.
//
// Built by Compile (compile.h) from the message; every program in it is checked, so that nothing is
// found out at the till. Thread safety: const. Lifetime: held by shared_ptr; a decision keeps the
// one it began with. Programs refer to constants and defaults that the RuleSet owns, so it does not
// move.

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rules/basket/benefit.h"
#include "rules/basket/pricing.h"
#include "rules/eligibility/decision_table.h"
#include "rules/eligibility/index.h"
#include "rules/expr/arena.h"
#include "rules/expr/constant_set.h"
#include "rules/expr/program.h"
#include "rules/facts/layout.h"
#include "rules/facts/reference.h"
#include "rules/facts/schema.h"
#include "rules/money/decimal.h"
#include "rules/policy/limit.h"
#include "rules/policy/window.h"
#include "rules/ruleset/offer_scan.h"

namespace touchstone::rules {

// A condition as its top-level conjuncts, in the order written. Evaluated as CEL's &&: false if any
// conjunct is false, else an error if any is one, else true. The first false conjunct (else the
// first error) is the part that decides, which is what a reason names.
struct Condition {
  struct Conjunct {
    expr::Program program;
    std::string text;           // canonical
    bool only_segment = false;  // reads customer.segment and no other fact
    bool personal = false;      // reads a personal fact
  };
  std::vector<Conjunct> conjuncts;  // empty: always true

  bool personal() const {
    for (const Conjunct& c : conjuncts) {
      if (c.personal) return true;
    }
    return false;
  }
};

// A product list: the constant list.NAME of expressions.
struct ProductListSpec {
  std::string name;
  expr::ListData data;  // its index is `set`
  std::unique_ptr<const expr::ConstantSet> set;
};
// As rules name it; refers to `list`.
inline expr::ConstantDecl ConstantOf(const ProductListSpec& list) {
  return {"list." + list.name, expr::Type::List(expr::Type(expr::TypeKind::kString)),
          expr::Value::List(&list.data)};
}

// A decision table with what its rows say.
struct DecisionTableSpec {
  DecisionTable rows;
  std::vector<expr::Value> outputs;     // by row
  expr::Value otherwise;                // where no row holds
  std::unique_ptr<expr::Arena> memory;  // of the values
};

// The commercial wrapper of offers; for people and reports, it decides nothing.
struct CampaignSpec {
  struct Payer {
    std::string name;
    int64_t share_ppm = 0;  // all shares of a campaign add up to 1,000,000
  };
  struct ContactCost {
    uint16_t channel = 0;  // index into RuleSet::channels
    Money cost;
  };
  std::string name;
  std::string title;
  std::string owner;
  std::string cost_centre;
  std::vector<Payer> funding;
  std::vector<ContactCost> contact_costs;
};

// What offers may take together. Its name is the counter's identity across revisions.
struct BudgetSpec {
  std::string name;
  int64_t uses = 0;                      // 0: not limited
  std::optional<int64_t> amount_minor;   // in all, above 0
  std::optional<int64_t> per_day_minor;  // on one local day of the rule set's zone, above 0
  Currency currency;                     // of the amounts; none without any
  bool honour = false;                   // promises may go beyond it, by at most overrun_minor
  int64_t overrun_minor = 0;
  bool restored_by_returns = true;

  bool counts_money() const { return !currency.is_none(); }
};

// What makes a grant of a granted offer, and how long that can be used: for `use_within`, or until
// the offer's window ends, if that is before.
struct PromiseSpec {
  absl::Duration use_within;
  bool ends_with_window = false;
  bool keeps_terms = false;  // its grants do
};

// The coupon that a sale gives for a later visit (BenefitKind::kCoupons).
struct NextVisitSpec {
  uint32_t offer = 0;            // index of what it is good for
  absl::Duration use_within;     // from its start
  bool starts_next_day = false;  // with the local day after the sale, else at once
};

// Position of the budget of that name. REQUIRES: they are in order of name.
std::optional<uint32_t> FindBudget(absl::Span<const BudgetSpec> budgets, absl::string_view name);

// What a return refunds: all but the price of what is kept, or what the units were paid.
enum class ReturnPolicy : uint8_t { kRecompute, kProportional };

struct SegmentSpec {
  std::string name;
  Condition when;  // no conjuncts: otherwise
};

// kGranted: to whom holds a grant of it, or presents a code that carries it.
enum class Applies : uint8_t { kAutomatic, kGranted, kCoded, kNever };
// A code can carry such an offer.
constexpr bool AsksForRight(Applies applies) {
  return applies == Applies::kGranted || applies == Applies::kCoded;
}

enum class LimitScope : uint8_t { kBasket, kCustomer };

struct LimitSpec {
  std::string id;
  std::optional<expr::Program> at_most_formula;  // int; else at_most
  int64_t at_most = 0;
  bool formula_personal = false;
  ContactKind count = ContactKind::kShown;
  LimitScope per = LimitScope::kCustomer;
  LimitWindow over;
  bool anonymous_unlimited = false;
};

// A text with placeholders, cut into pieces: literal, then (placeholder, literal)*.
struct TextTemplate {
  enum class Placeholder : uint8_t {
    kBenefitAmount,   // {benefit.amount}: what the offer took from the basket, "5.00"
    kBenefitPercent,  // {benefit.percent}: "20"
    kFact,            // {customer.first_name}: a fact of the decision row
    // Of texts of near misses only.
    kNearMissCard,   // {near_miss.card}: nothing; the text is for those who are not known yet
    kNearMissSpend,  // {near_miss.spend}: "3.20"
    kNearMissUnits,  // {near_miss.units}: "1", "0.25"
    kNearMissFrom,   // {near_miss.from}: "2026-11-27", "2026-11-27 07:00"
  };
  struct Piece {
    std::string literal;                     // before the placeholder
    std::optional<Placeholder> placeholder;  // absent on the last piece
    expr::Slot slot;                         // kFact
  };
  std::vector<Piece> pieces;
  bool personal = false;
};

struct TreatmentSpec {
  // [field of the placement][locale of the rule set]; of a near miss, without locales for a field
  // that it leaves out.
  std::vector<std::vector<TextTemplate>> texts;
};

// What an offer says when it was nearly reached, and where the search for what is missing begins.
struct NearMissSpec {
  std::vector<std::optional<TreatmentSpec>> treatments;  // by placement index
  // Numbers that its conditions on the basket and its tiers name, each once; at most
  // kMaxThresholds. Guesses: what comes of them is checked.
  std::vector<ExactNumber> thresholds;
  bool reads_known = false;  // a condition reads customer.known
};
inline constexpr size_t kMaxThresholds = 8;

// How far from an offer a basket may be for it to be a near miss.
struct NearMissReach {
  size_t at_most = 3;      // of one answer
  AmountByCurrency spend;  // most to add; in a currency without an amount: half of basket.net
  int64_t units = 3;       // most to add
  absl::Duration within = absl::Hours(7 * 24);
};

// What an offer says that it does not go together with. Of two offers, either may say it.
struct StackingSpec {
  bool on_line = false;             // it says so of the same line only, else of the same basket
  bool exclusive = false;           // with any other, shelf prices aside
  std::vector<uint32_t> not_with;   // offer indexes, ascending
  std::vector<int16_t> not_groups;  // group indexes, ascending; of its own group: with the others

  bool excludes_all() const { return exclusive && !on_line; }
  bool says_anything() const { return exclusive || !not_with.empty() || !not_groups.empty(); }
};

struct OfferSpec {
  std::string id;
  std::string title;
  std::string campaign;    // may be empty
  int16_t group = -1;      // index into RuleSet::groups, -1: none
  uint32_t stable_id = 0;  // StableId(id)
  std::string terms_hash;  // of TermsHash; kGranted only
  uint32_t terms = 0;      // its TermsId
  // No offer of the revision: terms for those whose grants keep them. It stands behind the offer of
  // that id, if there is one, and is found by VersionsOf only. At most one of both works on a
  // basket, and what counts them counts both.
  bool is_kept = false;
  Applies applies = Applies::kNever;
  bool is_public = false;
  std::optional<WindowSpec> window;    // a zone `customer` makes it not public
  std::optional<PromiseSpec> promise;  // made when she accepts it; kGranted only
  uint64_t channels = ~uint64_t{0};    // bit i: RuleSet::channels[i]
  Condition eligible;
  Condition requires_;
  std::optional<expr::Program> value;
  std::optional<BenefitSpec> benefit;
  std::optional<NextVisitSpec> next_visit;  // of a benefit that gives coupons
  Condition lines;                          // over the line row; of benefit
  std::vector<Condition> part_lines;        // by part of the benefit's set, beside `lines`
  StackingSpec stacking;
  std::vector<LimitSpec> limits;
  int32_t budget = -1;                                   // index into RuleSet::budgets, -1: none
  std::vector<std::optional<TreatmentSpec>> treatments;  // by placement index
  std::optional<NearMissSpec> near_misses;
};

struct ByOfferId {
  bool operator()(const OfferSpec& a, absl::string_view b) const { return a.id < b; }
  bool operator()(absl::string_view a, const OfferSpec& b) const { return a < b.id; }
};

struct PlacementSpec {
  std::string name;
  uint16_t channel = 0;
  int max_offers = 1;
  absl::Duration budget;
  bool shown_on_answer = false;
  std::vector<int> group_at_most;  // by group index; -1: no limit
  struct Field {
    std::string name;
    int max_characters = 1000;
    bool is_url = false;
  };
  std::vector<Field> fields;       // in order of name
  std::vector<uint32_t> fallback;  // offer indexes, in order
};

struct RuleSet {
  std::string name;
  std::string content_hash;  // hex SHA-256 of the deterministic serialisation of the message
  Schema schema;
  std::unique_ptr<const FactLayout> layout;
  std::vector<std::string> locales;
  std::vector<std::string> channels;
  std::vector<std::string> groups;
  expr::Arena memory;  // of product lists
  std::vector<std::unique_ptr<const ProductListSpec>> lists;
  std::vector<DecisionTableSpec> tables;  // in order of evaluation
  std::vector<CampaignSpec> campaigns;    // in order of name
  std::vector<BudgetSpec> budgets;        // in order of name
  std::vector<SegmentSpec> segments;      // the last is `otherwise`
  std::vector<PlacementSpec> placements;  // in order of name
  std::vector<OfferSpec> offers;          // in order of id, of one id in order of terms_hash
  OfferScan scan;                         // of offers
  EligibilityIndex index;                 // of their `eligible`
  std::vector<uint32_t> pricing_order;    // offers with a benefit: stage, priority, id
  Condition never_discount;               // over the line row; only with has_never_discount
  bool has_never_discount = false;
  PricingPolicy pricing;                                    // rounding, guard rails
  std::array<bool, kPricingStages> best_for_customer = {};  // by stage; else by priority
  ReturnPolicy return_policy = ReturnPolicy::kRecompute;
  bool has_exclusive = false;              // an offer that excludes_all()
  std::vector<uint32_t> near_miss_offers;  // those with near_misses, ascending
  NearMissReach near_miss_reach;
  absl::flat_hash_map<std::string, uint32_t> offer_by_id;  // those that are not is_kept
  absl::flat_hash_map<std::string, uint32_t> placement_by_name;

  RuleSet() = default;
  RuleSet(const RuleSet&) = delete;
  RuleSet& operator=(const RuleSet&) = delete;
};

// From `first`, not through `end`.
struct OfferRange {
  uint32_t first = 0;
  uint32_t end = 0;
};
// The offers of that id: the revision's own, if it has one, and the terms of it that grants keep.
inline OfferRange VersionsOf(const RuleSet& rule_set, absl::string_view id) {
  const auto [first, end] =
      std::equal_range(rule_set.offers.begin(), rule_set.offers.end(), id, ByOfferId());
  return {static_cast<uint32_t>(first - rule_set.offers.begin()),
          static_cast<uint32_t>(end - rule_set.offers.begin())};
}

// The names that its rules were checked against; refers to `rule_set`.
inline RuleSetNames NamesOf(const RuleSet& rule_set) {
  RuleSetNames names;
  names.channels = rule_set.channels;
  for (const SegmentSpec& segment : rule_set.segments) names.segments.push_back(segment.name);
  for (const auto& list : rule_set.lists) names.lists.push_back(ConstantOf(*list));
  return names;
}

inline constexpr absl::string_view kAnonymousSegment = "anonymous";

}  // namespace touchstone::rules
