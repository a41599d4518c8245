#pragma once

// The syntax tree, shared by all stages: the parser builds it, the checker annotates it in place,
// the planner reads it.
//
// Macros stay as written (a Comprehension names its macro), so that the printer gives back the
// author's text and the evaluator can run each form directly. && and || of many terms are built as
// balanced trees, so that recursion depth is bounded by limits::kMaxDepth.
// Ownership: a node owns its children. Thread safety: plain data.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rules/expr/functions.h"
#include "rules/expr/source.h"
#include "rules/expr/type.h"

namespace touchstone::rules::expr {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

enum class ExprKind : uint8_t {
  kConstant,
  kIdent,          // name; leading '.' kept when written
  kSelect,         // children[0].name; test_only for has()
  kCall,           // function(children...): operators and functions; receiver-style calls put the
                   // receiver first and set receiver_style
  kList,           // children
  kMap,            // children: key, value, key, value...
  kComprehension,  // macro over children[0] with variables; see Macro
  kBind,           // cel.bind(variables[0], children[0], children[1])
};

// With two variables, the first is the position in a list or the key of a map, the second the
// element or the value. The last two look into an optional, which holds one value or none.
enum class Macro : uint8_t {
  kAll,               // one or two variables; children: range, predicate
  kExists,            // likewise
  kExistsOne,         // likewise
  kMap,               // children: range, transform   or   range, predicate, transform
  kFilter,            // children: range, predicate
  kTransformList,     // two variables; children as kMap; a list
  kTransformMap,      // two variables; children as kMap; a map of the same keys
  kTransformEntries,  // transformMapEntry; as kTransformMap, each turn yields a map of entries
  kOptMap,            // children: optional, transform
  kOptFlatMap,        // children: optional, transform to an optional
};

// A literal. Numbers keep their source text (Expr::text), so that `10.00` beside money is exact.
struct Constant {
  enum class Kind : uint8_t { kNull, kBool, kInt, kUint, kDouble, kString, kBytes };
  Kind kind = Kind::kNull;
  bool bool_value = false;
  int64_t int_value = 0;
  uint64_t uint_value = 0;
  double double_value = 0;
  std::string string_value;  // kString (valid UTF-8) and kBytes
};

// A typed place that the caller fills before evaluation: `row` of the Frame, `index` in the row.
struct Slot {
  uint8_t row = 0;
  uint16_t index = 0;
  friend bool operator==(Slot a, Slot b) { return a.row == b.row && a.index == b.index; }
};

// What the checker found a name to stand for.
struct Resolution {
  enum class Kind : uint8_t {
    kNone,
    kSlot,          // slot
    kOptionalSlot,  // slot, read with .?: an optional. The name at the root of the dots carries the
                    // slot as kSlot, so that a walk that collects what is read finds it
    kConstant,      // an Environment constant: constant_index
    kType,          // a type name used as a value: Expr::type is type(T)
    kLocal,         // a macro or bind variable: local_index counts from the outermost, 0 first
    kField,         // kSelect on a record: field_index
    kUnbound,       // unchecked programs only: evaluates to ErrorCode::kUnboundName
  };
  Kind kind = Kind::kNone;
  Slot slot;
  uint32_t constant_index = 0;
  uint16_t local_index = 0;
  uint16_t field_index = 0;
};

struct Expr {
  ExprKind kind = ExprKind::kConstant;
  SourceSpan span;
  std::vector<ExprPtr> children;

  Constant constant;                   // kConstant
  std::string text;                    // kConstant numbers: source text without sign folding lost
  std::string name;                    // kIdent; kSelect: the field; kCall of kUnknown
  bool test_only = false;              // kSelect inside has()
  bool optional_access = false;        // kSelect written .?name: an optional of the field
  bool optional_entry = false;         // an element of a list, a key of a map: written with ?
  Function function = Function::kAnd;  // kCall
  bool receiver_style = false;         // kCall
  Macro macro = Macro::kAll;           // kComprehension
  std::vector<std::string> variables;  // kComprehension, kBind

  // Written by the checker.
  Type type;
  Resolution resolution;
  // A numeric literal that stands beside money or a decimal: `text` is to be read exactly.
  bool exact_literal = false;
};

// Named limits of the language; each has a test at the limit and one past it.
namespace limits {
inline constexpr size_t kMaxSourceBytes = 100'000;
inline constexpr int kMaxDepth = 250;               // nesting of the tree, after balancing
inline constexpr size_t kMaxListElements = 10'000;  // in one literal
inline constexpr int kMaxComprehensionNesting = 4;
inline constexpr size_t kMaxIssues = 20;             // findings reported for one expression
inline constexpr int kMaxRegexProgramSize = 10'000;  // RE2 instructions
inline constexpr int kMaxFormatPrecision = 100;      // decimals that %f and %e may ask for
// Estimated visits of nodes in one evaluation. Each line of the largest basket may be asked about
// each of its categories; not about each other line.
inline constexpr uint64_t kMaxCost = 25'000'000;
inline constexpr uint64_t kAssumedElements = 256;       // of a list whose length nothing declares
inline constexpr uint64_t kDefaultStepLimit = 100'000;  // evaluator steps of one evaluation
}  // namespace limits

}  // namespace touchstone::rules::expr
