#pragma once

// Terms that grants keep, from one publish to the next: which of them the next revision has to
// have, and whose grants it touches.
//
// Thread safety: pure function. Cost: linear in the open grants.

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rules/ruleset/rule_set.h"
#include "store/store.h"
#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::server {

struct TermsPlan {
  // Of the next revision's own offers, those that they promise to keep, or ever did.
  std::vector<::touchstone::storage::v1::KeptTerms> own;
  // Others, which open grants keep: a revision under which they do not hold is not published.
  std::vector<::touchstone::storage::v1::KeptTerms> open;
  // Others still, which the active revision's offers promise: a grant may be under way that keeps
  // them. None is open, so that they may be left out.
  std::vector<::touchstone::storage::v1::KeptTerms> promised;
  int64_t touched = 0;  // open grants of offers whose terms change, or that are dropped
  int64_t keeping = 0;  // those of them that keep terms
};

// `active`: what is live, or null.
absl::StatusOr<TermsPlan> PlanTerms(const store::Store& store, const rules::RuleSet* active,
                                    const v1::RuleSet& next, absl::Time now);

}  // namespace touchstone::server
