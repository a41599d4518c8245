#include "rules/ruleset/diagnostic_codes.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"

namespace touchstone::rules {
namespace {

// What the parser and the checker find (rules/expr). `unknown_field`, `wrong_type` and
// `empty_condition` are the compiler's as well and stand in its table.
constexpr DiagnosticCode kExpressionCodes[] = {
    {"curly_quotes", "Typographic quotes in an expression; it needs straight ones."},
    {"inexact_number", "A number beside money or a decimal that cannot be read exactly."},
    {"invalid_escape", "A backslash in a text that is followed by no known escape."},
    {"invalid_format", "A text to fill in with `format()` that its values do not fit."},
    {"invalid_has", "`has()` takes one name with a dot in it."},
    {"invalid_macro", "A macro such as `exists` without a variable and a condition."},
    {"invalid_macro_variable", "The variables of a macro must be plain names that differ."},
    {"invalid_map_key", "A map key must be text, a whole number, true or false."},
    {"invalid_number", "Digits that are no number."},
    {"mixed_types", "A list or map literal with elements of more than one type."},
    {"name_not_available", "A name that exists, but is not known in this place."},
    {"number_out_of_range", "A number that is too large for its type."},
    {"reserved_word", "A word that CEL keeps for itself, used as a name."},
    {"syntax", "An expression that cannot be read."},
    {"too_costly", "An expression that could take too many steps with the longest lists declared."},
    {"too_deep", "Nesting that is too deep."},
    {"too_long", "An expression that is too long."},
    {"too_many_elements", "A list or map literal with too many elements."},
    {"too_many_nested_macros", "Macros such as `exists` nested too deep."},
    {"unknown_character", "A character that means nothing in an expression."},
    {"unknown_enum_value", "A comparison with a word that the fact can never be."},
    {"unknown_function", "A function that does not exist."},
    {"unknown_name", "A name that is not declared."},
    {"unsupported_syntax", "CEL syntax that rules do not use."},
    {"unterminated_name", "A name in backticks without its end."},
    {"unterminated_string", "A text without its closing quote."},
    {"wrong_argument_count", "A function with too many or too few arguments."},
    {"wrong_call_style", "A function written as a method, or the other way round."},
    {"wrong_result_type", "An expression whose result is not what this place needs."},
};

// What the loader of the YAML folder finds.
constexpr DiagnosticCode kFileCodes[] = {
    {"alias_not_allowed", "YAML aliases are not allowed."},
    {"anchor_not_allowed", "YAML anchors are not allowed."},
    {"byte_order_mark", "The file begins with a byte order mark."},
    {"conflicting_keys", "Two keys that cannot stand beside one another."},
    {"control_character", "A control character in a file."},
    {"csv_header", "A product list without the header `sku`."},
    {"csv_row", "A row of a CSV file whose cells do not fit its columns."},
    {"directive_not_allowed", "YAML directives are not allowed."},
    {"duplicate_file", "Two files that are the same part of the rule set."},
    {"duplicate_key", "A key that stands twice in one mapping."},
    {"duplicate_offer", "Two files with the same offer."},
    {"duplicate_sku", "A SKU that stands twice in a product list."},
    {"empty_file", "A file without content."},
    {"empty_key", "A key without text."},
    {"empty_value", "A key without a value."},
    {"file_too_large", "A file over the size limit."},
    {"invalid_bool", "A value that is neither true nor false."},
    {"invalid_int", "A value that is not a whole number."},
    {"not_utf8", "A file that is not UTF-8."},
    {"list_too_long", "A product list or a table with more rows or columns than the limit."},
    {"merge_key_not_allowed", "YAML merge keys are not allowed."},
    {"missing_file", "A file that every rule set has is not there."},
    {"needs_quotes", "A value that YAML would misread; put quotes around it."},
    {"offer_file_name", "An offer file that is not named after its offer."},
    {"second_document", "More than one YAML document in a file."},
    {"tab_character", "A tab where YAML allows spaces only."},
    {"tag_not_allowed", "YAML tags are not allowed."},
    {"too_many_findings", "More findings than are listed; mend the first ones first."},
    {"too_many_files", "More files than the limit."},
    {"unknown_file", "A file that is no part of a rule set."},
    {"unknown_key", "A key that does not exist in this place."},
    {"wrong_shape", "A mapping, a list or a single value where another of them is meant."},
    {"yaml_syntax", "YAML that cannot be read."},
};

// What rules/proof finds in a rule set that compiles, golden tests among it.
constexpr DiagnosticCode kProofCodes[] = {
    {"golden_test_failed", "A golden test whose decision comes out another way."},
#define TOUCHSTONE_LIST_CODE(name, code, meaning) codes::name,
    TOUCHSTONE_PROOF_WARNINGS(TOUCHSTONE_LIST_CODE)
#undef TOUCHSTONE_LIST_CODE
};

std::vector<DiagnosticCode> Sorted(std::vector<DiagnosticCode> codes) {
  std::sort(codes.begin(), codes.end(),
            [](const DiagnosticCode& a, const DiagnosticCode& b) { return a.code < b.code; });
  return codes;
}

}  // namespace

absl::Span<const DiagnosticCode> CompilerDiagnosticCodes() {
  static const auto& kCodes = *new std::vector<DiagnosticCode>(Sorted({
#define TOUCHSTONE_LIST_CODE(name, code, meaning) codes::name,
      TOUCHSTONE_DIAGNOSTIC_ERRORS(TOUCHSTONE_LIST_CODE)
          TOUCHSTONE_DIAGNOSTIC_WARNINGS(TOUCHSTONE_LIST_CODE)
#undef TOUCHSTONE_LIST_CODE
  }));
  return kCodes;
}

absl::Span<const DiagnosticCode> AllDiagnosticCodes() {
  static const auto& kAll = *[] {
    const absl::Span<const DiagnosticCode> compiler = CompilerDiagnosticCodes();
    std::vector<DiagnosticCode> all(compiler.begin(), compiler.end());
    all.insert(all.end(), std::begin(kExpressionCodes), std::end(kExpressionCodes));
    all.insert(all.end(), std::begin(kFileCodes), std::end(kFileCodes));
    all.insert(all.end(), std::begin(kProofCodes), std::end(kProofCodes));
    return new std::vector<DiagnosticCode>(Sorted(std::move(all)));
  }();
  return kAll;
}

std::string DiagnosticCodesPage() {
  std::string page =
      "# Diagnostics\n\n"
      "What validation may find in a rule set. Every finding says where it is, what is wrong and\n"
      "what to do; the code is stable, so that scripts can key on it. A rule set with errors "
      "cannot\n"
      "be published. A warning is for what is legal and surely wrong; it never stops "
      "publishing.\n\n"
      "One example of each, with the mistake and what is said of it, is in\n"
      "`tests/rules/proof/golden_diagnostics`.\n\n"
      "This page is written by `diagnostic_codes_doc` from `rules/ruleset/diagnostic_codes.h`.\n\n"
      "| code | severity | meaning |\n|---|---|---|\n";
  for (const DiagnosticCode& code : AllDiagnosticCodes()) {
    absl::StrAppend(&page, "| `", code.code, "` | ",
                    code.severity == Severity::kError ? "error" : "warning", " | ", code.meaning,
                    " |\n");
  }
  return page;
}

}  // namespace touchstone::rules
