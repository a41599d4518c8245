#pragma once

// Where the facts of one event stand, for the programs of aggregates.
//
// Row kDecisionRow: event.time, then the event's fields in the order of EventSpec. Row kLineRow,
// one a line: the line's fields in that order; then, when the lines have a `sku`, the columns of
// the product's row, read as line.product.COLUMN, `categories` also as line.categories unless the
// event declares a field of that name. Thread safety: const after construction. Lifetime: refers to
// nothing.

#include <cstdint>

#include "absl/types/span.h"
#include "rules/expr/environment.h"
#include "rules/facts/reference.h"
#include "rules/facts/schema.h"

namespace touchstone::rules {

inline constexpr uint16_t kSlotEventTime = 0;

class EventLayout {
 public:
  EventLayout(const Schema& schema, const EventSpec& event);

  uint16_t event_row_size() const { return event_row_size_; }
  uint16_t line_row_size() const { return line_row_size_; }
  uint16_t field_slot(size_t field) const;       // in the event row
  uint16_t line_field_slot(size_t field) const;  // in a line row
  // Fills the product's columns of a line row whose fields are set; absent when the product is not
  // known or the lines have no `sku`. REQUIRES: row.size() == line_row_size().
  void BindProduct(const ReferenceTable& products, absl::Span<expr::Value> row) const;

 private:
  friend expr::Environment EventEnvironment(const Schema& schema, const EventSpec& event);

  uint16_t event_row_size_ = 0;
  uint16_t line_row_size_ = 0;
  uint16_t first_product_ = 0;
  int sku_field_ = -1;  // slot of line.sku, -1: the lines have none
};

// Whether what an event adds to the aggregate depends on the product table too. REQUIRES: `event`
// is the type that the aggregate is over.
bool ReadsProducts(const AggregateSpec& aggregate, const EventSpec& event);

// Names for aggregates over one event type: event.time, event.FIELD, line.FIELD, line.categories
// and line.product.COLUMN.
expr::Environment EventEnvironment(const Schema& schema, const EventSpec& event);

}  // namespace touchstone::rules
