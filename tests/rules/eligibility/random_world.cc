#include "tests/rules/eligibility/random_world.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/rules/eligibility/checked_condition.h"

namespace touchstone::rules {
namespace {

using expr::Type;
using expr::TypeKind;
using expr::Value;

constexpr size_t kWideValues = 150;

template <typename T>
std::vector<T> Some(Random& random, std::vector<T> of, size_t count) {
  while (of.size() > count)
    of.erase(of.begin() + static_cast<std::ptrdiff_t>(random.Below(of.size())));
  return of;
}

Type RecordType() {
  return Type::Record("holding", {{"s", Type(TypeKind::kString)},
                                  {"n", Type(TypeKind::kInt)},
                                  {"d", Type(TypeKind::kDouble)},
                                  {"tags", Type::List(Type(TypeKind::kString))}});
}

Type TypeOf(AttributeKind kind) {
  switch (kind) {
    case AttributeKind::kBool:
      return Type(TypeKind::kBool);
    case AttributeKind::kInt:
      return Type(TypeKind::kInt);
    case AttributeKind::kDouble:
      return Type(TypeKind::kDouble);
    case AttributeKind::kDecimal:
      return Type(TypeKind::kDecimal);
    case AttributeKind::kMoney:
      return Type(TypeKind::kMoney);
    case AttributeKind::kString:
    case AttributeKind::kEnum:
      return Type(TypeKind::kString);
    case AttributeKind::kTimestamp:
      return Type(TypeKind::kTimestamp);
    case AttributeKind::kDuration:
      return Type(TypeKind::kDuration);
    case AttributeKind::kStrings:
      return Type::List(Type(TypeKind::kString));
    case AttributeKind::kInts:
      return Type::List(Type(TypeKind::kInt));
    case AttributeKind::kDoubles:
      return Type::List(Type(TypeKind::kDouble));
    case AttributeKind::kRecords:
      return Type::List(RecordType());
    case AttributeKind::kRecord:
      return RecordType();
  }
  return Type();
}

}  // namespace

World::World(Random& random, Size size) : size_(size), environment_(EnvironmentOfRuleSets()) {
  is_lenient_ = size_ != Size::kSmall && random.Chance(40);
  DrawConstants(random);
  DeclareAttributes(random);
  std::vector<Value> texts;
  for (const std::string& text : texts_) {
    if (random.Chance(50)) texts.push_back(Value::String(text));
  }
  DeclareList("list.s", Type(TypeKind::kString), std::move(texts));
  std::vector<Value> ints;
  for (const int64_t value : ints_) {
    if (random.Chance(50)) ints.push_back(Value::Int(value));
  }
  DeclareList("list.i", Type(TypeKind::kInt), std::move(ints));
}

void World::DrawConstants(Random& random) {
  constexpr int64_t kExact = int64_t{1} << 53;  // from here on doubles leave out whole numbers
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  durations_ = Some<std::string>(random, {"0s", "1h", "-1s", "1.5s"}, 3);
  times_ = Some<std::string>(
      random,
      {"2026-01-01T00:00:00Z", "2026-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00Z",
       "1677-09-21T00:12:44Z", "2262-04-11T23:47:16.854775807Z", "2500-01-01T00:00:00Z",
       "0001-01-01T00:00:00Z"},
      3);
  exacts_ = Some<std::string>(
      random,
      {"0", "1", "2", "1.5", "1.50", "-1.25", "9.99", "0.001", "1.0005", "1.23456", "0.000000001",
       "922337203685477.5807", "9223372036854775.807", "-92233720368547758"},
      4);
  if (size_ == Size::kWide) {
    for (size_t i = 0; i < kWideValues; ++i) {
      texts_.push_back(absl::StrCat("w", i));
      ints_.push_back(static_cast<int64_t>(i) * (i % 5 == 0 ? 7 : 1));
      doubles_.push_back(static_cast<double>(i) / 2);
      exacts_.push_back(absl::StrCat(i, ".", i % 10));
    }
    return;
  }
  texts_ = Some<std::string>(
      random, {"", "a", "b", "ab", "A", "\u00e9", "e\u0301", "\u65e5\u672c", "\U0001F600"}, 4);
  ints_ = Some<int64_t>(random,
                        {0, 1, 2, 3, -1, kExact - 1, kExact, kExact + 1, -kExact - 1, INT64_MAX,
                         INT64_MAX - 1, INT64_MIN, INT64_MIN + 1},
                        5);
  doubles_ =
      Some<double>(random,
                   {0.0, -0.0, 1.0, 1.5, 2.0, -1.0, 0.1, 5e-324, 1e300, -1e300, 9007199254740992.0,
                    9007199254740994.0, 9223372036854775808.0, -9223372036854775808.0,
                    9223372036854774784.0, kInfinity, -kInfinity, std::nan("")},
                   5);
}

void World::DeclareAttributes(Random& random) {
  const size_t count = size_ == Size::kWide     ? 10
                       : size_ == Size::kNarrow ? 1 + random.Below(2)
                                                : 2 + random.Below(5);
  uint16_t next[2] = {0, 0};
  for (size_t i = 0; i < count; ++i) {
    Attribute attribute;
    attribute.kind = static_cast<AttributeKind>(random.Below(kAttributeKinds));
    attribute.name = absl::StrCat("c.a", i);
    const auto row = static_cast<uint8_t>(random.Below(2));
    attribute.slot = {row, next[row]++};
    expr::VariableDecl variable;
    variable.name = attribute.name;
    variable.type = TypeOf(attribute.kind);
    variable.slot = attribute.slot;
    if (attribute.kind == AttributeKind::kEnum) variable.enum_values = texts_;
    environment_.Declare(std::move(variable)).IgnoreError();  // names do not repeat
    attributes_.push_back(std::move(attribute));
  }
}

void World::DeclareList(const std::string& name, Type element, std::vector<Value> values) {
  const std::vector<Value>& kept = elements_.emplace_back(std::move(values));
  const expr::ConstantSet& set = sets_.emplace_back(kept);
  expr::ListData& list = lists_.emplace_back();
  list = {kept.data(), static_cast<uint32_t>(kept.size()), &set};
  expr::ConstantDecl constant;
  constant.name = name;
  constant.type = Type::List(std::move(element));
  constant.value = Value::List(&list);
  environment_.Declare(std::move(constant)).IgnoreError();
}

}  // namespace touchstone::rules
