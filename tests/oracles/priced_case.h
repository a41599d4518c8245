#pragma once

// What our rules and our decision make of a case.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rules/money/money.h"
#include "tests/oracles/promotion_case.h"

namespace touchstone::rules {

struct PricedLine {
  std::string name;  // item or shipping method
  bool is_delivery = false;
  int64_t units = 0;
  int64_t gross_minor = 0;
  int64_t net_minor = 0;
};

struct PromotionTaking {
  std::string promotion;
  bool on_shelf = false;  // of a catalogue promotion
  size_t line = 0;
  int64_t amount_minor = 0;
};

struct PricedCase {
  Currency currency;
  std::vector<PricedLine> lines;
  std::vector<PromotionTaking> takings;
  int64_t payable_minor = 0;
};

// A gift that the till is to add is added, and the basket priced again. InvalidArgument where our
// rule set or basket is refused, with what was found; Unimplemented for what is not mapped.
absl::StatusOr<PricedCase> PriceCase(const PromotionCase& test);

}  // namespace touchstone::rules
