#pragma once

// RuleSetService: validates rule sets, keeps revisions, publishes them and goes back.
//
// A publish is written first, then swapped in, then answered; every change is in the audit log.
// Thread safety: as grpc's callback API. Lifetime: the backend must outlive it.

#include "server/services/backend.h"
#include "server/services/call.h"
#include "touchstone/v1/rule_set_service.grpc.pb.h"

namespace touchstone::server {

class RuleSetService final : public PooledService<v1::RuleSetService> {
 public:
  explicit RuleSetService(const Backend& backend);

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  // What is refused; what is served, the constructor says.
  Reactor* DiffRevisions(Context* context, const v1::DiffRevisionsRequest* request,
                         v1::DiffRevisionsResponse* response) override;
  Reactor* SimulateRevision(Context* context, const v1::SimulateRevisionRequest* request,
                            v1::SimulateRevisionResponse* response) override;
  Reactor* ApproveRevision(Context* context, const v1::ApproveRevisionRequest* request,
                           v1::Revision* response) override;

 private:
  grpc::Status Validate(const v1::ValidateRuleSetRequest& request,
                        v1::ValidateRuleSetResponse* response) const;
  grpc::Status Create(const v1::CreateRevisionRequest& request,
                      v1::CreateRevisionResponse* response) const;
  grpc::Status Get(const v1::GetRevisionRequest& request, v1::Revision* response) const;
  grpc::Status List(const v1::ListRevisionsRequest& request,
                    v1::ListRevisionsResponse* response) const;
  grpc::Status Publish(const v1::PublishRevisionRequest& request,
                       v1::PublishRevisionResponse* response) const;
  grpc::Status Rollback(const v1::RollbackRevisionRequest& request,
                        v1::RollbackRevisionResponse* response) const;
  grpc::Status GetActive(const v1::GetActiveRevisionRequest& request,
                         v1::GetActiveRevisionResponse* response) const;
  grpc::Status Pause(const v1::PauseOfferRequest& request, v1::OfferPause* response) const;
  grpc::Status Resume(const v1::ResumeOfferRequest& request,
                      v1::ResumeOfferResponse* response) const;

  // OK when the revision is there, compiles and passes its golden tests.
  grpc::Status CheckBeforePublish(uint64_t revision) const;
  // The revision to go back to when the caller names none.
  grpc::Status FindPrevious(const storage::ActiveRevision& active, uint64_t* revision) const;
  // Makes what was written live.
  grpc::Status Reload() const;
  grpc::Status ReadRevision(uint64_t revision, v1::RevisionView view, v1::Revision* message) const;

  const Backend backend_;
};

}  // namespace touchstone::server
