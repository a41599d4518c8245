#pragma once

// A position in the tokens of one expression, and the findings of the parser that reads them: one
// finding per place, recovery to where something new may begin. Internal to the parser. Not thread
// safe.

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/expr/lexer.h"
#include "rules/expr/source.h"

namespace touchstone::rules::expr {

class TokenCursor {
 public:
  // REQUIRES: the tokens end with kEnd. `source` must outlive the cursor.
  TokenCursor(absl::string_view source, std::vector<Token> tokens, Issues issues);

  const Token& Current() const { return tokens_[at_]; }
  const Token& Previous() const { return tokens_[at_ == 0 ? 0 : at_ - 1]; }
  // The token after the current one.
  const Token& Following() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  bool At(TokenKind kind) const { return Current().kind == kind; }
  // Stays at kEnd.
  void Next() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }
  bool Accept(TokenKind kind);
  // Past a token of this kind; where it is missing, a finding and on to the next sync point.
  void Expect(TokenKind kind, absl::string_view text, absl::string_view hint);

  static bool IsCloser(TokenKind kind);
  // Moves to where a new operand, argument or element may begin, or the group ends.
  void SkipToSyncPoint();
  // From an opener to behind its closer.
  void SkipGroup();
  // Drops the rest of the text; what follows from that is not reported.
  void Abandon();

  void Report(absl::string_view code, SourceSpan span, absl::string_view message,
              absl::string_view hint);
  // What is wanted is missing before the current token.
  void ReportUnexpected(absl::string_view wanted, absl::string_view hint = "");

  // Where nodes are built that have findings of their own.
  Issues& issues() { return issues_; }
  // All findings, in the order of the text, at most limits::kMaxIssues.
  Issues TakeIssues();

 private:
  absl::string_view source_;
  std::vector<Token> tokens_;
  Issues issues_;
  size_t at_ = 0;
  bool abandoned_ = false;
  uint32_t last_reported_ = std::numeric_limits<uint32_t>::max();
};

}  // namespace touchstone::rules::expr
