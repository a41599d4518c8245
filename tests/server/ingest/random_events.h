#pragma once

// Random events of a customer, as the test itself understands them and as the server receives them.
//
// Thread safety: pure functions of the generator.

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "touchstone/v1/customer.pb.h"

namespace touchstone::server {

// The events that the random aggregates are over.
inline constexpr char kHappeningSchema[] = R"(events:
  thing:
    fields: { paid: money, n: int, weight: decimal, ratio: double, topic: string, case_id: string, status: string, due: timestamp, flag: bool }
    lines: { sku: string, quantity: decimal }
reference:
  product: { key: sku, fields: { categories: list(string) } }
)";

struct Happening {
  struct Line {
    std::string sku;
    int64_t quantity_thousandths = 0;
  };

  std::string id;
  absl::Time time;
  absl::Time learned;  // when the server learns of it
  int64_t paid_minor = 0;
  std::string currency;
  int64_t n = 0;
  int64_t weight_thousandths = 0;
  double ratio = 0;
  std::optional<std::string> topic;
  std::string case_id;
  bool closes = false;
  absl::Time due;
  bool flag = false;
  std::vector<Line> lines;
  bool taken_back = false;  // at once after it was learned
};

// In the order in which the server learns of them: late, early, at the same moment; around the
// hours in which clocks change.
std::vector<Happening> RandomHappenings(size_t count, std::mt19937_64& random);

v1::Event EventOf(const Happening& happening);
// The event that takes it back.
v1::Event ReversalOf(const Happening& happening);

}  // namespace touchstone::server
