#include "server/rpc/raw_callback.h"

namespace touchstone::server {

grpc::Status ParseBuffer(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite* message) {
  grpc::Slice slice;
  if (!bytes.TrySingleSlice(&slice).ok()) {
    if (grpc::Status dumped = bytes.DumpToSingleSlice(&slice); !dumped.ok()) return dumped;
  }
  const absl::string_view text(reinterpret_cast<const char*>(slice.begin()), slice.size());
  const std::optional<Violation> wrong = ParseRequest(text, message);
  return wrong.has_value() ? InvalidRequest({*wrong}) : grpc::Status::OK;
}

grpc::ByteBuffer ToBuffer(const google::protobuf::MessageLite& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace touchstone::server
