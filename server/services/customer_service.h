#pragma once

// CustomerService: reads, changes, erases and exports customers, finds them, appends their events,
// loads many.
//
// Thread safety: as RpcService. Lifetime: the backend must outlive it.

#include "server/rpc/rpc_service.h"
#include "server/services/backend.h"
#include "server/services/customer_profile.h"
#include "server/services/event_append_handler.h"
#include "touchstone/v1/customer_service.pb.h"

namespace touchstone::server {

class CustomerService final : public RpcService {
 public:
  explicit CustomerService(const Backend& backend);

  // AppendEvents is hot: for RawServer::AddMethod.
  RawServer::RequestFunction append_events() const { return append_events_; }
  EventAppendHandler& append_handler() { return appends_; }

 private:
  grpc::Status Get(const v1::GetCustomerRequest& request, v1::Customer* response) const;
  grpc::Status Update(const v1::UpdateCustomerRequest& request, v1::Customer* response) const;
  grpc::Status Resolve(const v1::ResolveIdentityRequest& request,
                       v1::ResolveIdentityResponse* response) const;
  grpc::Status List(const v1::ListCustomersRequest& request,
                    v1::ListCustomersResponse* response) const;
  grpc::Status Delete(const v1::DeleteCustomerRequest& request,
                      v1::DeleteCustomerResponse* response) const;
  grpc::Status GetHousehold(const v1::GetHouseholdRequest& request, v1::Household* response) const;

  const Backend backend_;
  EventAppendHandler appends_;
  RawServer::RequestFunction append_events_;
};

}  // namespace touchstone::server
