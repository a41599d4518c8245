#include "rules/expr/token_cursor.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/expr/ast.h"
#include "rules/expr/spoken_words.h"

namespace touchstone::rules::expr {
namespace {

bool IsOpener(TokenKind kind) {
  return kind == TokenKind::kLeftParen || kind == TokenKind::kLeftBracket ||
         kind == TokenKind::kLeftBrace;
}

}  // namespace

TokenCursor::TokenCursor(absl::string_view source, std::vector<Token> tokens, Issues issues)
    : source_(source), tokens_(std::move(tokens)), issues_(std::move(issues)) {}

bool TokenCursor::IsCloser(TokenKind kind) {
  return kind == TokenKind::kRightParen || kind == TokenKind::kRightBracket ||
         kind == TokenKind::kRightBrace;
}

bool TokenCursor::Accept(TokenKind kind) {
  if (!At(kind)) return false;
  Next();
  return true;
}

void TokenCursor::Expect(TokenKind kind, absl::string_view text, absl::string_view hint) {
  if (Accept(kind)) return;
  ReportUnexpected(absl::StrCat("\"", text, "\""), hint);
  SkipToSyncPoint();
  Accept(kind);
}

void TokenCursor::SkipToSyncPoint() {
  for (;;) {
    const TokenKind kind = Current().kind;
    if (IsOpener(kind)) {
      SkipGroup();
      continue;
    }
    if (kind == TokenKind::kEnd || kind == TokenKind::kComma || kind == TokenKind::kAnd ||
        kind == TokenKind::kOr || kind == TokenKind::kColon || IsCloser(kind)) {
      return;
    }
    Next();
  }
}

void TokenCursor::SkipGroup() {
  int open = 0;
  while (!At(TokenKind::kEnd)) {
    if (IsOpener(Current().kind)) ++open;
    if (IsCloser(Current().kind)) --open;
    Next();
    if (open == 0) return;
  }
}

void TokenCursor::Abandon() {
  abandoned_ = true;
  at_ = tokens_.size() - 1;
}

void TokenCursor::Report(absl::string_view code, SourceSpan span, absl::string_view message,
                         absl::string_view hint) {
  // One finding per place: what follows from a mistake is no news.
  if (abandoned_ || last_reported_ == span.begin) return;
  last_reported_ = span.begin;
  issues_.push_back({std::string(code), span, std::string(message), std::string(hint)});
  if (issues_.size() >= limits::kMaxIssues) Abandon();
}

void TokenCursor::ReportUnexpected(absl::string_view wanted, absl::string_view hint) {
  const Token& token = Current();
  if (hint.empty() && token.kind == TokenKind::kIdent) hint = HintForWord(token.text);
  if (hint.empty() && Previous().kind == TokenKind::kPercent) hint = "Write 0.2 for 20 percent.";
  if (token.kind == TokenKind::kEnd) {
    const auto end = static_cast<uint32_t>(source_.size());
    Report("syntax", {end, end},
           absl::StrCat("The expression ends too early: ", wanted, " is missing."), hint);
    return;
  }
  const auto text = source_.substr(token.span.begin, token.span.end - token.span.begin);
  Report("syntax", token.span, absl::StrCat("Here ", wanted, " is missing before ", text, "."),
         hint);
}

Issues TokenCursor::TakeIssues() {
  std::stable_sort(issues_.begin(), issues_.end(),
                   [](const Issue& a, const Issue& b) { return a.span.begin < b.span.begin; });
  if (issues_.size() > limits::kMaxIssues) issues_.resize(limits::kMaxIssues);
  return std::move(issues_);
}

}  // namespace touchstone::rules::expr
