#pragma once

// The type names of the schema: "money", "list(string)".
//
// Thread safety: pure functions.

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/expr/type.h"
#include "rules/facts/schema.h"

namespace touchstone::rules {

struct DeclaredType {
  expr::Type type;  // of list(record): a list of dyn, since its fields are declared beside it
  ValueForm form = ValueForm::kPlain;
  bool is_list = false;
  bool is_record_list = false;
};

// Where a type is declared decides which ones may be.
enum class TypePlace : uint8_t { kAttribute, kField, kColumn, kComputed };

// nullopt: no such type in that place.
std::optional<DeclaredType> FindDeclaredType(absl::string_view name, TypePlace place);
std::vector<std::string> DeclaredTypeNames(TypePlace place);

}  // namespace touchstone::rules
