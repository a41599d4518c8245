#pragma once

// Finding and reading the customer's record, her household's if the rules ask for it, and the codes
// that were presented, inside the time that a call has.
//
// The first read looks into memory only and never waits. On a miss the read goes to a bounded pool,
// and the caller arms a deadline; whoever of the two comes first claims the call and answers it.
// When the pool's queue is full the call is answered at once without the record. A read that comes
// too late is dropped; one whose call has been answered before it began is not made.
//
// Nothing here knows gRPC, threads or the time: reads, the pool and the clock are given, so that
// tests can be them.
// Thread safety: Gatherer is const beside its counters; TryMemory and Begin are safe from any
// thread with a GatheredRecord of their own. Lifetime: what is given must outlive the Gatherer, and
// the Gatherer every job.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "google/protobuf/repeated_field.h"
#include "rules/decide/decision.h"
#include "rules/facts/schema.h"
#include "server/decide/computation.h"
#include "server/decide/presented_codes.h"
#include "server/rpc/raw_server.h"
#include "store/store.h"
#include "touchstone/v1/context.pb.h"

namespace touchstone::server {

// What store::Store offers of it; see there.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  virtual absl::StatusOr<store::Found> ResolveIdentity(absl::string_view identity,
                                                       store::ReadTier tier,
                                                       std::string* customer_id) const = 0;
  virtual absl::StatusOr<store::Found> GetCustomer(absl::string_view customer_id,
                                                   store::ReadTier tier,
                                                   store::PinnedValue* record) const = 0;
  virtual absl::StatusOr<store::Found> GetHousehold(absl::string_view household_id,
                                                    store::ReadTier tier,
                                                    store::PinnedValue* record) const = 0;
  virtual absl::StatusOr<store::Found> GetCode(absl::string_view code, store::ReadTier tier,
                                               ::touchstone::storage::v1::Code* row) const = 0;
  virtual absl::StatusOr<store::Found> GetCodeHold(absl::string_view code,
                                                   absl::string_view transaction_id,
                                                   store::ReadTier tier) const = 0;
  virtual absl::StatusOr<store::Found> GetSurvivor(absl::string_view customer_id,
                                                   store::ReadTier tier,
                                                   std::string* surviving_id) const = 0;
};

// What the active rule set asks of a gathering.
struct GatherRules {
  absl::Span<const rules::IdentitySpec> identities;  // their forms
  bool households = false;                           // some fact is of her household
};
inline GatherRules RulesOf(const LiveState& live) {
  return {live.rule_set->schema.identities, live.rule_set->schema.per_household};
}

// A customer as gathered, with the memory that it stands in. Reused.
struct GatheredRecord {
  rules::InputStatus status = rules::InputStatus::kAnonymous;
  ReadFailure failure = ReadFailure::kNone;
  std::string customer_id;
  store::PinnedValue record;
  std::string household_id;  // empty: none, or not asked for
  store::PinnedValue household;
  std::vector<FoundCode> codes;  // in the order presented; empty: not read

  GatheredCustomer view() const;
  void SetUnavailable(ReadFailure why);
  // Lets go of the blocks that it pins.
  void Release();
};

// The call that is being gathered for, as the job that reads for it sees it.
class GatheringCall {
 public:
  virtual ~GatheringCall() = default;
  // Whether somebody has already answered.
  virtual bool answered() const = 0;
  // The record came: claim the call and answer it, or drop the record if somebody else has.
  virtual void Answer(GatheredRecord& gathered) = 0;
};

// A read that may block, in the two steps of a pool's thread.
class ReadJob {
 public:
  virtual ~ReadJob() = default;
  virtual void Read() = 0;
  virtual void Deliver() = 0;
};

class ReadExecutor {
 public:
  virtual ~ReadExecutor() = default;
  // Will run Read, then Deliver on one of its threads. False when its queue is full: the job is
  // dropped.
  virtual bool TrySubmit(std::unique_ptr<ReadJob> job) = 0;
};

struct GatherStats {
  std::atomic<uint64_t> misses{0};    // reads that were not in memory
  std::atomic<uint64_t> overflow{0};  // of them, those that the pool had no room for
  std::atomic<uint64_t> dropped{0};   // reads that came too late, or were not made any more
  std::atomic<uint64_t> errors{0};    // reads that the store answered with an error
};

// As the request has them.
struct CodesToRead {
  const google::protobuf::RepeatedPtrField<std::string>& codes;
  absl::string_view transaction_id;
};

class Gatherer {
 public:
  Gatherer(const RecordReader* reader, ReadExecutor* executor)
      : reader_(reader), executor_(executor) {}

  // True when `gathered` is final: found, unknown, anonymous or unavailable. False: not in memory.
  bool TryMemory(const v1::DecisionContext& context, const GatherRules& rules,
                 GatheredRecord* gathered);

  // Waits for the device if it has to.
  void ReadBlocking(const v1::DecisionContext& context, const GatherRules& rules,
                    GatheredRecord* gathered);

  // After TryMemory was false: hands the read to the pool. True: the call will be answered by the
  // job or by the deadline that the caller arms. False: no room, `gathered` says overload and the
  // caller answers now.
  bool Begin(const v1::DecisionContext& context, const GatherRules& rules,
             std::unique_ptr<GatheringCall> call, GatheredRecord* gathered);

  const GatherStats& stats() const { return stats_; }

 private:
  class Job;
  // True when `gathered` is final.
  template <typename Identities>
  bool Read(const Identities& keys, const CodesToRead& codes, bool households, store::ReadTier tier,
            GatheredRecord* gathered);
  template <typename Identities>
  bool ReadCustomer(const Identities& keys, bool households, store::ReadTier tier,
                    GatheredRecord* gathered);
  // The same of the household of a record that was read; true when it is final.
  bool ReadHousehold(store::ReadTier tier, GatheredRecord* gathered);
  bool ReadCodes(const CodesToRead& codes, store::ReadTier tier, GatheredRecord* gathered);
  bool ReadCode(absl::string_view code, absl::string_view transaction_id, store::ReadTier tier,
                FoundCode* found);

  const RecordReader* reader_;
  ReadExecutor* executor_;
  GatherStats stats_;
};

// When an answer without the record must be on its way, so that it arrives inside the budget.
MonotonicTime AnswerBy(MonotonicTime arrived, absl::Duration budget);
// Whether there is time left to compute a decision.
bool HasTimeToCompute(MonotonicTime now, MonotonicTime arrived, absl::Duration budget);

// Of the budget, for deciding without the record, the answer's way out and a busy thread; at most a
// quarter of it.
inline constexpr absl::Duration kAnswerMargin = absl::Milliseconds(4);
// A decision takes tens of microseconds, a large one a quarter of a millisecond.
inline constexpr absl::Duration kComputeTime = absl::Microseconds(500);
// Without any budget stated.
inline constexpr absl::Duration kDefaultBudget = absl::Milliseconds(100);

}  // namespace touchstone::server
