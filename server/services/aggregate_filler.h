#pragma once

// Works aggregates out again from the events that are kept: of every record for those that were
// newly declared, and of one record where something was taken back that its state cannot give back.
//
// A record is read first, then its events; what comes out is written only if the record still has
// the version that was read and no other revision was published, else it is worked out again. So
// the work goes on beside events, decisions and publishes, and what is written is never late.
// Until all records are done an aggregate is absent from decisions
// (LiveState::incomplete_aggregates).
//
// Thread safety: all methods are safe from any thread. One thread of its own, of low priority.
// Lifetime: the backend must outlive it. Errors: logged, and tried again after a while.
// Cost: reads the events of every customer once.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/services/backend.h"

namespace touchstone::server {

// A record that waits for its aggregates to be rebuilt.
using WaitingRecord = std::pair<store::RecordKind, std::string>;

class AggregateFiller {
 public:
  explicit AggregateFiller(const Backend& backend) : backend_(backend) {}
  // Stops.
  ~AggregateFiller();
  AggregateFiller(const AggregateFiller&) = delete;
  AggregateFiller& operator=(const AggregateFiller&) = delete;

  void Start();
  // After a publish.
  void Wake();
  void Stop();

  // Rebuilds what is stale of these records before it returns; what does not succeed is left to the
  // thread.
  void RebuildNow(absl::Span<const WaitingRecord> records);

 private:
  enum class Progress { kNothingToDo, kSomethingDone };

  void Run();
  absl::StatusOr<Progress> Step();
  // Rebuilds what waits; true when there was something.
  absl::StatusOr<bool> RebuildWaiting();
  // Takes the aggregates of the live revision over that the row does not know yet.
  absl::Status Adopt(const LiveState& live, storage::Backfill* backfill);
  // A piece of the customers, or of the households; fills in how far it has come.
  absl::Status FillPiece(const std::shared_ptr<const LiveState>& live, storage::Backfill* backfill);
  absl::Status Save(const LiveState& live, const storage::Backfill& backfill) const;

  // Of one record: nothing when there is nothing to write. No `aggregates`: those that are stale.
  absl::StatusOr<std::optional<storage::Entry>> PlanRebuild(
      const std::shared_ptr<const LiveState>& live, const WaitingRecord& record,
      absl::Span<const uint32_t> aggregates) const;
  absl::Status Rebuild(const std::shared_ptr<const LiveState>& live,
                       std::vector<WaitingRecord> records,
                       absl::Span<const uint32_t> aggregates) const;

  const Backend backend_;
  std::mutex mutex_;  // guards the two below
  std::condition_variable woken_;
  bool awake_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace touchstone::server
