#pragma once

// Text to tokens, the first half of the parser. Internal to rules/expr.
//
// Thread safety: pure functions. Errors: issues; a token that was wrong still yields a token where
// that lets the parser go on (a single '=' becomes '==').
// Source: google/cel-spec doc/langdef.md, syntax section.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/expr/source.h"

namespace touchstone::rules::expr {

enum class TokenKind : uint8_t {
  kEnd,
  kIdent,        // text: the name; reserved words come as kIdent too
  kQuotedIdent,  // `a-b`; text: the name without quotes
  kInt,          // text: digits, number: magnitude
  kUint,         // likewise, text with its suffix
  kDouble,       // text, real
  kString,       // text: decoded
  kBytes,        // text: decoded
  kTrue,
  kFalse,
  kNull,
  kIn,
  kLeftParen,
  kRightParen,
  kLeftBracket,
  kRightBracket,
  kLeftBrace,
  kRightBrace,
  kComma,
  kDot,
  kColon,
  kQuestion,
  kNot,
  kMinus,
  kPlus,
  kStar,
  kSlash,
  kPercent,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kAnd,
  kOr,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  SourceSpan span;
  std::string text;
  uint64_t number = 0;
  double real = 0;
};

// The tokens of `source`, ending in one kEnd. REQUIRES: source is valid UTF-8.
std::vector<Token> Tokenize(absl::string_view source, Issues& issues);

// [_a-zA-Z][_a-zA-Z0-9]*
bool IsIdentifier(absl::string_view text);
// Words that can be neither a variable nor a function ("as", "if", ...), though a field may be.
bool IsReserved(absl::string_view word);
// true, false, null and in: not even a field, unless quoted.
bool IsKeyword(absl::string_view word);

}  // namespace touchstone::rules::expr
