#include "rules/expr/printer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "rules/expr/lexer.h"
#include "rules/expr/logical_chain.h"
#include "rules/expr/macro_syntax.h"
#include "rules/expr/string_literal.h"

namespace touchstone::rules::expr {
namespace {

// How tightly a node holds together; a child below what its place needs gets parentheses.
enum Strength : int {
  kChoice,
  kOrTerms,
  kAndTerms,
  kRelation,
  kSum,
  kProduct,
  kPrefix,
  kPostfix,
};

Strength StrengthOfCall(const Expr& call) {
  switch (call.function) {
    case Function::kConditional:
      return kChoice;
    case Function::kOr:
      return kOrTerms;
    case Function::kAnd:
      return kAndTerms;
    case Function::kEqual:
    case Function::kNotEqual:
    case Function::kLess:
    case Function::kLessEqual:
    case Function::kGreater:
    case Function::kGreaterEqual:
    case Function::kIn:
      return kRelation;
    case Function::kAdd:
    case Function::kSubtract:
      return kSum;
    case Function::kMultiply:
    case Function::kDivide:
    case Function::kModulo:
      return kProduct;
    case Function::kNot:
    case Function::kNegate:
      return kPrefix;
    default:
      return kPostfix;
  }
}

Strength StrengthOf(const Expr& expr) {
  return expr.kind == ExprKind::kCall ? StrengthOfCall(expr) : kPostfix;
}

std::string DoubleText(double value) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  std::string text(buffer.data(), end);
  const bool is_whole = text.find_first_of(".e") == std::string::npos;
  return is_whole ? text + ".0" : text;
}

class Printer {
 public:
  std::string Take() { return std::move(out_); }

  void Print(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kConstant:
        PrintConstant(expr);
        break;
      case ExprKind::kIdent:
        out_ += expr.name;
        break;
      case ExprKind::kSelect:
        PrintSelect(expr);
        break;
      case ExprKind::kCall:
        PrintCall(expr);
        break;
      case ExprKind::kList:
        out_ += '[';
        PrintAll(expr.children);
        out_ += ']';
        break;
      case ExprKind::kMap:
        PrintMap(expr);
        break;
      case ExprKind::kComprehension:
        PrintChild(*expr.children[0], kPostfix);
        absl::StrAppend(&out_, ".", MacroName(expr.macro, expr.variables.size()), "(",
                        absl::StrJoin(expr.variables, ", "));
        PrintAll(absl::MakeSpan(expr.children).subspan(1), /*after_other=*/true);
        out_ += ')';
        break;
      case ExprKind::kBind:
        absl::StrAppend(&out_, "cel.bind(", expr.variables[0]);
        PrintAll(expr.children, /*after_other=*/true);
        out_ += ')';
        break;
    }
  }

 private:
  void PrintChild(const Expr& child, Strength needed) {
    const bool parentheses = StrengthOf(child) < needed;
    if (parentheses) out_ += '(';
    Print(child);
    if (parentheses) out_ += ')';
  }

  void PrintAll(absl::Span<const ExprPtr> children, bool after_other = false) {
    for (const ExprPtr& child : children) {
      if (after_other) out_ += ", ";
      after_other = true;
      PrintEntry(*child);
    }
  }

  // An argument, an element or a key.
  void PrintEntry(const Expr& expr) {
    if (expr.optional_entry) out_ += '?';
    Print(expr);
  }

  void PrintMap(const Expr& expr) {
    out_ += '{';
    for (size_t i = 0; i + 1 < expr.children.size(); i += 2) {
      if (i > 0) out_ += ", ";
      PrintEntry(*expr.children[i]);
      out_ += ": ";
      Print(*expr.children[i + 1]);
    }
    out_ += '}';
  }

  void PrintConstant(const Expr& expr) {
    const Constant& constant = expr.constant;
    if (!expr.text.empty()) {
      out_ += expr.text;
      return;
    }
    switch (constant.kind) {
      case Constant::Kind::kNull:
        out_ += "null";
        break;
      case Constant::Kind::kBool:
        out_ += constant.bool_value ? "true" : "false";
        break;
      case Constant::Kind::kInt:
        absl::StrAppend(&out_, constant.int_value);
        break;
      case Constant::Kind::kUint:
        absl::StrAppend(&out_, constant.uint_value, "u");
        break;
      case Constant::Kind::kDouble:
        out_ += DoubleText(constant.double_value);
        break;
      case Constant::Kind::kString:
        out_ += QuoteString(constant.string_value);
        break;
      case Constant::Kind::kBytes:
        out_ += QuoteBytes(constant.string_value);
        break;
    }
  }

  void PrintSelect(const Expr& expr) {
    if (expr.test_only) out_ += "has(";
    PrintChild(*expr.children[0], kPostfix);
    const bool plain = IsIdentifier(expr.name) && !IsKeyword(expr.name);
    absl::StrAppend(&out_, expr.optional_access ? ".?" : ".", plain ? "" : "`", expr.name,
                    plain ? "" : "`");
    if (expr.test_only) out_ += ')';
  }

  void PrintCall(const Expr& expr) {
    const Strength strength = StrengthOf(expr);
    switch (strength) {
      case kChoice:
        PrintChild(*expr.children[0], kOrTerms);
        out_ += " ? ";
        PrintChild(*expr.children[1], kOrTerms);
        out_ += " : ";
        PrintChild(*expr.children[2], kChoice);
        break;
      case kOrTerms:
      case kAndTerms:
        PrintChain(expr, strength);
        break;
      case kRelation:
      case kSum:
      case kProduct:
        // Left-associative: the right side must hold tighter.
        PrintChild(*expr.children[0], strength);
        absl::StrAppend(&out_, " ", OperatorText(expr.function), " ");
        PrintChild(*expr.children[1], static_cast<Strength>(strength + 1));
        break;
      case kPrefix:
        PrintPrefix(expr);
        break;
      case kPostfix:
        PrintFunction(expr);
        break;
    }
  }

  void PrintChain(const Expr& expr, Strength strength) {
    bool first = true;
    for (const Expr* term : ChainTerms(expr.function, expr)) {
      if (!first) absl::StrAppend(&out_, " ", OperatorText(expr.function), " ");
      first = false;
      PrintChild(*term, static_cast<Strength>(strength + 1));
    }
  }

  void PrintPrefix(const Expr& expr) {
    const Expr& operand = *expr.children[0];
    const bool negates = expr.function == Function::kNegate;
    out_ += negates ? '-' : '!';
    if (IsCallTo(operand, expr.function)) return Print(operand);
    const size_t begin = out_.size();
    PrintChild(operand, kPostfix);
    // A minus before digits would become part of the number.
    if (negates && absl::ascii_isdigit(static_cast<unsigned char>(out_[begin]))) {
      out_.insert(begin, "(");
      out_ += ')';
    }
  }

  void PrintFunction(const Expr& expr) {
    if (expr.function == Function::kIndex || expr.function == Function::kOptionalIndex) {
      PrintChild(*expr.children[0], kPostfix);
      out_ += expr.function == Function::kIndex ? "[" : "[?";
      Print(*expr.children[1]);
      out_ += ']';
      return;
    }
    absl::Span<const ExprPtr> arguments = expr.children;
    if (expr.receiver_style) {
      PrintChild(*arguments[0], kPostfix);
      out_ += '.';
      arguments.remove_prefix(1);
    }
    const bool known = expr.function != Function::kUnknown;
    absl::StrAppend(&out_, known ? FunctionName(expr.function) : absl::string_view(expr.name), "(");
    PrintAll(arguments);
    out_ += ')';
  }

  // "_&&_" without its placeholders.
  static std::string OperatorText(Function function) {
    return absl::StrReplaceAll(FunctionName(function), {{"_", ""}});
  }

  std::string out_;
};

}  // namespace

std::string Print(const Expr& root) {
  Printer printer;
  printer.Print(root);
  return printer.Take();
}

}  // namespace touchstone::rules::expr
