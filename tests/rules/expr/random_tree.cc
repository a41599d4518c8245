#include "tests/rules/expr/random_tree.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rules/expr/logical_chain.h"

namespace touchstone::rules::expr {
namespace {

class Generator {
 public:
  explicit Generator(std::mt19937_64& random) : random_(random) {}

  ExprPtr Tree(int depth) {
    if (depth <= 1) return Leaf();
    switch (Below(9)) {
      case 0:
        return Leaf();
      case 1:
        return Chain(depth);
      case 2:
        return Operator(depth);
      case 3:
        return FunctionCall(depth);
      case 4:
        return Select(depth);
      case 5:
        return Elements(depth);
      case 6:
        return Comprehension(depth);
      case 7:
        return Bind(depth);
      default:
        return Operator(depth);
    }
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }

  static ExprPtr New(ExprKind kind) {
    auto expr = std::make_unique<Expr>();
    expr->kind = kind;
    return expr;
  }

  std::string Name() {
    static constexpr const char* kNames[] = {"a", "customer", "_x9", "spend_90d", "b"};
    return kNames[Below(5)];
  }

  std::string Text() {
    static constexpr const char* kPieces[] = {"a",    "\"",     "\\", "\n",
                                              "\x01", "\u00e9", "'",  "\U0001F431"};
    std::string text;
    for (uint64_t i = Below(5); i > 0; --i) text += kPieces[Below(8)];
    return text;
  }

  ExprPtr Leaf() {
    if (Below(3) == 0) {
      ExprPtr expr = New(ExprKind::kIdent);
      expr->name = absl::StrCat(Below(5) == 0 ? "." : "", Name());
      return expr;
    }
    ExprPtr expr = New(ExprKind::kConstant);
    Constant& constant = expr->constant;
    constant.kind = static_cast<Constant::Kind>(Below(7));
    const bool negative = Below(2) == 0;
    switch (constant.kind) {
      case Constant::Kind::kNull:
        break;
      case Constant::Kind::kBool:
        constant.bool_value = negative;
        break;
      case Constant::Kind::kInt:
        constant.int_value = static_cast<int64_t>(Below(1000)) * (negative ? -1 : 1);
        expr->text = absl::StrCat(constant.int_value);
        break;
      case Constant::Kind::kUint:
        constant.uint_value = random_();
        expr->text = absl::StrCat(constant.uint_value, "u");
        break;
      case Constant::Kind::kDouble:
        constant.double_value = static_cast<double>(Below(1000) + 1) * (negative ? -0.5 : 0.5);
        expr->text = absl::StrCat(negative ? "-" : "",
                                  static_cast<int>(constant.double_value) * (negative ? -1 : 1),
                                  IsWhole(constant.double_value) ? ".0" : ".50");
        break;
      case Constant::Kind::kString:
        constant.string_value = Text();
        break;
      case Constant::Kind::kBytes:
        constant.string_value = absl::StrCat(Text(), std::string("\xff\x00", 2));
        break;
    }
    return expr;
  }

  static bool IsWhole(double value) {
    return value == static_cast<double>(static_cast<int>(value));
  }

  ExprPtr Chain(int depth) {
    const Function op = Below(2) == 0 ? Function::kAnd : Function::kOr;
    std::vector<ExprPtr> terms;
    for (uint64_t i = Below(5) + 2; i > 0; --i) {
      ExprPtr term = Tree(depth - 1);
      // A chain within the same chain is no canonical tree: the parser joins them.
      terms.push_back(IsCallTo(*term, op) ? Leaf() : std::move(term));
    }
    return BalancedTree(op, std::move(terms));
  }

  ExprPtr Operator(int depth) {
    ExprPtr expr = New(ExprKind::kCall);
    constexpr auto kFirst = static_cast<uint64_t>(Function::kNot);
    constexpr auto kLast = static_cast<uint64_t>(Function::kOptionalIndex);
    expr->function = static_cast<Function>(kFirst + Below(kLast - kFirst + 1));
    if (Below(8) == 0) expr->function = Function::kConditional;
    const bool unary = expr->function == Function::kNot || expr->function == Function::kNegate;
    const int operands = unary ? 1 : expr->function == Function::kConditional ? 3 : 2;
    for (int i = 0; i < operands; ++i) expr->children.push_back(Tree(depth - 1));
    return expr;
  }

  ExprPtr FunctionCall(int depth) {
    ExprPtr expr = New(ExprKind::kCall);
    constexpr auto kFirst = static_cast<uint64_t>(Function::kBool);
    constexpr auto kLast = static_cast<uint64_t>(Function::kUnknown);
    expr->function = static_cast<Function>(kFirst + Below(kLast - kFirst + 1));
    if (expr->function == Function::kUnknown) expr->name = absl::StrCat("f_", Name());
    const bool qualified = absl::StrContains(FunctionName(expr->function), '.');
    expr->receiver_style = !qualified && Below(2) == 0;
    for (uint64_t i = Below(3) + 1; i > 0; --i) expr->children.push_back(Tree(depth - 1));
    return expr;
  }

  ExprPtr Select(int depth) {
    ExprPtr expr = New(ExprKind::kSelect);
    static constexpr const char* kFields[] = {"a", "in", "content-type", "while", "null"};
    expr->name = kFields[Below(5)];
    expr->test_only = Below(4) == 0;
    expr->optional_access = !expr->test_only && Below(3) == 0;
    expr->children.push_back(Tree(depth - 1));
    return expr;
  }

  ExprPtr Elements(int depth) {
    const bool map = Below(2) == 0;
    ExprPtr expr = New(map ? ExprKind::kMap : ExprKind::kList);
    for (uint64_t i = Below(3) * (map ? 2 : 1); i > 0; --i) {
      expr->children.push_back(Tree(depth - 1));
      const bool may_be_optional = !map || i % 2 == 0;
      expr->children.back()->optional_entry = may_be_optional && Below(4) == 0;
    }
    return expr;
  }

  ExprPtr Comprehension(int depth) {
    ExprPtr expr = New(ExprKind::kComprehension);
    expr->macro = static_cast<Macro>(Below(10));
    expr->variables.push_back(Name());
    const bool transforms =
        expr->macro >= Macro::kTransformList && expr->macro <= Macro::kTransformEntries;
    const bool quantifies = expr->macro <= Macro::kExistsOne;
    if (transforms || (quantifies && Below(2) == 0)) expr->variables.emplace_back("second");
    const bool may_filter = transforms || expr->macro == Macro::kMap;
    const int children = may_filter && Below(2) == 0 ? 3 : 2;
    for (int i = 0; i < children; ++i) expr->children.push_back(Tree(depth - 1));
    return expr;
  }

  ExprPtr Bind(int depth) {
    ExprPtr expr = New(ExprKind::kBind);
    expr->variables.push_back(Name());
    expr->children.push_back(Tree(depth - 1));
    expr->children.push_back(Tree(depth - 1));
    return expr;
  }

  std::mt19937_64& random_;
};

bool SameConstant(const Constant& a, const Constant& b) {
  return a.kind == b.kind && a.bool_value == b.bool_value && a.int_value == b.int_value &&
         a.uint_value == b.uint_value && a.double_value == b.double_value &&
         a.string_value == b.string_value;
}

}  // namespace

ExprPtr RandomTree(std::mt19937_64& random, int depth) { return Generator(random).Tree(depth); }

bool SameTree(const Expr& a, const Expr& b) {
  if (a.kind != b.kind || a.text != b.text || a.name != b.name || a.test_only != b.test_only ||
      a.optional_access != b.optional_access || a.optional_entry != b.optional_entry ||
      a.function != b.function || a.receiver_style != b.receiver_style || a.macro != b.macro ||
      a.variables != b.variables || a.children.size() != b.children.size() ||
      !SameConstant(a.constant, b.constant)) {
    return false;
  }
  for (size_t i = 0; i < a.children.size(); ++i) {
    if (!SameTree(*a.children[i], *b.children[i])) return false;
  }
  return true;
}

}  // namespace touchstone::rules::expr
