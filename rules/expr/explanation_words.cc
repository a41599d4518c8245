#include "rules/expr/explanation_words.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "rules/expr/printer.h"
#include "rules/expr/text.h"

namespace touchstone::rules::expr {
namespace {

constexpr size_t kMaxTextBytes = 300;  // of an atom's text
constexpr size_t kMaxValueBytes = 60;  // of a text that a fact holds
constexpr size_t kMaxElements = 5;     // of a list
constexpr int64_t kSecondsPerDay = 86'400;

// The text, or its beginning, on a code point's edge.
std::string Shortened(absl::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  size_t end = 0;
  for (size_t next = 0; next <= max_bytes; next += CodePointBytes(text.substr(next))) end = next;
  return absl::StrCat(text.substr(0, end), "…");
}

bool IsScalar(const Value& value) {
  return value.kind() != Kind::kList && value.kind() != Kind::kMap &&
         value.kind() != Kind::kRecord && value.kind() != Kind::kOptional;
}

std::string ValueWords(const Value& value);

std::string ListWords(const ListData& list) {
  if (list.size == 0) return "an empty list";
  if (!std::all_of(list.elements, list.elements + list.size, IsScalar)) {
    return absl::StrCat("a list of ", list.size);
  }
  std::vector<std::string> words;
  for (size_t i = 0; i < std::min<size_t>(list.size, kMaxElements); ++i) {
    words.push_back(ValueWords(list.elements[i]));
  }
  if (list.size > kMaxElements) words.push_back(absl::StrCat("… ", list.size, " in all"));
  return absl::StrCat("[", absl::StrJoin(words, ", "), "]");
}

std::string ValueWords(const Value& value) {
  switch (value.kind()) {
    case Kind::kString:
      return DebugString(Value::String(Shortened(value.string_value(), kMaxValueBytes)));
    case Kind::kTimestamp: {
      // A date is midnight UTC.
      const bool is_date =
          value.timestamp_nanos() == 0 && value.timestamp_seconds() % kSecondsPerDay == 0;
      return absl::FormatTime(is_date ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%SZ", value.timestamp_value(),
                              absl::UTCTimeZone());
    }
    case Kind::kDuration:
      return absl::FormatDuration(absl::Nanoseconds(value.duration_nanos()));
    case Kind::kList:
      return ListWords(value.list_value());
    case Kind::kMap:
      return absl::StrCat("a map of ", value.map_value().size);
    case Kind::kRecord:
      return "a record";
    default:
      return DebugString(value);
  }
}

// Made of literals alone.
bool IsFixed(const Expr& expr) {
  if (expr.kind != ExprKind::kConstant && expr.kind != ExprKind::kCall &&
      expr.kind != ExprKind::kList) {
    return false;
  }
  return std::all_of(expr.children.begin(), expr.children.end(),
                     [](const ExprPtr& child) { return IsFixed(*child); });
}

bool ReadsLocals(const Expr& expr) {
  return expr.kind == ExprKind::kComprehension || expr.kind == ExprKind::kBind ||
         std::any_of(expr.children.begin(), expr.children.end(),
                     [](const ExprPtr& child) { return ReadsLocals(*child); });
}

// What a comparison with a literal asks, and what its negation does.
struct RelationWords {
  Function function;
  Function negated;
  Function mirrored;  // with the literal on the left
  absl::string_view words;
};
constexpr std::array kRelations = {
    RelationWords{Function::kEqual, Function::kNotEqual, Function::kEqual, ""},
    RelationWords{Function::kNotEqual, Function::kEqual, Function::kNotEqual, "other than "},
    RelationWords{Function::kLess, Function::kGreaterEqual, Function::kGreater, "below "},
    RelationWords{Function::kLessEqual, Function::kGreater, Function::kGreaterEqual, "at most "},
    RelationWords{Function::kGreater, Function::kLessEqual, Function::kLess, "above "},
    RelationWords{Function::kGreaterEqual, Function::kLess, Function::kLessEqual, "at least "},
};

const RelationWords* FindRelation(Function function) {
  for (const RelationWords& each : kRelations) {
    if (each.function == function) return &each;
  }
  return nullptr;
}

}  // namespace

std::string AtomWords::TextOf(const Expr& expr) const {
  return Shortened(Print(expr), kMaxTextBytes);
}

std::string AtomWords::Of(const Expr& atom, const Value& value, bool wanted) {
  scratch_.Reset();
  programs_.clear();
  if (atom.kind == ExprKind::kSelect && atom.test_only) return OfPresence(atom, value, wanted);
  const std::optional<Claim> claim = ClaimOf(atom, wanted);
  if (!claim.has_value()) return OfFacts(atom, value);
  const Value subject = ValueOf(*claim->subject);
  const std::string words = SubjectWords(*claim->subject, subject);
  if (value.IsError() && !subject.IsError()) {
    return absl::StrCat(words, ", which ends in an error (", ErrorCodeName(value.error()), ")");
  }
  if (!value.IsError() && value.bool_value() == wanted) {
    return absl::StrCat(words, claim->which.empty() ? "" : ", ", claim->which);
  }
  return absl::StrCat(words, ", ", claim->needs);
}

std::optional<Claim> AtomWords::ClaimOf(const Expr& atom, bool wanted) {
  if (atom.kind == ExprKind::kIdent || atom.kind == ExprKind::kSelect) {
    return Claim{&atom, wanted ? "needs true" : "needs false", ""};
  }
  if (atom.kind != ExprKind::kCall || ReadsLocals(atom)) return std::nullopt;
  switch (atom.function) {
    case Function::kIn:
      return ClaimOfIn(atom, wanted);
    case Function::kStartsWith:
    case Function::kEndsWith:
    case Function::kContains:
      return ClaimOfText(atom, wanted);
    default:
      return ClaimOfComparison(atom, wanted);
  }
}

std::optional<Claim> AtomWords::ClaimOfComparison(const Expr& atom, bool wanted) {
  const RelationWords* relation = FindRelation(atom.function);
  if (relation == nullptr) return std::nullopt;
  const Expr* subject = atom.children[0].get();
  const Expr* literal = atom.children[1].get();
  if (IsFixed(*subject) == IsFixed(*literal)) return std::nullopt;
  if (IsFixed(*subject)) {
    std::swap(subject, literal);
    relation = FindRelation(relation->mirrored);
  }
  if (!wanted) relation = FindRelation(relation->negated);
  const std::string words = absl::StrCat(relation->words, LiteralWords(*literal));
  return Claim{subject, absl::StrCat("needs ", words),
               relation->function == Function::kEqual ? "" : absl::StrCat("which is ", words)};
}

std::optional<Claim> AtomWords::ClaimOfIn(const Expr& atom, bool wanted) {
  const Expr& element = *atom.children[0];
  const Expr& list = *atom.children[1];
  if (IsFixed(element) && !IsFixed(list)) {
    const std::string words = LiteralWords(element);
    return Claim{&list, absl::StrCat("needs ", wanted ? "" : "no ", words, " in it"),
                 absl::StrCat("which has ", wanted ? "" : "no ", words, " in it")};
  }
  if (IsFixed(element)) return std::nullopt;
  if (list.resolution.kind == Resolution::Kind::kConstant) {
    const std::string words = absl::StrCat(wanted ? "in " : "not in ", Print(list));
    return Claim{&element, absl::StrCat("needs one ", words), absl::StrCat("which is ", words)};
  }
  if (list.kind != ExprKind::kList || !IsFixed(list)) return std::nullopt;
  std::vector<std::string> literals;
  for (size_t i = 0; i < std::min(list.children.size(), kMaxElements); ++i) {
    literals.push_back(LiteralWords(*list.children[i]));
  }
  if (list.children.size() > kMaxElements) {
    literals.push_back(absl::StrCat("… ", list.children.size(), " in all"));
  }
  const std::string words =
      absl::StrCat(wanted ? "one of " : "none of ",
                   literals.empty() ? "an empty list" : absl::StrJoin(literals, ", "));
  return Claim{&element, absl::StrCat("needs ", words), absl::StrCat("which is ", words)};
}

std::optional<Claim> AtomWords::ClaimOfText(const Expr& atom, bool wanted) {
  if (atom.children.size() != 2 || IsFixed(*atom.children[0]) || !IsFixed(*atom.children[1])) {
    return std::nullopt;
  }
  const absl::string_view verb = atom.function == Function::kStartsWith ? "begin with "
                                 : atom.function == Function::kEndsWith ? "end with "
                                                                        : "contain ";
  const absl::string_view finds = atom.function == Function::kStartsWith ? "begins with "
                                  : atom.function == Function::kEndsWith ? "ends with "
                                                                         : "contains ";
  const std::string text = LiteralWords(*atom.children[1]);
  return Claim{
      atom.children[0].get(), absl::StrCat(wanted ? "needs to " : "must not ", verb, text),
      wanted ? absl::StrCat("which ", finds, text) : absl::StrCat("which does not ", verb, text)};
}

std::string AtomWords::OfPresence(const Expr& atom, const Value& value, bool wanted) {
  // Without its has(), so that it can be read.
  const std::string has = Print(atom);
  const std::string name = has.substr(4, has.size() - 5);
  if (value.IsError()) {
    return absl::StrCat(
        name, value.error() == ErrorCode::kUnavailable
                  ? " did not come in time"
                  : absl::StrCat(" ends in an error (", ErrorCodeName(value.error()), ")"));
  }
  if (!value.bool_value()) {
    return absl::StrCat(name, " is not known", wanted ? ", needs a value" : "");
  }
  const bool is_fact = atom.resolution.kind == Resolution::Kind::kSlot;
  std::string is = " has a value";
  if (is_fact && !hides_(atom.resolution.slot)) {
    const absl::Span<const Value> row = frame_.rows[atom.resolution.slot.row];
    is = absl::StrCat(" is ", ValueWords(row[atom.resolution.slot.index]));
  }
  return absl::StrCat(name, is, wanted ? "" : ", needs to be without a value");
}

std::string AtomWords::OfFacts(const Expr& atom, const Value& value) {
  const absl::StatusOr<Program> program = Program::Compile(atom, environment_);
  std::vector<std::string> facts;
  std::string now;
  if (program.ok()) {
    for (const Slot slot : program->slots()) {
      Expr fact;
      fact.kind = ExprKind::kIdent;
      fact.name = std::string(NameOf(slot));
      fact.resolution.kind = Resolution::Kind::kSlot;
      fact.resolution.slot = slot;
      const absl::Span<const Value> row = frame_.rows[slot.row];
      std::string words =
          SubjectWords(fact, slot.index < row.size() ? row[slot.index] : Value::Absent());
      // What a reader knows already comes last.
      (fact.name == "now" ? now : facts.emplace_back()) = std::move(words);
    }
  }
  if (!now.empty()) facts.push_back(std::move(now));
  const std::string result =
      value.IsError()      ? absl::StrCat("ends in an error (", ErrorCodeName(value.error()), ")")
      : value.bool_value() ? "holds"
                           : "does not hold";
  return absl::StrCat(TextOf(atom), " ", result, facts.empty() ? "" : ": ",
                      absl::StrJoin(facts, ", "));
}

std::string AtomWords::SubjectWords(const Expr& subject, const Value& value) const {
  const std::string text = TextOf(subject);
  if (value.IsError()) {
    switch (value.error()) {
      case ErrorCode::kAbsent:
        return absl::StrCat(text, " is not known");
      case ErrorCode::kUnavailable:
        return absl::StrCat(text, " did not come in time");
      default:
        return absl::StrCat(text, " ends in an error (", ErrorCodeName(value.error()), ")");
    }
  }
  return absl::StrCat(text, " is ", Hides(subject) ? "set" : ValueWords(value));
}

std::string AtomWords::LiteralWords(const Expr& literal) {
  // A number as its author wrote it.
  if (literal.kind == ExprKind::kConstant && !literal.text.empty()) return literal.text;
  return ValueWords(ValueOf(literal));
}

Value AtomWords::ValueOf(const Expr& expr) {
  absl::StatusOr<Program> program = Program::Compile(expr, environment_);
  if (!program.ok()) return Value::Error(ErrorCode::kInvalidArgument);
  programs_.push_back(*std::move(program));
  return programs_.back().Evaluate(frame_, scratch_);
}

bool AtomWords::Hides(const Expr& expr) const {
  if (expr.resolution.kind == Resolution::Kind::kSlot) return hides_(expr.resolution.slot);
  return std::any_of(expr.children.begin(), expr.children.end(),
                     [this](const ExprPtr& child) { return Hides(*child); });
}

absl::string_view AtomWords::NameOf(Slot slot) const {
  for (const VariableDecl& variable : environment_.variables()) {
    if (variable.slot == slot) return variable.name;
  }
  return "a fact";
}

}  // namespace touchstone::rules::expr
