#pragma once

// A mapping file: which columns become which fields (docs/formats/import-mapping.md).
//
// Thread safety: const after parsing, and shared by threads. Errors: InvalidArgument with every
// finding, one a line: "purchases.yaml:7: …".

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rules/money/money.h"
#include "server/import/row_expression.h"

namespace touchstone::server {

enum class MappingKind { kCustomers, kContacts, kEvents, kGrants, kBudgets, kReference };
// "customers", as the file says it.
absl::string_view MappingKindName(MappingKind kind);

enum class CellType {
  kString,
  kInt,
  kDouble,
  kBool,
  kMoney,
  kDecimal,
  kTimestamp,
  kDate,
  kStringList,
  kIntList,
  kRecordList,
};

// Where one value comes from.
struct ValueSource {
  // Text of the template and columns in turn: "{InvoiceNo}-{Line}". A single column has empty text.
  struct Piece {
    std::string text;
    int column = -1;  // -1: only text
  };
  std::vector<Piece> pieces;  // empty when `product`, `sum` or `cel` is set
  std::vector<int> product;   // columns that are multiplied
  std::string sum;            // of events: the line field that is added up
  // Gives a value of `type`, or a string that is read as a cell would be.
  std::shared_ptr<const RowExpression> cel;
  CellType type = CellType::kString;
  std::string format;        // of times and dates, as strptime; empty: ISO 8601
  absl::TimeZone zone;       // of times without an offset
  rules::Currency currency;  // of money; none: currency_column
  int currency_column = -1;
  std::string split;  // of lists: between the elements; empty: a JSON list
  std::string strip;  // an ending that is cut off the cell: ".0"
  std::vector<std::pair<std::string, CellType>> fields;  // of list(record)
};
using NamedSources = std::vector<std::pair<std::string, ValueSource>>;

// The words of a column that mean yes and no to one purpose.
struct ConsentSource {
  std::string purpose;
  ValueSource value;
  std::vector<std::string> granted;
  std::vector<std::string> denied;
  std::optional<ValueSource> time;  // when she said so
};

// Rows that one holds for are left out.
struct RowFilter {
  std::shared_ptr<const RowExpression> cel;  // in place of the rest
  int column = -1;
  bool empty = false;  // the cell is empty
  std::optional<std::string> equals;
  std::optional<std::string> starts_with;
  bool negated = false;  // `keep`: rows that it does not hold for are left out
};

struct Mapping {
  MappingKind kind = MappingKind::kCustomers;
  std::vector<std::string> columns;  // that the sources refer to
  std::vector<std::string> empty;    // cells that mean: no value
  std::vector<RowFilter> filters;

  ValueSource customer;  // id; of customers, and of events and grants unless `identities`
  bool has_customer = false;
  NamedSources identities;  // by namespace
  NamedSources attributes;  // of customers; columns of a reference table
  std::string source;       // who says so
  std::optional<ValueSource> household;
  std::vector<ConsentSource> consents;

  ValueSource offer;  // of contacts, as the three below and `time`; of grants
  ValueSource contact;
  ValueSource channel;
  ValueSource direction;

  std::string batch;                 // of grants, as the three below; of budgets
  std::optional<ValueSource> start;  // without it: at once
  std::optional<ValueSource> end;    // without it: for ever
  std::optional<ValueSource> uses;   // without it: one; of budgets too, without it: none

  ValueSource budget;  // of budgets, as the three below
  std::optional<ValueSource> amount;
  std::optional<ValueSource> day;
  std::optional<ValueSource> day_amount;

  std::string table;  // of reference
  ValueSource key;

  ValueSource event_type;
  ValueSource event_id;
  ValueSource time;
  std::optional<ValueSource> store;
  std::optional<ValueSource> reverses;
  NamedSources fields;
  NamedSources lines;
  std::optional<int> group_by;      // rows of one event; without it, a row is an event
  std::optional<absl::Time> from;   // events before it are left out
  std::optional<absl::Time> until;  // so are these from it on
  bool create_customers = false;
};

absl::StatusOr<Mapping> ParseMapping(absl::string_view text, const std::string& path);
// Appends the file's text to `text`, unless that is null.
absl::StatusOr<Mapping> ReadMapping(const std::string& path, std::string* text = nullptr);

}  // namespace touchstone::server
