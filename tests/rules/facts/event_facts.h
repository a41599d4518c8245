#pragma once

// A schema with purchases, and purchases, for tests of aggregates.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rules/facts/aggregate_increments.h"
#include "rules/facts/event_layout.h"

namespace touchstone::rules {

absl::TimeZone ZoneNamed(const std::string& name);
Currency CurrencyOf(absl::string_view code);

// Event type `purchase`: paid: money; lines sku: string, quantity: decimal. Products have
// categories. No aggregates; add them with AddAggregate.
std::unique_ptr<Schema> PurchaseSchema(const std::string& zone);

// `operand` and `where` may be empty; the type is the operand's, or int.
AggregateSpec& AddAggregate(Schema& schema, const std::string& name, AggregateFunction function,
                            absl::string_view operand, absl::string_view where,
                            TrailingWindow window);

struct PurchaseLine {
  std::string sku;
  int64_t thousandths = 1000;
};

// One purchase with the memory of its rows.
class Purchase {
 public:
  Purchase(const Schema& schema, absl::Time time, Money paid, std::vector<PurchaseLine> lines = {});
  Purchase(const Purchase&) = delete;
  Purchase& operator=(const Purchase&) = delete;

  EventFacts& facts() { return facts_; }

 private:
  std::vector<PurchaseLine> lines_;
  std::vector<expr::Value> row_;
  std::vector<std::vector<expr::Value>> line_rows_;
  std::vector<absl::Span<const expr::Value>> line_spans_;
  EventFacts facts_;
};

// Products BEANS (coffee), TEA (tea).
const ReferenceTable& Products();

}  // namespace touchstone::rules
