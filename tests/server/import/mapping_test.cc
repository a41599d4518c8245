#include "server/import/mapping.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/import/event_grouping.h"
#include "server/import/row_value.h"
#include "tests/server/import/parsed_mapping.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A value of one column `v` as the options say.
absl::StatusOr<v1::AttributeValue> Value(const std::string& options, const std::string& cell) {
  const Mapping mapping =
      Parsed("kind: customers\ncustomer: id\nattributes:\n  a: { column: v, " + options + " }\n");
  Row row;
  row.cells = {"", cell};
  return ValueOf(mapping.attributes.at(0).second, mapping, row);
}

std::string ValueFault(const std::string& options, const std::string& cell) {
  return std::string(Value(options, cell).status().message());
}

TEST(MappingTest, TheExamplesOfItsPageAreMappings) {
  const char* source_dir = std::getenv("TOUCHSTONE_SOURCE_DIR");
  ASSERT_NE(source_dir, nullptr);
  std::ifstream in(std::string(source_dir) + "/docs/formats/import-mapping.md");
  const std::string page((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const std::string fence = "```yaml\n";
  int examples = 0;
  for (size_t at = page.find(fence); at != std::string::npos; at = page.find(fence, at + 1)) {
    const size_t begin = at + fence.size();
    Parsed(page.substr(begin, page.find("```", begin) - begin));
    ++examples;
  }
  EXPECT_GE(examples, 3);
}

TEST(MappingTest, SaysEveryFaultWithItsLine) {
  const std::string faults = Fault(
      "kind: events\nid: a\ntime: { column: t, type: tim }\nfields:\n  paid: { type: money }\n"
      "colour: green\n");
  EXPECT_THAT(faults, HasSubstr("m.yaml:3: `tim` is not a type"));
  EXPECT_THAT(faults, HasSubstr("m.yaml:5: a value comes from exactly one of"));
  EXPECT_THAT(faults, HasSubstr("m.yaml:5: money needs its currency"));
  EXPECT_THAT(faults, HasSubstr("m.yaml:6: `colour` is not a key of a mapping file"));
  EXPECT_THAT(faults, HasSubstr("`type` is missing"));
  EXPECT_THAT(faults, HasSubstr("events say whose they are"));
}

TEST(MappingTest, RefusesWhatIsNoMapping) {
  EXPECT_THAT(Fault(""), HasSubstr("empty"));
  EXPECT_THAT(Fault("- a\n"), HasSubstr("mapping of keys"));
  EXPECT_THAT(Fault("kind: [\n"), HasSubstr("m.yaml"));
  EXPECT_THAT(Fault("customer: id\n"), HasSubstr("`kind` is missing"));
  EXPECT_THAT(Fault("kind: planets\n"),
              HasSubstr("must be customers, contacts, events, grants, budgets or reference"));
  EXPECT_THAT(ReadMapping("/nonexistent/m.yaml").status().message().data(),
              HasSubstr("cannot read"));
}

TEST(MappingTest, ReadsScalarsOfEveryType) {
  EXPECT_EQ(Value("type: string", "x")->string_value(), "x");
  EXPECT_EQ(Value("type: int", "17850.0")->int_value(), 17850);
  EXPECT_EQ(Value("type: int", "-3")->int_value(), -3);
  EXPECT_EQ(Value("type: double", "2.5")->double_value(), 2.5);
  EXPECT_TRUE(Value("type: bool", "1")->bool_value());
  EXPECT_EQ(Value("type: decimal", "1.250")->decimal_thousandths(), 1250);
  EXPECT_EQ(Value("type: money, currency: GBP", "2.555")->money_value().amount_minor(), 256);
  EXPECT_EQ(Value("type: money, currency: GBP", "-2.555")->money_value().amount_minor(), -256);
  EXPECT_EQ(Value("type: money, currency: JPY", "2.4")->money_value().amount_minor(), 2);
  EXPECT_EQ(Value("type: date", "2026-11-26")->date_value(), "2026-11-26");
  EXPECT_EQ(Value("type: date, format: \"%d.%m.%Y\"", "26.11.2026")->date_value(), "2026-11-26");
  EXPECT_EQ(Value("type: timestamp", "2026-11-26 08:30:00")->timestamp_value().seconds(),
            1795681800);
  EXPECT_EQ(Value("type: timestamp, zone: Europe/Berlin", "2026-11-26T08:30")
                ->timestamp_value()
                .seconds(),
            1795678200);
  EXPECT_EQ(Value("type: int", "")->kind_case(), v1::AttributeValue::KIND_NOT_SET);
}

TEST(MappingTest, ReadsLists) {
  const auto split = Value("type: list(string), split: \"|\"", "a| b|c");
  EXPECT_THAT(split->string_list_value().values(), ElementsAre("a", "b", "c"));
  const auto json = Value("type: list(int)", "[1, 2]");
  EXPECT_THAT(json->int_list_value().values(), ElementsAre(1, 2));
  const auto records =
      Value("type: list(record), fields: { product: string, until: timestamp, count: int }",
            R"([{"product": "card", "until": "2027-01-01", "count": 3}, {"product": "loan"}])");
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_EQ(records->record_list_value().values_size(), 2);
  EXPECT_EQ(records->record_list_value().values(0).fields().at("count").int_value(), 3);
  EXPECT_EQ(records->record_list_value().values(1).fields_size(), 1);
}

TEST(MappingTest, SaysWhatACellIsNot) {
  EXPECT_EQ(ValueFault("type: int", "1.5"), "`1.5` is not a whole number");
  EXPECT_EQ(ValueFault("type: decimal", "0.0001"),
            "`0.0001` is not a number with at most three decimals");
  EXPECT_THAT(ValueFault("type: money, currency: EUR", "ten"), HasSubstr("`ten` is not a number"));
  EXPECT_THAT(ValueFault("type: bool", "maybe"), HasSubstr("true or false"));
  EXPECT_THAT(ValueFault("type: date", "tomorrow"), HasSubstr("a date such as"));
  EXPECT_THAT(ValueFault("type: date, format: \"%d.%m.%Y\"", "2026-11-26"),
              HasSubstr("a date of the form %d.%m.%Y"));
  EXPECT_THAT(ValueFault("type: string", "\xff"), HasSubstr("UTF-8"));
  EXPECT_THAT(ValueFault("type: list(record), fields: { a: int }", "{}"), HasSubstr("JSON list"));
}

TEST(MappingTest, FiltersLeaveRowsOut) {
  const Mapping mapping = Parsed(
      "kind: customers\ncustomer: id\nempty: [NA]\n"
      "skip: [{ column: id, starts_with: C }, { column: city, empty: true }]\n"
      "keep: [{ column: country, equals: DE }]\n");
  const auto wanted = [&](const std::vector<std::string>& cells) {
    Row row;
    row.cells = cells;
    return *IsWanted(mapping, row);
  };
  ASSERT_THAT(mapping.columns, ElementsAre("id", "city", "country"));
  EXPECT_TRUE(wanted({"1", "Bonn", "DE"}));
  EXPECT_FALSE(wanted({"C1", "Bonn", "DE"}));
  EXPECT_FALSE(wanted({"1", "NA", "DE"}));
  EXPECT_FALSE(wanted({"1", "Bern", "CH"}));
}

constexpr char kPurchases[] = R"(kind: events
type: purchase
id: invoice
customer: { column: customer, strip: ".0" }
time: time
until: 2011-01-01
group_by: invoice
fields: { paid: { sum: paid } }
lines:
  sku: sku
  paid: { product: [quantity, price], type: money, currency: GBP }
)";

// Columns as kPurchases asks for them: invoice, customer, time, sku, quantity, price.
class EventGroupingTest : public ::testing::Test {
 protected:
  Row PurchaseRow(const std::string& invoice, const std::string& quantity, const std::string& price,
                  const std::string& time = "2010-12-01 08:26") {
    Row row;
    row.line = ++line_;
    row.cells = {invoice, "17850.0", time, "A", quantity, price};
    return row;
  }

  std::vector<GroupedEvent> Group(const std::vector<Row>& rows) {
    EventGrouping grouping(mapping_);
    std::vector<GroupedEvent> events;
    for (const Row& row : rows) {
      if (auto event = grouping.Add(row)) events.push_back(*std::move(event));
    }
    while (auto event = grouping.End()) events.push_back(*std::move(event));
    return events;
  }

  const Mapping mapping_ = Parsed(kPurchases);
  int64_t line_ = 1;
};

TEST_F(EventGroupingTest, RowsOfOneInvoiceAreItsLines) {
  ASSERT_THAT(mapping_.columns,
              ElementsAre("invoice", "customer", "time", "sku", "quantity", "price"));
  const std::vector<GroupedEvent> events =
      Group({PurchaseRow("1", "6", "2.555"), PurchaseRow("1", "2", "0.001"),
             PurchaseRow("C2", "-1", "27.5"), PurchaseRow("1", "1", "1")});
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].event.customer(), "customers/17850");
  EXPECT_EQ(events[0].event.event().lines_size(), 3);
  EXPECT_EQ(events[0].rows.size(), 3u);
  // 15.33 and 0.002, each rounded, and 1.00.
  EXPECT_EQ(events[0].event.event().fields().at("paid").money_value().amount_minor(), 1633);
  EXPECT_EQ(events[1].event.event().fields().at("paid").money_value().amount_minor(), -2750);
}

TEST_F(EventGroupingTest, OneBrokenRowBreaksItsEventOnly) {
  const std::vector<GroupedEvent> events =
      Group({PurchaseRow("1", "6", "2.5"), PurchaseRow("1", "six", "2.5"),
             PurchaseRow("2", "1", "1"), PurchaseRow("3", "1", "1", "noon")});
  ASSERT_EQ(events.size(), 3u);
  EXPECT_THAT(events[0].error, HasSubstr("line 3: paid: `six` is not a number"));
  EXPECT_EQ(events[0].rows.size(), 2u);
  EXPECT_EQ(events[1].error, "");
  EXPECT_THAT(events[2].error, HasSubstr("noon"));
}

TEST_F(EventGroupingTest, RowsFarFromTheirEventAreNotAnother) {
  std::vector<Row> rows = {PurchaseRow("first", "1", "1")};
  for (size_t i = 0; i < kOpenEvents; ++i) rows.push_back(PurchaseRow(std::to_string(i), "1", "1"));
  rows.push_back(PurchaseRow("first", "1", "1"));
  const std::vector<GroupedEvent> events = Group(rows);
  ASSERT_EQ(events.size(), kOpenEvents + 2);
  EXPECT_EQ(events.front().error, "");
  EXPECT_THAT(events.back().error, HasSubstr("do not stand together"));
  rows.erase(rows.begin() + 1);
  EXPECT_EQ(Group(rows).size(), kOpenEvents) << "near enough";
}

TEST_F(EventGroupingTest, AColumnThatNeverChangesDoesNotHoldTheWholeFile) {
  EventGrouping grouping(mapping_);
  std::optional<GroupedEvent> event;
  size_t rows = 0;
  while (!event.has_value() && rows < 2 * kMaxEventRows) {
    event = grouping.Add(PurchaseRow("1", "1", "1"));
    ++rows;
  }
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->rows.size(), kMaxEventRows + 1);
  EXPECT_THAT(event->error, HasSubstr("is invoice the column to group by?"));
}

TEST_F(EventGroupingTest, EventsOutsideOfTheRangeAreLeftOut) {
  const std::vector<GroupedEvent> events =
      Group({PurchaseRow("1", "1", "1"), PurchaseRow("2", "1", "1", "2011-01-01 00:00")});
  ASSERT_EQ(events.size(), 2u);
  EXPECT_FALSE(events[0].left_out);
  EXPECT_TRUE(events[1].left_out);
}

}  // namespace
}  // namespace touchstone::server
