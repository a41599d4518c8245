#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "rules/ruleset/declared_type.h"
#include "rules/ruleset/derived_facts.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

// The name of an audience or a table, which stands behind a prefix of its own.
bool CheckPrefixedName(Compilation& c, const DerivedFact& fact, absl::string_view kind,
                       absl::string_view prefix) {
  if (IsSchemaName(fact.name)) return true;
  c.reporter.Error(codes::kBadName, fact.path,
                   absl::StrCat("`", fact.name, "` cannot be the name of ", kind),
                   absl::StrCat("rules read it as ", prefix,
                                ".NAME: a small letter, then small letters, digits, _"));
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

bool CheckName(Compilation& c, const DerivedFact& fact) {
  switch (fact.kind) {
    case DerivedFact::Kind::kAttribute:
      return CheckComputedName(c, fact.path, fact.name);
    case DerivedFact::Kind::kAudience:
      return CheckPrefixedName(c, fact, "an audience", "audience");
    case DerivedFact::Kind::kTable:
      return CheckPrefixedName(c, fact, "a table", "table");
  }
  return false;
}

// What derived facts see: the facts below them, and those of their own kind that came before.
class DerivedScope {
 public:
  explicit DerivedScope(Schema& schema)
      : schema_(schema),
        layout_(schema),
        environment_(layout_.EnvironmentFor(Scope::kComputed, {})) {}

  const expr::Environment& environment() const { return environment_; }
  bool IsPersonal(absl::Span<const expr::Slot> slots) const {
    return std::any_of(slots.begin(), slots.end(), [this](expr::Slot slot) {
      if (slot.row != kDecisionRow || slot.index < layout_.decision_row_size()) {
        return layout_.IsPersonal(slot);
      }
      return schema_.computed[slot.index - layout_.decision_row_size()].personal;
    });
  }
  // FactLayout gives them the slots behind all others, in order.
  void Add(ComputedSpec spec) {
    expr::VariableDecl variable;
    variable.name = spec.name;
    variable.type = spec.type;
    variable.slot = {kDecisionRow,
                     static_cast<uint16_t>(layout_.decision_row_size() + schema_.computed.size())};
    const absl::Status declared = environment_.Declare(std::move(variable));
    assert(declared.ok());
    (void)declared;
    schema_.computed.push_back(std::move(spec));
  }

 private:
  Schema& schema_;
  const FactLayout layout_;
  expr::Environment environment_;
};

ComputedSpec CompileFormula(Compilation& c, const DerivedFact& fact, expr::Type type,
                            const DerivedScope& scope) {
  ComputedSpec spec;
  spec.type = std::move(type);
  if (fact.in_cycle) return spec;
  std::optional<expr::Type> expected = spec.type;
  if (spec.type.Is(expr::TypeKind::kError)) expected = std::nullopt;
  spec.program = CompileExpression(fact.formula_path, fact.formulas.front(), scope.environment(),
                                   std::move(expected), c.reporter);
  if (spec.program) spec.personal = scope.IsPersonal(spec.program->slots());
  return spec;
}

ComputedSpec CompileTableFact(Compilation& c, const DerivedFact& fact, const DerivedScope& scope) {
  ComputedSpec spec;
  std::optional<DecisionTableSpec> table =
      CompileTable(c, fact.name, scope.environment(), fact.in_cycle, spec.type);
  if (!table.has_value()) return spec;
  spec.personal = scope.IsPersonal(table->rows.slots());
  spec.table = static_cast<uint32_t>(c.rule_set.tables.size());
  c.rule_set.tables.push_back(*std::move(table));
  return spec;
}

}  // namespace

// What went wrong is left out of a fact, so that rules that read it are checked all the same; a
// rule set with errors is never run.
void CompileComputed(Compilation& c) {
  for (const auto& [count, path] :
       {std::pair(c.message.schema().computed().size(), "schema.computed"),
        std::pair(c.message.audiences().size(), "audiences"),
        std::pair(c.message.tables().size(), "tables")}) {
    if (!CheckCount(c, path, count)) return;
  }
  ReportRowsWithoutTable(c);
  DerivedFacts facts = CollectDerivedFacts(c.message);
  DerivedScope scope(c.rule_set.schema);
  for (const std::string& name : OrderByNeed(facts, c.reporter)) {
    const DerivedFact& fact = facts.at(name);
    if (!CheckName(c, fact)) continue;
    ComputedSpec spec;
    switch (fact.kind) {
      case DerivedFact::Kind::kAttribute:
        spec = CompileFormula(
            c, fact, ComputedType(c, fact.path, c.message.schema().computed().at(fact.name).type()),
            scope);
        break;
      case DerivedFact::Kind::kAudience:
        spec = CompileFormula(c, fact, expr::Type(expr::TypeKind::kBool), scope);
        break;
      case DerivedFact::Kind::kTable:
        spec = CompileTableFact(c, fact, scope);
        break;
    }
    spec.name = name;
    scope.Add(std::move(spec));
  }
}

}  // namespace touchstone::rules
