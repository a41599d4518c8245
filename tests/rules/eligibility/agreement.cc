#include "tests/rules/eligibility/agreement.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/eligibility/index.h"
#include "rules/eligibility/normal_form.h"
#include "rules/eligibility/ordered_scan.h"
#include "tests/rules/eligibility/checked_condition.h"

namespace touchstone::rules {
namespace {

using expr::ExprPtr;
using expr::Program;
using expr::Value;

// A case of this many offers has several blocks of rows.
constexpr size_t kWideOffers = 700;
constexpr size_t kNarrowOffers = 40;
constexpr size_t kWideEvery = 80;

// The conditions of a case, checked and compiled one by one.
struct Conditions {
  explicit Conditions(const AgreementCase& drawn) {
    for (const Part& offer : drawn.offers) Add(TextOf(offer), drawn.world->environment());
  }

  void Add(const std::string& text, const expr::Environment& environment) {
    absl::StatusOr<ExprPtr> tree = CheckedCondition(text, environment);
    if (!tree.ok()) {
      refused = absl::StrCat("the checker refuses ", tree.status().message());
      return;
    }
    absl::StatusOr<Program> program = Program::Compile(**tree, environment);
    if (!program.ok()) {
      refused = absl::StrCat("no program for ", text, ": ", program.status().ToString());
      return;
    }
    trees.push_back(*std::move(tree));
    programs.push_back(*std::move(program));
  }

  Value Evaluate(size_t offer, const expr::Frame& frame) {
    scratch.Reset(UINT64_MAX);
    return programs[offer].Evaluate(frame, scratch);
  }

  std::vector<ExprPtr> trees;
  std::vector<Program> programs;
  expr::Scratch scratch;
  std::optional<std::string> refused;
};

struct Matchers {
  explicit Matchers(const AgreementCase& drawn, const Conditions& conditions) {
    NormalForms forms(drawn.world->environment());
    std::vector<ConditionRows> rows;
    for (const ExprPtr& tree : conditions.trees) rows.push_back(forms.WhenTrue(*tree));
    status = forms.status();
    index = EligibilityIndex(rows, forms.TakeSubjects());

    NormalForms scan_forms(drawn.world->environment());
    std::vector<OrderedScan::Terms> terms;
    for (const ExprPtr& tree : conditions.trees) {
      terms.push_back(OrderedScan::TermsOf(*tree, scan_forms));
    }
    status.Update(scan_forms.status());
    scan = OrderedScan(terms, scan_forms.TakeSubjects());
    if (!drawn.is_ordered) return;
    std::vector<expr::Frame> sample;
    for (const Facts& facts : drawn.facts) sample.push_back(facts.frame());
    scan.Order(sample, scratch, scan_scratch);
  }

  absl::Status status;
  EligibilityIndex index;
  OrderedScan scan;
  EligibilityScratch index_scratch;
  OrderedScanScratch scan_scratch;
  expr::Scratch scratch;
};

// What stands in `offers` before a match must still stand there behind it.
constexpr uint32_t kBefore = 0;

std::optional<std::string> Compare(absl::string_view who, const std::vector<uint32_t>& found,
                                   const std::vector<uint32_t>& expected, const Facts& facts,
                                   const AgreementCase& drawn) {
  if (found == expected) return std::nullopt;
  return absl::StrCat("the ", who, " disagrees: with ", DebugString(facts, *drawn.world),
                      " it finds [", absl::StrJoin(found.begin() + 1, found.end(), " "),
                      "], the evaluator [",
                      absl::StrJoin(expected.begin() + 1, expected.end(), " "), "]");
}

// Whether the row's parts all hold, each looked at by itself; nullopt: a value without a key.
class RowReader {
 public:
  RowReader(const std::deque<Subject>& subjects, const expr::Frame& frame, expr::Scratch& scratch)
      : subjects_(subjects), frame_(frame), scratch_(scratch) {}

  std::optional<bool> HoldsAny(const ConditionRows& rows) {
    bool any = false;
    for (const ConditionRow& row : rows) {
      bool all = true;
      for (const Literal& literal : row) {
        const std::optional<bool> holds = Holds(literal);
        if (!holds.has_value()) return std::nullopt;
        all = all && *holds;
      }
      any = any || all;
    }
    return any;
  }

 private:
  std::optional<bool> Holds(const Literal& literal) {
    const Subject& subject = subjects_[literal.subject];
    if (subject.is_element()) return HoldsElements(subject, *literal.set);
    EligibilityProbe probe{frame_, scratch_, [](uint32_t) { return false; }};
    return Holds(Ask(subject, probe), *literal.set);
  }

  static std::optional<bool> Holds(const ValueKey& key, const ValueSet& set) {
    switch (key.state) {
      case ValueKey::State::kNone:
        return false;
      case ValueKey::State::kKey:
        return set.ContainsKey(key.key);
      case ValueKey::State::kText:
        return set.ContainsText(key.text);
      case ValueKey::State::kNan:
        return set.nan();
      case ValueKey::State::kForeign:
        break;
    }
    return std::nullopt;
  }

  std::optional<bool> HoldsElements(const Subject& subject, const ValueSet& set) {
    const Value list = ReadSlot(frame_, *subject.slot);
    if (list.IsError()) return false;
    if (list.kind() != expr::Kind::kList) return std::nullopt;
    bool some = false;
    bool foreign = false;
    const bool complete = VisitElements(subject, list, [&](const ValueKey& key) {
      const std::optional<bool> holds = Holds(key, set);
      foreign = foreign || !holds.has_value();
      some = some || holds.value_or(false);
    });
    if (foreign) return std::nullopt;
    return subject.kind == Subject::Kind::kSomeElement ? some : complete && !some;
  }

  const std::deque<Subject>& subjects_;
  const expr::Frame& frame_;
  expr::Scratch& scratch_;
};

}  // namespace

AgreementCase RandomCase(uint64_t seed) {
  Random random(seed);
  AgreementCase drawn;
  const World::Size size = random.Below(kWideEvery) == 0 ? World::Size::kWide
                           : random.Chance(15)           ? World::Size::kNarrow
                                                         : World::Size::kSmall;
  drawn.world = std::make_shared<World>(random, size);
  drawn.memory = std::make_shared<expr::Arena>();
  const size_t offers = size == World::Size::kWide     ? kWideOffers + random.Below(kWideOffers)
                        : size == World::Size::kNarrow ? random.Below(kNarrowOffers)
                                                       : random.Below(8);
  for (size_t i = 0; i < offers; ++i) {
    drawn.offers.push_back(RandomCondition(random, *drawn.world));
  }
  const size_t probes = size == World::Size::kWide ? 4 : 1 + random.Below(12);
  for (size_t i = 0; i < probes; ++i) {
    drawn.facts.push_back(RandomFacts(random, *drawn.world, *drawn.memory));
  }
  drawn.is_ordered = random.Chance(50);
  return drawn;
}

std::optional<std::string> FindOtherMatches(const AgreementCase& drawn) {
  Conditions conditions(drawn);
  if (conditions.refused.has_value()) return conditions.refused;
  Matchers matchers(drawn, conditions);
  if (!matchers.status.ok()) return matchers.status.ToString();
  for (const Facts& facts : drawn.facts) {
    const expr::Frame frame = facts.frame();
    std::vector<uint32_t> expected = {kBefore};
    for (uint32_t offer = 0; offer < drawn.offers.size(); ++offer) {
      if (conditions.Evaluate(offer, frame).IsTrue()) expected.push_back(offer);
    }
    const auto plain = [&](uint32_t offer) { return conditions.Evaluate(offer, frame).IsTrue(); };
    matchers.scratch.Reset(UINT64_MAX);
    EligibilityProbe probe{frame, matchers.scratch, plain};
    std::vector<uint32_t> found = {kBefore};
    matchers.index.Match(probe, matchers.index_scratch, found);
    std::optional<std::string> other = Compare("index", found, expected, facts, drawn);
    if (other.has_value()) return other;
    found = {kBefore};
    matchers.scratch.Reset(UINT64_MAX);
    matchers.scan.Match(probe, matchers.scan_scratch, found);
    other = Compare("scan", found, expected, facts, drawn);
    if (other.has_value()) return other;
  }
  return std::nullopt;
}

std::optional<std::string> FindOtherRows(const AgreementCase& drawn) {
  Conditions conditions(drawn);
  if (conditions.refused.has_value()) return conditions.refused;
  NormalForms forms(drawn.world->environment());
  expr::Scratch scratch;
  for (size_t i = 0; i < drawn.offers.size(); ++i) {
    const ConditionRows when_true = forms.WhenTrue(*conditions.trees[i]);
    const ConditionRows when_false = forms.WhenFalse(*conditions.trees[i]);
    if (when_true.size() > kMaxConditionRows || when_false.size() > kMaxConditionRows) {
      return absl::StrCat("the form disagrees: offer ", i, " has more rows than the most");
    }
    for (const Facts& facts : drawn.facts) {
      const expr::Frame frame = facts.frame();
      const Value value = conditions.Evaluate(i, frame);
      scratch.Reset(UINT64_MAX);
      RowReader reader(forms.subjects(), frame, scratch);
      const bool is_true = reader.HoldsAny(when_true).value_or(value.IsTrue());
      const bool is_false = reader.HoldsAny(when_false).value_or(value.IsFalse());
      if (is_true == value.IsTrue() && is_false == value.IsFalse()) continue;
      return absl::StrCat("the form disagrees: offer ", i, " with ",
                          DebugString(facts, *drawn.world), " is ", expr::DebugString(value),
                          ", its rows say ", is_true ? "true" : "", is_false ? "false" : "");
    }
  }
  return forms.status().ok() ? std::nullopt : std::optional<std::string>(forms.status().ToString());
}

std::string DebugString(const AgreementCase& drawn) {
  std::string text = "offers:\n";
  for (size_t i = 0; i < drawn.offers.size(); ++i) {
    absl::StrAppend(&text, "  ", i, ": ", TextOf(drawn.offers[i]), "\n");
  }
  absl::StrAppend(&text, "attributes:\n");
  const std::vector<expr::ConstantDecl>& constants = drawn.world->environment().constants();
  for (const Attribute& attribute : drawn.world->attributes()) {
    absl::StrAppend(&text, "  ", attribute.name, ": ",
                    drawn.world->environment().FindVariable(attribute.name)->type.ToString(), "\n");
  }
  for (const expr::ConstantDecl& constant : constants) {
    absl::StrAppend(&text, "  ", constant.name, " = ", expr::DebugString(constant.value), "\n");
  }
  absl::StrAppend(&text, "facts:\n");
  for (const Facts& facts : drawn.facts) {
    absl::StrAppend(&text, "  ", DebugString(facts, *drawn.world), "\n");
  }
  return text;
}

}  // namespace touchstone::rules
