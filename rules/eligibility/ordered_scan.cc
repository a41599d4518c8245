#include "rules/eligibility/ordered_scan.h"

#include <algorithm>
#include <utility>

#include "rules/eligibility/value_list.h"
#include "rules/expr/logical_chain.h"

namespace touchstone::rules {
namespace {

// What evaluating a program costs beside a comparison.
constexpr double kProgramCost = 15;

}  // namespace

OrderedScan::Terms OrderedScan::TermsOf(const expr::Expr& condition, NormalForms& forms) {
  Terms terms(1, ConditionRows(1));  // what needs one row: all in the first
  for (const expr::Expr* term : expr::ChainTerms(expr::Function::kAnd, condition)) {
    ConditionRows rows = forms.WhenTrue(*term);
    if (rows.size() <= 1) {
      terms[0] = forms.Both(terms[0], rows);
    } else {
      terms.push_back(std::move(rows));
    }
  }
  return terms;
}

OrderedScan::OrderedScan(absl::Span<const Terms> conditions, std::deque<Subject> subjects)
    : subjects_(std::move(subjects)), values_(subjects_.size()) {
  ChooseNumbered(conditions);
  for (const Terms& terms : conditions) {
    std::vector<Test> tests;
    for (const ConditionRows& rows : terms) {
      if (rows.size() != 1) {
        tests.push_back(MakeAny(rows));
        continue;
      }
      for (const Literal& literal : rows[0]) tests.push_back(MakeTest(literal));
    }
    offers_.push_back(AddTests(tests));
  }
  for (ValueNumbers& values : values_) values.Finish();
}

void OrderedScan::ChooseNumbered(absl::Span<const Terms> conditions) {
  is_numbered_.assign(subjects_.size(), 1);
  for (const Terms& terms : conditions) {
    for (const ConditionRows& rows : terms) {
      for (const ConditionRow& row : rows) {
        for (const Literal& literal : row) {
          const ValueDomain& domain = subjects_[literal.subject].domain;
          if (!PointDimension::Takes(*literal.set, domain)) is_numbered_[literal.subject] = 0;
        }
      }
    }
  }
}

OrderedScan::Test OrderedScan::MakeTest(const Literal& literal) {
  Test test;
  test.subject = literal.subject;
  const Subject& subject = subjects_[literal.subject];
  ValueNumbers& values = values_[literal.subject];
  const ValueSet& set = *literal.set;
  if (subject.is_element()) {
    test.kind = TestKind::kElements;
    test.wanted = subject.kind == Subject::Kind::kSomeElement;
    test.first = static_cast<int64_t>(numbers_.size());
    VisitValues(set, [&](auto value) { numbers_.push_back(values.Add(value)); });
    test.last = static_cast<int64_t>(numbers_.size());
    return test;
  }
  if (is_numbered_[literal.subject] != 0) {
    test.kind = TestKind::kNumber;
    const bool inverted = !ElementDimension::Takes(set);
    test.wanted = inverted;
    test.first = static_cast<int64_t>(bits_.size());
    std::vector<uint64_t> bits;
    VisitValues(inverted ? set.Complement(subject.domain) : set, [&](auto value) {
      const uint32_t number = values.Add(value);
      bits.resize(std::max<size_t>(bits.size(), number / 64 + 1), 0);
      bits[number / 64] |= uint64_t{1} << number % 64;
    });
    test.bits = static_cast<uint16_t>(bits.size());
    bits_.insert(bits_.end(), bits.begin(), bits.end());
    return test;
  }
  if (set.intervals().size() == 1 && !set.nan()) {
    test.first = set.intervals()[0].first;
    test.last = set.intervals()[0].last;
    return test;
  }
  test.kind = TestKind::kSet;
  test.first = static_cast<int64_t>(sets_.size());
  sets_.push_back(set);
  return test;
}

OrderedScan::Test OrderedScan::MakeAny(const ConditionRows& rows) {
  std::vector<Range> alternatives;
  for (const ConditionRow& row : rows) {
    std::vector<Test> tests;
    for (const Literal& literal : row) tests.push_back(MakeTest(literal));
    alternatives.push_back(AddTests(tests));
  }
  Test test;
  test.kind = TestKind::kAny;
  test.first = static_cast<int64_t>(alternatives_.size());
  alternatives_.insert(alternatives_.end(), alternatives.begin(), alternatives.end());
  test.last = static_cast<int64_t>(alternatives_.size());
  return test;
}

OrderedScan::Range OrderedScan::AddTests(const std::vector<Test>& tests) {
  const auto begin = static_cast<uint32_t>(tests_.size());
  tests_.insert(tests_.end(), tests.begin(), tests.end());
  return {begin, static_cast<uint32_t>(tests_.size())};
}

double OrderedScan::CostOf(const Test& test) const {
  if (test.kind == TestKind::kAny) {
    double cost = 1;
    for (int64_t i = test.first; i < test.last; ++i) {
      const Range range = alternatives_[static_cast<size_t>(i)];
      for (uint32_t j = range.begin; j < range.end; ++j) cost += CostOf(tests_[j]);
    }
    return cost;
  }
  if (subjects_[test.subject].program.has_value()) return kProgramCost;
  if (test.kind != TestKind::kElements) return 1;
  return 1 + static_cast<double>(test.last - test.first) / 2;
}

void OrderedScan::Order(absl::Span<const expr::Frame> sample, expr::Scratch& expr,
                        OrderedScanScratch& scratch) {
  // So that what never refused in the sample comes last, by its cost.
  constexpr double kNeverRefused = 0.5;
  std::vector<double> refusals(tests_.size(), kNeverRefused);
  for (const expr::Frame& frame : sample) {
    expr.Reset(UINT64_MAX);
    EligibilityProbe probe{frame, expr, [](uint32_t) { return false; }};
    Start(probe, scratch);
    for (const Range offer : offers_) {
      for (uint32_t i = offer.begin; i < offer.end; ++i) {
        refusals[i] += Holds(tests_[i], probe, scratch) ? 0 : 1;
      }
    }
  }
  std::vector<std::pair<double, Test>> ranked;
  for (const Range offer : offers_) {
    ranked.clear();
    for (uint32_t i = offer.begin; i < offer.end; ++i) {
      ranked.emplace_back(CostOf(tests_[i]) / refusals[i], tests_[i]);
    }
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (uint32_t i = offer.begin; i < offer.end; ++i) {
      tests_[i] = ranked[i - offer.begin].second;
    }
  }
}

void OrderedScan::Start(EligibilityProbe& probe, OrderedScanScratch& scratch) const {
  scratch.states_.resize(subjects_.size());
  scratch.foreign_ = false;
  for (size_t i = 0; i < subjects_.size(); ++i) {
    const Subject& subject = subjects_[i];
    OrderedScanScratch::State& state = scratch.states_[i];
    state.asked = !subject.program.has_value();
    if (!state.asked) continue;
    if (!subject.is_element()) {
      state.value = Ask(subject, probe);
      state.number = values_[i].Find(state.value);
      scratch.foreign_ = scratch.foreign_ || state.value.state == ValueKey::State::kForeign;
      continue;
    }
    state.elements.assign(values_[i].size() / 64 + 1, 0);
    const expr::Value list = ReadSlot(probe.frame, *subject.slot);
    scratch.foreign_ = scratch.foreign_ || (list.kind() != expr::Kind::kList && !list.IsError());
    state.complete = VisitElements(subject, list, [&](const ValueKey& key) {
      scratch.foreign_ = scratch.foreign_ || key.state == ValueKey::State::kForeign;
      const uint32_t number = values_[i].Find(key);
      if (number != ValueNumbers::kNone) {
        state.elements[number / 64] |= uint64_t{1} << number % 64;
      }
    });
    state.value.state = list.IsError() ? ValueKey::State::kNone : ValueKey::State::kKey;
  }
}

bool OrderedScan::HoldsElements(const Test& test, const OrderedScanScratch& scratch) const {
  const OrderedScanScratch::State& state = scratch.states_[test.subject];
  if (state.value.state == ValueKey::State::kNone) return false;
  bool some = false;
  for (int64_t i = test.first; i < test.last && !some; ++i) {
    const uint32_t number = numbers_[static_cast<size_t>(i)];
    some = (state.elements[number / 64] >> number % 64 & 1) != 0;
  }
  return test.wanted ? some : state.complete && !some;
}

bool OrderedScan::Holds(const Test& test, EligibilityProbe& probe,
                        OrderedScanScratch& scratch) const {
  if (test.kind == TestKind::kAny) {
    for (int64_t i = test.first; i < test.last; ++i) {
      if (HoldAll(alternatives_[static_cast<size_t>(i)], probe, scratch)) return true;
    }
    return false;
  }
  if (test.kind == TestKind::kElements) return HoldsElements(test, scratch);
  OrderedScanScratch::State& state = scratch.states_[test.subject];
  if (!state.asked) {
    state.asked = true;
    state.value = Ask(subjects_[test.subject], probe);
    state.number = values_[test.subject].Find(state.value);
    scratch.foreign_ = scratch.foreign_ || state.value.state == ValueKey::State::kForeign;
  }
  if (state.value.state == ValueKey::State::kNone) return false;
  switch (test.kind) {
    case TestKind::kSpan:
      return state.value.state == ValueKey::State::kKey && test.first <= state.value.key &&
             state.value.key <= test.last;
    case TestKind::kNumber: {
      if (state.number / 64 >= test.bits) return test.wanted;
      const uint64_t word = bits_[static_cast<size_t>(test.first) + state.number / 64];
      return (word >> state.number % 64 & 1) != (test.wanted ? 1 : 0);
    }
    default:
      break;
  }
  const ValueSet& set = sets_[static_cast<size_t>(test.first)];
  if (state.value.state == ValueKey::State::kNan) return set.nan();
  return set.is_text() ? set.ContainsText(state.value.text) : set.ContainsKey(state.value.key);
}

bool OrderedScan::HoldAll(Range range, EligibilityProbe& probe, OrderedScanScratch& scratch) const {
  for (uint32_t i = range.begin; i < range.end; ++i) {
    if (!Holds(tests_[i], probe, scratch)) return false;
  }
  return true;
}

void OrderedScan::Match(EligibilityProbe& probe, OrderedScanScratch& scratch,
                        std::vector<uint32_t>& offers) const {
  Start(probe, scratch);
  const size_t found = offers.size();
  for (uint32_t offer = 0; offer < offers_.size(); ++offer) {
    if (HoldAll(offers_[offer], probe, scratch)) offers.push_back(offer);
  }
  if (!scratch.foreign_) return;
  offers.resize(found);
  for (uint32_t offer = 0; offer < offers_.size(); ++offer) {
    if (probe.plain(offer)) offers.push_back(offer);
  }
}

}  // namespace touchstone::rules
