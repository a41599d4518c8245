#pragma once

// Everything held about one customer, piece by piece: profile, customers who were
// merged into her, events, outcomes, and the decisions
// whose receipts are kept and hers (receipt_subject.h).
//
// Thread safety: for one thread. Lifetime: the backend must outlive it. Cost: reads every receipt.

#include <string>
#include <vector>

#include "server/rpc/rpc_service.h"
#include "server/services/backend.h"
#include "touchstone/v1/customer_service.pb.h"

namespace touchstone::server {

class CustomerExport {
 public:
  explicit CustomerExport(const Backend& backend) : backend_(backend) {}

  grpc::Status Run(RpcStream& stream);

 private:
  grpc::Status SendCustomer(RpcStream& stream);
  grpc::Status SendMerged(RpcStream& stream);
  grpc::Status SendEvents(RpcStream& stream);
  grpc::Status SendOutcomes(RpcStream& stream);
  grpc::Status SendCodes(RpcStream& stream);
  grpc::Status SendGrants(RpcStream& stream);
  grpc::Status SendDecisions(RpcStream& stream);

  const Backend& backend_;
  std::string id_;
  std::vector<std::string> ids_;  // with those merged into her, once these are sent
  v1::Customer customer_;
};

}  // namespace touchstone::server
