#pragma once

// Conditions as sets of rows: each row a conjunction of "this subject's value is in that set".
//
// A condition is true, under CEL's three values, exactly when some row of WhenTrue holds, and false
// exactly when some row of WhenFalse does; where neither does it is an error. That works since &&,
// || and ! are monotone in "is true" and "is false" of their parts: absent attributes and errors
// make a part neither, and need no third value from there on. The ternary is two rows.
// What is no comparison with a constant (a function, arithmetic beside another fact, a nested
// macro) is a subject of its own: a bool whose value only its program knows.
// An OR of parts about different subjects needs a row each; where a condition would need more than
// kMaxConditionRows, the OR that is too much becomes such a subject.
//
// Use: one NormalForms for all conditions of one environment, so that equal subjects are one.
// Thread safety: one thread. Lifetime: refers to the environment. Cost: linear in the condition,
// times its rows. Rows without a value (age < 18 && age > 65) are left out.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "rules/eligibility/subject.h"
#include "rules/eligibility/value_set.h"
#include "rules/expr/environment.h"

namespace touchstone::rules {

inline constexpr size_t kMaxConditionRows = 16;

struct Literal {
  uint32_t subject = 0;  // index into subjects()
  std::shared_ptr<const ValueSet> set;
};

// Ascending by subject; a subject stands once, but for kSomeElement, which may stand more often.
using ConditionRow = std::vector<Literal>;
using ConditionRows = std::vector<ConditionRow>;

class NormalForms {
 public:
  explicit NormalForms(const expr::Environment& environment) : environment_(environment) {}

  // REQUIRES: a tree checked in the environment, of type bool.
  ConditionRows WhenTrue(const expr::Expr& condition) { return Visit(condition, true); }
  ConditionRows WhenFalse(const expr::Expr& condition) { return Visit(condition, false); }

  // Rows of both at once: the conjunction of two conditions.
  ConditionRows Both(const ConditionRows& a, const ConditionRows& b) const;

  const std::deque<Subject>& subjects() const { return subjects_; }
  // InvalidArgument when a part of a condition cannot be run (Program::Compile says why).
  const absl::Status& status() const { return status_; }
  // Hands over the subjects; the object is used up.
  std::deque<Subject> TakeSubjects() { return std::move(subjects_); }

 private:
  struct ElementSet {
    std::vector<uint16_t> fields;
    bool field_is_list = false;
    KeyKind key_kind = KeyKind::kText;
    ValueSet set;
  };

  // normal_form.cc: the logic.
  ConditionRows Visit(const expr::Expr& expr, bool wanted);
  ConditionRows VisitAll(const expr::Expr& chain, bool wanted);
  ConditionRows VisitAny(const expr::Expr& chain, bool wanted);
  ConditionRows VisitConditional(const expr::Expr& expr, bool wanted);
  bool AddRow(ConditionRow row, ConditionRows& rows) const;
  bool AddAlternative(ConditionRow row, ConditionRows& rows) const;
  std::optional<ConditionRow> Joined(const ConditionRow& a, const ConditionRow& b) const;
  std::optional<ConditionRows> Product(const ConditionRows& a, const ConditionRows& b) const;

  // atoms.cc: what a part without logic says of which subject.
  ConditionRows VisitAtom(const expr::Expr& expr, bool wanted);
  std::optional<ConditionRow> VisitComparison(const expr::Expr& expr, bool wanted);
  std::optional<ConditionRow> VisitIn(const expr::Expr& expr, bool wanted);
  std::optional<ConditionRow> VisitMacro(const expr::Expr& expr, bool wanted);
  std::optional<ConditionRow> RowOf(const expr::Expr& value, ValueSet set, bool wanted);
  ConditionRow ElementRow(expr::Slot list, std::string text, ElementSet elements, bool wanted);
  // The row of a bool that only its program knows.
  ConditionRow Opaque(const expr::Expr& expr, bool wanted);
  std::optional<ElementSet> ElementsWhere(const expr::Expr& predicate, absl::string_view variable,
                                          bool wanted);
  std::optional<ElementSet> ElementsWhereAny(const expr::Expr& chain, absl::string_view variable,
                                             bool wanted);
  std::optional<ElementSet> ElementOf(const expr::Expr& value, absl::string_view variable) const;
  std::optional<ValueSet> SetOf(KeyKind kind, expr::Function relation, const expr::Expr& literal);
  std::optional<ValueSet> SetOfList(KeyKind kind, const expr::Expr& list);
  std::optional<ValueSet> SetOfConstantList(KeyKind kind, uint32_t constant);
  std::optional<expr::Value> ConstantOf(const expr::Expr& expr);

  uint32_t SubjectOf(Subject subject);
  std::optional<uint32_t> ValueSubject(const expr::Expr& value);

  const expr::Environment& environment_;
  absl::Status status_;
  std::deque<Subject> subjects_;
  absl::flat_hash_map<std::string, uint32_t> subject_by_name_;
  absl::flat_hash_map<std::pair<uint32_t, KeyKind>, std::shared_ptr<const ValueSet>> list_sets_;
  expr::Scratch constants_;
  std::optional<expr::Program> constant_;  // owns what the last value points to
};

}  // namespace touchstone::rules
