#pragma once

// CustomerService: reads, changes, erases and exports customers, finds them, appends their events,
// loads many.
//
// Thread safety: as RpcService. Lifetime: the backend must outlive it.

#include "server/rpc/rpc_service.h"
#include "server/services/backend.h"
#include "server/services/customer_profile.h"
#include "touchstone/v1/customer_service.pb.h"

namespace touchstone::server {

class CustomerService final : public RpcService {
 public:
  explicit CustomerService(const Backend& backend);

 private:
  grpc::Status Append(const v1::AppendEventsRequest& request,
                      v1::AppendEventsResponse* response) const;
  grpc::Status Get(const v1::GetCustomerRequest& request, v1::Customer* response) const;
  grpc::Status Update(const v1::UpdateCustomerRequest& request, v1::Customer* response) const;
  grpc::Status Resolve(const v1::ResolveIdentityRequest& request,
                       v1::ResolveIdentityResponse* response) const;
  grpc::Status List(const v1::ListCustomersRequest& request,
                    v1::ListCustomersResponse* response) const;
  grpc::Status Delete(const v1::DeleteCustomerRequest& request,
                      v1::DeleteCustomerResponse* response) const;
  // CUSTOMER_NOT_FOUND when there is no record.
  grpc::Status ReadProfile(absl::string_view customer_id, const ProfileFields& fields,
                           v1::Customer* customer) const;

  const Backend backend_;
};

}  // namespace touchstone::server
