// docs/rules/cel.md, held to what it says: its examples are checked and run, and its tables name
// what there is.

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "rules/expr/checker.h"
#include "rules/expr/functions.h"
#include "rules/expr/parser.h"
#include "rules/expr/program.h"
#include "rules/expr/timestamps.h"

namespace touchstone::rules::expr {
namespace {

std::string Page() {
  const char* source_dir = std::getenv("TOUCHSTONE_SOURCE_DIR");
  if (source_dir == nullptr) return "";
  std::ifstream file(std::string(source_dir) + "/docs/rules/cel.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The lines of the blocks of CEL.
std::vector<std::string> Examples(const std::string& page) {
  std::vector<std::string> examples;
  bool inside = false;
  for (const absl::string_view line : absl::StrSplit(page, '\n')) {
    if (absl::StartsWith(line, "```")) {
      inside = line == "```cel";
    } else if (inside && !line.empty()) {
      examples.emplace_back(line);
    }
  }
  return examples;
}

// The customer of the page.
class CelPageTest : public testing::Test {
 protected:
  CelPageTest() : environment_({true, true, true}) {
    const Type text(TypeKind::kString);
    const Type time(TypeKind::kTimestamp);
    Declare("customer.tier", text, Value::String("gold"), {"none", "silver", "gold"});
    Declare("customer.age", Type(TypeKind::kInt), Value::Int(42));
    Declare("customer.score", Type(TypeKind::kDouble), Value::Double(0.75));
    Declare("customer.spend_90d", Type(TypeKind::kMoney),
            Value::OfMoney({11'240, *Currency::FromCode("EUR")}));
    Declare("customer.allergies", Type::List(text), Value::List(&allergies_));
    Declare(
        "customer.holdings",
        Type::List(Type::Record("holding", {{"product", text}, {"status", text}, {"until", time}})),
        Value::List(&holdings_));
    Declare("customer.notes", Type::Map(text, text), Value::Map(&notes_));
    Declare("customer.middle_name", text, Value::Absent());
    Declare("coffee_180d", Type(TypeKind::kDecimal), Value::OfDecimal({2'500}));
    Declare("now", time, ParseTimestamp("2026-11-22T10:00:00Z"));
    EXPECT_TRUE(
        environment_.Declare(ConstantDecl{"list.wine", Type::List(text), Value::List(&wine_)})
            .ok());
  }

  void Declare(absl::string_view name, Type type, Value value,
               std::vector<std::string> enum_values = {}) {
    VariableDecl variable;
    variable.name = std::string(name);
    variable.type = std::move(type);
    variable.slot = Slot{0, static_cast<uint16_t>(row_.size())};
    variable.enum_values = std::move(enum_values);
    EXPECT_TRUE(environment_.Declare(std::move(variable)).ok());
    row_.push_back(value);
  }

  // As the page writes it: "= 5", "refused wrong_type", "error absent".
  std::string Outcome(absl::string_view source) {
    const ParseResult parsed = Parse(source);
    if (parsed.expr == nullptr) return absl::StrCat("refused ", parsed.issues[0].code);
    const Issues issues = Check(*parsed.expr, environment_, std::nullopt);
    if (!issues.empty()) return absl::StrCat("refused ", issues[0].code);
    const absl::StatusOr<Program> program = Program::Compile(*parsed.expr, environment_);
    if (!program.ok()) return std::string(program.status().message());
    Frame frame;
    frame.rows[0] = row_;
    const Value value = program->Evaluate(frame, scratch_);
    if (value.IsError()) return absl::StrCat("error ", ErrorCodeName(value.error()));
    return absl::StrCat("= ", DebugString(value));
  }

  const Value allergy_values_[2] = {Value::String("milk"), Value::String("nuts")};
  const ListData allergies_{allergy_values_, 2, nullptr};
  const Value card_[3] = {Value::String("card"), Value::String("active"),
                          ParseTimestamp("2026-12-31T00:00:00Z")};
  const Value loan_[3] = {Value::String("loan"), Value::String("closed"), Value::Absent()};
  const Value holding_values_[2] = {Value::Record(card_, 3), Value::Record(loan_, 3)};
  const ListData holdings_{holding_values_, 2, nullptr};
  const MapEntry note_entries_[1] = {{Value::String("language"), Value::String("de")}};
  const MapData notes_{note_entries_, 1};
  const Value wines_[2] = {Value::String("W-1"), Value::String("W-2")};
  const ListData wine_{wines_, 2, nullptr};
  Environment environment_;
  std::vector<Value> row_;
  Scratch scratch_;
};

TEST_F(CelPageTest, EveryExampleComesOutAsItSays) {
  const std::vector<std::string> examples = Examples(Page());
  ASSERT_GE(examples.size(), 50u);
  for (const std::string& example : examples) {
    // What an example comes to is a comment, for which the lexer needs no help.
    const size_t comment = example.rfind("// ");
    ASSERT_NE(comment, std::string::npos) << example;
    EXPECT_EQ(Outcome(example), absl::StripAsciiWhitespace(example.substr(comment + 3))) << example;
  }
}

TEST_F(CelPageTest, EveryFunctionIsInTheTableOfFeatures) {
  const std::string page = Page();
  ASSERT_FALSE(page.empty());
  for (const absl::string_view name : FunctionNames()) {
    EXPECT_TRUE(absl::StrContains(page, absl::StrCat("`", name, "`"))) << name;
  }
}

TEST_F(CelPageTest, EveryLimitStandsWithItsNumber) {
  const std::string page = Page();
  const auto expect_row = [&page](absl::string_view name, uint64_t number) {
    EXPECT_TRUE(absl::StrContains(page, absl::StrCat("| `", name, "` | ", number, " |"))) << name;
  };
  expect_row("kMaxSourceBytes", limits::kMaxSourceBytes);
  expect_row("kMaxDepth", limits::kMaxDepth);
  expect_row("kMaxListElements", limits::kMaxListElements);
  expect_row("kMaxComprehensionNesting", limits::kMaxComprehensionNesting);
  expect_row("kMaxRegexProgramSize", limits::kMaxRegexProgramSize);
  expect_row("kMaxCost", limits::kMaxCost);
  expect_row("kAssumedElements", limits::kAssumedElements);
  expect_row("kMaxFormatPrecision", limits::kMaxFormatPrecision);
  expect_row("kDefaultStepLimit", limits::kDefaultStepLimit);
  expect_row("kMaxIssues", limits::kMaxIssues);
}

}  // namespace
}  // namespace touchstone::rules::expr
