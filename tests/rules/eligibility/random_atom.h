#pragma once

// Random parts of conditions without &&, || and ! on top. Thread safety: one thread.

#include <string>

#include "tests/rules/eligibility/random_source.h"
#include "tests/rules/eligibility/random_world.h"

namespace touchstone::rules {

class AtomMaker {
 public:
  AtomMaker(Random& random, const World& world) : random_(random), world_(world) {}

  std::string Any();
  // One that an index knows in most cases.
  std::string Indexed();

 private:
  std::string Odd();
  std::string About(const Attribute& attribute);
  std::string AboutScalar(const std::string& value, AttributeKind kind);
  std::string AboutList(const std::string& list, AttributeKind element);
  std::string AboutRecord(const std::string& record);
  // A bool that needs a program.
  std::string Opaque(const std::string& value, AttributeKind kind);
  std::string OpaqueText(const std::string& value);
  std::string OpaqueNumber(const std::string& value, AttributeKind kind);
  std::string OpaqueList(const std::string& list, AttributeKind element);
  std::string Compared(const std::string& value, AttributeKind kind, const std::string& other);
  std::string InList(const std::string& value, AttributeKind kind);
  // Of the element `x`; an outer list may stand in it.
  std::string Predicate(AttributeKind element, int depth);

  std::string Literal(AttributeKind kind);
  // Of another numeric type, an error, an expression over constants.
  std::string OddLiteral(AttributeKind kind);
  std::string Text();
  std::string Whole();
  std::string Real();
  std::string Listed(AttributeKind kind);
  std::string Relation(AttributeKind kind);

  Random& random_;
  const World& world_;
  int nested_ = 0;  // predicates that the part at hand stands in
};

}  // namespace touchstone::rules
