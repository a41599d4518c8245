#pragma once

// A batch of events on its way into the store: finds the customers, evaluates what the events add,
// and words what became of each.
//
// Use: Plan, write entry() unless it is empty, Answer. Thread safety: for one thread at a time.
// Lifetime: backend and request must outlive it. Cost: Plan blocks; a read or two a customer, and a
// write when customers have to be made first.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/ingest/event_increments.h"
#include "server/services/aggregate_filler.h"
#include "server/services/backend.h"
#include "touchstone/v1/customer_service.pb.h"

namespace touchstone::server {

inline constexpr int kMaxEventsInBatch = 1000;

class EventBatch {
 public:
  // kMemoryOnly: Plan does not wait for the device, and may come to nothing.
  EventBatch(const Backend& backend, const v1::AppendEventsRequest& request,
             store::ReadTier tier = store::ReadTier::kMayBlock);

  // An error of the whole batch. Events that cannot be applied are refused in the answer.
  grpc::Status Plan();

  // Of memory only: what was needed was not there, and nothing is planned.
  bool needs_device() const { return needs_device_; }
  // Something that an event names was not there.
  bool missed() const { return missed_; }

  // Nothing to write: every event was refused.
  bool empty() const { return event_of_item_.empty(); }
  storage::Entry TakeEntry() { return std::move(entry_); }

  // Records of which something is stale once the entry is written, until they are rebuilt.
  std::vector<WaitingRecord> StaleRecords() const { return {stale_.begin(), stale_.end()}; }

  // `result` of the entry; of no entry when the batch is empty.
  void Answer(const storage::EntryResult& result, v1::AppendEventsResponse* response) const;
  // Of a request that is only validated: what would become of each event, as far as what is stored
  // can say it. Blocks; a read an event.
  grpc::Status AnswerUnwritten(v1::AppendEventsResponse* response) const;

 private:
  struct Subject {
    std::string customer_id;   // empty: not found
    bool known = false;        // has a record
    std::string household_id;  // empty: none, or no aggregate is per household
  };

  grpc::Status FindSubjects();
  grpc::Status CreateMissing(const std::vector<std::string>& identities);
  std::string KeyOf(const v1::Identity& identity) const;
  grpc::Status FindByIdentity(const std::string& key, Subject* subject);
  grpc::Status ReadSubject(Subject* subject);
  grpc::Status FindById(const std::string& name, absl::string_view field, Subject* subject,
                        std::vector<Violation>* violations);
  grpc::Status PlanEvent(size_t index, EventIncrements* increments);
  // The event that another one takes back; a violation when there is none, or no more.
  grpc::Status FindReversed(size_t index, std::optional<v1::Event>* reversed,
                            std::vector<Violation>* violations);
  void Reject(size_t index, const google::rpc::Status& error);
  const v1::CustomerEvent& event(size_t index) const {
    return request_.events(static_cast<int>(index));
  }

  const Backend& backend_;
  const v1::AppendEventsRequest& request_;
  const store::ReadTier tier_;
  const uint64_t body_hash_;
  std::shared_ptr<const LiveState> live_;
  std::vector<Subject> subjects_;  // by event
  std::vector<v1::AppendEventResult> results_;
  std::vector<size_t> event_of_item_;  // position in the entry to position in the request
  // Events of this batch that will be written, by customer and event id.
  std::map<std::pair<std::string, std::string>, size_t> planned_;
  std::set<WaitingRecord> stale_;
  bool missed_ = false;
  bool needs_device_ = false;
  storage::Entry entry_;
};

}  // namespace touchstone::server
