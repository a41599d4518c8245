#include "rules/expr/explanation.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
// After gtest, which it extends without including it.
#include "rapidcheck/gtest.h"
#include "rules/expr/checker.h"
#include "rules/expr/parser.h"

namespace touchstone::rules::expr {
namespace {

// A customer whose facts can be changed one by one.
class Customer {
 public:
  Customer() : environment_(Policy()) {
    const Currency eur = *Currency::FromCode("EUR");
    for (const char* each : {"tea", "bread", "milk", "soap", "salt", "rice"}) {
      tags_.push_back(Value::String(each));
    }
    tag_list_ = ListData{tags_.data(), 6, nullptr};
    holding_list_ = ListData{holdings_.data(), 2, nullptr};
    Declare("c.spend", Type(TypeKind::kMoney), Value::OfMoney({11'240, eur}));
    Declare("c.visits", Type(TypeKind::kInt), Value::Int(3));
    Declare("c.share", Type(TypeKind::kDouble), Value::Double(0.5));
    Declare("c.tier", Type(TypeKind::kString), Value::String("silver"));
    Declare("c.known", Type(TypeKind::kBool), Value::Bool(true));
    Declare("c.member", Type(TypeKind::kBool), Value::Bool(false));
    Declare("c.born", Type(TypeKind::kTimestamp), Value::TimestampParts(640'828'800, 0));
    Declare("c.last", Type(TypeKind::kTimestamp), Value::TimestampParts(1'795'000'000, 0));
    Declare("c.tags", Type::List(Type(TypeKind::kString)), Value::List(&tag_list_));
    Declare("c.holdings",
            Type::List(Type::Record("holding", {{"product", Type(TypeKind::kString)}})),
            Value::List(&holding_list_));
    Declare("c.secret", Type(TypeKind::kString), Value::String("nobody may read this"));
    Declare("c.gone", Type(TypeKind::kInt), Value::Absent());
    Declare("c.late", Type(TypeKind::kInt), Value::Error(ErrorCode::kUnavailable));
    Declare("now", Type(TypeKind::kTimestamp), Value::TimestampParts(1'795'338'001, 0));
    ConstantDecl list;
    list.name = "list.coffee";
    list.type = Type::List(Type(TypeKind::kString));
    list.value = Value::List(&tag_list_);
    EXPECT_TRUE(environment_.Declare(list).ok());
  }

  ExplainedPart Explained(const std::string& text) const {
    const ExprPtr tree = Checked(text);
    const auto hides = [this](Slot slot) {
      return environment_.variables()[slot.index].name == "c.secret";
    };
    absl::StatusOr<ExplainedPart> part = Explain(*tree, environment_, frame(), hides);
    EXPECT_TRUE(part.ok()) << part.status();
    return *std::move(part);
  }
  // Of the first decisive atom.
  std::string Words(const std::string& text) const {
    const ExplainedPart root = Explained(text);
    return FirstDecisiveAtom(root)->words;
  }
  Value Evaluated(const std::string& text) const {
    const absl::StatusOr<Program> program = Program::Compile(*Checked(text), environment_);
    EXPECT_TRUE(program.ok());
    Scratch scratch;
    return program->Evaluate(frame(), scratch);
  }

 private:
  static CheckPolicy Policy() {
    CheckPolicy policy;
    policy.cross_numeric_comparisons = true;
    return policy;
  }
  void Declare(const std::string& name, const Type& type, const Value& value) {
    VariableDecl variable;
    variable.name = name;
    variable.type = type;
    variable.slot = Slot{0, static_cast<uint16_t>(row_.size())};
    EXPECT_TRUE(environment_.Declare(variable).ok());
    row_.push_back(value);
  }
  Frame frame() const {
    Frame frame;
    frame.rows[0] = row_;
    return frame;
  }
  ExprPtr Checked(const std::string& text) const {
    ParseResult parsed = Parse(text);
    EXPECT_NE(parsed.expr, nullptr) << text;
    const Issues issues = Check(*parsed.expr, environment_, Type(TypeKind::kBool));
    EXPECT_TRUE(issues.empty()) << text << ": " << issues[0].message;
    return std::move(parsed.expr);
  }

  Environment environment_;
  std::vector<Value> row_;
  std::vector<Value> tags_;
  std::vector<Value> products_ = {Value::String("pass")};
  std::vector<Value> holdings_ = {Value::Record(products_.data(), 1),
                                  Value::Record(products_.data(), 1)};
  ListData tag_list_;
  ListData holding_list_;
};

struct Worded {
  const char* text;
  const char* words;
};

TEST(ExplanationWordsTest, SayWhatTheFactIsAndWhatItNeeds) {
  const Customer customer;
  const std::vector<Worded> cases = {
      {"c.spend >= 300.00", "c.spend is 112.40 EUR, needs at least 300.00"},
      {"c.spend < 300.00", "c.spend is 112.40 EUR, which is below 300.00"},
      {"300.00 <= c.spend", "c.spend is 112.40 EUR, needs at least 300.00"},
      {"c.visits > 3", "c.visits is 3, needs above 3"},
      {"c.visits <= 2", "c.visits is 3, needs at most 2"},
      {"c.tier == \"gold\"", "c.tier is \"silver\", needs \"gold\""},
      {"c.tier == \"silver\"", "c.tier is \"silver\""},
      {"c.tier != \"silver\"", "c.tier is \"silver\", needs other than \"silver\""},
      {"c.tier in [\"gold\", \"none\"]", "c.tier is \"silver\", needs one of \"gold\", \"none\""},
      {"c.visits in [1, 2, 4, 5, 6, 7, 8]",
       "c.visits is 3, needs one of 1, 2, 4, 5, 6, … 7 in all"},
      {"c.tier in list.coffee", "c.tier is \"silver\", needs one in list.coffee"},
      {"\"coffee\" in c.tags",
       "c.tags is [\"tea\", \"bread\", \"milk\", \"soap\", \"salt\", … 6 in all], needs \"coffee\" "
       "in it"},
      {"c.tier.startsWith(\"g\")", "c.tier is \"silver\", needs to begin with \"g\""},
      {"c.tier.endsWith(\"er\")", "c.tier is \"silver\", which ends with \"er\""},
      {"c.tier.contains(\"x\")", "c.tier is \"silver\", needs to contain \"x\""},
      {"c.member", "c.member is false, needs true"},
      {"c.known", "c.known is true"},
      {"has(c.gone)", "c.gone is not known, needs a value"},
      {"has(c.visits)", "c.visits is 3"},
      {"c.born > timestamp(\"2000-01-01T00:00:00Z\")",
       "c.born is 1990-04-23, needs above 2000-01-01"},
      {"now - c.last > duration(\"240h\")", "now - c.last is 93h53m21s, needs above 240h"},
      {"size(c.holdings) > 2", "size(c.holdings) is 2, needs above 2"},
      {"c.gone > 5", "c.gone is not known, needs above 5"},
      {"c.late > 5", "c.late did not come in time, needs above 5"},
      {"c.visits / 0 > 5", "c.visits / 0 ends in an error (divide_by_zero), needs above 5"},
      {"c.holdings.exists(h, h.product == \"none\")",
       "c.holdings.exists(h, h.product == \"none\") does not hold: c.holdings is a list of 2"},
      {"c.last.getMonth() == now.getMonth()",
       "c.last.getMonth() == now.getMonth() holds: c.last is 2026-11-18T11:06:40Z, now is "
       "2026-11-22T09:00:01Z"},
      {"1 > 2", "1 > 2 does not hold"},
  };
  for (const Worded& each : cases) EXPECT_EQ(customer.Words(each.text), each.words) << each.text;
}

TEST(ExplanationWordsTest, BehindANotSayWhatMustNotBe) {
  const Customer customer;
  const std::vector<Worded> cases = {
      {"!(c.visits >= 2)", "c.visits is 3, needs below 2"},
      {"!(c.visits >= 5)", "c.visits is 3, which is below 5"},
      {"!(c.tier == \"silver\")", "c.tier is \"silver\", needs other than \"silver\""},
      {"!(\"tea\" in c.tags)",
       "c.tags is [\"tea\", \"bread\", \"milk\", \"soap\", \"salt\", … 6 in all], needs no \"tea\" "
       "in it"},
      {"!(c.tier in [\"silver\"])", "c.tier is \"silver\", needs none of \"silver\""},
      {"!c.tier.startsWith(\"s\")", "c.tier is \"silver\", must not begin with \"s\""},
      {"!c.tier.contains(\"x\")", "c.tier is \"silver\", which does not contain \"x\""},
      {"!c.known", "c.known is true, needs false"},
      {"!has(c.visits)", "c.visits is 3, needs to be without a value"},
      {"!!(c.visits > 5)", "c.visits is 3, needs above 5"},
      {"!(c.visits > 5 || c.visits > 2)", "c.visits is 3, needs at most 2"},
  };
  for (const Worded& each : cases) EXPECT_EQ(customer.Words(each.text), each.words) << each.text;
}

TEST(ExplanationWordsTest, KeepHiddenFactsToThemselves) {
  const Customer customer;
  for (const char* text :
       {"c.secret == \"a\"", "c.secret.startsWith(\"a\")", "c.secret in [\"a\"]",
        "c.secret + \"b\" == \"a\"", "size(c.secret) > 100", "c.secret.size() % 2 == 7",
        "c.secret.matches(\"^a\")", "c.secret == c.tier", "has(c.secret)", "!has(c.secret)",
        "c.secret.substring(0, 5) == \"a\"", "[c.secret].exists(s, s == \"a\")",
        "c.secret in c.tags", "c.tier in [c.secret]", "(c.known ? c.secret : c.tier) == \"a\""}) {
    const ExplainedPart root = customer.Explained(text);
    for (const char* told : {"nobody", "20"}) {
      EXPECT_EQ(root.words.find(told), std::string::npos) << text << ": " << root.words;
    }
  }
  EXPECT_EQ(customer.Words("c.secret == \"a\""), "c.secret is set, needs \"a\"");
  EXPECT_EQ(customer.Words("c.secret.matches(\"^a\")"),
            "c.secret.matches(\"^a\") does not hold: c.secret is set");
  EXPECT_EQ(customer.Words("!has(c.secret)"), "c.secret has a value, needs to be without a value");
}

TEST(ExplanationWordsTest, CutWhatIsLongBetweenCharacters) {
  const Customer customer;
  std::string text;
  for (int i = 0; i < 200; ++i) text += "é";
  const ExplainedPart root = customer.Explained(absl::StrCat("c.tier == \"", text, "\""));
  EXPECT_EQ(root.words, absl::StrCat("c.tier is \"silver\", needs \"", text.substr(0, 60), "…\""));
  EXPECT_EQ(root.text, absl::StrCat("c.tier == \"", text.substr(0, 288), "…"));
}

TEST(ExplanationTest, ShowsTheFormulaWithTheValueAndThePlaceOfEachPart) {
  const std::string text =
      "c.known && !(c.visits > 5 || c.gone > 1) && (c.member ? c.known : c.visits > 4)";
  const ExplainedPart root = Customer().Explained(text);
  ASSERT_EQ(root.kind, ExplainedPart::Kind::kAll);
  ASSERT_EQ(root.parts.size(), 3u);
  EXPECT_TRUE(root.parts[0].value.IsTrue());
  const ExplainedPart& negation = root.parts[1];
  ASSERT_EQ(negation.kind, ExplainedPart::Kind::kNot);
  EXPECT_TRUE(negation.value.IsAbsent());
  const ExplainedPart& either = negation.parts[0];
  ASSERT_EQ(either.kind, ExplainedPart::Kind::kAny);
  EXPECT_TRUE(either.parts[0].value.IsFalse());
  EXPECT_EQ(either.parts[1].text, "c.gone > 1");
  const ExplainedPart& choice = root.parts[2];
  ASSERT_EQ(choice.kind, ExplainedPart::Kind::kChoice);
  EXPECT_TRUE(root.value.IsFalse());
  EXPECT_FALSE(negation.decisive);
  EXPECT_TRUE(choice.decisive);
  EXPECT_TRUE(choice.parts[0].decisive);
  EXPECT_FALSE(choice.parts[1].decisive);
  EXPECT_TRUE(choice.parts[2].decisive);
  EXPECT_EQ(FirstDecisiveAtom(root)->text, "c.member");
  EXPECT_EQ(CountParts(root), 10u);
  const SourceSpan span = either.parts[1].span;
  EXPECT_EQ(text.substr(span.begin, span.end - span.begin), "c.gone > 1");
}

TEST(ExplanationTest, OfSeveralErrorsTheOneThatIsTheResultDecides) {
  const Customer customer;
  const ExplainedPart absent = customer.Explained("c.visits / 0 == 1 && c.gone > 1");
  EXPECT_EQ(FirstDecisiveAtom(absent)->text, "c.visits / 0 == 1");
  const ExplainedPart late = customer.Explained("c.gone > 1 && c.late > 1 && c.known");
  EXPECT_EQ(late.value.error(), ErrorCode::kUnavailable);
  EXPECT_EQ(FirstDecisiveAtom(late)->text, "c.late > 1");
}

// Random formulas over atoms of every outcome.
class Author {
 public:
  explicit Author(std::mt19937_64& random) : random_(random) {}

  std::string Condition(int depth) {
    static const std::vector<std::string> kAtoms = {"c.known",
                                                    "c.member",
                                                    "c.visits > 2",
                                                    "c.visits > 3",
                                                    "c.spend < 300.00",
                                                    "c.gone > 1",
                                                    "c.late > 1",
                                                    "has(c.gone)",
                                                    "has(c.tier)",
                                                    "c.visits / 0 > 1",
                                                    "c.tier == \"silver\"",
                                                    "\"x\" in c.tags",
                                                    "true",
                                                    "has(c.late)",
                                                    "c.tags.exists(t, t == \"tea\" && c.known)"};
    if (depth == 0) return kAtoms[Below(kAtoms.size())];
    const auto below = [&] { return absl::StrCat("(", Condition(depth - 1), ")"); };
    switch (Below(5)) {
      case 0:
        return absl::StrCat("!", below());
      case 1:
        return absl::StrCat(below(), " ? ", below(), " : ", below());
      case 2:
        return absl::StrCat(below(), " && ", below(), " && ", below());
      case 3:
        return absl::StrCat(below(), " || ", below());
      default:
        return Condition(0);
    }
  }
  uint64_t Below(uint64_t bound) { return random_() % bound; }

 private:
  std::mt19937_64& random_;
};

// The value of a tree from those of its atoms, as langdef.md says of each operator.
enum class Truth : uint8_t { kFalse, kTrue, kUnknown };
using AtomTruth = std::function<Truth(const ExplainedPart&)>;
Truth TruthOf(const ExplainedPart& part, const AtomTruth& atom) {
  switch (part.kind) {
    case ExplainedPart::Kind::kAtom:
      return atom(part);
    case ExplainedPart::Kind::kNot: {
      const Truth truth = TruthOf(part.parts[0], atom);
      if (truth == Truth::kUnknown) return truth;
      return truth == Truth::kTrue ? Truth::kFalse : Truth::kTrue;
    }
    case ExplainedPart::Kind::kChoice: {
      const Truth truth = TruthOf(part.parts[0], atom);
      if (truth == Truth::kUnknown) return truth;
      return TruthOf(part.parts[truth == Truth::kTrue ? 1 : 2], atom);
    }
    default:
      break;
  }
  const bool all = part.kind == ExplainedPart::Kind::kAll;
  Truth result = all ? Truth::kTrue : Truth::kFalse;
  for (const ExplainedPart& each : part.parts) {
    const Truth truth = TruthOf(each, atom);
    if (truth == (all ? Truth::kFalse : Truth::kTrue)) return truth;
    if (truth == Truth::kUnknown) result = truth;
  }
  return result;
}

Truth TruthOf(const Value& value) {
  if (value.IsError()) return Truth::kUnknown;
  return value.bool_value() ? Truth::kTrue : Truth::kFalse;
}

void CollectDecisive(const ExplainedPart& part, std::vector<const ExplainedPart*>& atoms) {
  if (!part.decisive) return;
  if (part.kind == ExplainedPart::Kind::kAtom) atoms.push_back(&part);
  for (const ExplainedPart& each : part.parts) CollectDecisive(each, atoms);
}

RC_GTEST_PROP(ExplanationPropertyTest, TheRootIsWhatTheProgramSays, ()) {
  const Customer customer;
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  for (int turn = 0; turn < 20; ++turn) {
    const std::string text = Author(random).Condition(4);
    RC_LOG() << text << "\n";
    RC_ASSERT(DebugString(customer.Explained(text).value) == DebugString(customer.Evaluated(text)));
  }
}

RC_GTEST_PROP(ExplanationPropertyTest, TheDecisiveAtomsDecideAndNoneCanBeLeftOut, ()) {
  const Customer customer;
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  for (int turn = 0; turn < 20; ++turn) {
    const std::string text = Author(random).Condition(4);
    RC_LOG() << text << "\n";
    const ExplainedPart root = customer.Explained(text);
    std::vector<const ExplainedPart*> decisive;
    CollectDecisive(root, decisive);
    RC_ASSERT(!decisive.empty());
    RC_ASSERT(decisive.front() == FirstDecisiveAtom(root));
    const Truth truth = TruthOf(root.value);
    if (truth == Truth::kUnknown) {
      // What went wrong is named by the last: before it come tests of choices that went well.
      RC_ASSERT(decisive.back()->value.IsError());
      RC_ASSERT(decisive.back()->value.error() == root.value.error());
      continue;
    }
    // Whatever the others are.
    const uint64_t seed = random();
    std::mt19937_64 others(seed);
    RC_ASSERT(TruthOf(root, [&](const ExplainedPart& atom) {
                return atom.decisive ? TruthOf(atom.value) : static_cast<Truth>(others() % 3);
              }) == truth);
    for (const ExplainedPart* left_out : decisive) {
      RC_ASSERT(TruthOf(root, [&](const ExplainedPart& atom) {
                  return atom.decisive && &atom != left_out ? TruthOf(atom.value) : Truth::kUnknown;
                }) == Truth::kUnknown);
    }
  }
}

TEST(ExplanationTest, FiveThousandTermsAreOneLevel) {
  std::string text = "c.known";
  for (int i = 1; i < 5000; ++i) text += " && c.known";
  const ExplainedPart root = Customer().Explained(text);
  EXPECT_EQ(root.parts.size(), 5000u);
  EXPECT_TRUE(root.value.IsTrue());
  EXPECT_TRUE(root.parts[4999].decisive);
}

}  // namespace
}  // namespace touchstone::rules::expr
