#include "server/services/rule_set_service.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "rules/ruleset/files.h"
#include "server/log.h"
#include "server/services/condition_conversion.h"
#include "server/services/kept_terms.h"
#include "server/services/resource_name.h"
#include "server/services/rule_set_check.h"

namespace touchstone::server {
namespace {

using grpc::StatusCode;
using storage::EntryResult;

constexpr size_t kMaxNoteCharacters = 1000;
// An entry holds 64 MiB; the rest of it is small.
constexpr size_t kMaxRuleSetBytes = size_t{60} << 20;
constexpr int kDefaultPageSize = 100;
constexpr int kMaxPageSize = 1000;

grpc::Status WithDiagnostics(StatusCode code, v1::ErrorReason reason, absl::string_view message,
                             const rules::Diagnostics& diagnostics) {
  google::rpc::Status status = ErrorStatus(code, reason, message);
  status.add_details()->PackFrom(ToMessage(diagnostics, kMaxDiagnostics, kMaxViolationBytes));
  return RpcError(status);
}

// OK for a rule set that may become a revision.
grpc::Status RuleSetError(const CheckedRuleSet& checked) {
  if (checked.rule_set == nullptr) {
    const auto errors =
        std::count_if(checked.diagnostics.begin(), checked.diagnostics.end(),
                      [](const auto& found) { return found.severity == rules::Severity::kError; });
    return WithDiagnostics(
        StatusCode::INVALID_ARGUMENT, v1::ERROR_REASON_RULE_SET_INVALID,
        absl::StrCat("the rule set has ", errors, errors == 1 ? " error" : " errors",
                     "; nothing was stored or published"),
        checked.diagnostics);
  }
  if (!checked.golden.all_passed()) {
    return WithDiagnostics(
        StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_GOLDEN_TESTS_FAILED,
        absl::StrCat(checked.golden.failed(), " of ", checked.golden.results.size(),
                     " golden tests fail; nothing was stored or published"),
        rules::GoldenDiagnostics(checked.golden, checked.sources));
  }
  return grpc::Status::OK;
}

grpc::Status MalformedAnswer() {
  return StoreError(absl::DataLossError("log: malformed answer of a publish"));
}

bool HasOffer(const rules::RuleSet& rule_set, absl::string_view id) {
  const rules::OfferRange versions = rules::VersionsOf(rule_set, id);
  return versions.first != versions.end;
}

void CheckSource(const v1::RuleSetSource& source, std::vector<Violation>* violations) {
  if (source.source_case() == v1::RuleSetSource::SOURCE_NOT_SET) {
    violations->push_back({"source", "is required: files or rule_set"});
  }
  if (static_cast<size_t>(source.files().files_size()) > rules::kMaxRuleSetFiles) {
    violations->push_back({"source.files", "must be at most 200,000 files"});
  }
}

v1::RevisionState StateOf(const storage::RevisionInfo& info, uint64_t active) {
  if (info.revision() == active) return v1::REVISION_STATE_ACTIVE;
  if (info.rolled_back()) return v1::REVISION_STATE_ROLLED_BACK;
  if (info.published_epoch() != 0) return v1::REVISION_STATE_SUPERSEDED;
  if (!info.approver().empty()) return v1::REVISION_STATE_APPROVED;
  return v1::REVISION_STATE_VALIDATED;
}

void FillRevision(const storage::RevisionInfo& info, uint64_t active, v1::Revision* message) {
  message->set_name(RevisionName(info.revision()));
  message->set_content_hash(info.content_hash());
  message->set_state(StateOf(info, active));
  message->set_author(info.author());
  message->set_message(info.note());
  *message->mutable_create_time() = ToTimestamp(info.created_time_us());
  if (info.published_time_us() != 0) {
    *message->mutable_publish_time() = ToTimestamp(info.published_time_us());
  }
  message->set_approver(info.approver());
  if (info.approved_time_us() != 0) {
    *message->mutable_approve_time() = ToTimestamp(info.approved_time_us());
  }
  message->set_offer_count(static_cast<int32_t>(info.offer_count()));
}

void FillPause(const storage::PausedOffer& paused, v1::OfferPause* message) {
  message->set_offer_id(paused.offer_id());
  message->set_principal(paused.principal());
  message->set_reason(paused.reason());
  *message->mutable_pause_time() = ToTimestamp(paused.time_us());
}

grpc::Status NoActiveRevision() {
  return RpcError(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NO_ACTIVE_REVISION,
                  "no revision has been published yet: publish one first");
}

// What a failed read of a revision means.
grpc::Status RevisionError(const absl::Status& status, uint64_t revision) {
  if (absl::IsNotFound(status)) {
    return RpcError(StatusCode::NOT_FOUND, v1::ERROR_REASON_REVISION_NOT_FOUND,
                    absl::StrCat("there is no ", RevisionName(revision)));
  }
  return StoreError(status);
}

}  // namespace

RuleSetService::RuleSetService(const Backend& backend)
    : RpcService("touchstone.v1.RuleSetService", backend.limit), backend_(backend) {
  Serve<v1::ValidateRuleSetRequest, v1::ValidateRuleSetResponse>(
      "ValidateRuleSet",
      [this](const auto& request, auto* response) { return Validate(request, response); });
  Serve<v1::ConvertConditionRequest, v1::ConvertConditionResponse>(
      "ConvertCondition",
      [this](const auto& request, auto* response) { return Convert(request, response); });
  Serve<v1::CreateRevisionRequest, v1::CreateRevisionResponse>(
      "CreateRevision",
      [this](const auto& request, auto* response) { return Create(request, response); });
  Serve<v1::GetRevisionRequest, v1::Revision>(
      "GetRevision",
      [this](const auto& request, auto* response) { return Get(request, response); });
  Serve<v1::ListRevisionsRequest, v1::ListRevisionsResponse>(
      "ListRevisions",
      [this](const auto& request, auto* response) { return List(request, response); });
  Serve<v1::PublishRevisionRequest, v1::PublishRevisionResponse>(
      "PublishRevision",
      [this](const auto& request, auto* response) { return Publish(request, response); });
  Serve<v1::RollbackRevisionRequest, v1::RollbackRevisionResponse>(
      "RollbackRevision",
      [this](const auto& request, auto* response) { return Rollback(request, response); });
  Serve<v1::GetActiveRevisionRequest, v1::GetActiveRevisionResponse>(
      "GetActiveRevision",
      [this](const auto& request, auto* response) { return GetActive(request, response); });
  Serve<v1::PauseOfferRequest, v1::OfferPause>(
      "PauseOffer",
      [this](const auto& request, auto* response) { return Pause(request, response); });
  Serve<v1::ResumeOfferRequest, v1::ResumeOfferResponse>(
      "ResumeOffer",
      [this](const auto& request, auto* response) { return Resume(request, response); });
  RefuseTheRest();
}

template <typename Source>
CheckedRuleSet RuleSetService::Check(Source&& source, bool run_golden_tests) const {
  std::lock_guard<std::mutex> lock(checking_);
  return CheckRuleSet(std::forward<Source>(source), run_golden_tests, backend_.proposer->now());
}

grpc::Status RuleSetService::Validate(const v1::ValidateRuleSetRequest& request,
                                      v1::ValidateRuleSetResponse* response) const {
  std::vector<Violation> violations;
  CheckSource(request.source(), &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  const CheckedRuleSet checked = Check(request.source(), !request.skip_golden_tests());
  response->set_valid(checked.valid());
  *response->mutable_diagnostics() =
      ToMessage(checked.diagnostics, kMaxDiagnostics, kMaxDiagnosticBytes);
  for (v1::GoldenTestResult& result : GoldenResults(checked)) {
    *response->add_golden_tests() = std::move(result);
  }
  if (checked.rule_set != nullptr) response->set_content_hash(checked.rule_set->content_hash);
  return grpc::Status::OK;
}

grpc::Status RuleSetService::Convert(const v1::ConvertConditionRequest& request,
                                     v1::ConvertConditionResponse* response) const {
  std::vector<Violation> violations;
  std::optional<uint64_t> revision;
  if (!request.revision().empty()) {
    revision = ParseRevisionName(request.revision(), "revision", &violations);
  }
  const std::optional<rules::Scope> scope = CheckConversion(request, &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  std::shared_ptr<const rules::RuleSet> rule_set;
  grpc::Status status = FindRuleSet(revision, &rule_set);
  if (status.ok()) ConvertCondition(*rule_set, *scope, request, response);
  return status;
}

grpc::Status RuleSetService::Create(const v1::CreateRevisionRequest& request,
                                    v1::CreateRevisionResponse* response) const {
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  CheckSource(request.source(), &violations);
  CheckText(request.message(), kMaxNoteCharacters, "message", &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  const uint64_t body_hash = BodyHash("CreateRevision", request);
  std::optional<EntryResult> first;
  grpc::Status status = backend_.proposer->Recall(request.request_id(), body_hash, &first);
  if (!status.ok()) return status;
  if (first.has_value()) {
    return ReadRevision(first->revision(), v1::REVISION_VIEW_BASIC, response->mutable_revision());
  }

  const CheckedRuleSet checked = Check(request.source(), /*run_golden_tests=*/true);
  if (status = RuleSetError(checked); !status.ok()) return status;
  storage::Entry entry = backend_.proposer->NewEntry(request.request_id(), body_hash);
  storage::CreateRevision* create = entry.mutable_create_revision();
  create->set_rule_set(SerializeRuleSet(checked.message));
  if (create->rule_set().size() > kMaxRuleSetBytes) {
    return InvalidRequest({{"source", "must be at most 60 MiB as a message"}});
  }
  create->set_content_hash(checked.rule_set->content_hash);
  create->set_author(std::string(kLocalPrincipal));
  create->set_note(request.message());
  create->set_offer_count(static_cast<uint32_t>(checked.rule_set->offers.size()));
  backend_.proposer->SetAudit("create_revision", checked.rule_set->content_hash, request.message(),
                              &entry);
  EntryResult result;
  status = backend_.proposer->Write(std::move(entry), v1::ERROR_REASON_REVISION_NOT_FOUND, &result);
  if (!status.ok()) return status;
  *response->mutable_diagnostics() =
      ToMessage(checked.diagnostics, kMaxDiagnostics, kMaxDiagnosticBytes);
  return ReadRevision(result.revision(), v1::REVISION_VIEW_BASIC, response->mutable_revision());
}

grpc::Status RuleSetService::ReadRevision(uint64_t revision, v1::RevisionView view,
                                          v1::Revision* message) const {
  const absl::StatusOr<storage::RevisionInfo> info = backend_.store->GetRevision(revision);
  if (!info.ok()) return RevisionError(info.status(), revision);
  const absl::StatusOr<storage::ActiveRevision> active = backend_.store->GetActiveRevision();
  if (!active.ok() && !absl::IsNotFound(active.status())) return StoreError(active.status());
  FillRevision(*info, active.ok() ? active->revision() : 0, message);
  if (view != v1::REVISION_VIEW_MESSAGE && view != v1::REVISION_VIEW_FILES) {
    return grpc::Status::OK;
  }
  v1::RuleSet* rule_set = message->mutable_source()->mutable_rule_set();
  grpc::Status status = ReadRuleSet(revision, rule_set);
  if (!status.ok() || view == v1::REVISION_VIEW_MESSAGE) return status;
  const std::vector<rules::SourceFile> files = rules::ExportRuleSetFiles(*rule_set);
  message->clear_source();
  for (const rules::SourceFile& file : files) {
    v1::RuleSetFile* to = message->mutable_source()->mutable_files()->add_files();
    to->set_path(file.path);
    to->set_content(file.bytes);
  }
  return grpc::Status::OK;
}

grpc::Status RuleSetService::ReadRuleSet(uint64_t revision, v1::RuleSet* message) const {
  const absl::StatusOr<std::string> bytes = backend_.store->GetRuleSet(revision);
  if (!bytes.ok()) return RevisionError(bytes.status(), revision);
  if (message->ParseFromString(*bytes)) return grpc::Status::OK;
  return StoreError(absl::DataLossError("revisions: malformed rule set"));
}

grpc::Status RuleSetService::FindRuleSet(std::optional<uint64_t> revision,
                                         std::shared_ptr<const rules::RuleSet>* rule_set) const {
  const std::shared_ptr<const LiveState> live = backend_.live->Get();
  if (live == nullptr && !revision.has_value()) return NoActiveRevision();
  if (live != nullptr && revision.value_or(live->revision) == live->revision) {
    *rule_set = live->rule_set;
    return grpc::Status::OK;
  }
  v1::RuleSet message;
  grpc::Status status = ReadRuleSet(*revision, &message);
  if (!status.ok()) return status;
  CheckedRuleSet checked = Check(std::move(message), /*run_golden_tests=*/false);
  if (status = RuleSetError(checked); !status.ok()) return status;
  *rule_set = std::move(checked.rule_set);
  return grpc::Status::OK;
}

grpc::Status RuleSetService::Get(const v1::GetRevisionRequest& request,
                                 v1::Revision* response) const {
  std::vector<Violation> violations;
  const std::optional<uint64_t> revision = ParseRevisionName(request.name(), "name", &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  return ReadRevision(*revision, request.view(), response);
}

grpc::Status RuleSetService::List(const v1::ListRevisionsRequest& request,
                                  v1::ListRevisionsResponse* response) const {
  if (request.page_size() < 0) return InvalidRequest({{"page_size", "must not be negative"}});
  const int asked = request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  const auto page = static_cast<uint64_t>(std::min(asked, kMaxPageSize));
  uint64_t last = backend_.store->progress().last_revision();
  if (!request.page_token().empty()) {
    uint64_t token = 0;
    if (!absl::SimpleAtoi(request.page_token(), &token) || token == 0 || token > last) {
      return RpcError(StatusCode::INVALID_ARGUMENT, v1::ERROR_REASON_PAGE_TOKEN_INVALID,
                      "page_token is not one of this listing");
    }
    last = token;
  }
  const uint64_t first = last > page ? last - page + 1 : 1;
  const absl::StatusOr<std::vector<storage::RevisionInfo>> infos =
      backend_.store->ListRevisions(first, last - first + 1);
  if (!infos.ok()) return StoreError(infos.status());
  const absl::StatusOr<storage::ActiveRevision> active = backend_.store->GetActiveRevision();
  if (!active.ok() && !absl::IsNotFound(active.status())) return StoreError(active.status());
  for (auto info = infos->rbegin(); info != infos->rend(); ++info) {
    FillRevision(*info, active.ok() ? active->revision() : 0, response->add_revisions());
  }
  if (first > 1) response->set_next_page_token(absl::StrCat(first - 1));
  return grpc::Status::OK;
}

grpc::Status RuleSetService::CheckBeforePublish(uint64_t revision,
                                                storage::PublishRevision* publish) const {
  v1::RuleSet message;
  grpc::Status status = ReadRuleSet(revision, &message);
  if (!status.ok()) return status;
  // Another version of this program may have stored it, so it is compiled and tested again.
  const CheckedRuleSet checked = Check(std::move(message), /*run_golden_tests=*/true);
  if (status = RuleSetError(checked); !status.ok()) return status;
  publish->set_revision(revision);
  for (const rules::AggregateSpec& aggregate : checked.rule_set->schema.aggregates) {
    publish->add_aggregates(aggregate.id);
  }
  return PlanKeptTerms(checked.message, publish);
}

rules::CompileResult RuleSetService::CompileWith(
    const v1::RuleSet& message, const std::vector<storage::KeptTerms>& terms) const {
  std::vector<v1::Offer> kept(terms.size());
  for (size_t i = 0; i < terms.size(); ++i) {
    // What comes of bytes that are no offer does not compile.
    if (!kept[i].ParseFromString(terms[i].body())) kept[i].Clear();
  }
  const std::lock_guard<std::mutex> lock(checking_);
  return rules::Compile(message, rules::SourceMap(), backend_.proposer->now(), kept);
}

grpc::Status RuleSetService::PlanKeptTerms(const v1::RuleSet& message,
                                           storage::PublishRevision* publish) const {
  const absl::Time now = backend_.proposer->now();
  const std::shared_ptr<const LiveState> live = backend_.live->Get();
  const absl::StatusOr<TermsPlan> plan =
      PlanTerms(*backend_.store, live == nullptr ? nullptr : live->rule_set.get(), message, now);
  if (!plan.ok()) return StoreError(plan.status());
  publish->mutable_terms()->Add(plan->own.begin(), plan->own.end());
  publish->mutable_terms()->Add(plan->open.begin(), plan->open.end());
  v1::PublishRevisionResponse answer;
  answer.set_open_grants_touched(plan->touched);
  answer.set_open_grants_kept(plan->keeping);
  publish->set_answer(answer.SerializeAsString());
  // Without other terms it was compiled already.
  if (plan->open.empty() && plan->promised.empty()) return grpc::Status::OK;
  if (const rules::CompileResult compiled = CompileWith(message, plan->open);
      compiled.rule_set == nullptr) {
    return WithDiagnostics(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_KEPT_TERMS,
                           "open grants keep terms that name what this rule set does not have; "
                           "nothing was published: leave it in, or revoke the grants",
                           compiled.diagnostics);
  }
  std::vector<storage::KeptTerms> all = plan->open;
  all.insert(all.end(), plan->promised.begin(), plan->promised.end());
  if (plan->promised.empty() || CompileWith(message, all).rule_set != nullptr) {
    publish->mutable_terms()->Add(plan->promised.begin(), plan->promised.end());
  }
  return grpc::Status::OK;
}

grpc::Status RuleSetService::Publish(const v1::PublishRevisionRequest& request,
                                     v1::PublishRevisionResponse* response) const {
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  const std::optional<uint64_t> revision = ParseRevisionName(request.name(), "name", &violations);
  if (request.expected_epoch() < 0) {
    violations.push_back({"expected_epoch", "must not be negative"});
  }
  if (!violations.empty()) return InvalidRequest(violations);
  if (request.has_publish_time()) return NotImplemented("publishing at a time (publish_time)");
  if (request.has_share()) return NotImplemented("publishing to a share first (share)");
  const uint64_t body_hash = BodyHash("PublishRevision", request);
  std::optional<EntryResult> result;
  grpc::Status status = backend_.proposer->Recall(request.request_id(), body_hash, &result);
  if (!status.ok()) return status;
  if (!result.has_value()) {
    storage::Entry entry = backend_.proposer->NewEntry(request.request_id(), body_hash);
    storage::PublishRevision* publish = entry.mutable_publish_revision();
    if (status = CheckBeforePublish(*revision, publish); !status.ok()) return status;
    publish->set_publisher(std::string(kLocalPrincipal));
    publish->set_expected_epoch(static_cast<uint64_t>(request.expected_epoch()));
    backend_.proposer->SetAudit("publish_revision", RevisionName(*revision), "", &entry);
    status = backend_.proposer->Write(std::move(entry), v1::ERROR_REASON_REVISION_NOT_FOUND,
                                      &result.emplace());
    if (!status.ok()) return status;
    Log(LogLevel::kInfo, "published", {{"revision", absl::StrCat(*revision)}});
  }
  if (status = MakePublishLive(backend_); !status.ok()) return status;
  if (!response->ParseFromString(result->answer())) return MalformedAnswer();
  response->set_epoch(static_cast<int64_t>(result->epoch()));
  if (result->previous_revision() != 0) {
    response->set_previous_revision(RevisionName(result->previous_revision()));
  }
  return ReadRevision(result->revision(), v1::REVISION_VIEW_BASIC, response->mutable_revision());
}

grpc::Status RuleSetService::FindPrevious(const storage::ActiveRevision& active,
                                          uint64_t* revision) const {
  const absl::StatusOr<std::vector<storage::RevisionInfo>> infos =
      backend_.store->ListRevisions(1, std::numeric_limits<size_t>::max());
  if (!infos.ok()) return StoreError(infos.status());
  // The one that was active last among those that were not taken back: going back twice goes two
  // steps, and not there and back.
  uint64_t latest_epoch = 0;
  for (const storage::RevisionInfo& info : *infos) {
    if (info.revision() == active.revision() || info.rolled_back()) continue;
    if (info.published_epoch() <= latest_epoch) continue;
    latest_epoch = info.published_epoch();
    *revision = info.revision();
  }
  if (latest_epoch != 0) return grpc::Status::OK;
  return RpcError(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_REVISION_STATE,
                  "there is no revision before the active one to go back to");
}

grpc::Status RuleSetService::Rollback(const v1::RollbackRevisionRequest& request,
                                      v1::RollbackRevisionResponse* response) const {
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  CheckText(request.reason(), kMaxNoteCharacters, "reason", &violations);
  std::optional<uint64_t> target;
  if (!request.name().empty()) target = ParseRevisionName(request.name(), "name", &violations);
  if (request.expected_epoch() < 0) {
    violations.push_back({"expected_epoch", "must not be negative"});
  }
  if (!violations.empty()) return InvalidRequest(violations);
  const uint64_t body_hash = BodyHash("RollbackRevision", request);
  std::optional<EntryResult> result;
  grpc::Status status = backend_.proposer->Recall(request.request_id(), body_hash, &result);
  if (!status.ok()) return status;
  if (!result.has_value()) {
    const absl::StatusOr<storage::ActiveRevision> active = backend_.store->GetActiveRevision();
    if (absl::IsNotFound(active.status())) return NoActiveRevision();
    if (!active.ok()) return StoreError(active.status());
    if (!target.has_value()) {
      if (status = FindPrevious(*active, &target.emplace()); !status.ok()) return status;
    } else if (*target == active->revision()) {
      return RpcError(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_REVISION_STATE,
                      absl::StrCat(RevisionName(*target), " is the active one already"));
    }
    storage::Entry entry = backend_.proposer->NewEntry(request.request_id(), body_hash);
    storage::PublishRevision* publish = entry.mutable_publish_revision();
    if (status = CheckBeforePublish(*target, publish); !status.ok()) return status;
    publish->set_publisher(std::string(kLocalPrincipal));
    publish->set_rollback(true);
    // What is taken back must be what was looked at.
    publish->set_expected_epoch(request.expected_epoch() != 0
                                    ? static_cast<uint64_t>(request.expected_epoch())
                                    : active->epoch());
    backend_.proposer->SetAudit("rollback_revision", RevisionName(*target), request.reason(),
                                &entry);
    status = backend_.proposer->Write(std::move(entry), v1::ERROR_REASON_REVISION_NOT_FOUND,
                                      &result.emplace());
    if (!status.ok()) return status;
    Log(LogLevel::kInfo, "rolled_back", {{"revision", absl::StrCat(*target)}});
  }
  if (status = MakePublishLive(backend_); !status.ok()) return status;
  v1::PublishRevisionResponse answer;
  if (!answer.ParseFromString(result->answer())) return MalformedAnswer();
  response->set_open_grants_touched(answer.open_grants_touched());
  response->set_open_grants_kept(answer.open_grants_kept());
  response->set_epoch(static_cast<int64_t>(result->epoch()));
  response->set_rolled_back_revision(RevisionName(result->previous_revision()));
  return ReadRevision(result->revision(), v1::REVISION_VIEW_BASIC, response->mutable_revision());
}

grpc::Status RuleSetService::GetActive(const v1::GetActiveRevisionRequest& request,
                                       v1::GetActiveRevisionResponse* response) const {
  const absl::StatusOr<storage::ActiveRevision> active = backend_.store->GetActiveRevision();
  if (absl::IsNotFound(active.status())) return NoActiveRevision();
  if (!active.ok()) return StoreError(active.status());
  const absl::StatusOr<std::vector<storage::PausedOffer>> paused =
      backend_.store->ListPausedOffers();
  if (!paused.ok()) return StoreError(paused.status());
  response->set_epoch(static_cast<int64_t>(active->epoch()));
  for (const storage::PausedOffer& offer : *paused) FillPause(offer, response->add_paused_offers());
  return ReadRevision(active->revision(), request.view(), response->mutable_revision());
}

grpc::Status RuleSetService::Pause(const v1::PauseOfferRequest& request,
                                   v1::OfferPause* response) const {
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  if (request.offer_id().empty()) violations.push_back({"offer_id", "is required"});
  if (request.reason().empty()) violations.push_back({"reason", "is required: say why"});
  CheckText(request.reason(), kMaxNoteCharacters, "reason", &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  const uint64_t body_hash = BodyHash("PauseOffer", request);
  std::optional<EntryResult> first;
  grpc::Status status = backend_.proposer->Recall(request.request_id(), body_hash, &first);
  if (!status.ok()) return status;
  const int64_t now_us = absl::ToUnixMicros(backend_.proposer->now());
  if (!first.has_value()) {
    const std::shared_ptr<const LiveState> live = backend_.live->Get();
    if (live == nullptr || !HasOffer(*live->rule_set, request.offer_id())) {
      return RpcError(StatusCode::NOT_FOUND, v1::ERROR_REASON_OFFER_NOT_FOUND,
                      "the active revision has no such offer, and no grant keeps terms of one");
    }
    storage::Entry entry = backend_.proposer->NewEntry(request.request_id(), body_hash);
    storage::PauseOffer* pause = entry.mutable_pause_offer();
    pause->set_offer_id(request.offer_id());
    pause->set_principal(std::string(kLocalPrincipal));
    pause->set_reason(request.reason());
    backend_.proposer->SetAudit("pause_offer", request.offer_id(), request.reason(), &entry);
    EntryResult result;
    status = backend_.proposer->Write(std::move(entry), v1::ERROR_REASON_OFFER_NOT_FOUND, &result);
    if (!status.ok()) return status;
    Log(LogLevel::kInfo, "offer_paused", {{"offer", request.offer_id()}});
  }
  if (status = MakeLive(backend_); !status.ok()) return status;
  response->set_offer_id(request.offer_id());
  response->set_principal(std::string(kLocalPrincipal));
  response->set_reason(request.reason());
  *response->mutable_pause_time() = ToTimestamp(now_us);
  const absl::StatusOr<std::vector<storage::PausedOffer>> paused =
      backend_.store->ListPausedOffers();
  if (!paused.ok()) return StoreError(paused.status());
  for (const storage::PausedOffer& offer : *paused) {
    if (offer.offer_id() == request.offer_id()) FillPause(offer, response);
  }
  return grpc::Status::OK;
}

grpc::Status RuleSetService::Resume(const v1::ResumeOfferRequest& request,
                                    v1::ResumeOfferResponse* response) const {
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  if (request.offer_id().empty()) violations.push_back({"offer_id", "is required"});
  if (!violations.empty()) return InvalidRequest(violations);
  const uint64_t body_hash = BodyHash("ResumeOffer", request);
  std::optional<EntryResult> first;
  grpc::Status status = backend_.proposer->Recall(request.request_id(), body_hash, &first);
  if (!status.ok()) return status;
  *response->mutable_resume_time() = ToTimestamp(backend_.proposer->now());
  if (!first.has_value()) {
    storage::Entry entry = backend_.proposer->NewEntry(request.request_id(), body_hash);
    entry.mutable_resume_offer()->set_offer_id(request.offer_id());
    backend_.proposer->SetAudit("resume_offer", request.offer_id(), "", &entry);
    EntryResult result;
    status = backend_.proposer->Write(std::move(entry), v1::ERROR_REASON_OFFER_NOT_FOUND, &result);
    if (!status.ok()) return status;
    Log(LogLevel::kInfo, "offer_resumed", {{"offer", request.offer_id()}});
  }
  return MakeLive(backend_);
}

}  // namespace touchstone::server
