#include "server/live/reference_binding.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "rules/expr/arena.h"
#include "server/decide/fact_value.h"

namespace touchstone::server {
namespace {

constexpr size_t kMaxKeyBytes = 64;

const rules::AttributeSpec* FindColumn(const rules::ReferenceSpec& spec, absl::string_view name) {
  const auto found =
      std::lower_bound(spec.columns.begin(), spec.columns.end(), name,
                       [](const rules::AttributeSpec& column, absl::string_view wanted) {
                         return absl::string_view(column.name) < wanted;
                       });
  return found == spec.columns.end() || found->name != name ? nullptr : &*found;
}

}  // namespace

const rules::ReferenceSpec* FindReferenceSpec(const rules::Schema& schema,
                                              absl::string_view table) {
  for (const rules::ReferenceSpec* spec : {&schema.product, &schema.store}) {
    if (!spec->name.empty() && spec->name == table) return spec;
  }
  return nullptr;
}

absl::StatusOr<rules::ReferenceTable> BindReferenceTable(absl::string_view stored,
                                                         const rules::ReferenceSpec& spec) {
  v1::ImportReferenceRequest table;
  if (!table.ParseFromArray(stored.data(), static_cast<int>(stored.size()))) {
    return absl::DataLossError("reference: malformed table");
  }
  rules::ReferenceTable bound(spec.columns.size());
  rules::expr::Arena memory;
  std::vector<rules::expr::Value> values(spec.columns.size());
  for (const v1::ReferenceTableRow& row : table.rows()) {
    memory.Reset();
    for (size_t i = 0; i < spec.columns.size(); ++i) {
      values[i] = rules::expr::Value::Absent();
      const auto given = row.values().find(spec.columns[i].name);
      if (given == row.values().end()) continue;
      const absl::StatusOr<rules::expr::Value> value =
          FromRequest(given->second, spec.columns[i], memory);
      if (value.ok()) values[i] = *value;
    }
    if (absl::Status added = bound.Add(row.key(), values); !added.ok()) {
      return absl::DataLossError("reference: a stored table has one key twice");
    }
  }
  return bound;
}

void CheckReferenceRow(const v1::ReferenceTableRow& row, const rules::ReferenceSpec& spec,
                       absl::string_view field, std::vector<Violation>* violations) {
  if (row.key().empty() || row.key().size() > kMaxKeyBytes) {
    violations->push_back({absl::StrCat(field, ".key"), "must be 1 to 64 bytes"});
  }
  rules::expr::Arena memory;
  for (const auto& [name, given] : row.values()) {
    const rules::AttributeSpec* column = FindColumn(spec, name);
    if (column == nullptr) {
      violations->push_back(
          {absl::StrCat(field, ".values[", name, "]"),
           absl::StrCat("is not a column that the schema declares for `", spec.name, "`")});
      continue;
    }
    const absl::StatusOr<rules::expr::Value> value = FromRequest(given, *column, memory);
    if (!value.ok()) {
      violations->push_back({absl::StrCat(field, ".values[", name, "]"),
                             absl::StrCat(value.status().message(), ", as `", column->declared_type,
                                          "` is declared")});
    }
  }
}

}  // namespace touchstone::server
