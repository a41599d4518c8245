// The macros: all and exists absorb errors like && and || and stop when decided; exists_one, map
// and filter do neither.

#include <algorithm>

#include "rules/expr/collections.h"
#include "rules/expr/evaluator.h"

namespace touchstone::rules::expr {
namespace {

// The elements of a list or the keys of a map.
class Range {
 public:
  explicit Range(const Value& value) {
    if (value.kind() == Kind::kList) {
      elements_ = value.list_value().elements;
      size_ = value.list_value().size;
    } else {
      entries_ = value.map_value().entries;
      size_ = value.map_value().size;
    }
  }
  uint32_t size() const { return size_; }
  // What one variable stands for.
  const Value& operator[](uint32_t i) const {
    return elements_ != nullptr ? elements_[i] : entries_[i].key;
  }
  // What the first and the second of two stand for.
  Value KeyAt(uint32_t i) const {
    return entries_ != nullptr ? entries_[i].key : Value::Int(int64_t{i});
  }
  const Value& ValueAt(uint32_t i) const {
    return elements_ != nullptr ? elements_[i] : entries_[i].value;
  }

 private:
  const Value* elements_ = nullptr;
  const MapEntry* entries_ = nullptr;
  uint32_t size_ = 0;
};

// One comprehension under way.
struct Turn {
  const EvaluationPlan& plan;
  const Node& node;
  Evaluation& evaluation;
  Range range;

  // Pays for turn i and binds its variables; false when the budget is gone.
  bool Begin(uint32_t i) {
    if (!evaluation.Spend(static_cast<uint64_t>(node.constant.int_value()))) return false;
    if (node.detail == 1) [[likely]] {
      evaluation.locals[node.small] = range[i];
    } else {
      evaluation.locals[node.small] = range.KeyAt(i);
      evaluation.locals[node.small + 1] = range.ValueAt(i);
    }
    return true;
  }
  Value Evaluate(uint32_t body) { return Run(plan, body, evaluation); }
  // A predicate that must hold or not: anything else is an error.
  Value Test(uint32_t body) {
    const Value value = Evaluate(body);
    return value.kind() == Kind::kBool || value.IsError() ? value : NoOverload();
  }
};

Value Quantify(Turn& turn, bool decisive) {
  Value error;
  bool failed = false;
  const uint32_t predicate = turn.node.second;
  for (uint32_t i = 0; i < turn.range.size(); ++i) {
    if (!turn.Begin(i)) return StepLimitError();
    const Value value = turn.Evaluate(predicate);
    if (turn.evaluation.exhausted) return StepLimitError();
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

Value ExistsOne(Turn& turn) {
  uint32_t found = 0;
  for (uint32_t i = 0; i < turn.range.size(); ++i) {
    if (!turn.Begin(i)) return StepLimitError();
    const Value value = turn.Test(turn.node.second);
    if (value.IsError()) return value;
    if (value.bool_value()) ++found;
  }
  return Value::Bool(found == 1);
}

// map and filter: `transform` is kNoNode for filter, `predicate` may be.
Value Collect(Turn& turn, uint32_t predicate, uint32_t transform) {
  const uint32_t size = turn.range.size();
  if (!turn.evaluation.Spend(size)) return StepLimitError();
  Value* elements = turn.evaluation.arena().NewArray<Value>(size);
  uint32_t taken = 0;
  for (uint32_t i = 0; i < size; ++i) {
    if (!turn.Begin(i)) return StepLimitError();
    if (predicate != kNoNode) {
      const Value value = turn.Test(predicate);
      if (value.IsError()) return value;
      if (!value.bool_value()) continue;
    }
    elements[taken] = transform == kNoNode ? turn.range[i] : turn.Evaluate(transform);
    if (elements[taken].IsError()) return elements[taken];
    ++taken;
  }
  return NewList(elements, taken, turn.evaluation);
}

// transformMap: the keys of the range, or the positions, are the keys of the result.
Value CollectMap(Turn& turn) {
  const uint32_t size = turn.range.size();
  if (!turn.evaluation.Spend(size)) return StepLimitError();
  MapEntry* entries = turn.evaluation.arena().NewArray<MapEntry>(size);
  uint32_t taken = 0;
  for (uint32_t i = 0; i < size; ++i) {
    if (!turn.Begin(i)) return StepLimitError();
    if (turn.node.second != kNoNode) {
      const Value value = turn.Test(turn.node.second);
      if (value.IsError()) return value;
      if (!value.bool_value()) continue;
    }
    entries[taken] = {turn.range.KeyAt(i), turn.Evaluate(turn.node.third)};
    if (entries[taken].value.IsError()) return entries[taken].value;
    ++taken;
  }
  return NewMap(entries, taken, turn.evaluation);
}

// transformMapEntry: the entries of what each turn yields, of which no two may have one key.
Value CollectEntries(Turn& turn) {
  const Value maps = Collect(turn, turn.node.second, turn.node.third);
  if (maps.IsError()) return maps;
  const ListData& list = maps.list_value();
  uint64_t size = 0;
  for (uint32_t i = 0; i < list.size; ++i) {
    if (list.elements[i].kind() != Kind::kMap) return NoOverload();
    size += list.elements[i].map_value().size;
  }
  if (!turn.evaluation.Spend(size)) return StepLimitError();
  MapEntry* entries = turn.evaluation.arena().NewArray<MapEntry>(size);
  MapEntry* next = entries;
  for (uint32_t i = 0; i < list.size; ++i) {
    const MapData& map = list.elements[i].map_value();
    next = std::copy_n(map.entries, map.size, next);
  }
  return NewMap(entries, static_cast<uint32_t>(size), turn.evaluation);
}

}  // namespace

Value RunComprehension(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation) {
  const Value range = Run(plan, node.first, evaluation);
  if (range.IsError()) return range;
  if (range.kind() != Kind::kList && range.kind() != Kind::kMap) return NoOverload();
  Turn turn{plan, node, evaluation, Range(range)};
  switch (node.op) {
    case Op::kAll:
      return Quantify(turn, false);
    case Op::kExists:
      return Quantify(turn, true);
    case Op::kExistsOne:
      return ExistsOne(turn);
    case Op::kTransformMap:
      return CollectMap(turn);
    case Op::kTransformEntries:
      return CollectEntries(turn);
    default:
      return Collect(turn, node.second, node.third);
  }
}

}  // namespace touchstone::rules::expr
