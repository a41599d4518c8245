#pragma once

// BudgetService: what was used of budgets elsewhere is booked, and what is used of each is listed.
//
// Thread safety, errors: as budget_service.proto says; calls run on threads of their own.

#include "server/rpc/rpc_service.h"
#include "server/services/backend.h"
#include "touchstone/v1/budget_service.pb.h"

namespace touchstone::server {

class BudgetService : public RpcService {
 public:
  // The backend's members must outlive it.
  explicit BudgetService(const Backend& backend);

 private:
  grpc::Status Import(const v1::ImportBudgetsRequest& request,
                      v1::ImportBudgetsResponse* response) const;
  grpc::Status List(v1::ListBudgetsResponse* response) const;

  const Backend backend_;
};

}  // namespace touchstone::server
