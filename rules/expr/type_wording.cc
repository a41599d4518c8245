#include "rules/expr/type_wording.h"

#include "absl/strings/str_cat.h"

namespace touchstone::rules::expr {
namespace {

// The plural, for elements of lists.
std::string DescribeMany(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kBool:
      return "true-or-false values";
    case TypeKind::kInt:
      return "whole numbers";
    case TypeKind::kUint:
      return "unsigned whole numbers";
    case TypeKind::kDouble:
      return "numbers";
    case TypeKind::kString:
      return "texts";
    case TypeKind::kTimestamp:
      return "points in time";
    case TypeKind::kDuration:
      return "spans of time";
    case TypeKind::kMoney:
      return "amounts of money";
    case TypeKind::kDecimal:
      return "decimals";
    case TypeKind::kRecord:
      return absl::StrCat(type.name(), " records");
    case TypeKind::kList:
      return "lists";
    case TypeKind::kMap:
      return "maps";
    case TypeKind::kOptional:
      return "values that may be missing";
    default:
      return "values";
  }
}

bool IsNumber(const Type& type) {
  return type.Is(TypeKind::kInt) || type.Is(TypeKind::kUint) || type.Is(TypeKind::kDouble);
}

bool IsAmount(const Type& type) { return type.Is(TypeKind::kMoney) || type.Is(TypeKind::kDecimal); }

bool IsComparison(Function op) {
  return op == Function::kEqual || op == Function::kNotEqual || op == Function::kLess ||
         op == Function::kLessEqual || op == Function::kGreater || op == Function::kGreaterEqual;
}

std::string HintForOrderedPair(Function op, const Type& a, const Type& b) {
  if (a.Is(TypeKind::kOptional)) {
    return "Say what holds when there is none: x.orValue(...).";
  }
  if (IsAmount(a) && IsNumber(b)) {
    if (a.Is(TypeKind::kDecimal) && b.Is(TypeKind::kInt)) {
      return "Use decimal(...) around the whole number.";
    }
    if (op == Function::kMultiply) return "Multiply with a literal such as 0.2 or a whole number.";
    if (op == Function::kDivide) return "Multiply instead: * 0.5 is a half.";
    return "Use double(...) around the amount, or a plain number such as 5.00.";
  }
  if (a.Is(TypeKind::kMoney) && b.Is(TypeKind::kDecimal)) return "Use double(...) around both.";
  if (a.Is(TypeKind::kInt) && (b.Is(TypeKind::kDouble) || b.Is(TypeKind::kUint))) {
    return "Use double(...) around the whole number.";
  }
  if (a.Is(TypeKind::kString) && (IsNumber(b) || IsAmount(b))) {
    return "A text has quotes around it, a number must not have them.";
  }
  if (op == Function::kIn && a.Is(TypeKind::kString) && b.Is(TypeKind::kString)) {
    return "Write text.contains(\"part\") to look into a text, or [\"a\", \"b\"] for a list.";
  }
  if (b.Is(TypeKind::kTimestamp) && (a.Is(TypeKind::kString) || IsNumber(a))) {
    return "Write timestamp(\"2026-11-01T00:00:00Z\") for a point in time.";
  }
  if (b.Is(TypeKind::kDuration) && (a.Is(TypeKind::kString) || IsNumber(a))) {
    return "Write duration(\"72h\") for a span of time.";
  }
  if (a.Is(TypeKind::kList) && IsComparison(op)) return "Write x in list to look for an element.";
  if (a.Is(TypeKind::kNull)) return "Use has(...) to ask whether there is a value.";
  if (a.Is(TypeKind::kBool) && IsNumber(b) && IsComparison(op)) {
    return "Join two comparisons with &&: a < b && b < c.";
  }
  return "";
}

}  // namespace

std::string DescribeType(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kError:
    case TypeKind::kDyn:
    case TypeKind::kParam:
      return "a value";
    case TypeKind::kNull:
      return "null";
    case TypeKind::kBool:
      return "true or false";
    case TypeKind::kInt:
      return "a whole number";
    case TypeKind::kUint:
      return "an unsigned whole number";
    case TypeKind::kDouble:
      return "a number";
    case TypeKind::kString:
      return "a text";
    case TypeKind::kBytes:
      return "bytes";
    case TypeKind::kTimestamp:
      return "a point in time";
    case TypeKind::kDuration:
      return "a span of time";
    case TypeKind::kMoney:
      return "an amount of money";
    case TypeKind::kDecimal:
      return "a decimal";
    case TypeKind::kList:
      return absl::StrCat("a list of ", DescribeMany(type.element()));
    case TypeKind::kMap:
      return absl::StrCat("a map to ", DescribeMany(type.param(1)));
    case TypeKind::kRecord:
      return absl::StrCat("a ", type.name(), " record");
    case TypeKind::kWrapper:
    case TypeKind::kOptional:
      return absl::StrCat(DescribeType(type.element()), " or nothing");
    case TypeKind::kType:
      return "the name of a type";
  }
  return "a value";
}

absl::string_view CannotBe(Function op) {
  switch (op) {
    case Function::kAdd:
      return "cannot be added to";
    case Function::kSubtract:
      return "cannot be reduced by";
    case Function::kMultiply:
      return "cannot be multiplied with";
    case Function::kDivide:
    case Function::kModulo:
      return "cannot be divided by";
    case Function::kIn:
      return "cannot be looked for in";
    case Function::kIndex:
    case Function::kOptionalIndex:
      return "cannot be indexed with";
    default:
      return "cannot be compared with";
  }
}

std::string HintForOperands(Function op, const Type& left, const Type& right) {
  std::string hint = HintForOrderedPair(op, left, right);
  return hint.empty() ? HintForOrderedPair(op, right, left) : hint;
}

}  // namespace touchstone::rules::expr
