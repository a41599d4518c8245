// Aggregates of cells and of distinct values against a naive model.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/record.h"
#include "store/record_patch.h"
#include "tests/store/aggregate_model.h"

namespace touchstone::store {
namespace {

// Streams are long: their numbers come from one seed, which rapidcheck prints.
class Numbers {
 public:
  Numbers() : random_(*rc::gen::arbitrary<uint32_t>()) {}

  int64_t Between(int64_t least, int64_t greatest) {
    return std::uniform_int_distribution<int64_t>(least, greatest)(random_);
  }
  int32_t Bucket(int64_t least, int64_t greatest) {
    return static_cast<int32_t>(Between(least, greatest));
  }
  bool OneIn(int64_t many) { return Between(1, many) == 1; }
  // Evenly spread, or with as many leading zeros behind the register as are rarely seen.
  uint64_t Hash() {
    const uint64_t hash = random_();
    return (hash & 0xff00000000000000u) | (hash & 0x00ffffffffffffffu) >> Between(0, 56);
  }
  std::mt19937_64& random() { return random_; }

 private:
  std::mt19937_64 random_;
};

CellRule AnyRule() {
  return *rc::gen::element(CellRule::kLeast, CellRule::kGreatest, CellRule::kEarliest,
                           CellRule::kLatest, CellRule::kTop, CellRule::kCases);
}

Value NumberOf(Numbers& numbers, int64_t spread) {
  const int64_t number = numbers.Between(-spread, spread);
  switch (numbers.Between(0, 7)) {
    case 0:
      return Value::Money(number, numbers.OneIn(2) ? "EUR" : "CHF");
    case 1:
      return Value::DecimalThousandths(number);
    case 2:
      return Value::TimestampUs(number);
    case 3:
      return Value::DateDays(number);
    case 4:
      return Value::Double(numbers.OneIn(8) ? std::numeric_limits<double>::quiet_NaN()
                                            : static_cast<double>(number) * 0.5);
    case 5:
      return Value::Double(numbers.OneIn(2) ? -0.0 : 0.0);
    case 6:
      return Value::String(std::string(static_cast<size_t>(number & 3), '\xff'));
    default:
      return Value::Int64(numbers.OneIn(20) ? std::numeric_limits<int64_t>::max() : number);
  }
}

struct Stream {
  std::vector<RecordPatch::CellIncrement> increments;
  std::vector<Value> values;  // of the increments, in their order
};

struct Spread {
  int64_t values = 5;
  int64_t buckets = 4;
  int64_t times = 6;
  bool one_type = false;
};

Stream RandomStream(Numbers& numbers, CellRule rule, size_t length, const Spread& spread) {
  Stream stream;
  stream.values.reserve(length);
  for (size_t i = 0; i < length; ++i) {
    if (rule == CellRule::kCases || spread.one_type) {
      stream.values.push_back(Value::String(absl::StrCat(numbers.Between(1, spread.values))));
    } else {
      stream.values.push_back(NumberOf(numbers, spread.values));
    }
    stream.increments.push_back({.aggregate = 1,
                                 .rule = rule,
                                 .bucket = numbers.Bucket(-spread.buckets, spread.buckets),
                                 .time_us = numbers.Between(-spread.times, spread.times),
                                 .number = numbers.Between(1, 5),
                                 .closes = numbers.OneIn(3),
                                 .value = &stream.values.back()});
  }
  return stream;
}

// The record after patches, which each hold the operations of one turn.
class Record {
 public:
  RecordPatch& patch() { return patch_; }
  void Turn() {
    absl::StatusOr<std::string> bytes = ApplyPatches(bytes_, {absl::string_view(patch_.bytes())});
    RC_ASSERT(bytes.ok());
    bytes_ = *std::move(bytes);
    patch_.Clear();
  }
  std::map<uint32_t, AggregateContents> Contents() {
    Turn();
    absl::StatusOr<RecordView> view = RecordView::Parse(bytes_);
    RC_ASSERT(view.ok());
    return ContentsOf(*view);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  RecordPatch patch_;
};

RC_GTEST_PROP(AggregatePropertyTest, CellsAgreeWithTheModel, ()) {
  Numbers numbers;
  const CellRule rule = AnyRule();
  Stream stream = RandomStream(numbers, rule, static_cast<size_t>(numbers.Between(1, 80)), {});
  Record record;
  AggregateModel model;
  for (RecordPatch::CellIncrement& increment : stream.increments) {
    if (numbers.OneIn(3)) increment.number = numbers.Between(-6, 3);
    if (numbers.OneIn(4)) increment.keep_from_bucket = numbers.Bucket(-5, 3);
    if (numbers.OneIn(30)) increment.keep_from_bucket = 9;
    record.patch().AddToCells(increment);
    model.AddToCells(increment);
    if (numbers.OneIn(3)) RC_ASSERT(record.Contents() == model.Contents());
  }
  RC_ASSERT(record.Contents() == model.Contents());
}

RC_GTEST_PROP(AggregatePropertyTest, CellsPastTheirBoundsAgreeWithTheModel, ()) {
  Numbers numbers;
  const CellRule rule = AnyRule();
  const bool many = rule == CellRule::kTop || rule == CellRule::kCases;
  const Spread spread{.values = many ? 400 : 5,
                      .buckets = many ? 1 : 1000,
                      .times = numbers.OneIn(2) ? 3 : 1000,
                      .one_type = many};
  Stream stream = RandomStream(numbers, rule, many ? 1000 : 4000, spread);
  Record record;
  AggregateModel model;
  for (RecordPatch::CellIncrement& increment : stream.increments) {
    if (numbers.OneIn(1500)) increment.keep_from_bucket = numbers.Bucket(-1000, 1);
    record.patch().AddToCells(increment);
    model.AddToCells(increment);
    if (numbers.OneIn(100)) record.Turn();
  }
  const auto contents = record.Contents();
  RC_ASSERT(contents == model.Contents());
  RC_CLASSIFY(contents.at(1).incomplete);
}

RC_GTEST_PROP(AggregatePropertyTest, TheOrderOfIncrementsIsOfNoEffectWhileNothingIsDropped, ()) {
  Numbers numbers;
  const CellRule rule = AnyRule();
  Stream stream = RandomStream(numbers, rule, static_cast<size_t>(numbers.Between(1, 60)), {});
  const int32_t keep_from = numbers.Bucket(-5, 5);
  for (auto& increment : stream.increments) increment.keep_from_bucket = keep_from;
  std::string first_order;
  for (int i = 0; i < 3; ++i) {
    Record record;
    for (const auto& increment : stream.increments) record.patch().AddToCells(increment);
    record.Turn();
    if (i == 0) first_order = record.bytes();
    RC_ASSERT(record.bytes() == first_order);
    std::shuffle(stream.increments.begin(), stream.increments.end(), numbers.random());
  }
}

RC_GTEST_PROP(AggregatePropertyTest, DistinctValuesAgreeWithTheModel, ()) {
  Numbers numbers;
  std::vector<uint64_t> hashes(static_cast<size_t>(*rc::gen::element(3, 256, 257, 300, 1500)));
  for (uint64_t& hash : hashes) hash = numbers.Hash();
  const int64_t length = 2 * static_cast<int64_t>(hashes.size());
  const int64_t horizon = *rc::gen::element(6, 20, 60);
  const bool is_emptied = numbers.OneIn(3);
  Record record;
  AggregateModel model;
  for (int64_t i = 0; i < length; ++i) {
    const int64_t now = i * 40 / length;
    RecordPatch::DistinctIncrement increment{
        .aggregate = 1,
        .hash = hashes[static_cast<size_t>(
            numbers.Between(0, static_cast<int64_t>(hashes.size()) - 1))],
        .bucket = numbers.Bucket(now - 10, now),
        .keep_from_bucket = numbers.Bucket(now - horizon - 3, now - horizon)};
    if (is_emptied && numbers.OneIn(700)) increment.keep_from_bucket = numbers.Bucket(now, now + 1);
    record.patch().AddDistinct(increment);
    model.AddDistinct(increment);
    if (numbers.OneIn(50)) record.Turn();
  }
  const auto contents = record.Contents();
  RC_ASSERT(contents == model.Contents());
  RC_TAG(contents.count(1) == 0 ? "nothing" : contents.at(1).is_sketch ? "sketch" : "values");
}

RC_GTEST_PROP(AggregatePropertyTest, TheOrderOfDistinctValuesIsOfNoEffectOnTheSketch, ()) {
  Numbers numbers;
  std::vector<RecordPatch::DistinctIncrement> increments(
      static_cast<size_t>(numbers.Between(200, 900)));
  for (auto& increment : increments) {
    increment = {.aggregate = 1, .hash = numbers.Hash(), .bucket = numbers.Bucket(0, 30)};
    increment.keep_from_bucket = 3;
  }
  std::string first_order;
  for (int i = 0; i < 3; ++i) {
    Record record;
    for (const auto& increment : increments) record.patch().AddDistinct(increment);
    record.Turn();
    if (i == 0) first_order = record.bytes();
    RC_ASSERT(record.bytes() == first_order);
    std::shuffle(increments.begin(), increments.end(), numbers.random());
  }
}

// Whatever comes for an aggregate of another kind or rule is passed over; flags stay until the
// aggregate is cleared.
RC_GTEST_PROP(AggregatePropertyTest, KindsRulesAndFlagsAgreeWithTheModel, ()) {
  Numbers numbers;
  Record record;
  AggregateModel model;
  const int64_t steps = numbers.Between(1, 60);
  for (int64_t i = 0; i < steps; ++i) {
    const uint32_t id = static_cast<uint32_t>(numbers.Between(0, 2));
    const Value value = Value::String("case");
    const RecordPatch::CellIncrement cell{.aggregate = id,
                                          .rule = static_cast<CellRule>(numbers.Between(1, 6)),
                                          .bucket = numbers.Bucket(0, 4),
                                          .time_us = 0,
                                          .number = numbers.Between(-2, 2),
                                          .closes = false,
                                          .value = &value,
                                          .keep_from_bucket = numbers.Bucket(0, 4)};
    const RecordPatch::DistinctIncrement distinct{.aggregate = id,
                                                  .hash = numbers.Hash(),
                                                  .bucket = numbers.Bucket(0, 4),
                                                  .keep_from_bucket = numbers.Bucket(0, 4)};
    switch (numbers.Between(0, 6)) {
      case 0:
        record.patch().AddToAggregate(
            {.aggregate = id, .bucket = 1, .count = 1, .sum = 1, .event_us = 1});
        model.AddToBuckets(id);
        break;
      case 1:
        record.patch().MarkStale(id);
        model.MarkStale(id);
        break;
      case 2:
        record.patch().ClearAggregate(id);
        model.Clear(id);
        break;
      case 3:
      case 4:
        record.patch().AddDistinct(distinct);
        model.AddDistinct(distinct);
        break;
      default:
        record.patch().AddToCells(cell);
        model.AddToCells(cell);
        break;
    }
    if (numbers.OneIn(4)) RC_ASSERT(record.Contents() == model.Contents());
  }
  RC_ASSERT(record.Contents() == model.Contents());
}

}  // namespace
}  // namespace touchstone::store
