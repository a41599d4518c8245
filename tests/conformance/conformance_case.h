#pragma once

// One case of a conformance file: a line of JSON in the form of google/cel-spec's simple tests, as
// described beside the shared cases (file, section, name, expr, expected value or error, declared
// variables and their values).
//
// Beyond that form, cases of our own may use the types money, decimal and record and the values
// {"money": "12.50 EUR"}, {"decimal": "0.25"}, {"absent": true}; {"code": NAME} beside "error"
// names the error; "policy": "rules" checks as rule sets are checked.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rules/expr/arena.h"
#include "rules/expr/type.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

struct ConformanceCase {
  std::string file;
  std::string section;
  std::string name;
  std::string expr;
  std::string tier = "core";
  std::string container;
  std::vector<std::string> features;
  bool disable_check = false;
  bool check_only = false;
  bool rules_policy = false;
  std::string undeclarable;  // what the environment needs that we do not have; "" when nothing
  std::vector<std::pair<std::string, Type>> variables;
  std::vector<std::pair<std::string, Value>> bindings;
  std::optional<Value> expected;
  bool expects_error = false;
  std::string error_code;
  std::string deduced_type;

  // Owns what the values point into.
  std::shared_ptr<Arena> arena = std::make_shared<Arena>();
};

// InvalidArgument when the line is not a case.
absl::StatusOr<ConformanceCase> ParseCase(absl::string_view line);

// Equal kinds and contents, by the specification's rules for tests: maps in any order, NaN equal
// to NaN, zeros by sign.
bool SameResult(const Value& a, const Value& b);

}  // namespace touchstone::rules::expr
