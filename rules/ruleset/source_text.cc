#include "rules/ruleset/source_text.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rules/ruleset/utf8.h"

namespace touchstone::rules {
namespace {

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Characters that YAML 1.1 and 1.2 loaders break lines at differently, or refuse.
bool IsForbidden(uint32_t c) {
  if (c < 0x20) return c != '\n' && c != '\t';
  if (c >= 0x7F && c <= 0x9F) return true;
  return c == 0x2028 || c == 0x2029 || c == 0xFEFF || c == 0xFFFE || c == 0xFFFF;
}

}  // namespace

SourceText::SourceText(std::string file, absl::string_view bytes)
    : file_(std::move(file)), bytes_(bytes) {
  line_begins_.push_back(0);
  for (size_t at = bytes.find('\n'); at != absl::string_view::npos; at = bytes.find('\n', at + 1)) {
    line_begins_.push_back(at + 1);
  }
  ascii_ = std::none_of(bytes.begin(), bytes.end(), [](char c) { return (c & '\x80') != 0; });
}

absl::string_view SourceText::Line(int line) const {
  const auto index = static_cast<size_t>(line) - 1;
  const size_t begin = line_begins_[index];
  const size_t end = index + 1 < line_begins_.size() ? line_begins_[index + 1] - 1 : bytes_.size();
  absl::string_view text = bytes_.substr(begin, end - begin);
  if (absl::EndsWith(text, "\r")) text.remove_suffix(1);
  return text;
}

TextRange SourceText::WholeLine(int line) const {
  return {line, 1, line, static_cast<int>(CountCharacters(Line(line))) + 1};
}

size_t SourceText::Offset(int line, int column) const {
  if (line > line_count()) return bytes_.size();
  const absl::string_view text = Line(line);
  const auto characters = static_cast<size_t>(column) - 1;
  return line_begins_[static_cast<size_t>(line) - 1] +
         (ascii_ ? std::min(characters, text.size()) : BytesOfCharacters(text, characters));
}

Diagnostic SourceText::FileError(absl::string_view code, absl::string_view message,
                                 absl::string_view hint) const {
  Diagnostic diagnostic;
  diagnostic.code = std::string(code);
  diagnostic.file = file_;
  diagnostic.message = std::string(message);
  diagnostic.hint = std::string(hint);
  return diagnostic;
}

Diagnostic SourceText::Error(absl::string_view code, const TextRange& range,
                             absl::string_view message, absl::string_view hint) const {
  Diagnostic diagnostic = FileError(code, message, hint);
  diagnostic.line = range.line;
  diagnostic.column = range.column;
  const absl::string_view line = range.line <= line_count() ? Line(range.line) : "";
  const bool one_line = range.end_line == range.line;
  const int end = one_line ? range.end_column : static_cast<int>(CountCharacters(line)) + 1;
  SetExcerpt(diagnostic, line, range.column, end);
  return diagnostic;
}

TextRange SourceText::CharacterAt(size_t offset) const {
  const auto next = std::upper_bound(line_begins_.begin(), line_begins_.end(), offset);
  const int line = static_cast<int>(next - line_begins_.begin());
  const size_t begin = *(next - 1);
  const int column = static_cast<int>(CountCharacters(bytes_.substr(begin, offset - begin))) + 1;
  return {line, column, line, column + 1};
}

bool SourceText::CheckBytes(size_t max_bytes, Diagnostics& diagnostics) const {
  if (bytes_.size() > max_bytes) {
    AddFinding(
        FileError("file_too_large", absl::StrCat("the file has more than ", max_bytes, " bytes"),
                  "split it, or move what does not belong to the rule set elsewhere"),
        diagnostics);
    return false;
  }
  if (absl::StartsWith(bytes_, kByteOrderMark)) {
    AddFinding(FileError("byte_order_mark", "the file begins with a byte order mark",
                         "save it as UTF-8 without BOM"),
               diagnostics);
    return false;
  }
  if (const auto malformed = FindMalformedUtf8(bytes_)) {
    Diagnostic diagnostic =
        FileError("not_utf8", "this byte is not part of UTF-8 text", "save the file as UTF-8");
    const TextRange place = CharacterAt(*malformed);
    diagnostic.line = place.line;
    diagnostic.column = place.column;
    AddFinding(std::move(diagnostic), diagnostics);
    return false;
  }
  const size_t tab = bytes_.find('\t');
  if (tab != absl::string_view::npos) {
    AddFinding(Error("tab_character", CharacterAt(tab), "tabs are not allowed",
                     "indent with spaces; inside double quotes write \\t"),
               diagnostics);
  }
  bool clean = tab == absl::string_view::npos;
  for (size_t offset = 0; offset < bytes_.size();) {
    const DecodedCharacter c = DecodeCharacter(bytes_, offset);
    const bool line_break =
        c.code_point == '\r' && offset + 1 < bytes_.size() && bytes_[offset + 1] == '\n';
    if (IsForbidden(c.code_point) && !line_break) {
      Diagnostic diagnostic =
          Error("control_character", CharacterAt(offset),
                absl::StrCat("the character U+", absl::Hex(c.code_point, absl::kZeroPad4),
                             " is not allowed"),
                absl::StrCat("remove it, or write it inside double quotes as \\u",
                             absl::Hex(c.code_point, absl::kZeroPad4)));
      diagnostic.excerpt.clear();
      AddFinding(std::move(diagnostic), diagnostics);
      return false;
    }
    offset += c.bytes;
  }
  return clean;
}

}  // namespace touchstone::rules
