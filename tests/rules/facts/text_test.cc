#include "rules/facts/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace touchstone::rules {
namespace {

using expr::Type;
using expr::TypeKind;
using testing::HasSubstr;

absl::TimeZone Berlin() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Berlin", &zone));
  return zone;
}

Currency Euro() { return *Currency::FromCode("EUR"); }

class ScalarTest : public testing::Test {
 protected:
  absl::StatusOr<expr::Value> Read(absl::string_view text, TypeKind kind,
                                   ValueForm form = ValueForm::kPlain) {
    return ParseScalar(text, Type(kind), form, {"none", "gold"}, Euro(), Berlin(), memory_);
  }
  std::string Shown(absl::string_view text, TypeKind kind, ValueForm form = ValueForm::kPlain) {
    const absl::StatusOr<expr::Value> value = Read(text, kind, form);
    return value.ok() ? expr::DebugString(*value) : std::string(value.status().message());
  }

  expr::Arena memory_;
};

TEST_F(ScalarTest, ReadsEveryScalarTypeFromItsOwnForm) {
  EXPECT_TRUE(Read("true", TypeKind::kBool)->bool_value());
  EXPECT_EQ(Read("-12", TypeKind::kInt)->int_value(), -12);
  EXPECT_EQ(Read("2.5", TypeKind::kDouble)->double_value(), 2.5);
  EXPECT_EQ(Read("Alto", TypeKind::kString)->string_value(), "Alto");
  EXPECT_EQ(Read("0.25", TypeKind::kDecimal)->decimal_value().thousandths, 250);
  EXPECT_EQ(Read("gold", TypeKind::kString, ValueForm::kEnum)->string_value(), "gold");
  EXPECT_EQ(Read("Asia/Tokyo", TypeKind::kString, ValueForm::kTimezone)->string_value(),
            "Asia/Tokyo");
  EXPECT_EQ(Read("CHF", TypeKind::kString, ValueForm::kCurrency)->string_value(), "CHF");
}

TEST_F(ScalarTest, TakesTheGivenCurrencyOnlyForAmountsThatNameNone) {
  EXPECT_EQ(Read("12.50", TypeKind::kMoney)->money_value(), (Money{1250, Euro()}));
  EXPECT_EQ(Read("12.50 CHF", TypeKind::kMoney)->money_value(),
            (Money{1250, *Currency::FromCode("CHF")}));
}

TEST_F(ScalarTest, ReadsADateAsMidnightOfUtcWhateverTheZone) {
  const absl::StatusOr<expr::Value> date =
      Read("1990-02-28", TypeKind::kTimestamp, ValueForm::kDate);
  EXPECT_EQ(date->timestamp_value(),
            absl::FromCivil(absl::CivilDay(1990, 2, 28), absl::UTCTimeZone()));
}

TEST_F(ScalarTest, RefusesWhatIsNotOfTheTypeAndNamesTheExpectedForm) {
  EXPECT_THAT(Shown("yes", TypeKind::kBool), HasSubstr("true or false"));
  EXPECT_THAT(Shown(" 12", TypeKind::kInt), HasSubstr("a whole number"));
  EXPECT_THAT(Shown("12x", TypeKind::kInt), HasSubstr("a whole number"));
  EXPECT_THAT(Shown("9223372036854775808", TypeKind::kInt), HasSubstr("a whole number"));
  EXPECT_THAT(Shown("inf", TypeKind::kDouble), HasSubstr("a number"));
  EXPECT_THAT(Shown("12.505", TypeKind::kMoney), HasSubstr("an amount of EUR"));
  EXPECT_THAT(Shown("12.50 XYZ", TypeKind::kMoney), HasSubstr("12.50 EUR"));
  EXPECT_THAT(Shown("0.2505", TypeKind::kDecimal), HasSubstr("three decimals"));
  EXPECT_THAT(Shown("platinum", TypeKind::kString, ValueForm::kEnum), HasSubstr("none, gold"));
  EXPECT_THAT(Shown("Mars/Base", TypeKind::kString, ValueForm::kTimezone), HasSubstr("IANA"));
  EXPECT_THAT(Shown("EURO", TypeKind::kString, ValueForm::kCurrency), HasSubstr("ISO 4217"));
}

TEST_F(ScalarTest, CutsLongTextsInMessages) {
  EXPECT_THAT(Shown(std::string(500, 'x'), TypeKind::kInt),
              HasSubstr(std::string(40, 'x') + "…\" is not"));
}

TEST(DateTest, RefusesDaysThatNoCalendarHas) {
  EXPECT_TRUE(ParseDate("2028-02-29").ok());
  for (const char* text : {"2026-02-29", "2026-11-31", "2026-13-01", "2026-00-10", "0000-01-01",
                           "2026-1-01", "2026-01-01 ", "01.02.2026", ""}) {
    EXPECT_FALSE(ParseDate(text).ok()) << text;
  }
}

TEST(TimestampTest, ReadsATimeWithoutOffsetInTheZone) {
  const absl::Time expected =
      absl::FromCivil(absl::CivilSecond(2026, 11, 26, 7, 30, 0), absl::UTCTimeZone());
  EXPECT_EQ(*ParseTimestamp("2026-11-26T08:30", Berlin()), expected);
  EXPECT_EQ(*ParseTimestamp("2026-11-26T08:30:00", Berlin()), expected);
  EXPECT_EQ(*ParseTimestamp("2026-11-26T07:30Z", Berlin()), expected);
  EXPECT_EQ(*ParseTimestamp("2026-11-26T02:30-05:00", Berlin()), expected);
  EXPECT_EQ(*ParseTimestamp("2026-11-26T13:00+05:30", Berlin()), expected);
  EXPECT_EQ(*ParseTimestamp("2026-11-26T07:30:00.25Z", Berlin()),
            expected + absl::Milliseconds(250));
}

TEST(TimestampTest, RefusesOtherFormsAndYearsThatNoTimestampHolds) {
  for (const char* text :
       {"2026-11-26", "2026-11-26 08:30", "2026-11-26T8:30", "2026-11-26T24:00", "2026-11-26T08:60",
        "2026-11-26T08:30:60", "2026-11-26T08:30+5:00", "2026-11-26T08:30ZZ", "2026-11-26T08:30.",
        "0001-01-01T00:00+01:00", "9999-12-31T23:59-01:00", "2026-11-26T08:30:00.1234567890Z"}) {
    EXPECT_FALSE(ParseTimestamp(text, absl::UTCTimeZone()).ok()) << text;
  }
}

TEST(TrailingWindowTest, ReadsDaysHoursAndEverUpToTheirLimits) {
  EXPECT_EQ(ParseTrailingWindow("90d")->count, 90);
  EXPECT_EQ(ParseTrailingWindow("90d")->unit, TrailingWindow::Unit::kDays);
  EXPECT_EQ(ParseTrailingWindow("24h")->unit, TrailingWindow::Unit::kHours);
  EXPECT_EQ(ParseTrailingWindow("")->unit, TrailingWindow::Unit::kEver);
  EXPECT_TRUE(ParseTrailingWindow("3660d").ok());
  EXPECT_FALSE(ParseTrailingWindow("3661d").ok());
  EXPECT_TRUE(ParseTrailingWindow("8784h").ok());
  EXPECT_FALSE(ParseTrailingWindow("8785h").ok());
  for (const char* text : {"0d", "-1d", "90", "d", "90m", "1.5d", "90 d", " 90d"}) {
    EXPECT_FALSE(ParseTrailingWindow(text).ok()) << text;
  }
}

}  // namespace
}  // namespace touchstone::rules
