#pragma once

// One import of a reference table: takes the rows of a stream, then checks, writes and swaps them.
//
// Thread safety: for one thread. Lifetime: the backend must outlive it. Cost: the table is in
// memory until it is live.

#include <vector>

#include "rules/facts/schema.h"
#include "server/rpc/rpc_service.h"
#include "server/services/backend.h"
#include "touchstone/v1/reference_service.pb.h"

namespace touchstone::server {

inline constexpr int kMaxReferenceRows = 10'000'000;
// An entry of the store holds 64 MiB.
inline constexpr size_t kMaxReferenceBytes = size_t{60} << 20;
inline constexpr size_t kMaxReportedRows = 100;

class ReferenceImport {
 public:
  explicit ReferenceImport(const Backend& backend) : backend_(backend) {}

  // Until the caller ends the stream and its table is live, or something is at fault.
  grpc::Status Run(RpcStream& stream);

 private:
  // Moves what has been read into the table; an error when it is too large.
  grpc::Status TakeRows();
  // CANCELLED when the caller has gone, as far as that can be told from the end of the stream.
  grpc::Status CheckWhole(const RpcStream& stream) const;
  grpc::Status Import(const RpcStream& stream, v1::ImportReferenceResponse* response);
  grpc::Status CheckRows(const rules::ReferenceSpec& spec) const;

  const Backend& backend_;
  v1::ImportReferenceRequest message_;
  v1::ImportReferenceRequest table_;  // the first message, and all rows
  size_t bytes_ = 0;
  bool first_ = true;
};

}  // namespace touchstone::server
