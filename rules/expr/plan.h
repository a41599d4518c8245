#pragma once

// What a checked tree becomes: nodes in one vector, children before parents, the root last, so
// that a subtree is a contiguous range. Internal to the evaluator. Immutable once planned.

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "re2/re2.h"
#include "rules/expr/ast.h"
#include "rules/expr/constant_map.h"
#include "rules/expr/constant_set.h"
#include "rules/expr/functions.h"
#include "rules/expr/program.h"
#include "rules/expr/typed_operations.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// Fields of Node that an operation uses are named beside it; "args" are count child indices from
// EvaluationPlan::arguments[first] on. What begins with kSlot reads its operand without visiting a
// node: row in `detail`, index in `small`.
enum class Op : uint8_t {
  kConstant,  // constant
  kSlot,
  kLocal,       // small: local index
  kField,       // first: record; small: field index
  kLocalField,  // second: local index of the record; small: field index
  kSelect,      // first: operand; constant: field name
  kHasSlot,     // has(slot)
  kHasField,
  kHasKey,
  kAnd,           // args
  kOr,            // args
  kNot,           // first
  kConditional,   // first: condition, second, third
  kCompare,       // detail: Relation; first, second
  kCompareExact,  // detail: Relation; first; constant: mantissa; small: scale
  kCompareExactMoney,
  kCompareExactDecimal,
  kInSet,         // first: element; second: index of a ConstantSet
  kFindInMap,     // detail: Function; first: key; second: index of a ConstantMap
  kHoldsText,     // first: container; constant: text
  kMatches,       // first: text; second: index of a regex
  kCall,          // detail: Function; args
  kTypedUnary,    // detail: Function; first; small: KindsOf; unary
  kTypedBinary,   // detail: Function; first, second; small: KindsOf; binary
  kTypedMany,     // detail: Function; args; second: KindsOf; many
  kTypedCompare,  // detail: Relation; first, second; small: KindsOf; binary
  kCalendarPart,  // detail: Function; first: time; second: index of a zone
  kList,          // args
  kMap,           // args: key, value, key, value...
  kAll,           // comprehensions: first: range; second: predicate; third: transform;
  kExists,        //   small: local index of the first variable; detail: how many variables;
  kExistsOne,     //   constant: steps of one turn
  kTransform,     // second may be kNoNode, here and in the next two
  kTransformMap,
  kTransformEntries,
  kFilter,
  kBind,          // small: local index; first: value; second: body
  kOptionalSlot,  // as kSlot, kField and kSelect
  kOptionalField,
  kOptionalSelect,
  kOptionalList,  // as kList and kMap; an argument with kOptionalEntry is an optional
  kOptionalMap,
  kOrElse,             // first: optional; second: what else; detail: 1 for the value (orValue)
  kOptionalTransform,  // optMap, optFlatMap (detail 1): as kBind, over what the optional holds
  kSlotEqualString,    // third: Relation; constant
  kSlotCompareInt,     // third: Relation; constant
  kSlotCompareDouble,  // third: Relation; constant
  kSlotCompareExact,   // third: Relation; second: scale; constant: mantissa
  kSlotCompareExactMoney,
  kSlotCompareExactDecimal,
  kSlotInSet,      // second: index of a ConstantSet
  kSlotHoldsText,  // constant: as kHoldsText
  kSlotAffix,      // third: Function; constant
};

inline constexpr uint32_t kNoNode = UINT32_MAX;
// Beside the index of an argument that is an element, or a key, written with ?.
inline constexpr uint32_t kOptionalEntry = 0x8000'0000;

struct Node {
  Op op = Op::kConstant;
  uint8_t detail = 0;
  uint16_t small = 0;
  uint32_t first = kNoNode;
  uint32_t second = kNoNode;
  uint32_t third = kNoNode;  // or the number of args
  union {
    Value constant = Value();
    TypedUnary unary;
    TypedBinary binary;
    TypedMany many;
  };
};
static_assert(sizeof(Node) == 32);

struct alignas(64) EvaluationPlan {
  // A copy of nodes[root], beside what else every evaluation reads: most programs are one node, and
  // a decision meets thousands, none of them in the cache.
  Node root_node;
  uint32_t root = 0;
  uint16_t locals = 0;
  std::vector<Node> nodes;
  std::vector<uint32_t> arguments;
  std::vector<const ConstantSet*> sets;
  std::vector<ConstantMap> maps;
  std::vector<std::unique_ptr<RE2>> regexes;
  std::vector<absl::TimeZone> zones;
  std::vector<Slot> slots;  // ascending, without duplicates

  // What the nodes point into.
  Scratch constants;
  std::deque<Type> types;
  std::vector<std::unique_ptr<ConstantSet>> owned_sets;
};

}  // namespace touchstone::rules::expr
