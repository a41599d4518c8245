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

ReceiptSubject::ReceiptSubject(std::vector<std::string> customer_ids,
                               std::vector<std::string> identities, IdentitySpecs declared)
    : customer_ids_(std::move(customer_ids)),
      identities_(std::move(identities)),
      declared_(declared.begin(), declared.end()) {}

bool ReceiptSubject::MayOwn(absl::string_view receipt) const {
  const auto has = [receipt](absl::string_view text) { return absl::StrContains(receipt, text); };
  return std::any_of(customer_ids_.begin(), customer_ids_.end(), has) ||
         std::any_of(identities_.begin(), identities_.end(),
                     [&has](const std::string& identity) { return has(ValueOf(identity)); }) ||
         std::any_of(declared_.begin(), declared_.end(), [&has](const rules::IdentitySpec& spec) {
           return spec.form != rules::IdentityForm::kAsGiven && has(spec.name);
         });
}

bool ReceiptSubject::Owns(absl::string_view receipt) const {
  if (!MayOwn(receipt)) return false;
  storage::v1::Receipt parsed;
  if (!parsed.ParseFromArray(receipt.data(), static_cast<int>(receipt.size()))) return true;
  const auto is_hers = [&parsed](const std::string& id) { return parsed.customer_id() == id; };
  if (std::any_of(customer_ids_.begin(), customer_ids_.end(), is_hers)) return true;
  v1::DecideRequest request;
  if (!request.ParseFromString(parsed.request())) return true;
  const auto& given = request.context().identities();
  return std::any_of(given.begin(), given.end(), [this](const v1::Identity& identity) {
    return std::find(identities_.begin(), identities_.end(), IdentityKey(declared_, identity)) !=
           identities_.end();
  });
}

}  // namespace touchstone::server
