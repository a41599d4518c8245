#include "server/rpc/rpc_error.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"

namespace touchstone::server {
namespace {

// The contract's names without the prefix that buf asks of enum values.
absl::string_view ReasonName(v1::ErrorReason reason) {
  constexpr size_t kPrefix = sizeof("ERROR_REASON_") - 1;
  absl::string_view name = v1::ErrorReason_Name(reason);
  if (name.size() > kPrefix) name.remove_prefix(kPrefix);
  return name;
}

// How the message of an error begins that finds fault with a field.
std::string FieldInMessage(absl::string_view field) {
  return field.empty() ? "" : absl::StrCat(field, ": ");
}

google::rpc::BadRequest ToBadRequest(absl::Span<const Violation> violations) {
  google::rpc::BadRequest details;
  size_t bytes = 0;
  for (size_t i = 0; i < violations.size(); ++i) {
    bytes += violations[i].field.size() + violations[i].description.size() + 8;
    google::rpc::BadRequest::FieldViolation* violation = details.add_field_violations();
    if (bytes > kMaxViolationBytes) {
      violation->set_description(absl::StrCat(violations.size() - i, " more violations"));
      break;
    }
    violation->set_field(violations[i].field);
    violation->set_description(violations[i].description);
  }
  return details;
}

}  // namespace

google::rpc::Status ErrorStatus(grpc::StatusCode code, v1::ErrorReason reason,
                                absl::string_view message) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(code));
  status.set_message(std::string(message));
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(ReasonName(reason)));
  info.set_domain("touchstone");
  status.add_details()->PackFrom(info);
  return status;
}

grpc::Status RpcError(grpc::StatusCode code, v1::ErrorReason reason, absl::string_view message) {
  return RpcError(ErrorStatus(code, reason, message));
}

grpc::Status RpcError(const google::rpc::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), status.message(),
                      status.SerializeAsString());
}

google::rpc::Status ItemError(const grpc::Status& status) {
  google::rpc::Status item;
  if (!status.error_details().empty() && item.ParseFromString(status.error_details())) return item;
  item.Clear();
  item.set_code(static_cast<int>(status.error_code()));
  item.set_message(status.error_message());
  return item;
}

google::rpc::Status InvalidItem(absl::Span<const Violation> violations) {
  std::string message =
      absl::StrCat(FieldInMessage(violations[0].field), violations[0].description);
  if (violations.size() > 1) {
    absl::StrAppend(&message, " (and ", violations.size() - 1, " more violations)");
  }
  google::rpc::Status status =
      ErrorStatus(grpc::StatusCode::INVALID_ARGUMENT, violations[0].reason, message);
  status.add_details()->PackFrom(ToBadRequest(violations));
  return status;
}

google::rpc::Status RenameFields(const google::rpc::Status& status,
                                 absl::FunctionRef<std::string(absl::string_view field)> rename) {
  google::rpc::Status renamed = status;
  for (google::protobuf::Any& detail : *renamed.mutable_details()) {
    google::rpc::BadRequest bad;
    if (!detail.UnpackTo(&bad) || bad.field_violations().empty()) continue;
    const std::string first = FieldInMessage(bad.field_violations(0).field());
    for (auto& violation : *bad.mutable_field_violations()) {
      violation.set_field(rename(violation.field()));
    }
    if (absl::StartsWith(status.message(), first)) {
      renamed.set_message(absl::StrCat(FieldInMessage(bad.field_violations(0).field()),
                                       status.message().substr(first.size())));
    }
    detail.PackFrom(bad);
  }
  return renamed;
}

grpc::Status InvalidRequest(absl::Span<const Violation> violations) {
  return RpcError(InvalidItem(violations));
}

grpc::Status Overloaded(absl::Duration retry_after, absl::string_view message) {
  google::rpc::Status status =
      ErrorStatus(grpc::StatusCode::RESOURCE_EXHAUSTED, v1::ERROR_REASON_OVERLOADED, message);
  google::rpc::RetryInfo retry;
  const int64_t nanos = absl::ToInt64Nanoseconds(retry_after);
  retry.mutable_retry_delay()->set_seconds(nanos / 1'000'000'000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
  status.add_details()->PackFrom(retry);
  return RpcError(status);
}

}  // namespace touchstone::server
