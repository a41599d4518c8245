#pragma once

// A CEL expression over the cells of a row: `row.NAME`, or `row["NAME"]` where the name of the
// column is no identifier. Cells are strings; an empty one is absent.
//
// Thread safety: immutable. Errors: Compile says where and why (InvalidArgument). Cost: compiled
// once; an evaluation allocates nothing in steady state.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rules/expr/environment.h"
#include "rules/expr/program.h"
#include "server/import/row_reader.h"

namespace touchstone::server {

class RowExpression {
 public:
  // What it gives must be of one of `types`, of which the first is tried first. `column_of` gives
  // out the position of a column in Row::cells.
  static absl::StatusOr<std::shared_ptr<const RowExpression>> Compile(
      const std::string& text, const std::vector<rules::expr::Type>& types,
      const std::function<int(const std::string&)>& column_of);

  // An error value when it goes wrong, kAbsent when it needs a cell that is one of `empty`.
  // InvalidArgument when a cell is not UTF-8. The value is valid until this thread's next call, as
  // long as the row is.
  absl::StatusOr<rules::expr::Value> Evaluate(const std::vector<std::string>& empty,
                                              const Row& row) const;

 private:
  RowExpression(rules::expr::Environment environment, std::vector<int> columns)
      : environment_(std::move(environment)), columns_(std::move(columns)) {}

  const rules::expr::Environment environment_;
  const std::vector<int> columns_;  // by slot
  std::optional<rules::expr::Program> program_;
};

}  // namespace touchstone::server
