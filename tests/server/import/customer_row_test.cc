#include "server/import/customer_row.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/import/row_value.h"
#include "tests/server/import/parsed_mapping.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<v1::CustomerRow> Mapped(const Mapping& mapping,
                                       const std::vector<std::string>& cells) {
  Row row;
  row.cells = cells;
  v1::CustomerRow to;
  const absl::Status status = MapCustomerRow(mapping, row, &to);
  if (!status.ok()) return status;
  return to;
}

TEST(CustomerRowTest, TakesHouseholdAndConsents) {
  const Mapping mapping = Parsed(
      "kind: customers\ncustomer: id\nhousehold: home\nconsents:\n  marketing_mail: mail\n"
      "  marketing_call: { column: call, granted: [J], denied: [N], time: { column: since, "
      "format: \"%d.%m.%Y\" } }\n");
  ASSERT_THAT(mapping.columns, ElementsAre("id", "home", "mail", "call", "since"));
  const auto row = Mapped(mapping, {"1", "h1", "no", "J", "02.01.2026"});
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->household(), "h1");
  ASSERT_EQ(row->consents_size(), 2);
  EXPECT_EQ(row->consents(0).purpose(), "marketing_mail");
  EXPECT_EQ(row->consents(0).state(), v1::CONSENT_STATE_DENIED);
  EXPECT_FALSE(row->consents(0).has_update_time());
  EXPECT_EQ(row->consents(1).state(), v1::CONSENT_STATE_GRANTED);
  EXPECT_EQ(row->consents(1).update_time().seconds(), 1767312000);
  // An empty cell says nothing, another word is a fault.
  EXPECT_EQ(Mapped(mapping, {"1", "", "", "", ""})->consents_size(), 0);
  EXPECT_THAT(std::string(Mapped(mapping, {"1", "", "", "j", ""}).status().message()),
              HasSubstr("marketing_call: the cell is none of J, N"));
}

TEST(CustomerRowTest, TakesContacts) {
  const Mapping mapping = Parsed(
      "kind: contacts\ncustomer: id\noffer: offer\ncontact: { constant: shown }\n"
      "channel: channel\ndirection: { cel: \"row.way == 'o' ? 'outbound' : 'inbound'\" }\n"
      "time: time\n");
  const auto row = Mapped(mapping, {"1", "beans", "call", "o", "2026-11-01 10:00"});
  ASSERT_TRUE(row.ok()) << row.status();
  ASSERT_EQ(row->contacts_size(), 1);
  EXPECT_EQ(row->contacts(0).offer(), "beans");
  EXPECT_EQ(row->contacts(0).kind(), "shown");
  EXPECT_EQ(row->contacts(0).channel(), "call");
  EXPECT_EQ(row->contacts(0).direction(), v1::DIRECTION_OUTBOUND);
  EXPECT_EQ(row->contacts(0).contact_time().seconds(), 1793527200);
  EXPECT_THAT(std::string(Mapped(mapping, {"1", "", "call", "o", "2026-11-01"}).status().message()),
              HasSubstr("the offer is empty"));
  EXPECT_THAT(Fault("kind: contacts\ncustomer: id\n"), HasSubstr("`channel` is missing"));
}

constexpr char kExpressions[] = R"yaml(kind: customers
empty: [NA]
skip: [{ cel: "row.tier == 'test'" }]
customer: { cel: "'c-' + row.id" }
attributes:
  full_name: { cel: "row.first + ' ' + row[\"Last Name\"]" }
  spend: { cel: "money(row.spend + ' EUR')", type: money, currency: EUR }
  points: { cel: "int(row.points) * 2", type: int }
  born: { cel: "row.day + '.' + row.month + '.2000'", type: date, format: "%d.%m.%Y" }
  tags: { cel: "has(row.tier) ? [row.tier, 'x'] : ['none']", type: list(string) }
)yaml";

TEST(RowExpressionTest, GivesValuesOfEveryType) {
  const Mapping mapping = Parsed(kExpressions);
  ASSERT_THAT(mapping.columns,
              ElementsAre("tier", "id", "first", "Last Name", "spend", "points", "day", "month"));
  const auto row = Mapped(mapping, {"gold", "7", "Ada", "Byron", "12.5", "21", "24", "12"});
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->customer_id(), "c-7");
  EXPECT_EQ(row->attributes().at("full_name").string_value(), "Ada Byron");
  EXPECT_EQ(row->attributes().at("spend").money_value().amount_minor(), 1250);
  EXPECT_EQ(row->attributes().at("points").int_value(), 42);
  EXPECT_EQ(row->attributes().at("born").date_value(), "2000-12-24");
  EXPECT_THAT(row->attributes().at("tags").string_list_value().values(), ElementsAre("gold", "x"));
}

TEST(RowExpressionTest, AnEmptyCellIsAbsentAndSoIsWhatNeedsIt) {
  const Mapping mapping = Parsed(kExpressions);
  const auto row = Mapped(mapping, {"NA", "7", "", "Byron", "", "", "24", "12"});
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_FALSE(row->attributes().contains("full_name"));
  EXPECT_FALSE(row->attributes().contains("spend"));
  EXPECT_THAT(row->attributes().at("tags").string_list_value().values(), ElementsAre("none"));
}

TEST(RowExpressionTest, WhatGoesWrongNamesTheFieldAndTheReason) {
  const Mapping mapping = Parsed(kExpressions);
  const auto row = Mapped(mapping, {"gold", "7", "Ada", "Byron", "1", "many", "24", "12"});
  EXPECT_EQ(std::string(row.status().message()),
            "points: the expression goes wrong: invalid_argument");
}

TEST(RowExpressionTest, FiltersRows) {
  const Mapping mapping = Parsed(kExpressions);
  Row row;
  row.cells = {"test", "7", "", "", "", "", "", ""};
  EXPECT_FALSE(*IsWanted(mapping, row));
  row.cells[0] = "gold";
  EXPECT_TRUE(*IsWanted(mapping, row));
  row.cells[0] = "";
  EXPECT_TRUE(*IsWanted(mapping, row));
}

TEST(RowExpressionTest, IsCheckedWhenTheMappingIsRead) {
  const std::string head = "kind: customers\ncustomer: id\nattributes:\n  a: { cel: ";
  EXPECT_THAT(Fault(head + "\"row.a +\" }\n"), HasSubstr("m.yaml:4: at character"));
  EXPECT_THAT(Fault(head + "\"row.a\", type: int }\n").substr(0, 9), "");
  EXPECT_THAT(Fault(head + "\"1 + 2\" }\n"), HasSubstr("m.yaml:4: "));
  EXPECT_THAT(Fault(head + "\"customer.tier\" }\n"), HasSubstr("customer"));
  EXPECT_THAT(Fault("kind: customers\ncustomer: id\nskip: [{ cel: \"row.a\" }]\n"),
              HasSubstr("m.yaml:3: "));
}

}  // namespace
}  // namespace touchstone::server
