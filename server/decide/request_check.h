#pragma once

// What is wrong with a request in itself, whatever the rule set declares.
//
// Thread safety: pure functions. Cost: allocates for findings only.

#include <google/protobuf/timestamp.pb.h>
#include <grpcpp/support/status.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/decide/request_view.h"
#include "server/rpc/rpc_error.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::server {

// 1-64 bytes of [A-Za-z0-9._-].
bool IsId(absl::string_view text);
bool IsOptionalId(absl::string_view text);  // the same, or empty
// Of the calendar: from year 1 to 9999.
bool IsTimestamp(const google::protobuf::Timestamp& timestamp);

// Whether the call may say `as_of`, which a server has to be told to allow as long as calls carry
// no roles.
grpc::Status CheckAsOf(const v1::DecisionContext& context, bool allowed);
void CheckContext(const v1::DecisionContext& context, std::vector<Violation>* violations);
// `field`: where they are in the request.
void CheckTenders(const google::protobuf::RepeatedPtrField<v1::Tender>& tenders,
                  absl::string_view field, std::vector<Violation>* violations);
void CheckLine(size_t index, const LineView& line, std::vector<Violation>* violations);

// "basket.lines[3].sku".
std::string LineField(size_t index, absl::string_view field);

}  // namespace touchstone::server
