// Operators and functions: which signature fits, and what to say when none does.

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/expr/checking.h"
#include "rules/expr/nearest_name.h"
#include "rules/expr/type_wording.h"

namespace touchstone::rules::expr {
namespace {

bool IsEquality(Function function) {
  return function == Function::kEqual || function == Function::kNotEqual;
}

bool IsOrdering(Function function) {
  return function == Function::kLess || function == Function::kLessEqual ||
         function == Function::kGreater || function == Function::kGreaterEqual;
}

bool IsOperator(Function function) { return function <= Function::kOptionalIndex; }

bool IsStringLiteral(const Expr& expr) {
  return expr.kind == ExprKind::kConstant && expr.constant.kind == Constant::Kind::kString;
}

bool IsNumeric(const Type& type) {
  const Type& plain = type.Is(TypeKind::kWrapper) ? type.element() : type;
  return plain.Is(TypeKind::kInt) || plain.Is(TypeKind::kUint) || plain.Is(TypeKind::kDouble);
}

std::string Capitalised(std::string text) {
  if (!text.empty()) text[0] = absl::ascii_toupper(static_cast<unsigned char>(text[0]));
  return text;
}

Type Instantiate(const Type& type, const Type& a, const Type& b) {
  if (type.Is(TypeKind::kParam)) return type.name() == "A" ? a : b;
  return MapParams(type, [&](const Type& param) { return Instantiate(param, a, b); });
}

}  // namespace

Type Checking::VisitCall(Expr& expr) {
  switch (expr.function) {
    case Function::kAnd:
    case Function::kOr:
    case Function::kNot:
      return VisitLogic(expr);
    case Function::kConditional:
      return VisitConditional(expr);
    case Function::kUnknown:
      return ReportUnknownFunction(expr);
    case Function::kGreatest:
    case Function::kLeast:
      return VisitExtreme(expr);
    case Function::kFormat:
      return VisitFormat(expr);
    default:
      break;
  }
  for (const ExprPtr& child : expr.children) Visit(*child);
  if (!enforcing()) return Type();
  AdoptExactOperands(expr);
  CheckEnumValues(expr);
  return ResolveSignature(expr);
}

Type Checking::VisitLogic(Expr& expr) {
  const absl::string_view place = expr.function == Function::kAnd  ? "Each side of &&"
                                  : expr.function == Function::kOr ? "Each side of ||"
                                                                   : "What stands behind !";
  for (const ExprPtr& child : expr.children) {
    Visit(*child);
    const bool fits = RequireBool(*child, place);
    // What is then done with !x follows from the same mistake: !x == 1.
    if (!fits && expr.function == Function::kNot) return Type(TypeKind::kError);
  }
  return Type(TypeKind::kBool);
}

bool Checking::RequireBool(const Expr& expr, absl::string_view place) {
  if (inference_.Assign(expr.type, Type(TypeKind::kBool))) return true;
  Report("wrong_type", expr.span,
         absl::StrCat(place, " must be true or false, but this is ", Describe(expr), "."),
         "Compare it with something: x == ..., or ask has(x).");
  return false;
}

Type Checking::VisitConditional(Expr& expr) {
  for (const ExprPtr& child : expr.children) Visit(*child);
  Expr& yes = *expr.children[1];
  Expr& no = *expr.children[2];
  RequireBool(*expr.children[0], "The condition before ?");
  if (enforcing()) AdoptPair(yes, no, /*thousandths=*/false);
  if (const std::optional<Type> joined = inference_.Join(yes.type, no.type)) return *joined;
  Issue issue = {
      "wrong_type", expr.span,
      absl::StrCat("Both results of ? : must be of one kind, but one is ", Describe(yes),
                   " and the other ", Describe(no), "."),
      HintForOperands(Function::kEqual, inference_.Final(yes.type), inference_.Final(no.type))};
  if (!CanBeExact(expr)) return Report(issue.code, issue.span, issue.message, issue.hint);
  ReportUnlessExact(expr, std::move(issue));
  return Type(TypeKind::kError);
}

Type Checking::ResolveSignature(Expr& expr) {
  bool arity_fits = false;
  const std::optional<Type> result = MatchSignatures(expr, arity_fits);
  if (result.has_value()) return *result;
  const bool follows_from_another =
      std::any_of(expr.children.begin(), expr.children.end(),
                  [this](const ExprPtr& child) { return Is(*child, TypeKind::kError); });
  if (!arity_fits) return ReportWrongCall(expr);
  if (follows_from_another) return Type(TypeKind::kError);
  if (AreComparableNumbers(expr)) return Type(TypeKind::kBool);
  return ReportMismatch(expr);
}

std::optional<Type> Checking::MatchSignatures(const Expr& expr, bool& arity_fits) {
  const Signature* only = nullptr;
  std::optional<Type> result;
  bool several = false;
  for (const Signature& signature : SignaturesOf(expr.function)) {
    if (signature.receiver_style != expr.receiver_style ||
        signature.params.size() != expr.children.size()) {
      continue;
    }
    arity_fits = true;
    const TypeInference::Mark before = inference_.Here();
    Type type;
    const bool fits = MatchOne(signature, expr, type);
    type = inference_.Final(type);
    inference_.ReturnTo(before);
    if (!fits) continue;
    several = only != nullptr;
    // Operands that may be anything leave several signatures; only what they agree on is known.
    result = result.has_value() && *result != type ? Type() : type;
    only = &signature;
  }
  if (only == nullptr) return std::nullopt;
  if (several) return result;
  Type type;
  MatchOne(*only, expr, type);
  return type;
}

bool Checking::MatchOne(const Signature& signature, const Expr& expr, Type& result) {
  const Type a = signature.generic ? inference_.Fresh() : Type();
  const Type b = signature.generic ? inference_.Fresh() : Type();
  const auto concrete = [&](const Type& type) {
    return signature.generic ? Instantiate(type, a, b) : type;
  };
  for (size_t i = 0; i < signature.params.size(); ++i) {
    if (!inference_.Assign(expr.children[i]->type, concrete(signature.params[i]))) return false;
  }
  result = concrete(signature.result);
  return true;
}

bool Checking::AreComparableNumbers(const Expr& expr) {
  if (!environment_.policy().cross_numeric_comparisons) return false;
  const bool in = expr.function == Function::kIn;
  if (!in && !IsEquality(expr.function) && !IsOrdering(expr.function)) return false;
  Type right = inference_.Final(expr.children[1]->type);
  if (in && (right.Is(TypeKind::kList) || right.Is(TypeKind::kMap))) right = Type(right.param(0));
  return IsNumeric(inference_.Final(expr.children[0]->type)) && IsNumeric(right);
}

Type Checking::ReportMismatch(const Expr& expr) {
  if (IsOperator(expr.function) && expr.children.size() == 2) {
    const Type left = inference_.Final(expr.children[0]->type);
    const Type right = inference_.Final(expr.children[1]->type);
    return Report("wrong_type", expr.span,
                  absl::StrCat(Capitalised(DescribeType(left)), " ", CannotBe(expr.function), " ",
                               DescribeType(right), "."),
                  HintForOperands(expr.function, left, right));
  }
  if (expr.function == Function::kNegate) {
    return Report("wrong_type", expr.span,
                  absl::StrCat("A minus cannot stand before ", Describe(*expr.children[0]), "."));
  }
  std::vector<std::string> given;
  for (const ExprPtr& child : expr.children) given.push_back(Describe(*child));
  std::set<std::string> takes;
  for (const Signature& signature : SignaturesOf(expr.function)) {
    if (signature.params.size() != expr.children.size()) continue;
    takes.insert(absl::StrJoin(signature.params, " and ", [](std::string* out, const Type& type) {
      absl::StrAppend(out, DescribeType(type));
    }));
  }
  return Report("wrong_type", expr.span,
                absl::StrCat(FunctionName(expr.function), "() cannot take ",
                             absl::StrJoin(given, " and "), "."),
                absl::StrCat("It takes ", absl::StrJoin(takes, ", or "), "."));
}

Type Checking::ReportWrongCall(const Expr& expr) {
  const absl::string_view name = FunctionName(expr.function);
  std::set<std::string> counts;
  for (const Signature& signature : SignaturesOf(expr.function)) {
    if (signature.params.size() == expr.children.size()) {
      return Report("wrong_call_style", expr.span,
                    absl::StrCat(name, "() is not written this way."),
                    signature.receiver_style ? absl::StrCat("Write value.", name, "(...).")
                                             : absl::StrCat("Write ", name, "(value)."));
    }
    if (signature.receiver_style != expr.receiver_style) continue;
    counts.insert(absl::StrCat(signature.params.size() - (signature.receiver_style ? 1 : 0)));
  }
  const size_t given = expr.children.size() - (expr.receiver_style ? 1 : 0);
  return Report(
      "wrong_argument_count", expr.span,
      absl::StrCat(name, "() does not take ", given, given == 1 ? " argument." : " arguments."),
      counts.empty() ? ""
                     : absl::StrCat("It takes ", absl::StrJoin(counts, " or "),
                                    *counts.rbegin() == "1" ? " argument." : " arguments."));
}

void Checking::CheckEnumValues(const Expr& expr) {
  if (enums_.empty() || (!IsEquality(expr.function) && expr.function != Function::kIn)) return;
  const Expr& left = *expr.children[0];
  const Expr& right = *expr.children[1];
  // For == and for "x" in names; the element type is the enum in both.
  for (const auto& [name, literal] : {std::pair(&left, &right), std::pair(&right, &left)}) {
    const auto found = enums_.find(name);
    if (found != enums_.end()) CheckEnumValue(*found->second, *literal);
  }
  const auto found = enums_.find(&left);
  if (found == enums_.end() || right.kind != ExprKind::kList) return;
  for (const ExprPtr& element : right.children) CheckEnumValue(*found->second, *element);
}

void Checking::CheckEnumValue(const VariableDecl& variable, const Expr& literal) {
  if (!IsStringLiteral(literal)) return;
  const std::string& written = literal.constant.string_value;
  const std::vector<std::string>& values = variable.enum_values;
  if (std::find(values.begin(), values.end(), written) != values.end()) return;
  const std::vector<absl::string_view> names(values.begin(), values.end());
  const std::optional<std::string> nearest = NearestName(written, names);
  Report("unknown_enum_value", literal.span,
         absl::StrCat("\"", written, "\" is not a value of ", variable.name,
                      "; its values are: ", absl::StrJoin(values, ", "), "."),
         nearest.has_value() ? absl::StrCat("Did you mean \"", *nearest, "\"?") : "");
}

}  // namespace touchstone::rules::expr
