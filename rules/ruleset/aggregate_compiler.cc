#include <algorithm>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/expr/printer.h"
#include "rules/facts/event_layout.h"
#include "rules/facts/layout.h"
#include "rules/facts/text.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

using expr::TypeKind;

constexpr auto kDayWindow = TrailingWindow::Unit::kDays;

// One function as it is declared: the key, what its expression may be.
struct FunctionRule {
  v1::Aggregate::FunctionCase declared;
  absl::string_view key;
  AggregateFunction function;
  std::vector<TypeKind> operands;
  absl::string_view operand_words;
};

const std::vector<FunctionRule>& FunctionRules() {
  static const auto& kRules = *[] {
    const std::vector<TypeKind> amounts = {TypeKind::kMoney, TypeKind::kDecimal, TypeKind::kInt};
    constexpr absl::string_view kAmounts = "money, decimal or int";
    std::vector<TypeKind> ordered = amounts;
    ordered.insert(ordered.end(), {TypeKind::kDouble, TypeKind::kTimestamp});
    constexpr absl::string_view kOrdered = "money, decimal, int, double or a time";
    std::vector<TypeKind> scalars = ordered;
    scalars.insert(scalars.end(), {TypeKind::kString, TypeKind::kBool});
    constexpr absl::string_view kScalars = "a text, a number, money, a time or a bool";
    std::vector<TypeKind> exact = amounts;
    exact.insert(exact.end(), {TypeKind::kTimestamp, TypeKind::kString, TypeKind::kBool});
    constexpr absl::string_view kExact = "a text, an exact number, money, a time or a bool";
    const std::vector<TypeKind> names = {TypeKind::kString, TypeKind::kInt};
    constexpr absl::string_view kNames = "a text or int";
    using Case = v1::Aggregate;
    using F = AggregateFunction;
    return new std::vector<FunctionRule>{
        {Case::kCount, "count", F::kCount, {}, ""},
        {Case::kSum, "sum", F::kSum, amounts, kAmounts},
        {Case::kLast, "last", F::kLast, scalars, kScalars},
        {Case::kFirst, "first", F::kFirst, scalars, kScalars},
        {Case::kMin, "min", F::kMin, ordered, kOrdered},
        {Case::kMax, "max", F::kMax, ordered, kOrdered},
        {Case::kDistinct, "distinct", F::kDistinct, exact, kExact},
        {Case::kOpen, "open", F::kOpen, names, kNames},
        {Case::kOldestOpen, "oldest_open", F::kOldestOpen, names, kNames},
        {Case::kTop, "top", F::kTop, names, kNames},
        {Case::kDecayed, "decayed", F::kDecayed, amounts, kAmounts},
    };
  }();
  return kRules;
}

const FunctionRule* FindRule(const v1::Aggregate& message) {
  for (const FunctionRule& rule : FunctionRules()) {
    if (rule.declared == message.function_case()) return &rule;
  }
  return nullptr;
}

const std::string& OperandOf(const v1::Aggregate& message) {
  switch (message.function_case()) {
    case v1::Aggregate::kSum:
      return message.sum();
    case v1::Aggregate::kLast:
      return message.last();
    case v1::Aggregate::kFirst:
      return message.first();
    case v1::Aggregate::kMin:
      return message.min();
    case v1::Aggregate::kMax:
      return message.max();
    case v1::Aggregate::kDistinct:
      return message.distinct();
    case v1::Aggregate::kOpen:
      return message.open();
    case v1::Aggregate::kOldestOpen:
      return message.oldest_open();
    case v1::Aggregate::kTop:
      return message.top();
    case v1::Aggregate::kDecayed:
      return message.decayed();
    default:
      return message.count();
  }
}

expr::Type ResultType(AggregateFunction function, const expr::Type& operand) {
  if (IsCount(function)) return expr::Type(TypeKind::kInt);
  switch (function) {
    case AggregateFunction::kOldestOpen:
      return expr::Type(TypeKind::kTimestamp);
    case AggregateFunction::kTop:
      return expr::Type::List(operand);
    case AggregateFunction::kDecayed:
      return expr::Type(TypeKind::kDouble);
    default:
      return operand;
  }
}

bool ReadsLines(const std::optional<expr::Program>& program) {
  if (!program) return false;
  for (const expr::Slot slot : program->slots()) {
    if (slot.row == kLineRow) return true;
  }
  return false;
}

class AggregateCompiler {
 public:
  AggregateCompiler(Compilation& c, const std::string& name, const v1::Aggregate& message)
      : c_(c),
        message_(message),
        rule_(FindRule(message)),
        path_(absl::StrCat("schema.aggregates[", name, "]")) {
    spec_.name = name;
    spec_.type = expr::Type(TypeKind::kError);
  }

  // A spec in every case, so that rules that read it are checked; of an aggregate that went wrong
  // they are checked without a type.
  AggregateSpec Compile() {
    if (!IsSchemaName(spec_.name)) {
      c_.reporter.Error(codes::kBadName, path_,
                        absl::StrCat("`", spec_.name, "` cannot be a name here"),
                        "a name is a small letter, then small letters, digits and _");
    }
    if (rule_ != nullptr) spec_.function = rule_->function;
    CheckPer();
    CompileWindow();
    CompileHalfLife();
    CheckK();
    event_ = FindEvent();
    if (event_ != nullptr) CompileExpressions();
    spec_.id = AggregateId(spec_.name, Declaration());
    return std::move(spec_);
  }

 private:
  std::string At(absl::string_view key) const { return absl::StrCat(path_, ".", key); }
  bool Is(AggregateFunction function) const {
    return rule_ != nullptr && rule_->function == function;
  }
  bool IsOfCases() const {
    return Is(AggregateFunction::kOpen) || Is(AggregateFunction::kOldestOpen);
  }

  void CheckPer() {
    spec_.per_household = message_.per() == "household";
    if (!spec_.per_household && !message_.per().empty() && message_.per() != "customer") {
      c_.reporter.Error(codes::kUnknownWord, At("per"),
                        absl::StrCat("an aggregate is per `customer` or `household`, not `",
                                     message_.per(), "`"));
    }
  }

  void CompileWindow() {
    if (message_.over().empty()) return;
    if (Is(AggregateFunction::kDecayed)) {
      c_.reporter.Error(codes::kUnexpectedValue, At("over"),
                        "`decayed` has no window: what is long ago hardly counts",
                        "leave `over` out; `half_life` says how fast it fades");
      return;
    }
    if (IsOfCases()) {
      c_.reporter.Error(codes::kUnexpectedValue, At("over"),
                        absl::StrCat("`", rule_->key,
                                     "` has no window: a case stays open until an "
                                     "event closes it"),
                        "leave `over` out");
      return;
    }
    const absl::StatusOr<TrailingWindow> window = ParseTrailingWindow(message_.over());
    if (!window.ok()) {
      c_.reporter.Error(codes::kBadValue, At("over"), window.status().message());
    } else if (window->count > kMaxAggregateUnits) {
      c_.reporter.Error(
          codes::kOutOfRange, At("over"),
          absl::StrCat("a window is at most ", kMaxAggregateUnits, " days or ", kMaxAggregateUnits,
                       " hours, since a customer's record keeps "
                       "a number for each"),
          window->unit == kDayWindow ? "leave `over` out for all time"
                                     : "count in days, such as `over: 60d`");
    } else {
      spec_.window = *window;
    }
  }

  void CompileHalfLife() {
    if (!Is(AggregateFunction::kDecayed)) {
      if (message_.half_life().empty()) return;
      c_.reporter.Error(codes::kUnexpectedValue, At("half_life"),
                        "only a `decayed` sum has a half life", "`over` is the window of others");
      return;
    }
    constexpr absl::string_view kHint = "`half_life: 30d`: what happened 30 days ago counts half";
    if (message_.half_life().empty()) {
      c_.reporter.Error(codes::kMissingValue, path_,
                        "`decayed` says after how long something counts half", kHint);
      return;
    }
    const absl::StatusOr<TrailingWindow> half_life = ParseTrailingWindow(message_.half_life());
    if (!half_life.ok()) {
      c_.reporter.Error(codes::kBadValue, At("half_life"),
                        absl::StrCat("`", message_.half_life(),
                                     "` is not a half life such as 30d (days) or 12h (hours)"),
                        kHint);
    } else if (half_life->count > kMaxHalfLife) {
      c_.reporter.Error(
          codes::kOutOfRange, At("half_life"),
          absl::StrCat("a half life is at most ", kMaxHalfLife, " days or ", kMaxHalfLife,
                       " hours, since a customer's record remembers ", kRememberedHalfLives,
                       " of them and at most ", kMaxAggregateUnits, " days or hours"),
          half_life->unit == kDayWindow ? "" : "count in days, such as 3d");
    } else {
      spec_.half_life = half_life->count;
      spec_.window = {half_life->unit, half_life->count * kRememberedHalfLives};
    }
  }

  void CheckK() {
    if (!Is(AggregateFunction::kTop)) {
      if (message_.k() == 0) return;
      c_.reporter.Error(codes::kUnexpectedValue, At("k"),
                        "only `top` takes `k`, the number of its values");
    } else if (message_.k() == 0) {
      c_.reporter.Error(codes::kMissingValue, path_, "`top` says how many values",
                        absl::StrCat("add `k: 3`; at most ", kMaxTop));
    } else if (message_.k() < 0 || message_.k() > kMaxTop) {
      c_.reporter.Error(codes::kOutOfRange, At("k"),
                        absl::StrCat("`k` is from 1 to ", kMaxTop, ", not ", message_.k()));
    } else {
      spec_.k = message_.k();
    }
  }

  // The event type that the aggregate is over; null (reported) when there is none.
  const EventSpec* FindEvent() {
    const bool counts = message_.function_case() == v1::Aggregate::kCount;
    if (counts && !message_.of().empty()) {
      c_.reporter.Error(codes::kUnexpectedValue, At("of"),
                        "`count` names the event type itself, so `of` says it twice");
    }
    const std::string& type = counts ? message_.count() : message_.of();
    const std::string path = At(counts ? "count" : "of");
    if (type.empty()) {
      c_.reporter.Error(codes::kMissingValue, counts ? path : path_,
                        "an aggregate names the event type that it is over", "add `of: purchase`");
      return nullptr;
    }
    std::vector<std::string> known;
    for (const EventSpec& event : c_.rule_set.schema.events) {
      if (event.name == type) return &event;
      known.push_back(event.name);
    }
    c_.reporter.Unknown(codes::kUnknownEvent, path, "event type", type, known);
    return nullptr;
  }

  void CompileExpressions() {
    spec_.event_type = event_->name;
    const expr::Environment environment = EventEnvironment(c_.rule_set.schema, *event_);
    if (rule_ == nullptr) {
      std::vector<absl::string_view> keys;
      for (const FunctionRule& rule : FunctionRules()) keys.push_back(rule.key);
      c_.reporter.Error(codes::kMissingValue, path_, "an aggregate says what it computes",
                        absl::StrCat("one of `", absl::StrJoin(keys, "`, `"), "`"));
    } else if (Is(AggregateFunction::kCount)) {
      spec_.type = ResultType(spec_.function, expr::Type());
    } else {
      CompileOperand(environment);
    }
    const expr::Type condition(TypeKind::kBool);
    if (!message_.where().empty()) {
      spec_.where = CompileText("where", message_.where(), condition, environment);
    }
    CompileClosedWhen(condition, environment);
    spec_.per_line =
        ReadsLines(spec_.operand) || ReadsLines(spec_.where) || ReadsLines(spec_.closed_when);
    CheckCurrency();
  }

  void CompileOperand(const expr::Environment& environment) {
    const std::string path = At(rule_->key);
    const expr::ExprPtr tree =
        CheckExpression(path, OperandOf(message_), environment, std::nullopt, c_.reporter);
    if (tree == nullptr) return;
    const bool fits = std::any_of(rule_->operands.begin(), rule_->operands.end(),
                                  [&tree](TypeKind kind) { return tree->type.Is(kind); });
    if (!fits) {
      const bool counts_doubles = tree->type.Is(TypeKind::kDouble);
      c_.reporter.ExpressionIssues(
          path,
          {expr::Issue{std::string(codes::kWrongType.code), tree->span,
                       absl::StrCat("`", rule_->key, "` is of ", rule_->operand_words, ", not ",
                                    tree->type.ToString()),
                       counts_doubles ? "declare the field as decimal, which is exact" : ""}});
      return;
    }
    texts_[rule_->key] = expr::Print(*tree);
    spec_.operand_type = tree->type;
    spec_.type = ResultType(spec_.function, tree->type);
    spec_.operand = PlanExpression(path, *tree, environment, c_.reporter);
  }

  void CompileClosedWhen(const expr::Type& condition, const expr::Environment& environment) {
    if (IsOfCases()) {
      if (message_.closed_when().empty()) {
        c_.reporter.Error(codes::kMissingValue, path_,
                          absl::StrCat("`", rule_->key, "` says which event closes a case"),
                          "add `closed_when: event.status == \"closed\"`");
        return;
      }
      spec_.closed_when =
          CompileText("closed_when", message_.closed_when(), condition, environment);
    } else if (!message_.closed_when().empty()) {
      c_.reporter.Error(codes::kUnexpectedValue, At("closed_when"),
                        "only `open` and `oldest_open` have cases that close",
                        "`where` says which events count");
    }
  }

  std::optional<expr::Program> CompileText(absl::string_view key, absl::string_view text,
                                           const expr::Type& expected,
                                           const expr::Environment& environment) {
    const expr::ExprPtr tree = CheckExpression(At(key), text, environment, expected, c_.reporter);
    if (tree == nullptr) return std::nullopt;
    texts_[key] = expr::Print(*tree);
    return PlanExpression(At(key), *tree, environment, c_.reporter);
  }

  void CheckCurrency() {
    if (message_.currency().empty()) {
      if (!c_.rule_set.schema.currencies.empty()) {
        spec_.currency = c_.rule_set.schema.currencies.front();
      }
      return;
    }
    if (!spec_.operand_type.Is(TypeKind::kMoney)) {
      c_.reporter.Error(codes::kUnexpectedValue, At("currency"),
                        "only money is kept in a currency");
      return;
    }
    spec_.currency = FindCurrency(c_, At("currency"), message_.currency()).value_or(Currency());
  }

  // All that the aggregate's state depends on, one spelling for one meaning; not the description.
  // The form stays as it is for ever: with another one every aggregate would be a new one.
  std::string Declaration() const {
    std::string text = absl::StrCat("function ", rule_ == nullptr ? "" : rule_->key, "\nof ",
                                    spec_.event_type, "\n");
    for (const auto& [key, expression] : texts_) absl::StrAppend(&text, key, " ", expression, "\n");
    absl::StrAppend(&text, "type ", spec_.type.ToString(), "\n");
    if (spec_.operand_type.Is(TypeKind::kMoney)) {
      absl::StrAppend(&text, "currency ", spec_.currency.code(), "\n");
    }
    if (spec_.window.unit != TrailingWindow::Unit::kEver) {
      absl::StrAppend(&text, "over ", spec_.window.count,
                      spec_.window.unit == kDayWindow ? "d" : "h", "\n");
    }
    if (spec_.half_life > 0) absl::StrAppend(&text, "half_life ", spec_.half_life, "\n");
    if (spec_.k > 0) absl::StrAppend(&text, "k ", spec_.k, "\n");
    absl::StrAppend(&text, "zone ", c_.rule_set.schema.zone.name(), "\nper ",
                    spec_.per_household ? "household" : "customer", "\n");
    return text;
  }

  Compilation& c_;
  const v1::Aggregate& message_;
  const FunctionRule* const rule_;  // null: none is declared
  const std::string path_;
  const EventSpec* event_ = nullptr;
  std::map<absl::string_view, std::string> texts_;  // canonical expressions by key
  AggregateSpec spec_;
};

// Attributes and aggregates are read as customer.NAME and stored by their ids.
class StoredNames {
 public:
  explicit StoredNames(Compilation& c) : c_(c) {
    for (const AttributeSpec& attribute : c.rule_set.schema.customer) {
      names_.insert(attribute.name);
      AddId(absl::StrCat("schema.customer[", attribute.name, "]"), attribute.name, attribute.id);
    }
  }

  // False (reported) when customer.NAME means something else already.
  bool AddAggregate(const std::string& name) {
    const std::string path = PathOf(name);
    if (name == "known" || name == "segment") {
      c_.reporter.Error(codes::kReservedName, path,
                        absl::StrCat("`", name, "` is built in and cannot be declared"));
      return false;
    }
    if (names_.insert(name).second) return true;
    c_.reporter.Error(codes::kDuplicateName, path,
                      absl::StrCat("customer.", name, " is an attribute and an aggregate at once"),
                      "rename one of them");
    return false;
  }

  void AddAggregateId(const AggregateSpec& aggregate) {
    AddId(PathOf(aggregate.name), aggregate.name, aggregate.id);
  }

 private:
  static std::string PathOf(const std::string& aggregate) {
    return absl::StrCat("schema.aggregates[", aggregate, "]");
  }

  void AddId(const std::string& path, const std::string& name, uint32_t id) {
    const auto [other, is_new] = name_by_id_.emplace(id, name);
    if (is_new) return;
    c_.reporter.Error(
        codes::kNameCollision, path,
        absl::StrCat("`", name, "` and `", other->second, "` have the same stable id"),
        "rename one of them");
  }

  Compilation& c_;
  absl::flat_hash_set<std::string> names_;
  absl::flat_hash_map<uint32_t, std::string> name_by_id_;
};

}  // namespace

void CompileAggregates(Compilation& c) {
  const auto& aggregates = c.message.schema().aggregates();
  if (!CheckCount(c, "schema.aggregates", aggregates.size())) return;
  StoredNames names(c);
  for (const std::string& name : SortedKeys(aggregates)) {
    if (!names.AddAggregate(name)) continue;
    c.rule_set.schema.aggregates.push_back(
        AggregateCompiler(c, name, aggregates.at(name)).Compile());
    const AggregateSpec& compiled = c.rule_set.schema.aggregates.back();
    c.rule_set.schema.per_household = c.rule_set.schema.per_household || compiled.per_household;
    names.AddAggregateId(compiled);
  }
}

}  // namespace touchstone::rules
