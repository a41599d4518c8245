#pragma once

// GrantService: codes are issued, imported, shown and revoked; grants are given, listed and
// revoked.
//
// Thread safety, errors: as grant_service.proto says; calls run on threads of their own. Codes are
// secrets: no error, log line or audit record has one.

#include <string>

#include "server/rpc/rpc_service.h"
#include "server/services/backend.h"
#include "server/services/code_issue.h"
#include "touchstone/v1/grant_service.pb.h"

namespace touchstone::server {

class GrantService : public RpcService {
 public:
  // The backend's members must outlive it.
  GrantService(const Backend& backend, CodeMaker codes);

 private:
  grpc::Status Issue(const v1::IssueCodesRequest& request, v1::IssueCodesResponse* response) const;
  grpc::Status Import(const v1::ImportCodesRequest& request,
                      v1::ImportCodesResponse* response) const;
  grpc::Status Get(const v1::GetCodeRequest& request, v1::Code* response) const;
  grpc::Status Revoke(const v1::RevokeCodesRequest& request,
                      v1::RevokeCodesResponse* response) const;

  grpc::Status ImportGrants(const v1::ImportGrantsRequest& request,
                            v1::ImportGrantsResponse* response) const;
  grpc::Status ListGrants(const v1::ListGrantsRequest& request,
                          v1::ListGrantsResponse* response) const;
  grpc::Status RevokeGrant(const v1::RevokeGrantRequest& request, v1::Grant* response) const;

  // That the active revision has the offer, and says of it that codes carry it.
  grpc::Status CheckOffer(const std::string& offer_id) const;
  // That the codes of a request that is answered again are those which were stored then.
  grpc::Status CheckStillMade(const std::string& code) const;
  grpc::Status Write(storage::Entry entry, absl::string_view action, absl::string_view detail,
                     storage::EntryResult* result) const;

  const Backend backend_;
  const CodeMaker codes_;
};

}  // namespace touchstone::server
