#pragma once

// A batch of grants on its way into the store: finds the customers and offers, names the grants,
// and words what became of each.
//
// Use: Plan, Write, Answer. Thread safety: for one thread.
// Lifetime: backend and request must outlive it. Cost: blocks; two reads a grant, and one write of
// all.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/services/backend.h"
#include "touchstone/storage/v1/entry.pb.h"
#include "touchstone/v1/grant_service.pb.h"

namespace touchstone::server {

inline constexpr int kMaxGrantsInBatch = 10'000;

// Whom a `holder` of the contract names: one of the two, else nobody.
struct HolderName {
  absl::string_view customer = {};
  const v1::Identity* identity = nullptr;
};
template <typename Message>
HolderName HolderOf(const Message& message) {
  return {message.customer(), message.has_identity() ? &message.identity() : nullptr};
}
// The customer who stands for that one now. NOT_FOUND CUSTOMER_NOT_FOUND; INVALID_ARGUMENT, of what
// stands in `field` (empty, or with a dot behind it).
grpc::Status FindHolder(const Backend& backend, const HolderName& holder, absl::string_view field,
                        std::string* customer_id);

class GrantBatch {
 public:
  GrantBatch(const Backend& backend, const v1::ImportGrantsRequest& request)
      : backend_(backend), request_(request) {}

  // An error of the whole batch. Grants that cannot be made are refused in the answer.
  grpc::Status Plan();
  // Of a request that is only validated: finds out what would become of the grants.
  grpc::Status Write();
  void Answer(v1::ImportGrantsResponse* response) const;

 private:
  const v1::GrantItem& item(size_t i) const { return request_.grants(static_cast<int>(i)); }
  // What is wrong with one grant; else it is part of the entry.
  grpc::Status PlanGrant(size_t i);
  // The id under which she, or one who was merged into her, was granted it before, else a new one.
  grpc::Status NameGrant(const std::string& customer_id, const std::string& offer_id,
                         std::string* grant_id) const;
  // What Apply would say, but for want of room.
  grpc::Status CompareWithStored();

  const Backend& backend_;
  const v1::ImportGrantsRequest& request_;
  std::shared_ptr<const LiveState> live_;
  std::map<size_t, grpc::Status> errors_;  // by place in the request
  std::vector<size_t> place_of_item_;      // of the entry, in the request
  storage::Entry entry_;
  storage::EntryResult result_;
};

}  // namespace touchstone::server
