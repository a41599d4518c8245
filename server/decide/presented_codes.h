#pragma once

// What the codes of a request are good for: from what the store says of them to what the decision
// sees.
//
// Thread safety: plain data and a pure function.

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rules/decide/decision.h"
#include "store/store.h"
#include "touchstone/storage/v1/ledger.pb.h"

namespace touchstone::server {

// What was read of one code.
struct FoundCode {
  store::Found found = store::Found::kNotInMemory;  // kNotInMemory: it could not be read
  ::touchstone::storage::v1::Code row;              // with kFound
  // Who stands for the customer whose it is; empty: whoever has it.
  std::string owner;
  bool held_here = false;  // the transaction holds a use of it
};

// What a code that was found is good for at that moment, for that customer.
rules::CodeStanding Judge(const FoundCode& code, absl::Time now, absl::string_view customer_id);

struct JudgedCode {
  rules::CodeStanding standing = rules::CodeStanding::kNotRead;
  std::string offer_id;  // empty: not known
};

// In the order presented. `found` is of as many codes, or none of them could be read. `customer_id`
// empty: she is not known.
void JudgeCodes(absl::Span<const FoundCode> found, size_t presented, absl::Time now,
                absl::string_view customer_id, std::vector<JudgedCode>* judged);

}  // namespace touchstone::server
