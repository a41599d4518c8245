// What names stand for: longest declared prefix, container by container, macro variables first.

#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "rules/expr/checking.h"
#include "rules/expr/lexer.h"
#include "rules/expr/macro_syntax.h"
#include "rules/expr/nearest_name.h"
#include "rules/expr/type_wording.h"

namespace touchstone::rules::expr {
namespace {

// Types that an expression may name: type(x) == int.
const absl::flat_hash_map<std::string, Type>& NamedTypes() {
  static const auto& types = *[] {
    auto* map = new absl::flat_hash_map<std::string, Type>();
    for (const TypeKind kind :
         {TypeKind::kNull, TypeKind::kBool, TypeKind::kInt, TypeKind::kUint, TypeKind::kDouble,
          TypeKind::kString, TypeKind::kBytes, TypeKind::kMoney, TypeKind::kDecimal}) {
      map->emplace(Type(kind).ToString(), Type(kind));
    }
    const Type dyn;
    map->emplace("list", Type::List(dyn));
    map->emplace("map", Type::Map(dyn, dyn));
    map->emplace("type", Type::TypeOf(dyn));
    map->emplace("optional_type", Type::Optional(dyn));
    map->emplace("google.protobuf.Timestamp", Type(TypeKind::kTimestamp));
    map->emplace("google.protobuf.Duration", Type(TypeKind::kDuration));
    return map;
  }();
  return types;
}

// Functions by the names they have elsewhere.
struct Synonym {
  absl::string_view written;
  absl::string_view ours;
};
constexpr std::array kSynonyms = {
    Synonym{"length", "size"},        Synonym{"len", "size"},
    Synonym{"count", "size"},         Synonym{"lower", "lowerAscii"},
    Synonym{"toLower", "lowerAscii"}, Synonym{"upper", "upperAscii"},
    Synonym{"toUpper", "upperAscii"}, Synonym{"includes", "contains"},
    Synonym{"any", "exists"},         Synonym{"some", "exists"},
    Synonym{"every", "all"},          Synonym{"regex", "matches"},
    Synonym{"year", "getFullYear"},   Synonym{"month", "getMonth"},
    Synonym{"hour", "getHours"},      Synonym{"day", "getDate"},
    Synonym{"float", "double"},       Synonym{"str", "string"},
    Synonym{"max", "math.greatest"},  Synonym{"min", "math.least"},
    Synonym{"orElse", "orValue"},     Synonym{"isPresent", "hasValue"},
    Synonym{"coalesce", "orValue"},   Synonym{"sprintf", "format"},
};

// REQUIRES: IsDottedName(dotted); Node is Expr or const Expr.
template <typename Node>
Node& RootOf(Node& dotted) {
  Node* node = &dotted;
  while (node->kind == ExprKind::kSelect) node = node->children[0].get();
  return *node;
}

std::string DidYouMean(absl::string_view name) { return absl::StrCat("Did you mean ", name, "?"); }

}  // namespace

bool Checking::StartsWithLocal(const Expr& dotted) const {
  const Expr& root = RootOf(dotted);
  for (const Local& local : locals_) {
    if (local.name == root.name) return true;
  }
  return false;
}

bool Checking::ResolveLocal(Expr& expr) {
  for (size_t i = locals_.size(); i-- > 0;) {
    if (locals_[i].name != expr.name) continue;
    expr.resolution.kind = Resolution::Kind::kLocal;
    expr.resolution.local_index = static_cast<uint16_t>(i);
    expr.type = locals_[i].type;
    return true;
  }
  return false;
}

std::optional<Checking::Meaning> Checking::FindExactly(const std::string& name,
                                                       bool types_too) const {
  Meaning meaning;
  if (const VariableDecl* variable = environment_.FindVariable(name)) {
    meaning.resolution.kind = Resolution::Kind::kSlot;
    meaning.resolution.slot = variable->slot;
    meaning.type = variable->type;
    meaning.variable = variable;
    return meaning;
  }
  if (const std::optional<uint32_t> index = environment_.FindConstant(name)) {
    meaning.resolution.kind = Resolution::Kind::kConstant;
    meaning.resolution.constant_index = *index;
    meaning.type = environment_.constants()[*index].type;
    return meaning;
  }
  const auto named = NamedTypes().find(name);
  if (!types_too || named == NamedTypes().end()) return std::nullopt;
  meaning.resolution.kind = Resolution::Kind::kType;
  meaning.type = Type::TypeOf(named->second);
  return meaning;
}

std::optional<Checking::Meaning> Checking::FindMeaning(absl::string_view name,
                                                       bool types_too) const {
  if (absl::ConsumePrefix(&name, ".")) return FindExactly(std::string(name), types_too);
  absl::string_view container = environment_.container();
  while (!container.empty()) {
    const std::string qualified = absl::StrCat(container, ".", name);
    if (std::optional<Meaning> meaning = FindExactly(qualified, types_too)) return meaning;
    const size_t dot = container.rfind('.');
    container = dot == absl::string_view::npos ? "" : container.substr(0, dot);
  }
  return FindExactly(std::string(name), types_too);
}

bool Checking::HasDeclaredPrefix(const Expr& dotted) const {
  const std::string name = DottedName(dotted);
  for (size_t end = name.size(); end != std::string::npos && end > 0;
       end = name.rfind('.', end - 1)) {
    if (FindMeaning(absl::string_view(name).substr(0, end), /*types_too=*/false)) return true;
  }
  return false;
}

bool Checking::IsUnknownName(const Expr& expr) const {
  return IsDottedName(expr) && !StartsWithLocal(expr) && !HasDeclaredPrefix(expr) &&
         !FindMeaning(DottedName(expr), /*types_too=*/true);
}

Type Checking::VisitName(Expr& expr) {
  if (expr.kind == ExprKind::kIdent && ResolveLocal(expr)) return expr.type;
  const std::string name = DottedName(expr);
  if (const std::optional<Meaning> meaning = FindMeaning(name, !HasOptionalDot(expr))) {
    return Use(expr, *meaning);
  }
  if (expr.kind == ExprKind::kSelect && HasDeclaredPrefix(*expr.children[0])) return Type();
  return ReportUnknownName(expr);
}

Type Checking::Use(Expr& expr, const Meaning& meaning) {
  expr.resolution = meaning.resolution;
  if (meaning.variable == nullptr) return meaning.type;
  const bool optional = !expr.test_only && HasOptionalDot(expr);
  if (optional) {
    Expr& root = RootOf(expr);
    root.resolution = meaning.resolution;
    root.type = meaning.type;
    expr.resolution.kind = Resolution::Kind::kOptionalSlot;
  }
  if (!meaning.variable->unavailable_because.empty()) {
    Report("name_not_available", expr.span,
           absl::StrCat("\"", meaning.variable->name,
                        "\" is not available here: ", meaning.variable->unavailable_because));
  }
  if (!meaning.variable->enum_values.empty() && !expr.test_only && !optional) {
    enums_.emplace(&expr, meaning.variable);
  }
  return meaning.type;
}

Type Checking::ReportUnknownName(Expr& expr) {
  expr.resolution.kind = Resolution::Kind::kUnbound;
  const std::string written = DottedName(expr);
  // Of customer.spend90d.x the part that is wrong is customer.spend90d.
  absl::string_view name = absl::StripPrefix(written, ".");
  size_t end = name.find('.');
  while (end != absl::string_view::npos && environment_.IsNamespace(name.substr(0, end))) {
    end = name.find('.', end + 1);
  }
  name = name.substr(0, end);
  return Report("unknown_name", expr.span, absl::StrCat("There is no \"", name, "\" here."),
                HintForName(absl::StripPrefix(written, "."), name));
}

std::string Checking::HintForName(absl::string_view written, absl::string_view name) const {
  if (IsFull() || !enforcing()) return "";
  const bool bare = !absl::StrContains(written, '.');
  std::vector<absl::string_view> names;
  for (const VariableDecl& variable : environment_.variables()) {
    for (const std::string& value : variable.enum_values) {
      if (bare && value == name) return absl::StrCat("A text needs quotes: \"", name, "\".");
    }
    if (variable.unavailable_because.empty()) names.push_back(variable.name);
  }
  for (const ConstantDecl& constant : environment_.constants()) names.push_back(constant.name);
  for (const Local& local : locals_) names.push_back(local.name);
  for (const absl::string_view wrong : {written, name}) {
    if (const auto nearest = NearestName(wrong, names)) return DidYouMean(*nearest);
  }
  return bare ? absl::StrCat("If it is meant as a text, it needs quotes: \"", name, "\".") : "";
}

Type Checking::ReportUnknownField(const Expr& expr, const Type& record) {
  if (IsFull() || !enforcing()) return Type(TypeKind::kError);
  std::vector<absl::string_view> names;
  for (const Type::Field& field : record.fields()) names.push_back(field.name);
  const std::optional<std::string> nearest = NearestName(expr.name, names);
  return Report(
      "unknown_field", expr.span,
      absl::StrCat("There is no field \"", expr.name, "\" in ", DescribeType(record), "."),
      nearest.has_value() ? DidYouMean(*nearest) : "");
}

Type Checking::ReportUnknownFunction(Expr& expr) {
  expr.resolution.kind = Resolution::Kind::kUnbound;
  std::string name = expr.name;
  for (size_t i = 0; i < expr.children.size(); ++i) {
    Expr& child = *expr.children[i];
    if (i == 0 && expr.receiver_style && IsUnknownName(child)) {
      name = absl::StrCat(DottedName(child), ".", name);
      continue;
    }
    Visit(child);
  }
  if (IsFull() || !enforcing()) return Type(TypeKind::kError);
  std::vector<absl::string_view> names(FunctionNames().begin(), FunctionNames().end());
  names.insert(names.end(),
               {"has", "all", "exists", "exists_one", "map", "filter", "cel.bind", "transformList",
                "transformMap", "transformMapEntry", "optMap", "optFlatMap"});
  std::string hint;
  for (const Synonym& synonym : kSynonyms) {
    if (synonym.written == expr.name) hint = DidYouMean(synonym.ours);
  }
  if (const auto nearest = NearestName(name, names); hint.empty() && nearest.has_value()) {
    hint = DidYouMean(*nearest);
  }
  return Report("unknown_function", expr.span, absl::StrCat("There is no function \"", name, "\"."),
                hint);
}

}  // namespace touchstone::rules::expr
