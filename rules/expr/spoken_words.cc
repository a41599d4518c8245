#include "rules/expr/spoken_words.h"

#include <string>

#include "absl/strings/ascii.h"

namespace touchstone::rules::expr {

absl::string_view HintForWord(absl::string_view word) {
  const std::string lower = absl::AsciiStrToLower(word);
  if (lower == "and") return "Write && for \"and\".";
  if (lower == "or") return "Write || for \"or\".";
  if (lower == "not") return "Write ! for \"not\".";
  if (lower == "is" || lower == "equals") return "Write == to compare.";
  if (lower == "contains" || lower == "startswith" || lower == "endswith" || lower == "matches") {
    return "Write it behind a dot, with parentheses: name.contains(\"text\").";
  }
  if (lower == "if" || lower == "then" || lower == "else") {
    return "Write condition ? value : other value.";
  }
  if (lower == "eur" || lower == "usd" || lower == "gbp" || lower == "chf") {
    return "Write the amount alone; it takes its currency from what it is compared with.";
  }
  return "";
}

}  // namespace touchstone::rules::expr
