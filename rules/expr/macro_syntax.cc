#include "rules/expr/macro_syntax.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rules/expr/lexer.h"

namespace touchstone::rules::expr {
namespace {

struct MacroName {
  absl::string_view name;
  Macro macro;
};
constexpr MacroName kMacros[] = {
    {"all", Macro::kAll},
    {"exists", Macro::kExists},
    {"exists_one", Macro::kExistsOne},
    {"existsOne", Macro::kExistsOne},
    {"map", Macro::kMap},
    {"filter", Macro::kFilter},
};

std::optional<Macro> FindMacro(absl::string_view name) {
  for (const MacroName& entry : kMacros) {
    if (entry.name == name) return entry.macro;
  }
  return std::nullopt;
}

bool IsTwoVariableMacro(absl::string_view name, size_t arguments) {
  if (name == "transformList" || name == "transformMap") return arguments >= 3;
  return arguments == 3 && name != "map" && name != "filter" && FindMacro(name).has_value();
}

ExprPtr NewExpr(ExprKind kind, const CallSyntax& call) {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->span = call.span;
  return expr;
}

// The name that a macro declares; "" with an issue when the argument is anything else.
std::string TakeVariable(const Expr& argument, Issues& issues) {
  if (argument.kind == ExprKind::kIdent && !absl::StartsWith(argument.name, ".")) {
    return argument.name;
  }
  issues.push_back({"invalid_macro_variable", argument.span,
                    "The first argument must be a plain name for the element.",
                    "For example: list.exists(x, x > 3)."});
  return "";
}

ExprPtr BuildHas(const CallSyntax& call, std::vector<ExprPtr> arguments, Issues& issues) {
  if (arguments.size() == 1 && arguments[0]->kind == ExprKind::kSelect &&
      !arguments[0]->test_only) {
    arguments[0]->test_only = true;
    arguments[0]->span = call.span;
    return std::move(arguments[0]);
  }
  issues.push_back({"invalid_has", call.span, "has() takes one name with a dot in it.",
                    "For example: has(customer.birth_date). For a map key write \"key\" in map."});
  return NewExpr(ExprKind::kConstant, call);
}

ExprPtr BuildComprehension(const CallSyntax& call, Macro macro, ExprPtr range,
                           std::vector<ExprPtr> arguments, Issues& issues) {
  ExprPtr expr = NewExpr(ExprKind::kComprehension, call);
  expr->macro = macro;
  expr->variables.push_back(TakeVariable(*arguments[0], issues));
  expr->children.push_back(std::move(range));
  for (size_t i = 1; i < arguments.size(); ++i) expr->children.push_back(std::move(arguments[i]));
  return expr;
}

ExprPtr BuildBind(const CallSyntax& call, std::vector<ExprPtr> arguments, Issues& issues) {
  ExprPtr expr = NewExpr(ExprKind::kBind, call);
  expr->variables.push_back(TakeVariable(*arguments[0], issues));
  expr->children.push_back(std::move(arguments[1]));
  expr->children.push_back(std::move(arguments[2]));
  return expr;
}

ExprPtr BuildFunction(const CallSyntax& call, ExprPtr receiver, std::vector<ExprPtr> arguments) {
  ExprPtr expr = NewExpr(ExprKind::kCall, call);
  std::optional<Function> function;
  std::string name = call.name;
  if (receiver != nullptr && IsDottedName(*receiver)) {
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

void ReportUnsupported(const CallSyntax& call, absl::string_view message, absl::string_view hint,
                       Issues& issues) {
  issues.push_back({"unsupported_syntax", call.name_span, std::string(message), std::string(hint)});
}

}  // namespace

bool IsDottedName(const Expr& expr) {
  const Expr* node = &expr;
  while (node->kind == ExprKind::kSelect && !node->test_only && IsIdentifier(node->name)) {
    node = node->children[0].get();
  }
  return node->kind == ExprKind::kIdent;
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
  if (IsTwoVariableMacro(call.name, arguments.size())) {
    ReportUnsupported(call, absl::StrCat(call.name, "() with two variables is not supported."),
                      "Name one variable, for the element.", issues);
    return NewExpr(ExprKind::kConstant, call);
  }
  if (const std::optional<Macro> macro = FindMacro(call.name)) {
    if (arguments.size() == 2 || (arguments.size() == 3 && *macro == Macro::kMap)) {
      return BuildComprehension(call, *macro, std::move(receiver), std::move(arguments), issues);
    }
    issues.push_back({"invalid_macro", call.name_span,
                      absl::StrCat(call.name, "() takes a name and a condition."),
                      absl::StrCat("For example: list.", call.name, "(x, x > 3).")});
    return NewExpr(ExprKind::kConstant, call);
  }
  return BuildFunction(call, std::move(receiver), std::move(arguments));
}

}  // namespace touchstone::rules::expr
