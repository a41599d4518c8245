#include "rules/ruleset/derived_facts.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/expr/macro_syntax.h"
#include "rules/expr/parser.h"
#include "rules/ruleset/diagnostic_codes.h"

namespace touchstone::rules {
namespace {

using expr::Expr;

void CollectReads(const Expr& node, const DerivedFacts& facts, std::vector<std::string>& reads) {
  if (expr::IsDottedName(node)) {
    std::string name = expr::DottedName(node);
    if (name[0] == '.') name.erase(0, 1);
    if (facts.contains(name)) reads.push_back(std::move(name));
  }
  for (const expr::ExprPtr& child : node.children) CollectReads(*child, facts, reads);
}

absl::string_view PluralOf(DerivedFact::Kind kind) {
  switch (kind) {
    case DerivedFact::Kind::kAttribute:
      return "computed attributes";
    case DerivedFact::Kind::kAudience:
      return "audiences";
    case DerivedFact::Kind::kTable:
      return "tables";
  }
  return "";
}

// Depth first.
class Ordering {
 public:
  Ordering(DerivedFacts& facts, Reporter& reporter) : facts_(facts), reporter_(reporter) {
    for (const auto& [name, fact] : facts) {
      for (const std::string& formula : fact.formulas) {
        const expr::ParseResult parsed = expr::Parse(formula);
        if (parsed.expr != nullptr) CollectReads(*parsed.expr, facts, reads_[name]);
      }
    }
  }

  std::vector<std::string> Sorted() {
    for (const auto& [name, fact] : facts_) Visit(name);
    return std::move(order_);
  }

 private:
  enum class Mark : uint8_t { kNew, kOpen, kDone };

  void Visit(const std::string& name) {
    Mark& mark = marks_[name];
    if (mark == Mark::kDone) return;
    if (mark == Mark::kOpen) {
      ReportCycle(name);
      return;
    }
    mark = Mark::kOpen;
    path_.push_back(name);
    for (const std::string& read : reads_[name]) Visit(read);
    path_.pop_back();
    marks_[name] = Mark::kDone;
    order_.push_back(name);
  }

  void ReportCycle(const std::string& name) {
    const auto begin = std::find(path_.begin(), path_.end(), name);
    const std::vector<std::string> cycle(begin, path_.end());
    std::vector<absl::string_view> kinds;
    for (const std::string& member : cycle) {
      DerivedFact& fact = facts_.at(member);
      fact.in_cycle = true;
      kinds.push_back(PluralOf(fact.kind));
    }
    std::sort(kinds.begin(), kinds.end());
    kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
    reporter_.Error(codes::kComputedCycle, facts_.at(name).formula_path,
                    absl::StrCat(absl::StrJoin(kinds, " and "),
                                 " need one another: ", absl::StrJoin(cycle, " → "), " → ", name),
                    "write one of them without the other");
  }

  DerivedFacts& facts_;
  Reporter& reporter_;
  absl::flat_hash_map<std::string, std::vector<std::string>> reads_;
  absl::flat_hash_map<std::string, Mark> marks_;
  std::vector<std::string> path_;
  std::vector<std::string> order_;
};

}  // namespace

DerivedFacts CollectDerivedFacts(const v1::RuleSet& message) {
  using Kind = DerivedFact::Kind;
  DerivedFacts facts;
  for (const auto& [name, computed] : message.schema().computed()) {
    const std::string path = absl::StrCat("schema.computed[", name, "]");
    facts[name] = {Kind::kAttribute, name, path, path + ".is", {computed.is()}};
  }
  for (const auto& [name, audience] : message.audiences()) {
    const std::string path = absl::StrCat("audiences[", name, "]");
    facts["audience." + name] = {Kind::kAudience, name, path, path + ".when", {audience.when()}};
  }
  for (const auto& [name, table] : message.tables()) {
    const std::string path = absl::StrCat("tables[", name, "]");
    DerivedFact fact = {Kind::kTable, name, path, path + ".inputs", {}};
    for (const auto& [column, input] : table.inputs()) fact.formulas.push_back(input);
    std::sort(fact.formulas.begin(), fact.formulas.end());
    facts["table." + name] = std::move(fact);
  }
  return facts;
}

std::vector<std::string> OrderByNeed(DerivedFacts& facts, Reporter& reporter) {
  return Ordering(facts, reporter).Sorted();
}

}  // namespace touchstone::rules
