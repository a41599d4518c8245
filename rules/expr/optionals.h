#pragma once

// Optionals: a value that may not be there, as a value. Internal to the evaluator.
//
// .?field and [?key] of something that is there but has no such field, key or position are
// optional.none(); an absent attribute under .? likewise. What cannot have fields or keys at all is
// an error. Access into an optional is optional itself, with or without a question mark.
// Source: google/cel-spec's optionals tests and cel-go's OptionalTypes library, version 2.

#include "absl/strings/string_view.h"
#include "rules/expr/evaluation.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

inline Value OptionalNone() { return Value::Optional(nullptr); }
// An error stays an error.
Value OptionalOf(const Value& value, Evaluation& evaluation);
// As OptionalOf, but what is absent is none: for attributes and record fields.
Value OptionalOfPresent(const Value& value, Evaluation& evaluation);

// operand.?field by name; `operand` may be a map or an optional of one.
Value OptionalSelect(const Value& operand, absl::string_view field, Evaluation& evaluation);
// operand.?field by position; `operand` may be a record or an optional of one.
Value OptionalField(const Value& operand, uint16_t field, Evaluation& evaluation);
// has(operand.field). REQUIRES: operand is an optional.
Value OptionalHas(const Value& operand, absl::string_view field, Evaluation& evaluation);
Value OptionalHas(const Value& operand, uint16_t field, Evaluation& evaluation);

}  // namespace touchstone::rules::expr
