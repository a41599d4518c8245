#pragma once

// Codes and grants of the contract as the store keeps them, and back.
//
// Thread safety: functions without state.

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/rpc/rpc_error.h"
#include "store/store.h"
#include "touchstone/storage/v1/ledger.pb.h"
#include "touchstone/v1/grant_service.pb.h"

namespace touchstone::server {

namespace storage = ::touchstone::storage::v1;

// A code without uses. What is wrong with the terms is added to the violations.
storage::Code ReadTerms(const v1::CodeTerms& terms, std::vector<Violation>* violations);

// The same of a grant, whose fields are named behind `field`, without whose it is.
storage::Code ReadTerms(const v1::GrantItem& terms, const std::string& batch,
                        absl::string_view field, std::vector<Violation>* violations);

// Her grants, the newest first. Blocks.
absl::StatusOr<std::vector<std::pair<std::string, storage::Code>>> NewestGrants(
    const store::Store& store, absl::string_view customer_id);

v1::Code ToMessage(const std::string& text, const storage::Code& code);
// `customer_id`: who stands for her now.
v1::Grant ToMessage(const std::string& grant_id, const storage::Code& grant,
                    absl::string_view customer_id, absl::Time now);

}  // namespace touchstone::server
