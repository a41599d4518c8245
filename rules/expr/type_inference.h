#pragma once

// What is known about type variables while one expression is checked: unification as CEL does it,
// where dyn and null fit in and a wider type replaces a narrower one. Internal to the checker.
//
// Use: one per expression; not thread safe. Cost: bounded by kMaxSteps, since types that name a
// variable twice can grow exponentially; past it everything is dyn and exhausted() is true.
// Source: google/cel-spec doc/langdef.md, "Gradual type checking"; the algorithm is the one of
// Damas and Milner with subtyping for dyn, null and wrappers.

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "rules/expr/type.h"

namespace touchstone::rules::expr {

class TypeInference {
 public:
  static constexpr size_t kMaxSteps = 300'000;  // visits of lists, maps and other compound types

  // A variable about which nothing is known yet.
  Type Fresh();

  // Whether a value of `from` may stand where `to` is wanted. Learns from a yes; a no leaves the
  // variables as they were.
  bool Assign(const Type& from, const Type& to);

  // The type of elements that are `a` or `b`; nullopt when only dyn would do.
  std::optional<Type> Join(const Type& a, const Type& b);

  // A variable replaced by what is known of it; other types as they are.
  Type Shallow(const Type& type) const;
  // All variables replaced; those still unknown become dyn.
  Type Final(const Type& type) const;

  // A position to return to after trying something; variables made since then must not be used.
  struct Mark {
    size_t trail;
    size_t variables;
  };
  Mark Here() const { return {trail_.size(), bindings_.size()}; }
  void ReturnTo(Mark mark);

  bool exhausted() const { return steps_ > kMaxSteps; }

 private:
  // Takes a step into a type; false when there are none left.
  bool Enter(const Type& type) const;
  static size_t IndexOf(const Type& variable);
  bool IsVariable(const Type& type) const { return type.Is(TypeKind::kParam); }
  bool Unify(const Type& from, const Type& to);
  bool UnifyVariable(const Type& from, const Type& variable);
  bool UnifyParams(const Type& from, const Type& to);
  bool Occurs(size_t variable, const Type& in) const;
  void Bind(size_t variable, Type type);
  // The wider of two types that unify.
  Type Wider(const Type& a, const Type& b) const;

  std::vector<std::optional<Type>> bindings_;
  mutable size_t steps_ = 0;
  std::vector<std::pair<size_t, std::optional<Type>>> trail_;  // what each binding was before
};

// The same kind with the parameters replaced by map(parameter).
template <typename Function>
Type MapParams(const Type& type, const Function& map) {
  switch (type.kind()) {
    case TypeKind::kList:
      return Type::List(map(type.param(0)));
    case TypeKind::kMap:
      return Type::Map(map(type.param(0)), map(type.param(1)));
    case TypeKind::kWrapper:
      return Type::Wrapper(map(type.param(0)));
    case TypeKind::kOptional:
      return Type::Optional(map(type.param(0)));
    case TypeKind::kType:
      return Type::TypeOf(map(type.param(0)));
    default:
      return type;
  }
}

}  // namespace touchstone::rules::expr
