#include "store/cell_state.h"

#include <algorithm>
#include <cmath>
#include <compare>
#include <tuple>
#include <utility>

#include "store/record_layout.h"

namespace touchstone::store {

using layout::AppendNumber;

CellState::CellState(const AggregateView& view) : rule_(view.rule()) {
  cells_.reserve(view.cell_count() + 1);
  for (size_t i = 0; i < view.cell_count(); ++i) {
    const CellView cell = view.cell(i);
    cells_.push_back(
        Cell{cell.bucket, cell.time_us, cell.number, cell.closed, CellValue::FromView(cell.value)});
  }
}

bool CellState::Add(absl::string_view operation) {
  const char* at = operation.data();
  Cell added{LoadNumber<int32_t>(at + 6), LoadNumber<int64_t>(at + 10),
             LoadNumber<int64_t>(at + 18), at[5] != 0,
             CellValue::FromBytes(at + layout::kCellIncrementValue,
                                  operation.substr(layout::kCellIncrementPayload))};
  if (added.value.is_double()) {
    const double number = LoadNumber<double>(at + layout::kCellIncrementPayload);
    if (std::isnan(number)) return false;
    if (number == 0) added.value.payload = 0;  // one zero, not two that differ in their sign
  }
  if (rule_ == CellRule::kCases) {
    AddCase(added);
    return DropBeyondRoom();
  }
  const int32_t keep_from = LoadNumber<int32_t>(at + 26);
  cells_.erase(cells_.begin(), std::find_if(cells_.begin(), cells_.end(), [&](const Cell& cell) {
                 return cell.bucket >= keep_from;
               }));
  if (added.bucket < keep_from) return false;
  if (rule_ == CellRule::kTop) {
    AddWeight(added);
  } else {
    AddToBucket(added);
  }
  return DropBeyondRoom();
}

bool CellState::IsBetter(const Cell& a, const Cell& b) const {
  switch (rule_) {
    case CellRule::kLeast:
      return a.value < b.value;
    case CellRule::kGreatest:
      return a.value > b.value;
    case CellRule::kEarliest:
      return std::tie(a.time_us, a.value) < std::tie(b.time_us, b.value);
    case CellRule::kLatest:
      return std::tie(a.time_us, a.value) > std::tie(b.time_us, b.value);
    default:
      return false;
  }
}

void CellState::AddToBucket(const Cell& added) {
  const auto at =
      std::lower_bound(cells_.begin(), cells_.end(), added.bucket,
                       [](const Cell& cell, int32_t bucket) { return cell.bucket < bucket; });
  if (at == cells_.end() || at->bucket != added.bucket) {
    cells_.insert(at, added);
  } else if (IsBetter(added, *at)) {
    *at = added;
  }
}

void CellState::AddWeight(const Cell& added) {
  const auto at =
      std::lower_bound(cells_.begin(), cells_.end(), added, [](const Cell& a, const Cell& b) {
        return std::tie(a.bucket, a.value) < std::tie(b.bucket, b.value);
      });
  if (at == cells_.end() || at->bucket != added.bucket || at->value != added.value) {
    if (added.number > 0) cells_.insert(at, added);
    return;
  }
  at->number = layout::SaturatingAdd(at->number, added.number);
  if (at->number <= 0) cells_.erase(at);
}

void CellState::AddCase(const Cell& added) {
  Cell merged{0, added.time_us, added.time_us, added.closed, added.value};
  const auto held = std::find_if(cells_.begin(), cells_.end(),
                                 [&](const Cell& cell) { return cell.value == added.value; });
  if (held != cells_.end()) {
    merged = *held;
    merged.time_us = std::min(held->time_us, added.time_us);
    if (added.time_us > held->number) {
      merged.number = added.time_us;
      merged.closed = added.closed;
    } else if (added.time_us == held->number) {
      merged.closed = held->closed || added.closed;
    }
    cells_.erase(held);
  }
  cells_.insert(std::lower_bound(cells_.begin(), cells_.end(), merged,
                                 [](const Cell& a, const Cell& b) {
                                   return std::tie(a.time_us, a.value) <
                                          std::tie(b.time_us, b.value);
                                 }),
                merged);
}

bool CellState::DropBeyondRoom() {
  bool dropped = false;
  const bool has_many = rule_ == CellRule::kTop || rule_ == CellRule::kCases;
  while (cells_.size() > (has_many ? kMaxCells : kMaxBuckets)) {
    if (rule_ == CellRule::kTop) {
      cells_.erase(LeastWeightOfLowestBucket());
    } else if (rule_ == CellRule::kCases) {
      cells_.erase(LeastRecentCase());
    } else {
      cells_.erase(cells_.begin());
    }
    dropped = true;
  }
  return dropped;
}

std::vector<CellState::Cell>::iterator CellState::LeastWeightOfLowestBucket() {
  auto victim = cells_.begin();
  for (auto at = victim; at != cells_.end() && at->bucket == victim->bucket; ++at) {
    if (at->number <= victim->number) victim = at;  // values ascend: of equal weights the greatest
  }
  return victim;
}

// A closed one if there is one.
std::vector<CellState::Cell>::iterator CellState::LeastRecentCase() {
  return std::min_element(cells_.begin(), cells_.end(), [](const Cell& a, const Cell& b) {
    return std::pair(!a.closed, a.number) < std::pair(!b.closed, b.number);
  });
}

void CellState::AppendTo(std::string* out) const {
  AppendNumber(out, static_cast<uint16_t>(rule_));
  AppendNumber(out, static_cast<uint16_t>(cells_.size()));
  uint32_t text_at = 0;
  for (const Cell& cell : cells_) {
    if (rule_ == CellRule::kCases) {
      AppendNumber(out, static_cast<uint32_t>(cell.closed ? 1 : 0));
      AppendNumber(out, cell.time_us);
      AppendNumber(out, cell.number);
    } else {
      AppendNumber(out, cell.bucket);
      if (rule_ == CellRule::kEarliest || rule_ == CellRule::kLatest) {
        AppendNumber(out, cell.time_us);
      } else if (rule_ == CellRule::kTop) {
        AppendNumber(out, cell.number);
      }
    }
    AppendNumber(out, cell.value.type);
    out->append(cell.value.currency, sizeof(cell.value.currency));
    if (IsHeapType(cell.value.type)) {
      AppendNumber(out, text_at);
      AppendNumber(out, static_cast<uint32_t>(cell.value.text.size()));
      text_at += static_cast<uint32_t>(cell.value.text.size());
    } else {
      AppendNumber(out, cell.value.payload);
    }
  }
  for (const Cell& cell : cells_) out->append(cell.value.text.data(), cell.value.text.size());
}

}  // namespace touchstone::store
