#pragma once

// Everything held about one customer, piece by piece: profile, events, outcomes, and the decisions
// whose receipts are kept and hers (receipt_subject.h).
//
// Thread safety: for one thread. Lifetime: the backend must outlive it. Cost: reads every receipt.

#include "server/rpc/rpc_service.h"
#include "server/services/backend.h"
#include "touchstone/v1/customer_service.pb.h"

namespace touchstone::server {

class CustomerExport {
 public:
  explicit CustomerExport(const Backend& backend) : backend_(backend) {}

  grpc::Status Run(RpcStream& stream);

 private:
  grpc::Status SendCustomer(const std::string& customer_id, RpcStream& stream);
  grpc::Status SendEvents(const std::string& customer_id, RpcStream& stream);
  grpc::Status SendOutcomes(const std::string& customer_id, RpcStream& stream);
  grpc::Status SendDecisions(const std::string& customer_id, RpcStream& stream);

  const Backend& backend_;
  v1::Customer customer_;
};

}  // namespace touchstone::server
