#pragma once

// Items of customers on their way into batches: those of one customer are in one lane, in the order
// of the file.
//
// The same file and rate give the same batches. Thread safety: for one thread. Lifetime: all that
// it is given must outlive it.

#include <array>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "rules/facts/sip_hash.h"
#include "server/import/import_run.h"
#include "server/import/row_intake.h"
#include "server/import/row_subject.h"

namespace touchstone::server {

template <typename Batch>
class BatchLanes {
 public:
  using Request = decltype(Batch::request);
  // Says in a request what it has beside its items.
  using Head = std::function<void(int64_t number, Request* request)>;

  BatchLanes(const ImportRun& run, RowIntake* intake, ImportSink<Batch>* sink, int most_items,
             Head head)
      : run_(run),
        intake_(intake),
        sink_(sink),
        most_items_(static_cast<size_t>(most_items)),
        head_(std::move(head)),
        throttle_(run.rows_per_second) {}

  // Takes what is in the item. Add, Flush and End: false when the import cannot go on.
  template <typename Item>
  bool Add(Item* item, std::vector<RowOrigin> rows) {
    const size_t lane = rules::SipHash64(kLaneKey, SubjectOf(*item)) % kLanes;
    Open& open = lanes_[lane];
    open.bytes += item->ByteSizeLong();
    open.batch.items()->Add()->Swap(item);
    open.batch.origins.push_back(std::move(rows));
    const bool full = open.batch.origins.size() >= most_items_ || open.bytes >= kMaxBatchBytes;
    return !full || Flush(lane);
  }

  // Sends what is in a lane and what is aside.
  bool Flush(size_t lane) {
    Batch batch = std::exchange(lanes_[lane], Open()).batch;
    batch.number = ++number_;
    batch.lane = lane;
    batch.aside = intake_->TakeAside();
    head_(number_, &batch.request);
    if (batch.number <= run_.state->settled_before()) return true;
    size_t rows = 0;
    for (const auto& origins : batch.origins) rows += origins.size();
    throttle_.Await(rows);
    return sink_->Send(std::move(batch));
  }

  // Sends what is left.
  bool End() {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      if (!lanes_[lane].batch.origins.empty() && !Flush(lane)) return false;
    }
    return !intake_->has_aside() || Flush(0);
  }

 private:
  static constexpr size_t kMaxBatchBytes = size_t{2} << 20;
  static constexpr rules::SipKey kLaneKey = {0x746f756368737430, 0x6c616e6500000001};

  struct Open {
    Batch batch;
    size_t bytes = 0;
  };

  const ImportRun& run_;
  RowIntake* const intake_;
  ImportSink<Batch>* const sink_;
  const size_t most_items_;
  const Head head_;
  Throttle throttle_;
  std::array<Open, kLanes> lanes_;
  int64_t number_ = 0;
};

}  // namespace touchstone::server
