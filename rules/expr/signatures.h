#pragma once

// Which argument types each function takes, in strict CEL plus money and decimal. Internal to the
// checker. && || ?: are not here: they report on each operand.

#include <vector>

#include "absl/types/span.h"
#include "rules/expr/functions.h"
#include "rules/expr/type.h"

namespace touchstone::rules::expr {

struct Signature {
  bool receiver_style = false;  // x.f(y); operators are global
  std::vector<Type> params;     // receiver first; type parameters are named "A" and "B"
  Type result;
  bool generic = false;  // may have type parameters
};

// Thread safe; the table lives for the whole process.
absl::Span<const Signature> SignaturesOf(Function function);

}  // namespace touchstone::rules::expr
