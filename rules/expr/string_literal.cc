#include "rules/expr/string_literal.h"

#include <cstdint>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace touchstone::rules::expr {
namespace {

std::optional<char> SimpleEscape(char letter) {
  switch (letter) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case '\\':
    case '?':
    case '"':
    case '\'':
    case '`':
      return letter;
    default:
      return std::nullopt;
  }
}

// Reads exactly `count` digits of `base` at the start of `text`.
std::optional<uint32_t> ReadDigits(absl::string_view text, size_t count, uint32_t base) {
  if (text.size() < count) return std::nullopt;
  uint32_t value = 0;
  for (const char c : text.substr(0, count)) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return std::nullopt;
    const uint32_t digit =
        absl::ascii_isdigit(static_cast<unsigned char>(c))
            ? static_cast<uint32_t>(c - '0')
            : static_cast<uint32_t>(absl::ascii_tolower(static_cast<unsigned char>(c)) - 'a' + 10);
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

struct NumericEscape {
  size_t letters = 0;  // between the backslash and the digits
  size_t digits = 0;
  uint32_t base = 0;
  bool is_code_point = false;  // \u and \U: never an octet
};

NumericEscape Classify(char letter) {
  switch (letter) {
    case 'x':
    case 'X':
      return {1, 2, 16, false};
    case 'u':
      return {1, 4, 16, true};
    case 'U':
      return {1, 8, 16, true};
    case '0':
    case '1':
    case '2':
    case '3':
      return {0, 3, 8, false};
    default:
      return {};
  }
}

bool IsScalarValue(uint32_t code_point) {
  return code_point <= 0x10FFFF && (code_point < 0xD800 || code_point > 0xDFFF);
}

// Decodes the escape at the start of `text` (a backslash), appends what it stands for, and returns
// its length; 0 when it is wrong.
size_t DecodeOne(absl::string_view text, bool is_bytes, std::string& out) {
  if (text.size() < 2) return 0;
  if (const std::optional<char> simple = SimpleEscape(text[1])) {
    out.push_back(*simple);
    return 2;
  }
  const NumericEscape escape = Classify(text[1]);
  if (escape.digits == 0 || (is_bytes && escape.is_code_point)) return 0;
  const std::optional<uint32_t> value =
      ReadDigits(text.substr(1 + escape.letters), escape.digits, escape.base);
  if (!value.has_value() || !IsScalarValue(*value)) return 0;
  if (is_bytes) {
    out.push_back(static_cast<char>(*value));
  } else {
    AppendUtf8(*value, out);
  }
  return 1 + escape.letters + escape.digits;
}

std::string Quote(absl::string_view text, bool is_bytes) {
  std::string out = is_bytes ? "b\"" : "\"";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      absl::StrAppend(&out, "\\", absl::string_view(&c, 1));
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (octet < 0x20 || octet == 0x7F || (is_bytes && octet >= 0x80)) {
      absl::StrAppendFormat(&out, "\\x%02x", octet);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

}  // namespace

void AppendUtf8(uint32_t code_point, std::string& out) {
  const auto tail = [&](uint32_t shift) {
    out.push_back(static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)));
  };
  if (code_point < 0x80) {
    out.push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (code_point >> 6)));
    tail(0);
  } else if (code_point < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (code_point >> 12)));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xF0 | (code_point >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string DecodeEscapes(absl::string_view body, uint32_t begin, bool is_bytes, Issues& issues) {
  std::string out;
  out.reserve(body.size());
  for (size_t i = 0; i < body.size();) {
    if (body[i] != '\\') {
      out.push_back(body[i++]);
      continue;
    }
    const size_t length = DecodeOne(body.substr(i), is_bytes, out);
    if (length == 0) {
      const uint32_t at = begin + static_cast<uint32_t>(i);
      issues.push_back({"invalid_escape",
                        {at, at + 2},
                        absl::StrCat("A ", is_bytes ? "bytes literal" : "text",
                                     " cannot contain this backslash sequence."),
                        "Write \\\\ for a backslash, or put r before the quotes."});
    }
    i += length == 0 ? 2 : length;
  }
  return out;
}

std::string QuoteString(absl::string_view text) { return Quote(text, false); }
std::string QuoteBytes(absl::string_view bytes) { return Quote(bytes, true); }

}  // namespace touchstone::rules::expr
