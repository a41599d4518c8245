#pragma once

// Codes of the contract as the store keeps them, and back.
//
// Thread safety: pure functions.

#include <string>
#include <vector>

#include "server/rpc/rpc_error.h"
#include "touchstone/storage/v1/ledger.pb.h"
#include "touchstone/v1/grant_service.pb.h"

namespace touchstone::server {

namespace storage = ::touchstone::storage::v1;

// A code without uses. What is wrong with the terms is added to the violations.
storage::Code ReadTerms(const v1::CodeTerms& terms, std::vector<Violation>* violations);

v1::Code ToMessage(const std::string& text, const storage::Code& code);

}  // namespace touchstone::server
