#pragma once

// The names an expression may use: facts in slots, constants (product lists), and the checker's
// policy.
//
// Use: build once, then share const. Thread safety: const methods are safe from any thread.
// Names may be dotted ("customer.spend_90d"); the longest declared prefix wins, as in CEL.

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rules/expr/ast.h"
#include "rules/expr/type.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

struct VariableDecl {
  std::string name;
  Type type;
  Slot slot;
  bool may_be_absent = true;             // false: has() on it is always true
  std::vector<std::string> enum_values;  // a string limited to these; empty: any
  // Not available here but known elsewhere ("basket.net in eligible"): naming it is an error with
  // this text. Empty: available.
  std::string unavailable_because;
  // Of a list or a map: how many elements it may have.
  uint64_t max_elements = limits::kAssumedElements;
};

struct ConstantDecl {
  std::string name;
  Type type;
  Value value;  // must outlive every Program compiled against the environment
};

struct CheckPolicy {
  // Ordering and equality between int, uint and double without dyn(): rule sets true, CEL false.
  bool cross_numeric_comparisons = false;
  // Lists and maps of one element type only: rule sets true, CEL false.
  bool homogeneous_literals = false;
  // false: names are resolved but types are not enforced; wrong types fail at run time.
  bool enforce_types = true;
};

class Environment {
 public:
  explicit Environment(CheckPolicy policy = {}) : policy_(policy) {}

  // AlreadyExists when the name is declared.
  absl::Status Declare(VariableDecl variable);
  absl::Status Declare(ConstantDecl constant);
  // Namespace in which names are looked up first ("a.b": a.b.x, a.x, x). Conformance tests use it.
  void SetContainer(absl::string_view container) { container_ = std::string(container); }

  const CheckPolicy& policy() const { return policy_; }
  absl::string_view container() const { return container_; }
  const VariableDecl* FindVariable(absl::string_view name) const;      // null: none
  std::optional<uint32_t> FindConstant(absl::string_view name) const;  // index into constants()
  const std::vector<VariableDecl>& variables() const { return variables_; }
  const std::vector<ConstantDecl>& constants() const { return constants_; }
  // Whether some declared name begins with `prefix` + "." (is a namespace).
  bool IsNamespace(absl::string_view prefix) const;

 private:
  CheckPolicy policy_;
  std::string container_;
  std::vector<VariableDecl> variables_;
  std::vector<ConstantDecl> constants_;
  absl::flat_hash_map<std::string, uint32_t> variable_by_name_;
  absl::flat_hash_map<std::string, uint32_t> constant_by_name_;
};

}  // namespace touchstone::rules::expr
