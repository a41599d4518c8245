#include "rules/ruleset/derived_facts.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "rules/expr/macro_syntax.h"
#include "rules/expr/parser.h"
#include "rules/ruleset/diagnostic_codes.h"

namespace touchstone::rules {
namespace {

using expr::Expr;
using Kind = DerivedFact::Kind;

constexpr absl::string_view kAudiencePrefix = "audience.";
constexpr absl::string_view kTablePrefix = "table.";

void CollectReads(const Expr& node, const DerivedFacts& facts, std::vector<std::string>& reads) {
  if (expr::IsDottedName(node)) {
    std::string name = expr::DottedName(node);
    if (name[0] == '.') name.erase(0, 1);
    if (facts.contains(name)) reads.push_back(std::move(name));
  }
  for (const expr::ExprPtr& child : node.children) CollectReads(*child, facts, reads);
}

std::string PathOf(Kind kind, absl::string_view key) {
  switch (kind) {
    case Kind::kAttribute:
      return absl::StrCat("schema.computed[", key, "]");
    case Kind::kAudience:
      return absl::StrCat("audiences[", key, "]");
    case Kind::kTable:
      return absl::StrCat("tables[", key, "]");
  }
  return "";
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

std::string DerivedFactPath(absl::string_view name) {
  absl::string_view key = name;
  if (absl::ConsumePrefix(&key, kAudiencePrefix)) return PathOf(Kind::kAudience, key);
  if (absl::ConsumePrefix(&key, kTablePrefix)) return PathOf(Kind::kTable, key);
  return PathOf(Kind::kAttribute, name);
}

DerivedFacts CollectDerivedFacts(const v1::RuleSet& message) {
  DerivedFacts facts;
  const auto add = [&facts](Kind kind, absl::string_view prefix, const std::string& key,
                            absl::string_view field) -> DerivedFact& {
    const std::string path = PathOf(kind, key);
    return facts[absl::StrCat(prefix, key)] = {kind, key, path, absl::StrCat(path, ".", field), {}};
  };
  for (const auto& [name, computed] : message.schema().computed()) {
    add(Kind::kAttribute, "", name, "is").formulas = {computed.is()};
  }
  for (const auto& [name, audience] : message.audiences()) {
    add(Kind::kAudience, kAudiencePrefix, name, "when").formulas = {audience.when()};
  }
  for (const auto& [name, table] : message.tables()) {
    std::vector<std::string>& formulas = add(Kind::kTable, kTablePrefix, name, "inputs").formulas;
    formulas.reserve(table.inputs().size());
    for (const auto& [column, input] : table.inputs()) formulas.push_back(input);
    std::sort(formulas.begin(), formulas.end());
  }
  return facts;
}

std::vector<std::string> OrderByNeed(DerivedFacts& facts, Reporter& reporter) {
  return Ordering(facts, reporter).Sorted();
}

}  // namespace touchstone::rules
