#pragma once

// The CSV form of a decision table's rows: a header, then one row a line.
//
// Thread safety: pure functions. Cost: linear.

#include <string>

#include "absl/strings/string_view.h"
#include "rules/ruleset/diagnostic.h"
#include "rules/ruleset/source_map.h"
#include "rules/ruleset/source_text.h"
#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::rules {

inline constexpr int kMaxTableRows = 10'000;
inline constexpr size_t kMaxTableColumns = 256;

// Adds the rows of the table `name`, and where each cell stands, to `sources`; a line that cannot
// be read is reported and left out. REQUIRES: text.CheckBytes() found nothing.
void ReadTableRows(const SourceText& text, absl::string_view name, v1::DecisionTableRows& rows,
                   SourceMap& sources, Diagnostics& diagnostics);

std::string WriteTableRows(const v1::DecisionTableRows& rows);

// Of the rule set's message: "table_rows[coffee].rows[4].cells[0]", both numbers from 0.
std::string TableRowPath(absl::string_view name, size_t row);
std::string TableCellPath(absl::string_view name, size_t row, size_t cell);

}  // namespace touchstone::rules
