#include "rules/expr/program.h"

#include <array>
#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "re2/re2.h"
#include "rules/expr/checker.h"
#include "rules/expr/constant_set.h"
#include "rules/expr/optionals.h"
#include "rules/expr/parser.h"
#include "rules/expr/timestamps.h"
#include "tests/heap_allocations.h"

namespace touchstone::rules::expr {
namespace {

// Variables x0, x1... of the given types in row 0.
class ProgramTest : public testing::Test {
 protected:
  void Declare(absl::string_view name, Type type, Value value, uint8_t row = 0) {
    VariableDecl variable;
    variable.name = std::string(name);
    variable.type = std::move(type);
    variable.slot = Slot{row, static_cast<uint16_t>(rows_[row].size())};
    ASSERT_TRUE(environment_.Declare(variable).ok());
    rows_[row].push_back(value);
  }

  absl::StatusOr<Program> Compile(absl::string_view source,
                                  std::optional<Type> expected = std::nullopt) {
    const ParseResult parsed = Parse(source);
    if (parsed.expr == nullptr) return absl::UnknownError(parsed.issues[0].message);
    const Issues issues = Check(*parsed.expr, environment_, expected);
    if (!issues.empty()) return absl::UnknownError(issues[0].message);
    return Program::Compile(*parsed.expr, environment_);
  }

  Frame FrameOf() {
    Frame frame;
    for (size_t i = 0; i < kMaxRows; ++i) frame.rows[i] = rows_[i];
    return frame;
  }

  // Of ten evaluations. REQUIRES: the scratch has grown to what one takes.
  int64_t HeapAllocationsOf(const Program& program, const Frame& frame) {
    const int64_t before = tests::HeapAllocations();
    for (int i = 0; i < 10; ++i) {
      scratch_.Reset();
      program.Evaluate(frame, scratch_);
    }
    return tests::HeapAllocations() - before;
  }

  // The result as text, or why there is no program.
  std::string Evaluate(absl::string_view source, std::optional<Type> expected = std::nullopt) {
    const absl::StatusOr<Program> program = Compile(source, expected);
    if (!program.ok()) return std::string(program.status().message());
    return DebugString(program->Evaluate(FrameOf(), scratch_));
  }

  Environment environment_;
  std::array<std::vector<Value>, kMaxRows> rows_;
  Scratch scratch_;
};

TEST_F(ProgramTest, SlotsAreAscendingWithoutDuplicates) {
  Declare("c", Type(TypeKind::kInt), Value::Int(1), 2);
  Declare("a", Type(TypeKind::kInt), Value::Int(1), 0);
  Declare("b", Type(TypeKind::kInt), Value::Int(1), 0);
  const absl::StatusOr<Program> program = Compile("c + b > 1 && has(x.y) == false || b == 2");
  EXPECT_FALSE(program.ok());
  const absl::StatusOr<Program> known = Compile("c + b > 1 && a in [1, 2] || b == 2");
  ASSERT_TRUE(known.ok());
  const std::vector<Slot> expected = {{0, 0}, {0, 1}, {2, 0}};
  EXPECT_EQ(std::vector<Slot>(known->slots().begin(), known->slots().end()), expected);
}

TEST_F(ProgramTest, ReadsEveryRow) {
  for (uint8_t row = 0; row < kMaxRows; ++row) {
    Declare(absl::StrCat("r", row), Type(TypeKind::kInt), Value::Int(int64_t{1} << row), row);
  }
  EXPECT_EQ(Evaluate("r0 + r1 + r2 + r3"), "15");
}

TEST_F(ProgramTest, SlotBeyondItsRowIsAbsent) {
  Declare("x", Type(TypeKind::kInt), Value::Int(1));
  const absl::StatusOr<Program> program = Compile("x == 1");
  ASSERT_TRUE(program.ok());
  EXPECT_TRUE(program->Evaluate(Frame(), scratch_).IsAbsent());
}

TEST_F(ProgramTest, BadConstantPatternIsRefused) {
  const absl::StatusOr<Program> program = Compile("'a'.matches('(')");
  EXPECT_EQ(program.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ProgramTest, PatternIsLimitedInItsProgramSize) {
  const int overhead = RE2("aaaa").ProgramSize() - 4;
  const std::string at(static_cast<size_t>(limits::kMaxRegexProgramSize - overhead), 'a');
  ASSERT_EQ(RE2(at).ProgramSize(), limits::kMaxRegexProgramSize);
  EXPECT_EQ(Evaluate(absl::StrCat("'a'.matches('", at, "')")), "false");
  const absl::StatusOr<Program> past = Compile(absl::StrCat("'a'.matches('", at, "a')"));
  EXPECT_EQ(past.status().code(), absl::StatusCode::kInvalidArgument);
  Declare("pattern", Type(TypeKind::kString), Value::String(at));
  Declare("past", Type(TypeKind::kString), rows_[0][0]);
  const std::string longer = at + "a";
  rows_[0][1] = Value::String(longer);
  scratch_.Reset(1'000'000);
  EXPECT_EQ(Evaluate("'a'.matches(pattern)"), "false");
  EXPECT_EQ(Evaluate("'a'.matches(past)"), "error: invalid_argument");
}

TEST_F(ProgramTest, UnknownConstantZoneIsRefused) {
  Declare("t", Type(TypeKind::kTimestamp), Value::TimestampParts(0, 0));
  EXPECT_EQ(Compile("t.getHours('Europe/Atlantis') == 1").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Evaluate("t.getHours('Europe/Berlin')"), "1");
}

TEST_F(ProgramTest, AgeUsesTheZoneOfTheFrame) {
  Declare("birth", Type(TypeKind::kTimestamp), ParseTimestamp("2008-11-27T00:00:00Z"));
  Declare("now", Type(TypeKind::kTimestamp), ParseTimestamp("2026-11-26T12:00:00Z"));
  const absl::StatusOr<Program> program = Compile("age(birth, now)");
  ASSERT_TRUE(program.ok());
  Frame frame = FrameOf();
  EXPECT_EQ(program->Evaluate(frame, scratch_).int_value(), 17);
  ASSERT_TRUE(FindZone("Pacific/Auckland", &frame.zone));
  EXPECT_EQ(program->Evaluate(frame, scratch_).int_value(), 18);
}

// Folding must not fix the answer in UTC.
TEST_F(ProgramTest, AgeOfConstantsIsNotFolded) {
  const absl::StatusOr<Program> program =
      Compile("age(timestamp('2008-11-27T00:00:00Z'), timestamp('2026-11-26T12:00:00Z')) >= 18");
  ASSERT_TRUE(program.ok());
  Frame frame;
  ASSERT_TRUE(FindZone("Pacific/Auckland", &frame.zone));
  EXPECT_TRUE(program->Evaluate(frame, scratch_).IsTrue());
  EXPECT_TRUE(program->Evaluate(Frame(), scratch_).IsFalse());
}

TEST_F(ProgramTest, ConstantListIsProbedThroughItsIndex) {
  const Value listed[] = {Value::String("A")};
  const Value indexed[] = {Value::String("B")};
  const ConstantSet set(indexed);
  const ListData list{listed, 1, &set};
  ConstantDecl constant{"list.wine", Type::List(Type(TypeKind::kString)), Value::List(&list)};
  ASSERT_TRUE(environment_.Declare(constant).ok());
  Declare("sku", Type(TypeKind::kString), Value::String("B"));
  EXPECT_EQ(Evaluate("sku in list.wine"), "true");
  EXPECT_EQ(Evaluate("(sku + '') in list.wine"), "true");
  EXPECT_EQ(Evaluate("size(list.wine)"), "1");
}

// What was asked before must change neither a result nor its price.
TEST_F(ProgramTest, PatternOfAFactCostsTheSameEachTime) {
  Declare("text", Type(TypeKind::kString), Value::String("gold"));
  Declare("pattern", Type(TypeKind::kString), Value::String("^g"));
  const absl::StatusOr<Program> program = Compile("text.matches(pattern)");
  ASSERT_TRUE(program.ok());
  std::vector<uint64_t> left;
  for (const absl::string_view pattern : {"^g", "^g", "^o", "(", "^g", "("}) {
    rows_[0][1] = Value::String(pattern);
    scratch_.Reset();
    const Value value = program->Evaluate(FrameOf(), scratch_);
    EXPECT_EQ(DebugString(value), pattern == "^g"   ? "true"
                                  : pattern == "^o" ? "false"
                                                    : "error: invalid_argument");
    left.push_back(scratch_.steps_left() + 10 * pattern.size());
  }
  EXPECT_EQ(left, std::vector<uint64_t>(6, left[0]));
}

// 1, 1u and 1.0 are one key.
TEST_F(ProgramTest, ConstantMapIsLookedUpByKeysOfEveryKind) {
  const std::string map =
      "{'gold': 1, 'silver': 2, 3: 3, 4u: 4, true: 5, '': 6, -7: 7, 'bronze': 8, 9: 9}";
  Declare("tier", Type(TypeKind::kString), Value::String("silver"));
  Declare("n", Type(TypeKind::kInt), Value::Int(4));
  Declare("u", Type(TypeKind::kUint), Value::Uint(3));
  Declare("d", Type(TypeKind::kDouble), Value::Double(-7.0));
  Declare("none", Type(TypeKind::kString), Value::String("iron"));
  Declare("missing", Type(TypeKind::kString), Value::Absent());
  EXPECT_EQ(Evaluate(map + "[tier]"), "2");
  EXPECT_EQ(Evaluate(map + "[tier + '']"), "2");
  EXPECT_EQ(Evaluate(map + "[dyn(n)]"), "4");
  EXPECT_EQ(Evaluate(map + "[dyn(u)]"), "3");
  EXPECT_EQ(Evaluate(map + "[dyn(d)]"), "7");
  EXPECT_EQ(Evaluate(map + "[n == 4]"), "5");
  EXPECT_EQ(Evaluate(map + "[none]"), "error: no_such_key");
  EXPECT_EQ(Evaluate(map + "[missing]"), "error: absent");
  EXPECT_EQ(Evaluate(map + "[?tier]"), "optional.of(2)");
  EXPECT_EQ(Evaluate(map + "[?none]"), "optional.none()");
  EXPECT_EQ(Evaluate("tier in " + map), "true");
  EXPECT_EQ(Evaluate("none in " + map), "false");
  EXPECT_EQ(Evaluate("missing in " + map), "error: absent");
}

TEST_F(ProgramTest, BareLiteralOfMoneyCountsTenThousandths) {
  const absl::StatusOr<Program> program = Compile("5.25", Type(TypeKind::kMoney));
  ASSERT_TRUE(program.ok()) << program.status();
  const Value value = program->Evaluate(Frame(), scratch_);
  ASSERT_EQ(value.kind(), Kind::kMoney);
  EXPECT_TRUE(value.money_value().currency.is_none());
  EXPECT_EQ(value.money_value().amount_minor, 52'500);
}

TEST_F(ProgramTest, BareLiteralOfDecimalIsADecimal) {
  EXPECT_EQ(Evaluate("5.25", Type(TypeKind::kDecimal)), "5.25");
}

TEST_F(ProgramTest, ErrorOfAConstantStaysAnErrorOfTheRun) {
  Declare("x", Type(TypeKind::kBool), Value::Bool(true));
  EXPECT_EQ(Evaluate("1 / 0 == 1"), "error: divide_by_zero");
  EXPECT_EQ(Evaluate("x || 1 / 0 == 1"), "true");
}

TEST_F(ProgramTest, ValueOfAnotherKindThanDeclaredIsAnErrorNotACrash) {
  Declare("n", Type(TypeKind::kInt), Value::Null());
  Declare("s", Type(TypeKind::kString), Value::Int(1));
  EXPECT_EQ(Evaluate("n > 1"), "error: no_overload");
  EXPECT_EQ(Evaluate("n == 1"), "false");
  EXPECT_EQ(Evaluate("s == 'a'"), "false");
  EXPECT_EQ(Evaluate("s in ['a']"), "false");
  EXPECT_EQ(Evaluate("s.startsWith('a')"), "error: no_overload");
}

// A constant text is looked for in a way of its own; one that is read from a slot is not.
TEST_F(ProgramTest, ConstantTextInAListTakesTheStepsOfAnyOther) {
  Declare("text", Type(TypeKind::kString), Value());
  Declare("list", Type::List(Type(TypeKind::kDyn)), Value());
  for (const size_t size : {0u, 1u, 15u, 16u, 17u, 70u}) {
    const std::string text(size, 'x');
    std::string other = text;
    if (!other.empty()) other.back() = 'y';
    const std::string longer = text + "x";
    for (const bool holds : {false, true}) {
      const Value elements[] = {
          Value::String(other),  Value::Int(1),
          Value::String(longer), Value::Null(),
          Value::Bytes(text),    holds ? Value::String(text) : Value::Bool(false),
          Value::String(longer)};
      const ListData list{elements, 7, nullptr};
      rows_[0][0] = Value::String(text);
      rows_[0][1] = Value::List(&list);
      const absl::StatusOr<Program> constant = Compile(absl::StrCat("'", text, "' in list"));
      const absl::StatusOr<Program> slot = Compile("text in list");
      ASSERT_TRUE(constant.ok() && slot.ok());
      for (uint64_t steps = 0; steps < 32; ++steps) {
        scratch_.Reset(steps);
        const std::string expected = DebugString(slot->Evaluate(FrameOf(), scratch_));
        const uint64_t left = scratch_.steps_left();
        scratch_.Reset(steps);
        EXPECT_EQ(DebugString(constant->Evaluate(FrameOf(), scratch_)), expected) << size;
        EXPECT_EQ(scratch_.steps_left(), left) << size;
      }
    }
  }
}

TEST_F(ProgramTest, StepLimitAllowsExactlyWhatIsNeeded) {
  const Value elements[] = {Value::Int(1), Value::Int(2), Value::Int(3)};
  const ListData list{elements, 3, nullptr};
  Declare("x", Type::List(Type(TypeKind::kInt)), Value::List(&list));
  const absl::StatusOr<Program> program = Compile("x.all(e, x.exists(f, e + f > 3))");
  ASSERT_TRUE(program.ok());
  scratch_.Reset(1000);
  EXPECT_TRUE(program->Evaluate(FrameOf(), scratch_).IsTrue());
  const uint64_t needed = 1000 - scratch_.steps_left();
  ASSERT_GT(needed, 6u);
  scratch_.Reset(needed);
  EXPECT_TRUE(program->Evaluate(FrameOf(), scratch_).IsTrue());
  scratch_.Reset(needed - 1);
  EXPECT_EQ(program->Evaluate(FrameOf(), scratch_).error(), ErrorCode::kStepLimit);
}

TEST_F(ProgramTest, ExhaustedBudgetIsNeverAbsorbed) {
  const Value elements[] = {Value::Int(1), Value::Int(2), Value::Int(3)};
  const ListData list{elements, 3, nullptr};
  Declare("x", Type::List(Type(TypeKind::kInt)), Value::List(&list));
  Declare("yes", Type(TypeKind::kBool), Value::Bool(true));
  for (const absl::string_view source :
       {"x.exists(e, e == 9) || yes", "!(x.all(e, e > 0) && !yes)",
        "cel.bind(unused, x.all(e, e > 0), yes)", "x.exists_one(e, e == 1) || yes",
        "x.map(e, e) == x || yes"}) {
    const absl::StatusOr<Program> program = Compile(source);
    ASSERT_TRUE(program.ok()) << source;
    scratch_.Reset(100);
    EXPECT_TRUE(program->Evaluate(FrameOf(), scratch_).IsTrue()) << source;
    scratch_.Reset(2);
    const Value value = program->Evaluate(FrameOf(), scratch_);
    ASSERT_TRUE(value.IsError()) << source;
    EXPECT_EQ(value.error(), ErrorCode::kStepLimit) << source;
  }
}

TEST_F(ProgramTest, LongTextIsChargedByItsLength) {
  const std::string text(16'000, 'a');
  Declare("s", Type(TypeKind::kString), Value::String(text));
  for (const absl::string_view source :
       {"s + s == s", "size(s) == 1", "s.reverse() == s", "s.matches('b')", "s.contains('b')",
        "s.split('').size() == 1", "s < s", "s.upperAscii() == s", "s.replace('a', 'b') == s"}) {
    const absl::StatusOr<Program> program = Compile(source);
    ASSERT_TRUE(program.ok()) << source;
    scratch_.Reset(900);
    const Value value = program->Evaluate(FrameOf(), scratch_);
    ASSERT_TRUE(value.IsError()) << source;
    EXPECT_EQ(value.error(), ErrorCode::kStepLimit) << source;
    scratch_.Reset();
    EXPECT_EQ(program->Evaluate(FrameOf(), scratch_).kind(), Kind::kBool) << source;
  }
}

TEST_F(ProgramTest, EvaluatesWithoutTouchingTheHeap) {
  const Value elements[] = {Value::String("milk"), Value::String("nuts")};
  const ListData list{elements, 2, nullptr};
  Declare("allergies", Type::List(Type(TypeKind::kString)), Value::List(&list));
  Declare("name", Type(TypeKind::kString), Value::String("Anna"));
  Declare("n", Type(TypeKind::kInt), Value::Int(3));
  Declare("spend", Type(TypeKind::kMoney), Value::OfMoney({100, *Currency::FromCode("EUR")}));
  Declare("t", Type(TypeKind::kTimestamp), Value::TimestampParts(0, 0));
  const absl::StatusOr<Program> program = Compile(
      "allergies.exists(a, a + name == 'nutsAnna') && allergies.map(a, a.upperAscii()).size() == 2 "
      "&& name.matches('^A.*a$') && [n, 2 * n] == [3, 6] && {'a': n}['a'] == 3 && spend < 5.00 "
      "&& spend + 1.00 == money('2.00 EUR') && t.getHours('Europe/Berlin') == 1 "
      "&& string(n) + string(spend) == '31.00 EUR' && name in ['Anna', 'Otto'] "
      "&& cel.bind(d, double(spend) * 2.0, d == 2.0) && name.split('n').join('-') == 'A--a'");
  ASSERT_TRUE(program.ok()) << program.status();
  const Frame frame = FrameOf();
  ASSERT_TRUE(program->Evaluate(frame, scratch_).IsTrue());
  scratch_.Reset();
  ASSERT_TRUE(program->Evaluate(frame, scratch_).IsTrue());
  EXPECT_EQ(HeapAllocationsOf(*program, frame), 0);
}

TEST_F(ProgramTest, ExtensionsEvaluateWithoutTouchingTheHeap) {
  const Value words[] = {Value::String("milk"), Value::String("nuts")};
  const ListData list{words, 2, nullptr};
  const MapEntry entries[] = {{Value::String("b"), Value::Int(2)},
                              {Value::String("a"), Value::Int(1)}};
  const MapData map{entries, 2};
  const Value fields[] = {Value::String("x"), Value::Absent()};
  Declare("words", Type::List(Type(TypeKind::kString)), Value::List(&list));
  Declare("counts", Type::Map(Type(TypeKind::kString), Type(TypeKind::kInt)), Value::Map(&map));
  Declare("c.missing", Type(TypeKind::kInt), Value::Absent());
  Declare("c.spend", Type(TypeKind::kMoney),
          Value::OfMoney({123'456'789'012'345, *Currency::FromCode("EUR")}));
  Declare("c.row",
          Type::Record("row", {{"a", Type(TypeKind::kString)}, {"b", Type(TypeKind::kInt)}}),
          Value::Record(fields, 2));
  Declare("d", Type(TypeKind::kDouble), Value::Double(2.5));
  const absl::StatusOr<Program> program = Compile(
      "c.?missing.orValue(3) == 3 && c.row.?b.or(words.first().optMap(w, size(w))).value() == 4 "
      "&& [?c.?missing, 1].size() == 1 && {?'k': counts[?'a']} == {'k': 1} && !has(c.?row.b) "
      "&& counts.transformMap(k, v, v > 1, k + k) == {'b': 'bb'} "
      "&& words.transformMapEntry(i, w, {w: i})['nuts'] == 1 && words.exists(i, w, i == 1) "
      "&& words.transformList(i, w, w + string(i)) == ['milk0', 'nuts1'] "
      "&& math.greatest(d, 1.0, 0.5) == 2.5 && math.least(c.spend, 5.00) == money('5.00 EUR') "
      "&& math.round(d) == 3.0 && math.bitXor(size(words), 3) == 1 "
      "&& '%s %s %.3e %X'.format([counts, c.spend, d, 'abc']) == "
      "'{a: 1, b: 2} 1234567890123.45 EUR 2.500e+00 616263' && string(c.spend).size() == 20 "
      "&& base64.decode(base64.encode(bytes(words[0]))) == b'milk'");
  ASSERT_TRUE(program.ok()) << program.status();
  const Frame frame = FrameOf();
  for (int i = 0; i < 2; ++i) {
    scratch_.Reset();
    ASSERT_EQ(DebugString(program->Evaluate(frame, scratch_)), "true");
  }
  EXPECT_EQ(HeapAllocationsOf(*program, frame), 0);
}

TEST_F(ProgramTest, FailuresDoNotTouchTheHeap) {
  Declare("text", Type(TypeKind::kString), Value::String("neither number nor date nor base64"));
  Declare("n", Type(TypeKind::kInt), Value::Int(INT64_MIN));
  Declare("zero", Type(TypeKind::kInt), Value::Int(0));
  Declare("missing", Type(TypeKind::kInt), Value::Absent());
  Declare("spend", Type(TypeKind::kMoney), Value::OfMoney({100, *Currency::FromCode("EUR")}));
  Declare("yen", Type(TypeKind::kMoney), Value::OfMoney({100, *Currency::FromCode("JPY")}));
  for (const absl::string_view source :
       {"1 / zero",
        "n - 1",
        "-n",
        "missing + 1",
        "{'a': 1}[text]",
        "[1][n]",
        "{zero: 1, n + n: 2}",
        "int(text)",
        "uint(text)",
        "double(text)",
        "bool(text)",
        "timestamp(text)",
        "duration(text)",
        "text.substring(n)",
        "base64.decode(text)",
        "(text + '%q').format([])",
        "money(text)",
        "decimal(text)",
        "money('1.00 ' + text)",
        "text.matches(text + '(')",
        "timestamp(0).getHours(text)",
        "spend * n",
        "-(spend - money('92233720368547758.07 EUR') - money('2.01 EUR'))",
        "spend * 1000 * decimal(n / 1000)",
        "spend / zero",
        "decimal(n / 1000) - decimal(-(n / 2000))",
        "decimal(n / 1000) * decimal(2)",
        "spend < yen",
        "spend + yen",
        "math.greatest(spend, yen)",
        "math.abs(n)",
        "math.bitShiftLeft(1, n)",
        "optional.none().value() == zero",
        "[zero].map(x, 1 / x)"}) {
    const absl::StatusOr<Program> program = Compile(source);
    ASSERT_TRUE(program.ok()) << source << program.status();
    const Frame frame = FrameOf();
    for (int i = 0; i < 2; ++i) {
      scratch_.Reset();
      ASSERT_TRUE(program->Evaluate(frame, scratch_).IsError()) << source;
    }
    EXPECT_EQ(HeapAllocationsOf(*program, frame), 0) << source;
  }
}

TEST_F(ProgramTest, ExtensionsAreChargedByWhatTheyRead) {
  const std::string text(16'000, 'a');
  const std::vector<Value> numbers(8'000, Value::Int(1));
  const ListData list{numbers.data(), 8'000, nullptr};
  std::vector<Value> optionals(2'000, OptionalNone());
  const ListData optional_list{optionals.data(), 2'000, nullptr};
  std::vector<MapEntry> entries;
  for (int64_t i = 0; i < 200; ++i) entries.push_back({Value::Int(i), Value::Int(i)});
  const MapData map{entries.data(), 200};
  Declare("s", Type(TypeKind::kString), Value::String(text));
  Declare("l", Type::List(Type(TypeKind::kInt)), Value::List(&list));
  Declare("o", Type::List(Type::Optional(Type(TypeKind::kInt))), Value::List(&optional_list));
  Declare("m", Type::Map(Type(TypeKind::kInt), Type(TypeKind::kInt)), Value::Map(&map));
  for (const absl::string_view source :
       {"math.greatest(l) == 1", "math.least(l) == 1", "'%s'.format([s]) == s",
        "'%x'.format([s]) == s", "'%s'.format([l]) == s", "'%s'.format([m]) == s",
        "base64.encode(bytes(s)) == s", "base64.decode(s) == b''", "optional.unwrap(o) == []",
        "o.unwrapOpt() == []", "l.all(i, v, v == 1)", "l.transformList(i, v, v) == l",
        "l.transformMap(i, v, v) == {}", "m.transformMapEntry(k, v, m) == {}"}) {
    const absl::StatusOr<Program> program = Compile(source);
    ASSERT_TRUE(program.ok()) << source;
    scratch_.Reset(900);
    const Value value = program->Evaluate(FrameOf(), scratch_);
    ASSERT_TRUE(value.IsError()) << source;
    EXPECT_EQ(value.error(), ErrorCode::kStepLimit) << source;
    scratch_.Reset(1'000'000);
    const Value enough = program->Evaluate(FrameOf(), scratch_);
    EXPECT_NE(DebugString(enough), "error: step_limit") << source;
  }
}

TEST_F(ProgramTest, OptionalOfAnUnavailableFactIsNotNone) {
  Declare("late", Type(TypeKind::kInt), Value::Error(ErrorCode::kUnavailable));
  Declare("c.late", Type(TypeKind::kInt), Value::Error(ErrorCode::kUnavailable));
  EXPECT_EQ(Evaluate("c.?late.orValue(1)"), "error: unavailable");
  EXPECT_EQ(Evaluate("[?c.?late]"), "error: unavailable");
  EXPECT_EQ(Evaluate("optional.of(late)"), "error: unavailable");
}

TEST_F(ProgramTest, OptionalOfAConstantNeedsNoFacts) {
  const Value listed[] = {Value::String("A")};
  const ListData list{listed, 1, nullptr};
  ConstantDecl constant{"list.wine", Type::List(Type(TypeKind::kString)), Value::List(&list)};
  ASSERT_TRUE(environment_.Declare(constant).ok());
  EXPECT_EQ(Evaluate("list.?wine.orValue([])"), "[\"A\"]");
  EXPECT_EQ(Evaluate("optional.of(1 + 1).or(optional.none())"), "optional.of(2)");
}

TEST_F(ProgramTest, OneProgramServesManyThreads) {
  Declare("name", Type(TypeKind::kString), Value::String("Anna"));
  const absl::StatusOr<Program> program =
      Compile("name.matches('^A.*a$') && [1, 2].exists(x, size(name) == 2 * x)");
  ASSERT_TRUE(program.ok());
  const Frame frame = FrameOf();
  std::atomic<int> trues{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      Scratch scratch;
      for (int turn = 0; turn < 100; ++turn) {
        scratch.Reset();
        if (program->Evaluate(frame, scratch).IsTrue()) ++trues;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(trues.load(), 400);
}

}  // namespace
}  // namespace touchstone::rules::expr
