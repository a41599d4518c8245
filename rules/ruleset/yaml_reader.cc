#include "rules/ruleset/yaml_reader.h"

#include <yaml.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "rules/ruleset/files.h"
#include "rules/ruleset/utf8.h"

namespace touchstone::rules {
namespace {

constexpr absl::string_view kQuoteHint = "put quotes around the whole value";

// What YAML makes of a value that begins with one of its indicators.
struct Indicator {
  char character;
  absl::string_view code;
  absl::string_view meaning;
};
constexpr Indicator kIndicators[] = {
    {'!', "tag_not_allowed", "YAML reads a value that begins with `!` as a tag"},
    {'&', "anchor_not_allowed", "YAML reads a value that begins with `&` as an anchor"},
    {'*', "alias_not_allowed", "YAML reads a value that begins with `*` as an alias"},
    {'%', "needs_quotes", "a plain value cannot begin with `%`"},
    {'@', "needs_quotes", "a plain value cannot begin with `@`"},
    {'`', "needs_quotes", "a plain value cannot begin with a backtick"},
};

const Indicator* FindIndicator(absl::string_view line, size_t at) {
  if (at >= line.size()) return nullptr;
  for (const Indicator& indicator : kIndicators) {
    if (indicator.character == line[at]) return &indicator;
  }
  return nullptr;
}

// Where the first value of a line begins: after indentation, dashes and one key.
size_t ValueBegin(absl::string_view line) {
  size_t begin = line.find_first_not_of(" -");
  if (begin == absl::string_view::npos) return line.size();
  const size_t colon = line.find(": ", begin);
  if (colon != absl::string_view::npos) begin = line.find_first_not_of(' ', colon + 1);
  return begin == absl::string_view::npos ? line.size() : begin;
}

class YamlReader {
 public:
  YamlReader(const SourceText& text, Diagnostics& diagnostics)
      : text_(text), diagnostics_(diagnostics) {
    if (yaml_parser_initialize(&parser_) == 0) std::abort();  // out of memory
    yaml_parser_set_input_string(
        &parser_, reinterpret_cast<const unsigned char*>(text.bytes().data()), text.bytes().size());
  }
  ~YamlReader() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }
  YamlReader(const YamlReader&) = delete;
  YamlReader& operator=(const YamlReader&) = delete;

  std::optional<YamlNode> ReadDocument();

 private:
  // These give false after a finding that ends the reading of the file.
  bool Next();
  bool ReadNode(int depth, YamlNode& node);  // the node begins with the current event
  bool ReadCollection(yaml_event_type_t end, int depth, YamlNode& node);

  TextRange RangeOf(const yaml_mark_t& begin, const yaml_mark_t& end) const;
  TextRange RangeOf(const yaml_event_t& event) const {
    return RangeOf(event.start_mark, event.end_mark);
  }
  void ReadScalar(YamlNode& node);
  void CheckProperties(YamlNode& node);
  void CheckKeys(YamlNode& mapping);
  void ReportSyntax();
  void Report(absl::string_view code, const TextRange& range, absl::string_view message,
              absl::string_view hint) {
    AddFinding(text_.Error(code, range, message, hint), diagnostics_);
  }
  void ReportIndicator(const Indicator& indicator, const TextRange& range) {
    Report(indicator.code, range, indicator.meaning, kQuoteHint);
  }

  const SourceText& text_;
  Diagnostics& diagnostics_;
  yaml_parser_t parser_{};
  yaml_event_t event_{};
};

// libyaml puts the end of a file that does not end in a line break on a line of its own.
TextRange YamlReader::RangeOf(const yaml_mark_t& begin, const yaml_mark_t& end) const {
  const auto line_of = [this](const yaml_mark_t& mark) {
    return std::min(static_cast<int>(mark.line) + 1, text_.line_count());
  };
  const auto column_of = [this](const yaml_mark_t& mark) {
    if (static_cast<int>(mark.line) < text_.line_count()) return static_cast<int>(mark.column) + 1;
    return static_cast<int>(CountCharacters(text_.Line(text_.line_count()))) + 1;
  };
  return {line_of(begin), column_of(begin), line_of(end), column_of(end)};
}

bool YamlReader::Next() {
  yaml_event_delete(&event_);
  if (yaml_parser_parse(&parser_, &event_) != 0) return true;
  event_ = {};
  if (parser_.error == YAML_MEMORY_ERROR) std::abort();
  ReportSyntax();
  return false;
}

void YamlReader::ReportSyntax() {
  const yaml_mark_t& mark = parser_.problem_mark;
  const TextRange range = RangeOf(mark, mark);
  const absl::string_view line = text_.Line(range.line);
  const auto to_range = [&](size_t byte) {
    const int column = static_cast<int>(CountCharacters(line.substr(0, byte))) + 1;
    return TextRange{range.line, column, range.line, static_cast<int>(CountCharacters(line)) + 1};
  };
  // The problem is often found late: look first at what the value began with.
  const size_t value = ValueBegin(line);
  const size_t problem = BytesOfCharacters(line, static_cast<size_t>(range.column) - 1);
  const Indicator* indicator = value <= problem ? FindIndicator(line, value) : nullptr;
  if (indicator != nullptr) return ReportIndicator(*indicator, to_range(value));
  if (parser_.context_mark.line == mark.line) {
    const size_t context = BytesOfCharacters(line, parser_.context_mark.column);
    indicator = FindIndicator(line, context);
    if (indicator != nullptr) return ReportIndicator(*indicator, to_range(context));
  }
  const absl::string_view what = parser_.problem;
  if (what == "mapping values are not allowed in this context") {
    return Report("yaml_syntax", range,
                  "YAML reads this `:` as the end of a key, and no key can stand here",
                  "put quotes around a value that holds `: `, and check the indentation");
  }
  const bool closes_early = value < line.size() && value < problem &&
                            absl::string_view("\"'[{").find(line[value]) != absl::string_view::npos;
  Report("yaml_syntax", range, absl::StrCat("this is not YAML: ", what),
         closes_early ? "a value that begins with a quote or a bracket ends where that closes: put "
                        "quotes around all of it"
                      : "check quotes, brackets and indentation");
}

std::optional<YamlNode> YamlReader::ReadDocument() {
  if (!Next() || !Next()) return std::nullopt;  // begin of the stream; of the document
  if (event_.type == YAML_STREAM_END_EVENT) {
    AddFinding(
        text_.FileError("empty_file", "the file has no content", "write its content, or delete it"),
        diagnostics_);
    return std::nullopt;
  }
  if (event_.data.document_start.version_directive != nullptr ||
      event_.data.document_start.tag_directives.start !=
          event_.data.document_start.tag_directives.end) {
    Report("directive_not_allowed", RangeOf(event_), "directives such as %YAML are not allowed",
           "remove the line");
  }
  YamlNode root;
  if (!Next() || !ReadNode(1, root) || !Next() || !Next()) return std::nullopt;
  if (event_.type != YAML_STREAM_END_EVENT) {
    Report("second_document", RangeOf(event_), "the file has more than one document",
           "write one document a file, without `---` between parts");
  }
  return root;
}

bool YamlReader::ReadNode(int depth, YamlNode& node) {
  node.range = RangeOf(event_);
  switch (event_.type) {
    case YAML_SCALAR_EVENT:
      ReadScalar(node);
      CheckProperties(node);
      return true;
    case YAML_SEQUENCE_START_EVENT:
      node.kind = YamlNode::Kind::kSequence;
      node.flow = event_.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
      CheckProperties(node);
      return ReadCollection(YAML_SEQUENCE_END_EVENT, depth, node);
    case YAML_MAPPING_START_EVENT:
      node.kind = YamlNode::Kind::kMapping;
      node.flow = event_.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
      CheckProperties(node);
      if (!ReadCollection(YAML_MAPPING_END_EVENT, depth, node)) return false;
      CheckKeys(node);
      return true;
    default:  // an alias
      CheckProperties(node);
      node.broken = true;
      return true;
  }
}

bool YamlReader::ReadCollection(yaml_event_type_t end, int depth, YamlNode& node) {
  if (depth > kMaxYamlDepth) {
    Report("too_deep", node.range, absl::StrCat("more than ", kMaxYamlDepth, " levels of nesting"),
           "write it with fewer levels");
    return false;
  }
  for (;;) {
    if (!Next()) return false;
    if (event_.type == end) break;
    if (!ReadNode(depth + 1, node.children.emplace_back())) return false;
  }
  const TextRange last = RangeOf(event_);
  node.range.end_line = last.end_line;
  node.range.end_column = last.end_column;
  return true;
}

void YamlReader::ReadScalar(YamlNode& node) {
  const auto& scalar = event_.data.scalar;
  node.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
  const bool one_line = node.range.line == node.range.end_line;
  switch (scalar.style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: {
      node.style = YamlNode::Style::kQuoted;
      node.text_column = node.range.column + 1;
      // Any escape makes the text differ from what stands between the quotes.
      const size_t begin = text_.Offset(node.range.line, node.text_column);
      const size_t end = text_.Offset(node.range.end_line, node.range.end_column - 1);
      node.verbatim = one_line && text_.bytes().substr(begin, end - begin) == node.text;
      break;
    }
    case YAML_LITERAL_SCALAR_STYLE:
    case YAML_FOLDED_SCALAR_STYLE:
      node.style = YamlNode::Style::kBlock;
      break;
    default: {
      node.text_column = node.range.column;
      node.verbatim = one_line;
      const size_t end = text_.Offset(node.range.end_line, node.range.end_column);
      const size_t next = text_.bytes().find_first_not_of(' ', end);
      node.commented = !node.text.empty() && next != absl::string_view::npos && next > end &&
                       text_.bytes()[next] == '#';
    }
  }
}

// Tags, anchors and aliases. libyaml forgets the tag `!` on its own, so look at the source.
void YamlReader::CheckProperties(YamlNode& node) {
  const bool stands_somewhere =
      node.range.line != node.range.end_line || node.range.column != node.range.end_column;
  if (!stands_somewhere) return;
  const size_t at = text_.Offset(node.range.line, node.range.column);
  const Indicator* indicator = FindIndicator(text_.bytes(), at);
  if (indicator == nullptr) return;
  node.broken = true;
  ReportIndicator(*indicator, node.range);
}

void YamlReader::CheckKeys(YamlNode& mapping) {
  absl::flat_hash_map<absl::string_view, int> lines;
  lines.reserve(mapping.children.size() / 2);
  for (size_t i = 0; i < mapping.children.size(); i += 2) {
    YamlNode& key = mapping.children[i];
    if (key.broken) continue;
    if (key.kind != YamlNode::Kind::kScalar) {
      Report("wrong_shape", key.range, "a key must be text, not a list or a mapping",
             "a value that begins with `[` or `{` needs quotes");
      key.broken = true;
    } else if (key.text.empty()) {
      Report("empty_key", key.range, "a key is empty", "write the key before the `:`");
      key.broken = true;
    } else if (key.text == "<<" && key.style == YamlNode::Style::kPlain) {
      Report("merge_key_not_allowed", key.range, "merge keys are not allowed",
             "write the keys out");
      key.broken = true;
    } else {
      const auto [first, inserted] = lines.emplace(key.text, key.range.line);
      if (inserted) continue;
      Report("duplicate_key", key.range,
             absl::StrCat("`", key.text, "` already stands on line ", first->second),
             "keep one of the two");
      key.broken = true;
    }
  }
}

}  // namespace

std::optional<YamlNode> ReadYaml(const SourceText& text, Diagnostics& diagnostics) {
  return YamlReader(text, diagnostics).ReadDocument();
}

}  // namespace touchstone::rules
