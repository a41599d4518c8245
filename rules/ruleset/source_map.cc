#include "rules/ruleset/source_map.h"

#include <algorithm>
#include <utility>

#include "rules/ruleset/utf8.h"

namespace touchstone::rules {
namespace {

int Characters(absl::string_view text, size_t bytes) {
  return static_cast<int>(CountCharacters(text.substr(0, bytes)));
}

// The span within a scalar that stands in the file as its text.
void PlaceVerbatim(const SourceMap::Place& place, absl::string_view line, expr::SourceSpan span,
                   Diagnostic& diagnostic) {
  const size_t text_begin = BytesOfCharacters(line, static_cast<size_t>(place.text_column - 1));
  const absl::string_view text = line.substr(text_begin);
  diagnostic.column = place.text_column + Characters(text, span.begin);
  const int end = place.text_column + Characters(text, span.end);
  SetExcerpt(diagnostic, line, diagnostic.column, end);
}

// The span within a folded or escaped scalar: the excerpt is the line of its text that holds it.
void PlaceInText(absl::string_view text, expr::SourceSpan span, Diagnostic& diagnostic) {
  const size_t begin = std::min<size_t>(span.begin, text.size());
  diagnostic.column = Characters(text, begin) + 1;
  const size_t before = begin == 0 ? absl::string_view::npos : text.rfind('\n', begin - 1);
  const size_t line_begin = before == absl::string_view::npos ? 0 : before + 1;
  const absl::string_view line = text.substr(line_begin, text.find('\n', begin) - line_begin);
  const size_t end = std::clamp<size_t>(span.end, begin, line_begin + line.size());
  SetExcerpt(diagnostic, line, Characters(line, begin - line_begin) + 1,
             Characters(line, end - line_begin) + 1);
}

}  // namespace

void SourceMap::Add(std::string field_path, Place place) {
  const auto index = static_cast<uint32_t>(places_.size());
  if (indexes_.emplace(std::move(field_path), index).second) places_.push_back(std::move(place));
}

void SourceMap::AddLine(absl::string_view file, int line, std::string text) {
  std::vector<std::string>& lines = lines_[file];
  if (lines.size() < static_cast<size_t>(line)) lines.resize(static_cast<size_t>(line));
  lines[static_cast<size_t>(line) - 1] = std::move(text);
}

const SourceMap::Place* SourceMap::Find(absl::string_view field_path) const {
  while (!field_path.empty()) {
    const auto found = indexes_.find(field_path);
    if (found != indexes_.end()) return &places_[found->second];
    const size_t cut = field_path.find_last_of(".[");
    if (cut == absl::string_view::npos) return nullptr;
    field_path = field_path.substr(0, cut);
  }
  return nullptr;
}

absl::string_view SourceMap::Line(absl::string_view file, int line) const {
  const auto lines = lines_.find(file);
  if (lines == lines_.end() || line < 1 || static_cast<size_t>(line) > lines->second.size()) {
    return "";
  }
  return lines->second[static_cast<size_t>(line) - 1];
}

Diagnostic SourceMap::At(Severity severity, absl::string_view code, absl::string_view field_path,
                         absl::string_view message, absl::string_view hint,
                         std::optional<expr::SourceSpan> span) const {
  Diagnostic diagnostic;
  diagnostic.severity = severity;
  diagnostic.code = std::string(code);
  diagnostic.field_path = std::string(field_path);
  diagnostic.message = std::string(message);
  diagnostic.hint = std::string(hint);
  const Place* place = Find(field_path);
  if (place == nullptr) return diagnostic;
  diagnostic.file = place->file;
  diagnostic.line = place->line;
  // The span speaks of the field's own text, not of what a prefix of its path stands for.
  const bool exact = span.has_value() && indexes_.contains(field_path);
  const absl::string_view line = Line(place->file, place->line);
  if (exact && place->verbatim) {
    PlaceVerbatim(*place, line, *span, diagnostic);
  } else if (exact && !place->text.empty()) {
    PlaceInText(place->text, *span, diagnostic);
  } else {
    diagnostic.column = place->column;
    SetExcerpt(diagnostic, line, place->column, place->column + place->width);
  }
  return diagnostic;
}

}  // namespace touchstone::rules
