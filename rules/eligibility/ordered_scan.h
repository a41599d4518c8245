#pragma once

// The index's honest rival: every offer is asked, in a flat program of tests in the order that
// needs the fewest and cheapest of them. The yardstick of bench/eligibility, and a second opinion
// in tests.
//
// A probe first reads every fact once: its key, or the number of its word. An offer's tests are the
// literals of its rows; alternatives are tested one behind the other. Tests stand in ascending
// order of cost / share of the sample that they refuse, which is the order of least expected cost
// when they are independent; the first that fails ends the offer's turn. What needs a program is
// evaluated when a test first asks, and once a probe.
// Thread safety: const once built; one scratch per thread.

#include <cstdint>
#include <deque>
#include <vector>

#include "absl/types/span.h"
#include "rules/eligibility/dimension.h"
#include "rules/eligibility/normal_form.h"
#include "rules/eligibility/probe.h"
#include "rules/eligibility/subject.h"

namespace touchstone::rules {

class OrderedScanScratch {
 private:
  friend class OrderedScan;
  struct State {
    bool asked = false;
    ValueKey value;
    uint32_t number = 0;             // of a word or a point
    bool complete = false;           // of elements
    std::vector<uint64_t> elements;  // of elements: bits by number
  };
  std::vector<State> states_;  // by subject
  bool foreign_ = false;       // some value has no key
};

class OrderedScan {
 public:
  // A condition as terms that must all hold, each given by its rows.
  using Terms = std::vector<ConditionRows>;
  static Terms TermsOf(const expr::Expr& condition, NormalForms& forms);

  OrderedScan() = default;
  // By offer. The subjects are those of the rows.
  OrderedScan(absl::Span<const Terms> conditions, std::deque<Subject> subjects);

  // Orders the tests by what they come to for these facts.
  void Order(absl::Span<const expr::Frame> sample, expr::Scratch& expr,
             OrderedScanScratch& scratch);

  // Appends the offers whose condition is true, ascending.
  void Match(EligibilityProbe& probe, OrderedScanScratch& scratch,
             std::vector<uint32_t>& offers) const;

 private:
  enum class TestKind : uint8_t {
    kSpan,      // first <= key <= last
    kNumber,    // the value's number is in a set of bits
    kSet,       // the value is in sets_[first]
    kElements,  // of the numbers [first, last) of numbers_, some or none is an element
    kAny,       // one of the alternatives [first, last) holds
  };
  struct Test {
    TestKind kind = TestKind::kSpan;
    bool wanted = true;  // kElements: some; kNumber: what a value without a number comes to
    uint16_t bits = 0;   // kNumber: words of the set
    uint32_t subject = 0;
    int64_t first = 0;
    int64_t last = 0;
  };
  struct Range {
    uint32_t begin = 0;
    uint32_t end = 0;
  };

  void ChooseNumbered(absl::Span<const Terms> conditions);
  Test MakeTest(const Literal& literal);
  Test MakeAny(const ConditionRows& rows);
  Range AddTests(const std::vector<Test>& tests);
  double CostOf(const Test& test) const;
  void Start(EligibilityProbe& probe, OrderedScanScratch& scratch) const;
  bool Holds(const Test& test, EligibilityProbe& probe, OrderedScanScratch& scratch) const;
  bool HoldAll(Range range, EligibilityProbe& probe, OrderedScanScratch& scratch) const;
  bool HoldsElements(const Test& test, const OrderedScanScratch& scratch) const;

  std::deque<Subject> subjects_;
  std::vector<ValueNumbers> values_;  // by subject
  std::vector<uint8_t> is_numbered_;  // by subject: all its sets are lists of points
  std::vector<Range> offers_;         // of tests_
  std::vector<Test> tests_;
  std::vector<Range> alternatives_;  // of tests_
  std::vector<uint64_t> bits_;
  std::vector<uint32_t> numbers_;
  std::vector<ValueSet> sets_;
};

}  // namespace touchstone::rules
