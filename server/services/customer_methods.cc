// The methods of CustomerService as gRPC calls them: which run, and which are refused.

#include <memory>
#include <utility>

#include "server/services/customer_import.h"
#include "server/services/customer_service.h"
#include "server/services/event_batch.h"

namespace touchstone::server {

using Reactor = grpc::ServerUnaryReactor;
using Context = grpc::CallbackServerContext;

Reactor* CustomerService::GetCustomer(Context* context, const v1::GetCustomerRequest* request,
                                      v1::Customer* response) {
  return RunCall(context, backend_.workers, [=, this] { return Get(*request, response); });
}

Reactor* CustomerService::UpdateCustomer(Context* context, const v1::UpdateCustomerRequest* request,
                                         v1::Customer* response) {
  return RunCall(context, backend_.workers, [=, this] { return Update(*request, response); });
}

Reactor* CustomerService::ResolveIdentity(Context* context,
                                          const v1::ResolveIdentityRequest* request,
                                          v1::ResolveIdentityResponse* response) {
  return RunCall(context, backend_.workers, [=, this] { return Resolve(*request, response); });
}

// The one write that callers make often: no thread waits while it reaches the device.
Reactor* CustomerService::AppendEvents(Context* context, const v1::AppendEventsRequest* request,
                                       v1::AppendEventsResponse* response) {
  Reactor* reactor = context->DefaultReactor();
  const bool posted = backend_.workers->Post([=, this] {
    auto batch = std::make_shared<EventBatch>(backend_, *request);
    if (grpc::Status planned = batch->Plan(); !planned.ok()) return reactor->Finish(planned);
    if (batch->empty()) {
      batch->Answer(storage::EntryResult(), response);
      return reactor->Finish(grpc::Status::OK);
    }
    storage::Entry entry = batch->TakeEntry();
    backend_.proposer->Submit(std::move(entry), v1::ERROR_REASON_CUSTOMER_NOT_FOUND,
                              [batch, reactor, response](const grpc::Status& written,
                                                         const storage::EntryResult& result) {
                                if (written.ok()) batch->Answer(result, response);
                                reactor->Finish(written);
                              });
  });
  if (!posted) reactor->Finish(PoolIsFull());
  return reactor;
}

grpc::ServerBidiReactor<v1::ImportCustomersRequest, v1::ImportCustomersResponse>*
CustomerService::ImportCustomers(Context*) {
  return new CustomerImport(backend_);
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
