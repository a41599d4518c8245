#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
// After gtest, which it extends without including it.
#include "rapidcheck/gtest.h"
#include "rules/expr/printer.h"
#include "rules/ruleset/builder_form.h"
#include "tests/rules/expr/random_tree.h"
#include "tests/rules/ruleset/builder_form_facts.h"

namespace touchstone::rules {
namespace {

using expr::Expr;
using expr::ExprKind;
using expr::ExprPtr;
using expr::Function;
using google::protobuf::util::MessageDifferencer;

bool SameResolution(const expr::Resolution& a, const expr::Resolution& b) {
  return a.kind == b.kind && a.slot == b.slot && a.constant_index == b.constant_index &&
         a.local_index == b.local_index && a.field_index == b.field_index;
}

// What the checker wrote.
bool SameMeaning(const Expr& a, const Expr& b) {
  if (a.type != b.type || a.exact_literal != b.exact_literal ||
      !SameResolution(a.resolution, b.resolution)) {
    return false;
  }
  for (size_t i = 0; i < a.children.size(); ++i) {
    if (!SameMeaning(*a.children[i], *b.children[i])) return false;
  }
  return true;
}

bool SameChecked(const Expr& a, const Expr& b) { return SameTree(a, b) && SameMeaning(a, b); }

// Writes random conditions of simple comparisons.
class Author {
 public:
  explicit Author(std::mt19937_64& random) : random_(random) {}

  std::string Condition(int depth) {
    switch (depth == 0 ? 3 : Below(5)) {
      case 0:
        return absl::StrCat("!", Parenthesised(depth - 1));
      case 1:
        return Chain(depth, " && ");
      case 2:
        return Chain(depth, " || ");
      default:
        return Simple();
    }
  }

  uint64_t Below(uint64_t bound) { return random_() % bound; }

 private:
  struct Fact {
    const char* name;
    std::vector<std::string> literals;
    bool ordered = true;
  };

  std::string Pick(const std::vector<std::string>& choices) {
    return choices[Below(choices.size())];
  }
  std::string Parenthesised(int depth) { return absl::StrCat("(", Condition(depth), ")"); }
  std::string Chain(int depth, const char* op) {
    std::string text = Parenthesised(depth - 1);
    for (uint64_t i = Below(4) + 1; i > 0; --i)
      absl::StrAppend(&text, op, Parenthesised(depth - 1));
    return text;
  }

  std::string Quoted() {
    static const std::vector<std::string> kTexts = {
        R"('')",           R"("a")",        R"('it\'s "so"')", R"(r"raw\n")",
        R"("\\")",         R"("\n\t\x01")", R"('''a "b' ''')", R"("\u00e9\U0001F431")",
        R"("&& || // ]")", R"("\000")"};
    return Pick(kTexts);
  }

  const Fact& AnyFact() {
    static const std::vector<Fact> kFacts = {
        {"c.yes", {"true", "false"}},
        {"c.count", {"0", "-3", "0x1F", "2.50", "7u", "9223372036854775807"}},
        {"c.size", {"5u", "0u", "-1", "2.0"}},
        {"c.share", {"0.5", "-2.5e-3", "1e300", "3", ".5"}},
        {"c.since", {"timestamp('2026-11-01T00:00:00Z')", "timestamp(\"nonsense\")"}},
        {"now", {"timestamp('2026-11-01T00:00:00.5+02:00')"}},
        {"c.span", {"duration('24h')", "duration(\"1.5s\")"}},
        {"c.spend", {"300.00", "300", "-0.5", "money('12.50 EUR')"}},
        {"c.weight", {"0.250", "2", "-1.5", "decimal('0.25')"}},
    };
    return kFacts[Below(kFacts.size())];
  }

  std::string Simple() {
    const Fact& fact = AnyFact();
    switch (Below(9)) {
      case 0:
        return absl::StrCat("c.name", Relation(), Quoted());
      case 1:
        return absl::StrCat(fact.name, " in [", Pick(fact.literals), "]");
      case 2:
        return absl::StrCat("c.name in [", Quoted(), ", ", Quoted(), "]");
      case 3:
        return Pick({"c.name in list.coffee", "c.while in list.coffee", "c.name in []", "c.yes"});
      case 4:
        return absl::StrCat(Quoted(), " in c.tags");
      case 5:
        return absl::StrCat(Pick({"5", "2.25", "money('1 EUR')"}), " in c.amounts");
      case 6:
        return absl::StrCat(Pick({"c.name", "c.while"}),
                            Pick({".startsWith(", ".endsWith(", ".contains("}), Quoted(), ")");
      case 7:
        return absl::StrCat("has(", Pick({"c.name", "c.spend", "c.tags", "c.while"}), ")");
      default:
        return absl::StrCat(fact.name, Relation(), Pick(fact.literals));
    }
  }

  std::string Relation() { return Pick({" == ", "!=", " < ", "<=", " > ", " >= "}); }

  std::mt19937_64& random_;
};

RC_GTEST_PROP(BuilderFormPropertyTest, TextToFormToTextIsTheSameCheckedTree, ()) {
  const BuilderFacts facts;
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  Author author(random);
  for (int turn = 0; turn < 20; ++turn) {
    const std::string text = author.Condition(4);
    RC_LOG() << text << "\n";
    const ExprPtr tree = facts.Checked(text);
    RC_ASSERT(tree != nullptr);
    const std::optional<v1::BuilderCondition> form = ToBuilderForm(*tree);
    RC_ASSERT(form.has_value());
    const absl::StatusOr<std::string> again = BuilderFormText(*form);
    RC_ASSERT(again.ok());
    const ExprPtr second = facts.Checked(*again);
    RC_ASSERT(second != nullptr);
    RC_ASSERT(SameChecked(*tree, *second));
    RC_ASSERT(MessageDifferencer::Equals(*form, *ToBuilderForm(*second)));
  }
}

RC_GTEST_PROP(BuilderFormPropertyTest, OnePartOutsideTheFormLeavesText, ()) {
  const BuilderFacts facts;
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  Author author(random);
  const std::string outside = TextOnlyConditions()[author.Below(TextOnlyConditions().size())];
  const std::string text = absl::StrCat("(", author.Condition(3), ") && ((", outside, ") || !(",
                                        author.Condition(2), "))");
  RC_LOG() << text << "\n";
  const ExprPtr tree = facts.Checked(text);
  RC_ASSERT(tree != nullptr);
  RC_ASSERT(!ToBuilderForm(*tree).has_value());
}

// The subset, said again in another way.
bool IsFact(const Expr& e) {
  return e.resolution.kind == expr::Resolution::Kind::kSlot && !e.test_only &&
         expr::Print(e)[0] != '.';
}
bool IsLiteral(const Expr& e) {
  if (e.kind == ExprKind::kConstant) {
    return e.constant.kind != expr::Constant::Kind::kNull &&
           e.constant.kind != expr::Constant::Kind::kBytes;
  }
  const bool converts = e.kind == ExprKind::kCall && !e.receiver_style && e.children.size() == 1 &&
                        (e.function == Function::kTimestamp || e.function == Function::kDuration ||
                         e.function == Function::kMoney || e.function == Function::kDecimal);
  return converts && e.children[0]->kind == ExprKind::kConstant &&
         e.children[0]->constant.kind == expr::Constant::Kind::kString;
}
bool Fits(const Expr& e) {
  if (e.kind == ExprKind::kIdent || e.kind == ExprKind::kSelect) {
    if (!e.test_only) return IsFact(e);
    return e.resolution.kind == expr::Resolution::Kind::kSlot &&
           expr::Print(*e.children[0])[0] != '.';
  }
  if (e.kind != ExprKind::kCall) return false;
  const auto all = [&](auto test) {
    return std::all_of(e.children.begin(), e.children.end(),
                       [&](const ExprPtr& child) { return test(*child); });
  };
  switch (e.function) {
    case Function::kAnd:
    case Function::kOr:
    case Function::kNot:
      return all(Fits);
    case Function::kEqual:
    case Function::kNotEqual:
    case Function::kLess:
    case Function::kLessEqual:
    case Function::kGreater:
    case Function::kGreaterEqual:
      return IsFact(*e.children[0]) && IsLiteral(*e.children[1]);
    case Function::kIn: {
      const Expr& right = *e.children[1];
      if (IsFact(right)) return IsLiteral(*e.children[0]);
      if (right.kind != ExprKind::kList || !IsFact(*e.children[0])) return false;
      return std::all_of(right.children.begin(), right.children.end(), [](const ExprPtr& child) {
        return !child->optional_entry && IsLiteral(*child);
      });
    }
    case Function::kContains:
    case Function::kStartsWith:
    case Function::kEndsWith:
      return e.receiver_style && e.children.size() == 2 && IsFact(*e.children[0]) &&
             e.children[1]->kind == ExprKind::kConstant &&
             e.children[1]->constant.kind == expr::Constant::Kind::kString;
    default:
      return false;
  }
}

// Any tree at all, most of them nonsense: the form is there when and only when the tree fits.
RC_GTEST_PROP(BuilderFormPropertyTest, AnyTreeHasAFormWhenAndOnlyWhenItFits, ()) {
  expr::CheckPolicy policy;
  policy.enforce_types = false;
  expr::Environment environment(policy);
  uint16_t slot = 0;
  for (const char* name : {"a", "b", "customer", "customer.in", "spend_90d"}) {
    expr::VariableDecl variable;
    variable.name = name;
    variable.slot = expr::Slot{0, slot++};
    RC_ASSERT(environment.Declare(variable).ok());
  }
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  int forms = 0;
  for (int turn = 0; turn < 500; ++turn) {
    const ExprPtr tree = expr::RandomTree(random, 1 + static_cast<int>(random() % 4));
    if (!expr::Check(*tree, environment, std::nullopt).empty()) continue;
    RC_LOG() << expr::Print(*tree) << "\n";
    const std::optional<v1::BuilderCondition> form = ToBuilderForm(*tree);
    RC_ASSERT(form.has_value() == Fits(*tree));
    if (!form.has_value()) continue;
    ++forms;
    const expr::ParseResult again = expr::Parse(BuilderFormText(*form).value());
    RC_ASSERT(again.expr != nullptr);
    RC_ASSERT(expr::Check(*again.expr, environment, std::nullopt).empty());
    RC_ASSERT(SameChecked(*tree, *again.expr));
  }
  RC_CLASSIFY(forms > 0);
}

RC_GTEST_PROP(BuilderFormPropertyTest, AnyTextComesBackAsItWas, ()) {
  std::string hostile;
  for (const uint32_t each : *rc::gen::container<std::vector<uint32_t>>(rc::gen::oneOf(
           rc::gen::inRange<uint32_t>(0, 0x80), rc::gen::inRange<uint32_t>(0x80, 0xD800),
           rc::gen::inRange<uint32_t>(0xE000, 0x110000),
           rc::gen::element<uint32_t>('"', '\\', '\'', '`', '\n', 0, 0x7F, 0x2028)))) {
    if (each < 0x80) {
      hostile += static_cast<char>(each);
    } else if (each < 0x800) {
      hostile += {static_cast<char>(0xC0 | each >> 6), static_cast<char>(0x80 | (each & 0x3F))};
    } else if (each < 0x10000) {
      hostile +=
          {static_cast<char>(0xE0 | each >> 12), static_cast<char>(0x80 | (each >> 6 & 0x3F)),
           static_cast<char>(0x80 | (each & 0x3F))};
    } else {
      hostile +=
          {static_cast<char>(0xF0 | each >> 18), static_cast<char>(0x80 | (each >> 12 & 0x3F)),
           static_cast<char>(0x80 | (each >> 6 & 0x3F)), static_cast<char>(0x80 | (each & 0x3F))};
    }
  }
  v1::BuilderCondition form;
  v1::BuilderGroup& all = *form.mutable_all();
  v1::FactComparison& comparison = *all.add_conditions()->mutable_comparison();
  comparison.set_fact("c.name");
  comparison.set_relation(v1::RELATION_EQUAL);
  comparison.mutable_literal()->set_text(hostile);
  v1::FactMembership& one_of = *all.add_conditions()->mutable_one_of();
  one_of.set_fact("c.name");
  one_of.add_literals()->set_text(hostile);
  v1::ListContent& content = *all.add_conditions()->mutable_has_element();
  content.set_fact("c.tags");
  content.mutable_literal()->set_text(hostile);
  v1::FactText& text = *all.add_conditions()->mutable_text();
  text.set_fact("c.name");
  text.set_test(v1::TEXT_TEST_CONTAINS);
  text.set_text(hostile);
  v1::FactComparison& since = *all.add_conditions()->mutable_comparison();
  since.set_fact("c.since");
  since.set_relation(v1::RELATION_BELOW);
  since.mutable_literal()->set_timestamp(hostile);

  const absl::StatusOr<std::string> written = BuilderFormText(form);
  RC_ASSERT(written.ok());
  const BuilderFacts facts;
  const ExprPtr tree = facts.Checked(*written);
  RC_ASSERT(tree != nullptr);
  RC_ASSERT(MessageDifferencer::Equals(form, *ToBuilderForm(*tree)));
}

}  // namespace
}  // namespace touchstone::rules
