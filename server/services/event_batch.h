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
#include "server/services/backend.h"
#include "touchstone/v1/customer_service.pb.h"

namespace touchstone::server {

inline constexpr int kMaxEventsInBatch = 1000;

class EventBatch {
 public:
  EventBatch(const Backend& backend, const v1::AppendEventsRequest& request);

  // An error of the whole batch. Events that cannot be applied are refused in the answer.
  grpc::Status Plan();

  // Nothing to write: every event was refused.
  bool empty() const { return event_of_item_.empty(); }
  storage::Entry TakeEntry() { return std::move(entry_); }

  // Customers of whom something is stale once the entry is written, until it is rebuilt.
  std::vector<std::string> StaleCustomers() const {
    return {stale_customers_.begin(), stale_customers_.end()};
  }

  // `result` of the entry; of no entry when the batch is empty.
  void Answer(const storage::EntryResult& result, v1::AppendEventsResponse* response) const;

 private:
  struct Subject {
    std::string customer_id;  // empty: not found
    bool known = false;       // has a record
  };

  grpc::Status FindSubjects();
  grpc::Status CreateMissing(const std::vector<std::string>& identities);
  grpc::Status FindById(const std::string& name, absl::string_view field, Subject* subject,
                        std::vector<Violation>* violations) const;
  grpc::Status PlanEvent(size_t index, EventIncrements* increments);
  // The event that another one takes back; a violation when there is none, or no more.
  grpc::Status FindReversed(size_t index, std::optional<v1::Event>* reversed,
                            std::vector<Violation>* violations) const;
  void Reject(size_t index, const google::rpc::Status& error);
  const v1::CustomerEvent& event(size_t index) const {
    return request_.events(static_cast<int>(index));
  }

  const Backend& backend_;
  const v1::AppendEventsRequest& request_;
  const uint64_t body_hash_;
  std::vector<Subject> subjects_;  // by event
  std::vector<v1::AppendEventResult> results_;
  std::vector<size_t> event_of_item_;  // position in the entry to position in the request
  // Events of this batch that will be written, by customer and event id.
  std::map<std::pair<std::string, std::string>, size_t> planned_;
  std::set<std::string> stale_customers_;
  storage::Entry entry_;
};

}  // namespace touchstone::server
