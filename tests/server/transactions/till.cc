#include "tests/server/transactions/till.h"

#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/server/rule_set_source.h"

namespace touchstone::server {
namespace {

constexpr char kRuleSet[] = R"(name: Till
zone: Europe/Berlin
currencies: [EUR]
locales: [en]
channels: [pos, app]
)";

constexpr char kSchema[] = R"(customer:
  tier: { type: enum, values: [none, gold], default: none }
events:
  purchase: { fields: { paid: money, store: string }, lines: { sku: string, quantity: decimal, paid: money } }
aggregates:
  spend_90d: { sum: event.paid, of: purchase, over: 90d }
reference:
  product: { key: sku, fields: { categories: list(string) } }
identities:
  loyalty_card: {}
)";

constexpr char kSegments[] = "segments:\n  - { name: everyone, otherwise: always }\n";
constexpr char kPlacements[] = R"(placements:
  receipt: { channel: pos, max_offers: 1, fields: { text: { max: 60 } } }
  coupons: { channel: app, max_offers: 3, fields: { text: { max: 60 } } }
)";

constexpr char kBudgets[] = R"(autumn: { amount: 10.00 EUR, uses: 4, per_day: 6.00 EUR }
kept: { uses: 100, on_return: kept }
)";

constexpr char kBeans[] = R"(offer: beans-20
title: Beans for less
applies: automatic
benefit: { percent_off: 20, lines: 'line.sku == "BEANS"' }
)";
constexpr char kThreeEuro[] = R"(offer: three-euro
title: Three euro
applies: automatic
requires: basket.net >= 20.00
benefit: { amount_off: { EUR: 3.00 }, per: basket }
budget: autumn
stacking: { priority: 50 }
)";
constexpr char kMilk[] = R"(offer: milk-once
title: Milk for less
applies: automatic
benefit: { amount_off: { EUR: 0.50 }, per: line, lines: 'line.sku == "MILK"' }
limits: [{ id: weekly, at_most: 1, count: redeemed, per: customer, over: calendar_week }]
)";
constexpr char kBig[] = R"(offer: big-basket
title: Ten off from fifty
applies: automatic
requires: basket.net >= 50.00
benefit: { amount_off: { EUR: 10.00 }, per: basket }
budget: kept
stacking: { priority: 40 }
)";

constexpr char kLetter[] = R"(offer: letter-5
title: Five off with the letter
applies: coded
requires: basket.net >= 10.00
benefit: { amount_off: { EUR: 5.00 }, per: basket }
)";

constexpr char kCoupon[] = R"(offer: coupon-2
title: Two off with the coupon
applies: granted
window: { from: 2026-11-01, through: 2026-11-30 }
requires: basket.net >= 10.00
benefit: { amount_off: { EUR: 2.00 }, per: basket }
promise: { made: accepted, use_within: 14d }
treatments:
  coupons: { text: { en: Two off ten } }
)";

}  // namespace

v1::RuleSetSource TillRules(const std::string& returns) {
  return SourceOf({{"rule_set.yaml", kRuleSet},
                   {"schema.yaml", kSchema},
                   {"segments.yaml", kSegments},
                   {"placements.yaml", kPlacements},
                   {"pricing.yaml", absl::StrCat("returns: ", returns, "\n")},
                   {"budgets.yaml", kBudgets},
                   {"offers/beans-20.yaml", kBeans},
                   {"offers/three-euro.yaml", kThreeEuro},
                   {"offers/milk-once.yaml", kMilk},
                   {"offers/big-basket.yaml", kBig},
                   {"offers/letter-5.yaml", kLetter},
                   {"offers/coupon-2.yaml", kCoupon}});
}

Till::Till(const std::string& returns) { server_.Publish(TillRules(returns)); }

v1::DecisionContext Till::Context(const std::string& transaction, int step,
                                  const std::string& card) {
  v1::DecisionContext context;
  context.set_transaction_id(transaction);
  context.set_step(step);
  context.mutable_touchpoint()->set_channel("pos");
  context.mutable_touchpoint()->set_terminal("till-1");
  if (!card.empty()) {
    v1::Identity* identity = context.add_identities();
    identity->set_namespace_("loyalty_card");
    identity->set_value(card);
  }
  return context;
}

v1::Basket Till::BasketOf(const std::vector<Item>& items) {
  v1::Basket basket;
  basket.set_currency_code("EUR");
  for (size_t i = 0; i < items.size(); ++i) {
    v1::BasketLine* line = basket.add_lines();
    line->set_line_id(absl::StrCat(i + 1));
    line->set_sku(items[i].sku);
    line->set_quantity_thousandths(items[i].pieces * 1000);
    line->set_unit_price_e4(items[i].price_minor * 100);
  }
  return basket;
}

v1::ReserveRequest Till::ReserveRequestOf(const std::string& transaction, int step,
                                          const std::vector<Item>& items, const std::string& card) {
  v1::ReserveRequest request;
  request.set_request_id(server_.NextRequestId());
  *request.mutable_context() = Context(transaction, step, card);
  *request.mutable_basket() = BasketOf(items);
  return request;
}

v1::CommitRequest Till::CommitRequestOf(const std::string& transaction, int step) {
  v1::CommitRequest request;
  request.set_request_id(server_.NextRequestId());
  *request.mutable_context() = Context(transaction, step);
  return request;
}

v1::ReturnSaleRequest Till::ReturnRequestOf(
    const std::string& transaction, const std::string& sale,
    const std::vector<std::pair<std::string, int64_t>>& lines) {
  v1::ReturnSaleRequest request;
  request.set_request_id(server_.NextRequestId());
  *request.mutable_context() = Context(transaction, 1);
  request.set_sale_transaction_id(sale);
  for (const auto& [line_id, pieces] : lines) {
    v1::ReturnedLine* line = request.add_lines();
    line->set_line_id(line_id);
    line->set_quantity_thousandths(pieces * 1000);
  }
  return request;
}

grpc::Status Till::Try(const v1::ReserveRequest& request, v1::Reservation* reservation) {
  grpc::ClientContext context;
  return server_.transactions().Reserve(&context, request, reservation);
}
grpc::Status Till::Try(const v1::CommitRequest& request, v1::Sale* sale) {
  grpc::ClientContext context;
  return server_.transactions().Commit(&context, request, sale);
}
grpc::Status Till::Try(const v1::ReturnSaleRequest& request, v1::ReturnSaleResponse* response) {
  grpc::ClientContext context;
  return server_.transactions().ReturnSale(&context, request, response);
}
grpc::Status Till::Try(const v1::PostSaleRequest& request, v1::PostSaleResponse* response) {
  grpc::ClientContext context;
  return server_.transactions().PostSale(&context, request, response);
}

v1::Reservation Till::Reserve(const std::string& transaction, int step,
                              const std::vector<Item>& items, const std::string& card) {
  v1::Reservation reservation;
  const grpc::Status status = Try(ReserveRequestOf(transaction, step, items, card), &reservation);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return reservation;
}

v1::Sale Till::Commit(const std::string& transaction, int step) {
  v1::Sale sale;
  const grpc::Status status = Try(CommitRequestOf(transaction, step), &sale);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return sale;
}

v1::Reservation Till::Release(const std::string& transaction, int step) {
  v1::ReleaseRequest request;
  request.set_request_id(server_.NextRequestId());
  *request.mutable_context() = Context(transaction, step);
  grpc::ClientContext context;
  v1::Reservation released;
  const grpc::Status status = server_.transactions().Release(&context, request, &released);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return released;
}

v1::Sale Till::GetSale(const std::string& transaction) {
  v1::GetSaleRequest request;
  request.set_transaction_id(transaction);
  grpc::ClientContext context;
  v1::Sale sale;
  const grpc::Status status = server_.transactions().GetSale(&context, request, &sale);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return sale;
}

v1::ReturnSaleResponse Till::Return(const std::string& transaction, const std::string& sale,
                                    const std::vector<std::pair<std::string, int64_t>>& lines) {
  v1::ReturnSaleResponse response;
  const grpc::Status status = Try(ReturnRequestOf(transaction, sale, lines), &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

v1::DecideResponse Till::Decide(const std::string& transaction, int step,
                                const std::vector<Item>& items, const std::string& card) {
  v1::DecideRequest request;
  *request.mutable_context() = Context(transaction, step, card);
  *request.mutable_basket() = BasketOf(items);
  return Decide(request);
}

v1::DecideResponse Till::Decide(const v1::DecideRequest& request) {
  grpc::ClientContext context;
  v1::DecideResponse response;
  const grpc::Status status = server_.decisions().Decide(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

std::vector<v1::Grant> Till::GrantsOf(const std::string& customer_id) {
  const v1::ListGrantsResponse listed = server_.ListGrants(customer_id);
  return {listed.grants().begin(), listed.grants().end()};
}

v1::ExplainResponse Till::ExplainWhenKept(const std::string& decision_id) {
  v1::ExplainRequest request;
  request.set_decision_id(decision_id);
  v1::ExplainResponse explained;
  grpc::Status status;
  for (int i = 0; i < 100; ++i) {
    grpc::ClientContext context;
    status = server_.decisions().Explain(&context, request, &explained);
    if (status.ok()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_TRUE(status.ok()) << status.error_message();
  return explained;
}

v1::Customer Till::GetCustomer(const std::string& id) {
  v1::GetCustomerRequest request;
  request.set_name("customers/" + id);
  grpc::ClientContext context;
  v1::Customer customer;
  const grpc::Status status = server_.customers().GetCustomer(&context, request, &customer);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return customer;
}

void Till::AddCustomer(const std::string& id, const std::string& card) {
  server_.Update(server_.UpdateOf(id, card));
}

std::vector<std::string> AppliedIn(const v1::BasketResult& basket) {
  std::vector<std::string> ids;
  for (const v1::AppliedOffer& offer : basket.applied_offers()) ids.push_back(offer.offer_id());
  return ids;
}

std::string CodeFor(const v1::Reservation& reservation, const std::string& offer) {
  for (const v1::OfferReason& reason : reservation.reasons()) {
    if (reason.offer_id() == offer) return reason.reason().code();
  }
  return "";
}

}  // namespace touchstone::server
