#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "store/record.h"
#include "store/record_layout.h"
#include "store/record_patch.h"

namespace touchstone::store {
namespace {

constexpr uint32_t kId = 7;

std::string Patched(absl::string_view record, const RecordPatch& patch) {
  absl::StatusOr<std::string> bytes = ApplyPatches(record, {absl::string_view(patch.bytes())});
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return bytes.value_or("");
}

// One aggregate as the record's section holds it, and the view on it.
class Aggregate {
 public:
  explicit Aggregate(const RecordPatch& patch) : bytes_(Patched("", patch)) {}
  Aggregate(uint32_t kind_and_flags, absl::string_view body) {
    using layout::AppendNumber;
    const size_t section_bytes = layout::kAggregateBytes + body.size();
    AppendNumber(&bytes_, layout::kMagic);
    AppendNumber(&bytes_, layout::kRecordFormat);
    AppendNumber(&bytes_, static_cast<uint32_t>(layout::kHeaderBytes + layout::kSectionBytes +
                                                section_bytes));
    AppendNumber(&bytes_, uint64_t{0});
    AppendNumber(&bytes_, uint32_t{1});
    AppendNumber(&bytes_, static_cast<uint16_t>(layout::kAggregates));
    AppendNumber(&bytes_, uint16_t{0});
    AppendNumber(&bytes_, uint32_t{1});
    AppendNumber(&bytes_, static_cast<uint32_t>(section_bytes));
    AppendNumber(&bytes_, kId);
    AppendNumber(&bytes_, kind_and_flags);
    AppendNumber(&bytes_, uint32_t{0});
    AppendNumber(&bytes_, static_cast<uint32_t>(body.size()));
    bytes_.append(body.data(), body.size());
  }

  void Apply(const RecordPatch& patch) { bytes_ = Patched(bytes_, patch); }

  const std::string& bytes() const { return bytes_; }
  absl::StatusCode code() const { return RecordView::Parse(bytes_).status().code(); }
  std::optional<AggregateView> Find() const {
    const absl::StatusOr<RecordView> record = RecordView::Parse(bytes_);
    EXPECT_TRUE(record.ok()) << record.status();
    return record.value_or(RecordView()).FindAggregate(kId);
  }
  AggregateView view() const { return *Find(); }

 private:
  std::string bytes_;
};

RecordPatch::CellIncrement Increment(CellRule rule, int32_t bucket, const Value& value) {
  return {.aggregate = kId,
          .rule = rule,
          .bucket = bucket,
          .time_us = 0,
          .number = 1,
          .closes = false,
          .value = &value};
}

void AddCase(RecordPatch* patch, absl::string_view name, int64_t time_us, bool closes) {
  const Value value = Value::String(name);
  RecordPatch::CellIncrement increment = Increment(CellRule::kCases, 0, value);
  increment.time_us = time_us;
  increment.closes = closes;
  patch->AddToCells(increment);
}

void AddHash(RecordPatch* patch, uint64_t hash, int32_t bucket,
             int32_t keep_from = std::numeric_limits<int32_t>::min()) {
  patch->AddDistinct(
      {.aggregate = kId, .hash = hash, .bucket = bucket, .keep_from_bucket = keep_from});
}

std::vector<std::string> CaseNames(const AggregateView& view) {
  std::vector<std::string> names;
  for (size_t i = 0; i < view.cell_count(); ++i) {
    names.emplace_back(view.cell(i).value.string_value());
  }
  return names;
}

TEST(AggregateTest, LeastAndGreatestCompareNumbersBelowZeroToo) {
  const auto of = [](CellRule rule, const std::vector<Value>& values) {
    RecordPatch patch;
    for (const Value& value : values) patch.AddToCells(Increment(rule, 3, value));
    const Aggregate aggregate(patch);
    EXPECT_EQ(aggregate.view().cell_count(), 1u);
    EXPECT_EQ(aggregate.view().cell(0).bucket, 3);
    EXPECT_EQ(aggregate.view().cell(0).time_us, 0);
    return aggregate.view().cell(0).value.inline_payload();
  };
  const std::vector<Value> amounts = {Value::Money(5, "EUR"), Value::Money(-700, "EUR"),
                                      Value::Money(90, "EUR")};
  EXPECT_EQ(of(CellRule::kLeast, amounts), -700);
  EXPECT_EQ(of(CellRule::kGreatest, amounts), 90);
  const std::vector<Value> doubles = {Value::Double(-0.5), Value::Double(-3.5), Value::Double(2.0),
                                      Value::Double(std::numeric_limits<double>::quiet_NaN())};
  EXPECT_EQ(of(CellRule::kLeast, doubles), Value::Double(-3.5).inline_payload());
  EXPECT_EQ(of(CellRule::kGreatest, doubles), Value::Double(2.0).inline_payload());
}

TEST(AggregateTest, ValuesThatShouldNeverMeetAreOrderedByTypeThenCurrency) {
  RecordPatch patch;
  const Value dollars = Value::Money(1, "USD");
  const Value euros = Value::Money(900, "EUR");
  const Value text = Value::String("");
  for (const Value* value : {&text, &dollars, &euros}) {
    patch.AddToCells(Increment(CellRule::kLeast, 1, *value));
  }
  EXPECT_EQ(Aggregate(patch).view().cell(0).value.currency_code(), "EUR");
}

TEST(AggregateTest, TheLatestOfEqualTimesIsTheGreaterText) {
  RecordPatch patch;
  const Value shoes = Value::String("shoes");
  const Value bread = Value::String("bread");
  for (const Value* value : {&bread, &shoes, &bread}) {
    patch.AddToCells(Increment(CellRule::kLatest, 1, *value));
  }
  EXPECT_EQ(Aggregate(patch).view().cell(0).value.string_value(), "shoes");
}

TEST(AggregateTest, AValueWhoseWeightsAreTakenBackLeavesAndTheAggregateWithItsLast) {
  const Value value = Value::String("coffee");
  RecordPatch::CellIncrement increment = Increment(CellRule::kTop, 1, value);
  RecordPatch patch;
  increment.number = 2;
  patch.AddToCells(increment);
  Aggregate aggregate(patch);
  EXPECT_EQ(aggregate.view().cell(0).number, 2);
  patch.Clear();
  increment.number = -2;
  patch.AddToCells(increment);
  aggregate.Apply(patch);
  EXPECT_FALSE(aggregate.Find().has_value());
}

TEST(AggregateTest, ACaseKnowsItsTimesAndWhetherItsLatestEventClosedIt) {
  RecordPatch patch;
  AddCase(&patch, "A", 20, false);
  AddCase(&patch, "B", 10, true);
  AddCase(&patch, "A", 30, true);
  AddCase(&patch, "A", 15, false);
  AddCase(&patch, "B", 40, true);
  AddCase(&patch, "B", 40, false);
  AddCase(&patch, "C", 50, true);
  AddCase(&patch, "C", 51, false);
  const Aggregate aggregate(patch);
  const AggregateView view = aggregate.view();
  EXPECT_EQ(view.rule(), CellRule::kCases);
  ASSERT_EQ(CaseNames(view), (std::vector<std::string>{"B", "A", "C"}));
  EXPECT_EQ(view.cell(0).number, 40);
  EXPECT_TRUE(view.cell(0).closed);
  EXPECT_EQ(view.cell(1).time_us, 15);
  EXPECT_EQ(view.cell(1).number, 30);
  EXPECT_TRUE(view.cell(1).closed);
  EXPECT_EQ(view.cell(1).bucket, 0);
  EXPECT_FALSE(view.cell(2).closed);
}

TEST(AggregateTest, BeyondTheirBoundTheLowestBucketsGoAndTheRecordSaysSo) {
  RecordPatch patch;
  const Value value = Value::Int64(1);
  for (int32_t day = 0; day < 1024; ++day) {
    patch.AddToCells(Increment(CellRule::kLeast, day, value));
  }
  Aggregate aggregate(patch);
  EXPECT_EQ(aggregate.view().cell_count(), kMaxBuckets);
  EXPECT_FALSE(aggregate.view().incomplete());
  patch.Clear();
  patch.AddToCells(Increment(CellRule::kLeast, 5000, value));
  aggregate.Apply(patch);
  EXPECT_EQ(aggregate.view().cell_count(), kMaxBuckets);
  EXPECT_EQ(aggregate.view().cell(0).bucket, 1);
  EXPECT_TRUE(aggregate.view().incomplete());
}

TEST(AggregateTest, BeyondTheBoundOfTopTheLeastWeightOfTheLowestBucketGoes) {
  RecordPatch patch;
  const auto add = [&](int32_t bucket, int64_t number, int64_t weight) {
    const Value value = Value::Int64(number);
    RecordPatch::CellIncrement increment = Increment(CellRule::kTop, bucket, value);
    increment.number = weight;
    patch.AddToCells(increment);
  };
  add(1, 10, 5);
  add(1, 20, 2);
  add(1, 30, 2);
  for (int64_t i = 3; i < 256; ++i) add(2, i, 1);
  Aggregate aggregate(patch);
  EXPECT_EQ(aggregate.view().cell_count(), kMaxCells);
  EXPECT_FALSE(aggregate.view().incomplete());
  patch.Clear();
  add(2, 1000, 1);
  aggregate.Apply(patch);
  ASSERT_EQ(aggregate.view().cell_count(), kMaxCells);
  EXPECT_TRUE(aggregate.view().incomplete());
  EXPECT_EQ(aggregate.view().cell(1).value.int64_value(), 20);
  EXPECT_EQ(aggregate.view().cell(2).bucket, 2);
}

TEST(AggregateTest, BeyondTheBoundOfCasesAClosedOneGoesBeforeAnOpenOne) {
  RecordPatch patch;
  for (int i = 0; i < 254; ++i) AddCase(&patch, absl::StrCat("open ", i), 100 + i, false);
  AddCase(&patch, "closed late", 900, true);
  AddCase(&patch, "closed early", 800, true);
  Aggregate aggregate(patch);
  EXPECT_EQ(aggregate.view().cell_count(), kMaxCells);
  EXPECT_FALSE(aggregate.view().incomplete());
  const auto names_after = [&](absl::string_view name) {
    patch.Clear();
    AddCase(&patch, name, 950, false);
    aggregate.Apply(patch);
    EXPECT_EQ(aggregate.view().cell_count(), kMaxCells);
    return CaseNames(aggregate.view());
  };
  std::vector<std::string> names = names_after("new 1");
  EXPECT_TRUE(aggregate.view().incomplete());
  EXPECT_EQ(names[254], "closed late");
  EXPECT_EQ(names[0], "open 0");
  names = names_after("new 2");
  EXPECT_EQ(names[254], "new 1");
  EXPECT_EQ(names[0], "open 0");
  EXPECT_EQ(names_after("new 3")[0], "open 1");
}

TEST(AggregateTest, DistinctValuesBecomeASketchBeyondTheirBoundAndGoWithTheLastPair) {
  RecordPatch patch;
  for (uint64_t i = 0; i < 255; ++i) AddHash(&patch, i << 56, 5);
  AddHash(&patch, ~uint64_t{0}, 5);
  AddHash(&patch, ~uint64_t{0}, 4);
  Aggregate aggregate(patch);
  EXPECT_FALSE(aggregate.view().is_sketch());
  EXPECT_EQ(aggregate.view().entry_count(), kMaxDistinctValues);
  EXPECT_EQ(aggregate.view().entry(255), (DistinctEntry{~uint64_t{0}, 0, 0, 5}));

  patch.Clear();
  AddHash(&patch, 0x0100000000000001u, 9);
  aggregate.Apply(patch);
  const AggregateView sketch = aggregate.view();
  EXPECT_TRUE(sketch.is_sketch());
  ASSERT_EQ(sketch.entry_count(), 257u);
  EXPECT_EQ(sketch.entry(0), (DistinctEntry{0, 0, 57, 5}));
  EXPECT_EQ(sketch.entry(1), (DistinctEntry{0, 1, 56, 9}));
  EXPECT_EQ(sketch.entry(2), (DistinctEntry{0, 1, 57, 5}));
  EXPECT_EQ(sketch.entry(256), (DistinctEntry{0, 255, 1, 5}));

  patch.Clear();
  AddHash(&patch, 1, 9, 6);
  aggregate.Apply(patch);
  EXPECT_TRUE(aggregate.view().is_sketch());
  EXPECT_EQ(aggregate.view().entry_count(), 2u);
  patch.Clear();
  AddHash(&patch, 2, 10, 10);
  aggregate.Apply(patch);
  EXPECT_FALSE(aggregate.view().is_sketch());
  EXPECT_EQ(aggregate.view().entry_count(), 1u);
  patch.Clear();
  AddHash(&patch, 2, 10, 11);
  aggregate.Apply(patch);
  EXPECT_FALSE(aggregate.Find().has_value());
}

TEST(AggregateTest, HashesThatArePrunedMakeRoomBeforeASketchIsNeeded) {
  RecordPatch patch;
  for (uint64_t i = 0; i < 256; ++i) AddHash(&patch, i, i == 0 ? 1 : 2);
  AddHash(&patch, 1000, 2, 2);
  EXPECT_FALSE(Aggregate(patch).view().is_sketch());
}

TEST(AggregateTest, AStaleAggregateStaysSoUntilItIsCleared) {
  RecordPatch patch;
  patch.MarkStale(kId);
  EXPECT_FALSE(Aggregate(patch).Find().has_value());
  AddHash(&patch, 1, 1);
  patch.MarkStale(kId);
  AddHash(&patch, 2, 2, 3);  // leaves nothing
  Aggregate aggregate(patch);
  ASSERT_TRUE(aggregate.Find().has_value());
  EXPECT_EQ(aggregate.view().entry_count(), 0u);
  EXPECT_TRUE(aggregate.view().stale());
  EXPECT_FALSE(aggregate.view().incomplete());
  patch.Clear();
  patch.ClearAggregate(kId);
  AddHash(&patch, 2, 2);
  aggregate.Apply(patch);
  EXPECT_FALSE(aggregate.view().stale());
}

TEST(AggregateTest, BucketsCanBeStaleToo) {
  RecordPatch patch;
  patch.AddToAggregate({.aggregate = kId, .bucket = 1, .count = 1, .sum = 2, .event_us = 3});
  patch.MarkStale(kId);
  patch.AddToAggregate({.aggregate = kId, .bucket = 1, .count = 1, .sum = 2, .event_us = 3});
  const Aggregate aggregate(patch);
  EXPECT_TRUE(aggregate.view().stale());
  EXPECT_EQ(aggregate.view().bucket(0), (Bucket{1, 2, 4}));
}

TEST(AggregateTest, ARecordHoldsItsLimitOfAggregatesOfEveryKind) {
  RecordPatch patch;
  const Value value = Value::Int64(1);
  for (uint32_t id = 0; id < 2 * kMaxAggregates; id += 2) {
    RecordPatch::CellIncrement increment = Increment(CellRule::kLatest, 1, value);
    increment.aggregate = id;
    patch.AddToCells(increment);
    patch.AddDistinct({.aggregate = id + 1, .hash = 1, .bucket = 1});
  }
  const std::string bytes = Patched("", patch);
  EXPECT_EQ(RecordView::Parse(bytes)->aggregate_count(), kMaxAggregates);
}

// Bytes as they were written before there were other kinds and flags.
std::string BucketsOfOld() {
  std::string body;
  layout::AppendNumber(&body, int64_t{100});
  layout::AppendNumber(&body, int64_t{200});
  layout::AppendNumber(&body, int32_t{19000});
  layout::AppendNumber(&body, int64_t{2});
  layout::AppendNumber(&body, int64_t{350});
  return body;
}

TEST(AggregateTest, RecordsOfOldAreReadAndWrittenAsBefore) {
  Aggregate aggregate(1, BucketsOfOld());
  EXPECT_EQ(aggregate.view().kind(), AggregateView::Kind::kBuckets);
  EXPECT_FALSE(aggregate.view().stale());
  EXPECT_FALSE(aggregate.view().incomplete());
  EXPECT_EQ(aggregate.view().last_us(), 200);
  EXPECT_EQ(aggregate.view().bucket(0), (Bucket{19000, 2, 350}));
  const std::string before = aggregate.bytes();
  RecordPatch patch;
  patch.AddToAggregate({.aggregate = kId, .bucket = 19000, .count = 0, .sum = 0, .event_us = 150});
  aggregate.Apply(patch);
  EXPECT_EQ(aggregate.bytes(), before);
}

TEST(AggregateTest, FlagsThatAreNotKnownSurviveRewriting) {
  Aggregate aggregate(0xabcdf001u, BucketsOfOld());
  EXPECT_FALSE(aggregate.view().stale());
  RecordPatch patch;
  patch.AddToAggregate({.aggregate = kId, .bucket = 19001, .count = 1, .sum = 0, .event_us = 150});
  patch.MarkStale(kId);
  aggregate.Apply(patch);
  EXPECT_TRUE(aggregate.view().stale());
  EXPECT_EQ(aggregate.view().bucket_count(), 2u);
  const char* cell = aggregate.bytes().data() + layout::kHeaderBytes + layout::kSectionBytes;
  EXPECT_EQ(LoadNumber<uint32_t>(cell + 4), 0xabcdf101u);
}

TEST(AggregateTest, KindsRulesAndFormsThatAreNotKnownSurviveRewriting) {
  const std::vector<std::pair<uint32_t, std::string>> unknown = {
      {4, "tomorrow"}, {2, std::string("\x07\x00tomorrow", 10)}, {3, "\x03tomorrow"}};
  const Value value = Value::Int64(1);
  for (const auto& [kind, body] : unknown) {
    Aggregate aggregate(kind, body);
    EXPECT_FALSE(aggregate.Find().has_value()) << kind;
    const std::string before = aggregate.bytes();
    RecordPatch patch;
    for (int rule = 1; rule <= 5; ++rule) {
      patch.AddToCells(Increment(static_cast<CellRule>(rule), 1, value));
    }
    AddHash(&patch, 1, 1);
    patch.AddToAggregate({.aggregate = kId, .bucket = 1, .count = 1, .sum = 0, .event_us = 150});
    aggregate.Apply(patch);
    EXPECT_EQ(aggregate.bytes(), before) << kind;
  }
}

// Bodies as docs/formats/record.md gives them, byte by byte.
TEST(AggregateTest, CellsAreWrittenAsTheFormatSays) {
  RecordPatch patch;
  const Value value = Value::String("ab");
  RecordPatch::CellIncrement increment = Increment(CellRule::kTop, -1, value);
  increment.number = 3;
  patch.AddToCells(increment);
  EXPECT_EQ(Aggregate(patch).bytes(),
            Aggregate(2, absl::HexStringToBytes("05000100"          // rule, count
                                                "ffffffff"          // bucket
                                                "0300000000000000"  // weight
                                                "80000000"          // a string
                                                "0000000002000000"  // offset, length
                                                "6162"))
                .bytes());
  patch.Clear();
  AddCase(&patch, "c", 1, false);
  AddCase(&patch, "c", 2, true);
  EXPECT_EQ(Aggregate(patch).view().cell(0).value.string_value(), "c");
  EXPECT_EQ(Aggregate(patch).bytes(),
            Aggregate(2, absl::HexStringToBytes("06000100"          // rule, count
                                                "01000000"          // closed
                                                "0100000000000000"  // earliest
                                                "0200000000000000"  // latest
                                                "800000000000000001000000"
                                                "63"))
                .bytes());
}

TEST(AggregateTest, RefusesBodiesThatBreakTheFormat) {
  const std::string slot(12, '\0');  // of a type that is not known, without a text
  const std::string least_1("\x01\0\0\0", 4);
  const std::string least_2("\x02\0\0\0", 4);
  const std::string weight("\x01\0\0\0\0\0\0\0", 8);
  const std::string none(8, '\0');
  const std::string text("\x80\0\0\0\0\0\0\0\0\0\0\0", 12);
  const auto cells = [](char rule, char count, const std::string& rest) {
    return std::string({rule, 0, count, 0}) + rest;
  };
  const std::vector<std::pair<uint32_t, std::string>> good = {
      {2, cells(1, 2, least_1 + slot + least_2 + slot)},
      {2, cells(1, 0, "")},
      {2, cells(5, 1, least_1 + weight + slot)},
      {2, cells(6, 1, least_1 + none + none + text)},
      {2, cells(3, 1, least_1 + none + text)},
      {3, std::string("\x01", 1)},
      {3, "\x01" + std::string(12, '\0')},
      {3, std::string("\x02\x05\x01\x02\0\0\0\x05\x02\x01\0\0\0", 13)}};
  for (const auto& [kind, body] : good) {
    EXPECT_EQ(Aggregate(kind, body).code(), absl::StatusCode::kOk) << absl::CHexEscape(body);
  }
  const std::vector<std::pair<uint32_t, std::string>> bad = {
      {1, std::string(15, '\0')},
      {2, std::string("\x01\0\x01", 3)},
      {2, cells(1, 2, least_2 + slot + least_1 + slot)},
      {2, cells(1, 2, least_1 + slot + least_1 + slot)},
      {2, cells(1, 3, least_1 + slot + least_2 + slot)},
      {2, cells(1, 1, least_1 + slot + "x")},
      {2, cells(5, 1, least_1 + none + slot)},
      {2, cells(5, 2, least_1 + weight + slot + least_1 + weight + slot)},
      {2, cells(6, 1, least_2 + none + none + text)},
      {2, cells(6, 1, least_1 + weight + none + text)},
      {2, cells(6, 1, least_1 + none + none + slot)},
      {2, cells(3, 1, least_1 + none + text.substr(0, 8) + "\x01" + std::string(3, '\0'))},
      {3, ""},
      {3, "\x01" + std::string(11, '\0')},
      {3, "\x01" + std::string(24, '\0')},
      {3, std::string("\x02\x05\x01\x02\0\0", 6)},
      {3, std::string("\x02\x05\0\x02\0\0\0", 7)},
      {3, std::string("\x02\x05\x3a\x02\0\0\0", 7)},
      {3, std::string("\x02\x05\x01\x02\0\0\0\x05\x01\x01\0\0\0", 13)},
      {3, std::string("\x02\x05\x01\x02\0\0\0\x05\x02\x02\0\0\0", 13)},
      {3, std::string("\x02\x05\x01\x02\0\0\0\x04\x02\x01\0\0\0", 13)}};
  for (const auto& [kind, body] : bad) {
    EXPECT_EQ(Aggregate(kind, body).code(), absl::StatusCode::kDataLoss) << absl::CHexEscape(body);
  }
}

TEST(AggregateTest, IncrementsAreSmallWrites) {
  RecordPatch patch;
  const Value value = Value::Int64(std::numeric_limits<int64_t>::max());
  patch.AddToCells(Increment(CellRule::kGreatest, 20000, value));
  EXPECT_LE(patch.bytes().size(), 60u);
  patch.Clear();
  AddHash(&patch, ~uint64_t{0}, 20000, 19000);
  EXPECT_LE(patch.bytes().size(), 60u);
}

TEST(AggregateTest, APatchTakesATextAtItsBoundAndRefusesOnePastIt) {
  const auto status = [](CellRule rule, const Value& value) {
    RecordPatch patch;
    patch.AddToCells(Increment(rule, 1, value));
    return ValidatePatch(patch.bytes()).code();
  };
  const auto kRefused = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(status(CellRule::kTop, Value::String(std::string(128, 'x'))), absl::StatusCode::kOk);
  EXPECT_EQ(status(CellRule::kTop, Value::String(std::string(129, 'x'))), kRefused);
  EXPECT_EQ(status(CellRule::kTop, Value::StringList({"a"})), kRefused);
  EXPECT_EQ(status(CellRule::kCases, Value::Int64(1)), kRefused);
  const Value value = Value::Int64(1);
  RecordPatch patch;
  patch.AddToCells(Increment(CellRule::kLeast, 1, value));
  for (const char rule : {'\0', '\7'}) {
    std::string bytes = patch.bytes();
    bytes[layout::kOperationHeaderBytes + 4] = rule;
    EXPECT_EQ(ValidatePatch(bytes).code(), kRefused);
  }
}

}  // namespace
}  // namespace touchstone::store
