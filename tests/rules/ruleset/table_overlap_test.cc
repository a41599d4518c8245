#include "rules/ruleset/table_overlap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <random>

namespace touchstone::rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr ValueDomain kTexts = {true, {}, false};
constexpr ValueDomain kDoubles = {false, {INT64_MIN, INT64_MAX}, true};

TEST(TableOverlapTest, RowsMeetWhereEachColumnLetsThem) {
  const ValueSet young = ValueSet::Keys(0, 17);
  const ValueSet adult = ValueSet::Keys(18, 64);
  const ValueSet from_16 = ValueSet::Keys(16, INT64_MAX);
  const ValueSet gold = ValueSet::Text("gold");
  const ValueSet no_gold = gold.Complement(kTexts);
  EXPECT_THAT(OverlappingRows({{&young, &adult}}, 2, 9), IsEmpty());
  EXPECT_THAT(OverlappingRows({{&young, &from_16}}, 2, 9), ElementsAre(RowPair{0, 1}));
  EXPECT_THAT(OverlappingRows({{&young, &from_16}, {&gold, &no_gold}}, 2, 9), IsEmpty());
  EXPECT_THAT(OverlappingRows({{&young, &from_16}, {&gold, nullptr}}, 2, 9),
              ElementsAre(RowPair{0, 1}));
  EXPECT_THAT(OverlappingRows({{&young, &from_16, &adult}}, 3, 1), ElementsAre(RowPair{0, 1}));
}

TEST(TableOverlapTest, ARowIsCoveredWhereEachColumnIs) {
  const ValueSet adult = ValueSet::Keys(18, 64);
  const ValueSet from_16 = ValueSet::Keys(16, INT64_MAX);
  const ValueSet gold = ValueSet::Text("gold");
  EXPECT_THAT(CoveredRows({{&from_16, &adult}}, 2, 9), ElementsAre(RowPair{0, 1}));
  EXPECT_THAT(CoveredRows({{&adult, &from_16}}, 2, 9), IsEmpty());
  EXPECT_THAT(CoveredRows({{&from_16, &adult}, {&gold, nullptr}}, 2, 9), IsEmpty());
  // What takes anything takes an input without a value too, which no set does.
  const ValueSet all = ValueSet::All(kDoubles);
  EXPECT_THAT(CoveredRows({{&all, nullptr}}, 2, 9), IsEmpty());
  EXPECT_THAT(CoveredRows({{nullptr, &all}}, 2, 9), ElementsAre(RowPair{0, 1}));
}

// A few values stand for all: each of those that sets are made of, one beside them, NaN.
struct Column {
  bool is_text = false;
  std::deque<ValueSet> sets;
  TableColumn cells;
};

constexpr const char* kWords[] = {"a", "b", "c", "d"};  // d stands in no set
constexpr int kPoints = 13;                             // keys -1 to 11: those of sets lie within

bool Takes(const ValueSet* set, bool is_text, int point) {
  if (set == nullptr) return true;
  if (is_text) return set->ContainsText(kWords[point % 4]);
  return point == kPoints ? set->nan() : set->ContainsKey(point - 1);
}

size_t Below(std::mt19937_64& random, size_t bound) { return random() % bound; }

Column RandomColumn(std::mt19937_64& random, size_t rows) {
  Column column;
  column.is_text = Below(random, 2) == 0;
  for (size_t i = 0; i < rows; ++i) {
    if (Below(random, 4) == 0) {
      column.cells.push_back(nullptr);
      continue;
    }
    ValueSet set;
    if (column.is_text) {
      std::vector<std::string> words = {kWords[Below(random, 3)]};
      if (Below(random, 2) == 0) words.emplace_back(kWords[Below(random, 3)]);
      set = ValueSet::Texts(words);
      if (Below(random, 2) == 0) set = set.Complement(kTexts);
    } else {
      std::vector<KeyInterval> parts;
      for (size_t n = 1 + Below(random, 3); n > 0; --n) {
        const auto first = static_cast<int64_t>(Below(random, 9));
        parts.push_back({first, first + static_cast<int64_t>(Below(random, 3))});
      }
      set = ValueSet::KeyIntervals(parts);
      if (Below(random, 3) == 0) set = set.Complement(kDoubles);
    }
    column.sets.push_back(std::move(set));
    column.cells.push_back(&column.sets.back());
  }
  return column;
}

RC_GTEST_PROP(TableOverlapTest, AgreesWithTryingOutEveryValue, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  const size_t rows = 1 + Below(random, 6);
  std::deque<Column> columns;  // which cells point into, so that none may move
  for (size_t n = 1 + Below(random, 3); n > 0; --n) columns.push_back(RandomColumn(random, rows));
  std::vector<TableColumn> cells;
  for (const Column& column : columns) cells.push_back(column.cells);
  // Whether some value of the column does as asked for both rows.
  const auto all_columns = [&](const auto& holds) {
    return std::all_of(columns.begin(), columns.end(), holds);
  };
  std::vector<RowPair> overlapping;
  std::vector<RowPair> covered;
  for (uint32_t a = 0; a < rows; ++a) {
    for (uint32_t b = a + 1; b < rows; ++b) {
      const bool meet = all_columns([&](const Column& column) {
        for (int point = 0; point <= kPoints; ++point) {
          if (Takes(column.cells[a], column.is_text, point) &&
              Takes(column.cells[b], column.is_text, point)) {
            return true;
          }
        }
        return false;
      });
      if (!meet) continue;
      overlapping.push_back({a, b});
      break;
    }
  }
  for (uint32_t b = 0; b < rows; ++b) {
    for (uint32_t a = 0; a < b; ++a) {
      const bool covers = all_columns([&](const Column& column) {
        if (column.cells[b] == nullptr) return column.cells[a] == nullptr;
        for (int point = 0; point <= kPoints; ++point) {
          if (Takes(column.cells[b], column.is_text, point) &&
              !Takes(column.cells[a], column.is_text, point)) {
            return false;
          }
        }
        return true;
      });
      if (!covers) continue;
      covered.push_back({a, b});
      break;
    }
  }
  RC_ASSERT(OverlappingRows(cells, rows, rows) == overlapping);
  RC_ASSERT(CoveredRows(cells, rows, rows) == covered);
}

}  // namespace
}  // namespace touchstone::rules
