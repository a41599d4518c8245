#pragma once

// Contacts that were made elsewhere, as operations on a customer's record, so that contact rules
// know them.
//
// Thread safety: pure functions. Errors: violations; the patch is then of no use.

#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/repeated_field.h"
#include "rules/ruleset/rule_set.h"
#include "server/rpc/rpc_error.h"
#include "store/record_patch.h"
#include "touchstone/v1/customer.pb.h"

namespace touchstone::server {

// The contact of one customer, offer, kind and moment counts once, however often it comes: it
// stands for a transaction of its own. The offer may be one that the active revision no longer has,
// since a limit may count all offers of a channel; the channel must be declared.
void PlanContacts(const google::protobuf::RepeatedPtrField<v1::CustomerContact>& contacts,
                  absl::string_view customer_id, const rules::RuleSet& rule_set, absl::Time now,
                  absl::string_view field, store::RecordPatch* patch,
                  std::vector<Violation>* violations);

}  // namespace touchstone::server
