#pragma once

// The cells of a decision table's inputs: `gold | silver`, `>= 18`, `[100.00..300.00)`, `not de`.
//
// A cell is one item or several with `|` between them, of which one must fit, or `not` and those,
// of which none may. An item is a literal of the input's type, a literal behind <, <=, > or >=, or
// a range of two: a square bracket takes its end in, a round one leaves it out. Texts that hold |
// or ' or begin with `not ` or a blank stand in single quotes, a single quote in them twice. Thread
// safety: pure function.

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rules/eligibility/value_key.h"

namespace touchstone::rules {

// CEL that is true where the cell fits `input`, an expression whose values have such keys.
// InvalidArgument with a sentence for the author. `zone`: of times without an offset. REQUIRES: the
// cell is not empty; kind is not kDuration.
absl::StatusOr<std::string> CellCondition(absl::string_view cell, absl::string_view input,
                                          KeyKind kind, absl::TimeZone zone);

// "write 18, >= 18, or [18..65) for a range".
absl::string_view CellHint(KeyKind kind);

}  // namespace touchstone::rules
