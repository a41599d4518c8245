#pragma once

// RuleSetService: validates rule sets and conditions, keeps revisions, publishes them and goes
// back.
//
// A publish is written first, then swapped in, then answered; every change is in the audit log.
// Thread safety: as RpcService. Lifetime: the backend must outlive it.

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "rules/ruleset/rule_set.h"
#include "server/rpc/rpc_service.h"
#include "server/services/backend.h"
#include "server/services/rule_set_check.h"
#include "touchstone/v1/rule_set_service.pb.h"

namespace touchstone::server {

class RuleSetService final : public RpcService {
 public:
  explicit RuleSetService(const Backend& backend);

 private:
  grpc::Status Validate(const v1::ValidateRuleSetRequest& request,
                        v1::ValidateRuleSetResponse* response) const;
  grpc::Status Convert(const v1::ConvertConditionRequest& request,
                       v1::ConvertConditionResponse* response) const;
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
  // Names in `publish` what the revision declares.
  grpc::Status CheckBeforePublish(uint64_t revision, storage::PublishRevision* publish) const;
  // Names in `publish` the terms that grants go on to keep, and what is answered about them.
  grpc::Status PlanKeptTerms(const v1::RuleSet& message, storage::PublishRevision* publish) const;
  // Like Check, one at a time.
  rules::CompileResult CompileWith(const v1::RuleSet& message,
                                   const std::vector<storage::KeptTerms>& terms) const;
  // The revision to go back to when the caller names none.
  grpc::Status FindPrevious(const storage::ActiveRevision& active, uint64_t* revision) const;
  grpc::Status ReadRevision(uint64_t revision, v1::RevisionView view, v1::Revision* message) const;
  grpc::Status ReadRuleSet(uint64_t revision, v1::RuleSet* message) const;
  // Nothing: the active one. One that is not live is compiled.
  grpc::Status FindRuleSet(std::optional<uint64_t> revision,
                           std::shared_ptr<const rules::RuleSet>* rule_set) const;

  // A message or files. One at a time: others wait, so that decisions keep their cores.
  template <typename Source>
  CheckedRuleSet Check(Source&& source, bool run_golden_tests) const;

  const Backend backend_;
  mutable std::mutex checking_;
};

}  // namespace touchstone::server
