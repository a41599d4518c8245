#pragma once

// The text that "%s of %.2f".format([...]) fills in, read piece by piece: what the checker and the
// evaluator agree on. Internal to rules/expr.
//
// A place is % and a letter: s any value, d whole numbers, f and e numbers with a fixed count of
// decimals, x and X hexadecimal, o octal, b binary; %% is a percent sign. Between % and the letter
// may stand a precision (%.2f), at most limits::kMaxFormatPrecision; only f and e heed it.

#include "absl/strings/string_view.h"

namespace touchstone::rules::expr {

struct FormatPiece {
  absl::string_view text;  // as it is, before the place
  char letter = '\0';      // of the place; '\0' when the text ends the whole
  int precision = 6;
};

// Takes the next piece off `rest`, which must not be empty; false when what follows is no piece,
// with what is wrong (from its %) in piece.text.
bool TakeFormatPiece(absl::string_view& rest, FormatPiece& piece);

}  // namespace touchstone::rules::expr
