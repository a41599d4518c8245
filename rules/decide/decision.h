#pragma once

// One decision: what goes in and what comes out.
//
// Everything here is plain data. Lifetime: a DecisionInput borrows all it points to; a Decision
// borrows from the RuleSet, the input and the Scratch that made it, until that Scratch is used
// again.

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rules/basket/pricing.h"
#include "rules/expr/value.h"
#include "rules/facts/reference.h"
#include "rules/policy/limit.h"

namespace touchstone::rules {

// Whether the customer's record was there.
enum class InputStatus : uint8_t {
  kPresent,
  kUnknown,      // identities that find no customer: decided as anonymous, said so
  kAnonymous,    // no identity
  kUnavailable,  // her record did not come in time
};

// A line as the till sent it, beside its pricing form: what product facts come from.
struct LineFacts {
  absl::string_view sku;
  // What the caller says of the product; used when the snapshot has no such SKU.
  absl::Span<const absl::string_view> caller_categories;
  absl::Span<const expr::Value> caller_product = {};  // by column of the table; empty: nothing
};

// What of an offer could not be claimed. kCode: the code or grant that brought it.
enum class Unclaimable : uint8_t { kBudget, kLimit, kCode };

// An offer that a reservation found used up between its decision and its claims.
struct UnclaimedOffer {
  uint32_t offer = 0;  // index
  Unclaimable what = Unclaimable::kBudget;
};

// What a presented code is good for at the moment of the decision.
enum class CodeStanding : uint8_t {
  kValid,
  kUnknown,
  kNotYetValid,
  kExpired,
  kUsed,
  kReservedElsewhere,  // all that is left of it is held by other transactions
  kNotYours,           // it is another customer's
  kRevoked,
  kNotRead,  // it could not be looked up in time
};

inline constexpr uint32_t kNoOffer = UINT32_MAX;

struct PresentedCode {
  CodeStanding standing = CodeStanding::kUnknown;
  uint32_t offer = kNoOffer;  // index of the offer that it carries, when that is one with codes
  absl::string_view offer_id = {};  // the same, whatever the rule set has; empty: not known
};

// Position of the code that brings an offer: the first valid one that carries it.
inline std::optional<size_t> FindCode(absl::Span<const PresentedCode> codes, uint32_t offer) {
  for (size_t i = 0; i < codes.size(); ++i) {
    if (codes[i].standing == CodeStanding::kValid && codes[i].offer == offer) return i;
  }
  return std::nullopt;
}

// Whether the presented codes may hold one more than is known.
inline bool IsACodeNotRead(absl::Span<const PresentedCode> codes) {
  for (const PresentedCode& code : codes) {
    if (code.standing == CodeStanding::kNotRead) return true;
  }
  return false;
}

// A right of the customer's to an offer that asks for one.
struct HeldGrant {
  // kValid, kNotYetValid, kExpired, or kReservedElsewhere.
  CodeStanding standing = CodeStanding::kValid;
  uint32_t offer = 0;  // index
  absl::string_view id = {};
};

// Position of the grant that brings an offer: the first valid one for it.
inline std::optional<size_t> FindGrant(absl::Span<const HeldGrant> grants, uint32_t offer) {
  for (size_t i = 0; i < grants.size(); ++i) {
    if (grants[i].standing == CodeStanding::kValid && grants[i].offer == offer) return i;
  }
  return std::nullopt;
}

struct DecisionInput {
  const ReferenceSnapshot* reference = nullptr;  // never null
  // Facts of the decision row as bound: customer attributes, aggregates and request facts in their
  // slots of the FactLayout (absent where unknown). Built-ins, computed and store facts are filled
  // in by Decide. Size: decision_row_size().
  absl::Span<const expr::Value> facts;
  // Empty lines: no basket.
  Basket basket;
  absl::Span<const LineFacts> line_facts;            // parallel to basket.lines
  absl::Span<const absl::string_view> tender_types;  // of the basket, as far as known
  absl::Span<const Contact> contacts;                // what has counted for the customer, any order
  absl::Span<const uint32_t> paused;                 // offer indexes, ascending
  absl::Span<const uint32_t> closed_budgets;         // budget indexes, ascending
  absl::Span<const UnclaimedOffer> unclaimed;        // ascending by offer
  absl::Span<const PresentedCode> codes;             // in the order presented
  absl::Span<const HeldGrant> grants;                // what ends first first
  InputStatus customer = InputStatus::kAnonymous;
  absl::string_view decision_id;
  absl::string_view store;  // key; empty outside stores
  uint16_t channel = 0;     // index into RuleSet::channels
  bool outbound = false;
  absl::string_view locale;               // BCP 47; falls back by prefix, then to the first
  absl::Span<const uint16_t> placements;  // indexes into RuleSet::placements, as asked for
  absl::Time now;
  uint64_t seed = 0;        // of the transaction
  uint64_t step_limit = 0;  // evaluator steps of the whole decision
};

enum class Completeness : uint8_t { kComplete, kPartial };
enum class CompletenessCause : uint8_t { kNone, kCustomerUnavailable, kCodesNotRead, kStepLimit };

// Where an offer was ruled out, in the order in which that is asked.
enum class Stage : uint8_t {
  kNone,  // not ruled out: it changed the basket or is shown
  kPaused,
  kWindow,
  kChannel,
  kPlacement,  // no treatment for any placement asked for, and it changes no basket
  kEligible,
  kSegment,
  kConsent,
  kSuppression,
  kQuietHours,
  kLimit,
  kCoolDown,
  kBudget,
  kRequires,
  kStacking,
  kRank,
};
// "window", "eligible", "quiet_hours": the word in golden tests, reasons and documentation.
absl::string_view StageName(Stage stage);
std::optional<Stage> FindStage(absl::string_view name);

// Why, beyond the stage. kNoLines, kNoSet, kNoTier, kNotAbovePrice and kTooSmall come at kRequires,
// kNothingLeft and kExcluded at kStacking, kNoBasket at kPlacement, kNoCode, kCodeNotRead,
// kNoGrant and kGrantNotRead at kEligible; kNoCurrency at kEligible, or at kBudget when its budget
// is money of another currency; kUnclaimed at kLimit or kBudget, or at kEligible when its code or
// grant was.
enum class Cause : uint8_t {
  kNone,
  kCondition,       // a conjunct is false: `part` is its position
  kError,           // a conjunct ended in an error: `part`, `error`
  kInputMissing,    // it needs the customer's record, which did not come (INPUT_MISSING)
  kAnonymousLimit,  // a per-customer limit, and the customer is not known
  kLimitReached,    // `part` is the limit's position
  kSpent,           // its budget has nothing left
  kUnclaimed,       // it could not be claimed: others took the last of it
  kNoCode,          // no valid code was presented for it
  kCodeNotRead,     // the same, but a code could not be looked up in time (INPUT_MISSING)
  kNoGrant,         // she holds no valid grant of it, and no valid code was presented for it
  kGrantNotRead,    // the same, but her record did not come (INPUT_MISSING)
  kNoCurrency,      // the benefit or budget has no amount in the basket's currency
  kNoLines,         // no line or unit that it may touch
  kNoSet,           // the units make no complete set
  kNoTier,          // less is bought than its first tier asks for
  kNotAbovePrice,   // what it is about costs no more than its price
  kNothingLeft,     // nothing left to take off
  kExcluded,        // by another offer that was applied: `rival`
  kTooSmall,        // what it would take rounds to less than a minor unit
  kNoBasket,        // it changes baskets and there is none
  kOutranked,       // better offers took the places
  kGroupFull,       // the placement's group_at_most
  kNoTreatment,     // no placement asked for shows it
  kStepLimit,
  kNotMatched,  // the index found the condition not to hold; which part of it, was not asked
};
// "condition", "input_missing": the word in reasons and documentation.
absl::string_view CauseName(Cause cause);

struct OfferOutcome {
  Stage stage = Stage::kNone;
  Cause cause = Cause::kNone;
  uint16_t part = 0;
  expr::ErrorCode error = expr::ErrorCode::kAbsent;
  bool applied = false;  // changed the basket
  bool shown = false;
  bool value_failed = false;     // its value ended in an error or NaN: ranked last
  uint32_t rival = 0;            // kExcluded: the offer
  int64_t score_millionths = 0;  // when it came to ranking
  Money taken;                   // when applied
};

struct ShownOffer {
  uint32_t offer = 0;
  uint32_t position = 0;  // from 0
  bool fallback = false;
  absl::Span<const absl::string_view> texts;  // by field of the placement
};

struct PlacementAnswer {
  uint16_t placement = 0;
  absl::Span<const ShownOffer> shown;
};

struct AppliedOffer {
  uint32_t offer = 0;
  Money taken = {};
  int64_t points = 0;
  int64_t coupons = 0;        // for a later visit
  int64_t applications = 0;   // as Applied says
  int64_t missing_gifts = 0;  // units of its gift that are not in the basket
  bool cut_by_guard_rail = false;
};

// Null: it was not applied.
inline const AppliedOffer* FindApplied(absl::Span<const AppliedOffer> all, uint32_t offer) {
  for (const AppliedOffer& applied : all) {
    if (applied.offer == offer) return &applied;
  }
  return nullptr;
}

// How the best combination of offers was looked for.
enum class CombinationSearch : uint8_t { kNone, kExact, kGreedy };

struct BasketAnswer {
  bool priced = false;  // false: there was no basket
  Currency currency;
  int64_t gross_minor = 0;    // everything, after manual discounts
  int64_t payable_minor = 0;  // everything, after offers
  int64_t points = 0;
  CombinationSearch search = CombinationSearch::kNone;
  int64_t greedy_gap_minor = 0;        // kGreedy: the best combination takes at most this much more
  absl::Span<const LineTotals> lines;  // parallel to the input's
  absl::Span<const LineTaking> takings;    // in order of pricing, then line
  absl::Span<const AppliedOffer> applied;  // in order of pricing
};

struct Decision {
  Completeness completeness = Completeness::kComplete;
  CompletenessCause cause = CompletenessCause::kNone;
  absl::string_view segment;
  bool segment_known = true;  // false: it depends on the record that did not come
  BasketAnswer basket;
  absl::Span<const PlacementAnswer> placements;  // as asked for
  // By offer index. What was not considered is refused at kEligible with kNotMatched, unless the
  // reasons of every offer were asked for.
  absl::Span<const OfferOutcome> offers;
  // The offers whose `eligible` holds, the fallback offers of the placements, those that valid
  // codes and grants are for and, where fewer than three of those were refused, some others with
  // their reasons; ascending.
  absl::Span<const uint32_t> considered;
  // Facts of the decision row as the rules saw them at the end.
  absl::Span<const expr::Value> facts;
  uint64_t steps_left = 0;  // of the input's step limit
};

}  // namespace touchstone::rules
