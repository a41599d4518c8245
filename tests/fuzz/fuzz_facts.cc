#include "tests/fuzz/fuzz_facts.h"

#include <cstdlib>
#include <limits>
#include <string>
#include <utility>

namespace touchstone::rules::expr {
namespace {

CheckPolicy StrictPolicy() {
  CheckPolicy policy;
  policy.cross_numeric_comparisons = true;
  policy.homogeneous_literals = true;
  return policy;
}

CheckPolicy LoosePolicy() {
  CheckPolicy policy;
  policy.enforce_types = false;
  return policy;
}

void Require(const absl::Status& declared) {
  if (!declared.ok()) std::abort();
}

}  // namespace

FuzzFacts::FuzzFacts() : strict_(StrictPolicy()), loose_(LoosePolicy()) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  const Currency eur = *Currency::FromCode("EUR");
  const Currency jpy = *Currency::FromCode("JPY");
  words_ = {Value::String("coffee"), Value::String(""), Value::String("\xF0\x9F\x90\xB1 \xC3\xA9")};
  numbers_ = {Value::Int(3), Value::Int(kMax), Value::Int(-1)};
  fields_ = {Value::String("pass"), Value::Absent()};
  records_ = {Value::Record(fields_.data(), 2), Value::Record(nullptr, 0)};
  entries_ = {MapEntry{Value::String("a"), Value::Int(1)}, MapEntry{Value::Int(2), Value::Null()}};
  word_list_ = ListData{words_.data(), 3, nullptr};
  number_list_ = ListData{numbers_.data(), 3, nullptr};
  record_list_ = ListData{records_.data(), 2, nullptr};
  map_ = MapData{entries_.data(), 2};

  Declare("c.yes", Type(TypeKind::kBool), {Value::Bool(true), Value::Bool(false)});
  Declare("c.i", Type(TypeKind::kInt),
          {Value::Int(0), Value::Int(7), Value::Int(kMin), Value::Int(kMax)});
  Declare("c.u", Type(TypeKind::kUint),
          {Value::Uint(1), Value::Uint(std::numeric_limits<uint64_t>::max())});
  Declare("c.d", Type(TypeKind::kDouble),
          {Value::Double(0.5), Value::Double(-0.0), Value::Double(1e308),
           Value::Double(std::numeric_limits<double>::quiet_NaN()),
           Value::Double(-std::numeric_limits<double>::infinity())});
  Declare("c.s", Type(TypeKind::kString),
          {Value::String("gold"), Value::String(""), words_[2], Value::String("a.b.c")});
  Declare("c.b", Type(TypeKind::kBytes), {Value::Bytes(absl::string_view("\xff\x00z", 3))});
  Declare("c.t", Type(TypeKind::kTimestamp),
          {Value::TimestampParts(1'795'338'001, 5), Value::TimestampParts(-62'135'596'800, 0),
           Value::TimestampParts(253'402'300'799, 999'999'999)});
  Declare("c.span", Type(TypeKind::kDuration),
          {Value::DurationNanos(1), Value::DurationNanos(kMax), Value::DurationNanos(kMin)});
  Declare("c.m", Type(TypeKind::kMoney),
          {Value::OfMoney({125, eur}), Value::OfMoney({3, jpy}), Value::OfMoney({kMax, eur})});
  Declare("c.q", Type(TypeKind::kDecimal),
          {Value::OfDecimal({2500}), Value::OfDecimal({kMin}), Value::OfDecimal({kMax})});
  Declare("c.words", Type::List(Type(TypeKind::kString)),
          {Value::List(&word_list_), Value::List(&empty_list_)});
  Declare("c.numbers", Type::List(Type(TypeKind::kInt)),
          {Value::List(&number_list_), Value::List(&empty_list_)});
  Declare("c.held",
          Type::List(Type::Record("holding", {{"product", Type(TypeKind::kString)},
                                              {"until", Type(TypeKind::kTimestamp)}})),
          {Value::List(&record_list_), Value::List(&empty_list_)});
  Declare("c.map", Type::Map(Type(TypeKind::kDyn), Type(TypeKind::kDyn)), {Value::Map(&map_)});
  Declare("c.any", Type(TypeKind::kDyn),
          {Value::Int(1), Value::String("1"), Value::List(&word_list_), Value::Null(),
           Value::Map(&map_), records_[0]});
  Declare("now", Type(TypeKind::kTimestamp), {Value::TimestampParts(1'795'338'001, 0)});
  ConstantDecl list;
  list.name = "list.coffee";
  list.type = Type::List(Type(TypeKind::kString));
  list.value = Value::List(&word_list_);
  Require(strict_.Declare(list));
  Require(loose_.Declare(std::move(list)));
}

void FuzzFacts::Declare(absl::string_view name, const Type& type, std::vector<Value> values) {
  VariableDecl variable;
  variable.name = std::string(name);
  variable.type = type;
  variable.slot = Slot{0, static_cast<uint16_t>(values_.size())};
  Require(strict_.Declare(variable));
  Require(loose_.Declare(std::move(variable)));
  values.push_back(Value::Absent());
  values.push_back(Value::Error(ErrorCode::kUnavailable));
  values_.push_back(std::move(values));
}

std::vector<Value> FuzzFacts::RowFor(uint64_t choice) const {
  std::vector<Value> row;
  for (const std::vector<Value>& values : values_) {
    row.push_back(values[(choice >> 32) % values.size()]);
    choice = choice * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
  }
  return row;
}

uint64_t HashOf(absl::string_view bytes) {
  uint64_t hash = 14'695'981'039'346'656'037u;
  for (const char c : bytes) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211u;
  }
  return hash;
}

}  // namespace touchstone::rules::expr
