#pragma once

// An atom of a condition in words: what its subject is, and what it needs. Internal to
// explanation.cc; one thread.

#include <optional>
#include <string>
#include <vector>

#include "rules/expr/ast.h"
#include "rules/expr/environment.h"
#include "rules/expr/explanation.h"
#include "rules/expr/program.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// What an atom claims of its subject, in both voices.
struct Claim {
  const Expr* subject = nullptr;
  std::string needs;  // "needs at least 300.00"
  std::string which;  // "which is at least 300.00"; "" when the subject's value says it all
};

class AtomWords {
 public:
  AtomWords(const Environment& environment, const Frame& frame, const HidesFact& hides)
      : environment_(environment), frame_(frame), hides_(hides) {}

  // Canonical text, cut where it is long.
  std::string TextOf(const Expr& expr) const;
  // `value`: of the atom; `wanted`: what it has to be for the condition to hold.
  std::string Of(const Expr& atom, const Value& value, bool wanted);

 private:
  std::optional<Claim> ClaimOf(const Expr& atom, bool wanted);
  std::optional<Claim> ClaimOfComparison(const Expr& atom, bool wanted);
  std::optional<Claim> ClaimOfIn(const Expr& atom, bool wanted);
  std::optional<Claim> ClaimOfText(const Expr& atom, bool wanted);
  std::string OfPresence(const Expr& atom, const Value& value, bool wanted);
  std::string OfFacts(const Expr& atom, const Value& value);

  // "customer.spend_90d is 112.40 EUR"
  std::string SubjectWords(const Expr& subject, const Value& value) const;
  std::string LiteralWords(const Expr& literal);
  // Lives until the next atom.
  Value ValueOf(const Expr& expr);
  bool Hides(const Expr& expr) const;
  absl::string_view NameOf(Slot slot) const;

  const Environment& environment_;
  const Frame& frame_;
  const HidesFact& hides_;
  Scratch scratch_;
  std::vector<Program> programs_;  // whose constants values point into
};

}  // namespace touchstone::rules::expr
