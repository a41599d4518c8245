#include "rules/expr/type_inference.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace touchstone::rules::expr {
namespace {

size_t ParamCount(TypeKind kind) {
  switch (kind) {
    case TypeKind::kList:
    case TypeKind::kOptional:
      return 1;
    case TypeKind::kMap:
      return 2;
    default:
      return 0;
  }
}

bool IsAnything(const Type& type) { return type.Is(TypeKind::kDyn) || type.Is(TypeKind::kError); }

// As every CEL: messages, times and wrappers may be null; of these we have the latter two.
bool MayBeNull(const Type& type) {
  return type.Is(TypeKind::kNull) || type.Is(TypeKind::kWrapper) || type.Is(TypeKind::kTimestamp) ||
         type.Is(TypeKind::kDuration);
}

}  // namespace

Type TypeInference::Fresh() {
  bindings_.emplace_back();
  return Type::Param(absl::StrCat(bindings_.size() - 1));
}

size_t TypeInference::IndexOf(const Type& variable) {
  size_t index = 0;
  const bool is_number = absl::SimpleAtoi(variable.name(), &index);
  static_cast<void>(is_number);  // Fresh() made it
  return index;
}

Type TypeInference::Shallow(const Type& type) const {
  Type known = type;
  while (IsVariable(known) && bindings_[IndexOf(known)].has_value()) {
    known = *bindings_[IndexOf(known)];
  }
  return known;
}

bool TypeInference::Enter(const Type& type) const {
  if (ParamCount(type.kind()) > 0 || type.Is(TypeKind::kType)) ++steps_;
  return !exhausted();
}

Type TypeInference::Final(const Type& type) const {
  const Type known = Shallow(type);
  if (IsVariable(known) || !Enter(known)) return Type(TypeKind::kDyn);
  return MapParams(known, [this](const Type& param) { return Final(param); });
}

bool TypeInference::Assign(const Type& from, const Type& to) {
  const Mark before = Here();
  if (Unify(from, to)) return true;
  ReturnTo(before);
  return false;
}

std::optional<Type> TypeInference::Join(const Type& a, const Type& b) {
  if (!Assign(b, a)) return std::nullopt;
  return Wider(a, b);
}

void TypeInference::ReturnTo(Mark mark) {
  while (trail_.size() > mark.trail) {
    bindings_[trail_.back().first] = std::move(trail_.back().second);
    trail_.pop_back();
  }
  bindings_.resize(mark.variables);
}

void TypeInference::Bind(size_t variable, Type type) {
  trail_.emplace_back(variable, std::move(bindings_[variable]));
  bindings_[variable] = std::move(type);
}

bool TypeInference::Unify(const Type& from, const Type& to) {
  if (IsVariable(to)) return UnifyVariable(from, to);
  const Type known = Shallow(from);
  if (IsVariable(known)) return UnifyVariable(to, known);
  if (IsAnything(known) || IsAnything(to)) return true;
  if (known.Is(TypeKind::kNull)) return MayBeNull(to);
  if (to.Is(TypeKind::kNull)) return MayBeNull(known);
  if (known.Is(TypeKind::kWrapper) || to.Is(TypeKind::kWrapper)) {
    const Type& plain_from = known.Is(TypeKind::kWrapper) ? known.element() : known;
    const Type& plain_to = to.Is(TypeKind::kWrapper) ? to.element() : to;
    return plain_from == plain_to;
  }
  if (known.kind() != to.kind()) return false;
  if (!Enter(known)) return true;
  if (known.Is(TypeKind::kType)) return true;
  return ParamCount(to.kind()) == 0 ? known == to : UnifyParams(known, to);
}

bool TypeInference::UnifyParams(const Type& from, const Type& to) {
  for (size_t i = 0; i < ParamCount(to.kind()); ++i) {
    if (!Unify(from.param(i), to.param(i))) return false;
  }
  return true;
}

bool TypeInference::UnifyVariable(const Type& from, const Type& variable) {
  const Type known = Shallow(variable);
  const Type other = Shallow(from);
  if (IsVariable(known)) {
    if (other == known) return true;
    if (Occurs(IndexOf(known), other)) return false;
    Bind(IndexOf(known), other);
    return true;
  }
  if (!Unify(other, known)) return false;
  const Type wider = Wider(other, known);
  if (wider != known) {
    // The innermost variable of the chain carries the knowledge.
    Type innermost = variable;
    while (IsVariable(*bindings_[IndexOf(innermost)])) innermost = *bindings_[IndexOf(innermost)];
    if (!Occurs(IndexOf(innermost), wider)) Bind(IndexOf(innermost), wider);
  }
  return true;
}

bool TypeInference::Occurs(size_t variable, const Type& in) const {
  const Type known = Shallow(in);
  if (IsVariable(known)) return IndexOf(known) == variable;
  if (!Enter(known)) return true;
  const size_t params = known.Is(TypeKind::kType) ? 1 : ParamCount(known.kind());
  for (size_t i = 0; i < params; ++i) {
    if (Occurs(variable, known.param(i))) return true;
  }
  return false;
}

Type TypeInference::Wider(const Type& a, const Type& b) const {
  const Type x = Shallow(a);
  const Type y = Shallow(b);
  if (IsAnything(x) || IsVariable(y)) return x;
  if (IsAnything(y) || IsVariable(x)) return y;
  if (x.Is(TypeKind::kNull)) return y;
  if (y.Is(TypeKind::kNull)) return x;
  if (x.Is(TypeKind::kWrapper)) return x;
  if (y.Is(TypeKind::kWrapper)) return y;
  if (!Enter(x)) return Type(TypeKind::kDyn);
  switch (x.kind()) {
    case TypeKind::kList:
      return Type::List(Wider(x.param(0), y.param(0)));
    case TypeKind::kOptional:
      return Type::Optional(Wider(x.param(0), y.param(0)));
    case TypeKind::kMap:
      return Type::Map(Wider(x.param(0), y.param(0)), Wider(x.param(1), y.param(1)));
    default:
      return x;
  }
}

}  // namespace touchstone::rules::expr
