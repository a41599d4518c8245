// Calls whose rules are more than a signature: math.greatest and math.least take any number of
// values, and a text that is written out must fit the values it is filled with.

#include "absl/strings/str_cat.h"
#include "rules/expr/checking.h"
#include "rules/expr/format_syntax.h"
#include "rules/expr/type_wording.h"

namespace touchstone::rules::expr {
namespace {

const Type& WithoutWrapper(const Type& type) {
  return type.Is(TypeKind::kWrapper) ? type.element() : type;
}

bool IsNumberType(const Type& type) {
  return type.Is(TypeKind::kInt) || type.Is(TypeKind::kUint) || type.Is(TypeKind::kDouble);
}

bool IsAmountType(const Type& type) {
  return type.Is(TypeKind::kMoney) || type.Is(TypeKind::kDecimal);
}

// Not known before the run.
bool IsOpen(const Type& type) {
  return type.Is(TypeKind::kDyn) || type.Is(TypeKind::kError) || type.Is(TypeKind::kParam);
}

// Whether the place takes values of the type, as the evaluator does.
bool PlaceTakes(char letter, const Type& type) {
  if (IsOpen(type)) return true;
  switch (letter) {
    case 's':
      return !type.Is(TypeKind::kRecord) && !type.Is(TypeKind::kOptional);
    case 'd':
    case 'f':
    case 'e':
      return IsNumberType(type);
    case 'b':
      return type.Is(TypeKind::kInt) || type.Is(TypeKind::kUint) || type.Is(TypeKind::kBool);
    case 'o':
      return type.Is(TypeKind::kInt) || type.Is(TypeKind::kUint);
    default:
      return type.Is(TypeKind::kInt) || type.Is(TypeKind::kUint) || type.Is(TypeKind::kString) ||
             type.Is(TypeKind::kBytes);
  }
}

absl::string_view PlaceWants(char letter) {
  switch (letter) {
    case 's':
      return "a value that has a text";
    case 'd':
      return "a whole number";
    case 'f':
    case 'e':
      return "a number";
    case 'b':
      return "a whole number, true or false";
    case 'o':
      return "a whole number";
    default:
      return "a whole number, a text or bytes";
  }
}

}  // namespace

Type Checking::VisitExtreme(Expr& expr) {
  for (const ExprPtr& child : expr.children) Visit(*child);
  if (!enforcing()) return Type();
  const absl::string_view name = FunctionName(expr.function);
  if (expr.children.empty()) {
    return Report("wrong_argument_count", expr.span,
                  absl::StrCat(name, "() does not take 0 arguments."),
                  "It takes numbers, or one list of them.");
  }
  Expr& first = *expr.children[0];
  if (expr.children.size() == 1 && Is(first, TypeKind::kList)) {
    if (first.kind == ExprKind::kList && first.children.empty()) {
      return Report("wrong_type", first.span, absl::StrCat("An empty list has no ", name, "()."));
    }
    return ExtremeOf(expr, first, inference_.Shallow(inference_.Shallow(first.type).element()));
  }
  AdoptEach(expr);
  Type result = Type(TypeKind::kError);
  for (size_t i = 0; i < expr.children.size(); ++i) {
    const Expr& child = *expr.children[i];
    const Type type = ExtremeOf(expr, child, inference_.Shallow(child.type));
    if (type.Is(TypeKind::kError)) return type;
    const bool mixes_amounts =
        i > 0 && result != type && (IsAmountType(result) || IsAmountType(type));
    if (mixes_amounts) {
      return Report("wrong_type", expr.span,
                    absl::StrCat(name, "() cannot take ", DescribeType(result), " and ",
                                 DescribeType(type), "."),
                    HintForOperands(Function::kLess, result, type));
    }
    result = i == 0 || result == type ? type : Type();
  }
  return result;
}

// The type of one operand, or of the elements of the one list, of greatest and least.
Type Checking::ExtremeOf(const Expr& call, const Expr& operand, const Type& type) {
  const Type& plain = WithoutWrapper(type);
  if (type.Is(TypeKind::kError) || IsNumberType(plain) || IsAmountType(plain)) return plain;
  if (IsOpen(plain)) return Type();
  return Report(
      "wrong_type", operand.span,
      absl::StrCat(FunctionName(call.function), "() cannot take ", Describe(operand), "."),
      type.Is(TypeKind::kOptional) ? "Say what holds when there is none: x.orValue(...)."
                                   : "It takes numbers and amounts, or one list of them.");
}

// Literals beside an amount become such amounts.
void Checking::AdoptEach(Expr& call) {
  Expr* amount = nullptr;
  for (const ExprPtr& child : call.children) {
    if (IsExactType(*child)) amount = child.get();
  }
  if (amount == nullptr) return;
  for (const ExprPtr& child : call.children) AdoptPair(*amount, *child, /*thousandths=*/true);
}

Type Checking::VisitFormat(Expr& expr) {
  const bool listed =
      expr.receiver_style && expr.children.size() == 2 && expr.children[1]->kind == ExprKind::kList;
  if (!listed) {
    for (const ExprPtr& child : expr.children) Visit(*child);
    return enforcing() ? ResolveSignature(expr) : Type();
  }
  // Its values are of many types by nature, so the list is no literal that must not mix them.
  Expr& values = *expr.children[1];
  Visit(*expr.children[0]);
  bool optional = false;
  for (const ExprPtr& value : values.children) {
    Visit(*value);
    optional = optional || value->optional_entry;
  }
  values.type = Type::List(Type());
  if (!enforcing()) return Type();
  const Expr& text = *expr.children[0];
  const bool known =
      text.kind == ExprKind::kConstant && text.constant.kind == Constant::Kind::kString;
  if (known && !optional) CheckPlaces(text, values);
  return ResolveSignature(expr);
}

void Checking::CheckPlaces(const Expr& text, const Expr& values) {
  size_t places = 0;
  absl::string_view rest = text.constant.string_value;
  while (!rest.empty()) {
    FormatPiece piece;
    if (!TakeFormatPiece(rest, piece)) {
      Report("invalid_format", text.span,
             absl::StrCat("\"", piece.text, "\" is no place to fill in."),
             absl::StrCat("Write %s, %d, %.2f, %e, %x, %o or %b (at most ",
                          limits::kMaxFormatPrecision, " decimals); %% is a percent sign."));
      return;
    }
    if (piece.letter == '\0') continue;
    const size_t place = places++;
    if (place >= values.children.size()) continue;
    const Expr& value = *values.children[place];
    const Type type = inference_.Final(value.type);
    if (PlaceTakes(piece.letter, WithoutWrapper(type))) continue;
    Report("invalid_format", value.span,
           absl::StrCat("%", absl::string_view(&piece.letter, 1), " takes ",
                        PlaceWants(piece.letter), ", but this is ", DescribeType(type), "."),
           type.Is(TypeKind::kOptional) ? "Say what holds when there is none: x.orValue(...)."
                                        : "%s takes any value.");
  }
  if (places == values.children.size()) return;
  Report("invalid_format", values.span,
         absl::StrCat("The text has ", places, places == 1 ? " place" : " places",
                      " to fill in, but the list has ", values.children.size(),
                      values.children.size() == 1 ? " value." : " values."));
}

}  // namespace touchstone::rules::expr
