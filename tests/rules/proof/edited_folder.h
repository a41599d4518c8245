#pragma once

// A rule set with a mistake in it, written down as the change that an author made:
//
//   in offers/beans-20.yaml
//   - percent_off: 20
//   + percent_off: 200
//
// `in` replaces the one place where the `-` lines stand by the `+` lines (without any, takes it
// out), `add` adds a file or gives one a second time, `replace` writes a file anew, `delete` takes
// it away; `add notes.txt * 1100` adds it so many times. In `+` lines stand `[[x * 300]]` for x 300
// times, `[[1 .. 300]]` for the numbers, a line each, `[[hex EFBBBF]]` for bytes.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rules/ruleset/files.h"

namespace touchstone::rules {

// InvalidArgument for text that is no such change, or does not fit the files.
absl::StatusOr<std::vector<SourceFile>> Edited(std::vector<SourceFile> files,
                                               absl::Span<const std::string> edits);

}  // namespace touchstone::rules
