#pragma once

// A workload of conditions and requests in files: a schema, one CEL condition a line, one request a
// line. For bench/eligibility and its test.
//
// Errors: InvalidArgument with file and line. Thread safety: const once read. Lifetime: rows point
// into the workload, which does not move.

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rules/expr/arena.h"
#include "rules/expr/ast.h"
#include "rules/expr/environment.h"
#include "rules/expr/value.h"

namespace touchstone::bench {

struct WorkloadFiles {
  std::string schema;  // {"attributes": [{"name": …, "type": …}]}
  std::string offers;
  std::string events;
};

class EligibilityWorkload {
 public:
  static absl::StatusOr<std::unique_ptr<EligibilityWorkload>> Read(const WorkloadFiles& files);

  const rules::expr::Environment& environment() const { return environment_; }
  // Lines of the offers file.
  const std::vector<std::string>& conditions() const { return conditions_; }
  // A line of the events file: its facts, by slot of row 0; what it leaves out is absent.
  const std::deque<std::vector<rules::expr::Value>>& events() const { return events_; }

 private:
  EligibilityWorkload();
  absl::Status ReadSchema(const std::string& file);
  absl::Status ReadEvents(const std::string& file);

  rules::expr::Environment environment_;
  std::vector<std::string> conditions_;
  std::deque<std::vector<rules::expr::Value>> events_;
  rules::expr::Arena memory_;
};

}  // namespace touchstone::bench
