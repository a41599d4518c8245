#pragma once

// Words that mean something in speech but nothing in an expression. Internal to the parser.

#include "absl/strings/string_view.h"

namespace touchstone::rules::expr {

// What to write instead of a word such as "and"; "" for a word that we know nothing about.
absl::string_view HintForWord(absl::string_view word);

}  // namespace touchstone::rules::expr
