#pragma once

// The index's honest rival: every offer is asked, its parts compiled and in the order that needs
// the fewest and cheapest of them. The yardstick of bench/eligibility, and a second opinion in
// tests.
//
// The parts of a condition are its top-level terms of &&. They are asked in ascending order of
// cost / share of the sample for which the part is not true, which is the order of least expected
// cost when parts are independent; the first that is not true ends the offer's turn, since a
// condition with such a part cannot be true.
// Thread safety: const once ordered. Errors: InvalidArgument when a condition cannot be run.

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "rules/expr/environment.h"
#include "rules/expr/program.h"

namespace touchstone::rules {

class OrderedScan {
 public:
  // Adds the next offer. REQUIRES: a tree checked in the environment, of type bool.
  absl::Status Add(const expr::Expr& condition, const expr::Environment& environment);
  // Orders the parts by what they come to for these facts.
  void Order(absl::Span<const expr::Frame> sample, expr::Scratch& scratch);

  // Appends the offers whose condition is true, ascending.
  void Match(const expr::Frame& frame, expr::Scratch& scratch, std::vector<uint32_t>& offers) const;

 private:
  struct Part {
    expr::Program program;
    double cost = 0;  // about the nodes that it visits
  };
  std::vector<Part> parts_;       // one offer's behind the other's
  std::vector<uint32_t> starts_;  // by offer: its first part
};

}  // namespace touchstone::rules
