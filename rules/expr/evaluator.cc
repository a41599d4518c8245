#include "rules/expr/evaluator.h"

#include <array>

#include "absl/base/attributes.h"
#include "rules/expr/amounts.h"
#include "rules/expr/call.h"
#include "rules/expr/collections.h"
#include "rules/expr/comparison.h"
#include "rules/expr/strings.h"
#include "rules/expr/timestamps.h"

namespace touchstone::rules::expr {
namespace {

inline Value ReadSlot(const Node& node, const Evaluation& evaluation) {
  const absl::Span<const Value> row = evaluation.frame.rows[node.detail];
  return node.small < row.size() ? row[node.small] : Value::Absent();
}

inline Value FieldOf(const Value& record, uint16_t field) {
  if (record.kind() != Kind::kRecord) [[unlikely]] {
    return record.IsError() ? record : NoOverload();
  }
  return field < record.record_size() ? record.record_fields()[field] : Value::Absent();
}

inline Value ReadLocalField(const Node& node, const Evaluation& evaluation) {
  return FieldOf(evaluation.locals[node.second], node.small);
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

// && and || in one: `decisive` is the value that settles it. Errors wait, since a later operand may
// still decide; of several LeadingError names the result.
template <bool decisive>
Value RunLogic(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const uint32_t* argument = plan.arguments.data() + node.first;
  Value error;
  bool failed = false;
  for (const uint32_t* end = argument + node.third; argument != end; ++argument) {
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

Value RunConditional(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const Value condition = Run(plan, node.first, evaluation);
  if (condition.kind() != Kind::kBool) return condition.IsError() ? condition : NoOverload();
  return Run(plan, condition.bool_value() ? node.second : node.third, evaluation);
}

Value RunCompare(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const Value a = Read(plan, node.first, evaluation);
  const Value b = Read(plan, node.second, evaluation);
  if (a.kind() == b.kind()) {
    if (a.kind() == Kind::kInt) {
      return Value::Bool(Holds(node.detail, OrderOf(a.int_value(), b.int_value())));
    }
    if (a.kind() == Kind::kDouble) {
      return Value::Bool(Holds(node.detail, OrderOf(a.double_value(), b.double_value())));
    }
  }
  return CompareValues(node.detail, a, b, evaluation);
}

Value RunIn(const ConstantSet& set, const Value& element) {
  return element.IsError() ? element : Value::Bool(set.Contains(element));
}

ABSL_ATTRIBUTE_NOINLINE Value RunMatches(const RE2& regex, const Value& text,
                                         Evaluation& evaluation) {
  if (text.IsError()) return text;
  if (text.kind() != Kind::kString) return NoOverload();
  const absl::string_view subject = text.string_value();
  if (!evaluation.SpendBytes(subject.size())) return StepLimitError();
  return Value::Bool(RE2::PartialMatch(re2::StringPiece(subject.data(), subject.size()), regex));
}

ABSL_ATTRIBUTE_NOINLINE Value RunCall(const EvaluationPlan& plan, const Node& node,
                                      Evaluation& evaluation) {
  std::array<Value, kMaxArguments> values;
  for (uint32_t i = 0; i < node.third; ++i) {
    values[i] = Read(plan, plan.arguments[node.first + i], evaluation);
    if (values[i].IsError()) return values[i];
  }
  return Call(static_cast<Function>(node.detail), absl::MakeConstSpan(values.data(), node.third),
              evaluation);
}

ABSL_ATTRIBUTE_NOINLINE Value RunList(const EvaluationPlan& plan, const Node& node,
                                      Evaluation& evaluation) {
  if (!evaluation.Spend(node.third)) return StepLimitError();
  Value* elements = evaluation.arena().NewArray<Value>(node.third);
  for (uint32_t i = 0; i < node.third; ++i) {
    elements[i] = Run(plan, plan.arguments[node.first + i], evaluation);
    if (elements[i].IsError()) return elements[i];
  }
  return NewList(elements, node.third, evaluation);
}

ABSL_ATTRIBUTE_NOINLINE Value RunMap(const EvaluationPlan& plan, const Node& node,
                                     Evaluation& evaluation) {
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

Value RunTestField(const Value& record, const Node& node) {
  const Value field = FieldOf(record, node.small);
  if (record.kind() != Kind::kRecord) return field;
  return field.IsError() && !field.IsAbsent() ? field : Value::Bool(!field.IsAbsent());
}

Value RunHasSlot(const Value& value) {
  // An attribute that could not be computed is neither there nor absent.
  if (value.IsError() && !value.IsAbsent()) return value;
  return Value::Bool(!value.IsAbsent());
}

Value RunNot(const Value& value) {
  if (value.kind() == Kind::kBool) return Value::Bool(!value.bool_value());
  return value.IsError() ? value : NoOverload();
}

Value RunSlotEqualString(const Node& node, const Value& value, Evaluation& evaluation) {
  if (value.kind() != Kind::kString) [[unlikely]] {
    return CompareValues(static_cast<Relation>(node.third), value, node.constant, evaluation);
  }
  const bool equal = value.string_value() == node.constant.string_value();
  return Value::Bool(equal == (node.third == kRelationEqual));
}

Value RunSlotCompareInt(const Node& node, const Value& value, Evaluation& evaluation) {
  if (value.kind() != Kind::kInt) [[unlikely]] {
    return CompareValues(static_cast<Relation>(node.third), value, node.constant, evaluation);
  }
  return Value::Bool(Holds(static_cast<Relation>(node.third),
                           OrderOf(value.int_value(), node.constant.int_value())));
}

Value RunSlotCompareDouble(const Node& node, const Value& value, Evaluation& evaluation) {
  if (value.kind() != Kind::kDouble) [[unlikely]] {
    return CompareValues(static_cast<Relation>(node.third), value, node.constant, evaluation);
  }
  return Value::Bool(Holds(static_cast<Relation>(node.third),
                           OrderOf(value.double_value(), node.constant.double_value())));
}

Value RunBind(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  // An error is bound like any value: it counts where the variable is used.
  evaluation.locals[node.small] = Run(plan, node.first, evaluation);
  return Run(plan, node.second, evaluation);
}

}  // namespace

Value Run(const EvaluationPlan& plan, uint32_t index, Evaluation& evaluation) {
  const Node& node = plan.nodes[index];
  switch (node.op) {
    case Op::kConstant:
      return node.constant;
    case Op::kSlot:
      return ReadSlot(node, evaluation);
    case Op::kLocal:
      return evaluation.locals[node.small];
    case Op::kField:
      return FieldOf(Read(plan, node.first, evaluation), node.small);
    case Op::kLocalField:
      return ReadLocalField(node, evaluation);
    case Op::kHasField:
      return RunTestField(Read(plan, node.first, evaluation), node);
    case Op::kSelect:
    case Op::kHasKey:
      return Select(Run(plan, node.first, evaluation), node.constant.string_value(),
                    node.op == Op::kHasKey, evaluation);
    case Op::kHasSlot:
      return RunHasSlot(ReadSlot(node, evaluation));
    case Op::kAnd:
      return RunLogic<false>(plan, node, evaluation);
    case Op::kOr:
      return RunLogic<true>(plan, node, evaluation);
    case Op::kNot:
      return RunNot(Read(plan, node.first, evaluation));
    case Op::kConditional:
      return RunConditional(plan, node, evaluation);
    case Op::kCompare:
      return RunCompare(plan, node, evaluation);
    case Op::kCompareExact:
      return CompareWithExact(node.detail, Read(plan, node.first, evaluation),
                              ExactNumber{node.constant.int_value(), node.small});
    case Op::kInSet:
      return RunIn(*plan.sets[node.second], Read(plan, node.first, evaluation));
    case Op::kHoldsText:
      return HoldsText(Read(plan, node.first, evaluation), node.constant, evaluation);
    case Op::kMatches:
      return RunMatches(*plan.regexes[node.second], Run(plan, node.first, evaluation), evaluation);
    case Op::kCall:
      return RunCall(plan, node, evaluation);
    case Op::kCalendarPart:
      return CalendarPart(static_cast<Function>(node.detail), Run(plan, node.first, evaluation),
                          plan.zones[node.second], evaluation.calendar());
    case Op::kList:
      return RunList(plan, node, evaluation);
    case Op::kMap:
      return RunMap(plan, node, evaluation);
    case Op::kAll:
    case Op::kExists:
    case Op::kExistsOne:
    case Op::kTransform:
    case Op::kFilter:
      return RunComprehension(plan, node, evaluation);
    case Op::kBind:
      return RunBind(plan, node, evaluation);
    case Op::kSlotEqualString:
      return RunSlotEqualString(node, ReadSlot(node, evaluation), evaluation);
    case Op::kSlotCompareInt:
      return RunSlotCompareInt(node, ReadSlot(node, evaluation), evaluation);
    case Op::kSlotCompareDouble:
      return RunSlotCompareDouble(node, ReadSlot(node, evaluation), evaluation);
    case Op::kSlotCompareExact:
      return CompareWithExact(
          static_cast<Relation>(node.third), ReadSlot(node, evaluation),
          ExactNumber{node.constant.int_value(), static_cast<int>(node.second)});
    case Op::kSlotInSet:
      return RunIn(*plan.sets[node.second], ReadSlot(node, evaluation));
    case Op::kSlotHoldsText:
      return HoldsText(ReadSlot(node, evaluation), node.constant, evaluation);
    case Op::kSlotAffix:
      return FindAffix(static_cast<Function>(node.third), ReadSlot(node, evaluation), node.constant,
                       evaluation);
  }
  return NoOverload();
}

}  // namespace touchstone::rules::expr
