#include "tests/rules/eligibility/random_atom.h"

#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "rules/expr/ast.h"

namespace touchstone::rules {
namespace {

using Kind = AttributeKind;

bool IsNumber(Kind kind) { return kind == Kind::kInt || kind == Kind::kDouble; }
bool IsText(Kind kind) { return kind == Kind::kString || kind == Kind::kEnum; }

std::string TextOfReal(double value) {
  if (std::isnan(value)) return "(0.0 / 0.0)";
  if (std::isinf(value)) return value > 0 ? "(1.0 / 0.0)" : "(-1.0 / 0.0)";
  std::string text = absl::StrFormat("%.17g", value);
  if (!absl::StrContains(text, '.') && !absl::StrContains(text, 'e')) text += ".0";
  return text;
}

}  // namespace

std::string AtomMaker::Any() {
  return random_.Chance(6) ? Odd() : About(random_.Pick(world_.attributes()));
}

std::string AtomMaker::Indexed() {
  const Attribute& attribute = random_.Pick(world_.attributes());
  const std::string& name = attribute.name;
  switch (attribute.kind) {
    case Kind::kBool:
      return random_.Chance(50) ? name : absl::StrCat("!", name);
    case Kind::kStrings:
    case Kind::kInts: {
      const Kind element = attribute.kind == Kind::kStrings ? Kind::kString : Kind::kInt;
      const std::string in = absl::StrCat(Literal(element), " in ", name);
      return random_.Chance(70) ? absl::StrCat("!(", in, ")") : in;
    }
    case Kind::kDoubles:
    case Kind::kRecords:
    case Kind::kRecord:
      return About(attribute);
    default:
      // Most often one that most facts pass, so that whole conditions come to be true.
      if (world_.is_lenient() || random_.Chance(60)) {
        return absl::StrCat(name, " != ", Literal(attribute.kind));
      }
      return Compared(name, attribute.kind, Literal(attribute.kind));
  }
}

std::string AtomMaker::Odd() {
  return random_.Pick<const char*>({"true", "false", "1 / 0 > 0", "1 / 0 == 1 || true", "1 < 2",
                                    "\"a\" in [\"a\"]", "[1, 2].exists(x, x / 0 > 1)"});
}

std::string AtomMaker::About(const Attribute& attribute) {
  const std::string& name = attribute.name;
  if (random_.Chance(10)) return absl::StrCat("has(", name, ")");
  switch (attribute.kind) {
    case Kind::kStrings:
      return AboutList(name, Kind::kString);
    case Kind::kInts:
      return AboutList(name, Kind::kInt);
    case Kind::kDoubles:
      return AboutList(name, Kind::kDouble);
    case Kind::kRecords:
      return AboutList(name, Kind::kRecord);
    case Kind::kRecord:
      return AboutRecord(name);
    default:
      return AboutScalar(name, attribute.kind);
  }
}

std::string AtomMaker::AboutScalar(const std::string& value, Kind kind) {
  const size_t choice = random_.Below(100);
  if (kind == Kind::kBool && choice < 50) return value;
  if (choice < 15) return Opaque(value, kind);
  if (choice < 40) return InList(value, kind);
  if (choice < 55) return Compared(value, kind, OddLiteral(kind));
  return Compared(value, kind, Literal(kind));
}

std::string AtomMaker::AboutRecord(const std::string& record) {
  switch (random_.Below(5)) {
    case 0:
      return absl::StrCat("has(", record, random_.Chance(50) ? ".s)" : ".tags)");
    case 1:
      return AboutScalar(record + ".s", Kind::kString);
    case 2:
      return AboutScalar(record + ".d", Kind::kDouble);
    case 3:
      return AboutList(record + ".tags", Kind::kString);
    default:
      return AboutScalar(record + ".n", Kind::kInt);
  }
}

std::string AtomMaker::AboutList(const std::string& list, Kind element) {
  const size_t choice = random_.Below(100);
  if (choice < 15) return OpaqueList(list, element);
  if (choice < 40 && element != Kind::kRecord) {
    const std::string& literal = random_.Chance(80) ? Literal(element) : OddLiteral(element);
    return absl::StrCat(literal, " in ", list);
  }
  return absl::StrCat(list, choice < 75 ? ".exists(x, " : ".all(x, ", Predicate(element, 2), ")");
}

std::string AtomMaker::OpaqueList(const std::string& list, Kind element) {
  switch (random_.Below(5)) {
    case 0:
      return absl::StrCat("size(", list, ") > ", random_.Below(3));
    case 1:
      return absl::StrCat(list, ".exists_one(x, ", Predicate(element, 1), ")");
    case 2:
      return absl::StrCat(list, ".filter(x, ", Predicate(element, 1), ").size() == 1");
    case 3:
      return absl::StrCat(list, ".filter(x, ", Predicate(element, 1), ").all(x, ",
                          Predicate(element, 1), ")");
    default:
      return absl::StrCat(list, element == Kind::kRecord ? "[0].n == 1" : "[0] == ",
                          element == Kind::kRecord ? "" : Literal(element));
  }
}

std::string AtomMaker::Predicate(Kind element, int depth) {
  if (depth > 0 && random_.Chance(45)) {
    const std::string one = absl::StrCat("(", Predicate(element, depth - 1), ")");
    if (random_.Chance(30)) return "!" + one;
    const std::string two = absl::StrCat("(", Predicate(element, depth - 1), ")");
    return absl::StrCat(one, random_.Chance(50) ? " && " : " || ", two);
  }
  if (random_.Chance(4) && nested_ + 1 < expr::limits::kMaxComprehensionNesting) {
    ++nested_;
    std::string inner = Any();
    --nested_;
    return inner;
  }
  if (element != Kind::kRecord) return AboutScalar("x", element);
  switch (random_.Below(6)) {
    case 0:
      return absl::StrCat("has(x.", random_.Chance(50) ? "s)" : "tags)");
    case 1:
      return AboutScalar("x.s", Kind::kString);
    case 2:
      return AboutScalar("x.d", Kind::kDouble);
    case 3:
      return absl::StrCat(Text(), " in x.tags");
    default:
      return AboutScalar("x.n", Kind::kInt);
  }
}

std::string AtomMaker::Opaque(const std::string& value, Kind kind) {
  switch (kind) {
    case Kind::kBool:
      return absl::StrCat(value, random_.Chance(50) ? " != " : " == ", value);
    case Kind::kTimestamp:
      return random_.Chance(50)
                 ? absl::StrCat(value, ".getFullYear() == 2026")
                 : Compared(absl::StrCat("(", value, " + duration(\"1h\"))"), kind, Literal(kind));
    case Kind::kDuration:
      return Compared(absl::StrCat("(", value, " + duration(\"1h\"))"), kind, Literal(kind));
    case Kind::kString:
    case Kind::kEnum:
      return OpaqueText(value);
    default:
      return OpaqueNumber(value, kind);
  }
}

std::string AtomMaker::OpaqueText(const std::string& value) {
  switch (random_.Below(6)) {
    case 0:
      return absl::StrCat(value, " < ", Text());
    case 1:
      return absl::StrCat(value, ".startsWith(", Text(), ")");
    case 2:
      return absl::StrCat(value, ".size() == 1");
    case 3:
      return absl::StrCat(value, " + \"a\" == ", Text());
    case 4:
      return absl::StrCat(value, " == ", value);
    default:
      return absl::StrCat(value, ".contains(", Text(), ")");
  }
}

std::string AtomMaker::OpaqueNumber(const std::string& value, Kind kind) {
  // Another fact of the same kind, where there is one.
  std::string other = value;
  for (const Attribute& attribute : world_.attributes()) {
    if (attribute.kind == kind && random_.Chance(60)) other = attribute.name;
  }
  switch (random_.Below(4)) {
    case 0:
      return absl::StrCat(value, " ", Relation(kind), " ", other);
    case 1:
      return Compared(absl::StrCat("(", value, " + ", other, ")"), kind, Literal(kind));
    case 2:
      return Compared(absl::StrCat("(", random_.Chance(50) ? value : other, " - ", value, ")"),
                      kind, Literal(kind));
    default:
      if (kind == Kind::kInt) {
        return random_.Chance(50) ? absl::StrCat(value, " % 2 == 0")
                                  : absl::StrCat("6 / ", value, " > 2");
      }
      return absl::StrCat("(", value, " != ", Literal(kind), " ? ", value, " : ", other, ") ",
                          Relation(kind), " ", Literal(kind));
  }
}

std::string AtomMaker::Compared(const std::string& value, Kind kind, const std::string& other) {
  if (random_.Chance(30)) return absl::StrCat(other, " ", Relation(kind), " ", value);
  return absl::StrCat(value, " ", Relation(kind), " ", other);
}

std::string AtomMaker::InList(const std::string& value, Kind kind) {
  if (IsText(kind) && random_.Chance(40)) return absl::StrCat(value, " in list.s");
  if (kind == Kind::kInt && random_.Chance(40)) return absl::StrCat(value, " in list.i");
  return absl::StrCat(value, " in ", Listed(kind));
}

std::string AtomMaker::Listed(Kind kind) {
  std::vector<std::string> literals(random_.Below(4));
  for (std::string& literal : literals) {
    literal = IsNumber(kind) || random_.Chance(95) ? Literal(kind) : OddLiteral(kind);
  }
  return absl::StrCat("[", absl::StrJoin(literals, ", "), "]");
}

std::string AtomMaker::Relation(Kind kind) {
  if (IsText(kind)) return random_.Pick<const char*>({"==", "!="});
  return random_.Pick<const char*>({"==", "!=", "<", "<=", ">", ">="});
}

std::string AtomMaker::Text() { return absl::StrCat("\"", random_.Pick(world_.texts()), "\""); }
std::string AtomMaker::Whole() { return absl::StrCat(random_.Pick(world_.ints())); }
std::string AtomMaker::Real() { return TextOfReal(random_.Pick(world_.doubles())); }

std::string AtomMaker::Literal(Kind kind) {
  switch (kind) {
    case Kind::kBool:
      return random_.Chance(50) ? "true" : "false";
    case Kind::kInt:
      return Whole();
    case Kind::kDouble:
      return Real();
    case Kind::kDecimal:
    case Kind::kMoney:
      return random_.Pick(world_.exacts());
    case Kind::kTimestamp:
      return absl::StrCat("timestamp(\"", random_.Pick(world_.times()), "\")");
    case Kind::kDuration:
      return absl::StrCat("duration(\"", random_.Pick(world_.durations()), "\")");
    default:
      return Text();
  }
}

std::string AtomMaker::OddLiteral(Kind kind) {
  if (IsText(kind)) {
    switch (random_.Below(3)) {
      case 0:
        return absl::StrCat("(", Text(), " + ", Text(), ")");
      case 1:
        return absl::StrCat(Text(), ".upperAscii()");
      default:
        return absl::StrCat("(1 / 0 > 0 ? ", Text(), " : ", Text(), ")");
    }
  }
  if (!IsNumber(kind)) return Literal(kind);
  switch (random_.Below(6)) {
    case 0:
      return kind == Kind::kInt ? "(1 / 0)" : "double(\"NaN\")";
    case 1:
      return random_.Chance(50) ? "18446744073709551615u" : "2u";
    case 2:
      return absl::StrCat("(", kind == Kind::kInt ? Whole() : Real(), " + ",
                          kind == Kind::kInt ? "1" : "1.0", ")");
    default:
      return kind == Kind::kInt ? Real() : Whole();
  }
}

}  // namespace touchstone::rules
