#include "rules/ruleset/yaml_writer.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "rules/ruleset/utf8.h"

namespace touchstone::rules {
namespace {

constexpr size_t kMaxColumns = 100;
constexpr int kMaxInlineDepth = 2;

// Words that some loaders turn into a truth value or into nothing.
constexpr absl::string_view kLoadedWords[] = {"null", "off", "on", "yes", "no", "y", "n"};

bool IsPrintable(uint32_t c) {
  if (c < 0xA0) return c >= 0x20 && c < 0x7F;
  return c != 0xA0 && c != 0x2028 && c != 0x2029 && c != 0xFEFF && c != 0xFFFE && c != 0xFFFF;
}

bool IsPrintable(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const DecodedCharacter c = DecodeCharacter(text, i);
    if (c.bytes == 0 || !IsPrintable(c.code_point)) return false;
    i += c.bytes;
  }
  return true;
}

bool IsPlainByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || (c & '\x80') != 0 ||
         absl::string_view(" ._/()*+<=>!&|%$~^-").find(c) != absl::string_view::npos;
}

// What no loader takes for anything but these characters, in a mapping or in brackets.
bool IsPlain(absl::string_view text) {
  if (text.empty() || text.back() == ' ' || !IsPrintable(text)) return false;
  if (!std::all_of(text.begin(), text.end(), IsPlainByte)) return false;
  const char first = text[0];
  const bool signed_number = (first == '-' || first == '.') && text.size() > 1 &&
                             absl::ascii_isdigit(static_cast<unsigned char>(text[1]));
  if (!absl::ascii_isalnum(static_cast<unsigned char>(first)) && (first & '\x80') == 0 &&
      first != '(' && first != '_' && first != '/' && !signed_number) {
    return false;
  }
  const std::string lower = absl::AsciiStrToLower(text);
  return std::find(std::begin(kLoadedWords), std::end(kLoadedWords), lower) ==
         std::end(kLoadedWords);
}

void AppendEscaped(uint32_t c, std::string& out) {
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    default:
      absl::StrAppend(&out, c > 0xFF ? "\\u" : "\\x",
                      c > 0xFF ? absl::StrCat(absl::Hex(c, absl::kZeroPad4))
                               : absl::StrCat(absl::Hex(c, absl::kZeroPad2)));
  }
}

std::string DoubleQuoted(absl::string_view text) {
  std::string out = "\"";
  for (size_t i = 0; i < text.size();) {
    const DecodedCharacter c = DecodeCharacter(text, i);
    const size_t bytes = std::max<size_t>(c.bytes, 1);
    if (c.code_point == '"' || c.code_point == '\\') {
      out += '\\';
      out += text[i];
    } else if (c.bytes != 0 && !IsPrintable(c.code_point)) {
      AppendEscaped(c.code_point, out);
    } else {
      absl::StrAppend(&out, text.substr(i, bytes));
    }
    i += bytes;
  }
  return out + "\"";
}

std::string Scalar(absl::string_view text) {
  if (IsPlain(text)) return std::string(text);
  const bool needs_escapes = text.find_first_of("\"\\") != absl::string_view::npos;
  if (needs_escapes && IsPrintable(text)) {
    return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'");
  }
  return DoubleQuoted(text);
}

// The node on one line; empty when it is too long or too deep for that.
std::string Inline(const YamlNode& node, int depth) {
  if (node.kind == YamlNode::Kind::kScalar) return Scalar(node.text);
  const bool mapping = node.kind == YamlNode::Kind::kMapping;
  if (node.children.empty()) return mapping ? "{}" : "[]";
  if (depth == kMaxInlineDepth) return "";
  std::string out = mapping ? "{ " : "[";
  for (size_t i = 0; i < node.children.size(); ++i) {
    const std::string child = Inline(node.children[i], depth + 1);
    if (child.empty() || out.size() + child.size() > kMaxColumns) return "";
    const bool value = mapping && i % 2 == 1;
    absl::StrAppend(&out, value ? ": " : i == 0 ? "" : ", ", child);
  }
  return out + (mapping ? " }" : "]");
}

void WriteBlock(const YamlNode& node, size_t indent, bool first_is_indented, std::string& out);

// What stands after `key:` or `-`, with its line break. `opens_line`: a block may begin here.
void WriteChild(const YamlNode& node, size_t indent, bool after_dash, std::string& out) {
  const size_t column = out.size() - (out.rfind('\n') + 1);
  const std::string line = Inline(node, 0);
  const bool fits = !line.empty() && column + 1 + line.size() <= kMaxColumns;
  if (node.kind == YamlNode::Kind::kScalar || node.children.empty() || fits) {
    absl::StrAppend(&out, " ", line, "\n");
    return;
  }
  out += after_dash ? " " : "\n";
  WriteBlock(node, indent + 2, after_dash, out);
}

void WriteBlock(const YamlNode& node, size_t indent, bool first_is_indented, std::string& out) {
  const bool mapping = node.kind == YamlNode::Kind::kMapping;
  for (size_t i = 0; i < node.children.size(); i += mapping ? 2 : 1) {
    if (i > 0 || !first_is_indented) out.append(indent, ' ');
    if (mapping) {
      absl::StrAppend(&out, Scalar(node.children[i].text), ":");
      WriteChild(node.children[i + 1], indent, false, out);
    } else {
      out += "-";
      WriteChild(node.children[i], indent, true, out);
    }
  }
}

}  // namespace

std::string WriteYaml(const YamlNode& root) {
  if (root.children.empty()) return absl::StrCat(Inline(root, 0), "\n");
  std::string out;
  WriteBlock(root, 0, false, out);
  return out;
}

}  // namespace touchstone::rules
