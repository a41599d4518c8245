#pragma once

// From the facts of one decision to the offers whose condition is true, without asking every offer.
//
// Each condition is a few rows (normal_form.h). Each subject that enough rows speak of is a
// dimension: a bitmap of rows for every value that the facts may have. A probe looks up one bitmap
// for each dimension and keeps what all of them have, block by block, the most selective first.
// What too few rows speak of is looked at for the rows that are left, once a probe for each
// subject. Absent attributes and errors need no care of their own: their bitmap is that of the rows
// without a constraint. Source: bit-sliced columns, as in the design document's section on
// eligibility.
//
// Thread safety: const once built; one EligibilityScratch per thread. Ownership: owns its subjects
// and their programs; refers to nothing else. Errors: none; a value that has no key (a subject of
// another type than declared) makes the probe ask `plain` for each offer that the other subjects
// leave over; offers that no number of the declared type fits are left out all the same. Cost:
// build is linear in rows and values; a probe allocates nothing once its scratch has grown.

#include <cstdint>
#include <deque>
#include <optional>
#include <variant>
#include <vector>

#include "absl/types/span.h"
#include "rules/eligibility/dimension.h"
#include "rules/eligibility/normal_form.h"
#include "rules/eligibility/probe.h"
#include "rules/eligibility/row_bitmap.h"
#include "rules/eligibility/subject.h"
#include "rules/expr/program.h"

namespace touchstone::rules {

class EligibilityScratch {
 private:
  friend class EligibilityIndex;

  std::vector<RowBlock> space_;
  std::vector<RowColumn> columns_;
  std::vector<ListedElements> lists_;
  // By subject: its value, when asked_ says so.
  std::vector<ValueKey> values_;
  std::vector<uint32_t> asked_;  // the probe that asked
  uint32_t probe_ = 0;
};

class EligibilityIndex {
 public:
  // No offers.
  EligibilityIndex() = default;
  // By offer: the rows of its condition (WhenTrue); one empty row for an offer without one. The
  // subjects are those of the rows.
  EligibilityIndex(absl::Span<const ConditionRows> conditions, std::deque<Subject> subjects);

  // Appends the offers whose condition is true, ascending.
  void Match(EligibilityProbe& probe, EligibilityScratch& scratch,
             std::vector<uint32_t>& offers) const;
  // The first of them alone; nullopt when there is none.
  std::optional<uint32_t> MatchFirst(EligibilityProbe& probe, EligibilityScratch& scratch) const;

  // About what a probe costs, in steps of the evaluator; programs count theirs beside it.
  uint64_t steps() const { return dimensions_.size() * (1 + blocks_ / 16); }
  size_t rows() const { return offer_of_row_.size(); }
  size_t dimensions() const { return dimensions_.size(); }
  // All memory of its own, subjects and programs aside.
  size_t memory_bytes() const;

 private:
  struct Dimension {
    uint32_t subject = 0;
    uint32_t list = 0;  // of elements: index into lists_
    std::variant<PointDimension, RangeDimension, ElementDimension> columns;
  };
  // What a row asks beside the dimensions.
  struct Check {
    uint32_t subject = 0;
    uint32_t set = 0;
  };
  // A list that dimensions ask about.
  struct List {
    uint32_t subject = 0;  // one that reads it
    ValueNumbers numbers;
  };
  struct Builder;

  // Calls take(offer) for each offer whose condition is true, ascending, until it returns false.
  template <typename Take>
  void VisitMatches(EligibilityProbe& probe, EligibilityScratch& scratch, Take&& take) const;
  RowColumn FindColumn(const Dimension& dimension, EligibilityProbe& probe,
                       EligibilityScratch& scratch, RowBlock* space, bool& foreign) const;
  const ValueKey& ValueOf(uint32_t subject, EligibilityProbe& probe,
                          EligibilityScratch& scratch) const;
  bool Passes(const Check& check, EligibilityProbe& probe, EligibilityScratch& scratch,
              bool& foreign) const;
  bool PassesElements(const Subject& subject, const ValueSet& set, const expr::Frame& frame,
                      bool& foreign) const;
  bool Holds(uint32_t row, bool foreign, EligibilityProbe& probe,
             EligibilityScratch& scratch) const;
  bool FindColumns(EligibilityProbe& probe, EligibilityScratch& scratch) const;

  std::deque<Subject> subjects_;
  std::vector<List> lists_;
  std::vector<Dimension> dimensions_;
  std::vector<uint32_t> offer_of_row_;  // ascending
  std::vector<uint32_t> check_starts_;  // by row, and one more
  std::vector<Check> checks_;
  std::vector<ValueSet> check_sets_;
  size_t blocks_ = 0;
};

}  // namespace touchstone::rules
