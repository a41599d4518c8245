#include "bench/request_maker.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/request_file.h"
#include "rules/money/fixed_point.h"
#include "server/import/row_reader.h"

namespace touchstone::bench {
namespace {

// Distributions of the standard differ between libraries; the bias is below 2^-40 here.
uint64_t Draw(std::mt19937_64& random, uint64_t below) { return random() % below; }

void AddIdentity(const RequestOptions& options, std::mt19937_64& random,
                 v1::DecisionContext* context) {
  const size_t colon = options.identity.find(':');
  v1::Identity* identity = context->add_identities();
  identity->set_namespace_(options.identity.substr(0, colon));
  std::string value = options.identity.substr(colon + 1);
  const size_t begin = value.find('N');
  if (begin != std::string::npos) {
    const size_t end = std::min(value.find_first_not_of('N', begin), value.size());
    const uint64_t number = options.first_customer + Draw(random, options.customers);
    value.replace(begin, end - begin,
                  absl::StrFormat("%0*u", static_cast<int>(end - begin), number));
  }
  identity->set_value(value);
}

void FillBasket(const RequestOptions& options, absl::Span<const Product> products,
                std::vector<size_t>& order, std::mt19937_64& random, v1::Basket* basket) {
  basket->set_currency_code(options.currency);
  for (size_t i = 0; i < options.basket_lines; ++i) {
    // The first steps of a Fisher-Yates shuffle: no product twice.
    std::swap(order[i], order[i + Draw(random, order.size() - i)]);
    const Product& product = products[order[i]];
    v1::BasketLine* line = basket->add_lines();
    line->set_line_id(absl::StrCat(i + 1));
    line->set_sku(product.sku);
    line->set_quantity_thousandths(static_cast<int64_t>(1 + Draw(random, 3)) * 1000);
    line->set_unit_price_e4(product.price_e4);
    line->set_price_source(v1::PRICE_SOURCE_REGULAR);
  }
}

}  // namespace

absl::StatusOr<std::vector<Product>> ReadProducts(const std::string& path) {
  absl::StatusOr<std::unique_ptr<server::RowReader>> reader =
      server::RowReader::Open(path, {"sku", "price"});
  if (!reader.ok()) return reader.status();
  std::vector<Product> products;
  server::Row row;
  while ((*reader)->Next(&row)) {
    const absl::StatusOr<int64_t> price_e4 = rules::ParseFixedPoint(row.cells[1], 4);
    if (!row.error.empty() || !price_e4.ok() || *price_e4 < 0 || row.cells[0].empty()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ":", row.line, ": no product"));
    }
    products.push_back({row.cells[0], *price_e4});
  }
  if (absl::Status status = (*reader)->status(); !status.ok()) return status;
  return products;
}

absl::StatusOr<std::vector<v1::DecideRequest>> MakeRequests(const RequestOptions& options,
                                                            absl::Span<const Product> products) {
  if (options.count == 0 || options.count > kMaxRequests) {
    return absl::InvalidArgumentError(absl::StrCat("1 to ", kMaxRequests, " requests"));
  }
  if (options.basket_lines > products.size()) {
    return absl::InvalidArgumentError(absl::StrCat("baskets of ", options.basket_lines,
                                                   " lines from ", products.size(), " products"));
  }
  if (options.customers > 0 && options.identity.find(':') == std::string::npos) {
    return absl::InvalidArgumentError("an identity is NAMESPACE:VALUE");
  }
  std::mt19937_64 random(options.seed);
  std::vector<size_t> order(products.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::vector<v1::DecideRequest> requests(options.count);
  for (size_t i = 0; i < requests.size(); ++i) {
    v1::DecisionContext* context = requests[i].mutable_context();
    context->set_transaction_id(absl::StrCat("made-", options.seed, "-", i));
    context->set_step(1);
    context->set_mode(v1::DECISION_MODE_LIVE);
    context->set_direction(v1::DIRECTION_INBOUND);
    context->set_locale(options.locale);
    if (options.customers > 0) AddIdentity(options, random, context);
    v1::Touchpoint* touchpoint = context->mutable_touchpoint();
    touchpoint->set_channel(options.channel);
    if (!options.stores.empty()) {
      touchpoint->set_store(options.stores[Draw(random, options.stores.size())]);
    }
    touchpoint->set_terminal(absl::StrCat(1 + Draw(random, 12)));
    if (options.budget > absl::ZeroDuration()) {
      const int64_t budget_ns = absl::ToInt64Nanoseconds(options.budget);
      context->mutable_budget()->set_seconds(budget_ns / 1'000'000'000);
      context->mutable_budget()->set_nanos(static_cast<int32_t>(budget_ns % 1'000'000'000));
    }
    if (options.basket_lines > 0) {
      FillBasket(options, products, order, random, requests[i].mutable_basket());
    }
    for (const std::string& placement : options.placements) requests[i].add_placements(placement);
  }
  return requests;
}

}  // namespace touchstone::bench
