#pragma once

// Compiled revisions and reference snapshots by number: what a receipt names.
//
// Thread safety: all methods are safe from any thread.
// Errors: NotFound for a number that was never given out, DataLoss for stored bytes that cannot be
// read, FailedPrecondition for a rule set that this build no longer compiles.
// Cost: a map lookup when it was used lately; else reads the store, compiles and blocks.

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "rules/facts/reference.h"
#include "rules/ruleset/rule_set.h"

namespace touchstone::server {

class RevisionSource {
 public:
  virtual ~RevisionSource() = default;

  virtual absl::StatusOr<std::shared_ptr<const rules::RuleSet>> RuleSetOf(uint64_t revision) = 0;

  // The snapshot of a reference version (0: empty), bound to the schema of that revision's rule
  // set.
  virtual absl::StatusOr<std::shared_ptr<const rules::ReferenceSnapshot>> ReferenceOf(
      uint64_t revision, uint64_t reference_version) = 0;
};

}  // namespace touchstone::server
