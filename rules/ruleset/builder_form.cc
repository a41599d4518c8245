#include "rules/ruleset/builder_form.h"

#include <array>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"
#include "rules/expr/lexer.h"
#include "rules/expr/logical_chain.h"
#include "rules/expr/macro_syntax.h"
#include "rules/expr/parser.h"
#include "rules/expr/printer.h"
#include "rules/ruleset/utf8.h"

namespace touchstone::rules {
namespace {

using expr::Constant;
using expr::Expr;
using expr::ExprKind;
using expr::ExprPtr;
using expr::Function;

constexpr absl::string_view kListPrefix = "list.";

struct NamedRelation {
  Function function;
  v1::Relation relation;
};
constexpr std::array kRelations = {
    NamedRelation{Function::kEqual, v1::RELATION_EQUAL},
    NamedRelation{Function::kNotEqual, v1::RELATION_NOT_EQUAL},
    NamedRelation{Function::kLess, v1::RELATION_BELOW},
    NamedRelation{Function::kLessEqual, v1::RELATION_AT_MOST},
    NamedRelation{Function::kGreater, v1::RELATION_ABOVE},
    NamedRelation{Function::kGreaterEqual, v1::RELATION_AT_LEAST},
};

struct NamedTextTest {
  Function function;
  v1::TextTest test;
};
constexpr std::array kTextTests = {
    NamedTextTest{Function::kStartsWith, v1::TEXT_TEST_STARTS_WITH},
    NamedTextTest{Function::kEndsWith, v1::TEXT_TEST_ENDS_WITH},
    NamedTextTest{Function::kContains, v1::TEXT_TEST_CONTAINS},
};

// --- From tree to form. Each function gives false for what has no form. ---

bool IsText(const Expr& expr) {
  return expr.kind == ExprKind::kConstant && expr.constant.kind == Constant::Kind::kString;
}

bool IsNumber(const Constant& constant) {
  return constant.kind == Constant::Kind::kInt || constant.kind == Constant::Kind::kUint ||
         constant.kind == Constant::Kind::kDouble;
}

bool ReadFact(const Expr& expr, std::string& name) {
  if (expr.resolution.kind != expr::Resolution::Kind::kSlot || !expr::IsDottedName(expr)) {
    return false;
  }
  name = expr::DottedName(expr);
  return !absl::StartsWith(name, ".");
}

bool ReadConversion(const Expr& call, v1::BuilderLiteral& literal) {
  if (call.receiver_style || call.children.size() != 1 || !IsText(*call.children[0])) return false;
  const std::string& text = call.children[0]->constant.string_value;
  switch (call.function) {
    case Function::kTimestamp:
      literal.set_timestamp(text);
      return true;
    case Function::kDuration:
      literal.set_duration(text);
      return true;
    case Function::kMoney:
      literal.set_money(text);
      return true;
    case Function::kDecimal:
      literal.set_decimal(text);
      return true;
    default:
      return false;
  }
}

bool ReadLiteral(const Expr& expr, v1::BuilderLiteral& literal) {
  if (expr.kind == ExprKind::kCall) return ReadConversion(expr, literal);
  if (expr.kind != ExprKind::kConstant) return false;
  const Constant& constant = expr.constant;
  if (constant.kind == Constant::Kind::kString) {
    literal.set_text(constant.string_value);
  } else if (constant.kind == Constant::Kind::kBool) {
    literal.set_truth(constant.bool_value);
  } else if (IsNumber(constant) && !expr.text.empty()) {
    literal.set_number(expr.text);
  } else {
    // Null and bytes: no attribute has such a type.
    return false;
  }
  return true;
}

bool ReadComparison(const Expr& call, v1::Relation relation, v1::BuilderCondition& form) {
  v1::FactComparison& comparison = *form.mutable_comparison();
  comparison.set_relation(relation);
  return ReadFact(*call.children[0], *comparison.mutable_fact()) &&
         ReadLiteral(*call.children[1], *comparison.mutable_literal());
}

bool ReadMembership(const Expr& fact, const Expr& list, v1::BuilderCondition& form) {
  v1::FactMembership& membership = *form.mutable_one_of();
  for (const ExprPtr& element : list.children) {
    if (element->optional_entry || !ReadLiteral(*element, *membership.add_literals())) return false;
  }
  return ReadFact(fact, *membership.mutable_fact());
}

bool ReadProductList(const Expr& fact, const Expr& list, v1::BuilderCondition& form) {
  if (!expr::IsDottedName(list)) return false;
  const std::string name = expr::DottedName(list);
  if (!absl::StartsWith(name, kListPrefix)) return false;
  v1::ProductListMembership& membership = *form.mutable_in_product_list();
  membership.set_product_list(name.substr(kListPrefix.size()));
  return ReadFact(fact, *membership.mutable_fact());
}

bool ReadIn(const Expr& call, v1::BuilderCondition& form) {
  const Expr& left = *call.children[0];
  const Expr& right = *call.children[1];
  if (right.kind == ExprKind::kList) return ReadMembership(left, right, form);
  if (right.resolution.kind == expr::Resolution::Kind::kConstant) {
    return ReadProductList(left, right, form);
  }
  v1::ListContent& content = *form.mutable_has_element();
  return ReadFact(right, *content.mutable_fact()) && ReadLiteral(left, *content.mutable_literal());
}

bool ReadTextTest(const Expr& call, v1::TextTest test, v1::BuilderCondition& form) {
  if (!call.receiver_style || call.children.size() != 2 || !IsText(*call.children[1])) return false;
  v1::FactText& text = *form.mutable_text();
  text.set_test(test);
  text.set_text(call.children[1]->constant.string_value);
  return ReadFact(*call.children[0], *text.mutable_fact());
}

bool ReadCondition(const Expr& expr, int depth, v1::BuilderCondition& form);

bool ReadGroup(const Expr& call, int depth, v1::BuilderGroup& group) {
  for (const Expr* term : expr::ChainTerms(call.function, call)) {
    if (!ReadCondition(*term, depth + 1, *group.add_conditions())) return false;
  }
  return true;
}

bool ReadCall(const Expr& call, int depth, v1::BuilderCondition& form) {
  switch (call.function) {
    case Function::kAnd:
      return ReadGroup(call, depth, *form.mutable_all());
    case Function::kOr:
      return ReadGroup(call, depth, *form.mutable_any());
    case Function::kNot:
      return ReadCondition(*call.children[0], depth + 1, *form.mutable_negated());
    case Function::kIn:
      return ReadIn(call, form);
    default:
      break;
  }
  for (const NamedRelation& each : kRelations) {
    if (each.function == call.function) return ReadComparison(call, each.relation, form);
  }
  for (const NamedTextTest& each : kTextTests) {
    if (each.function == call.function) return ReadTextTest(call, each.test, form);
  }
  return false;
}

bool ReadCondition(const Expr& expr, int depth, v1::BuilderCondition& form) {
  if (depth > kMaxBuilderDepth) return false;
  switch (expr.kind) {
    case ExprKind::kCall:
      return ReadCall(expr, depth, form);
    case ExprKind::kSelect:
    case ExprKind::kIdent: {
      if (!expr.test_only) return ReadFact(expr, *form.mutable_flag());
      // Apart from has(), the same name; IsDottedName sees names only.
      std::string operand;
      if (expr.resolution.kind != expr::Resolution::Kind::kSlot ||
          !expr::IsDottedName(*expr.children[0]) || !expr::IsIdentifier(expr.name)) {
        return false;
      }
      operand = expr::DottedName(*expr.children[0]);
      form.set_present(absl::StrCat(operand, ".", expr.name));
      return !absl::StartsWith(operand, ".");
    }
    default:
      return false;
  }
}

// --- From form to tree. ---

// Payload of an error: the path with which its message begins.
constexpr absl::string_view kPathPayload = "touchstone/builder_form_path";

absl::Status Wrong(absl::string_view path, absl::string_view what) {
  if (path.empty()) return absl::InvalidArgumentError(what);
  absl::Status error = absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
  error.SetPayload(kPathPayload, absl::Cord(path));
  return error;
}

// Of a field of the message at `path`.
std::string At(absl::string_view path, absl::string_view field) {
  return absl::StrCat(path, path.empty() ? "" : ".", field);
}

ExprPtr New(ExprKind kind) {
  auto node = std::make_unique<Expr>();
  node->kind = kind;
  return node;
}

ExprPtr Call(Function function, ExprPtr first, ExprPtr second = nullptr) {
  ExprPtr call = New(ExprKind::kCall);
  call->function = function;
  call->children.push_back(std::move(first));
  if (second != nullptr) call->children.push_back(std::move(second));
  return call;
}

absl::StatusOr<ExprPtr> WriteName(absl::string_view path, absl::string_view name) {
  ExprPtr node;
  for (const absl::string_view part : absl::StrSplit(name, '.')) {
    // Behind a dot any word may stand: the printer puts quotes around the keywords.
    const bool fits = expr::IsIdentifier(part) &&
                      (node != nullptr || (!expr::IsKeyword(part) && !expr::IsReserved(part)));
    if (!fits) return Wrong(path, name.empty() ? "a name is missing" : "this is not a name");
    ExprPtr next = New(node == nullptr ? ExprKind::kIdent : ExprKind::kSelect);
    next->name = std::string(part);
    if (node != nullptr) next->children.push_back(std::move(node));
    node = std::move(next);
  }
  return node;
}

absl::StatusOr<ExprPtr> WriteText(absl::string_view path, const std::string& text) {
  if (FindMalformedUtf8(text).has_value()) return Wrong(path, "this text is not valid UTF-8");
  ExprPtr node = New(ExprKind::kConstant);
  node->constant.kind = Constant::Kind::kString;
  node->constant.string_value = text;
  return node;
}

absl::StatusOr<ExprPtr> WriteConversion(absl::string_view path, Function function,
                                        const std::string& text) {
  absl::StatusOr<ExprPtr> argument = WriteText(path, text);
  if (!argument.ok()) return argument.status();
  return Call(function, *std::move(argument));
}

// What the parser reads as one number and nothing else.
absl::StatusOr<ExprPtr> WriteNumber(absl::string_view path, const std::string& text) {
  expr::ParseResult parsed = expr::Parse(text);
  const Expr* number = parsed.expr.get();
  if (number == nullptr || number->kind != ExprKind::kConstant || !IsNumber(number->constant) ||
      number->text != text) {
    return Wrong(path, "this is not a number");
  }
  return std::move(parsed.expr);
}

absl::StatusOr<ExprPtr> WriteLiteral(absl::string_view path, const v1::BuilderLiteral& literal) {
  switch (literal.form_case()) {
    case v1::BuilderLiteral::kText:
      return WriteText(At(path, "text"), literal.text());
    case v1::BuilderLiteral::kNumber:
      return WriteNumber(At(path, "number"), literal.number());
    case v1::BuilderLiteral::kTruth: {
      ExprPtr node = New(ExprKind::kConstant);
      node->constant.kind = Constant::Kind::kBool;
      node->constant.bool_value = literal.truth();
      return node;
    }
    case v1::BuilderLiteral::kTimestamp:
      return WriteConversion(At(path, "timestamp"), Function::kTimestamp, literal.timestamp());
    case v1::BuilderLiteral::kDuration:
      return WriteConversion(At(path, "duration"), Function::kDuration, literal.duration());
    case v1::BuilderLiteral::kMoney:
      return WriteConversion(At(path, "money"), Function::kMoney, literal.money());
    case v1::BuilderLiteral::kDecimal:
      return WriteConversion(At(path, "decimal"), Function::kDecimal, literal.decimal());
    case v1::BuilderLiteral::FORM_NOT_SET:
      break;
  }
  return Wrong(path, "a literal is missing");
}

absl::StatusOr<ExprPtr> WriteCall(Function function, absl::StatusOr<ExprPtr> left,
                                  absl::StatusOr<ExprPtr> right) {
  if (!left.ok()) return left.status();
  if (!right.ok()) return right.status();
  return Call(function, *std::move(left), *std::move(right));
}

absl::StatusOr<ExprPtr> WriteComparison(const std::string& path,
                                        const v1::FactComparison& comparison) {
  for (const NamedRelation& each : kRelations) {
    if (each.relation != comparison.relation()) continue;
    return WriteCall(each.function, WriteName(At(path, "fact"), comparison.fact()),
                     WriteLiteral(At(path, "literal"), comparison.literal()));
  }
  return Wrong(At(path, "relation"), "this is not a relation");
}

absl::StatusOr<ExprPtr> WriteMembership(const std::string& path,
                                        const v1::FactMembership& membership) {
  ExprPtr list = New(ExprKind::kList);
  for (int i = 0; i < membership.literals_size(); ++i) {
    absl::StatusOr<ExprPtr> element =
        WriteLiteral(At(path, absl::StrCat("literals[", i, "]")), membership.literals(i));
    if (!element.ok()) return element.status();
    list->children.push_back(*std::move(element));
  }
  return WriteCall(Function::kIn, WriteName(At(path, "fact"), membership.fact()), std::move(list));
}

absl::StatusOr<ExprPtr> WriteTextTest(const std::string& path, const v1::FactText& text) {
  for (const NamedTextTest& each : kTextTests) {
    if (each.test != text.test()) continue;
    absl::StatusOr<ExprPtr> call =
        WriteCall(each.function, WriteName(At(path, "fact"), text.fact()),
                  WriteText(At(path, "text"), text.text()));
    if (call.ok()) (*call)->receiver_style = true;
    return call;
  }
  return Wrong(At(path, "test"), "this is not a test");
}

absl::StatusOr<ExprPtr> WritePresence(const std::string& path, const std::string& fact) {
  absl::StatusOr<ExprPtr> name = WriteName(path, fact);
  if (!name.ok()) return name.status();
  if ((*name)->kind != ExprKind::kSelect) {
    return Wrong(path, "only a name with a dot in it can be without a value");
  }
  (*name)->test_only = true;
  return name;
}

absl::StatusOr<ExprPtr> WriteCondition(const std::string& path, const v1::BuilderCondition& form,
                                       int depth);

absl::StatusOr<ExprPtr> WriteGroup(const std::string& path, Function op,
                                   const v1::BuilderGroup& group, int depth) {
  if (group.conditions_size() == 0) return Wrong(path, "the group is empty");
  std::vector<ExprPtr> terms;
  for (int i = 0; i < group.conditions_size(); ++i) {
    const std::string place = At(path, absl::StrCat("conditions[", i, "]"));
    absl::StatusOr<ExprPtr> condition = WriteCondition(place, group.conditions(i), depth + 1);
    if (!condition.ok()) return condition.status();
    // A group within a group of its kind is one group, as the parser reads it.
    for (ExprPtr& term : expr::TakeChainTerms(op, *std::move(condition))) {
      terms.push_back(std::move(term));
    }
  }
  return expr::BalancedTree(op, std::move(terms));
}

absl::StatusOr<ExprPtr> WriteCondition(const std::string& path, const v1::BuilderCondition& form,
                                       int depth) {
  if (depth > kMaxBuilderDepth) {
    return Wrong(path, absl::StrCat("this is more than ", kMaxBuilderDepth, " levels deep"));
  }
  switch (form.form_case()) {
    case v1::BuilderCondition::kAll:
      return WriteGroup(At(path, "all"), Function::kAnd, form.all(), depth);
    case v1::BuilderCondition::kAny:
      return WriteGroup(At(path, "any"), Function::kOr, form.any(), depth);
    case v1::BuilderCondition::kNegated: {
      absl::StatusOr<ExprPtr> operand =
          WriteCondition(At(path, "negated"), form.negated(), depth + 1);
      if (!operand.ok()) return operand.status();
      return Call(Function::kNot, *std::move(operand));
    }
    case v1::BuilderCondition::kComparison:
      return WriteComparison(At(path, "comparison"), form.comparison());
    case v1::BuilderCondition::kOneOf:
      return WriteMembership(At(path, "one_of"), form.one_of());
    case v1::BuilderCondition::kInProductList: {
      const std::string place = At(path, "in_product_list");
      const v1::ProductListMembership& membership = form.in_product_list();
      return WriteCall(Function::kIn, WriteName(At(place, "fact"), membership.fact()),
                       WriteName(At(place, "product_list"),
                                 absl::StrCat(kListPrefix, membership.product_list())));
    }
    case v1::BuilderCondition::kHasElement: {
      const std::string place = At(path, "has_element");
      return WriteCall(Function::kIn,
                       WriteLiteral(At(place, "literal"), form.has_element().literal()),
                       WriteName(At(place, "fact"), form.has_element().fact()));
    }
    case v1::BuilderCondition::kText:
      return WriteTextTest(At(path, "text"), form.text());
    case v1::BuilderCondition::kFlag:
      return WriteName(At(path, "flag"), form.flag());
    case v1::BuilderCondition::kPresent:
      return WritePresence(At(path, "present"), form.present());
    case v1::BuilderCondition::FORM_NOT_SET:
      break;
  }
  return Wrong(path, "a condition is missing");
}

}  // namespace

std::optional<v1::BuilderCondition> ToBuilderForm(const Expr& checked) {
  v1::BuilderCondition form;
  if (!ReadCondition(checked, 1, form)) return std::nullopt;
  // The reader knows the nodes of today. Should one ever carry more than it reads, or its text be
  // more than an expression may have, this is where the form is withheld.
  const absl::StatusOr<std::string> text = BuilderFormText(form);
  if (!text.ok() || *text != expr::Print(checked)) return std::nullopt;
  return form;
}

absl::StatusOr<std::string> BuilderFormText(const v1::BuilderCondition& form) {
  const absl::StatusOr<ExprPtr> tree = WriteCondition("", form, 1);
  if (!tree.ok()) return tree.status();
  std::string text = expr::Print(**tree);
  // Length, depth and the size of lists have the limits of any text.
  const expr::ParseResult parsed = expr::Parse(text);
  if (!parsed.issues.empty()) return absl::InvalidArgumentError(parsed.issues[0].message);
  return text;
}

BuilderFormError BuilderFormErrorOf(const absl::Status& error) {
  const absl::optional<absl::Cord> payload = error.GetPayload(kPathPayload);
  std::string path = payload.has_value() ? std::string(*payload) : "";
  absl::string_view message = error.message();
  if (!path.empty()) message.remove_prefix(path.size() + 2);  // ": "
  return {std::move(path), std::string(message)};
}

}  // namespace touchstone::rules
