#pragma once

// A gRPC service of the contract whose methods take the bytes of a request as they came.
//
// gRPC parses typed requests by itself. Where one is no message, a string that is not UTF-8 among
// them, a unary call ends with INTERNAL and a stream as if the caller had ended it: what came
// before would pass for the whole. Here the bytes are parsed by parse.h, which names what is wrong.
//
// A derived class says in its constructor what it serves, by method name, and at the end
// RefuseTheRest. The few hot methods are taken from completion queues (ServeRaw, raw_server.h). The
// others run on a thread of their own for as long as they take and may block. Those threads wait on
// queues that do not poll sockets, so that an idle service costs a decision nothing; gRPC's
// callback API would poll with threads of its own, at half of the price of an empty call.
//
// Thread safety: methods are called from any thread, many at once. Lifetime: the service and its
// CallLimit must outlive the server.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message_lite.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/support/sync_stream.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/rpc/raw_server.h"

namespace touchstone::server {

// How many calls are under way at once on threads of their own, over all services.
class CallLimit {
 public:
  explicit CallLimit(size_t calls) : limit_(calls) {}

  // Each true is followed by one Leave.
  bool Enter();
  void Leave() { under_way_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  const size_t limit_;
  std::atomic<size_t> under_way_{0};
};

// Messages of a call that goes on. Blocks. Thread safety: one thread may read while another writes;
// Cancel from any.
class RpcStream {
 public:
  using Buffers = grpc::ServerReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;
  RpcStream(grpc::ServerContext* context, Buffers* buffers)
      : context_(context), buffers_(buffers) {}

  // The next message. False at the end: the caller has ended the stream, or has gone, or `status`,
  // which is OK otherwise, says what is wrong with the bytes.
  bool Read(google::protobuf::MessageLite* message, grpc::Status* status);
  // False when the caller has gone.
  bool Write(const google::protobuf::MessageLite& message);
  bool IsCancelled() const { return context_->IsCancelled(); }
  // Ends reads and writes, and the call with CANCELLED.
  void Cancel() { context_->TryCancel(); }

 private:
  grpc::ServerContext* context_;
  Buffers* buffers_;
};

class RpcService : public grpc::Service {
 public:
  // `full_name` of a service whose generated code is linked: "touchstone.v1.CustomerService".
  RpcService(absl::string_view full_name, CallLimit* limit);

  const std::string& full_name() const { return descriptor_->full_name(); }

  // The method is taken raw: gives what RawServer::AddMethod wants.
  RawServer::RequestFunction ServeRaw(absl::string_view method);
  // The same of a bidirectional stream, for RawServer::AddStream.
  RawServer::RequestStreamFunction ServeRawStream(absl::string_view method);

  template <typename Request, typename Response>
  void Serve(absl::string_view method,
             std::function<grpc::Status(const Request& request, Response* response)> work) {
    ServeBytes(method, [this, work = std::move(work)](const grpc::ByteBuffer& bytes,
                                                      grpc::ByteBuffer* answer) {
      Request request;
      Response response;
      grpc::Status status = Parse(bytes, &request);
      if (status.ok()) status = work(request, &response);
      if (status.ok()) *answer = ToBuffer(response);
      return status;
    });
  }

  // A method of which either side, or both, sends many messages.
  void ServeStream(absl::string_view method, std::function<grpc::Status(RpcStream& stream)> work);

  // What is in the contract and not served yet is answered with UNIMPLEMENTED, NOT_IMPLEMENTED.
  void RefuseTheRest();

 private:
  using BytesWork = std::function<grpc::Status(const grpc::ByteBuffer&, grpc::ByteBuffer*)>;

  static grpc::Status Parse(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite* message);
  static grpc::ByteBuffer ToBuffer(const google::protobuf::MessageLite& message);
  friend class RpcStream;

  // Its index among the methods that were added.
  int AddRaw(absl::string_view method, grpc::internal::RpcMethod::RpcType type);
  void ServeBytes(absl::string_view method, BytesWork work);
  void Add(const google::protobuf::MethodDescriptor* method,
           grpc::internal::RpcMethod::RpcType type, grpc::internal::MethodHandler* handler);
  const google::protobuf::MethodDescriptor* Find(absl::string_view method) const;

  const google::protobuf::ServiceDescriptor* const descriptor_;
  CallLimit* const limit_;
  std::vector<std::unique_ptr<std::string>> paths_;  // gRPC keeps pointers to them
  std::vector<bool> added_;                          // by index of the method
};

// "publishing at a time" is declared in the contract and served by a later version.
grpc::Status NotImplemented(absl::string_view what);

}  // namespace touchstone::server
