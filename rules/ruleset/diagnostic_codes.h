#pragma once

// Every code that a diagnostic may carry, once, with its meaning: the source of
// docs/rules/diagnostics.md. A code is stable: scripts and the console key on it.
//
// Thread safety: constants.

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rules/ruleset/diagnostic.h"

namespace touchstone::rules {

struct DiagnosticCode {
  absl::string_view code;
  absl::string_view meaning;
  Severity severity = Severity::kError;
};

// The compiler's errors and warnings, and what rules/proof warns of: names of constants, codes, and
// what they mean to an author. The errors of files and of expressions, which know no constants, are
// in diagnostic_codes.cc.
#define TOUCHSTONE_DIAGNOSTIC_ERRORS(X)                                                            \
  X(kMissingValue, "missing_value", "A key that is required is missing or empty.")                 \
  X(kUnexpectedValue, "unexpected_value", "A key that has no meaning beside the others.")          \
  X(kBadName, "bad_name", "A name or id holds characters that it may not hold, or is too long.")   \
  X(kReservedName, "reserved_name", "A name that the language or the service itself uses.")        \
  X(kDuplicateName, "duplicate_name", "Two things of one kind have the same name.")                \
  X(kNameCollision, "name_collision",                                                              \
    "Two names have the same stable id; one of them needs another name.")                          \
  X(kTooMany, "too_many", "More of something than the named limit allows.")                        \
  X(kUnknownWord, "unknown_word", "A word that is not one of those that this key knows.")          \
  X(kBadValue, "bad_value", "A value that cannot be read as what is declared or expected.")        \
  X(kOutOfRange, "out_of_range", "A number outside the range that makes sense here.")              \
  X(kNotSupportedYet, "not_supported_yet", "This version does not act on it; nothing is ignored.") \
  X(kWrongType, "wrong_type", "An expression of another type than is expected in this place.")     \
  X(kBadExpression, "bad_expression",                                                              \
    "An expression that cannot be run, such as a pattern that is too large.")                      \
  X(kUnknownType, "unknown_type", "A type that the schema does not know in this place.")           \
  X(kUnknownZone, "unknown_zone", "A time zone that is not an IANA name.")                         \
  X(kUnknownCurrency, "unknown_currency",                                                          \
    "A currency that is no ISO 4217 code or that the rule set does not have.")                     \
  X(kUnknownLocale, "unknown_locale", "A locale that the rule set does not have.")                 \
  X(kUnknownChannel, "unknown_channel", "A channel that the rule set does not have.")              \
  X(kUnknownPlacement, "unknown_placement", "A placement that the rule set does not have.")        \
  X(kUnknownCampaign, "unknown_campaign", "A campaign that the rule set does not have.")           \
  X(kUnknownBudget, "unknown_budget", "A budget that the rule set does not have.")                 \
  X(kUnknownGroup, "unknown_group", "A group that no offer belongs to.")                           \
  X(kUnknownOffer, "unknown_offer", "An offer that the rule set does not have.")                   \
  X(kUnknownSegment, "unknown_segment", "A segment that the rule set does not have.")              \
  X(kUnknownEvent, "unknown_event", "An event type that the schema does not declare.")             \
  X(kUnknownAttribute, "unknown_attribute",                                                        \
    "An attribute, aggregate or column that the schema does not declare.")                         \
  X(kUnknownField, "unknown_field", "A text field that the placement does not have.")              \
  X(kUnknownRow, "unknown_row", "A reference row that is not under tests/reference/.")             \
  X(kDefaultOrOptional, "default_or_optional",                                                     \
    "An attribute says either `default` or `optional: true`: neither is there, or both are.")      \
  X(kComputedCycle, "computed_cycle",                                                              \
    "Computed attributes, audiences or tables that need one another.")                             \
  X(kEmptyCondition, "empty_condition", "A condition without text; leave the key out instead.")    \
  X(kNoOtherwise, "no_otherwise", "The last segment must be `otherwise: always`.")                 \
  X(kUnreachableSegment, "unreachable_segment", "A segment after `otherwise` is never reached.")   \
  X(kEmptyWindow, "empty_window", "A window that is never open.")                                  \
  X(kBadFunding, "bad_funding", "The shares of a campaign's payers do not add up to 100%.")        \
  X(kMissingBenefit, "missing_benefit", "An offer that changes baskets without saying how.")       \
  X(kUnexpectedBenefit, "unexpected_benefit", "An offer that changes no basket has a benefit.")    \
  X(kLimitTooLarge, "limit_too_large",                                                             \
    "A limit per customer that counts further than her contact state remembers.")                  \
  X(kMissingText, "missing_text", "A treatment lacks a field, or a text lacks a locale.")          \
  X(kTextTooLong, "text_too_long", "A text that is longer than its field allows.")                 \
  X(kBadText, "bad_text", "A text that cannot be shown: a brace without end, a url with spaces.")  \
  X(kUnknownPlaceholder, "unknown_placeholder", "A placeholder that stands for nothing here.")     \
  X(kUnknownTable, "unknown_table", "Rows of a table that tables.yaml does not declare.")          \
  X(kTableColumns, "table_columns",                                                                \
    "The columns of a table's rows are not its inputs and its output, each once.")                 \
  X(kBadCell, "bad_cell", "A cell of a table that cannot be read, or that nothing fits.")          \
  X(kOverlappingRows, "overlapping_rows",                                                          \
    "Two rows of a table that can hold at once, where `hit_policy` is `unique`.")                  \
  X(kFallbackNotPublic, "fallback_not_public",                                                     \
    "A fallback offer must do without personal facts, since it stands in when they are missing.")  \
  X(kFallbackNotShown, "fallback_not_shown",                                                       \
    "A fallback offer that its placement cannot show: no treatment, or another channel.")

#define TOUCHSTONE_DIAGNOSTIC_WARNINGS(X)                                             \
  X(kPastWindow, "past_window", "A window that has already ended.")                   \
  X(kMissingCurrency, "missing_currency",                                             \
    "No amount in one of the rule set's currencies; there the offer does not apply.") \
  X(kIdleOffer, "idle_offer", "An offer that neither shows nor changes anything.")    \
  X(kUnreachableTreatment, "unreachable_treatment",                                   \
    "A treatment for a placement of a channel that the offer does not name.")         \
  X(kIdleLimit, "idle_limit", "A limit that can never have an effect.")               \
  X(kUnreachableRow, "unreachable_row",                                               \
    "A row of a table that never counts, since one above it takes all of its cases.")

#define TOUCHSTONE_PROOF_WARNINGS(X)                                                              \
  X(kAlwaysTrue, "always_true",                                                                   \
    "A condition, or a part of it, that holds whatever the facts are.")                           \
  X(kAlwaysFalse, "always_false", "A condition, or a part of it, that never holds.")              \
  X(kExcludesItself, "excludes_itself",                                                           \
    "An offer that its own channels, window, segment or lines rule out.")                         \
  X(kShadowedSegment, "shadowed_segment", "A segment that those before it leave nobody for.")     \
  X(kOverlappingSegments, "overlapping_segments",                                                 \
    "Two segments over a shared fact that can both hold, neither inside the other; with an "      \
    "example.")                                                                                   \
  X(kOldYear, "old_year",                                                                         \
    "A window that begins in an earlier year, unlike all siblings, where this year would do.")    \
  X(kFarWindow, "far_window", "A window that begins or ends more than ten years from now.")       \
  X(kLongNight, "long_night", "Hours that pass midnight and are open for more than twelve.")      \
  X(kUnusedAttribute, "unused_attribute", "A fact that is declared and that no rule reads.")      \
  X(kUnusedList, "unused_list", "A product list that no rule reads.")                             \
  X(kUnusedBudget, "unused_budget", "A budget that no offer draws on.")                           \
  X(kIdleChannel, "idle_channel",                                                                 \
    "A channel of an offer that it is shown on nowhere, and it changes no basket.")               \
  X(kDeepDiscount, "deep_discount",                                                               \
    "More than 75% off, while no other offer of the campaign takes 60%.")                         \
  X(kUnlimitedDiscount, "unlimited_discount",                                                     \
    "30% off lines, 10% off all or an amount off each, without `at_most` or limit per customer.") \
  X(kStackedDiscounts, "stacked_discounts",                                                       \
    "Two percentages that can meet on one line and sum past `most_off` of a line.")               \
  X(kOverGuardRail, "over_guard_rail",                                                            \
    "A discount that takes more than `most_off` lets through, so that it is cut.")                \
  X(kBelowCost, "below_cost",                                                                     \
    "A discount that sells a product under tests/ for less than nine tenths of its `cost`.")      \
  X(kOddAmount, "odd_amount",                                                                     \
    "A number ten times its siblings (of the campaign, else of all) or a tenth; also 0.2 "        \
    "percent.")                                                                                   \
  X(kUnevenCurrencies, "uneven_currencies",                                                       \
    "Amounts in two currencies at four times their usual ratio, or at a quarter of it.")          \
  X(kSmallCap, "small_cap", "An `at_most` below the amount that the benefit takes at once.")      \
  X(kTextDisagrees, "text_disagrees",                                                             \
    "A title or text with another percentage, weekday or power of ten than the rule.")            \
  X(kUnlikeWord, "unlike_word",                                                                   \
    "A text one letter apart from one that other conditions, tests or rows have for its fact.")   \
  X(kTwinOffers, "twin_offers", "Two discounts on the same lines under the same conditions.")     \
  X(kNoValue, "no_value",                                                                         \
    "An offer that is shown without `value`, while most others have one; no fallback.")           \
  X(kNameDisagrees, "name_disagrees",                                                             \
    "A limit called weekly, or an aggregate called …_90d, that counts over another time.")

namespace codes {
#define TOUCHSTONE_DEFINE_ERROR(name, code, meaning) \
  inline constexpr DiagnosticCode name = {code, meaning, Severity::kError};
#define TOUCHSTONE_DEFINE_WARNING(name, code, meaning) \
  inline constexpr DiagnosticCode name = {code, meaning, Severity::kWarning};
TOUCHSTONE_DIAGNOSTIC_ERRORS(TOUCHSTONE_DEFINE_ERROR)
TOUCHSTONE_DIAGNOSTIC_WARNINGS(TOUCHSTONE_DEFINE_WARNING)
TOUCHSTONE_PROOF_WARNINGS(TOUCHSTONE_DEFINE_WARNING)
#undef TOUCHSTONE_DEFINE_ERROR
#undef TOUCHSTONE_DEFINE_WARNING
}  // namespace codes

// Those of the compiler alone; with them those of files, expressions, golden tests and proofs. Both
// in order of code.
absl::Span<const DiagnosticCode> CompilerDiagnosticCodes();
absl::Span<const DiagnosticCode> AllDiagnosticCodes();

// The text of docs/rules/diagnostics.md.
std::string DiagnosticCodesPage();

}  // namespace touchstone::rules
