#include "rules/expr/checker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/expr/checking.h"
#include "rules/expr/lexer.h"
#include "rules/expr/macro_syntax.h"
#include "rules/expr/type_wording.h"

namespace touchstone::rules::expr {
namespace {

bool IsMapKeyType(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kUint:
    case TypeKind::kString:
    case TypeKind::kDyn:
    case TypeKind::kError:
    case TypeKind::kParam:
      return true;
    default:
      return false;
  }
}

}  // namespace

Issues Check(Expr& root, const Environment& environment, std::optional<Type> expected) {
  return Checking(environment).Run(root, expected);
}

Issues Checking::Run(Expr& root, const std::optional<Type>& expected) {
  Visit(root);
  if (expected.has_value()) CheckResult(root, *expected);
  for (auto& [expr, issue] : unless_exact_) issues_.push_back(std::move(issue));
  Finish(root);
  if (inference_.exhausted()) {
    issues_.push_back({"too_complex", root.span, "The types in this expression are too complex.",
                       "Split it into several conditions or computed attributes."});
  }
  std::stable_sort(issues_.begin(), issues_.end(),
                   [](const Issue& a, const Issue& b) { return a.span.begin < b.span.begin; });
  if (issues_.size() > limits::kMaxIssues) issues_.resize(limits::kMaxIssues);
  return std::move(issues_);
}

Type Checking::Report(absl::string_view code, SourceSpan span, absl::string_view message,
                      absl::string_view hint) {
  if (enforcing() && !IsFull()) {
    issues_.push_back({std::string(code), span, std::string(message), std::string(hint)});
  }
  return Type(TypeKind::kError);
}

std::string Checking::Describe(const Expr& expr) const {
  return DescribeType(inference_.Final(expr.type));
}

void Checking::Finish(Expr& expr) {
  for (const ExprPtr& child : expr.children) Finish(*child);
  const bool names_type = expr.resolution.kind == Resolution::Kind::kType;
  expr.type = enforcing() || names_type ? inference_.Final(expr.type) : Type(TypeKind::kDyn);
}

void Checking::CheckResult(Expr& root, const Type& expected) {
  const bool amount = expected.Is(TypeKind::kMoney) || expected.Is(TypeKind::kDecimal);
  if (amount && enforcing() && CanBeExact(root)) {
    MakeExact(root, expected, expected.Is(TypeKind::kDecimal));
  }
  if (inference_.Assign(root.type, expected)) return;
  Report("wrong_result_type", root.span,
         expected.Is(TypeKind::kBool)
             ? absl::StrCat("This condition must be true or false, but it is ", Describe(root), ".")
             : absl::StrCat("This must be ", DescribeType(expected), ", but it is ", Describe(root),
                            "."),
         HintForOperands(Function::kEqual, inference_.Final(root.type), expected));
}

Type Checking::Visit(Expr& expr) {
  expr.type = VisitNode(expr);
  return expr.type;
}

Type Checking::VisitNode(Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kConstant:
      return VisitConstant(expr);
    case ExprKind::kIdent:
      return VisitName(expr);
    case ExprKind::kSelect:
      return VisitSelect(expr);
    case ExprKind::kCall:
      return VisitCall(expr);
    case ExprKind::kList:
      return VisitList(expr);
    case ExprKind::kMap:
      return VisitMap(expr);
    case ExprKind::kComprehension:
      return VisitComprehension(expr);
    case ExprKind::kBind:
      return VisitBind(expr);
  }
  return Type(TypeKind::kError);
}

Type Checking::VisitConstant(const Expr& expr) {
  switch (expr.constant.kind) {
    case Constant::Kind::kNull:
      return Type(TypeKind::kNull);
    case Constant::Kind::kBool:
      return Type(TypeKind::kBool);
    case Constant::Kind::kInt:
      return Type(TypeKind::kInt);
    case Constant::Kind::kUint:
      return Type(TypeKind::kUint);
    case Constant::Kind::kDouble:
      return Type(TypeKind::kDouble);
    case Constant::Kind::kString:
      return Type(TypeKind::kString);
    case Constant::Kind::kBytes:
      return Type(TypeKind::kBytes);
  }
  return Type(TypeKind::kError);
}

Type Checking::VisitSelect(Expr& expr) {
  const bool dotted = IsIdentifier(expr.name) && IsDottedName(*expr.children[0]);
  if (dotted && !StartsWithLocal(expr)) {
    const Type type = VisitName(expr);
    if (type.Is(TypeKind::kError)) return type;
    if (expr.resolution.kind != Resolution::Kind::kNone) {
      if (expr.test_only) return Type(TypeKind::kBool);
      return HasOptionalDot(expr) ? Type::Optional(type) : type;
    }
  }
  const Type operand = inference_.Shallow(Visit(*expr.children[0]));
  const bool in_optional = operand.Is(TypeKind::kOptional);
  const Type field = FieldType(expr, in_optional ? operand.element() : operand);
  if (expr.test_only) return Type(TypeKind::kBool);
  if (field.Is(TypeKind::kError)) return field;
  return in_optional || expr.optional_access ? Type::Optional(field) : field;
}

Type Checking::FieldType(Expr& expr, const Type& operand) {
  const Type type = inference_.Shallow(operand);
  switch (type.kind()) {
    case TypeKind::kError:
      return type;
    case TypeKind::kDyn:
    case TypeKind::kParam:
      return Type(TypeKind::kDyn);
    case TypeKind::kRecord: {
      const int index = type.FieldIndex(expr.name);
      if (index < 0) return ReportUnknownField(expr, type);
      expr.resolution.kind = Resolution::Kind::kField;
      expr.resolution.field_index = static_cast<uint16_t>(index);
      return type.fields()[static_cast<size_t>(index)].type;
    }
    case TypeKind::kMap:
      if (inference_.Assign(Type(TypeKind::kString), type.param(0))) return type.param(1);
      return Report("wrong_type", expr.span, "The keys of this map are not texts.",
                    "Write map[key] instead of map.key.");
    default:
      return Report(
          "wrong_type", expr.span,
          absl::StrCat("There is no \"", expr.name,
                       "\" here: ", DescribeType(inference_.Final(type)), " has no fields."),
          type.Is(TypeKind::kList) ? "Ask of one element: list.exists(x, x.field ...)." : "");
  }
}

Type Checking::VisitList(Expr& expr) {
  std::vector<Entry> elements;
  for (const ExprPtr& child : expr.children) {
    Visit(*child);
    elements.push_back({child.get(), child->optional_entry});
  }
  return Type::List(JoinAll(expr, elements));
}

Type Checking::VisitMap(Expr& expr) {
  std::vector<Entry> keys;
  std::vector<Entry> values;
  for (size_t i = 0; i + 1 < expr.children.size(); i += 2) {
    Visit(*expr.children[i]);
    CheckMapKey(*expr.children[i]);
    Visit(*expr.children[i + 1]);
    keys.push_back({expr.children[i].get(), false});
    values.push_back({expr.children[i + 1].get(), expr.children[i]->optional_entry});
  }
  Type key = JoinAll(expr, keys);
  return Type::Map(std::move(key), JoinAll(expr, values));
}

Type Checking::TypeOfEntry(const Entry& entry) {
  if (!entry.optional) return entry.expr->type;
  const Type type = inference_.Shallow(entry.expr->type);
  if (type.Is(TypeKind::kOptional)) return type.element();
  if (type.Is(TypeKind::kDyn)) return type;
  const Type held = inference_.Fresh();
  if (inference_.Assign(type, Type::Optional(held))) return held;
  return Report("wrong_type", entry.expr->span,
                absl::StrCat("What is written with ? must be optional, but this is ",
                             Describe(*entry.expr), "."),
                "Leave the ? out, or ask with .? for something that may not be there.");
}

void Checking::CheckMapKey(const Expr& key) {
  if (IsMapKeyType(inference_.Shallow(key.type))) return;
  Report("invalid_map_key", key.span, absl::StrCat("A map key cannot be ", Describe(key), "."),
         "Keys are texts, whole numbers, true or false.");
}

Type Checking::JoinAll(const Expr& literal, absl::Span<const Entry> entries) {
  std::vector<Type> types;
  for (const Entry& entry : entries) types.push_back(inference_.Shallow(TypeOfEntry(entry)));
  const auto amount = std::find_if(types.begin(), types.end(), [](const Type& type) {
    return type.Is(TypeKind::kMoney) || type.Is(TypeKind::kDecimal);
  });
  const std::optional<Type> exact =
      amount == types.end() ? std::nullopt : std::optional<Type>(*amount);
  std::optional<Type> joined;
  bool mixed = false;
  bool numbers = true;
  for (size_t i = 0; i < entries.size(); ++i) {
    Expr& element = *entries[i].expr;
    const bool literal_number = CanBeExact(element);
    numbers = numbers && literal_number;
    if (exact.has_value() && literal_number) {
      MakeExact(element, *exact, /*thousandths=*/false);
      types[i] = *exact;
    }
    const std::optional<Type> next =
        joined.has_value() ? inference_.Join(*joined, types[i]) : types[i];
    if (!next.has_value() && !mixed) {
      ReportMixed(literal, element, inference_.Final(*joined), numbers);
    }
    mixed = mixed || !next.has_value();
    if (next.has_value()) joined = next;
  }
  if (mixed) return Type(TypeKind::kDyn);
  return joined.has_value() ? *joined : inference_.Fresh();
}

void Checking::ReportMixed(const Expr& literal, const Expr& element, const Type& previous,
                           bool numbers) {
  if (!environment_.policy().homogeneous_literals) return;
  Issue issue = {"mixed_types", element.span,
                 absl::StrCat("This ", literal.kind == ExprKind::kList ? "list" : "map", " mixes ",
                              DescribeType(previous), " and ", Describe(element), "."),
                 HintForOperands(Function::kEqual, previous, inference_.Final(element.type))};
  if (numbers && literal.kind == ExprKind::kList) {
    issue.hint = "Write all of them with a decimal point: 1.0.";
    ReportUnlessExact(literal, std::move(issue));
  } else {
    Report(issue.code, issue.span, issue.message, issue.hint);
  }
}

Type Checking::VisitComprehension(Expr& expr) {
  if (expr.macro == Macro::kOptMap || expr.macro == Macro::kOptFlatMap) {
    return VisitOptionalMacro(expr);
  }
  Visit(*expr.children[0]);
  if (comprehension_nesting_ >= limits::kMaxComprehensionNesting) {
    // Also without types: it bounds the work.
    issues_.push_back({"too_many_nested_macros", expr.span,
                       absl::StrCat("Macros such as exists() are nested more than ",
                                    limits::kMaxComprehensionNesting, " deep."),
                       "Split the condition."});
    return Type(TypeKind::kError);
  }
  const std::vector<Type> bound = VariablesOver(*expr.children[0], expr.variables.size());
  for (size_t i = 0; i < bound.size(); ++i) locals_.push_back({expr.variables[i], bound[i]});
  ++comprehension_nesting_;
  Type result = VisitComprehensionBody(expr, bound);
  --comprehension_nesting_;
  locals_.resize(locals_.size() - bound.size());
  return result;
}

Type Checking::VisitComprehensionBody(Expr& expr, const std::vector<Type>& bound) {
  for (size_t i = 1; i < expr.children.size(); ++i) Visit(*expr.children[i]);
  const Expr& last = *expr.children.back();
  const bool transforms = expr.macro >= Macro::kTransformList || expr.macro == Macro::kMap;
  if (!transforms || expr.children.size() == 3) {
    RequireBool(*expr.children[1], "The condition of this macro");
  }
  switch (expr.macro) {
    case Macro::kFilter:
      return Type::List(bound[0]);
    case Macro::kMap:
    case Macro::kTransformList:
      return Type::List(last.type);
    case Macro::kTransformMap:
      return Type::Map(bound[0], last.type);
    case Macro::kTransformEntries:
      return TypeOfEntries(last);
    default:
      return Type(TypeKind::kBool);
  }
}

Type Checking::TypeOfEntries(const Expr& entries) {
  Type map = Type::Map(inference_.Fresh(), inference_.Fresh());
  if (inference_.Assign(entries.type, map)) return map;
  return Report("wrong_type", entries.span,
                absl::StrCat("Each turn of transformMapEntry() must yield a map, but this is ",
                             Describe(entries), "."),
                "For example: {x.sku: x.price}.");
}

std::vector<Type> Checking::VariablesOver(const Expr& range, size_t count) {
  const Type type = inference_.Shallow(range.type);
  switch (type.kind()) {
    case TypeKind::kList:
      if (count == 1) return {type.element()};
      return {Type(TypeKind::kInt), type.element()};
    case TypeKind::kMap:
      if (count == 1) return {type.param(0)};
      return {type.param(0), type.param(1)};
    case TypeKind::kDyn:
    case TypeKind::kParam:
      return std::vector<Type>(count);
    case TypeKind::kError:
      return std::vector<Type>(count, type);
    default:
      return std::vector<Type>(
          count,
          Report("wrong_type", range.span,
                 absl::StrCat("Only a list or a map has elements; this is ", Describe(range), "."),
                 type.Is(TypeKind::kOptional) ? "Write .orValue([]) before the macro." : ""));
  }
}

Type Checking::VisitOptionalMacro(Expr& expr) {
  Expr& target = *expr.children[0];
  Expr& body = *expr.children[1];
  Visit(target);
  Type held = inference_.Fresh();
  if (!inference_.Assign(target.type, Type::Optional(held))) {
    held = Report("wrong_type", target.span,
                  absl::StrCat(MacroName(expr.macro, 1), "() looks into an optional; this is ",
                               Describe(target), "."),
                  "Ask with .? for something that may not be there: customer.?age.");
  }
  locals_.push_back({expr.variables[0], held});
  Visit(body);
  locals_.pop_back();
  if (expr.macro == Macro::kOptMap) return Type::Optional(body.type);
  const Type result = Type::Optional(inference_.Fresh());
  if (inference_.Assign(body.type, result)) return result;
  return Report(
      "wrong_type", body.span,
      absl::StrCat("optFlatMap() must yield an optional, but this is ", Describe(body), "."),
      "Write optMap() instead.");
}

Type Checking::VisitBind(Expr& expr) {
  const Type value = Visit(*expr.children[0]);
  locals_.push_back({expr.variables[0], value});
  Type result = Visit(*expr.children[1]);
  locals_.pop_back();
  return result;
}

}  // namespace touchstone::rules::expr
