#include "rules/expr/constant_set.h"

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
// After gtest, which it extends without including it.
#include "rapidcheck/gtest.h"

namespace touchstone::rules::expr {
namespace {

TEST(ConstantSetTest, FindsStringsOfEveryLength) {
  std::vector<std::string> texts;
  for (size_t length = 0; length < 40; ++length) texts.push_back(std::string(length, 'x'));
  std::vector<Value> elements;
  for (const std::string& text : texts) elements.push_back(Value::String(text));
  const ConstantSet set(elements);
  for (const Value& element : elements) EXPECT_TRUE(set.Contains(element));
  EXPECT_FALSE(set.Contains(Value::String(std::string(40, 'x'))));
  EXPECT_FALSE(set.Contains(Value::String("xxy")));
}

// Keys that are numbered differ in their last bytes alone.
TEST(ConstantSetTest, NumberedTextsOfEveryLengthSpreadOverTheirPlaces) {
  for (size_t length = 2; length < 24; ++length) {
    std::set<uint64_t> places;
    for (size_t i = 0; i < 64; ++i) {
      std::string text(length, 't');
      text[length - 2] = static_cast<char>('0' + i / 8);
      text[length - 1] = static_cast<char>('0' + i % 8);
      places.insert(HashText(text) % 128);
    }
    // By chance it would be about 50.
    EXPECT_GE(places.size(), 32u) << length;
  }
}

TEST(ConstantSetTest, EmptySetHoldsNothing) {
  const ConstantSet set({});
  EXPECT_FALSE(set.Contains(Value::String("")));
  EXPECT_FALSE(set.Contains(Value::Int(0)));
  EXPECT_FALSE(set.Contains(Value::Null()));
}

TEST(ConstantSetTest, BytesAreNoStrings) {
  const Value elements[] = {Value::String("a")};
  EXPECT_FALSE(ConstantSet(elements).Contains(Value::Bytes("a")));
}

// Integers beyond 2^53 equal several doubles, so a hash of either cannot decide.
TEST(ConstantSetTest, LargeIntegersMeetDoublesAsDoubles) {
  const Value elements[] = {Value::Int(9'007'199'254'740'993)};
  EXPECT_TRUE(ConstantSet(elements).Contains(Value::Double(9'007'199'254'740'992.0)));
  EXPECT_FALSE(ConstantSet(elements).Contains(Value::Int(9'007'199'254'740'992)));
}

std::vector<Value> Pool() {
  static const Value inner[] = {Value::Int(1)};
  static const ListData list{inner, 1, nullptr};
  return {Value::Int(0),
          Value::Int(1),
          Value::Int(-1),
          Value::Int(INT64_MAX),
          Value::Uint(0),
          Value::Uint(1),
          Value::Uint(UINT64_MAX),
          Value::Double(0.0),
          Value::Double(-0.0),
          Value::Double(1.0),
          Value::Double(1.5),
          Value::Double(9223372036854775807.0),
          Value::Double(std::numeric_limits<double>::quiet_NaN()),
          Value::Bool(false),
          Value::Bool(true),
          Value::Null(),
          Value::String(""),
          Value::String("gold"),
          Value::Bytes("gold"),
          Value::OfDecimal(Decimal{1000}),
          Value::OfMoney(Money{10'000, Currency()}),
          Value::DurationNanos(1),
          Value::TimestampParts(1, 1),
          Value::List(&list)};
}

RC_GTEST_PROP(ConstantSetTest, AgreesWithComparingOneByOne, ()) {
  const std::vector<Value> pool = Pool();
  std::vector<Value> elements;
  for (const size_t i :
       *rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(0, pool.size()))) {
    elements.push_back(pool[i]);
  }
  const ConstantSet set(elements);
  for (const Value& value : pool) {
    bool found = false;
    for (const Value& element : elements) found = found || Equals(element, value);
    RC_ASSERT(set.Contains(value) == found);
  }
}

RC_GTEST_PROP(ConstantSetTest, FindsTheTextsItWasGivenAndNoOthers, ()) {
  const auto any_text = rc::gen::container<std::string>(rc::gen::inRange<char>('a', 'd'));
  const auto texts = *rc::gen::container<std::vector<std::string>>(any_text);
  std::vector<Value> elements;
  for (const std::string& text : texts) elements.push_back(Value::String(text));
  const ConstantSet set(elements);
  for (const std::string& text : texts) RC_ASSERT(set.ContainsText(text));
  const auto others = *rc::gen::container<std::vector<std::string>>(any_text);
  for (const std::string& text : others) {
    const bool given = std::find(texts.begin(), texts.end(), text) != texts.end();
    RC_ASSERT(set.ContainsText(text) == given);
    RC_ASSERT(set.Contains(Value::String(text)) == given);
  }
}

}  // namespace
}  // namespace touchstone::rules::expr
