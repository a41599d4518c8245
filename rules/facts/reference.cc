#include "rules/facts/reference.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "rules/facts/value_copy.h"

namespace touchstone::rules {

absl::Status ReferenceTable::Add(absl::string_view key, absl::Span<const expr::Value> row) {
  if (row.size() != columns_) {
    return absl::InvalidArgumentError(
        absl::StrCat("the row of ", key, " has ", row.size(), " values instead of ", columns_));
  }
  if (rows_.contains(key)) {
    return absl::AlreadyExistsError(absl::StrCat("there is a row of ", key, " already"));
  }
  expr::Value* values = memory_->NewArray<expr::Value>(columns_);
  for (size_t i = 0; i < columns_; ++i) values[i] = CopyValue(row[i], *memory_);
  rows_.emplace(memory_->Copy(key), values);
  return absl::OkStatus();
}

const expr::Value* ReferenceTable::Find(absl::string_view key) const {
  const auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : found->second;
}

}  // namespace touchstone::rules
