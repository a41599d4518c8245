#include "server/decide/outcome_check.h"

#include "absl/strings/string_view.h"
#include "server/decide/outcome_handler.h"
#include "server/decide/request_check.h"

namespace touchstone::server {
namespace {

constexpr size_t kMaxOutcomeIdBytes = 128;
constexpr absl::Duration kMostAhead = absl::Hours(24);

google::rpc::Status Wrong(absl::string_view what) {
  return ErrorStatus(grpc::StatusCode::INVALID_ARGUMENT, v1::ERROR_REASON_VALUE_INVALID, what);
}

}  // namespace

void CheckBatch(const v1::RecordOutcomesRequest& request, std::vector<Violation>* violations) {
  if (!IsId(request.request_id())) {
    violations->push_back(
        {"request_id", "must be 1 to 64 characters of A-Z, a-z, 0-9, '.', '_', '-'"});
  }
  if (request.outcomes_size() < 1 || request.outcomes_size() > kMaxOutcomes) {
    violations->push_back({"outcomes", "must hold 1 to 1000"});
  }
}

std::optional<google::rpc::Status> CheckOutcome(const v1::Outcome& outcome, absl::Time server_now) {
  const std::string& id = outcome.outcome_id();
  if (id.empty() || id.size() > kMaxOutcomeIdBytes || id.find('\0') != std::string::npos) {
    return Wrong("outcome_id: must be 1 to 128 bytes, none of them zero");
  }
  if (outcome.type() == v1::OUTCOME_TYPE_UNSPECIFIED || !v1::OutcomeType_IsValid(outcome.type())) {
    return Wrong("type: is required");
  }
  if (outcome.subject_case() == v1::Outcome::SUBJECT_NOT_SET) {
    return Wrong("subject: token or decided_offer is required");
  }
  if (!IsOptionalId(outcome.reason()) || !IsOptionalId(outcome.operator_id())) {
    return Wrong(
        "reason, operator_id: must be up to 64 characters of A-Z, a-z, 0-9, '.', '_', '-'");
  }
  if (outcome.has_occurred_at()) {
    if (!IsTimestamp(outcome.occurred_at())) {
      return Wrong("occurred_at: must be a timestamp from year 1 to 9999");
    }
    if (absl::FromUnixSeconds(outcome.occurred_at().seconds()) > server_now + kMostAhead) {
      return Wrong("occurred_at: is more than a day ahead of the server's clock");
    }
  }
  if (outcome.has_postponed_until() && !IsTimestamp(outcome.postponed_until())) {
    return Wrong("postponed_until: must be a timestamp from year 1 to 9999");
  }
  return std::nullopt;
}

}  // namespace touchstone::server
