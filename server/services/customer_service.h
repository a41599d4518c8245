#pragma once

// CustomerService: reads and changes customers, finds them, appends their events, loads many.
//
// Thread safety: as grpc's callback API. Lifetime: the backend must outlive it.

#include "server/services/backend.h"
#include "server/services/call.h"
#include "touchstone/v1/customer_service.grpc.pb.h"

namespace touchstone::server {

class CustomerService final : public v1::CustomerService::CallbackService {
 public:
  explicit CustomerService(const Backend& backend) : backend_(backend) {}

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  Reactor* GetCustomer(Context* context, const v1::GetCustomerRequest* request,
                       v1::Customer* response) override;
  Reactor* UpdateCustomer(Context* context, const v1::UpdateCustomerRequest* request,
                          v1::Customer* response) override;
  Reactor* DeleteCustomer(Context* context, const v1::DeleteCustomerRequest* request,
                          v1::DeleteCustomerResponse* response) override;
  Reactor* ListCustomers(Context* context, const v1::ListCustomersRequest* request,
                         v1::ListCustomersResponse* response) override;
  Reactor* ResolveIdentity(Context* context, const v1::ResolveIdentityRequest* request,
                           v1::ResolveIdentityResponse* response) override;
  Reactor* MergeCustomers(Context* context, const v1::MergeCustomersRequest* request,
                          v1::Customer* response) override;
  Reactor* AppendEvents(Context* context, const v1::AppendEventsRequest* request,
                        v1::AppendEventsResponse* response) override;
  grpc::ServerBidiReactor<v1::AppendEventsStreamRequest, v1::AppendEventsStreamResponse>*
  AppendEventsStream(Context* context) override;
  grpc::ServerBidiReactor<v1::ImportCustomersRequest, v1::ImportCustomersResponse>* ImportCustomers(
      Context* context) override;
  grpc::ServerWriteReactor<v1::ExportCustomerResponse>* ExportCustomer(
      Context* context, const v1::ExportCustomerRequest* request) override;

 private:
  grpc::Status Get(const v1::GetCustomerRequest& request, v1::Customer* response) const;
  grpc::Status Update(const v1::UpdateCustomerRequest& request, v1::Customer* response) const;
  grpc::Status Resolve(const v1::ResolveIdentityRequest& request,
                       v1::ResolveIdentityResponse* response) const;
  // CUSTOMER_NOT_FOUND when there is no record.
  grpc::Status ReadProfile(absl::string_view customer_id, v1::Customer* customer) const;

  const Backend backend_;
};

}  // namespace touchstone::server
