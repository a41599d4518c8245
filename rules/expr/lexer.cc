#include "rules/expr/lexer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/charconv.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "rules/expr/ast.h"
#include "rules/expr/string_literal.h"

namespace touchstone::rules::expr {
namespace {

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
bool IsHexDigit(char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); }
bool IsIdentStart(char c) { return c == '_' || absl::ascii_isalpha(static_cast<unsigned char>(c)); }
bool IsIdentPart(char c) { return IsIdentStart(c) || IsDigit(c); }

// What people type instead of an operator or a quote, often because a word processor did.
struct Lookalike {
  absl::string_view text;
  TokenKind meant;  // kEnd: skipped like white space
  absl::string_view message;
  absl::string_view hint;
};
constexpr Lookalike kLookalikes[] = {
    {"===", TokenKind::kEqual, "There is no operator ===.", "Write == to compare."},
    {"=>", TokenKind::kGreaterEqual, "There is no operator =>.", "Write >= for \"at least\"."},
    {"=<", TokenKind::kLessEqual, "There is no operator =<.", "Write <= for \"at most\"."},
    {"=", TokenKind::kEqual, "A single = does not compare.", "Write == to compare."},
    {"<>", TokenKind::kNotEqual, "There is no operator <>.", "Write != for \"is not\"."},
    {"&", TokenKind::kAnd, "A single & has no meaning.", "Write && for \"and\"."},
    {"|", TokenKind::kOr, "A single | has no meaning.", "Write || for \"or\"."},
    {"\u2260", TokenKind::kNotEqual, "The sign \u2260 is not an operator.", "Write !=."},
    {"\u2264", TokenKind::kLessEqual, "The sign \u2264 is not an operator.", "Write <=."},
    {"\u2265", TokenKind::kGreaterEqual, "The sign \u2265 is not an operator.", "Write >=."},
    {"\u2212", TokenKind::kMinus, "This is a typographic minus sign.",
     "Write - from the keyboard."},
    {"\u2013", TokenKind::kMinus, "This is a dash, not a minus sign.",
     "Write - from the keyboard."},
    {"\u00D7", TokenKind::kStar, "The sign \u00D7 is not an operator.", "Write * to multiply."},
    {"\u00A0", TokenKind::kEnd, "This is a non-breaking space.", "Write a plain space."},
    {"\uFEFF", TokenKind::kEnd, "This is an invisible byte order mark.", "Delete it."},
    {";", TokenKind::kEnd, "A semicolon has no meaning here.", "Delete it."},
};

struct Operator {
  absl::string_view text;
  TokenKind kind;
};
// Longer spellings first.
constexpr Operator kOperators[] = {
    {"==", TokenKind::kEqual},        {"!=", TokenKind::kNotEqual},  {"<=", TokenKind::kLessEqual},
    {">=", TokenKind::kGreaterEqual}, {"&&", TokenKind::kAnd},       {"||", TokenKind::kOr},
    {"(", TokenKind::kLeftParen},     {")", TokenKind::kRightParen}, {"[", TokenKind::kLeftBracket},
    {"]", TokenKind::kRightBracket},  {"{", TokenKind::kLeftBrace},  {"}", TokenKind::kRightBrace},
    {",", TokenKind::kComma},         {".", TokenKind::kDot},        {":", TokenKind::kColon},
    {"?", TokenKind::kQuestion},      {"!", TokenKind::kNot},        {"-", TokenKind::kMinus},
    {"+", TokenKind::kPlus},          {"*", TokenKind::kStar},       {"/", TokenKind::kSlash},
    {"%", TokenKind::kPercent},       {"<", TokenKind::kLess},       {">", TokenKind::kGreater},
};

class Lexer {
 public:
  Lexer(absl::string_view source, Issues& issues) : source_(source), issues_(issues) {}

  std::vector<Token> Run() {
    while (SkipSpace() && issues_.size() < limits::kMaxIssues) LexOne();
    Push(TokenKind::kEnd, source_.size());
    return std::move(tokens_);
  }

 private:
  absl::string_view Rest() const { return source_.substr(at_); }
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  // False at the end of the text.
  bool SkipSpace() {
    while (at_ < source_.size()) {
      if (absl::StrContains(" \t\n\f\r", source_[at_])) {
        ++at_;
      } else if (absl::StartsWith(Rest(), "//")) {
        at_ = std::min(source_.find('\n', at_), source_.size());
      } else {
        return true;
      }
    }
    return false;
  }

  void LexOne() {
    const char c = Peek();
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return LexNumber();
    if (const size_t prefix = StringPrefixLength(); prefix != absl::string_view::npos) {
      return LexString(prefix);
    }
    if (IsIdentStart(c)) return LexWord();
    if (c == '`') return LexQuotedIdent();
    LexOperator();
  }

  void LexWord() {
    size_t end = at_;
    while (end < source_.size() && IsIdentPart(source_[end])) ++end;
    const absl::string_view word = source_.substr(at_, end - at_);
    TokenKind kind = TokenKind::kIdent;
    if (word == "true") kind = TokenKind::kTrue;
    if (word == "false") kind = TokenKind::kFalse;
    if (word == "null") kind = TokenKind::kNull;
    if (word == "in") kind = TokenKind::kIn;
    Push(kind, end).text = std::string(word);
  }

  void LexQuotedIdent() {
    size_t end = at_ + 1;
    while (end < source_.size() &&
           (IsIdentPart(source_[end]) || absl::StrContains(".-/ ", source_[end]))) {
      ++end;
    }
    if (end == at_ + 1 || end >= source_.size() || source_[end] != '`') {
      Report("unterminated_name", end, "A quoted name has no closing ` or an odd character in it.",
             "Names in backticks may hold letters, digits, spaces and _ . - /");
      at_ = end;
      return;
    }
    const std::string name(source_.substr(at_ + 1, end - at_ - 1));
    Push(TokenKind::kQuotedIdent, end + 1).text = name;
  }

  void LexNumber() {
    size_t end = at_;
    const bool hex = Peek() == '0' && (Peek(1) == 'x' || Peek(1) == 'X') && IsHexDigit(Peek(2));
    bool real = false;
    if (hex) {
      end += 2;
      while (end < source_.size() && IsHexDigit(source_[end])) ++end;
    } else {
      end = DecimalEnd(real);
    }
    const size_t digits_end = end;
    const bool is_uint =
        !real && end < source_.size() && (source_[end] == 'u' || source_[end] == 'U');
    if (is_uint) ++end;
    if (end < source_.size() && IsIdentPart(source_[end])) return RejectNumber(end);

    const absl::string_view digits = source_.substr(at_, digits_end - at_);
    if (real) return PushDouble(digits, end);
    uint64_t magnitude = 0;
    if (hex ? !absl::SimpleHexAtoi(digits, &magnitude) : !absl::SimpleAtoi(digits, &magnitude)) {
      Report("number_out_of_range", end, "This number is too large.", "");
      magnitude = 0;
    }
    Token& token = Push(is_uint ? TokenKind::kUint : TokenKind::kInt, end);
    token.text = absl::StrCat(digits, is_uint ? "u" : "");
    token.number = magnitude;
  }

  // End of a decimal number at at_; sets `real` when it has a fraction or an exponent.
  size_t DecimalEnd(bool& real) const {
    size_t end = at_;
    const auto skip_digits = [&] {
      while (end < source_.size() && IsDigit(source_[end])) ++end;
    };
    skip_digits();
    if (end + 1 < source_.size() && source_[end] == '.' && IsDigit(source_[end + 1])) {
      real = true;
      ++end;
      skip_digits();
    }
    if (end < source_.size() && (source_[end] == 'e' || source_[end] == 'E')) {
      size_t digit = end + 1;
      if (digit < source_.size() && (source_[digit] == '+' || source_[digit] == '-')) ++digit;
      if (digit < source_.size() && IsDigit(source_[digit])) {
        real = true;
        end = digit;
        skip_digits();
      }
    }
    return end;
  }

  void PushDouble(absl::string_view digits, size_t end) {
    double value = 0;
    const auto result = absl::from_chars(digits.data(), digits.data() + digits.size(), value);
    // An underflow reads as zero, as in every other CEL.
    if (result.ec == std::errc::result_out_of_range && std::abs(value) > 1) {
      Report("number_out_of_range", end, "This number is too large.", "");
    }
    Token& token = Push(TokenKind::kDouble, end);
    token.text = absl::StrCat(digits.front() == '.' ? "0" : "", digits);
    token.real = value;
  }

  void RejectNumber(size_t end) {
    while (end < source_.size() && IsIdentPart(source_[end])) ++end;
    Report("invalid_number", end,
           absl::StrCat("\"", source_.substr(at_, end - at_), "\" is neither a number nor a name."),
           "Texts need quotes; a span of time is written duration(\"72h\").");
    Push(TokenKind::kInt, end).text = "0";
  }

  // Length of r, b, br... before a quote; npos when no string starts here.
  size_t StringPrefixLength() const {
    const auto is_quote = [](char c) { return c == '"' || c == '\''; };
    const auto is_raw = [](char c) { return c == 'r' || c == 'R'; };
    const auto is_bytes = [](char c) { return c == 'b' || c == 'B'; };
    if (is_quote(Peek())) return 0;
    if ((is_raw(Peek()) || is_bytes(Peek())) && is_quote(Peek(1))) return 1;
    if (is_bytes(Peek()) && is_raw(Peek(1)) && is_quote(Peek(2))) return 2;
    return absl::string_view::npos;
  }

  void LexString(size_t prefix) {
    const absl::string_view letters = source_.substr(at_, prefix);
    const bool raw = letters.find_first_of("rR") != absl::string_view::npos;
    const bool is_bytes = letters.find_first_of("bB") != absl::string_view::npos;
    const char quote = Peek(prefix);
    const bool triple = Peek(prefix + 1) == quote && Peek(prefix + 2) == quote;
    const std::string closing(triple ? 3 : 1, quote);
    const size_t begin = at_ + prefix + closing.size();
    size_t end = begin;
    while (end < source_.size() && !absl::StartsWith(source_.substr(end), closing)) {
      if (!triple && (source_[end] == '\n' || source_[end] == '\r')) break;
      end += !raw && source_[end] == '\\' ? 2 : 1;
    }
    end = std::min(end, source_.size());
    const bool closed = absl::StartsWith(source_.substr(end), closing);
    if (!closed) {
      Report("unterminated_string", end, "This text has no closing quote.",
             absl::StrCat("Add ", closing, " where the text ends."));
    }
    const absl::string_view body = source_.substr(begin, end - begin);
    std::string decoded =
        raw ? std::string(body)
            : DecodeEscapes(body, static_cast<uint32_t>(begin), is_bytes, issues_);
    Push(is_bytes ? TokenKind::kBytes : TokenKind::kString, closed ? end + closing.size() : end)
        .text = std::move(decoded);
  }

  void LexOperator() {
    for (const Operator& op : kOperators) {
      // "<>" would otherwise be read as two operators.
      if (absl::StartsWith(Rest(), op.text) && !IsLookalike(op)) {
        Push(op.kind, at_ + op.text.size());
        return;
      }
    }
    for (const Lookalike& lookalike : kLookalikes) {
      if (!absl::StartsWith(Rest(), lookalike.text)) continue;
      const size_t end = at_ + lookalike.text.size();
      Report("unknown_character", end, lookalike.message, lookalike.hint);
      if (lookalike.meant != TokenKind::kEnd) Push(lookalike.meant, end);
      at_ = end;
      return;
    }
    if (IsCurlyQuote(Rest())) return LexCurlyString();
    RejectCharacter();
  }

  bool IsLookalike(const Operator& op) const {
    return (op.kind == TokenKind::kLess && Peek(1) == '>') ||
           (op.kind == TokenKind::kEqual && Peek(2) == '=');
  }

  static bool IsCurlyQuote(absl::string_view text) {
    for (const absl::string_view quote :
         {"\u201C", "\u201D", "\u201E", "\u2018", "\u2019", "\u201A", "\u00AB", "\u00BB"}) {
      if (absl::StartsWith(text, quote)) return true;
    }
    return false;
  }

  // Reads to the next curly quote, so that the words between do not give findings of their own.
  void LexCurlyString() {
    const size_t begin = at_ + CodePointLength();
    size_t end = begin;
    while (end < source_.size() && source_[end] != '\n' && !IsCurlyQuote(source_.substr(end)))
      ++end;
    const std::string body(source_.substr(begin, end - begin));
    Report("curly_quotes", end, "These are typographic quotes.", "Write straight quotes: \"...\".");
    at_ = end;
    const size_t after = IsCurlyQuote(Rest()) ? end + CodePointLength() : end;
    Push(TokenKind::kString, after).text = body;
  }

  void RejectCharacter() {
    const size_t end = at_ + CodePointLength();
    const absl::string_view text = source_.substr(at_, end - at_);
    const bool printable = static_cast<unsigned char>(text[0]) >= 0x20 && text[0] != 0x7F;
    Report("unknown_character", end,
           printable ? absl::StrCat("The character ", text, " has no meaning here.")
                     : std::string("A control character has no meaning here."),
           "Texts need quotes.");
    at_ = end;
  }

  size_t CodePointLength() const {
    size_t length = 1;
    while ((static_cast<unsigned char>(Peek(length)) & 0xC0) == 0x80) ++length;
    return length;
  }

  Token& Push(TokenKind kind, size_t end) {
    Token& token = tokens_.emplace_back();
    token.kind = kind;
    token.span = {static_cast<uint32_t>(at_), static_cast<uint32_t>(end)};
    at_ = end;
    return token;
  }

  void Report(absl::string_view code, size_t end, absl::string_view message,
              absl::string_view hint) {
    issues_.push_back({std::string(code),
                       {static_cast<uint32_t>(at_), static_cast<uint32_t>(end)},
                       std::string(message),
                       std::string(hint)});
  }

  absl::string_view source_;
  Issues& issues_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace

std::vector<Token> Tokenize(absl::string_view source, Issues& issues) {
  return Lexer(source, issues).Run();
}

bool IsIdentifier(absl::string_view text) {
  return !text.empty() && IsIdentStart(text[0]) &&
         std::all_of(text.begin(), text.end(), IsIdentPart);
}

bool IsReserved(absl::string_view word) {
  static const auto& words = *new absl::flat_hash_set<absl::string_view>(
      {"as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop",
       "package", "namespace", "return", "var", "void", "while"});
  return words.contains(word);
}

bool IsKeyword(absl::string_view word) {
  return word == "true" || word == "false" || word == "null" || word == "in";
}

}  // namespace touchstone::rules::expr
