#pragma once

// Values as keys: the order of a type mapped to the order of int64, so that sets and indexes need
// to know one kind of number only.
//
// Whole numbers, durations and bools are their own keys; a double's key keeps its order bit for bit
// (both zeros are one); decimals count thousandths, money ten-thousandths whatever its currency,
// timestamps nanoseconds from 1677 to 2262; amounts and times beyond these ranges stand at their
// ends. A value of a kind that its subject does not have has no key.
// Thread safety: pure.

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "rules/eligibility/value_set.h"
#include "rules/expr/functions.h"
#include "rules/expr/type.h"
#include "rules/expr/value.h"
#include "rules/money/decimal.h"

namespace touchstone::rules {

enum class KeyKind : uint8_t {
  kText,
  kBool,
  kInt,
  kDouble,
  kDecimal,
  kMoney,
  kTimestamp,
  kDuration,
};

// nullopt: values of this type have no keys.
std::optional<KeyKind> KeyKindOf(const expr::Type& type);
ValueDomain DomainOf(KeyKind kind);

struct ValueKey {
  enum class State : uint8_t {
    kNone,     // an error: no comparison with it is true or false
    kKey,      // key
    kText,     // text
    kNan,      // only != holds
    kForeign,  // a value without a key: what holds must be asked of the plain evaluator
  };
  State state = State::kNone;
  int64_t key = 0;
  absl::string_view text;
};
ValueKey KeyOf(KeyKind kind, const expr::Value& value);

// The values of a subject for which `subject RELATION literal` is true; nullopt when they are no
// set of keys (another type, another currency, an amount or a time at or beyond an end). REQUIRES:
// relation is one of kEqual to kGreaterEqual. Source: the comparisons of the CEL specification;
// between int and double it is the comparison of doubles that the conformance suite pins.
std::optional<ValueSet> ValuesWhere(KeyKind kind, expr::Function relation,
                                    const expr::Value& literal);
// The same where the literal is a number as it was written, beside money, a decimal or an int.
std::optional<ValueSet> ValuesWhere(KeyKind kind, expr::Function relation, ExactNumber literal);

}  // namespace touchstone::rules
