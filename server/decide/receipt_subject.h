#pragma once

// Whose a receipt is.
//
// Thread safety: immutable. Cost: a search of the bytes for the ids and the values of the
// identities, and for the names of namespaces that have a form; what holds one of them is parsed.

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/decide/identity.h"

namespace touchstone::server {

class ReceiptSubject {
 public:
  // Ids of her and of those who were merged into her; `identities` as the store keeps them:
  // "loyalty_card:123"; `declared` the forms in which requests may write them otherwise.
  ReceiptSubject(std::vector<std::string> customer_ids, std::vector<std::string> identities,
                 IdentitySpecs declared);

  // Whether the receipt is of a decision for the customer, or its request carries one of her
  // identities: then it holds what is hers, whoever it was decided for. Bytes that are no receipt
  // and hold her id or an identity count as hers.
  bool Owns(absl::string_view receipt) const;

 private:
  bool MayOwn(absl::string_view receipt) const;

  std::vector<std::string> customer_ids_;
  std::vector<std::string> identities_;
  std::vector<rules::IdentitySpec> declared_;
};

}  // namespace touchstone::server
