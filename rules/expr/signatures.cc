#include "rules/expr/signatures.h"

#include <array>
#include <initializer_list>
#include <utility>

namespace touchstone::rules::expr {
namespace {

using Params = std::initializer_list<Type>;

class Table {
 public:
  Table() {
    AddOperators();
    AddComparisons();
    AddConversions();
    AddCollections();
    AddStrings();
    AddTimes();
    AddOptionals();
    AddMath();
    Global(Function::kBase64Encode, string_, {bytes_});
    Global(Function::kBase64Decode, bytes_, {string_});
    Global(Function::kAge, int_, {timestamp_, timestamp_});
    Global(Function::kCurrency, string_, {money_});
    for (const Type& type : {int_, uint_, double_, decimal_, money_}) {
      Method(Function::kSum, type, {Type::List(type)});
    }
  }

  absl::Span<const Signature> Of(Function function) const {
    return signatures_[static_cast<size_t>(function)];
  }

 private:
  void Global(Function function, const Type& result, Params params) {
    Add(function, {false, params, result, false});
  }
  void Method(Function function, const Type& result, Params params) {
    Add(function, {true, params, result, false});
  }
  void Add(Function function, Signature signature) {
    for (const Type& param : signature.params) {
      signature.generic = signature.generic || param.Is(TypeKind::kParam) ||
                          param.Is(TypeKind::kList) || param.Is(TypeKind::kMap) ||
                          param.Is(TypeKind::kOptional);
    }
    signature.generic = signature.generic || signature.result.Is(TypeKind::kOptional);
    signatures_[static_cast<size_t>(function)].push_back(std::move(signature));
  }
  // f(x) for each of the types.
  void Unary(Function function, const Type& result, Params types) {
    for (const Type& type : types) Global(function, result, {type});
  }
  // (T, T) -> T for each of the types.
  void Closed(Function function, Params types) {
    for (const Type& type : types) Global(function, type, {type, type});
  }

  void AddOperators() {
    Global(Function::kNot, bool_, {bool_});
    for (const Type& type : {int_, double_, money_, decimal_}) {
      Global(Function::kNegate, type, {type});
    }
    Closed(Function::kAdd,
           {int_, uint_, double_, string_, bytes_, duration_, money_, decimal_, Type::List(a_)});
    Global(Function::kAdd, timestamp_, {timestamp_, duration_});
    Global(Function::kAdd, timestamp_, {duration_, timestamp_});
    Closed(Function::kSubtract, {int_, uint_, double_, duration_, money_, decimal_});
    Global(Function::kSubtract, duration_, {timestamp_, timestamp_});
    Global(Function::kSubtract, timestamp_, {timestamp_, duration_});
    Closed(Function::kMultiply, {int_, uint_, double_, decimal_});
    for (const Type& factor : {int_, decimal_}) {
      Global(Function::kMultiply, money_, {money_, factor});
      Global(Function::kMultiply, money_, {factor, money_});
    }
    Closed(Function::kDivide, {int_, uint_, double_});
    Global(Function::kDivide, money_, {money_, int_});
    Closed(Function::kModulo, {int_, uint_});
  }

  void AddComparisons() {
    for (const Function function : {Function::kEqual, Function::kNotEqual}) {
      Global(function, bool_, {a_, a_});
    }
    for (const Function function :
         {Function::kLess, Function::kLessEqual, Function::kGreater, Function::kGreaterEqual}) {
      for (const Type& type : {bool_, int_, uint_, double_, string_, bytes_, timestamp_, duration_,
                               money_, decimal_}) {
        Global(function, bool_, {type, type});
      }
    }
  }

  void AddConversions() {
    Unary(Function::kBool, bool_, {bool_, string_});
    Unary(Function::kInt, int_, {int_, uint_, double_, string_, timestamp_, decimal_});
    Unary(Function::kUint, uint_, {uint_, int_, double_, string_});
    Unary(Function::kDouble, double_, {double_, int_, uint_, string_, money_, decimal_});
    Unary(Function::kString, string_,
          {string_, bool_, int_, uint_, double_, bytes_, timestamp_, duration_, money_, decimal_});
    Unary(Function::kBytes, bytes_, {bytes_, string_});
    Unary(Function::kTimestamp, timestamp_, {timestamp_, string_, int_});
    Unary(Function::kDuration, duration_, {duration_, string_});
    Unary(Function::kDyn, Type(TypeKind::kDyn), {a_});
    Unary(Function::kType, Type::TypeOf(a_), {a_});
    Unary(Function::kMoney, money_, {money_, string_});
    Unary(Function::kDecimal, decimal_, {decimal_, string_, int_});
  }

  // All but greatest and least, which take any number of values.
  void AddMath() {
    for (const Function function :
         {Function::kCeil, Function::kFloor, Function::kRound, Function::kTrunc}) {
      Global(function, double_, {double_});
    }
    for (const Function function : {Function::kIsNan, Function::kIsInf, Function::kIsFinite}) {
      Global(function, bool_, {double_});
    }
    for (const Type& type : {int_, uint_, double_, money_, decimal_}) {
      Global(Function::kAbs, type, {type});
    }
    for (const Type& type : {int_, uint_, double_}) {
      Global(Function::kSign, type, {type});
      Global(Function::kSqrt, double_, {type});
    }
    for (const Function function : {Function::kBitAnd, Function::kBitOr, Function::kBitXor}) {
      Closed(function, {int_, uint_});
    }
    for (const Type& type : {int_, uint_}) {
      Global(Function::kBitNot, type, {type});
      Global(Function::kBitShiftLeft, type, {type, int_});
      Global(Function::kBitShiftRight, type, {type, int_});
    }
  }

  void AddOptionals() {
    const Type optional = Type::Optional(a_);
    const Type list = Type::List(a_);
    const Type map = Type::Map(a_, b_);
    for (const Type& from : {list, Type::Optional(list)}) {
      Global(Function::kOptionalIndex, optional, {from, int_});
    }
    for (const Type& from : {map, Type::Optional(map)}) {
      Global(Function::kOptionalIndex, Type::Optional(b_), {from, a_});
    }
    Global(Function::kIndex, optional, {Type::Optional(list), int_});
    Global(Function::kIndex, Type::Optional(b_), {Type::Optional(map), a_});
    Global(Function::kOptionalOf, optional, {a_});
    Global(Function::kOptionalNone, optional, {});
    Global(Function::kOptionalOfNonZeroValue, optional, {a_});
    Method(Function::kHasValue, bool_, {optional});
    Method(Function::kValue, a_, {optional});
    Method(Function::kOrOptional, optional, {optional, optional});
    Method(Function::kOrValue, a_, {optional, a_});
    Method(Function::kFirst, optional, {list});
    Method(Function::kLast, optional, {list});
    Global(Function::kOptionalUnwrap, list, {Type::List(optional)});
    Method(Function::kUnwrapOpt, list, {Type::List(optional)});
  }

  void AddCollections() {
    Global(Function::kIn, bool_, {a_, Type::List(a_)});
    Global(Function::kIn, bool_, {a_, Type::Map(a_, b_)});
    Global(Function::kIndex, a_, {Type::List(a_), int_});
    Global(Function::kIndex, b_, {Type::Map(a_, b_), a_});
    for (const Type& type : {string_, bytes_, Type::List(a_), Type::Map(a_, b_)}) {
      Global(Function::kSize, int_, {type});
      Method(Function::kSize, int_, {type});
    }
  }

  void AddStrings() {
    for (const Function function :
         {Function::kContains, Function::kStartsWith, Function::kEndsWith, Function::kMatches}) {
      Method(function, bool_, {string_, string_});
    }
    Global(Function::kMatches, bool_, {string_, string_});
    Method(Function::kCharAt, string_, {string_, int_});
    for (const Function function : {Function::kIndexOf, Function::kLastIndexOf}) {
      Method(function, int_, {string_, string_});
      Method(function, int_, {string_, string_, int_});
    }
    Method(Function::kJoin, string_, {Type::List(string_)});
    Method(Function::kJoin, string_, {Type::List(string_), string_});
    for (const Function function :
         {Function::kLowerAscii, Function::kUpperAscii, Function::kReverse, Function::kTrim}) {
      Method(function, string_, {string_});
    }
    Global(Function::kQuote, string_, {string_});
    Method(Function::kFormat, string_, {string_, Type::List(Type(TypeKind::kDyn))});
    Method(Function::kReplace, string_, {string_, string_, string_});
    Method(Function::kReplace, string_, {string_, string_, string_, int_});
    Method(Function::kSplit, Type::List(string_), {string_, string_});
    Method(Function::kSplit, Type::List(string_), {string_, string_, int_});
    Method(Function::kSubstring, string_, {string_, int_});
    Method(Function::kSubstring, string_, {string_, int_, int_});
  }

  void AddTimes() {
    for (const Function function :
         {Function::kGetFullYear, Function::kGetMonth, Function::kGetDate, Function::kGetDayOfMonth,
          Function::kGetDayOfWeek, Function::kGetDayOfYear, Function::kGetHours,
          Function::kGetMinutes, Function::kGetSeconds, Function::kGetMilliseconds}) {
      Method(function, int_, {timestamp_});
      Method(function, int_, {timestamp_, string_});
    }
    for (const Function function : {Function::kGetHours, Function::kGetMinutes,
                                    Function::kGetSeconds, Function::kGetMilliseconds}) {
      Method(function, int_, {duration_});
    }
  }

  const Type bool_{TypeKind::kBool};
  const Type int_{TypeKind::kInt};
  const Type uint_{TypeKind::kUint};
  const Type double_{TypeKind::kDouble};
  const Type string_{TypeKind::kString};
  const Type bytes_{TypeKind::kBytes};
  const Type timestamp_{TypeKind::kTimestamp};
  const Type duration_{TypeKind::kDuration};
  const Type money_{TypeKind::kMoney};
  const Type decimal_{TypeKind::kDecimal};
  const Type a_ = Type::Param("A");
  const Type b_ = Type::Param("B");
  std::array<std::vector<Signature>, static_cast<size_t>(Function::kUnknown) + 1> signatures_;
};

}  // namespace

absl::Span<const Signature> SignaturesOf(Function function) {
  static const Table& table = *new Table();
  return table.Of(function);
}

}  // namespace touchstone::rules::expr
