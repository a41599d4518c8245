#include "rules/expr/macro_syntax.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rules/expr/lexer.h"

namespace touchstone::rules::expr {
namespace {

// A macro in one of its written forms: so many variables, then so many expressions.
struct MacroForm {
  absl::string_view name;
  Macro macro;
  size_t variables;
  size_t least_expressions;
  size_t most_expressions;
};
constexpr MacroForm kForms[] = {
    {"all", Macro::kAll, 1, 1, 1},
    {"all", Macro::kAll, 2, 1, 1},
    {"exists", Macro::kExists, 1, 1, 1},
    {"exists", Macro::kExists, 2, 1, 1},
    {"exists_one", Macro::kExistsOne, 1, 1, 1},
    {"exists_one", Macro::kExistsOne, 2, 1, 1},
    {"existsOne", Macro::kExistsOne, 1, 1, 1},
    {"existsOne", Macro::kExistsOne, 2, 1, 1},
    {"map", Macro::kMap, 1, 1, 2},
    {"filter", Macro::kFilter, 1, 1, 1},
    {"transformList", Macro::kTransformList, 2, 1, 2},
    {"transformMap", Macro::kTransformMap, 2, 1, 2},
    {"transformMapEntry", Macro::kTransformEntries, 2, 1, 2},
    {"optMap", Macro::kOptMap, 1, 1, 1},
    {"optFlatMap", Macro::kOptFlatMap, 1, 1, 1},
};

bool Takes(const MacroForm& form, size_t arguments) {
  return arguments >= form.variables + form.least_expressions &&
         arguments <= form.variables + form.most_expressions;
}

// The form with this many arguments; one of another count when there is none; null when no macro
// has the name.
const MacroForm* FindForm(absl::string_view name, size_t arguments) {
  const MacroForm* named = nullptr;
  for (const MacroForm& form : kForms) {
    if (form.name != name) continue;
    named = &form;
    if (Takes(form, arguments)) return &form;
  }
  return named;
}

ExprPtr NewExpr(ExprKind kind, const CallSyntax& call) {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->span = call.span;
  return expr;
}

// The name that a macro declares; "" with an issue when the argument is anything else.
std::string TakeVariable(const Expr& argument, absl::string_view place, Issues& issues) {
  if (argument.kind == ExprKind::kIdent && !absl::StartsWith(argument.name, ".")) {
    return argument.name;
  }
  issues.push_back({"invalid_macro_variable", argument.span,
                    absl::StrCat("The ", place, " argument must be a plain name."),
                    "For example: list.exists(x, x > 3)."});
  return "";
}

ExprPtr BuildHas(const CallSyntax& call, std::vector<ExprPtr> arguments, Issues& issues) {
  if (arguments.size() == 1 && arguments[0]->kind == ExprKind::kSelect &&
      !arguments[0]->test_only && !arguments[0]->optional_access) {
    arguments[0]->test_only = true;
    arguments[0]->span = call.span;
    return std::move(arguments[0]);
  }
  const bool optional = arguments.size() == 1 && arguments[0]->optional_access;
  issues.push_back({"invalid_has", call.span, "has() takes one name with a dot in it.",
                    optional ? "Of an optional ask x.?y.hasValue(), or has(x.y)."
                             : "For example: has(customer.birth_date). For a map key write \"key\" "
                               "in map."});
  return NewExpr(ExprKind::kConstant, call);
}

ExprPtr BuildMacro(const CallSyntax& call, const MacroForm& form, ExprPtr target,
                   std::vector<ExprPtr> arguments, Issues& issues) {
  ExprPtr expr = NewExpr(ExprKind::kComprehension, call);
  expr->macro = form.macro;
  for (size_t i = 0; i < form.variables; ++i) {
    expr->variables.push_back(TakeVariable(*arguments[i], i == 0 ? "first" : "second", issues));
  }
  if (form.variables == 2 && expr->variables[0] == expr->variables[1] &&
      !expr->variables[0].empty()) {
    issues.push_back({"invalid_macro_variable", arguments[1]->span,
                      absl::StrCat("Both variables are called ", expr->variables[0], "."),
                      "Give them different names: the position or key, then the element."});
  }
  expr->children.push_back(std::move(target));
  for (size_t i = form.variables; i < arguments.size(); ++i) {
    expr->children.push_back(std::move(arguments[i]));
  }
  return expr;
}

// What a macro whose arguments are of the wrong number takes.
Issue WrongMacro(const CallSyntax& call, const MacroForm& form) {
  const bool condition = form.macro == Macro::kAll || form.macro == Macro::kExists ||
                         form.macro == Macro::kExistsOne || form.macro == Macro::kFilter;
  if (form.macro == Macro::kOptMap || form.macro == Macro::kOptFlatMap) {
    return {"invalid_macro", call.name_span,
            absl::StrCat(call.name, "() takes a name and a value."),
            "For example: customer.?age.optMap(x, x + 1)."};
  }
  if (form.macro >= Macro::kTransformList) {
    return {"invalid_macro", call.name_span,
            absl::StrCat(call.name, "() takes two names, perhaps a condition, and a value."),
            absl::StrCat("For example: list.", call.name, "(i, x, ",
                         form.macro == Macro::kTransformEntries ? "{i: x})." : "x + i).")};
  }
  return {"invalid_macro", call.name_span,
          absl::StrCat(call.name, "() takes a name and a ", condition ? "condition." : "value."),
          absl::StrCat("For example: list.", call.name, "(x, x ", condition ? "> 3)." : "+ 1).")};
}

ExprPtr BuildBind(const CallSyntax& call, std::vector<ExprPtr> arguments, Issues& issues) {
  ExprPtr expr = NewExpr(ExprKind::kBind, call);
  expr->variables.push_back(TakeVariable(*arguments[0], "first", issues));
  expr->children.push_back(std::move(arguments[1]));
  expr->children.push_back(std::move(arguments[2]));
  return expr;
}

ExprPtr BuildFunction(const CallSyntax& call, ExprPtr receiver, std::vector<ExprPtr> arguments) {
  ExprPtr expr = NewExpr(ExprKind::kCall, call);
  std::optional<Function> function;
  std::string name = call.name;
  if (receiver != nullptr && IsDottedName(*receiver) && !HasOptionalDot(*receiver)) {
    const std::string qualified = absl::StrCat(DottedName(*receiver), ".", call.name);
    function = FindFunction(qualified);
    if (function.has_value()) receiver = nullptr;
  }
  // A qualified function is not a receiver's: x.strings.quote() does not exist.
  if (!function.has_value()) function = FindFunction(name);
  expr->function = function.value_or(Function::kUnknown);
  if (!function.has_value()) expr->name = std::move(name);
  expr->receiver_style = receiver != nullptr;
  if (receiver != nullptr) expr->children.push_back(std::move(receiver));
  for (ExprPtr& argument : arguments) expr->children.push_back(std::move(argument));
  return expr;
}

}  // namespace

absl::string_view MacroName(Macro macro, size_t variables) {
  // Of two spellings the older one, where the macro has one.
  for (const MacroForm& form : kForms) {
    if (form.macro == macro && form.variables == variables) return form.name;
  }
  return "";
}

bool IsDottedName(const Expr& expr) {
  const Expr* node = &expr;
  while (node->kind == ExprKind::kSelect && !node->test_only && IsIdentifier(node->name)) {
    node = node->children[0].get();
  }
  return node->kind == ExprKind::kIdent;
}

bool HasOptionalDot(const Expr& expr) {
  for (const Expr* node = &expr; node->kind == ExprKind::kSelect; node = node->children[0].get()) {
    if (node->optional_access) return true;
  }
  return false;
}

std::string DottedName(const Expr& expr) {
  if (expr.kind == ExprKind::kIdent) return expr.name;
  return absl::StrCat(DottedName(*expr.children[0]), ".", expr.name);
}

ExprPtr BuildCall(const CallSyntax& call, ExprPtr receiver, std::vector<ExprPtr> arguments,
                  Issues& issues) {
  if (receiver == nullptr) {
    if (call.name == "has") return BuildHas(call, std::move(arguments), issues);
    return BuildFunction(call, nullptr, std::move(arguments));
  }
  const bool is_cel = receiver->kind == ExprKind::kIdent && receiver->name == "cel";
  if (is_cel && call.name == "bind" && arguments.size() == 3) {
    return BuildBind(call, std::move(arguments), issues);
  }
  if (const MacroForm* form = FindForm(call.name, arguments.size())) {
    if (Takes(*form, arguments.size())) {
      return BuildMacro(call, *form, std::move(receiver), std::move(arguments), issues);
    }
    issues.push_back(WrongMacro(call, *form));
    return NewExpr(ExprKind::kConstant, call);
  }
  return BuildFunction(call, std::move(receiver), std::move(arguments));
}

}  // namespace touchstone::rules::expr
