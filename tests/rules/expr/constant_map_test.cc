#include "rules/expr/constant_map.h"

#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "rules/expr/collections.h"
// After gtest, which it extends without including it.
#include "rapidcheck/gtest.h"

namespace touchstone::rules::expr {
namespace {

// Keys, no two of which are equal on the one number line; then values that are no keys.
std::vector<Value> Keys() {
  return {Value::Int(0),
          Value::Uint(1),
          Value::Int(-1),
          Value::Int(7),
          Value::Int(9'007'199'254'740'993),
          Value::Int(9'007'199'254'740'992),
          Value::Int(INT64_MAX),
          Value::Int(INT64_MIN),
          Value::Uint(UINT64_MAX),
          Value::Bool(true),
          Value::Bool(false),
          Value::String(""),
          Value::String("a"),
          Value::String("gold"),
          Value::String("silver"),
          Value::String("longer than a word")};
}

std::vector<Value> Probes() {
  std::vector<Value> probes = Keys();
  for (const Value& value :
       {Value::Uint(0), Value::Int(1), Value::Uint(7), Value::Double(0.0), Value::Double(-0.0),
        Value::Double(1.0), Value::Double(1.5), Value::Double(9'007'199'254'740'992.0),
        Value::Double(9223372036854775807.0),
        Value::Double(std::numeric_limits<double>::quiet_NaN()), Value::String("b"),
        Value::Bytes("a"), Value::Null(), Value::OfDecimal(Decimal{7000})}) {
    probes.push_back(value);
  }
  return probes;
}

// Whatever the size, so that both ways of looking are met.
RC_GTEST_PROP(ConstantMapPropertyTest, FindsWhatASearchFinds, ()) {
  std::vector<MapEntry> entries;
  std::vector<Value> keys = Keys();
  const auto order =
      *rc::gen::container<std::vector<uint16_t>>(keys.size(), rc::gen::arbitrary<uint16_t>());
  const size_t size = *rc::gen::inRange<size_t>(0, keys.size() + 1);
  for (size_t i = 0; i < size; ++i) {
    std::swap(keys[i], keys[i + order[i] % (keys.size() - i)]);
    entries.push_back({keys[i], Value::Int(static_cast<int64_t>(i))});
  }
  const MapData data{entries.data(), static_cast<uint32_t>(entries.size())};
  const ConstantMap map(data);
  for (const Value& probe : Probes()) RC_ASSERT(map.Find(probe) == FindEntry(data, probe));
}

TEST(ConstantMapTest, FindsEachOfManyTexts) {
  std::vector<std::string> texts;
  texts.reserve(1000);
  for (int i = 0; i < 1000; ++i) texts.push_back(std::to_string(i));
  std::vector<MapEntry> entries;
  entries.reserve(1000);
  for (const std::string& text : texts) entries.push_back({Value::String(text), Value::Null()});
  const ConstantMap map(MapData{entries.data(), 1000});
  for (const MapEntry& entry : entries) EXPECT_EQ(map.Find(entry.key), &entry.value);
  EXPECT_EQ(map.Find(Value::String("1000")), nullptr);
  EXPECT_EQ(map.Find(Value::Int(7)), nullptr);
}

}  // namespace
}  // namespace touchstone::rules::expr
