#include "rules/eligibility/value_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace touchstone::rules {
namespace {

using expr::ErrorCode;
using expr::Function;
using expr::Value;
using State = ValueKey::State;

constexpr int64_t kExact = int64_t{1} << 53;
constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Whether `value RELATION literal` holds, by way of key and set.
bool Holds(KeyKind kind, const ValueSet& set, const Value& value) {
  const ValueKey key = KeyOf(kind, value);
  EXPECT_TRUE(key.state == State::kKey || key.state == State::kNan);
  return key.state == State::kNan ? set.nan() : set.ContainsKey(key.key);
}

bool Holds(KeyKind kind, const Value& value, Function relation, const Value& literal) {
  const std::optional<ValueSet> set = ValuesWhere(kind, relation, literal);
  EXPECT_TRUE(set.has_value());
  return set.has_value() && Holds(kind, *set, value);
}

bool Holds(KeyKind kind, const Value& value, Function relation, absl::string_view literal) {
  const std::optional<ValueSet> set = ValuesWhere(kind, relation, *ParseExactNumber(literal));
  EXPECT_TRUE(set.has_value());
  return set.has_value() && Holds(kind, *set, value);
}

Value Amount(int64_t minor, absl::string_view currency) {
  return Value::OfMoney({minor, *Currency::FromCode(currency)});
}

TEST(ValueKeyTest, KeepsWholeNumbersAtBothEndsApart) {
  const Value last = Value::Int(INT64_MAX);
  const Value first = Value::Int(INT64_MIN);
  EXPECT_TRUE(Holds(KeyKind::kInt, last, Function::kGreaterEqual, last));
  EXPECT_FALSE(Holds(KeyKind::kInt, Value::Int(INT64_MAX - 1), Function::kGreaterEqual, last));
  EXPECT_TRUE(Holds(KeyKind::kInt, first, Function::kLessEqual, first));
  EXPECT_FALSE(Holds(KeyKind::kInt, Value::Int(INT64_MIN + 1), Function::kLessEqual, first));
  EXPECT_TRUE(ValuesWhere(KeyKind::kInt, Function::kGreater, last)->IsEmpty());
  EXPECT_TRUE(ValuesWhere(KeyKind::kInt, Function::kLess, first)->IsEmpty());
  EXPECT_FALSE(Holds(KeyKind::kInt, last, Function::kEqual, Value::Uint(uint64_t{1} << 63)));
  EXPECT_TRUE(Holds(KeyKind::kInt, last, Function::kLess, Value::Uint(UINT64_MAX)));
}

TEST(ValueKeyTest, ComparesWholeNumbersWithDoublesAsDoubles) {
  const Value literal = Value::Double(static_cast<double>(kExact));
  // 2^53 + 1 has no double of its own and is rounded to 2^53.
  for (const int64_t equal : {kExact, kExact + 1}) {
    EXPECT_TRUE(Holds(KeyKind::kInt, Value::Int(equal), Function::kEqual, literal)) << equal;
    EXPECT_FALSE(Holds(KeyKind::kInt, Value::Int(equal), Function::kGreater, literal)) << equal;
  }
  EXPECT_TRUE(Holds(KeyKind::kInt, Value::Int(kExact - 1), Function::kLess, literal));
  EXPECT_TRUE(Holds(KeyKind::kInt, Value::Int(kExact + 2), Function::kGreater, literal));
  EXPECT_TRUE(Holds(KeyKind::kDouble, literal, Function::kEqual, Value::Int(kExact + 1)));
  EXPECT_TRUE(Holds(KeyKind::kInt, Value::Int(1), Function::kLess, Value::Double(1.5)));
  EXPECT_TRUE(Holds(KeyKind::kInt, Value::Int(2), Function::kGreater, Value::Double(1.5)));
  EXPECT_TRUE(ValuesWhere(KeyKind::kInt, Function::kEqual, Value::Double(1.5))->IsEmpty());
}

TEST(ValueKeyTest, RoundsTheLargestWholeNumbersUpToTwoTo63) {
  const Value above = Value::Double(kTwoTo63);
  EXPECT_TRUE(Holds(KeyKind::kInt, Value::Int(INT64_MAX), Function::kEqual, above));
  EXPECT_TRUE(Holds(KeyKind::kInt, Value::Int(INT64_MAX - 512), Function::kLess, above));
  EXPECT_TRUE(
      Holds(KeyKind::kInt, Value::Int(INT64_MIN), Function::kEqual, Value::Double(-kTwoTo63)));
  EXPECT_TRUE(Holds(KeyKind::kInt, Value::Int(INT64_MAX), Function::kLess, Value::Double(1e19)));
  EXPECT_TRUE(
      Holds(KeyKind::kInt, Value::Int(INT64_MIN), Function::kGreater, Value::Double(-kInfinity)));
  EXPECT_TRUE(Holds(KeyKind::kDouble, above, Function::kEqual, Value::Uint(uint64_t{1} << 63)));
}

TEST(ValueKeyTest, ComparesNanUnequalToEverything) {
  const Value nan = Value::Double(std::nan(""));
  EXPECT_EQ(KeyOf(KeyKind::kDouble, nan).state, State::kNan);
  for (const Value literal : {nan, Value::Double(0), Value::Double(kInfinity), Value::Int(1)}) {
    EXPECT_TRUE(Holds(KeyKind::kDouble, nan, Function::kNotEqual, literal));
    for (const Function relation : {Function::kEqual, Function::kLess, Function::kLessEqual,
                                    Function::kGreater, Function::kGreaterEqual}) {
      EXPECT_FALSE(Holds(KeyKind::kDouble, nan, relation, literal));
    }
  }
  EXPECT_TRUE(Holds(KeyKind::kDouble, Value::Double(1), Function::kNotEqual, nan));
  EXPECT_TRUE(Holds(KeyKind::kInt, Value::Int(1), Function::kNotEqual, nan));
  EXPECT_TRUE(ValuesWhere(KeyKind::kInt, Function::kLessEqual, nan)->IsEmpty());
}

TEST(ValueKeyTest, HasOneKeyForBothZeros) {
  EXPECT_EQ(KeyOf(KeyKind::kDouble, Value::Double(0.0)).key,
            KeyOf(KeyKind::kDouble, Value::Double(-0.0)).key);
  EXPECT_FALSE(Holds(KeyKind::kDouble, Value::Double(-0.0), Function::kLess, Value::Double(0.0)));
  EXPECT_TRUE(Holds(KeyKind::kDouble, Value::Double(0.0), Function::kEqual, Value::Double(-0.0)));
}

TEST(ValueKeyTest, KeepsTheOrderOfDoublesFromInfinityToInfinity) {
  const double least = std::numeric_limits<double>::denorm_min();
  const double most = std::numeric_limits<double>::max();
  const std::vector<double> ascending = {-kInfinity, -most, -1.0, -least,   0.0,
                                         least,      1.0,   most, kInfinity};
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(Holds(KeyKind::kDouble, Value::Double(ascending[i]), Function::kLess,
                      Value::Double(ascending[j])),
                i < j);
      EXPECT_EQ(Holds(KeyKind::kDouble, Value::Double(ascending[i]), Function::kGreaterEqual,
                      Value::Double(ascending[j])),
                i >= j);
    }
  }
  EXPECT_TRUE(
      ValuesWhere(KeyKind::kDouble, Function::kGreater, Value::Double(kInfinity))->IsEmpty());
}

TEST(ValueKeyTest, ComparesDecimalsWithLiteralsOfMoreDigits) {
  const Value value = Value::OfDecimal({1'001});
  EXPECT_TRUE(Holds(KeyKind::kDecimal, value, Function::kGreater, "1.0005"));
  EXPECT_TRUE(Holds(KeyKind::kDecimal, Value::OfDecimal({1'000}), Function::kLess, "1.0005"));
  EXPECT_TRUE(Holds(KeyKind::kDecimal, Value::OfDecimal({-1'001}), Function::kLess, "-1.0005"));
  EXPECT_TRUE(Holds(KeyKind::kDecimal, Value::OfDecimal({-1'000}), Function::kGreater, "-1.0005"));
  EXPECT_TRUE(
      ValuesWhere(KeyKind::kDecimal, Function::kEqual, *ParseExactNumber("1.0005"))->IsEmpty());
  EXPECT_TRUE(Holds(KeyKind::kDecimal, value, Function::kEqual, "1.001000"));
  EXPECT_TRUE(
      ValuesWhere(KeyKind::kDecimal, Function::kGreater, *ParseExactNumber("9223372036854775807"))
          ->IsEmpty());
}

TEST(ValueKeyTest, CountsMoneyByTheMinorDigitsOfItsCurrency) {
  for (const Value amount : {Amount(1'250, "EUR"), Amount(12'500, "KWD")}) {
    EXPECT_TRUE(Holds(KeyKind::kMoney, amount, Function::kEqual, "12.5"));
    EXPECT_TRUE(Holds(KeyKind::kMoney, amount, Function::kGreater, "12.49999"));
    EXPECT_TRUE(Holds(KeyKind::kMoney, amount, Function::kLess, "12.500000001"));
  }
  EXPECT_TRUE(Holds(KeyKind::kMoney, Amount(13, "JPY"), Function::kGreater, "12.5"));
  EXPECT_TRUE(Holds(KeyKind::kMoney, Amount(12, "JPY"), Function::kEqual, "12"));
  EXPECT_TRUE(Holds(KeyKind::kMoney, Amount(-1, "EUR"), Function::kLess, "-0.005"));
  const Value bare = Value::OfMoney({125'000, Currency()});
  EXPECT_TRUE(Holds(KeyKind::kMoney, Amount(1'250, "EUR"), Function::kEqual, bare));
  EXPECT_FALSE(ValuesWhere(KeyKind::kMoney, Function::kEqual, Amount(1, "EUR")).has_value());
}

TEST(ValueKeyTest, PutsAmountsBeyondTheRangeAtItsEnds) {
  EXPECT_EQ(KeyOf(KeyKind::kMoney, Amount(INT64_MAX, "JPY")).key, INT64_MAX);
  EXPECT_EQ(KeyOf(KeyKind::kMoney, Amount(INT64_MIN, "EUR")).key, INT64_MIN);
  const absl::string_view largest = "922337203685477.5806";
  EXPECT_TRUE(Holds(KeyKind::kMoney, Amount(INT64_MAX, "JPY"), Function::kGreater, largest));
  EXPECT_TRUE(Holds(KeyKind::kMoney, Amount(INT64_MAX, "JPY"), Function::kNotEqual, largest));
  // A literal there could not tell apart what lies beyond.
  for (const absl::string_view beyond :
       {"922337203685477.5807", "-922337203685477.5808", "9223372036854775807"}) {
    EXPECT_FALSE(
        ValuesWhere(KeyKind::kMoney, Function::kLess, *ParseExactNumber(beyond)).has_value());
  }
}

TEST(ValueKeyTest, PutsTimesBeyondNanosecondsAtTheEnds) {
  const Value year_one = Value::TimestampParts(-62'135'596'800, 0);
  const Value year_9999 = Value::TimestampParts(253'402'300'799, 999'999'999);
  const Value epoch = Value::TimestampParts(0, 0);
  EXPECT_TRUE(Holds(KeyKind::kTimestamp, year_one, Function::kLess, epoch));
  EXPECT_TRUE(Holds(KeyKind::kTimestamp, year_9999, Function::kGreater, epoch));
  EXPECT_TRUE(
      Holds(KeyKind::kTimestamp, Value::TimestampParts(-1, 999'999'999), Function::kLess, epoch));
  EXPECT_EQ(KeyOf(KeyKind::kTimestamp, Value::TimestampParts(-1, 999'999'999)).key, -1);
  EXPECT_FALSE(ValuesWhere(KeyKind::kTimestamp, Function::kLess, year_one).has_value());
  EXPECT_FALSE(ValuesWhere(KeyKind::kTimestamp, Function::kLess, year_9999).has_value());
}

TEST(ValueKeyTest, OrdersBoolsAndDurations) {
  EXPECT_TRUE(Holds(KeyKind::kBool, Value::Bool(false), Function::kLess, Value::Bool(true)));
  EXPECT_FALSE(Holds(KeyKind::kBool, Value::Bool(true), Function::kNotEqual, Value::Bool(true)));
  EXPECT_TRUE(Holds(KeyKind::kDuration, Value::DurationNanos(-1), Function::kLess,
                    Value::DurationNanos(0)));
}

TEST(ValueKeyTest, TellsErrorsFromValuesOfAnotherKind) {
  for (const KeyKind kind :
       {KeyKind::kText, KeyKind::kBool, KeyKind::kInt, KeyKind::kDouble, KeyKind::kDecimal,
        KeyKind::kMoney, KeyKind::kTimestamp, KeyKind::kDuration}) {
    EXPECT_EQ(KeyOf(kind, Value::Absent()).state, State::kNone);
    EXPECT_EQ(KeyOf(kind, Value::Error(ErrorCode::kUnavailable)).state, State::kNone);
    EXPECT_EQ(KeyOf(kind, Value::Null()).state, State::kForeign);
  }
  EXPECT_EQ(KeyOf(KeyKind::kInt, Value::Double(1)).state, State::kForeign);
  EXPECT_EQ(KeyOf(KeyKind::kDouble, Value::Int(1)).state, State::kForeign);
}

TEST(ValueKeyTest, HasNoSetForAnOrderOfTexts) {
  const Value text = Value::String("b");
  EXPECT_FALSE(ValuesWhere(KeyKind::kText, Function::kLess, text).has_value());
  EXPECT_TRUE(ValuesWhere(KeyKind::kText, Function::kNotEqual, text)->ContainsText("a"));
  EXPECT_FALSE(ValuesWhere(KeyKind::kText, Function::kNotEqual, text)->ContainsText("b"));
  EXPECT_FALSE(ValuesWhere(KeyKind::kInt, Function::kEqual, text).has_value());
}

TEST(ValueKeyTest, HasNoKeysForListsRecordsAndDyn) {
  using expr::Type;
  using expr::TypeKind;
  EXPECT_FALSE(KeyKindOf(Type(TypeKind::kDyn)).has_value());
  EXPECT_FALSE(KeyKindOf(Type::List(Type(TypeKind::kInt))).has_value());
  EXPECT_EQ(KeyKindOf(Type(TypeKind::kMoney)), KeyKind::kMoney);
}

}  // namespace
}  // namespace touchstone::rules
