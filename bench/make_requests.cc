// make_requests: writes a file of DecideRequests for load to send.

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "bench/request_file.h"
#include "bench/request_maker.h"

namespace touchstone::bench {
namespace {

constexpr int kExitUsage = 2;

struct Arguments {
  RequestOptions options;
  std::string products;
  std::string output;
  double budget_ms = 0;
};

void AddOptions(CLI::App& app, Arguments& a) {
  RequestOptions& o = a.options;
  app.add_option("--output", a.output, "JSON Lines when named *.jsonl, else length-delimited")
      ->required();
  app.add_option("--count", o.count, "Requests")->capture_default_str();
  app.add_option("--seed", o.seed, "Same seed, same requests")->capture_default_str();
  app.add_option("--identity", o.identity, "NAMESPACE:VALUE; NNN becomes the customer's number")
      ->capture_default_str();
  app.add_option("--first-customer", o.first_customer, "The smallest number")
      ->capture_default_str();
  app.add_option("--customers", o.customers, "Drawn uniformly from so many; 0: anonymous")
      ->capture_default_str();
  app.add_option("--products", a.products, "CSV with the columns sku and price");
  app.add_option("--basket-lines", o.basket_lines, "0: no basket")->capture_default_str();
  app.add_option("--currency", o.currency, "Of the basket")->capture_default_str();
  app.add_option("--channel", o.channel, "Of the touchpoint")->capture_default_str();
  app.add_option("--store", o.stores, "Of the touchpoint; several are drawn from");
  app.add_option("--placement", o.placements, "By name; may be repeated");
  app.add_option("--locale", o.locale, "BCP 47")->capture_default_str();
  app.add_option("--budget-ms", a.budget_ms, "Stated in the request; 0: not");
}

int Make(Arguments& a) {
  const auto fail = [](const absl::Status& status) {
    std::cerr << "make_requests: " << status.message() << "\n";
    return kExitUsage;
  };
  a.options.budget = absl::Milliseconds(a.budget_ms);
  std::vector<Product> products;
  if (!a.products.empty()) {
    absl::StatusOr<std::vector<Product>> read = ReadProducts(a.products);
    if (!read.ok()) return fail(read.status());
    products = *std::move(read);
  }
  const absl::StatusOr<std::vector<v1::DecideRequest>> requests = MakeRequests(a.options, products);
  if (!requests.ok()) return fail(requests.status());
  const absl::Status written = WriteRequests(*requests, a.output);
  return written.ok() ? 0 : fail(written);
}

}  // namespace
}  // namespace touchstone::bench

int main(int argc, char** argv) {
  namespace bench = touchstone::bench;
  CLI::App app("Makes DecideRequests: known customers and products drawn uniformly.",
               "make_requests");
  bench::Arguments arguments;
  bench::AddOptions(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : bench::kExitUsage;
  }
  return bench::Make(arguments);
}
