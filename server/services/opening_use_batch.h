#pragma once

// A batch of opening uses on its way into the store: finds the budgets, and words what became of
// each use.
//
// Use: Plan, Write, Answer. Thread safety: for one thread.
// Lifetime: backend and request must outlive it. Cost: blocks; one write of all. Of a request that
// is only validated: a read for each, and one of all budgets.

#include <map>
#include <memory>
#include <vector>

#include "server/services/backend.h"
#include "touchstone/storage/v1/entry.pb.h"
#include "touchstone/v1/budget_service.pb.h"

namespace touchstone::server {

class OpeningUseBatch {
 public:
  OpeningUseBatch(const Backend& backend, const v1::ImportBudgetsRequest& request)
      : backend_(backend), request_(request) {}

  // An error of the whole batch. Uses that cannot be booked are refused in the answer.
  grpc::Status Plan();
  // Of a request that is only validated: finds out what would become of them.
  grpc::Status Write();
  void Answer(v1::ImportBudgetsResponse* response) const;

 private:
  // What is wrong with one; else it is part of the entry.
  grpc::Status PlanUse(size_t i);
  // What Apply would say.
  grpc::Status CompareWithStored();

  const Backend& backend_;
  const v1::ImportBudgetsRequest& request_;
  std::shared_ptr<const LiveState> live_;
  std::map<size_t, grpc::Status> errors_;  // by place in the request
  std::vector<size_t> place_of_item_;      // of the entry, in the request
  storage::Entry entry_;
  storage::EntryResult result_;
};

}  // namespace touchstone::server
