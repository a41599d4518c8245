// docs/rules/tables.md, held to what it says: its files are loaded, its examples are run.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "rules/expr/checker.h"
#include "rules/expr/parser.h"
#include "rules/facts/text.h"
#include "rules/ruleset/table_cell.h"
#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

using expr::Type;
using expr::TypeKind;
using expr::Value;

std::string Page() {
  const char* source_dir = std::getenv("TOUCHSTONE_SOURCE_DIR");
  if (source_dir == nullptr) return "";
  std::ifstream file(absl::StrCat(source_dir, "/docs/rules/tables.md"));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Its blocks with a file name behind the language.
std::vector<SourceFile> FilesOf(const std::string& page) {
  std::vector<SourceFile> files;
  bool inside = false;
  for (const absl::string_view line : absl::StrSplit(page, '\n')) {
    if (absl::StartsWith(line, "```")) {
      const std::pair<absl::string_view, absl::string_view> parts =
          absl::StrSplit(line, absl::MaxSplits(' ', 1));
      inside = !parts.second.empty();
      if (inside) files.push_back({std::string(parts.second), ""});
    } else if (inside) {
      absl::StrAppend(&files.back().bytes, line, "\n");
    }
  }
  return files;
}

// The rows of the table that begins with this header, cells without outer blanks.
std::vector<std::vector<std::string>> TableUnder(const std::string& page,
                                                 absl::string_view header) {
  std::vector<std::vector<std::string>> rows;
  bool inside = false;
  for (const absl::string_view line : absl::StrSplit(page, '\n')) {
    inside = (inside && absl::StartsWith(line, "|")) || line == header;
    if (!inside || line == header || absl::StartsWith(line, "|---")) continue;
    std::vector<std::string> cells =
        absl::StrSplit(absl::StrReplaceAll(line, {{"\\|", "\1"}}), '|');
    for (std::string& cell : cells) {
      cell = absl::StrReplaceAll(absl::StripAsciiWhitespace(cell), {{"\1", "|"}});
    }
    rows.emplace_back(cells.begin() + 1, cells.end() - 1);
  }
  return rows;
}

std::string Spoken(const Value& value) {
  if (value.kind() == expr::Kind::kDouble) return absl::StrCat(value.double_value());
  if (value.kind() != expr::Kind::kList) return "no value";
  std::vector<absl::string_view> texts;
  texts.reserve(value.list_value().size);
  for (uint32_t i = 0; i < value.list_value().size; ++i) {
    texts.push_back(value.list_value().elements[i].string_value());
  }
  return texts.empty() ? "none" : absl::StrJoin(texts, ", ");
}

TEST(TablesPageTest, ItsTablesSayWhatThePageSays) {
  const std::string page = Page();
  std::vector<SourceFile> files = Grocery({});
  for (const char* id : {"beans-20", "join"}) {
    files.push_back(
        {absl::StrCat("offers/", id, ".yaml"), absl::StrCat("offer: ", id, "\napplies: never\n")});
  }
  const std::vector<SourceFile> shown = FilesOf(page);
  ASSERT_EQ(shown.size(), 4u);
  files.insert(files.end(), shown.begin(), shown.end());
  const TestRules rules = LoadRules(files);
  const auto rows =
      TableUnder(page, "| tier | spend_90d | visits_30d | age | points_rate | welcome_back |");
  ASSERT_EQ(rows.size(), 6u);
  for (const std::vector<std::string>& row : rows) {
    SCOPED_TRACE(absl::StrJoin(row, " | "));
    Scene scene(rules);
    scene.Customer();
    scene.Fact("customer.tier", Value::String(row[0]));
    scene.Fact("customer.spend_90d", Value::OfMoney(*ParseMoney(row[1] + " EUR")));
    int64_t visits = 0;
    ASSERT_TRUE(absl::SimpleAtoi(row[2], &visits));
    scene.Fact("customer.visits_30d", Value::Int(visits));
    int age = 0;
    if (absl::SimpleAtoi(row[3], &age)) {
      const absl::CivilDay birthday(2026 - age, 1, 1);
      scene.Fact("customer.birth_date",
                 Value::Timestamp(absl::FromCivil(birthday, absl::UTCTimeZone())));
    }
    const Decision& decision = scene.Decide();
    const auto said = [&](absl::string_view name) {
      for (size_t i = 0; i < rules.compiled->schema.computed.size(); ++i) {
        if (rules.compiled->schema.computed[i].name != name) continue;
        return Spoken(decision.facts[rules.compiled->layout->computed_slot(i)]);
      }
      return std::string("no such table");
    };
    EXPECT_EQ(said("table.points_rate"), row[4]);
    EXPECT_EQ(said("table.welcome_back"), row[5]);
  }
}

TEST(TablesPageTest, ItsCellsTakeWhatThePageSays) {
  struct Column {
    Type type;
    ValueForm form = ValueForm::kPlain;
    KeyKind kind;
  };
  const std::map<std::string, Column> columns = {
      {"texts", {Type(TypeKind::kString), ValueForm::kPlain, KeyKind::kText}},
      {"bools", {Type(TypeKind::kBool), ValueForm::kPlain, KeyKind::kBool}},
      {"whole numbers", {Type(TypeKind::kInt), ValueForm::kPlain, KeyKind::kInt}},
      {"amounts", {Type(TypeKind::kMoney), ValueForm::kPlain, KeyKind::kMoney}},
      {"days", {Type(TypeKind::kTimestamp), ValueForm::kDate, KeyKind::kTimestamp}},
  };
  const auto rows = TableUnder(Page(), "| column of | cell | takes | does not take |");
  ASSERT_GE(rows.size(), 16u);
  for (const std::vector<std::string>& row : rows) {
    SCOPED_TRACE(absl::StrJoin(row, " | "));
    ASSERT_TRUE(columns.contains(row[0]));
    const Column& column = columns.at(row[0]);
    const absl::string_view cell = absl::StripPrefix(absl::StripSuffix(row[1], "`"), "`");
    const auto condition = CellCondition(cell, "x", column.kind, absl::UTCTimeZone());
    ASSERT_TRUE(condition.ok()) << condition.status();
    expr::Environment environment({true, true, true});
    expr::VariableDecl x;
    x.name = "x";
    x.type = column.type;
    ASSERT_TRUE(environment.Declare(std::move(x)).ok());
    const expr::ParseResult parsed = expr::Parse(*condition);
    ASSERT_NE(parsed.expr, nullptr);
    ASSERT_TRUE(expr::Check(*parsed.expr, environment, Type(TypeKind::kBool)).empty());
    const auto program = expr::Program::Compile(*parsed.expr, environment);
    ASSERT_TRUE(program.ok());
    for (const bool takes : {true, false}) {
      expr::Scratch scratch;
      const auto value =
          ParseScalar(row[takes ? 2 : 3], column.type, column.form, {}, *Currency::FromCode("EUR"),
                      absl::UTCTimeZone(), scratch.arena());
      ASSERT_TRUE(value.ok()) << value.status();
      expr::Frame frame;
      frame.rows[0] = absl::MakeConstSpan(&*value, 1);
      EXPECT_EQ(program->Evaluate(frame, scratch).IsTrue(), takes);
    }
  }
}

}  // namespace
}  // namespace touchstone::rules
