#include "server/services/grant_service.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/decide/code_text.h"
#include "server/log.h"
#include "server/rpc/rpc_error.h"
#include "server/services/code_conversion.h"
#include "server/services/grant_batch.h"
#include "server/services/resource_name.h"
#include "store/apply.h"
#include "store/keys.h"

namespace touchstone::server {
namespace {

using grpc::StatusCode;
using storage::EntryResult;

constexpr int kMaxCodesInCall = store::kMaxItems;
constexpr size_t kMaxPrefixBytes = 16;
constexpr char kCodeRule[] =
    "must be 1 to 64 letters, digits, dots and underscores, spaces and hyphens aside";

// As they are stored. Says which is none by its place, never by its text.
std::vector<std::string> ReadCodes(const google::protobuf::RepeatedPtrField<std::string>& texts,
                                   std::vector<Violation>* violations) {
  std::vector<std::string> codes;
  if (texts.empty() || texts.size() > kMaxCodesInCall) {
    violations->push_back({"codes", "must be 1 to 10,000"});
    return codes;
  }
  for (int i = 0; i < texts.size(); ++i) {
    std::optional<std::string> code = NormalizeCode(texts[i]);
    if (code.has_value()) {
      codes.push_back(*std::move(code));
    } else {
      violations->push_back({absl::StrCat("codes[", i, "]"), kCodeRule});
    }
  }
  return codes;
}

std::string ReadPrefix(const std::string& prefix, std::vector<Violation>* violations) {
  const bool fits =
      prefix.size() <= kMaxPrefixBytes && std::all_of(prefix.begin(), prefix.end(), [](char c) {
        return absl::ascii_isalnum(static_cast<unsigned char>(c));
      });
  if (!fits) violations->push_back({"prefix", "must be 0 to 16 letters or digits"});
  return absl::AsciiStrToUpper(prefix);
}

std::string CountText(int codes, const storage::Code& terms) {
  return absl::StrCat(codes, codes == 1 ? " code" : " codes", terms.batch().empty() ? "" : " of ",
                      terms.batch());
}

void FillAddCodes(storage::Code terms, std::vector<std::string> codes, storage::AddCodes* command) {
  *command->mutable_terms() = std::move(terms);
  command->mutable_codes()->Reserve(static_cast<int>(codes.size()));
  for (std::string& code : codes) command->add_codes(std::move(code));
}

}  // namespace

GrantService::GrantService(const Backend& backend, CodeMaker codes)
    : RpcService("touchstone.v1.GrantService", backend.limit),
      backend_(backend),
      codes_(std::move(codes)) {
  Serve<v1::IssueCodesRequest, v1::IssueCodesResponse>(
      "IssueCodes",
      [this](const auto& request, auto* response) { return Issue(request, response); });
  Serve<v1::ImportCodesRequest, v1::ImportCodesResponse>(
      "ImportCodes",
      [this](const auto& request, auto* response) { return Import(request, response); });
  Serve<v1::GetCodeRequest, v1::Code>(
      "GetCode", [this](const auto& request, auto* response) { return Get(request, response); });
  Serve<v1::RevokeCodesRequest, v1::RevokeCodesResponse>(
      "RevokeCodes",
      [this](const auto& request, auto* response) { return Revoke(request, response); });
  Serve<v1::ImportGrantsRequest, v1::ImportGrantsResponse>(
      "ImportGrants",
      [this](const auto& request, auto* response) { return ImportGrants(request, response); });
  Serve<v1::ListGrantsRequest, v1::ListGrantsResponse>(
      "ListGrants",
      [this](const auto& request, auto* response) { return ListGrants(request, response); });
  Serve<v1::RevokeGrantRequest, v1::Grant>(
      "RevokeGrant",
      [this](const auto& request, auto* response) { return RevokeGrant(request, response); });
  RefuseTheRest();
}

grpc::Status GrantService::Issue(const v1::IssueCodesRequest& request,
                                 v1::IssueCodesResponse* response) const {
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  storage::Code terms = ReadTerms(request.terms(), &violations);
  if (request.count() < 1 || request.count() > kMaxCodesInCall) {
    violations.push_back({"count", "must be 1 to 10,000"});
  }
  const std::string prefix = ReadPrefix(request.prefix(), &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  const uint64_t body_hash = BodyHash("IssueCodes", request);
  std::optional<EntryResult> first;
  grpc::Status status = backend_.proposer->Recall(request.request_id(), body_hash, &first);
  if (!status.ok()) return status;
  std::vector<std::string> codes =
      codes_.Make(request.request_id(), prefix, static_cast<size_t>(request.count()));
  if (first.has_value()) {
    status = CheckStillMade(codes.front());
  } else {
    if (status = CheckOffer(terms.offer_id()); !status.ok()) return status;
    storage::Entry entry = backend_.proposer->NewEntry(request.request_id(), body_hash);
    const std::string detail = CountText(request.count(), terms);
    // In the order of their rows: a write finds its place beside the one before.
    std::vector<std::string> sorted = codes;
    std::sort(sorted.begin(), sorted.end());
    FillAddCodes(std::move(terms), std::move(sorted), entry.mutable_add_codes());
    entry.mutable_add_codes()->set_all_or_none(true);
    EntryResult result;
    status = Write(std::move(entry), "issue_codes", detail, &result);
    if (result.refusal() == EntryResult::REFUSAL_ALREADY_EXISTS) {
      return RpcError(StatusCode::ALREADY_EXISTS, v1::ERROR_REASON_CODE_EXISTS,
                      "the codes of this request_id are there already, made more than 24 hours "
                      "ago: use another request_id");
    }
  }
  if (!status.ok()) return status;
  for (std::string& code : codes) response->add_codes(std::move(code));
  return grpc::Status::OK;
}

grpc::Status GrantService::Import(const v1::ImportCodesRequest& request,
                                  v1::ImportCodesResponse* response) const {
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  storage::Code terms = ReadTerms(request.terms(), &violations);
  std::vector<std::string> codes = ReadCodes(request.codes(), &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  const uint64_t body_hash = BodyHash("ImportCodes", request);
  std::optional<EntryResult> result;
  grpc::Status status = backend_.proposer->Recall(request.request_id(), body_hash, &result);
  if (!status.ok()) return status;
  if (!result.has_value()) {
    if (status = CheckOffer(terms.offer_id()); !status.ok()) return status;
    storage::Entry entry = backend_.proposer->NewEntry(request.request_id(), body_hash);
    const std::string detail = CountText(request.codes_size(), terms);
    FillAddCodes(std::move(terms), std::move(codes), entry.mutable_add_codes());
    status = Write(std::move(entry), "import_codes", detail, &result.emplace());
    if (!status.ok()) return status;
  }
  response->set_imported(static_cast<int32_t>(result->applied()));
  response->set_duplicates(result->duplicate_items_size());
  for (const EntryResult::RefusedItem& item : result->refused_items()) {
    response->add_refused(static_cast<int32_t>(item.index()));
  }
  return grpc::Status::OK;
}

grpc::Status GrantService::Get(const v1::GetCodeRequest& request, v1::Code* response) const {
  const std::optional<std::string> text = NormalizeCode(request.code());
  if (!text.has_value()) return InvalidRequest({Violation{"code", kCodeRule}});
  storage::Code code;
  const absl::StatusOr<store::Found> found =
      backend_.store->GetCode(*text, store::ReadTier::kMayBlock, &code);
  if (!found.ok()) return StoreError(found.status());
  if (*found != store::Found::kFound) {
    return RpcError(StatusCode::NOT_FOUND, v1::ERROR_REASON_CODE_NOT_FOUND, "no such code");
  }
  *response = ToMessage(*text, code);
  return grpc::Status::OK;
}

grpc::Status GrantService::Revoke(const v1::RevokeCodesRequest& request,
                                  v1::RevokeCodesResponse* response) const {
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  std::vector<std::string> codes = ReadCodes(request.codes(), &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  const uint64_t body_hash = BodyHash("RevokeCodes", request);
  std::optional<EntryResult> result;
  grpc::Status status = backend_.proposer->Recall(request.request_id(), body_hash, &result);
  if (!status.ok()) return status;
  if (!result.has_value()) {
    storage::Entry entry = backend_.proposer->NewEntry(request.request_id(), body_hash);
    for (std::string& code : codes) entry.mutable_revoke_codes()->add_codes(std::move(code));
    status = Write(std::move(entry), "revoke_codes", CountText(request.codes_size(), {}),
                   &result.emplace());
    if (!status.ok()) return status;
  }
  response->set_revoked(static_cast<int32_t>(result->applied()));
  return grpc::Status::OK;
}

grpc::Status GrantService::ImportGrants(const v1::ImportGrantsRequest& request,
                                        v1::ImportGrantsResponse* response) const {
  GrantBatch batch(backend_, request);
  grpc::Status status = batch.Plan();
  if (status.ok()) status = batch.Write();
  if (!status.ok()) return status;
  batch.Answer(response);
  if (response->granted() > 0 && !request.validate_only()) {
    Log(LogLevel::kInfo, "import_grants",
        {{"batch", request.batch()}, {"grants", absl::StrCat(response->granted())}});
  }
  return grpc::Status::OK;
}

grpc::Status GrantService::ListGrants(const v1::ListGrantsRequest& request,
                                      v1::ListGrantsResponse* response) const {
  std::string customer_id;
  grpc::Status status = FindHolder(backend_, HolderOf(request), "", &customer_id);
  if (!status.ok()) return status;
  const auto grants = NewestGrants(*backend_.store, customer_id);
  if (!grants.ok()) return StoreError(grants.status());
  const absl::Time now = backend_.proposer->now();
  for (const auto& [grant_id, grant] : *grants) {
    *response->add_grants() = ToMessage(grant_id, grant, customer_id, now);
  }
  return grpc::Status::OK;
}

grpc::Status GrantService::RevokeGrant(const v1::RevokeGrantRequest& request,
                                       v1::Grant* response) const {
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  if (!store::IsGrantId(request.grant_id())) {
    violations.push_back({"grant_id", "must be the id of a grant, as ListGrants has it"});
  }
  if (!violations.empty()) return InvalidRequest(violations);
  storage::Entry entry =
      backend_.proposer->NewEntry(request.request_id(), BodyHash("RevokeGrant", request));
  entry.mutable_revoke_codes()->add_codes(request.grant_id());
  backend_.proposer->SetAudit("revoke_grant", request.grant_id(), "", &entry);
  EntryResult result;
  grpc::Status status =
      backend_.proposer->Write(std::move(entry), v1::ERROR_REASON_GRANT_NOT_FOUND, &result);
  if (status.error_code() == StatusCode::NOT_FOUND) {
    return RpcError(StatusCode::NOT_FOUND, v1::ERROR_REASON_GRANT_NOT_FOUND,
                    "there is no such grant");
  }
  if (!status.ok()) return status;
  Log(LogLevel::kInfo, "revoke_grant", {{"grant", request.grant_id()}});
  storage::Code grant;
  const absl::StatusOr<store::Found> found =
      backend_.store->GetCode(request.grant_id(), store::ReadTier::kMayBlock, &grant);
  if (!found.ok()) return StoreError(found.status());
  const absl::StatusOr<std::string> owner = backend_.store->GetSurvivor(grant.customer_id());
  if (!owner.ok()) return StoreError(owner.status());
  *response = ToMessage(request.grant_id(), grant, *owner, backend_.proposer->now());
  return grpc::Status::OK;
}

grpc::Status GrantService::CheckOffer(const std::string& offer_id) const {
  const std::shared_ptr<const LiveState> live = backend_.live->Get();
  if (live == nullptr) {
    return RpcError(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NO_ACTIVE_REVISION,
                    "no revision has been published yet: there is no offer that a code could "
                    "carry");
  }
  const auto offer = live->rule_set->offer_by_id.find(offer_id);
  if (offer == live->rule_set->offer_by_id.end()) {
    return RpcError(StatusCode::NOT_FOUND, v1::ERROR_REASON_OFFER_NOT_FOUND,
                    "the active revision has no such offer");
  }
  const rules::OfferSpec& spec = live->rule_set->offers[offer->second];
  if (rules::AsksForRight(spec.applies)) return grpc::Status::OK;
  return RpcError(StatusCode::NOT_FOUND, v1::ERROR_REASON_OFFER_NOT_FOUND,
                  "the active revision says neither `applies: coded` nor `applies: granted` of "
                  "this offer");
}

grpc::Status GrantService::CheckStillMade(const std::string& code) const {
  storage::Code row;
  const absl::StatusOr<store::Found> found =
      backend_.store->GetCode(code, store::ReadTier::kMayBlock, &row);
  if (!found.ok()) return StoreError(found.status());
  if (*found == store::Found::kFound) return grpc::Status::OK;
  return RpcError(StatusCode::ALREADY_EXISTS, v1::ERROR_REASON_REQUEST_ID_REUSED,
                  "the codes of this request_id were made with a key that the server has lost "
                  "since: use another request_id");
}

grpc::Status GrantService::Write(storage::Entry entry, absl::string_view action,
                                 absl::string_view detail, EntryResult* result) const {
  const bool is_revoke = entry.has_revoke_codes();
  const std::string resource = is_revoke ? "codes" : entry.add_codes().terms().offer_id();
  backend_.proposer->SetAudit(action, resource, detail, &entry);
  grpc::Status status = backend_.proposer->Write(
      std::move(entry),
      is_revoke ? v1::ERROR_REASON_CODE_NOT_FOUND : v1::ERROR_REASON_CUSTOMER_NOT_FOUND, result);
  if (status.ok()) Log(LogLevel::kInfo, action, {{"of", resource}, {"codes", detail}});
  return status;
}

}  // namespace touchstone::server
