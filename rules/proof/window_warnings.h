#pragma once

// Windows with a slip in the date or the hours. Internal to this room.
//
// old_year: the first day lies in an earlier year than this one, that of every sibling (two at
//   least) does not, and the same day of this year would do: the window is then longer than ten
//   months or, without an end, would have begun within sixty days of now.
// far_window: a first or last day that is more than ten years from now.
// long_night: hours that pass midnight and are open for more than twelve.
// (past_window and empty_window are the compiler's.)
// Thread safety: pure function. Cost: linear in the offers.

#include "rules/proof/proof_input.h"

namespace touchstone::rules {

void WarnOfWindows(const ProofInput& input);

}  // namespace touchstone::rules
