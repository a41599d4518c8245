#include "rules/expr/evaluator.h"

#include <array>

#include "rules/expr/amounts.h"
#include "rules/expr/call.h"
#include "rules/expr/collections.h"
#include "rules/expr/comparison.h"
#include "rules/expr/optionals.h"
#include "rules/expr/strings.h"
#include "rules/expr/timestamps.h"

namespace touchstone::rules::expr {
namespace {

inline Value ReadSlot(const Node& node, const Evaluation& evaluation) {
  const absl::Span<const Value> row = evaluation.frame.rows[node.detail];
  return node.small < row.size() ? row[node.small] : Value::Absent();
}

// A field of what is no record, but may be an optional of one.
Value OptionalFieldOrError(const Value& operand, uint16_t field, Evaluation& evaluation) {
  if (operand.kind() == Kind::kOptional) return OptionalField(operand, field, evaluation);
  return operand.IsError() ? operand : NoOverload();
}

inline Value FieldOf(const Value& record, uint16_t field, Evaluation& evaluation) {
  if (record.kind() != Kind::kRecord) [[unlikely]] {
    return OptionalFieldOrError(record, field, evaluation);
  }
  return field < record.record_size() ? record.record_fields()[field] : Value::Absent();
}

inline Value ReadLocalField(const Node& node, Evaluation& evaluation) {
  return FieldOf(evaluation.locals[node.second], node.small, evaluation);
}

// As Run, without visiting a node that only reads a value.
inline Value Read(const EvaluationPlan& plan, uint32_t index, Evaluation& evaluation) {
  const Node& node = plan.nodes[index];
  switch (node.op) {
    case Op::kConstant:
      return node.constant;
    case Op::kSlot:
      return ReadSlot(node, evaluation);
    case Op::kLocal:
      return evaluation.locals[node.small];
    case Op::kLocalField:
      return ReadLocalField(node, evaluation);
    default:
      return Run(plan, index, evaluation);
  }
}

// Each operation is a function of its own, reached by one jump: were they one function, the
// cheapest would pay for the registers of the dearest.
using Operation = Value (*)(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation);

Value RunConstant(const EvaluationPlan& /*plan*/, const Node& node, Evaluation& /*evaluation*/) {
  return node.constant;
}

Value RunSlot(const EvaluationPlan& /*plan*/, const Node& node, Evaluation& evaluation) {
  return ReadSlot(node, evaluation);
}

Value RunLocal(const EvaluationPlan& /*plan*/, const Node& node, Evaluation& evaluation) {
  return evaluation.locals[node.small];
}

Value RunField(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  return FieldOf(Read(plan, node.first, evaluation), node.small, evaluation);
}

Value RunLocalField(const EvaluationPlan& /*plan*/, const Node& node, Evaluation& evaluation) {
  return ReadLocalField(node, evaluation);
}

Value RunHasField(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const Value record = Read(plan, node.first, evaluation);
  if (record.kind() == Kind::kOptional) return OptionalHas(record, node.small, evaluation);
  const Value field = FieldOf(record, node.small, evaluation);
  if (record.kind() != Kind::kRecord) return field;
  return field.IsError() && !field.IsAbsent() ? field : Value::Bool(!field.IsAbsent());
}

Value RunSelect(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const Value operand = Run(plan, node.first, evaluation);
  const absl::string_view field = node.constant.string_value();
  if (operand.kind() == Kind::kOptional) [[unlikely]] {
    return node.op == Op::kHasKey ? OptionalHas(operand, field, evaluation)
                                  : OptionalSelect(operand, field, evaluation);
  }
  return Select(operand, field, node.op == Op::kHasKey, evaluation);
}

Value RunOptionalSlot(const EvaluationPlan& /*plan*/, const Node& node, Evaluation& evaluation) {
  return OptionalOfPresent(ReadSlot(node, evaluation), evaluation);
}

Value RunOptionalField(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  return OptionalField(Read(plan, node.first, evaluation), node.small, evaluation);
}

Value RunOptionalSelect(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  return OptionalSelect(Read(plan, node.first, evaluation), node.constant.string_value(),
                        evaluation);
}

Value RunHasSlot(const EvaluationPlan& /*plan*/, const Node& node, Evaluation& evaluation) {
  const Value value = ReadSlot(node, evaluation);
  // An attribute that could not be computed is neither there nor absent.
  if (value.IsError() && !value.IsAbsent()) return value;
  return Value::Bool(!value.IsAbsent());
}

// A slot that holds a bool, where it stands; null for all else.
inline const Value* FindFlag(const Node& node, const Evaluation& evaluation) {
  if (node.op != Op::kSlot) return nullptr;
  const absl::Span<const Value> row = evaluation.frame.rows[node.detail];
  if (node.small >= row.size() || row[node.small].kind() != Kind::kBool) return nullptr;
  return &row[node.small];
}

// && and || in one: `decisive` is the value that settles it. Errors wait, since a later operand may
// still decide; of several LeadingError names the result.
template <bool decisive>
Value RunLogic(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const uint32_t* argument = plan.arguments.data() + node.first;
  Value error;
  bool failed = false;
  for (const uint32_t* end = argument + node.third; argument != end; ++argument) {
    const Node& operand = plan.nodes[*argument];
    if (const Value* flag = FindFlag(operand, evaluation)) {
      if (flag->bool_value() == decisive) return Value::Bool(decisive);
      continue;
    }
    const Value value = Run(plan, *argument, evaluation);
    if (value.kind() == Kind::kBool) [[likely]] {
      if (value.bool_value() == decisive) return value;
    } else {
      const Value met = value.IsError() ? value : NoOverload();
      error = failed ? LeadingError(error, met) : met;
      failed = true;
    }
  }
  return failed ? error : Value::Bool(!decisive);
}

Value RunNot(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const Value value = Read(plan, node.first, evaluation);
  if (value.kind() == Kind::kBool) return Value::Bool(!value.bool_value());
  return value.IsError() ? value : NoOverload();
}

Value RunConditional(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const Value condition = Run(plan, node.first, evaluation);
  if (condition.kind() != Kind::kBool) return condition.IsError() ? condition : NoOverload();
  return Run(plan, condition.bool_value() ? node.second : node.third, evaluation);
}

Value RunCompare(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const Value a = Read(plan, node.first, evaluation);
  const Value b = Read(plan, node.second, evaluation);
  if (a.kind() == b.kind()) {
    if (a.kind() == Kind::kInt || a.kind() == Kind::kDuration) {
      return Value::Bool(Holds(node.detail, OrderOf(a.int_value(), b.int_value())));
    }
    if (a.kind() == Kind::kDouble) {
      return Value::Bool(Holds(node.detail, OrderOf(a.double_value(), b.double_value())));
    }
    if (a.kind() == Kind::kString && IsEquality(node.detail)) {
      if (!evaluation.SpendBytes(a.string_value().size())) return StepLimitError();
      const bool equal = a.string_value() == b.string_value();
      return Value::Bool(equal == (node.detail == kRelationEqual));
    }
  }
  return CompareValues(node.detail, a, b, evaluation);
}

// With a value that is expected to be of the kind; kError: it may be of any.
template <Kind kind>
inline Value CompareExpected(Relation relation, const Value& value, ExactNumber literal) {
  if constexpr (kind == Kind::kMoney) {
    if (value.kind() == kind) return CompareWithExact(relation, value.money_value(), literal);
  }
  if constexpr (kind == Kind::kDecimal) {
    if (value.kind() == kind) return CompareWithExact(relation, value.decimal_value(), literal);
  }
  return CompareWithExact(relation, value, literal);
}

template <Kind kind>
Value RunCompareExact(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  return CompareExpected<kind>(node.detail, Read(plan, node.first, evaluation),
                               ExactNumber{node.constant.int_value(), node.small});
}

inline Value InSet(const ConstantSet& set, const Value& element) {
  if (element.kind() == Kind::kString) return Value::Bool(set.ContainsText(element.string_value()));
  return element.IsError() ? element : Value::Bool(set.Contains(element));
}

Value RunInSet(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  return InSet(*plan.sets[node.second], Read(plan, node.first, evaluation));
}

Value RunFindInMap(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const Value key = Read(plan, node.first, evaluation);
  if (key.IsError()) return key;
  const Value* found = plan.maps[node.second].Find(key);
  switch (static_cast<Function>(node.detail)) {
    case Function::kIn:
      return Value::Bool(found != nullptr);
    case Function::kOptionalIndex:
      return Value::Optional(found);
    default:
      return found != nullptr ? *found : Value::Error(ErrorCode::kNoSuchKey);
  }
}

Value RunHoldsText(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  return HoldsText(Read(plan, node.first, evaluation), node.constant, evaluation);
}

Value RunMatches(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const Value text = Run(plan, node.first, evaluation);
  if (text.IsError()) return text;
  if (text.kind() != Kind::kString) return NoOverload();
  const absl::string_view subject = text.string_value();
  if (!evaluation.SpendBytes(subject.size())) return StepLimitError();
  return Value::Bool(RE2::PartialMatch(re2::StringPiece(subject.data(), subject.size()),
                                       *plan.regexes[node.second]));
}

Value RunCall(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  std::array<Value, kMaxOperands> values;
  for (uint32_t i = 0; i < node.third; ++i) {
    values[i] = Read(plan, plan.arguments[node.first + i], evaluation);
    if (values[i].IsError()) return values[i];
  }
  return Call(static_cast<Function>(node.detail), absl::MakeConstSpan(values.data(), node.third),
              evaluation);
}

// As Node::small holds them.
inline uint16_t KindsInNode(Kind a, Kind b = Kind::kError) {
  return static_cast<uint16_t>(KindsOf(a, b));
}

// Values of other kinds than declared. Out of the way: what follows needs no stack then.
[[gnu::noinline]] Value CallAnyway(const Node& node, Value a, Evaluation& evaluation) {
  return Call(static_cast<Function>(node.detail), {&a, 1}, evaluation);
}

[[gnu::noinline]] Value CallAnyway(const Node& node, Value a, Value b, Evaluation& evaluation) {
  return Call(static_cast<Function>(node.detail), {a, b}, evaluation);
}

[[gnu::noinline]] Value CompareAnyway(const Node& node, Value a, Value b, Evaluation& evaluation) {
  return CompareValues(node.detail, a, b, evaluation);
}

Value RunTypedUnary(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const Value a = Read(plan, node.first, evaluation);
  if (KindsInNode(a.kind()) != node.small) [[unlikely]] {
    return CallAnyway(node, a, evaluation);
  }
  return node.unary(a, node.detail, evaluation);
}

Value RunTypedBinary(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const Value a = Read(plan, node.first, evaluation);
  // As in RunCall: the second operand is not visited then.
  if (a.IsError()) return a;
  const Value b = Read(plan, node.second, evaluation);
  if (KindsInNode(a.kind(), b.kind()) != node.small) [[unlikely]] {
    return CallAnyway(node, a, b, evaluation);
  }
  return node.binary(a, b, node.detail, evaluation);
}

Value RunTypedMany(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  std::array<Value, kMaxOperands> values;
  uint32_t kinds = 0;
  for (uint32_t i = 0; i < node.third; ++i) {
    values[i] = Read(plan, plan.arguments[node.first + i], evaluation);
    if (values[i].IsError()) return values[i];
    kinds |= KindsOf(values[i].kind()) << 8 * i;
  }
  if (kinds != node.second) [[unlikely]] {
    return Call(static_cast<Function>(node.detail), absl::MakeConstSpan(values.data(), node.third),
                evaluation);
  }
  return node.many(values.data(), node.detail, evaluation);
}

Value RunTypedCompare(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const Value a = Read(plan, node.first, evaluation);
  const Value b = Read(plan, node.second, evaluation);
  if (KindsInNode(a.kind(), b.kind()) != node.small) [[unlikely]] {
    return CompareAnyway(node, a, b, evaluation);
  }
  return node.binary(a, b, node.detail, evaluation);
}

Value RunCalendarPart(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  return CalendarPart(static_cast<Function>(node.detail), Run(plan, node.first, evaluation),
                      plan.zones[node.second], evaluation.calendar());
}

Value RunList(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  if (!evaluation.Spend(node.third)) return StepLimitError();
  Value* elements = evaluation.arena().NewArray<Value>(node.third);
  for (uint32_t i = 0; i < node.third; ++i) {
    elements[i] = Run(plan, plan.arguments[node.first + i], evaluation);
    if (elements[i].IsError()) return elements[i];
  }
  return NewList(elements, node.third, evaluation);
}

Value RunMap(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const uint32_t size = node.third / 2;
  if (!evaluation.Spend(node.third)) return StepLimitError();
  MapEntry* entries = evaluation.arena().NewArray<MapEntry>(size);
  for (uint32_t i = 0; i < size; ++i) {
    const uint32_t* pair = plan.arguments.data() + node.first + 2 * i;
    entries[i].key = Run(plan, pair[0], evaluation);
    if (entries[i].key.IsError()) return entries[i].key;
    entries[i].value = Run(plan, pair[1], evaluation);
    if (entries[i].value.IsError()) return entries[i].value;
  }
  return NewMap(entries, size, evaluation);
}

// An element written with ?, unpacked into `held`: null for none. The error when it is no optional.
Value TakeOptional(const Value& value, const Value*& held) {
  if (value.kind() != Kind::kOptional) return value.IsError() ? value : NoOverload();
  held = value.optional_value();
  return Value::Null();
}

Value RunOptionalList(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  if (!evaluation.Spend(node.third)) return StepLimitError();
  Value* elements = evaluation.arena().NewArray<Value>(node.third);
  uint32_t size = 0;
  for (uint32_t i = 0; i < node.third; ++i) {
    const uint32_t argument = plan.arguments[node.first + i];
    const Value value = Run(plan, argument & ~kOptionalEntry, evaluation);
    if (value.IsError()) return value;
    const Value* held = &value;
    if ((argument & kOptionalEntry) != 0) {
      const Value failure = TakeOptional(value, held);
      if (failure.IsError()) return failure;
    }
    if (held != nullptr) elements[size++] = *held;
  }
  return NewList(elements, size, evaluation);
}

Value RunOptionalMap(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  if (!evaluation.Spend(node.third)) return StepLimitError();
  MapEntry* entries = evaluation.arena().NewArray<MapEntry>(node.third / 2);
  uint32_t size = 0;
  for (uint32_t i = 0; i + 1 < node.third; i += 2) {
    const uint32_t* pair = plan.arguments.data() + node.first + i;
    const Value key = Run(plan, pair[0] & ~kOptionalEntry, evaluation);
    if (key.IsError()) return key;
    const Value value = Run(plan, pair[1], evaluation);
    if (value.IsError()) return value;
    const Value* held = &value;
    if ((pair[0] & kOptionalEntry) != 0) {
      const Value failure = TakeOptional(value, held);
      if (failure.IsError()) return failure;
    }
    if (held != nullptr) entries[size++] = {key, *held};
  }
  return NewMap(entries, size, evaluation);
}

// or and orValue: the second operand counts, and fails, only where the first holds nothing.
Value RunOrElse(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const Value first = Read(plan, node.first, evaluation);
  if (first.kind() != Kind::kOptional) return first.IsError() ? first : NoOverload();
  const bool wants_value = node.detail != 0;
  if (first.optional_value() != nullptr) return wants_value ? *first.optional_value() : first;
  const Value second = Read(plan, node.second, evaluation);
  if (wants_value || second.IsError() || second.kind() == Kind::kOptional) return second;
  return NoOverload();
}

Value RunOptionalTransform(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const Value optional = Run(plan, node.first, evaluation);
  if (optional.kind() != Kind::kOptional) return optional.IsError() ? optional : NoOverload();
  if (optional.optional_value() == nullptr) return optional;
  evaluation.locals[node.small] = *optional.optional_value();
  const Value result = Run(plan, node.second, evaluation);
  if (node.detail == 0) return OptionalOf(result, evaluation);
  return result.kind() == Kind::kOptional || result.IsError() ? result : NoOverload();
}

Value RunBind(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  // An error is bound like any value: it counts where the variable is used.
  evaluation.locals[node.small] = Run(plan, node.first, evaluation);
  return Run(plan, node.second, evaluation);
}

Value RunSlotEqualString(const EvaluationPlan& /*plan*/, const Node& node, Evaluation& evaluation) {
  const Value value = ReadSlot(node, evaluation);
  if (value.kind() != Kind::kString) [[unlikely]] {
    return CompareValues(static_cast<Relation>(node.third), value, node.constant, evaluation);
  }
  const bool equal = value.string_value() == node.constant.string_value();
  return Value::Bool(equal == (node.third == kRelationEqual));
}

Value RunSlotCompareInt(const EvaluationPlan& /*plan*/, const Node& node, Evaluation& evaluation) {
  const Value value = ReadSlot(node, evaluation);
  if (value.kind() != Kind::kInt) [[unlikely]] {
    return CompareValues(static_cast<Relation>(node.third), value, node.constant, evaluation);
  }
  return Value::Bool(Holds(static_cast<Relation>(node.third),
                           OrderOf(value.int_value(), node.constant.int_value())));
}

Value RunSlotCompareDouble(const EvaluationPlan& /*plan*/, const Node& node,
                           Evaluation& evaluation) {
  const Value value = ReadSlot(node, evaluation);
  if (value.kind() != Kind::kDouble) [[unlikely]] {
    return CompareValues(static_cast<Relation>(node.third), value, node.constant, evaluation);
  }
  return Value::Bool(Holds(static_cast<Relation>(node.third),
                           OrderOf(value.double_value(), node.constant.double_value())));
}

template <Kind kind>
Value RunSlotCompareExact(const EvaluationPlan& /*plan*/, const Node& node,
                          Evaluation& evaluation) {
  return CompareExpected<kind>(
      static_cast<Relation>(node.third), ReadSlot(node, evaluation),
      ExactNumber{node.constant.int_value(), static_cast<int>(node.second)});
}

Value RunSlotInSet(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  return InSet(*plan.sets[node.second], ReadSlot(node, evaluation));
}

Value RunSlotHoldsText(const EvaluationPlan& /*plan*/, const Node& node, Evaluation& evaluation) {
  return HoldsText(ReadSlot(node, evaluation), node.constant, evaluation);
}

Value RunSlotAffix(const EvaluationPlan& /*plan*/, const Node& node, Evaluation& evaluation) {
  return FindAffix(static_cast<Function>(node.third), ReadSlot(node, evaluation), node.constant,
                   evaluation);
}

constexpr Operation OperationOf(Op op) {
  switch (op) {
    case Op::kConstant:
      return RunConstant;
    case Op::kSlot:
      return RunSlot;
    case Op::kLocal:
      return RunLocal;
    case Op::kField:
      return RunField;
    case Op::kLocalField:
      return RunLocalField;
    case Op::kSelect:
    case Op::kHasKey:
      return RunSelect;
    case Op::kHasSlot:
      return RunHasSlot;
    case Op::kHasField:
      return RunHasField;
    case Op::kAnd:
      return RunLogic<false>;
    case Op::kOr:
      return RunLogic<true>;
    case Op::kNot:
      return RunNot;
    case Op::kConditional:
      return RunConditional;
    case Op::kCompare:
      return RunCompare;
    case Op::kCompareExact:
      return RunCompareExact<Kind::kError>;
    case Op::kCompareExactMoney:
      return RunCompareExact<Kind::kMoney>;
    case Op::kCompareExactDecimal:
      return RunCompareExact<Kind::kDecimal>;
    case Op::kInSet:
      return RunInSet;
    case Op::kFindInMap:
      return RunFindInMap;
    case Op::kHoldsText:
      return RunHoldsText;
    case Op::kMatches:
      return RunMatches;
    case Op::kCall:
      return RunCall;
    case Op::kTypedUnary:
      return RunTypedUnary;
    case Op::kTypedBinary:
      return RunTypedBinary;
    case Op::kTypedMany:
      return RunTypedMany;
    case Op::kTypedCompare:
      return RunTypedCompare;
    case Op::kCalendarPart:
      return RunCalendarPart;
    case Op::kList:
      return RunList;
    case Op::kMap:
      return RunMap;
    case Op::kAll:
    case Op::kExists:
    case Op::kExistsOne:
    case Op::kTransform:
    case Op::kTransformMap:
    case Op::kTransformEntries:
    case Op::kFilter:
      return RunComprehension;
    case Op::kBind:
      return RunBind;
    case Op::kOptionalSlot:
      return RunOptionalSlot;
    case Op::kOptionalField:
      return RunOptionalField;
    case Op::kOptionalSelect:
      return RunOptionalSelect;
    case Op::kOptionalList:
      return RunOptionalList;
    case Op::kOptionalMap:
      return RunOptionalMap;
    case Op::kOrElse:
      return RunOrElse;
    case Op::kOptionalTransform:
      return RunOptionalTransform;
    case Op::kSlotEqualString:
      return RunSlotEqualString;
    case Op::kSlotCompareInt:
      return RunSlotCompareInt;
    case Op::kSlotCompareDouble:
      return RunSlotCompareDouble;
    case Op::kSlotCompareExact:
      return RunSlotCompareExact<Kind::kError>;
    case Op::kSlotCompareExactMoney:
      return RunSlotCompareExact<Kind::kMoney>;
    case Op::kSlotCompareExactDecimal:
      return RunSlotCompareExact<Kind::kDecimal>;
    case Op::kSlotInSet:
      return RunSlotInSet;
    case Op::kSlotHoldsText:
      return RunSlotHoldsText;
    case Op::kSlotAffix:
      return RunSlotAffix;
  }
  return nullptr;
}

constexpr size_t kOperations = static_cast<size_t>(Op::kSlotAffix) + 1;

constexpr std::array<Operation, kOperations> AllOperations() {
  std::array<Operation, kOperations> operations = {};
  for (size_t i = 0; i < kOperations; ++i) operations[i] = OperationOf(static_cast<Op>(i));
  return operations;
}

constexpr std::array<Operation, kOperations> kOperationByOp = AllOperations();

}  // namespace

Value Run(const EvaluationPlan& plan, uint32_t index, Evaluation& evaluation) {
  const Node& node = plan.nodes[index];
  return kOperationByOp[static_cast<size_t>(node.op)](plan, node, evaluation);
}

Value RunRoot(const EvaluationPlan& plan, const Frame& frame, Scratch& scratch) {
  Evaluation evaluation{frame, scratch};
  if (plan.locals > 0) evaluation.locals = scratch.arena().NewArray<Value>(plan.locals);
  const Value value =
      kOperationByOp[static_cast<size_t>(plan.root_node.op)](plan, plan.root_node, evaluation);
  return evaluation.exhausted ? StepLimitError() : value;
}

}  // namespace touchstone::rules::expr
