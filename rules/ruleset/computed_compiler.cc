#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "rules/expr/checker.h"
#include "rules/expr/parser.h"
#include "rules/ruleset/declared_type.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

using expr::Expr;
using expr::ExprKind;

// "customer.age" for the chain of selections that ends in this node; "" for other nodes.
std::string DottedName(const Expr& node) {
  if (node.kind == ExprKind::kIdent) {
    return node.name.substr(!node.name.empty() && node.name[0] == '.' ? 1 : 0);
  }
  if (node.kind != ExprKind::kSelect || node.children.empty()) return "";
  const std::string base = DottedName(*node.children[0]);
  return base.empty() ? "" : absl::StrCat(base, ".", node.name);
}

void CollectNames(const Expr& node, std::vector<std::string>& names) {
  std::string name = DottedName(node);
  if (!name.empty()) names.push_back(std::move(name));
  for (const expr::ExprPtr& child : node.children) CollectNames(*child, names);
}

constexpr absl::string_view kAudiencePrefix = "audience.";

// A computed attribute or an audience, which is a computed bool with a name of its own kind.
struct Formula {
  std::string path;
  std::string text;
  std::string type;  // as declared; of an audience empty
  bool is_audience = false;
  std::string text_field() const { return absl::StrCat(path, is_audience ? ".when" : ".is"); }
};
// By the name that rules read.
using Formulas = std::map<std::string, Formula>;

Formulas CollectFormulas(const v1::RuleSet& message) {
  Formulas formulas;
  for (const auto& [name, computed] : message.schema().computed()) {
    formulas[name] = {absl::StrCat("schema.computed[", name, "]"), computed.is(), computed.type(),
                      false};
  }
  for (const auto& [name, audience] : message.audiences()) {
    formulas[absl::StrCat(kAudiencePrefix, name)] = {absl::StrCat("audiences[", name, "]"),
                                                     audience.when(), "", true};
  }
  return formulas;
}

// Orders formulas so that each comes after those that it reads.
class ComputedOrder {
 public:
  ComputedOrder(Compilation& c, const Formulas& formulas) : c_(c), formulas_(formulas) {
    for (const auto& [name, formula] : formulas) reads_[name] = ReadsOf(formula);
  }

  // All of them; cycles are reported.
  std::vector<std::string> Sorted() {
    for (const auto& [name, formula] : formulas_) Visit(name);
    return std::move(order_);
  }
  bool IsInCycle(const std::string& name) const { return in_cycle_.contains(name); }

 private:
  enum class Mark : uint8_t { kNew, kOpen, kDone };

  std::vector<std::string> ReadsOf(const Formula& formula) const {
    const expr::ParseResult parsed = expr::Parse(formula.text);
    std::vector<std::string> reads;
    if (parsed.expr == nullptr) return reads;
    std::vector<std::string> all;
    CollectNames(*parsed.expr, all);
    for (const std::string& read : all) {
      if (formulas_.contains(read)) reads.push_back(read);
    }
    return reads;
  }

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
    in_cycle_.insert(cycle.begin(), cycle.end());
    const Formula& formula = formulas_.at(name);
    c_.reporter.Error(codes::kComputedCycle, formula.text_field(),
                      absl::StrCat(formula.is_audience ? "audiences" : "computed attributes",
                                   " need one another: ", absl::StrJoin(cycle, " → "), " → ", name),
                      "write one of them without the other");
  }

  Compilation& c_;
  const Formulas& formulas_;
  absl::flat_hash_map<std::string, std::vector<std::string>> reads_;
  absl::flat_hash_map<std::string, Mark> marks_;
  std::vector<std::string> path_;
  std::vector<std::string> order_;
  absl::flat_hash_set<std::string> in_cycle_;
};

bool CheckAudienceName(Compilation& c, const std::string& path, absl::string_view name) {
  if (IsSchemaName(name)) return true;
  c.reporter.Error(codes::kBadName, path,
                   absl::StrCat("`", name, "` cannot be the name of an audience"),
                   "rules read it as audience.NAME: a small letter, then small letters, digits, _");
  return false;
}

bool CheckComputedName(Compilation& c, const std::string& path, const std::string& name) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(name, absl::MaxSplits('.', 1));
  const bool customer = parts.first == "customer";
  if ((!customer && parts.first != "request") || !IsSchemaName(parts.second)) {
    c.reporter.Error(codes::kBadName, path,
                     absl::StrCat("`", name, "` cannot be the name of a computed attribute"),
                     "it is `customer.` or `request.` and a name, such as `customer.age`");
    return false;
  }
  if (customer && (parts.second == "known" || parts.second == "segment")) {
    c.reporter.Error(codes::kReservedName, path,
                     absl::StrCat("`", name, "` is built in and cannot be declared"));
    return false;
  }
  const Schema& schema = c.rule_set.schema;
  const auto same = [&parts](const auto& spec) { return parts.second == spec.name; };
  const std::vector<AttributeSpec>& attributes = customer ? schema.customer : schema.request;
  if (std::any_of(attributes.begin(), attributes.end(), same) ||
      (customer && std::any_of(schema.aggregates.begin(), schema.aggregates.end(), same))) {
    c.reporter.Error(codes::kDuplicateName, path,
                     absl::StrCat(name, " is declared as an attribute or aggregate already"),
                     "rename one of them");
    return false;
  }
  return true;
}

expr::Type ComputedType(Compilation& c, const std::string& path, const std::string& type) {
  if (const std::optional<DeclaredType> found = FindDeclaredType(type, TypePlace::kComputed)) {
    return found->type;
  }
  c.reporter.Error(
      codes::kUnknownType, absl::StrCat(path, ".type"),
      type.empty() ? "a computed attribute has a type"
                   : absl::StrCat("a computed attribute cannot be a `", type, "`"),
      absl::StrCat("one of ", absl::StrJoin(DeclaredTypeNames(TypePlace::kComputed), ", ")));
  return expr::Type(expr::TypeKind::kError);
}

// What stands in for a formula that went wrong, so that rules that read the name are checked; a
// rule set with errors is never run.
std::optional<expr::Program> StandIn() {
  expr::ParseResult null = expr::Parse("null");
  const expr::Environment nothing;
  if (null.expr == nullptr || !expr::Check(*null.expr, nothing, std::nullopt).empty()) {
    return std::nullopt;
  }
  absl::StatusOr<expr::Program> program = expr::Program::Compile(*null.expr, nothing);
  if (!program.ok()) return std::nullopt;
  return *std::move(program);
}

// Sees what has been compiled before it, which by the order is all that it may read.
std::optional<expr::Program> CompileFormula(Compilation& c, const std::string& path,
                                            const std::string& text, const expr::Type& type,
                                            bool& personal) {
  const FactLayout layout(c.rule_set.schema);
  const expr::Environment environment = layout.EnvironmentFor(Scope::kComputed, {});
  std::optional<expr::Type> expected = type;
  if (type.Is(expr::TypeKind::kError)) expected = std::nullopt;
  std::optional<expr::Program> program =
      CompileExpression(path, text, environment, std::move(expected), c.reporter);
  if (program) {
    for (const expr::Slot slot : program->slots()) personal |= layout.IsPersonal(slot);
  }
  return program;
}

}  // namespace

void CompileComputed(Compilation& c) {
  for (const auto& [count, path] :
       {std::pair(c.message.schema().computed().size(), "schema.computed"),
        std::pair(c.message.audiences().size(), "audiences")}) {
    if (count <= kMaxDeclarations) continue;
    c.reporter.Error(codes::kTooMany, path,
                     absl::StrCat("at most ", kMaxDeclarations, " can be declared here"));
    return;
  }
  const Formulas formulas = CollectFormulas(c.message);
  ComputedOrder order(c, formulas);
  for (const std::string& name : order.Sorted()) {
    const Formula& formula = formulas.at(name);
    const bool is_named =
        formula.is_audience
            ? CheckAudienceName(c, formula.path, name.substr(kAudiencePrefix.size()))
            : CheckComputedName(c, formula.path, name);
    if (!is_named) continue;
    const expr::Type type = formula.is_audience ? expr::Type(expr::TypeKind::kBool)
                                                : ComputedType(c, formula.path, formula.type);
    bool personal = false;
    std::optional<expr::Program> program;
    if (!order.IsInCycle(name)) {
      program = CompileFormula(c, formula.text_field(), formula.text, type, personal);
    }
    if (!program) program = StandIn();
    if (!program) continue;
    c.rule_set.schema.computed.push_back(ComputedSpec{name, type, *std::move(program), personal});
  }
}

}  // namespace touchstone::rules
