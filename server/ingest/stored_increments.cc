#include "server/ingest/stored_increments.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/facts/aggregate.h"
#include "rules/facts/value_copy.h"
#include "server/decide/aggregate_state.h"
#include "server/ingest/attribute_patch.h"

namespace touchstone::server {
namespace {

using rules::AggregateForm;
using rules::AggregateFunction;
using rules::AggregateIncrement;

static_assert(rules::kMaxKeptTextBytes == store::kMaxCellValueBytes);
static_assert(rules::kMaxValuesOfEvent == store::kMaxCells);

int32_t StoredBucket(int64_t bucket) {
  return static_cast<int32_t>(std::clamp<int64_t>(bucket, std::numeric_limits<int32_t>::min(),
                                                  std::numeric_limits<int32_t>::max()));
}

void AppendToBuckets(const AggregateIncrement& increment, int64_t keep_from,
                     store::RecordPatch* patch) {
  store::RecordPatch::Increment stored;
  stored.aggregate = increment.aggregate->id;
  stored.bucket = StoredBucket(increment.bucket);
  stored.count = increment.count;
  stored.sum = increment.sum;
  stored.event_us = store::AggregateView::kNever;
  stored.keep_from_bucket = StoredBucket(keep_from);
  patch->AddToAggregate(stored);
}

void AppendToCells(const AggregateIncrement& increment, absl::Time event_time, int64_t keep_from,
                   store::RecordPatch* patch) {
  const std::optional<store::Value> value =
      ScalarToStored(increment.value, rules::ValueForm::kPlain);
  if (!value.has_value()) return;  // IncrementsOf gives none of these
  store::RecordPatch::CellIncrement stored;
  stored.aggregate = increment.aggregate->id;
  stored.rule = CellRuleOf(increment.aggregate->function);
  stored.bucket = StoredBucket(increment.bucket);
  stored.time_us = absl::ToUnixMicros(event_time);
  stored.number = increment.weight;
  stored.closes = increment.closes;
  stored.value = &*value;
  stored.keep_from_bucket = StoredBucket(keep_from);
  patch->AddToCells(stored);
}

bool NamesCases(AggregateFunction function) {
  return function == AggregateFunction::kOpen || function == AggregateFunction::kOldestOpen;
}

std::string TextOf(const rules::expr::Value& value) {
  return value.kind() == rules::expr::Kind::kString ? std::string(value.string_value())
                                                    : absl::StrCat(value.int_value());
}

int64_t AddSaturating(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return a < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

}  // namespace

void AppendIncrement(const AggregateIncrement& increment, absl::Time event_time, int64_t keep_from,
                     store::RecordPatch* patch) {
  if (increment.stale) return patch->MarkStale(increment.aggregate->id);
  switch (rules::FormOf(increment.aggregate->function)) {
    case AggregateForm::kBuckets:
      return AppendToBuckets(increment, keep_from, patch);
    case AggregateForm::kCells:
      return AppendToCells(increment, event_time, keep_from, patch);
    case AggregateForm::kDistinct:
      return patch->AddDistinct({.aggregate = increment.aggregate->id,
                                 .hash = increment.hash,
                                 .bucket = StoredBucket(increment.bucket),
                                 .keep_from_bucket = StoredBucket(keep_from)});
  }
}

void IncrementTally::Add(const AggregateIncrement& increment, absl::Time event_time,
                         int64_t keep_from) {
  const rules::AggregateSpec& spec = *increment.aggregate;
  const auto [known, is_first] = keep_from_.emplace(spec.id, keep_from);
  if (!is_first) known->second = std::max(known->second, keep_from);
  // The record knows times in microseconds.
  const Entry entry = {increment, absl::FromUnixMicros(absl::ToUnixMicros(event_time))};
  if (NamesCases(spec.function)) {
    // The first event of a case and its last one are what matters.
    Unite({spec.id, 0, absl::StrCat("first ", TextOf(increment.value))}, entry);
    Unite({spec.id, 0, absl::StrCat("last ", TextOf(increment.value))}, entry);
  } else if (spec.function == AggregateFunction::kDistinct) {
    Unite({spec.id, 0, absl::StrCat(absl::Hex(increment.hash))}, entry);
  } else if (spec.function == AggregateFunction::kTop) {
    Unite({spec.id, increment.bucket, TextOf(increment.value)}, entry);
  } else {
    Unite({spec.id, increment.bucket, ""}, entry);
  }
}

void IncrementTally::Unite(Key key, const Entry& entry) {
  const auto [place, is_new] = entries_.try_emplace(std::move(key), entry);
  Entry& united = place->second;
  const AggregateFunction function = entry.increment.aggregate->function;
  bool replaces = is_new;
  if (is_new) {
    // Its value is copied below.
  } else if (rules::FormOf(function) == AggregateForm::kBuckets) {
    united.increment.count = AddSaturating(united.increment.count, entry.increment.count);
    united.increment.sum = AddSaturating(united.increment.sum, entry.increment.sum);
  } else if (function == AggregateFunction::kTop) {
    united.increment.weight = AddSaturating(united.increment.weight, entry.increment.weight);
  } else if (function == AggregateFunction::kDistinct) {
    united.increment.bucket = std::max(united.increment.bucket, entry.increment.bucket);
  } else if (NamesCases(function)) {
    const bool is_first = std::get<std::string>(place->first)[0] == 'f';
    replaces = is_first ? entry.time < united.time : entry.time > united.time;
    if (entry.time == united.time) {
      united.increment.closes = united.increment.closes || entry.increment.closes;
    }
  } else {
    const auto cell = [](const Entry& of) {
      return rules::AggregateCell{.time = of.time, .value = of.increment.value};
    };
    replaces = rules::IsBetter(function, cell(entry), cell(united));
  }
  if (!replaces) return;
  united = entry;
  united.increment.value = rules::CopyValue(entry.increment.value, memory_);
}

void IncrementTally::AppendTo(store::RecordPatch* patch) const {
  for (const auto& [key, entry] : entries_) {
    const int64_t keep_from = keep_from_.at(std::get<uint32_t>(key));
    if (entry.increment.bucket < keep_from) continue;
    AppendIncrement(entry.increment, entry.time, keep_from, patch);
  }
}

}  // namespace touchstone::server
