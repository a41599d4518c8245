#pragma once

// A till that talks to a server of its own, and the rules under which it sells.
//
// Thread safety: for the test's thread; Till::Reserve and the methods beside it from any.

#include <string>
#include <vector>

#include "google/protobuf/util/message_differencer.h"
#include "tests/server/test_server.h"
#include "touchstone/v1/transaction_service.pb.h"

namespace touchstone::server {

// Offers: `beans-20` (20% off coffee), `three-euro` (3.00 off from 20.00 on, budget `autumn`: 4
// uses, 10.00 EUR, 6.00 EUR a day), `milk-once` (0.50 off milk, once a week and customer),
// `big-basket` (10.00 off from 50.00 on; budget `kept`: uses that returns do not give
// back), `letter-5` (5.00 off from 10.00 on, with a code), `coupon-2` (2.00 off from 10.00 on, with
// a grant; to be clipped in channel app until the end of November 2026, and used within 14 days).
// `returns`: "recompute" or "proportional".
v1::RuleSetSource TillRules(const std::string& returns = "recompute");

struct Item {
  std::string sku;
  int64_t pieces = 1;
  int64_t price_minor = 100;
};

class Till {
 public:
  // Publishes TillRules.
  explicit Till(const std::string& returns = "recompute");

  TestServer& server() { return server_; }

  // Of the transaction, at a till of channel pos; with the loyalty card of the customer, if any.
  v1::DecisionContext Context(const std::string& transaction, int step,
                              const std::string& card = "");
  v1::Basket BasketOf(const std::vector<Item>& items);
  v1::ReserveRequest ReserveRequestOf(const std::string& transaction, int step,
                                      const std::vector<Item>& items, const std::string& card = "");
  v1::CommitRequest CommitRequestOf(const std::string& transaction, int step);
  v1::ReturnSaleRequest ReturnRequestOf(const std::string& transaction, const std::string& sale,
                                        const std::vector<std::pair<std::string, int64_t>>& lines);

  grpc::Status Try(const v1::ReserveRequest& request, v1::Reservation* reservation);
  grpc::Status Try(const v1::CommitRequest& request, v1::Sale* sale);
  grpc::Status Try(const v1::ReturnSaleRequest& request, v1::ReturnSaleResponse* response);
  grpc::Status Try(const v1::PostSaleRequest& request, v1::PostSaleResponse* response);

  v1::Reservation Reserve(const std::string& transaction, int step, const std::vector<Item>& items,
                          const std::string& card = "");
  v1::Sale Commit(const std::string& transaction, int step);
  v1::Reservation Release(const std::string& transaction, int step);
  v1::Sale GetSale(const std::string& transaction);
  v1::ReturnSaleResponse Return(const std::string& transaction, const std::string& sale,
                                const std::vector<std::pair<std::string, int64_t>>& lines);
  v1::DecideResponse Decide(const std::string& transaction, int step,
                            const std::vector<Item>& items, const std::string& card = "");
  v1::DecideResponse Decide(const v1::DecideRequest& request);
  std::vector<v1::Grant> GrantsOf(const std::string& customer_id);

  // Receipts are written behind: waits for that of the decision.
  v1::ExplainResponse ExplainWhenKept(const std::string& decision_id);

  v1::Customer GetCustomer(const std::string& id);
  // A customer who is found by this card.
  void AddCustomer(const std::string& id, const std::string& card);

 private:
  TestServer server_;
};

// "three-euro", in the order in which they were applied.
std::vector<std::string> AppliedIn(const v1::BasketResult& basket);
// The code of the reason for an offer; "" without one.
std::string CodeFor(const v1::Reservation& reservation, const std::string& offer);

}  // namespace touchstone::server
