#include "server/transactions/transaction_request.h"

#include "server/decide/request_check.h"
#include "touchstone/storage/v1/receipt.pb.h"

namespace touchstone::server {
namespace {

constexpr absl::Duration kMostHold = absl::Hours(24);

}  // namespace

void CheckTransaction(const v1::DecisionContext& context, std::vector<Violation>* violations) {
  if (!IsId(context.transaction_id())) {
    violations->push_back({"context.transaction_id", "must be 1 to 64 bytes of [A-Za-z0-9._-]"});
  }
  if (context.step() < 1) violations->push_back({"context.step", "must be 1 or more"});
  if (context.has_occurred_at() && !IsTimestamp(context.occurred_at())) {
    violations->push_back({"context.occurred_at", "must be a time from year 1 to 9999"});
  }
  if (!IsOptionalId(context.operator_id())) {
    violations->push_back({"context.operator_id", "must be 0 to 64 bytes of [A-Za-z0-9._-]"});
  }
}

void CheckHold(const google::protobuf::Duration* hold, std::vector<Violation>* violations) {
  if (hold == nullptr) return;
  const bool fits = hold->seconds() >= 0 && hold->nanos() >= 0 && hold->nanos() < 1'000'000'000 &&
                    hold->seconds() <= absl::ToInt64Seconds(kMostHold);
  if (fits && ToDuration(*hold) > absl::ZeroDuration() && ToDuration(*hold) <= kMostHold) return;
  violations->push_back({"hold", "must be a duration above zero and at most 24 hours"});
}

bool RequestOfReceipt(const std::string& receipt, v1::DecideRequest* request) {
  storage::v1::Receipt parsed;
  return parsed.ParseFromString(receipt) && request->ParseFromString(parsed.request());
}

}  // namespace touchstone::server
