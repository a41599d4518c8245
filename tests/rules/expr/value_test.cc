#include "rules/expr/value.h"

#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace touchstone::rules::expr {
namespace {

Money Amount(int64_t minor, absl::string_view currency) {
  return Money{minor, *Currency::FromCode(currency)};
}

TEST(ValueTest, DefaultIsAbsent) {
  EXPECT_TRUE(Value().IsAbsent());
  EXPECT_FALSE(Value::Error(ErrorCode::kOverflow).IsAbsent());
}

TEST(ValueTest, NumbersAreEqualOnOneNumberLine) {
  EXPECT_TRUE(Equals(Value::Int(1), Value::Double(1.0)));
  EXPECT_TRUE(Equals(Value::Uint(1), Value::Int(1)));
  EXPECT_FALSE(Equals(Value::Int(-1), Value::Uint(UINT64_MAX)));
  EXPECT_FALSE(Equals(Value::Double(1.5), Value::Int(1)));
}

TEST(ValueTest, NotANumberEqualsNothing) {
  const Value nan = Value::Double(std::numeric_limits<double>::quiet_NaN());
  EXPECT_FALSE(Equals(nan, nan));
}

TEST(ValueTest, KindsWithoutCommonGroundAreUnequal) {
  EXPECT_FALSE(Equals(Value::String("1"), Value::Int(1)));
  EXPECT_FALSE(Equals(Value::String("a"), Value::Bytes("a")));
  EXPECT_FALSE(Equals(Value::Null(), Value::Bool(false)));
  EXPECT_TRUE(Equals(Value::Null(), Value::Null()));
}

TEST(ValueTest, MoneyOfTwoCurrenciesIsUnequal) {
  EXPECT_TRUE(Equals(Value::OfMoney(Amount(100, "EUR")), Value::OfMoney(Amount(100, "EUR"))));
  EXPECT_FALSE(Equals(Value::OfMoney(Amount(100, "EUR")), Value::OfMoney(Amount(100, "USD"))));
}

TEST(ValueTest, BareAmountEqualsMoneyOfTheSameSize) {
  const Value bare = Value::OfMoney(Money{10'000, Currency()});
  EXPECT_TRUE(Equals(bare, Value::OfMoney(Amount(100, "EUR"))));
  EXPECT_TRUE(Equals(Value::OfMoney(Amount(1, "JPY")), bare));
  EXPECT_FALSE(Equals(bare, Value::OfMoney(Amount(101, "EUR"))));
}

TEST(ValueTest, MapsAreEqualInAnyOrder) {
  const MapEntry forward[] = {{Value::String("a"), Value::Int(1)},
                              {Value::String("b"), Value::Int(2)}};
  const MapEntry backward[] = {{Value::String("b"), Value::Int(2)},
                               {Value::String("a"), Value::Double(1)}};
  const MapData a{forward, 2};
  const MapData b{backward, 2};
  const MapData part{forward, 1};
  EXPECT_TRUE(Equals(Value::Map(&a), Value::Map(&b)));
  EXPECT_FALSE(Equals(Value::Map(&a), Value::Map(&part)));
}

TEST(ValueTest, RecordsCompareAbsentFieldsAsData) {
  const Value full[] = {Value::Int(1), Value::String("x")};
  const Value gap[] = {Value::Int(1), Value::Absent()};
  const Value same_gap[] = {Value::Int(1), Value::Absent()};
  EXPECT_FALSE(Equals(Value::Record(full, 2), Value::Record(gap, 2)));
  EXPECT_TRUE(Equals(Value::Record(gap, 2), Value::Record(same_gap, 2)));
  EXPECT_FALSE(Equals(Value::Record(full, 2), Value::Record(full, 1)));
}

TEST(ValueTest, OptionalsAreEqualByWhatTheyHold) {
  const Value one = Value::Int(1);
  const Value also_one = Value::Int(1);
  EXPECT_TRUE(Equals(Value::Optional(nullptr), Value::Optional(nullptr)));
  EXPECT_TRUE(Equals(Value::Optional(&one), Value::Optional(&also_one)));
  EXPECT_FALSE(Equals(Value::Optional(&one), Value::Optional(nullptr)));
}

TEST(ValueTest, TimestampSplitsBeforeTheEpochByFloor) {
  const Value value = Value::Timestamp(absl::FromUnixMillis(-500));
  EXPECT_EQ(value.timestamp_seconds(), -1);
  EXPECT_EQ(value.timestamp_nanos(), 500'000'000u);
  EXPECT_EQ(value.timestamp_value(), absl::FromUnixMillis(-500));
}

TEST(ValueTest, DebugStringReadsLikeAnExpression) {
  const Value elements[] = {Value::String("a\"b"), Value::Double(1), Value::Uint(2)};
  const ListData list{elements, 3, nullptr};
  const MapEntry entries[] = {{Value::Bool(true), Value::Null()}};
  const MapData map{entries, 1};
  const Type type(TypeKind::kList);
  EXPECT_EQ(DebugString(Value::List(&list)), "[\"a\\\"b\", 1.0, 2u]");
  EXPECT_EQ(DebugString(Value::Map(&map)), "{true: null}");
  EXPECT_EQ(DebugString(Value::OfMoney(Amount(41'200, "EUR"))), "412.00 EUR");
  EXPECT_EQ(DebugString(Value::OfDecimal(Decimal{250})), "0.25");
  EXPECT_EQ(DebugString(Value::DurationNanos(-1'500'000'000)), "duration(\"-1.5s\")");
  EXPECT_EQ(DebugString(Value::TimestampParts(0, 0)), "timestamp(\"1970-01-01T00:00:00Z\")");
  EXPECT_EQ(DebugString(Value::OfType(&type)), "list");
  EXPECT_EQ(DebugString(Value::Absent()), "error: absent");
}

TEST(ValueTest, EveryErrorHasItsOwnName) {
  std::vector<absl::string_view> names;
  for (uint32_t code = 0; code <= static_cast<uint32_t>(ErrorCode::kUnboundName); ++code) {
    const absl::string_view name = ErrorCodeName(static_cast<ErrorCode>(code));
    for (const absl::string_view other : names) EXPECT_NE(name, other);
    names.push_back(name);
  }
}

}  // namespace
}  // namespace touchstone::rules::expr
