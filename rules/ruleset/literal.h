#pragma once

// Values that authors write in a rule set (defaults, facts of golden tests, reference rows), read
// as the declared type says.
//
// Thread safety: as the arena. Errors: InvalidArgument with a sentence for the author. Memory: what
// the value points to is in `memory`.

#include "absl/status/statusor.h"
#include "rules/expr/arena.h"
#include "rules/expr/value.h"
#include "rules/facts/schema.h"
#include "touchstone/v1/literal.pb.h"

namespace touchstone::rules {

// `currency`: of amounts that name none. A record's fields may be left out and are then absent.
absl::StatusOr<expr::Value> ParseLiteral(const v1::Literal& literal, const AttributeSpec& attribute,
                                         Currency currency, absl::TimeZone zone,
                                         expr::Arena& memory);

}  // namespace touchstone::rules
