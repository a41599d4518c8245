// The methods of RuleSetService as gRPC calls them: which run, and which are refused.

#include "server/services/rule_set_service.h"

namespace touchstone::server {

using Reactor = grpc::ServerUnaryReactor;
using Context = grpc::CallbackServerContext;

RuleSetService::RuleSetService(const Backend& backend) : backend_(backend) {
  Serve<v1::ValidateRuleSetRequest, v1::ValidateRuleSetResponse>(
      "ValidateRuleSet", backend_.workers,
      [this](const auto& request, auto* response) { return Validate(request, response); });
  Serve<v1::CreateRevisionRequest, v1::CreateRevisionResponse>(
      "CreateRevision", backend_.workers,
      [this](const auto& request, auto* response) { return Create(request, response); });
  Serve<v1::GetRevisionRequest, v1::Revision>(
      "GetRevision", backend_.workers,
      [this](const auto& request, auto* response) { return Get(request, response); });
  Serve<v1::ListRevisionsRequest, v1::ListRevisionsResponse>(
      "ListRevisions", backend_.workers,
      [this](const auto& request, auto* response) { return List(request, response); });
  Serve<v1::PublishRevisionRequest, v1::PublishRevisionResponse>(
      "PublishRevision", backend_.workers,
      [this](const auto& request, auto* response) { return Publish(request, response); });
  Serve<v1::RollbackRevisionRequest, v1::RollbackRevisionResponse>(
      "RollbackRevision", backend_.workers,
      [this](const auto& request, auto* response) { return Rollback(request, response); });
  Serve<v1::GetActiveRevisionRequest, v1::GetActiveRevisionResponse>(
      "GetActiveRevision", backend_.workers,
      [this](const auto& request, auto* response) { return GetActive(request, response); });
  Serve<v1::PauseOfferRequest, v1::OfferPause>(
      "PauseOffer", backend_.workers,
      [this](const auto& request, auto* response) { return Pause(request, response); });
  Serve<v1::ResumeOfferRequest, v1::ResumeOfferResponse>(
      "ResumeOffer", backend_.workers,
      [this](const auto& request, auto* response) { return Resume(request, response); });
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
