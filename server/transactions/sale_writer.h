#pragma once

// Writes what was sold and what came back: sale, ledger, purchase event and contacts in one entry.
//
// Thread safety: all methods are safe from any thread. Lifetime: what is given must outlive it.
// Errors: as TransactionService of the contract says. Cost: blocks.

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "server/services/backend.h"
#include "server/transactions/transaction_pricer.h"
#include "touchstone/v1/transaction_service.pb.h"

namespace touchstone::server {

class SaleWriter {
 public:
  explicit SaleWriter(const Backend* backend) : backend_(backend) {}

  // Sells what is held.
  grpc::Status Commit(const v1::CommitRequest& request, uint64_t body_hash,
                      const storage::Reservation& held, const std::string& receipt,
                      const v1::Sale& sale, storage::EntryResult* result) const;
  // Books what was sold offline. `post` says all but contacts and purchase.
  grpc::Status Post(const v1::PostSaleRequest& request, uint64_t body_hash, const v1::Sale& sale,
                    const storage::PostSale& post, storage::EntryResult* result) const;

  // The sale as it is now: with whose it is, what came back and what it still uses.
  static grpc::Status Show(const storage::StoredSale& stored, v1::Sale* sale);
  // As it was when it was sold, but for a customer who is another one or erased by now.
  static grpc::Status ShowAsSold(const storage::StoredSale& stored, v1::Sale* sale);
  // What is kept of a sale that is shown: without the customer, with claims and coupons as they
  // were sold.
  static void Keep(const v1::Sale& shown, const storage::StoredSale& stored, std::string* bytes);

 private:
  // Adds the purchase of a known customer to what is made of her, and writes; again where what it
  // was planned on changed. `add` puts the purchase into the entry.
  grpc::Status WriteWithPurchase(
      const storage::Entry& entry, const v1::Sale& sale, const std::string& customer_id,
      absl::FunctionRef<storage::AppendEvents*(storage::Entry* entry)> events_of,
      storage::EntryResult* result) const;

  const Backend* backend_;
};

}  // namespace touchstone::server
