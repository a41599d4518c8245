#pragma once

// What the warnings read. Internal to this room.
//
// Thread safety: one thread. Lifetime: refers to all of it.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rules/ruleset/reporter.h"
#include "rules/ruleset/rule_set.h"
#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::rules {

struct ProofInput {
  const v1::RuleSet& message;
  const RuleSet& rule_set;
  absl::Time now;
  Reporter& reporter;
  std::vector<const v1::Offer*> offers;  // parallel to rule_set.offers

  // "offers[beans-20].window.from".
  std::string At(size_t offer, absl::string_view field) const {
    return absl::StrCat("offers[", rule_set.offers[offer].id, "].", field);
  }
};

}  // namespace touchstone::rules
