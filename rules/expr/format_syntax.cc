#include "rules/expr/format_syntax.h"

#include "absl/strings/ascii.h"
#include "rules/expr/ast.h"

namespace touchstone::rules::expr {
namespace {

constexpr absl::string_view kLetters = "sdfexXob";
constexpr int kDefaultPrecision = 6;

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

// Reads ".digits" at `at`, moving it behind; false when it is none or too large.
bool TakePrecision(absl::string_view text, size_t& at, int& precision) {
  const size_t begin = ++at;
  precision = 0;
  for (; at < text.size() && IsDigit(text[at]); ++at) {
    precision = precision * 10 + (text[at] - '0');
    if (precision > limits::kMaxFormatPrecision) return false;
  }
  return at > begin;
}

}  // namespace

bool TakeFormatPiece(absl::string_view& rest, FormatPiece& piece) {
  piece = FormatPiece();
  piece.precision = kDefaultPrecision;
  const size_t percent = rest.find('%');
  if (percent == absl::string_view::npos) {
    piece.text = rest;
    rest = absl::string_view();
    return true;
  }
  const bool doubled = percent + 1 < rest.size() && rest[percent + 1] == '%';
  if (doubled) {
    piece.text = rest.substr(0, percent + 1);
    rest.remove_prefix(percent + 2);
    return true;
  }
  size_t at = percent + 1;
  const bool precise = at < rest.size() && rest[at] == '.';
  const bool well_formed = (!precise || TakePrecision(rest, at, piece.precision)) &&
                           at < rest.size() && kLetters.find(rest[at]) != absl::string_view::npos;
  if (!well_formed) {
    piece.text = rest.substr(percent, at + 1 - percent);
    return false;
  }
  piece.text = rest.substr(0, percent);
  piece.letter = rest[at];
  rest.remove_prefix(at + 1);
  return true;
}

}  // namespace touchstone::rules::expr
