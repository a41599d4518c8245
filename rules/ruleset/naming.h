#pragma once

// What names look like, and which one an author may have meant.
//
// Thread safety: pure functions.

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace touchstone::rules {

inline constexpr size_t kMaxNameBytes = 64;

// Names that expressions use: `[a-z][a-z0-9_]*`, and none of CEL's `in`, `true`, `false`, `null`.
bool IsSchemaName(absl::string_view name);
// Ids of offers, placements, campaigns, segments: `[A-Za-z0-9._-]`.
bool IsId(absl::string_view id);
// A BCP 47 language tag by its form: "de", "pt-BR", "zh-Hant-TW".
bool IsLocale(absl::string_view tag);

// "did you mean `receipt`?", or what there is when nothing is near, or "" when there is nothing.
std::string HintFor(absl::string_view name, const std::vector<std::string>& known);

}  // namespace touchstone::rules
