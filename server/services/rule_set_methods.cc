// The methods of RuleSetService as gRPC calls them: which run, and which are refused.

#include "server/services/rule_set_service.h"

namespace touchstone::server {

using Reactor = grpc::ServerUnaryReactor;
using Context = grpc::CallbackServerContext;

Reactor* RuleSetService::ValidateRuleSet(Context* context,
                                         const v1::ValidateRuleSetRequest* request,
                                         v1::ValidateRuleSetResponse* response) {
  return RunCall(context, backend_.workers, [=, this] { return Validate(*request, response); });
}

Reactor* RuleSetService::CreateRevision(Context* context, const v1::CreateRevisionRequest* request,
                                        v1::CreateRevisionResponse* response) {
  return RunCall(context, backend_.workers, [=, this] { return Create(*request, response); });
}

Reactor* RuleSetService::GetRevision(Context* context, const v1::GetRevisionRequest* request,
                                     v1::Revision* response) {
  return RunCall(context, backend_.workers, [=, this] { return Get(*request, response); });
}

Reactor* RuleSetService::ListRevisions(Context* context, const v1::ListRevisionsRequest* request,
                                       v1::ListRevisionsResponse* response) {
  return RunCall(context, backend_.workers, [=, this] { return List(*request, response); });
}

Reactor* RuleSetService::PublishRevision(Context* context,
                                         const v1::PublishRevisionRequest* request,
                                         v1::PublishRevisionResponse* response) {
  return RunCall(context, backend_.workers, [=, this] { return Publish(*request, response); });
}

Reactor* RuleSetService::RollbackRevision(Context* context,
                                          const v1::RollbackRevisionRequest* request,
                                          v1::RollbackRevisionResponse* response) {
  return RunCall(context, backend_.workers, [=, this] { return Rollback(*request, response); });
}

Reactor* RuleSetService::GetActiveRevision(Context* context,
                                           const v1::GetActiveRevisionRequest* request,
                                           v1::GetActiveRevisionResponse* response) {
  return RunCall(context, backend_.workers, [=, this] { return GetActive(*request, response); });
}

Reactor* RuleSetService::PauseOffer(Context* context, const v1::PauseOfferRequest* request,
                                    v1::OfferPause* response) {
  return RunCall(context, backend_.workers, [=, this] { return Pause(*request, response); });
}

Reactor* RuleSetService::ResumeOffer(Context* context, const v1::ResumeOfferRequest* request,
                                     v1::ResumeOfferResponse* response) {
  return RunCall(context, backend_.workers, [=, this] { return Resume(*request, response); });
}

Reactor* RuleSetService::DiffRevisions(Context* context, const v1::DiffRevisionsRequest*,
                                       v1::DiffRevisionsResponse*) {
  return Refuse(context, NotImplemented("DiffRevisions"));
}

Reactor* RuleSetService::SimulateRevision(Context* context, const v1::SimulateRevisionRequest*,
                                          v1::SimulateRevisionResponse*) {
  return Refuse(context, NotImplemented("SimulateRevision"));
}

Reactor* RuleSetService::ApproveRevision(Context* context, const v1::ApproveRevisionRequest*,
                                         v1::Revision*) {
  return Refuse(context, NotImplemented("ApproveRevision"));
}

}  // namespace touchstone::server
