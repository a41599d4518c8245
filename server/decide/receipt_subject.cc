#include "server/decide/receipt_subject.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "server/decide/identity.h"
#include "touchstone/storage/v1/receipt.pb.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::server {
namespace {

// Of an identity, as a request has it: without its namespace.
absl::string_view ValueOf(absl::string_view identity) {
  return identity.substr(identity.find(':') + 1);
}

}  // namespace

ReceiptSubject::ReceiptSubject(std::string customer_id, std::vector<std::string> identities)
    : customer_id_(std::move(customer_id)), identities_(std::move(identities)) {}

bool ReceiptSubject::Owns(absl::string_view receipt) const {
  const bool may_be =
      absl::StrContains(receipt, customer_id_) ||
      std::any_of(identities_.begin(), identities_.end(), [receipt](const std::string& identity) {
        return absl::StrContains(receipt, ValueOf(identity));
      });
  if (!may_be) return false;
  storage::v1::Receipt parsed;
  if (!parsed.ParseFromArray(receipt.data(), static_cast<int>(receipt.size()))) return true;
  if (parsed.customer_id() == customer_id_) return true;
  v1::DecideRequest request;
  if (!request.ParseFromString(parsed.request())) return true;
  const auto& given = request.context().identities();
  return std::any_of(given.begin(), given.end(), [this](const v1::Identity& identity) {
    return std::find(identities_.begin(), identities_.end(), IdentityKey(identity)) !=
           identities_.end();
  });
}

}  // namespace touchstone::server
