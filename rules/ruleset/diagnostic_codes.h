#pragma once

// Every code that a diagnostic may carry, once, with its meaning: the source of
// docs/rules/diagnostics.md. A code is stable: scripts and the console key on it.
//
// Thread safety: constants.

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace touchstone::rules {

struct DiagnosticCode {
  absl::string_view code;
  absl::string_view meaning;
};

// The compiler's codes: names of constants, codes, and what they mean to an author. Those of files
// and of expressions, which know no constants, are in diagnostic_codes.cc.
#define TOUCHSTONE_DIAGNOSTIC_CODES(X)                                                             \
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
  X(kComputedCycle, "computed_cycle", "Computed attributes that need one another.")                \
  X(kEmptyCondition, "empty_condition", "A condition without text; leave the key out instead.")    \
  X(kNoOtherwise, "no_otherwise", "The last segment must be `otherwise: always`.")                 \
  X(kUnreachableSegment, "unreachable_segment", "A segment after `otherwise` is never reached.")   \
  X(kEmptyWindow, "empty_window", "A window that is never open.")                                  \
  X(kPastWindow, "past_window", "Warning: a window that has already ended.")                       \
  X(kBadFunding, "bad_funding", "The shares of a campaign's payers do not add up to 100%.")        \
  X(kMissingBenefit, "missing_benefit", "An offer that changes baskets without saying how.")       \
  X(kUnexpectedBenefit, "unexpected_benefit", "An offer that changes no basket has a benefit.")    \
  X(kMissingCurrency, "missing_currency",                                                          \
    "Warning: no amount in one of the rule set's currencies; there the offer does not apply.")     \
  X(kIdleOffer, "idle_offer", "Warning: an offer that neither shows nor changes anything.")        \
  X(kUnreachableTreatment, "unreachable_treatment",                                                \
    "Warning: a treatment for a placement of a channel that the offer does not name.")             \
  X(kLimitTooLarge, "limit_too_large",                                                             \
    "A limit per customer that counts further than her contact state remembers.")                  \
  X(kIdleLimit, "idle_limit", "Warning: a limit that can never have an effect.")                   \
  X(kMissingText, "missing_text", "A treatment lacks a field, or a text lacks a locale.")          \
  X(kTextTooLong, "text_too_long", "A text that is longer than its field allows.")                 \
  X(kBadText, "bad_text", "A text that cannot be shown: a brace without end, a url with spaces.")  \
  X(kUnknownPlaceholder, "unknown_placeholder", "A placeholder that stands for nothing here.")     \
  X(kFallbackNotPublic, "fallback_not_public",                                                     \
    "A fallback offer must do without personal facts, since it stands in when they are missing.")  \
  X(kFallbackNotShown, "fallback_not_shown",                                                       \
    "A fallback offer that its placement cannot show: no treatment, or another channel.")

namespace codes {
#define TOUCHSTONE_DEFINE_CODE(name, code, meaning) \
  inline constexpr DiagnosticCode name = {code, meaning};
TOUCHSTONE_DIAGNOSTIC_CODES(TOUCHSTONE_DEFINE_CODE)
#undef TOUCHSTONE_DEFINE_CODE
}  // namespace codes

// Those of the compiler alone, and those of files and expressions too; both in order of code.
absl::Span<const DiagnosticCode> CompilerDiagnosticCodes();
absl::Span<const DiagnosticCode> AllDiagnosticCodes();

// The text of docs/rules/diagnostics.md.
std::string DiagnosticCodesPage();

}  // namespace touchstone::rules
