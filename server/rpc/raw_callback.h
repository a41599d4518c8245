#pragma once

// Callback methods that take the bytes of a request as they came.
//
// gRPC parses requests of callback methods by itself. Where one is no message, a string that is not
// UTF-8 among them, a unary call ends with an empty UNIMPLEMENTED and a stream as if the caller had
// ended it: what came before would pass for the whole. Here the bytes are parsed by parse.h, which
// names what is wrong.
//
// Thread safety: as grpc's callback API. Lifetime: the service must outlive its server.

#include <google/protobuf/descriptor.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "server/rpc/parse.h"
#include "server/rpc/rpc_error.h"

namespace touchstone::server {

// INVALID_REQUEST, saying what is wrong with the bytes; `message` is whole when OK.
grpc::Status ParseBuffer(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite* message);

grpc::ByteBuffer ToBuffer(const google::protobuf::MessageLite& message);

// One unary call, shared by whoever works on it until Finish.
template <typename Request, typename Response>
class UnaryCall {
 public:
  UnaryCall(const grpc::CallbackServerContext& context, grpc::ServerUnaryReactor* reactor,
            grpc::ByteBuffer* answer)
      : deadline_(context.deadline()), reactor_(reactor), answer_(answer) {}

  // Whether nobody waits for the answer any more.
  bool is_late() const { return std::chrono::system_clock::now() >= deadline_; }
  Request& request() { return request_; }
  Response* response() { return &response_; }
  // Once, from any thread. With OK the response is the answer.
  void Finish(const grpc::Status& status) {
    if (status.ok()) *answer_ = ToBuffer(response_);
    reactor_->Finish(status);
  }

 private:
  const std::chrono::system_clock::time_point deadline_;
  grpc::ServerUnaryReactor* reactor_;
  grpc::ByteBuffer* answer_;  // gRPC's, valid until Finish
  Request request_;
  Response response_;
};

// A generated service, some of whose methods are taken raw. In its constructor:
// ServeUnary<GetCustomerRequest, Customer>("GetCustomer", [this](auto call) { ... }).
template <typename Service>
class RawCallbackService : public Service::CallbackService {
 protected:
  // `start` must bring about one Finish of the call.
  template <typename Request, typename Response>
  void ServeUnary(const char* method,
                  std::function<void(std::shared_ptr<UnaryCall<Request, Response>>)> start) {
    this->MarkMethodRawCallback(
        IndexOf(method),
        new grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
            [start = std::move(start)](grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* bytes, grpc::ByteBuffer* answer) {
              grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
              auto call = std::make_shared<UnaryCall<Request, Response>>(*context, reactor, answer);
              if (grpc::Status parsed = ParseBuffer(*bytes, &call->request()); parsed.ok()) {
                start(std::move(call));
              } else {
                call->Finish(parsed);
              }
              return reactor;
            }));
  }

  using RawReader = grpc::ServerReadReactor<grpc::ByteBuffer>;
  void ServeClientStream(
      const char* method,
      std::function<RawReader*(grpc::CallbackServerContext*, grpc::ByteBuffer*)> start) {
    this->MarkMethodRawCallback(
        IndexOf(method),
        new grpc::internal::CallbackClientStreamingHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
            std::move(start)));
  }

  using RawBidi = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;
  void ServeBidi(const char* method, std::function<RawBidi*(grpc::CallbackServerContext*)> start) {
    this->MarkMethodRawCallback(
        IndexOf(method),
        new grpc::internal::CallbackBidiHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
            std::move(start)));
  }

 private:
  static int IndexOf(const char* method) {
    return google::protobuf::DescriptorPool::generated_pool()
        ->FindServiceByName(Service::service_full_name())
        ->FindMethodByName(method)
        ->index();
  }
};

}  // namespace touchstone::server
