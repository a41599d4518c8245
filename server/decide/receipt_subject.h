#pragma once

// Whose a receipt is.
//
// Thread safety: immutable. Cost: a search of the bytes for the id and the values of the
// identities; what holds one of them is parsed.

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace touchstone::server {

class ReceiptSubject {
 public:
  // `identities` as the store keeps them: "loyalty_card:123".
  ReceiptSubject(std::string customer_id, std::vector<std::string> identities);

  // Whether the receipt is of a decision for the customer, or its request carries one of her
  // identities: then it holds what is hers, whoever it was decided for. Bytes that are no receipt
  // and hold her id or an identity count as hers.
  bool Owns(absl::string_view receipt) const;

 private:
  const std::string customer_id_;
  const std::vector<std::string> identities_;
};

}  // namespace touchstone::server
