#pragma once

// What each function does to operands of each kind: one small function for each, without a look at
// any kind. Internal to the evaluator.
//
// The planner picks one where the checker knows the kind of every operand; Call picks one by the
// kinds it meets where it does not. The evaluator looks at the kinds once before a picked one, too,
// since a stored value may be older than its schema.

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "rules/expr/evaluation.h"
#include "rules/expr/functions.h"
#include "rules/expr/type.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// `detail` is the Relation of a comparison, else the Function. By value: both operands, the detail
// and the evaluation travel in registers. REQUIRES: operands of the kinds it was found for.
using TypedUnary = Value (*)(Value a, uint8_t detail, Evaluation& evaluation);
using TypedBinary = Value (*)(Value a, Value b, uint8_t detail, Evaluation& evaluation);
// Of three or four operands.
using TypedMany = Value (*)(const Value* operands, uint8_t detail, Evaluation& evaluation);

// The kinds of at most kMaxOperands operands in one number, so that all are compared at once. No
// operand is an error here: kError says that there is none.
inline constexpr size_t kMaxOperands = 4;
constexpr uint32_t KindsOf(Kind a, Kind b = Kind::kError, Kind c = Kind::kError,
                           Kind d = Kind::kError) {
  return static_cast<uint32_t>(a) | static_cast<uint32_t>(b) << 8 | static_cast<uint32_t>(c) << 16 |
         static_cast<uint32_t>(d) << 24;
}

// Of what kind the values of a type are; nullopt when the type does not say.
std::optional<Kind> KindOf(const Type& type);

// What is known of the operands of a call.
struct OperandKinds {
  uint32_t kinds = 0;  // 0: not of every operand
  // Of what the first operand holds, a list or an optional, or of the keys of the map that it is.
  // kError: unknown, or there is none.
  Kind element = Kind::kError;
};

struct TypedOperation {
  // kEqual stands for all comparisons.
  Function function;
  Kind element;  // kError: of any
  uint32_t kinds;
  union {
    TypedUnary unary;
    TypedBinary binary;
    TypedMany many;
  };

  // REQUIRES: values of `kinds`.
  Value Run(absl::Span<const Value> operands, uint8_t detail, Evaluation& evaluation) const {
    if (operands.size() == 1) return unary(operands[0], detail, evaluation);
    if (operands.size() == 2) return binary(operands[0], operands[1], detail, evaluation);
    return many(operands.data(), detail, evaluation);
  }
};

// Null when there is none. One for the elements comes before one for any.
// Thread safe; the table lives for the whole process. Cost: a look at the few of the function and
// the kind of the first operand.
const TypedOperation* FindTyped(Function function, OperandKinds operands);

// Under construction until it is sorted.
class OperationTable {
 public:
  void Add(Function function, Kind a, TypedUnary run, Kind element = Kind::kError) {
    Append(function, KindsOf(a), element).unary = run;
  }
  void Add(Function function, Kind a, Kind b, TypedBinary run, Kind element = Kind::kError) {
    Append(function, KindsOf(a, b), element).binary = run;
  }
  void Add(Function function, Kind a, Kind b, Kind c, TypedMany run) {
    Append(function, KindsOf(a, b, c), Kind::kError).many = run;
  }
  void Add(Function function, Kind a, Kind b, Kind c, Kind d, TypedMany run) {
    Append(function, KindsOf(a, b, c, d), Kind::kError).many = run;
  }

  void Sort();
  // Those of the function for such a first operand. REQUIRES: sorted.
  absl::Span<const TypedOperation> Of(Function function, Kind first) const {
    const size_t group = GroupOf(function, static_cast<uint32_t>(first));
    return absl::MakeConstSpan(operations_.data() + begins_[group],
                               static_cast<size_t>(begins_[group + 1] - begins_[group]));
  }

 private:
  static size_t GroupOf(Function function, uint32_t kinds) {
    return static_cast<size_t>(function) * (static_cast<size_t>(Kind::kType) + 1) + (kinds & 0xFF);
  }
  TypedOperation& Append(Function function, uint32_t kinds, Kind element) {
    return operations_.emplace_back(TypedOperation{function, element, kinds, {nullptr}});
  }

  std::vector<TypedOperation> operations_;
  std::vector<uint16_t> begins_;  // by group, and the end
};

// For operations that are written once for all kinds.
template <Kind... kinds>
struct KindList {};
using AllKinds =
    KindList<Kind::kNull, Kind::kBool, Kind::kInt, Kind::kUint, Kind::kDouble, Kind::kString,
             Kind::kBytes, Kind::kTimestamp, Kind::kDuration, Kind::kMoney, Kind::kDecimal,
             Kind::kList, Kind::kMap, Kind::kRecord, Kind::kOptional, Kind::kType>;

// Each is defined in the file of its operations.
void AddArithmetic(OperationTable& table);       // arithmetic.cc
void AddCalendar(OperationTable& table);         // calendar_functions.cc
void AddCollections(OperationTable& table);      // collections.cc
void AddComparisons(OperationTable& table);      // comparison.cc
void AddConversions(OperationTable& table);      // conversions.cc
void AddEncoders(OperationTable& table);         // encoders_extension.cc
void AddExtremes(OperationTable& table);         // extremes.cc
void AddFormat(OperationTable& table);           // format_extension.cc
void AddMath(OperationTable& table);             // math_extension.cc
void AddOptionals(OperationTable& table);        // optionals.cc
void AddStringExtension(OperationTable& table);  // strings_extension.cc
void AddStrings(OperationTable& table);          // strings.cc
void AddSums(OperationTable& table);             // sums.cc

}  // namespace touchstone::rules::expr
