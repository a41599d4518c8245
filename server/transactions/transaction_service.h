#pragma once

// TransactionService: claims what a price needs, sells it, takes it back.
//
// Every change is one entry of the one writer, which decides whether its claims can be had; what
// cannot is left out, and the basket is priced again without it.
// Thread safety: as RpcService. Lifetime: the rooms must outlive it. Its methods can be called
// without a gRPC call too: they block, and answer as the contract says.

#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "server/rpc/rpc_service.h"
#include "server/services/backend.h"
#include "server/services/code_issue.h"
#include "server/transactions/practice.h"
#include "server/transactions/sale_writer.h"
#include "server/transactions/transaction_pricer.h"
#include "touchstone/v1/transaction_service.pb.h"

namespace touchstone::server {

class TransactionService final : public RpcService {
 public:
  // `codes`: for coupons.
  TransactionService(const PricerRooms& rooms, CodeMaker codes);

  grpc::Status Reserve(const v1::ReserveRequest& request, v1::Reservation* response);
  grpc::Status Commit(const v1::CommitRequest& request, v1::Sale* response);
  grpc::Status Release(const v1::ReleaseRequest& request, v1::Reservation* response);
  grpc::Status Suspend(const v1::SuspendRequest& request, v1::Reservation* response);
  // What the transaction holds now; nothing when it never did, or does no longer.
  grpc::Status FindReservation(const v1::DecisionContext& context,
                               std::optional<v1::Reservation>* reservation) const;

 private:
  grpc::Status PostSale(const v1::PostSaleRequest& request, v1::PostSaleResponse* response);
  grpc::Status ReturnSale(const v1::ReturnSaleRequest& request, v1::ReturnSaleResponse* response);
  grpc::Status GetSale(const v1::GetSaleRequest& request, v1::Sale* response) const;

  // Prices and proposes until everything can be claimed.
  grpc::Status Claim(const v1::ReserveRequest& request, uint64_t body_hash,
                     TransactionPricer& pricer, v1::Reservation* response);
  // What is held for the step of the context, and its price; an error as Commit of the contract
  // says.
  grpc::Status FindHeld(const v1::DecisionContext& context, storage::Reservation* held,
                        storage::PricedTransaction* priced, v1::Reservation* reservation) const;

  // As it was answered when it was sold.
  grpc::Status ReadSold(const std::string& transaction_id, v1::Sale* sale) const;
  grpc::Status Post(const v1::PostSaleRequest& request, uint64_t body_hash,
                    v1::PostSaleResponse* response);

  const Backend& backend_;
  PricerPool pricers_;
  SaleWriter sales_;
  const CodeMaker codes_;
  Practice practice_;
};

}  // namespace touchstone::server
