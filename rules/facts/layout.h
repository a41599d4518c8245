#pragma once

// Where each fact of a decision stands: slots of two rows, and the environments in which the rules
// of each scope are checked.
//
// Row kDecisionRow, one a decision: the built-in facts below, then customer attributes, aggregates,
// request facts, columns of the store's row and computed attributes, each in the order of the
// Schema. Row kLineRow, one a basket line. Events have a layout of their own (event_layout.h).
// Thread safety: const after construction. Lifetime: refers to its Schema.

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "rules/expr/environment.h"
#include "rules/facts/schema.h"

namespace touchstone::rules {

// Elements that basket.lines may have: kMaxBasketLines of rules/basket, which is above this room.
inline constexpr uint64_t kMostBasketLines = 10'000;

// Elements of basket.tenders.
inline constexpr uint64_t kMostTenders = 64;

inline constexpr uint8_t kDecisionRow = 0;
inline constexpr uint8_t kLineRow = 1;

// Which names a rule may use. What exists in another scope only is an error that says where.
enum class Scope : uint8_t {
  kComputed,   // customer, request, store, now
  kSegment,    // the same and computed attributes
  kEligible,   // the same, customer.segment, channel, direction, basket as it came in
  kRequires,   // the same and basket.net
  kValue,      // as kRequires
  kLimit,      // as kSegment and customer.segment
  kLine,       // as kEligible and line.*
  kEveryLine,  // line.* alone: what is merchandise must not depend on who asks
};

// Built-in facts of the decision row, always at these positions.
enum BuiltinSlot : uint16_t {
  kSlotKnown,           // customer.known: bool
  kSlotSegment,         // customer.segment: string
  kSlotNow,             // now: timestamp
  kSlotChannel,         // channel: string
  kSlotDirection,       // direction: string, inbound or outbound
  kSlotStoreKey,        // store.key: string, absent outside stores
  kSlotBasketCurrency,  // basket.currency: string, absent without a basket
  kSlotBasketTenders,   // basket.tenders: list(string), types of tender, as far as known
  kSlotBasketGross,     // basket.gross: money, merchandise as it came in; absent without a basket
  kSlotBasketNet,       // basket.net: money, merchandise after the offers so far
  kSlotBasketUnits,     // basket.units: decimal, merchandise quantity
  kSlotBasketLines,     // basket.lines: list(record(line)), merchandise lines
  kBuiltinSlots,
};

// Built-in facts of a line row, always at these positions; the product's columns follow.
//
// A line row is also the record that `basket.lines` shows, without a copy: its first
// kBuiltinLineSlots values are the fields of record(line), in this order. So a binder fills a row
// of line_row_size() values, sets
//   row[kLineSlotProduct] = Value::Record(row + kBuiltinLineSlots, number of product columns)
// and the line's element of basket.lines is Value::Record(row, kBuiltinLineSlots).
enum BuiltinLineSlot : uint16_t {
  kLineSlotSku,          // line.sku: string
  kLineSlotQuantity,     // line.quantity: decimal
  kLineSlotUnitPrice,    // line.unit_price: money, rounded to the minor unit
  kLineSlotGross,        // line.gross: money, after manual discounts
  kLineSlotPriceSource,  // line.price_source: string: regular, shelf, markdown, override
  kLineSlotCategories,   // line.categories: list(string), of the product, else of the caller
  kLineSlotProduct,      // record(product); rules read line.product.COLUMN from the columns' slots
  kBuiltinLineSlots,
};

// A customer attribute or aggregate in the decision row, for binding a stored record.
struct StoredSlot {
  uint32_t id = 0;  // AttributeSpec::id or AggregateSpec::id
  uint16_t slot = 0;
  bool is_aggregate = false;
  uint32_t index = 0;  // into Schema::customer or Schema::aggregates
};

// Names from outside the schema that rules may use.
struct RuleSetNames {
  std::vector<std::string> segments;      // with `anonymous`: the enum of customer.segment
  std::vector<std::string> channels;      // the enum of channel
  std::vector<expr::ConstantDecl> lists;  // list.NAME; values outlive the environment
};

class FactLayout {
 public:
  explicit FactLayout(const Schema& schema);

  const Schema& schema() const { return *schema_; }
  uint16_t decision_row_size() const { return decision_row_size_; }
  uint16_t line_row_size() const { return line_row_size_; }
  // Ascending by id: a record's cells, which are too, are bound by one merge.
  absl::Span<const StoredSlot> stored_slots() const { return stored_slots_; }
  uint16_t customer_slot(size_t attribute) const;   // index into Schema::customer
  uint16_t aggregate_slot(size_t aggregate) const;  // index into Schema::aggregates
  uint16_t request_slot(size_t attribute) const;
  uint16_t computed_slot(size_t computed) const;
  uint16_t store_slot(size_t column) const;
  uint16_t product_slot(size_t column) const;  // in the line row
  // Columns and attributes that the house itself reads by name; nothing where the schema has none.
  std::optional<size_t> categories_column() const { return categories_column_; }  // of product
  std::optional<uint16_t> store_zone_slot() const { return store_zone_slot_; }
  std::optional<uint16_t> customer_zone_slot() const { return customer_zone_slot_; }
  // Whether a slot of the decision row is a personal fact (customer.* but for customer.known, or a
  // computed attribute that reads one).
  bool IsPersonal(expr::Slot slot) const;
  // "customer.spend_90d"; "" for a slot outside the rows.
  absl::string_view NameOf(expr::Slot slot) const;

  expr::Environment EnvironmentFor(Scope scope, const RuleSetNames& names) const;

 private:
  const Schema* schema_;
  uint16_t decision_row_size_ = 0;
  uint16_t line_row_size_ = 0;
  uint16_t first_customer_ = 0;
  uint16_t first_aggregate_ = 0;
  uint16_t first_request_ = 0;
  uint16_t first_store_ = 0;
  uint16_t first_computed_ = 0;
  std::optional<size_t> categories_column_;
  std::optional<uint16_t> store_zone_slot_;
  std::optional<uint16_t> customer_zone_slot_;
  std::vector<StoredSlot> stored_slots_;
  std::vector<std::string> names_;       // of the decision row
  std::vector<std::string> line_names_;  // of the line row
};

}  // namespace touchstone::rules
