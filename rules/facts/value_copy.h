#pragma once

// Deep copies of values into memory that outlives the evaluation or message they came from.
//
// Thread safety: as the arena. Cost: linear in the value. Types (kind type) are not copied: they
// belong to programs.

#include "rules/expr/arena.h"
#include "rules/expr/value.h"

namespace touchstone::rules {

expr::Value CopyValue(const expr::Value& value, expr::Arena& memory);

}  // namespace touchstone::rules
