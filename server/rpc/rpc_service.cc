#include "server/rpc/rpc_service.h"

#include <grpcpp/support/method_handler.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/rpc/parse.h"
#include "server/rpc/rpc_error.h"

namespace touchstone::server {
namespace {

using grpc::internal::RpcMethod;

constexpr absl::Duration kRetryAfterFull = absl::Milliseconds(100);

// Runs `work` unless too much is under way.
template <typename Work>
grpc::Status RunWithin(CallLimit* limit, const Work& work) {
  if (!limit->Enter()) return Overloaded(kRetryAfterFull, "too many calls are under way");
  grpc::Status status = work();
  limit->Leave();
  return status;
}

// A name that the contract does not have is a slip of ours: no server starts with it.
template <typename Descriptor>
const Descriptor* Known(const Descriptor* found) {
  if (found == nullptr) std::abort();
  return found;
}

}  // namespace

bool CallLimit::Enter() {
  if (under_way_.fetch_add(1, std::memory_order_relaxed) < limit_) return true;
  Leave();
  return false;
}

bool RpcStream::Read(google::protobuf::MessageLite* message, grpc::Status* status) {
  *status = grpc::Status::OK;
  grpc::ByteBuffer bytes;
  if (!buffers_->Read(&bytes)) return false;
  *status = RpcService::Parse(bytes, message);
  return status->ok();
}

bool RpcStream::Write(const google::protobuf::MessageLite& message) {
  return buffers_->Write(RpcService::ToBuffer(message));
}

RpcService::RpcService(absl::string_view full_name, CallLimit* limit)
    : descriptor_(Known(google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
          std::string(full_name)))),
      limit_(limit),
      added_(static_cast<size_t>(descriptor_->method_count())) {}

grpc::Status RpcService::Parse(const grpc::ByteBuffer& bytes,
                               google::protobuf::MessageLite* message) {
  grpc::Slice slice;
  if (!bytes.TrySingleSlice(&slice).ok()) {
    if (grpc::Status dumped = bytes.DumpToSingleSlice(&slice); !dumped.ok()) return dumped;
  }
  const absl::string_view text(reinterpret_cast<const char*>(slice.begin()), slice.size());
  const std::optional<Violation> wrong = ParseRequest(text, message);
  return wrong.has_value() ? InvalidRequest({*wrong}) : grpc::Status::OK;
}

grpc::ByteBuffer RpcService::ToBuffer(const google::protobuf::MessageLite& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

const google::protobuf::MethodDescriptor* RpcService::Find(absl::string_view method) const {
  return Known(descriptor_->FindMethodByName(std::string(method)));
}

void RpcService::Add(const google::protobuf::MethodDescriptor* method, RpcMethod::RpcType type,
                     grpc::internal::MethodHandler* handler) {
  paths_.push_back(std::make_unique<std::string>(
      absl::StrCat("/", descriptor_->full_name(), "/", method->name())));
  AddMethod(new grpc::internal::RpcServiceMethod(paths_.back()->c_str(), type, handler));
  added_[static_cast<size_t>(method->index())] = true;
}

int RpcService::AddRaw(absl::string_view method, RpcMethod::RpcType type) {
  Add(Find(method), type, nullptr);
  const int index = static_cast<int>(paths_.size()) - 1;
  MarkMethodRaw(index);
  return index;
}

RawServer::RequestFunction RpcService::ServeRaw(absl::string_view method) {
  const int index = AddRaw(method, RpcMethod::NORMAL_RPC);
  return [this, index](auto* context, auto* request, auto* writer, auto*... queues_and_tag) {
    RequestAsyncUnary(index, context, request, writer, queues_and_tag...);
  };
}

RawServer::RequestStreamFunction RpcService::ServeRawStream(absl::string_view method) {
  const int index = AddRaw(method, RpcMethod::BIDI_STREAMING);
  return [this, index](auto* context, auto* stream, auto*... queues_and_tag) {
    RequestAsyncBidiStreaming(index, context, stream, queues_and_tag...);
  };
}

void RpcService::ServeBytes(absl::string_view method, BytesWork work) {
  using Handler = grpc::internal::RpcMethodHandler<RpcService, grpc::ByteBuffer, grpc::ByteBuffer>;
  Add(Find(method), RpcMethod::NORMAL_RPC,
      new Handler(
          [work = std::move(work)](RpcService* service, grpc::ServerContext* /*context*/,
                                   const grpc::ByteBuffer* bytes, grpc::ByteBuffer* answer) {
            return RunWithin(service->limit_, [&] { return work(*bytes, answer); });
          },
          this));
}

void RpcService::ServeStream(absl::string_view method,
                             std::function<grpc::Status(RpcStream& stream)> work) {
  using Handler =
      grpc::internal::BidiStreamingHandler<RpcService, grpc::ByteBuffer, grpc::ByteBuffer>;
  Add(Find(method), RpcMethod::BIDI_STREAMING,
      new Handler(
          [work = std::move(work)](RpcService* service, grpc::ServerContext* context,
                                   RpcStream::Buffers* buffers) {
            return RunWithin(service->limit_, [&] {
              RpcStream stream(context, buffers);
              return work(stream);
            });
          },
          this));
}

void RpcService::RefuseTheRest() {
  for (int i = 0; i < descriptor_->method_count(); ++i) {
    if (added_[static_cast<size_t>(i)]) continue;
    const std::string name = descriptor_->method(i)->name();
    ServeStream(name, [name](RpcStream&) { return NotImplemented(name); });
  }
}

grpc::Status NotImplemented(absl::string_view what) {
  return RpcError(grpc::StatusCode::UNIMPLEMENTED, v1::ERROR_REASON_NOT_IMPLEMENTED,
                  absl::StrCat(what, " is part of the contract but not served by this version"));
}

}  // namespace touchstone::server
