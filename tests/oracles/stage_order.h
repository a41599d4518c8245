#pragma once

// The order of stages that lets offers be priced in the order of a case's promotions.
//
// What lines and sets are about has a stage of its own, as percentages of the price on entry need
// it; the order has three. An offer whose own stage is over takes the next of these three.

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace touchstone::rules {

class StageOrder {
 public:
  // The stage for the next offer; `own`: `line`, `set`, `order` or `delivery`.
  std::string Place(const std::string& own);
  // Those that were given, in order, and before them `shelf`.
  std::vector<std::string> stages() const;

 private:
  bool IsUsed(absl::string_view stage) const;

  std::vector<std::string> used_;                  // but delivery
  std::optional<size_t> delivery_ = std::nullopt;  // so many of these go before it
};

}  // namespace touchstone::rules
