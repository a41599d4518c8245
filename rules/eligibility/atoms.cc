// What a part of a condition without &&, || and ! says of which subject.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/eligibility/normal_form.h"
#include "rules/eligibility/value_list.h"
#include "rules/expr/logical_chain.h"
#include "rules/expr/printer.h"
#include "rules/money/decimal.h"

namespace touchstone::rules {
namespace {

using expr::Constant;
using expr::Expr;
using expr::ExprKind;
using expr::Function;
using expr::Macro;
using expr::Resolution;
using expr::TypeKind;
using expr::Value;

// Values of an element set are listed one by one in an index.
constexpr int64_t kMaxElementValues = 4'096;

bool IsRelation(Function function) {
  return function >= Function::kEqual && function <= Function::kGreaterEqual;
}

Function Mirrored(Function relation) {
  switch (relation) {
    case Function::kLess:
      return Function::kGreater;
    case Function::kLessEqual:
      return Function::kGreaterEqual;
    case Function::kGreater:
      return Function::kLess;
    case Function::kGreaterEqual:
      return Function::kLessEqual;
    default:
      return relation;
  }
}

std::optional<expr::Slot> SlotOf(const Expr& expr) {
  const bool is_name = expr.kind == ExprKind::kIdent || expr.kind == ExprKind::kSelect;
  if (!is_name || expr.resolution.kind != Resolution::Kind::kSlot) return std::nullopt;
  return expr.resolution.slot;
}

bool IsExactLiteral(const Expr& expr) {
  return expr.kind == ExprKind::kConstant && expr.exact_literal &&
         (expr.type.Is(TypeKind::kMoney) || expr.type.Is(TypeKind::kDecimal));
}

// Whether the value of the tree is the same for all facts.
bool IsConstant(const Expr& expr) {
  switch (expr.resolution.kind) {
    case Resolution::Kind::kSlot:
    case Resolution::Kind::kLocal:
    case Resolution::Kind::kUnbound:
      return false;
    default:
      break;
  }
  // It reads the frame's zone.
  if (expr::IsCallTo(expr, Function::kAge)) return false;
  return std::all_of(expr.children.begin(), expr.children.end(),
                     [](const expr::ExprPtr& child) { return IsConstant(*child); });
}

bool IsVariable(const Expr& expr, absl::string_view variable) {
  return expr.kind == ExprKind::kIdent && expr.resolution.kind == Resolution::Kind::kLocal &&
         expr.name == variable;
}

// The values that equal one of some literals.
class Listing {
 public:
  explicit Listing(KeyKind kind) : kind_(kind) {}

  // False: the literal is no value of the kind.
  bool Add(const Value& literal) {
    const std::optional<ValueSet> set = ValuesWhere(kind_, Function::kEqual, literal);
    if (!set.has_value()) return false;
    texts_.insert(texts_.end(), set->texts().begin(), set->texts().end());
    keys_.insert(keys_.end(), set->intervals().begin(), set->intervals().end());
    return true;
  }
  ValueSet Take() {
    return kind_ == KeyKind::kText ? ValueSet::Texts(std::move(texts_))
                                   : ValueSet::KeyIntervals(std::move(keys_));
  }

 private:
  const KeyKind kind_;
  std::vector<std::string> texts_;
  std::vector<KeyInterval> keys_;
};

}  // namespace

ConditionRows NormalForms::VisitAtom(const Expr& expr, bool wanted) {
  std::optional<ConditionRow> row;
  if (expr.kind == ExprKind::kCall && IsRelation(expr.function)) {
    row = VisitComparison(expr, wanted);
  } else if (expr::IsCallTo(expr, Function::kIn)) {
    row = VisitIn(expr, wanted);
  } else if (expr.kind == ExprKind::kComprehension) {
    row = VisitMacro(expr, wanted);
  } else if (SlotOf(expr).has_value() && expr.test_only) {
    Subject subject;
    subject.kind = Subject::Kind::kPresence;
    subject.domain = DomainOf(KeyKind::kBool);
    subject.text = expr::Print(expr);
    subject.slot = SlotOf(expr);
    row = {{SubjectOf(std::move(subject)),
            std::make_shared<ValueSet>(ValueSet::Keys(wanted, wanted))}};
  }
  if (!row.has_value()) return {Opaque(expr, wanted)};
  if (row->size() == 1 && (*row)[0].set->IsEmpty() &&
      subjects_[(*row)[0].subject].kind != Subject::Kind::kNoElement) {
    return {};
  }
  return {*std::move(row)};
}

std::optional<ConditionRow> NormalForms::VisitComparison(const Expr& expr, bool wanted) {
  const Expr* value = expr.children[0].get();
  const Expr* literal = expr.children[1].get();
  Function relation = expr.function;
  if (!IsConstant(*literal)) {
    std::swap(value, literal);
    relation = Mirrored(relation);
  }
  if (!IsConstant(*literal) || IsConstant(*value)) return std::nullopt;
  const std::optional<KeyKind> kind = KeyKindOf(value->type);
  if (!kind.has_value()) return std::nullopt;
  std::optional<ValueSet> set = SetOf(*kind, relation, *literal);
  if (!set.has_value()) return std::nullopt;
  return RowOf(*value, *std::move(set), wanted);
}

std::optional<ConditionRow> NormalForms::VisitIn(const Expr& expr, bool wanted) {
  const Expr& element = *expr.children[0];
  const Expr& list = *expr.children[1];
  if (IsConstant(list) && !IsConstant(element)) {
    const std::optional<KeyKind> kind = KeyKindOf(element.type);
    if (!kind.has_value()) return std::nullopt;
    std::optional<ValueSet> set = SetOfList(*kind, list);
    if (!set.has_value()) return std::nullopt;
    return RowOf(element, *std::move(set), wanted);
  }
  const std::optional<expr::Slot> slot = SlotOf(list);
  if (!slot.has_value() || !list.type.Is(TypeKind::kList) || !IsConstant(element)) {
    return std::nullopt;
  }
  const std::optional<KeyKind> kind = KeyKindOf(list.type.element());
  if (!kind.has_value()) return std::nullopt;
  ElementSet elements;
  elements.key_kind = *kind;
  std::optional<ValueSet> set = SetOf(*kind, Function::kEqual, element);
  if (!set.has_value() || !IsList(*set, kMaxElementValues)) return std::nullopt;
  elements.set = *std::move(set);
  return ElementRow(*slot, expr::Print(list), std::move(elements), wanted);
}

// exists() and all() over a list that is a fact: all(x, p) is !exists(x, !p), errors included.
std::optional<ConditionRow> NormalForms::VisitMacro(const Expr& expr, bool wanted) {
  const bool all = expr.macro == Macro::kAll;
  if ((!all && expr.macro != Macro::kExists) || expr.variables.size() != 1) return std::nullopt;
  const Expr& range = *expr.children[0];
  const std::optional<expr::Slot> slot = SlotOf(range);
  if (!slot.has_value() || !range.type.Is(TypeKind::kList)) return std::nullopt;
  const std::string& variable = expr.variables[0];
  const Expr& predicate = *expr.children[1];
  if (std::optional<ElementSet> elements = ElementsWhere(predicate, variable, !all)) {
    return ElementRow(*slot, expr::Print(range), *std::move(elements), wanted != all);
  }
  // Some element must satisfy all of the terms, so some must satisfy one: that is not enough, but
  // an index can tell.
  if (wanted == all) return std::nullopt;
  const Function conjunction = all ? Function::kOr : Function::kAnd;
  for (const Expr* term : expr::ChainTerms(conjunction, predicate)) {
    if (std::optional<ElementSet> elements = ElementsWhere(*term, variable, !all)) {
      return Joined(ElementRow(*slot, expr::Print(range), *std::move(elements), true),
                    Opaque(expr, wanted));
    }
  }
  return std::nullopt;
}

std::optional<ConditionRow> NormalForms::RowOf(const Expr& value, ValueSet set, bool wanted) {
  const std::optional<uint32_t> subject = ValueSubject(value);
  if (!subject.has_value()) return std::nullopt;
  if (!wanted) set = set.Complement(subjects_[*subject].domain);
  return ConditionRow{{*subject, std::make_shared<ValueSet>(std::move(set))}};
}

ConditionRow NormalForms::ElementRow(expr::Slot list, std::string text, ElementSet elements,
                                     bool wanted) {
  Subject subject;
  subject.kind = wanted ? Subject::Kind::kSomeElement : Subject::Kind::kNoElement;
  subject.key_kind = elements.key_kind;
  subject.domain = DomainOf(elements.key_kind);
  subject.text = std::move(text);
  subject.slot = list;
  subject.fields = std::move(elements.fields);
  subject.field_is_list = elements.field_is_list;
  return {{SubjectOf(std::move(subject)), std::make_shared<ValueSet>(std::move(elements.set))}};
}

ConditionRow NormalForms::Opaque(const Expr& expr, bool wanted) {
  const std::optional<uint32_t> subject = ValueSubject(expr);
  if (!subject.has_value()) return {};
  return {{*subject, std::make_shared<ValueSet>(ValueSet::Keys(wanted, wanted))}};
}

// The elements for which the predicate is as wanted, when it speaks of one value of the element.
std::optional<NormalForms::ElementSet> NormalForms::ElementsWhere(const Expr& predicate,
                                                                  absl::string_view variable,
                                                                  bool wanted) {
  if (predicate.kind != ExprKind::kCall) return std::nullopt;
  const Function any = wanted ? Function::kOr : Function::kAnd;
  if (expr::IsCallTo(predicate, Function::kNot)) {
    return ElementsWhere(*predicate.children[0], variable, !wanted);
  }
  if (expr::IsCallTo(predicate, any)) return ElementsWhereAny(predicate, variable, wanted);
  std::optional<ElementSet> elements;
  std::optional<ValueSet> set;
  if (expr::IsCallTo(predicate, Function::kIn) && IsConstant(*predicate.children[1])) {
    elements = ElementOf(*predicate.children[0], variable);
    if (elements.has_value()) set = SetOfList(elements->key_kind, *predicate.children[1]);
  } else if (expr::IsCallTo(predicate, Function::kIn) && IsConstant(*predicate.children[0])) {
    elements = ElementOf(*predicate.children[1], variable);
    if (!elements.has_value() || !elements->field_is_list || !wanted) return std::nullopt;
    set = SetOf(elements->key_kind, Function::kEqual, *predicate.children[0]);
  } else if (IsRelation(predicate.function)) {
    const bool is_first = !IsConstant(*predicate.children[0]);
    const Expr& literal = *predicate.children[is_first ? 1 : 0];
    if (!IsConstant(literal)) return std::nullopt;
    elements = ElementOf(*predicate.children[is_first ? 0 : 1], variable);
    const Function relation = is_first ? predicate.function : Mirrored(predicate.function);
    if (elements.has_value()) set = SetOf(elements->key_kind, relation, literal);
  }
  if (!elements.has_value() || !set.has_value()) return std::nullopt;
  // A list within the element that does not hold a value: no set of its elements says so.
  const bool is_in_field =
      expr::IsCallTo(predicate, Function::kIn) && IsConstant(*predicate.children[0]);
  if (elements->field_is_list != is_in_field) return std::nullopt;
  elements->set = wanted ? *std::move(set) : set->Complement(DomainOf(elements->key_kind));
  if (!IsList(elements->set, kMaxElementValues)) return std::nullopt;
  return elements;
}

std::optional<NormalForms::ElementSet> NormalForms::ElementsWhereAny(const Expr& chain,
                                                                     absl::string_view variable,
                                                                     bool wanted) {
  std::optional<ElementSet> whole;
  for (const Expr* term : expr::ChainTerms(chain.function, chain)) {
    std::optional<ElementSet> part = ElementsWhere(*term, variable, wanted);
    if (!part.has_value()) return std::nullopt;
    if (!whole.has_value()) {
      whole = std::move(part);
      continue;
    }
    if (part->fields != whole->fields || part->field_is_list != whole->field_is_list) {
      return std::nullopt;
    }
    whole->set = whole->set.Union(part->set);
  }
  return whole;
}

// The element itself, or a field of it; the set is left empty.
std::optional<NormalForms::ElementSet> NormalForms::ElementOf(const Expr& value,
                                                              absl::string_view variable) const {
  ElementSet elements;
  const Expr* node = &value;
  while (node->kind == ExprKind::kSelect && !node->test_only &&
         node->resolution.kind == Resolution::Kind::kField) {
    elements.fields.push_back(node->resolution.field_index);
    node = node->children[0].get();
  }
  if (!IsVariable(*node, variable)) return std::nullopt;
  std::reverse(elements.fields.begin(), elements.fields.end());
  elements.field_is_list = value.type.Is(TypeKind::kList);
  const std::optional<KeyKind> kind =
      KeyKindOf(elements.field_is_list ? value.type.element() : value.type);
  if (!kind.has_value()) return std::nullopt;
  elements.key_kind = *kind;
  return elements;
}

std::optional<ValueSet> NormalForms::SetOf(KeyKind kind, Function relation, const Expr& literal) {
  if (IsExactLiteral(literal)) {
    const absl::StatusOr<ExactNumber> number = ParseExactNumber(literal.text);
    if (!number.ok()) return std::nullopt;
    return ValuesWhere(kind, relation, *number);
  }
  const std::optional<Value> value = ConstantOf(literal);
  if (!value.has_value()) return std::nullopt;
  return ValuesWhere(kind, relation, *value);
}

std::optional<ValueSet> NormalForms::SetOfList(KeyKind kind, const Expr& list) {
  if (list.resolution.kind == Resolution::Kind::kConstant) {
    return SetOfConstantList(kind, list.resolution.constant_index);
  }
  if (list.kind != ExprKind::kList) return std::nullopt;
  Listing listing(kind);
  for (const expr::ExprPtr& element : list.children) {
    // An exact literal too is a value here, and an error to the whole list beyond the range.
    const std::optional<Value> value = ConstantOf(*element);
    if (!value.has_value() || !listing.Add(*value)) return std::nullopt;
  }
  return listing.Take();
}

std::optional<ValueSet> NormalForms::SetOfConstantList(KeyKind kind, uint32_t constant) {
  std::shared_ptr<const ValueSet>& known = list_sets_[{constant, kind}];
  if (known != nullptr) return *known;
  const Value& value = environment_.constants()[constant].value;
  if (value.kind() != expr::Kind::kList) return std::nullopt;
  Listing listing(kind);
  const expr::ListData& list = value.list_value();
  for (uint32_t i = 0; i < list.size; ++i) {
    if (!listing.Add(list.elements[i])) return std::nullopt;
  }
  known = std::make_shared<ValueSet>(listing.Take());
  return *known;
}

// The value of a constant expression, valid until the next call; nullopt when it is an error.
std::optional<Value> NormalForms::ConstantOf(const Expr& expr) {
  if (expr.kind == ExprKind::kConstant && !expr.exact_literal) {
    switch (expr.constant.kind) {
      case Constant::Kind::kBool:
        return Value::Bool(expr.constant.bool_value);
      case Constant::Kind::kInt:
        return Value::Int(expr.constant.int_value);
      case Constant::Kind::kDouble:
        return Value::Double(expr.constant.double_value);
      case Constant::Kind::kString:
        return Value::String(expr.constant.string_value);
      default:
        break;
    }
  }
  absl::StatusOr<expr::Program> program = expr::Program::Compile(expr, environment_);
  if (!program.ok()) return std::nullopt;
  constant_ = *std::move(program);
  constants_.Reset();
  const Value value = constant_->Evaluate(expr::Frame(), constants_);
  return value.IsError() ? std::nullopt : std::optional<Value>(value);
}

uint32_t NormalForms::SubjectOf(Subject subject) {
  std::string name = absl::StrCat(subject.text, "\n", static_cast<int>(subject.kind));
  for (const uint16_t field : subject.fields) absl::StrAppend(&name, ".", field);
  const auto [known, is_new] =
      subject_by_name_.emplace(std::move(name), static_cast<uint32_t>(subjects_.size()));
  if (is_new) subjects_.push_back(std::move(subject));
  return known->second;
}

std::optional<uint32_t> NormalForms::ValueSubject(const Expr& value) {
  Subject subject;
  subject.key_kind = KeyKindOf(value.type).value_or(KeyKind::kBool);
  subject.domain = DomainOf(subject.key_kind);
  subject.text = expr::Print(value);
  if (!value.test_only) subject.slot = SlotOf(value);
  const auto known =
      subject_by_name_.find(absl::StrCat(subject.text, "\n", static_cast<int>(subject.kind)));
  if (known != subject_by_name_.end()) return known->second;
  if (subject.slot.has_value()) {
    const expr::VariableDecl* variable = environment_.FindVariable(subject.text);
    if (variable != nullptr) subject.enum_values = variable->enum_values;
    std::sort(subject.enum_values.begin(), subject.enum_values.end());
  } else {
    absl::StatusOr<expr::Program> program = expr::Program::Compile(value, environment_);
    if (!program.ok()) {
      status_.Update(program.status());
      return std::nullopt;
    }
    subject.program = *std::move(program);
  }
  return SubjectOf(std::move(subject));
}

}  // namespace touchstone::rules
