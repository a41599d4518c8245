#pragma once

// Merging two customers, taking that back, and the merge that comes by itself: of a device that
// turns out to be hers.
//
// Thread safety: const. Lifetime: the backend must outlive it. Errors: as MergeCustomers of the
// contract says. Cost: blocks; works out all aggregates of the customers again.

#include <string>
#include <vector>

#include "server/services/aggregate_filler.h"
#include "server/services/backend.h"
#include "touchstone/v1/customer_service.pb.h"

namespace touchstone::server {

class CustomerMerge {
 public:
  explicit CustomerMerge(const Backend& backend) : backend_(backend) {}

  grpc::Status Run(const v1::MergeCustomersRequest& request, v1::Customer* response) const;

  // Merges those into her whom only anonymous identities find, where the request gives her one of
  // these. Nothing is done for a request that was answered before.
  grpc::Status MergeAnonymous(const std::string& customer_id,
                              const v1::UpdateCustomerRequest& request) const;

 private:
  grpc::Status Check(const v1::MergeCustomersRequest& request, std::string* surviving,
                     std::string* merged) const;
  // The customer whom the identity finds; empty: nobody, herself, or one who is known otherwise.
  grpc::Status FindAnonymous(const std::string& customer_id, const v1::Identity& identity,
                             const rules::Schema& schema, std::string* other) const;
  grpc::Status Write(storage::Entry entry) const;
  // Of the two customers that `records` begins with.
  void AddHouseholds(std::vector<WaitingRecord>* records) const;

  const Backend& backend_;
};

}  // namespace touchstone::server
