#pragma once

// The checker at work on one expression: Check() makes one and throws it away. Internal.
//
// A node that fails gets TypeKind::kError, which fits everywhere, so that one mistake is one
// finding. In environments that do not enforce types, findings about names and types are dropped
// and what has no meaning becomes an unbound name.

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "rules/expr/ast.h"
#include "rules/expr/environment.h"
#include "rules/expr/signatures.h"
#include "rules/expr/source.h"
#include "rules/expr/type_inference.h"

namespace touchstone::rules::expr {

class Checking {
 public:
  explicit Checking(const Environment& environment) : environment_(environment) {}

  Issues Run(Expr& root, const std::optional<Type>& expected);

 private:
  struct Local {
    std::string name;
    Type type;
  };

  // What a declared name stands for. `variable` is null for constants and types.
  struct Meaning {
    Resolution resolution;
    Type type;
    const VariableDecl* variable = nullptr;
  };

  // checker.cc: the kinds of node.
  Type Visit(Expr& expr);
  Type VisitNode(Expr& expr);
  Type VisitConstant(const Expr& expr);
  Type VisitSelect(Expr& expr);
  Type VisitList(Expr& expr);
  Type VisitMap(Expr& expr);
  Type VisitComprehension(Expr& expr);
  Type VisitComprehensionBody(Expr& expr, const std::vector<Type>& bound);
  Type TypeOfEntries(const Expr& entries);
  Type VisitOptionalMacro(Expr& expr);
  Type VisitBind(Expr& expr);
  Type FieldType(Expr& expr, const Type& operand);
  // What the variables of a macro stand for: one or two.
  std::vector<Type> VariablesOver(const Expr& range, size_t count);
  // What stands in a literal; `optional`: written with ?, it is what an optional holds.
  struct Entry {
    Expr* expr;
    bool optional;
  };
  Type TypeOfEntry(const Entry& entry);
  Type JoinAll(const Expr& literal, absl::Span<const Entry> entries);
  void ReportMixed(const Expr& literal, const Expr& element, const Type& previous, bool numbers);
  void CheckMapKey(const Expr& key);
  void CheckResult(Expr& root, const Type& expected);
  void Finish(Expr& expr);

  // checker_names.cc: what names stand for.
  Type VisitName(Expr& expr);
  bool ResolveLocal(Expr& expr);
  std::optional<Meaning> FindMeaning(absl::string_view name, bool types_too) const;
  std::optional<Meaning> FindExactly(const std::string& name, bool types_too) const;
  Type Use(Expr& expr, const Meaning& meaning);
  bool StartsWithLocal(const Expr& dotted) const;
  bool HasDeclaredPrefix(const Expr& dotted) const;
  // Whether `expr` is names and dots of which nothing is declared.
  bool IsUnknownName(const Expr& expr) const;
  Type ReportUnknownName(Expr& expr);
  Type ReportUnknownField(const Expr& expr, const Type& record);
  Type ReportUnknownFunction(Expr& expr);
  std::string HintForName(absl::string_view written, absl::string_view name) const;

  // checker_calls.cc: operators and functions.
  Type VisitCall(Expr& expr);
  Type VisitLogic(Expr& expr);
  Type VisitConditional(Expr& expr);
  Type ResolveSignature(Expr& expr);
  std::optional<Type> MatchSignatures(const Expr& expr, bool& arity_fits);
  bool MatchOne(const Signature& signature, const Expr& expr, Type& result);
  bool AreComparableNumbers(const Expr& expr);
  Type ReportMismatch(const Expr& expr);
  Type ReportWrongCall(const Expr& expr);
  bool RequireBool(const Expr& expr, absl::string_view place);
  void CheckEnumValues(const Expr& expr);
  void CheckEnumValue(const VariableDecl& variable, const Expr& literal);

  // checker_extensions.cc: calls whose rules are more than a signature.
  Type VisitExtreme(Expr& expr);
  Type ExtremeOf(const Expr& call, const Expr& operand, const Type& type);
  void AdoptEach(Expr& call);
  Type VisitFormat(Expr& expr);
  void CheckPlaces(const Expr& text, const Expr& values);

  // exact_literals.cc: numeric literals beside money and decimals.
  void AdoptExactOperands(Expr& call);
  void AdoptPair(Expr& a, Expr& b, bool thousandths);
  void AdoptFactor(Expr& value, Expr& factor);
  void AdoptElements(const Type& type, Expr& list);
  bool IsExactType(const Expr& expr) const;
  bool CanBeExact(const Expr& expr) const;
  // Keeps back a finding about number literals of two kinds (5.00 and 7): beside money they become
  // one kind, and the finding is dropped.
  void ReportUnlessExact(const Expr& expr, Issue issue);
  // `thousandths`: the literal becomes a decimal value, which holds three decimals.
  void MakeExact(Expr& expr, const Type& type, bool thousandths);

  bool Is(const Expr& expr, TypeKind kind) const { return inference_.Shallow(expr.type).Is(kind); }
  // The words for the type of a node: "a whole number".
  std::string Describe(const Expr& expr) const;
  bool enforcing() const { return environment_.policy().enforce_types; }
  // Enough findings: no more are looked into, so that hints for thousands of unknown names cost
  // nothing.
  bool IsFull() const { return issues_.size() >= limits::kMaxIssues; }
  Type Report(absl::string_view code, SourceSpan span, absl::string_view message,
              absl::string_view hint = "");

  const Environment& environment_;
  TypeInference inference_;
  Issues issues_;
  std::vector<Local> locals_;
  int comprehension_nesting_ = 0;
  absl::flat_hash_map<const Expr*, const VariableDecl*> enums_;  // names limited to some values
  absl::flat_hash_map<const Expr*, Issue> unless_exact_;         // see ReportUnlessExact
};

}  // namespace touchstone::rules::expr
