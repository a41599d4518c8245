#include "rules/expr/parser.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/expr/lexer.h"
#include "rules/expr/logical_chain.h"
#include "rules/expr/macro_syntax.h"
#include "rules/expr/spoken_words.h"
#include "rules/expr/text.h"
#include "rules/expr/token_cursor.h"

namespace touchstone::rules::expr {
namespace {

// A subtree and how deep it is, so that no chain of operators grows past limits::kMaxDepth.
struct Node {
  ExprPtr expr;
  int height = 1;
};

struct BinaryOperator {
  Function function;
  int precedence;  // higher binds tighter
};
constexpr int kRelation = 1;
constexpr int kSum = 2;
constexpr int kProduct = 3;

std::optional<BinaryOperator> BinaryOperatorOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kEqual:
      return BinaryOperator{Function::kEqual, kRelation};
    case TokenKind::kNotEqual:
      return BinaryOperator{Function::kNotEqual, kRelation};
    case TokenKind::kLess:
      return BinaryOperator{Function::kLess, kRelation};
    case TokenKind::kLessEqual:
      return BinaryOperator{Function::kLessEqual, kRelation};
    case TokenKind::kGreater:
      return BinaryOperator{Function::kGreater, kRelation};
    case TokenKind::kGreaterEqual:
      return BinaryOperator{Function::kGreaterEqual, kRelation};
    case TokenKind::kIn:
      return BinaryOperator{Function::kIn, kRelation};
    case TokenKind::kPlus:
      return BinaryOperator{Function::kAdd, kSum};
    case TokenKind::kMinus:
      return BinaryOperator{Function::kSubtract, kSum};
    case TokenKind::kStar:
      return BinaryOperator{Function::kMultiply, kProduct};
    case TokenKind::kSlash:
      return BinaryOperator{Function::kDivide, kProduct};
    case TokenKind::kPercent:
      return BinaryOperator{Function::kModulo, kProduct};
    default:
      return std::nullopt;
  }
}

class Parser : private TokenCursor {
 public:
  using TokenCursor::TokenCursor;

  ParseResult Run() {
    Node root = ParseExpr();
    while (!At(TokenKind::kEnd)) {
      if (IsCloser(Current().kind)) {
        Report("syntax", Current().span, "This bracket closes nothing.", "Delete it.");
      } else {
        ReportUnexpected("an operator such as == or &&");
      }
      SkipToSyncPoint();
      // Past a stray closer the text goes on; reading it finds further mistakes.
      Next();
      if (!At(TokenKind::kEnd)) ParseExpr();
    }
    ParseResult result;
    result.issues = TakeIssues();
    if (result.issues.empty()) result.expr = std::move(root.expr);
    return result;
  }

 private:
  // --- Grammar, from the loosest binding to the tightest. ---

  Node ParseExpr() {
    if (depth_ >= limits::kMaxDepth) return TooDeep();
    ++depth_;
    Node condition = ParseChain(Function::kOr);
    if (Accept(TokenKind::kQuestion)) {
      Node yes = ParseChain(Function::kOr);
      Expect(TokenKind::kColon, ":", "A choice is written condition ? value : other value.");
      Node no = ParseExpr();
      std::vector<Node> parts = Three(std::move(condition), std::move(yes), std::move(no));
      condition = MakeCall(Function::kConditional, std::move(parts));
    }
    --depth_;
    return condition;
  }

  Node ParseChain(Function op) {
    const TokenKind separator = op == Function::kOr ? TokenKind::kOr : TokenKind::kAnd;
    const auto parse_term = [&] {
      return op == Function::kOr ? ParseChain(Function::kAnd) : ParseBinary(kRelation);
    };
    Node first = parse_term();
    if (!At(separator)) return first;
    std::vector<ExprPtr> terms = TakeChainTerms(op, std::move(first.expr));
    while (Accept(separator)) {
      Node next = parse_term();
      for (ExprPtr& term : TakeChainTerms(op, std::move(next.expr))) {
        terms.push_back(std::move(term));
      }
    }
    Node chain;
    chain.expr = BalancedTree(op, std::move(terms));
    chain.height = MeasureHeight(*chain.expr);
    return Limited(std::move(chain));
  }

  Node ParseBinary(int precedence) {
    Node left = precedence == kProduct ? ParseUnary() : ParseBinary(precedence + 1);
    for (;;) {
      const std::optional<BinaryOperator> op = BinaryOperatorOf(Current().kind);
      if (!op.has_value() || op->precedence != precedence) return left;
      Next();
      Node right = precedence == kProduct ? ParseUnary() : ParseBinary(precedence + 1);
      left = MakeCall(op->function, Two(std::move(left), std::move(right)));
    }
  }

  Node ParseUnary() {
    const TokenKind op = Current().kind;
    if (op != TokenKind::kNot && op != TokenKind::kMinus) return ParsePostfix();
    const uint32_t begin = Current().span.begin;
    int count = 0;
    while (At(op) && !AtNegativeLiteral()) {
      Next();
      ++count;
    }
    if ((At(TokenKind::kNot) || At(TokenKind::kMinus)) && !AtNegativeLiteral()) {
      Report("syntax", Current().span, "! and - cannot follow each other directly.",
             "Put parentheses around what follows.");
      return ParseUnary();
    }
    Node operand = ParsePostfix();
    if (operand.height + count > limits::kMaxDepth) return TooDeep();
    const Function function = op == TokenKind::kNot ? Function::kNot : Function::kNegate;
    for (int i = 0; i < count; ++i) {
      operand = MakeCall(function, One(std::move(operand)));
      operand.expr->span.begin = begin;
    }
    return operand;
  }

  // A minus right before a number belongs to the number, so that the least int can be written.
  bool AtNegativeLiteral() const {
    const TokenKind next = Following().kind;
    return At(TokenKind::kMinus) && (next == TokenKind::kInt || next == TokenKind::kDouble);
  }

  Node ParsePostfix() {
    Node operand = ParsePrimary();
    for (;;) {
      if (At(TokenKind::kDot)) {
        operand = ParseSelect(std::move(operand));
      } else if (At(TokenKind::kLeftBracket)) {
        operand = ParseIndex(std::move(operand));
      } else if (At(TokenKind::kLeftBrace) && IsDottedName(*operand.expr)) {
        Report("unsupported_syntax", Current().span,
               "Building an object with Name{...} is not supported.", "");
        SkipGroup();
      } else {
        return operand;
      }
    }
  }

  Node ParseSelect(Node operand) {
    Next();
    const bool optional = Accept(TokenKind::kQuestion);
    const Token name = Current();
    if (name.kind != TokenKind::kIdent && name.kind != TokenKind::kQuotedIdent) {
      ReportUnexpected("a name after the dot");
      return operand;
    }
    Next();
    if (!optional && At(TokenKind::kLeftParen) && name.kind == TokenKind::kIdent) {
      return ParseReceiverCall(std::move(operand), name);
    }
    Node node = MakeNode(ExprKind::kSelect, One(std::move(operand)));
    if (node.expr->kind != ExprKind::kSelect) return node;
    node.expr->name = name.text;
    node.expr->optional_access = optional;
    node.expr->span.end = name.span.end;
    return node;
  }

  Node ParseIndex(Node operand) {
    Next();
    const bool optional = Accept(TokenKind::kQuestion);
    Node key = ParseExpr();
    Expect(TokenKind::kRightBracket, "]", "");
    Node node = MakeCall(optional ? Function::kOptionalIndex : Function::kIndex,
                         Two(std::move(operand), std::move(key)));
    node.expr->span.end = Previous().span.end;
    return node;
  }

  Node ParseReceiverCall(Node operand, const Token& name) {
    std::vector<Node> arguments = ParseArguments();
    const uint32_t end = Previous().span.end;
    CallSyntax call{operand.expr.get(), name.text, {operand.expr->span.begin, end}, name.span};
    const int height = HeightAbove(arguments, operand.height);
    return FinishCall(call, std::move(operand.expr), Release(std::move(arguments)), height);
  }

  Node ParseGlobalCall(const Token& name, uint32_t begin) {
    if (IsReserved(name.text)) ReportReserved(name);
    std::vector<Node> arguments = ParseArguments();
    CallSyntax call{nullptr, name.text, {begin, Previous().span.end}, name.span};
    const int height = HeightAbove(arguments, 0);
    return FinishCall(call, nullptr, Release(std::move(arguments)), height);
  }

  Node FinishCall(const CallSyntax& call, ExprPtr receiver, std::vector<ExprPtr> arguments,
                  int height) {
    Node node;
    node.expr = BuildCall(call, std::move(receiver), std::move(arguments), issues());
    node.height = height;
    return Limited(std::move(node));
  }

  std::vector<Node> ParseArguments() {
    Next();
    std::vector<Node> arguments;
    if (Accept(TokenKind::kRightParen)) return arguments;
    do {
      arguments.push_back(ParseExpr());
    } while (Accept(TokenKind::kComma));
    Expect(TokenKind::kRightParen, ")", "");
    return arguments;
  }

  Node ParsePrimary() {
    switch (Current().kind) {
      case TokenKind::kLeftParen:
        return ParseParenthesised();
      case TokenKind::kLeftBracket:
        return ParseElements(TokenKind::kRightBracket, "]", /*pairs=*/false);
      case TokenKind::kLeftBrace:
        return ParseElements(TokenKind::kRightBrace, "}", /*pairs=*/true);
      case TokenKind::kDot:
      case TokenKind::kIdent:
        return ParseName();
      case TokenKind::kMinus:
        if (AtNegativeLiteral()) return ParseLiteral();
        break;
      case TokenKind::kInt:
      case TokenKind::kUint:
      case TokenKind::kDouble:
      case TokenKind::kString:
      case TokenKind::kBytes:
      case TokenKind::kTrue:
      case TokenKind::kFalse:
      case TokenKind::kNull:
        return ParseLiteral();
      default:
        break;
    }
    ReportUnexpected("a value");
    SkipToSyncPoint();
    return Placeholder();
  }

  Node ParseParenthesised() {
    const uint32_t begin = Current().span.begin;
    Next();
    Node inner = ParseExpr();
    Expect(TokenKind::kRightParen, ")", "");
    inner.expr->span = {begin, Previous().span.end};
    return inner;
  }

  Node ParseName() {
    const uint32_t begin = Current().span.begin;
    const bool rooted = Accept(TokenKind::kDot);
    const Token name = Current();
    if (name.kind != TokenKind::kIdent) {
      ReportUnexpected("a name after the dot");
      SkipToSyncPoint();
      return Placeholder();
    }
    Next();
    if (At(TokenKind::kLeftParen)) return ParseGlobalCall(name, begin);
    if (IsReserved(name.text)) ReportReserved(name);
    Node node = MakeNode(ExprKind::kIdent, {});
    node.expr->name = absl::StrCat(rooted ? "." : "", name.text);
    node.expr->span = {begin, name.span.end};
    return node;
  }

  Node ParseElements(TokenKind closer, absl::string_view closer_text, bool pairs) {
    const uint32_t begin = Current().span.begin;
    Next();
    std::vector<Node> elements;
    size_t count = 0;
    while (!At(closer) && !At(TokenKind::kEnd)) {
      const bool optional = Accept(TokenKind::kQuestion);
      elements.push_back(ParseExpr());
      elements.back().expr->optional_entry = optional;
      if (pairs) {
        Expect(TokenKind::kColon, ":", "A map is written {key: value, ...}.");
        elements.push_back(ParseExpr());
      }
      if (++count == limits::kMaxListElements + 1) ReportTooManyElements(begin);
      if (!Accept(TokenKind::kComma)) break;
    }
    Expect(closer, closer_text, "");
    Node node = MakeNode(pairs ? ExprKind::kMap : ExprKind::kList, std::move(elements));
    node.expr->span = {begin, Previous().span.end};
    return node;
  }

  Node ParseLiteral() {
    const uint32_t begin = Current().span.begin;
    const bool negative = Accept(TokenKind::kMinus);
    const Token token = Current();
    Next();
    Node node = MakeNode(ExprKind::kConstant, {});
    node.expr->span = {begin, token.span.end};
    Constant& constant = node.expr->constant;
    switch (token.kind) {
      case TokenKind::kInt:
        constant.kind = Constant::Kind::kInt;
        constant.int_value = SignedValue(token, negative);
        node.expr->text = absl::StrCat(negative ? "-" : "", token.text);
        break;
      case TokenKind::kUint:
        constant.kind = Constant::Kind::kUint;
        constant.uint_value = token.number;
        node.expr->text = token.text;
        break;
      case TokenKind::kDouble:
        constant.kind = Constant::Kind::kDouble;
        constant.double_value = negative ? -token.real : token.real;
        node.expr->text = absl::StrCat(negative ? "-" : "", token.text);
        break;
      case TokenKind::kTrue:
      case TokenKind::kFalse:
        constant.kind = Constant::Kind::kBool;
        constant.bool_value = token.kind == TokenKind::kTrue;
        break;
      case TokenKind::kString:
      case TokenKind::kBytes:
        constant.kind =
            token.kind == TokenKind::kString ? Constant::Kind::kString : Constant::Kind::kBytes;
        constant.string_value = token.text;
        break;
      default:
        break;
    }
    return node;
  }

  int64_t SignedValue(const Token& token, bool negative) {
    constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
    if (token.number > (negative ? kMax + 1 : kMax)) {
      Report("number_out_of_range", token.span, "This number is too large for a whole number.",
             "Write it with a decimal point.");
      return 0;
    }
    return static_cast<int64_t>(negative ? uint64_t{0} - token.number : token.number);
  }

  // --- Building nodes. ---

  static std::vector<Node> One(Node a) {
    std::vector<Node> nodes;
    nodes.push_back(std::move(a));
    return nodes;
  }
  static std::vector<Node> Two(Node a, Node b) {
    std::vector<Node> nodes = One(std::move(a));
    nodes.push_back(std::move(b));
    return nodes;
  }
  static std::vector<Node> Three(Node a, Node b, Node c) {
    std::vector<Node> nodes = Two(std::move(a), std::move(b));
    nodes.push_back(std::move(c));
    return nodes;
  }

  static int HeightAbove(const std::vector<Node>& children, int height) {
    for (const Node& child : children) height = std::max(height, child.height);
    return height + 1;
  }

  static std::vector<ExprPtr> Release(std::vector<Node> nodes) {
    std::vector<ExprPtr> exprs;
    exprs.reserve(nodes.size());
    for (Node& node : nodes) exprs.push_back(std::move(node.expr));
    return exprs;
  }

  Node MakeNode(ExprKind kind, std::vector<Node> children) {
    Node node;
    node.height = HeightAbove(children, 0);
    node.expr = std::make_unique<Expr>();
    node.expr->kind = kind;
    node.expr->children = Release(std::move(children));
    if (!node.expr->children.empty()) {
      node.expr->span = {node.expr->children.front()->span.begin,
                         node.expr->children.back()->span.end};
    }
    return Limited(std::move(node));
  }

  Node MakeCall(Function function, std::vector<Node> children) {
    Node node = MakeNode(ExprKind::kCall, std::move(children));
    if (node.expr->kind == ExprKind::kCall) node.expr->function = function;
    return node;
  }

  Node Placeholder() {
    Node node;
    node.expr = std::make_unique<Expr>();
    node.expr->span = Current().span;
    return node;
  }

  Node Limited(Node node) { return node.height > limits::kMaxDepth ? TooDeep() : std::move(node); }

  // Only chains need measuring: flattening them loses the heights of their terms.
  static int MeasureHeight(const Expr& expr) {
    int height = 0;
    for (const ExprPtr& child : expr.children) height = std::max(height, MeasureHeight(*child));
    return height + 1;
  }

  // Reading on would only find the same again, so the rest of the text is dropped.
  Node TooDeep() {
    Report("too_deep", Current().span,
           absl::StrCat("The expression is nested more than ", limits::kMaxDepth, " levels deep."),
           "Split it into several conditions or computed attributes.");
    Abandon();
    return Placeholder();
  }

  // --- Findings. ---

  void ReportReserved(const Token& name) {
    Report("reserved_word", name.span, absl::StrCat("\"", name.text, "\" is a reserved word."),
           HintForWord(name.text));
  }

  void ReportTooManyElements(uint32_t begin) {
    Report("too_many_elements", {begin, begin + 1},
           absl::StrCat("A list may have at most ", limits::kMaxListElements, " elements here."),
           "Put them into a product list and write x in list.NAME.");
  }

  int depth_ = 0;
};

ParseResult Failed(absl::string_view code, SourceSpan span, absl::string_view message,
                   absl::string_view hint) {
  ParseResult result;
  result.issues.push_back({std::string(code), span, std::string(message), std::string(hint)});
  return result;
}

}  // namespace

ParseResult Parse(absl::string_view source) {
  const auto size =
      static_cast<uint32_t>(std::min<size_t>(source.size(), std::numeric_limits<uint32_t>::max()));
  if (source.size() > limits::kMaxSourceBytes) {
    return Failed(
        "too_long", {0, size},
        absl::StrCat("The expression is longer than ", limits::kMaxSourceBytes, " bytes."),
        "Split it, or put long lists into product lists.");
  }
  const size_t valid = FindInvalidUtf8(source);
  if (valid < source.size()) {
    const auto at = static_cast<uint32_t>(valid);
    return Failed("invalid_utf8", {at, at + 1}, "The text is not valid UTF-8 here.",
                  "Save the file as UTF-8.");
  }
  Issues issues;
  std::vector<Token> tokens = Tokenize(source, issues);
  if (tokens.size() == 1 && issues.empty()) {
    return Failed("empty", {0, size}, "The expression is empty.", "Write a condition, or true.");
  }
  return Parser(source, std::move(tokens), std::move(issues)).Run();
}

}  // namespace touchstone::rules::expr
