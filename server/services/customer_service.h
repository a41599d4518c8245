#pragma once

// CustomerService: reads and changes customers, finds them, appends their events, loads many.
//
// Thread safety: as grpc's callback API. Lifetime: the backend must outlive it.

#include <memory>

#include "server/services/backend.h"
#include "server/services/call.h"
#include "touchstone/v1/customer_service.grpc.pb.h"

namespace touchstone::server {

class CustomerService final : public PooledService<v1::CustomerService> {
 public:
  explicit CustomerService(const Backend& backend);

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  // What is refused; what is served, the constructor says.
  Reactor* DeleteCustomer(Context* context, const v1::DeleteCustomerRequest* request,
                          v1::DeleteCustomerResponse* response) override;
  Reactor* ListCustomers(Context* context, const v1::ListCustomersRequest* request,
                         v1::ListCustomersResponse* response) override;
  Reactor* MergeCustomers(Context* context, const v1::MergeCustomersRequest* request,
                          v1::Customer* response) override;
  grpc::ServerBidiReactor<v1::AppendEventsStreamRequest, v1::AppendEventsStreamResponse>*
  AppendEventsStream(Context* context) override;
  grpc::ServerWriteReactor<v1::ExportCustomerResponse>* ExportCustomer(
      Context* context, const v1::ExportCustomerRequest* request) override;

 private:
  using AppendCall = UnaryCall<v1::AppendEventsRequest, v1::AppendEventsResponse>;

  void Append(std::shared_ptr<AppendCall> call) const;
  grpc::Status Get(const v1::GetCustomerRequest& request, v1::Customer* response) const;
  grpc::Status Update(const v1::UpdateCustomerRequest& request, v1::Customer* response) const;
  grpc::Status Resolve(const v1::ResolveIdentityRequest& request,
                       v1::ResolveIdentityResponse* response) const;
  // CUSTOMER_NOT_FOUND when there is no record.
  grpc::Status ReadProfile(absl::string_view customer_id, v1::Customer* customer) const;

  const Backend backend_;
};

}  // namespace touchstone::server
