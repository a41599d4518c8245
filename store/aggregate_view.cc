#include "store/aggregate_view.h"

#include "store/cell_value.h"
#include "store/record_layout.h"

namespace touchstone::store {
namespace {

absl::Status Malformed() { return absl::DataLossError("record: malformed aggregate"); }

bool AreBucketsWellFormed(absl::string_view body) {
  if (body.size() < layout::kBucketsHeaderBytes ||
      (body.size() - layout::kBucketsHeaderBytes) % layout::kBucketBytes != 0) {
    return false;
  }
  const char* const end = body.data() + body.size();
  const char* bucket = body.data() + layout::kBucketsHeaderBytes;
  if (bucket == end) return true;
  for (const char* next = bucket + layout::kBucketBytes; next != end;
       bucket = next, next += layout::kBucketBytes) {
    if (LoadNumber<int32_t>(next) <= LoadNumber<int32_t>(bucket)) return false;
  }
  return true;
}

CellView CellAt(CellRule rule, const char* cell, const char* heap) {
  const ValueView value(cell + layout::CellSlotAt(static_cast<uint16_t>(rule)), heap);
  CellView view{LoadNumber<int32_t>(cell), 0, 0, false, value};
  if (rule == CellRule::kEarliest || rule == CellRule::kLatest) {
    view.time_us = LoadNumber<int64_t>(cell + 4);
  } else if (rule == CellRule::kTop) {
    view.number = LoadNumber<int64_t>(cell + 4);
  } else if (rule == CellRule::kCases) {
    view.closed = view.bucket != 0;
    view.bucket = 0;
    view.time_us = LoadNumber<int64_t>(cell + 4);
    view.number = LoadNumber<int64_t>(cell + 12);
  }
  return view;
}

// Of one cell whose value's slot is known to be good.
bool IsCellWellFormed(CellRule rule, const char* cell, const CellView& view) {
  if (rule == CellRule::kTop) return view.number > 0;
  if (rule != CellRule::kCases) return true;
  return view.value.type() == ValueType::kString && view.time_us <= view.number &&
         LoadNumber<uint32_t>(cell) <= 1;
}

bool Ascend(CellRule rule, const CellView& cell, const CellView& next) {
  if (cell.bucket != next.bucket) return cell.bucket < next.bucket;
  if (rule != CellRule::kTop && rule != CellRule::kCases) return false;
  if (cell.time_us != next.time_us) return cell.time_us < next.time_us;
  return CellValue::FromView(cell.value) < CellValue::FromView(next.value);
}

bool AreCellsWellFormed(absl::string_view body) {
  if (body.size() < layout::kCellsHeaderBytes) return false;
  const uint16_t rule_number = LoadNumber<uint16_t>(body.data());
  const size_t slot_at = layout::CellSlotAt(rule_number);
  if (slot_at == 0) return true;  // of a later version
  const CellRule rule = static_cast<CellRule>(rule_number);
  const size_t count = LoadNumber<uint16_t>(body.data() + 2);
  const size_t cell_bytes = slot_at + ValueView::kSlotBytes;
  body.remove_prefix(layout::kCellsHeaderBytes);
  if (count > body.size() / cell_bytes) return false;
  const absl::string_view heap = body.substr(count * cell_bytes);
  size_t heap_used = 0;
  const char* at = body.data();
  for (size_t i = 0; i < count; ++i, at += cell_bytes) {
    if (!ValidateSlot(at + slot_at, heap, &heap_used).ok()) return false;
    const CellView cell = CellAt(rule, at, heap.data());
    if (!IsCellWellFormed(rule, at, cell)) return false;
    if (i > 0 && !Ascend(rule, CellAt(rule, at - cell_bytes, heap.data()), cell)) return false;
  }
  return heap_used == heap.size();
}

DistinctEntry HashAt(const char* at) {
  return DistinctEntry{LoadNumber<uint64_t>(at), 0, 0, LoadNumber<int32_t>(at + 8)};
}

DistinctEntry PairAt(const char* at) {
  return DistinctEntry{0, static_cast<uint8_t>(at[0]), static_cast<uint8_t>(at[1]),
                       LoadNumber<int32_t>(at + 2)};
}

bool AreHashesWellFormed(absl::string_view hashes) {
  if (hashes.size() % layout::kHashBytes != 0) return false;
  for (size_t at = layout::kHashBytes; at < hashes.size(); at += layout::kHashBytes) {
    const char* hash = hashes.data() + at;
    if (HashAt(hash).hash <= HashAt(hash - layout::kHashBytes).hash) return false;
  }
  return true;
}

bool ArePairsWellFormed(absl::string_view pairs) {
  if (pairs.size() % layout::kPairBytes != 0) return false;
  DistinctEntry before{};
  for (size_t at = 0; at < pairs.size(); at += layout::kPairBytes) {
    const DistinctEntry pair = PairAt(pairs.data() + at);
    if (pair.rank == 0 || pair.rank > kMaxSketchRank) return false;
    if (at > 0) {
      if (pair.reg < before.reg) return false;
      if (pair.reg == before.reg && (pair.bucket >= before.bucket || pair.rank <= before.rank)) {
        return false;
      }
    }
    before = pair;
  }
  return true;
}

bool IsDistinctWellFormed(absl::string_view body) {
  if (body.empty()) return false;
  const absl::string_view entries = body.substr(1);
  switch (static_cast<uint8_t>(body[0])) {
    case layout::kHashes:
      return AreHashesWellFormed(entries);
    case layout::kSketch:
      return ArePairsWellFormed(entries);
    default:
      return true;  // of a later version
  }
}

}  // namespace

std::optional<AggregateView> AggregateView::Of(uint32_t id, uint8_t kind, uint8_t flags,
                                               absl::string_view body) {
  const AggregateView view(id, static_cast<Kind>(kind), flags, body);
  switch (view.kind_) {
    case Kind::kBuckets:
      return view;
    case Kind::kCells:
      if (layout::CellSlotAt(LoadNumber<uint16_t>(body.data())) == 0) return std::nullopt;
      return view;
    case Kind::kDistinct:
      if (body[0] != layout::kHashes && body[0] != layout::kSketch) return std::nullopt;
      return view;
  }
  return std::nullopt;
}

bool AggregateView::stale() const { return (flags_ & layout::kStale) != 0; }

bool AggregateView::incomplete() const { return (flags_ & layout::kIncomplete) != 0; }

size_t AggregateView::bucket_count() const {
  return (body_.size() - layout::kBucketsHeaderBytes) / layout::kBucketBytes;
}

Bucket AggregateView::bucket(size_t i) const {
  const char* at = body_.data() + layout::kBucketsHeaderBytes + i * layout::kBucketBytes;
  return Bucket{LoadNumber<int32_t>(at), LoadNumber<int64_t>(at + 4), LoadNumber<int64_t>(at + 12)};
}

AggregateView::Window AggregateView::Over(int32_t from, int32_t through) const {
  Window window;
  // Windows end near now, and so do the buckets: from the back, few are touched.
  for (size_t i = bucket_count(); i > 0; --i) {
    const Bucket b = bucket(i - 1);
    if (b.number > through) continue;
    if (b.number < from) break;
    window.count = layout::SaturatingAdd(window.count, b.count);
    window.sum = layout::SaturatingAdd(window.sum, b.sum);
  }
  return window;
}

CellView AggregateView::cell(size_t i) const {
  const size_t bytes = layout::CellSlotAt(static_cast<uint16_t>(rule())) + ValueView::kSlotBytes;
  const char* cells = body_.data() + layout::kCellsHeaderBytes;
  return CellAt(rule(), cells + i * bytes, cells + cell_count() * bytes);
}

bool AggregateView::is_sketch() const { return body_[0] == layout::kSketch; }

size_t AggregateView::entry_count() const {
  return (body_.size() - 1) / (is_sketch() ? layout::kPairBytes : layout::kHashBytes);
}

DistinctEntry AggregateView::entry(size_t i) const {
  const char* entries = body_.data() + 1;
  return is_sketch() ? PairAt(entries + i * layout::kPairBytes)
                     : HashAt(entries + i * layout::kHashBytes);
}

absl::Status ValidateAggregate(uint8_t kind, absl::string_view body) {
  bool well_formed = true;
  switch (static_cast<AggregateView::Kind>(kind)) {
    case AggregateView::Kind::kBuckets:
      well_formed = AreBucketsWellFormed(body);
      break;
    case AggregateView::Kind::kCells:
      well_formed = AreCellsWellFormed(body);
      break;
    case AggregateView::Kind::kDistinct:
      well_formed = IsDistinctWellFormed(body);
      break;
  }
  return well_formed ? absl::OkStatus() : Malformed();
}

}  // namespace touchstone::store
