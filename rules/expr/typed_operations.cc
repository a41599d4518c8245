#include "rules/expr/typed_operations.h"

#include <algorithm>

namespace touchstone::rules::expr {
namespace {

OperationTable AllOperations() {
  OperationTable table;
  AddArithmetic(table);
  AddCalendar(table);
  AddCollections(table);
  AddComparisons(table);
  AddConversions(table);
  AddEncoders(table);
  AddExtremes(table);
  AddSums(table);
  AddFormat(table);
  AddMath(table);
  AddOptionals(table);
  AddStringExtension(table);
  AddStrings(table);
  table.Sort();
  return table;
}

}  // namespace

std::optional<Kind> KindOf(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kNull:
      return Kind::kNull;
    case TypeKind::kBool:
      return Kind::kBool;
    case TypeKind::kInt:
      return Kind::kInt;
    case TypeKind::kUint:
      return Kind::kUint;
    case TypeKind::kDouble:
      return Kind::kDouble;
    case TypeKind::kString:
      return Kind::kString;
    case TypeKind::kBytes:
      return Kind::kBytes;
    case TypeKind::kTimestamp:
      return Kind::kTimestamp;
    case TypeKind::kDuration:
      return Kind::kDuration;
    case TypeKind::kMoney:
      return Kind::kMoney;
    case TypeKind::kDecimal:
      return Kind::kDecimal;
    case TypeKind::kList:
      return Kind::kList;
    case TypeKind::kMap:
      return Kind::kMap;
    case TypeKind::kRecord:
      return Kind::kRecord;
    case TypeKind::kOptional:
      return Kind::kOptional;
    case TypeKind::kType:
      return Kind::kType;
    case TypeKind::kWrapper:
      return KindOf(type.element());
    default:
      return std::nullopt;
  }
}

void OperationTable::Sort() {
  const auto group = [](const TypedOperation& operation) {
    return GroupOf(operation.function, operation.kinds);
  };
  std::sort(operations_.begin(), operations_.end(),
            [&](const auto& a, const auto& b) { return group(a) < group(b); });
  uint16_t at = 0;
  const size_t end = GroupOf(Function::kUnknown, KindsOf(Kind::kType)) + 1;
  for (size_t i = 0; i <= end; ++i) {
    while (at < operations_.size() && group(operations_[at]) < i) ++at;
    begins_.push_back(at);
  }
}

const TypedOperation* FindTyped(Function function, OperandKinds operands) {
  static const OperationTable& table = *new OperationTable(AllOperations());
  const TypedOperation* found = nullptr;
  for (const TypedOperation& operation :
       table.Of(function, static_cast<Kind>(operands.kinds & 0xFF))) {
    if (operation.kinds != operands.kinds) continue;
    if (operation.element == operands.element) return &operation;
    if (operation.element == Kind::kError) found = &operation;
  }
  return found;
}

}  // namespace touchstone::rules::expr
