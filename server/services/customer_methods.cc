// The methods of CustomerService as gRPC calls them: which run, and which are refused.

#include <memory>
#include <utility>

#include "server/services/customer_import.h"
#include "server/services/customer_service.h"
#include "server/services/event_batch.h"

namespace touchstone::server {

using Reactor = grpc::ServerUnaryReactor;
using Context = grpc::CallbackServerContext;

CustomerService::CustomerService(const Backend& backend) : backend_(backend) {
  Serve<v1::GetCustomerRequest, v1::Customer>(
      "GetCustomer", backend_.workers,
      [this](const auto& request, auto* response) { return Get(request, response); });
  Serve<v1::UpdateCustomerRequest, v1::Customer>(
      "UpdateCustomer", backend_.workers,
      [this](const auto& request, auto* response) { return Update(request, response); });
  Serve<v1::ResolveIdentityRequest, v1::ResolveIdentityResponse>(
      "ResolveIdentity", backend_.workers,
      [this](const auto& request, auto* response) { return Resolve(request, response); });
  ServeUnary<v1::AppendEventsRequest, v1::AppendEventsResponse>(
      "AppendEvents", [this](std::shared_ptr<AppendCall> call) { Append(std::move(call)); });
  ServeBidi("ImportCustomers", [this](Context*) { return new CustomerImport(backend_); });
}

// The one write that callers make often: no thread waits while it reaches the device.
void CustomerService::Append(std::shared_ptr<AppendCall> call) const {
  const bool posted = backend_.workers->Post([this, call] {
    if (call->is_late()) return call->Finish(DeadlinePassed());
    auto batch = std::make_shared<EventBatch>(backend_, call->request());
    if (grpc::Status planned = batch->Plan(); !planned.ok()) return call->Finish(planned);
    if (batch->empty()) {
      batch->Answer(storage::EntryResult(), call->response());
      return call->Finish(grpc::Status::OK);
    }
    storage::Entry entry = batch->TakeEntry();
    backend_.proposer->Submit(
        std::move(entry), v1::ERROR_REASON_CUSTOMER_NOT_FOUND,
        [batch, call](const grpc::Status& written, const storage::EntryResult& result) {
          if (written.ok()) batch->Answer(result, call->response());
          call->Finish(written);
        });
  });
  if (!posted) call->Finish(PoolIsFull());
}

Reactor* CustomerService::DeleteCustomer(Context* context, const v1::DeleteCustomerRequest*,
                                         v1::DeleteCustomerResponse*) {
  return Refuse(context, NotImplemented("DeleteCustomer"));
}

Reactor* CustomerService::ListCustomers(Context* context, const v1::ListCustomersRequest*,
                                        v1::ListCustomersResponse*) {
  return Refuse(context, NotImplemented("ListCustomers"));
}

Reactor* CustomerService::MergeCustomers(Context* context, const v1::MergeCustomersRequest*,
                                         v1::Customer*) {
  return Refuse(context, NotImplemented("MergeCustomers"));
}

grpc::ServerBidiReactor<v1::AppendEventsStreamRequest, v1::AppendEventsStreamResponse>*
CustomerService::AppendEventsStream(Context*) {
  using Stream =
      grpc::ServerBidiReactor<v1::AppendEventsStreamRequest, v1::AppendEventsStreamResponse>;
  return new RefusedStream<Stream>(NotImplemented("AppendEventsStream"));
}

grpc::ServerWriteReactor<v1::ExportCustomerResponse>* CustomerService::ExportCustomer(
    Context*, const v1::ExportCustomerRequest*) {
  using Stream = grpc::ServerWriteReactor<v1::ExportCustomerResponse>;
  return new RefusedStream<Stream>(NotImplemented("ExportCustomer"));
}

}  // namespace touchstone::server
