#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "rules/facts/event_layout.h"
#include "rules/facts/layout.h"
#include "rules/facts/text.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

using expr::TypeKind;

bool ReadsLines(const expr::Program& program) {
  for (const expr::Slot slot : program.slots()) {
    if (slot.row == kLineRow) return true;
  }
  return false;
}

class AggregateCompiler {
 public:
  AggregateCompiler(Compilation& c, const std::string& name, const v1::Aggregate& message)
      : c_(c), message_(message), path_(absl::StrCat("schema.aggregates[", name, "]")) {
    spec_.name = name;
    spec_.id = StableId(name);
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
    RefuseWhatIsNotSupported();
    CompileWindow();
    event_ = FindEvent();
    if (event_ == nullptr) return std::move(spec_);
    spec_.event_type = event_->name;
    const expr::Environment environment = EventEnvironment(c_.rule_set.schema, *event_);
    CompileFunction(environment);
    CompileWhere(environment);
    CheckCurrency();
    return std::move(spec_);
  }

 private:
  std::string At(absl::string_view key) const { return absl::StrCat(path_, ".", key); }

  void RefuseWhatIsNotSupported() {
    if (message_.per() == "household") {
      c_.reporter.NotSupportedYet(At("per"), "`per: household`",
                                  "an aggregate of this version is per customer");
    } else if (!message_.per().empty() && message_.per() != "customer") {
      c_.reporter.Error(codes::kUnknownWord, At("per"),
                        absl::StrCat("an aggregate is per `customer`, not `", message_.per(), "`"));
    }
    if (!message_.closed_when().empty()) {
      c_.reporter.NotSupportedYet(At("closed_when"), "`closed_when`",
                                  "count the events with a `where` instead");
    }
  }

  void CompileWindow() {
    const absl::StatusOr<TrailingWindow> window = ParseTrailingWindow(message_.over());
    if (window.ok()) {
      spec_.window = *window;
    } else {
      c_.reporter.Error(codes::kBadValue, At("over"), window.status().message());
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

  void CompileFunction(const expr::Environment& environment) {
    switch (message_.function_case()) {
      case v1::Aggregate::kCount:
        spec_.function = AggregateFunction::kCount;
        spec_.type = expr::Type(TypeKind::kInt);
        return;
      case v1::Aggregate::kSum:
        spec_.function = AggregateFunction::kSum;
        CompileSum(environment);
        return;
      case v1::Aggregate::kLast:
        spec_.function = AggregateFunction::kLast;
        spec_.type = expr::Type(TypeKind::kTimestamp);
        if (absl::StripAsciiWhitespace(message_.last()) != "event.time") {
          c_.reporter.NotSupportedYet(At("last"), "the last value of a field",
                                      "`last: event.time` is what this version keeps");
        }
        return;
      case v1::Aggregate::FUNCTION_NOT_SET:
        c_.reporter.Error(codes::kMissingValue, path_, "an aggregate says what it computes",
                          "one of `count`, `sum` and `last`");
        return;
      default:
        c_.reporter.NotSupportedYet(
            path_, "aggregates other than `count`, `sum` and `last`",
            "use one of these, or load the figure as an attribute of the customer");
    }
  }

  void CompileSum(const expr::Environment& environment) {
    const expr::ExprPtr tree =
        CheckExpression(At("sum"), message_.sum(), environment, std::nullopt, c_.reporter);
    if (tree == nullptr) return;
    if (!tree->type.Is(TypeKind::kMoney) && !tree->type.Is(TypeKind::kDecimal) &&
        !tree->type.Is(TypeKind::kInt)) {
      c_.reporter.ExpressionIssues(
          At("sum"),
          {expr::Issue{
              std::string(codes::kWrongType.code), tree->span,
              absl::StrCat("a sum is of money, decimal or int, not ", tree->type.ToString()),
              tree->type.Is(TypeKind::kDouble) ? "declare the field as decimal, which sums exactly"
                                               : ""}});
      return;
    }
    spec_.type = tree->type;
    spec_.operand = PlanExpression(At("sum"), *tree, environment, c_.reporter);
    if (spec_.operand && ReadsLines(*spec_.operand)) spec_.per_line = true;
  }

  void CompileWhere(const expr::Environment& environment) {
    if (message_.where().empty()) return;
    spec_.where = CompileExpression(At("where"), message_.where(), environment,
                                    expr::Type(TypeKind::kBool), c_.reporter);
    if (spec_.where && ReadsLines(*spec_.where)) spec_.per_line = true;
  }

  void CheckCurrency() {
    if (message_.currency().empty()) {
      if (!c_.rule_set.schema.currencies.empty()) {
        spec_.currency = c_.rule_set.schema.currencies.front();
      }
      return;
    }
    if (!spec_.type.Is(TypeKind::kMoney)) {
      c_.reporter.Error(codes::kUnexpectedValue, At("currency"),
                        "only a sum of money is kept in a currency");
      return;
    }
    spec_.currency = FindCurrency(c_, At("currency"), message_.currency()).value_or(Currency());
  }

  Compilation& c_;
  const v1::Aggregate& message_;
  const std::string path_;
  const EventSpec* event_ = nullptr;
  AggregateSpec spec_;
};

// Attributes and aggregates are read as customer.NAME and stored by the hash of their names.
class StoredNames {
 public:
  explicit StoredNames(Compilation& c) : c_(c) {
    for (const AttributeSpec& attribute : c.rule_set.schema.customer) {
      Add(absl::StrCat("schema.customer[", attribute.name, "]"), attribute.name);
    }
  }

  // False (reported) when customer.NAME means something else already.
  bool AddAggregate(const std::string& name) {
    const std::string path = absl::StrCat("schema.aggregates[", name, "]");
    if (name == "known" || name == "segment") {
      c_.reporter.Error(codes::kReservedName, path,
                        absl::StrCat("`", name, "` is built in and cannot be declared"));
      return false;
    }
    return Add(path, name);
  }

 private:
  bool Add(const std::string& path, const std::string& name) {
    const auto [other, is_new] = name_by_id_.emplace(StableId(name), name);
    if (is_new) return true;
    if (other->second == name) {
      c_.reporter.Error(
          codes::kDuplicateName, path,
          absl::StrCat("customer.", name, " is an attribute and an aggregate at once"),
          "rename one of them");
      return false;
    }
    c_.reporter.Error(
        codes::kNameCollision, path,
        absl::StrCat("`", name, "` and `", other->second, "` have the same stable id"),
        "rename one of them");
    return true;
  }

  Compilation& c_;
  absl::flat_hash_map<uint32_t, std::string> name_by_id_;
};

}  // namespace

void CompileAggregates(Compilation& c) {
  const auto& aggregates = c.message.schema().aggregates();
  if (aggregates.size() > kMaxDeclarations) {
    c.reporter.Error(codes::kTooMany, "schema.aggregates",
                     absl::StrCat("at most ", kMaxDeclarations, " can be declared here"));
    return;
  }
  StoredNames names(c);
  for (const std::string& name : SortedKeys(aggregates)) {
    if (!names.AddAggregate(name)) continue;
    c.rule_set.schema.aggregates.push_back(
        AggregateCompiler(c, name, aggregates.at(name)).Compile());
  }
}

}  // namespace touchstone::rules
