#pragma once

// The slow truth of aggregates of cells and of distinct values: every increment that still counts,
// in maps, from which what a record should hold is worked out anew each time.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "store/record.h"
#include "store/record_patch.h"

namespace touchstone::store {

// Type, currency, number, text: as a tuple they are in the order in which values are compared. A
// long double holds every int64 and every double.
using ModelValue = std::tuple<int, std::string, long double, std::string>;

struct ModelCell {
  int32_t bucket;
  int64_t time_us;
  int64_t number;
  bool closed;
  ModelValue value;

  friend bool operator==(const ModelCell&, const ModelCell&) = default;
};

// What can be read of an aggregate. Buckets are not modelled here, but for their being there.
struct AggregateContents {
  AggregateView::Kind kind;
  bool stale = false;
  bool incomplete = false;
  int rule = 0;
  bool is_sketch = false;
  std::vector<ModelCell> cells;
  std::vector<DistinctEntry> entries;

  friend bool operator==(const AggregateContents&, const AggregateContents&) = default;
};

std::map<uint32_t, AggregateContents> ContentsOf(const RecordView& record);

class AggregateModel {
 public:
  void AddToBuckets(uint32_t aggregate);
  void AddToCells(const RecordPatch::CellIncrement& increment);
  void AddDistinct(const RecordPatch::DistinctIncrement& increment);
  void MarkStale(uint32_t aggregate);
  void Clear(uint32_t aggregate);

  std::map<uint32_t, AggregateContents> Contents() const;

 private:
  struct Aggregate {
    AggregateView::Kind kind = AggregateView::Kind::kBuckets;
    CellRule rule = CellRule::kLeast;
    bool stale = false;
    bool incomplete = false;
    // One a bucket: all that came, time and value.
    std::map<int32_t, std::vector<std::pair<int64_t, ModelValue>>> buckets;
    std::map<int32_t, std::map<ModelValue, long double>> weights;
    std::map<ModelValue, std::vector<std::pair<int64_t, bool>>> cases;  // time, closes
    std::map<uint64_t, std::set<int32_t>> hashes;
    bool is_sketch = false;

    size_t size() const;
    void DropOne();
    AggregateContents Contents() const;
    std::vector<ModelCell> Cells() const;
    std::vector<DistinctEntry> Entries() const;
  };

  Aggregate* Find(uint32_t id, AggregateView::Kind kind, CellRule rule);
  void ForgetIfEmpty(uint32_t id);

  std::map<uint32_t, Aggregate> aggregates_;
};

}  // namespace touchstone::store
