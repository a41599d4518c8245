#pragma once

// ReferenceService: replaces reference tables, checked as a whole and swapped in at once.
//
// Thread safety: as RpcService. Lifetime: the backend must outlive it.

#include "server/rpc/rpc_service.h"
#include "server/services/backend.h"

namespace touchstone::server {

class ReferenceService final : public RpcService {
 public:
  explicit ReferenceService(const Backend& backend);

 private:
  const Backend backend_;
};

}  // namespace touchstone::server
