#pragma once

// Makes DecideRequests as a chain's tills send them: known customers drawn uniformly, baskets of
// distinct products drawn uniformly, placements by name, a transaction each.
//
// Thread safety: pure functions. The same options, products and seed give the same requests.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::bench {

struct Product {
  std::string sku;
  int64_t price_e4 = 0;
};

// A file of rows (server/import/row_reader.h) with the columns `sku` and `price` (major units,
// "11.19"). InvalidArgument with the line of what is no product.
absl::StatusOr<std::vector<Product>> ReadProducts(const std::string& path);

struct RequestOptions {
  size_t count = 10'000;
  uint64_t seed = 1;
  // Namespace and value; the first run of N becomes the customer's number, padded with zeros to its
  // length. Without a run of N every request is of that one customer.
  std::string identity = "loyalty_card:NNNNNN";
  uint64_t first_customer = 1;
  uint64_t customers = 10'000;  // 0: anonymous
  size_t basket_lines = 20;     // 0: no basket
  std::string currency = "EUR";
  std::string channel = "pos";
  std::vector<std::string> stores;  // drawn uniformly; may be empty
  std::vector<std::string> placements;
  std::string locale = "en";
  absl::Duration budget;  // zero: none stated
};

// InvalidArgument when a basket cannot be filled or an identity has no namespace.
absl::StatusOr<std::vector<v1::DecideRequest>> MakeRequests(const RequestOptions& options,
                                                            absl::Span<const Product> products);

}  // namespace touchstone::bench
