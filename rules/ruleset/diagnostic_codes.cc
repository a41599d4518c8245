#include "rules/ruleset/diagnostic_codes.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"

namespace touchstone::rules {

absl::Span<const DiagnosticCode> AllDiagnosticCodes() {
  static const auto& kAll = *[] {
    auto* all = new std::vector<DiagnosticCode>{
#define TOUCHSTONE_LIST_CODE(name, code, meaning) codes::name,
        TOUCHSTONE_DIAGNOSTIC_CODES(TOUCHSTONE_LIST_CODE)
#undef TOUCHSTONE_LIST_CODE
    };
    std::sort(all->begin(), all->end(),
              [](const DiagnosticCode& a, const DiagnosticCode& b) { return a.code < b.code; });
    return all;
  }();
  return kAll;
}

std::string DiagnosticCodesPage() {
  std::string page =
      "# Diagnostics\n\n"
      "What validation may find in a rule set. Every finding says where it is, what is wrong and\n"
      "what to do; the code is stable, so that scripts can key on it. Findings are errors unless\n"
      "the table says that they are warnings; a rule set with errors cannot be published.\n\n"
      "This page is written by `diagnostic_codes_doc` from `rules/ruleset/diagnostic_codes.h`.\n\n"
      "| code | meaning |\n|---|---|\n";
  for (const DiagnosticCode& code : AllDiagnosticCodes()) {
    absl::StrAppend(&page, "| `", code.code, "` | ", code.meaning, " |\n");
  }
  return page;
}

}  // namespace touchstone::rules
