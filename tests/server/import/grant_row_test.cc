#include "server/import/grant_row.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/import/parsed_mapping.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<v1::GrantItem> Mapped(const Mapping& mapping,
                                     const std::vector<std::string>& cells) {
  Row row;
  row.cells = cells;
  v1::GrantItem to;
  const absl::Status status = MapGrantRow(mapping, row, &to);
  if (!status.ok()) return status;
  return to;
}

std::string RowFault(const Mapping& mapping, const std::vector<std::string>& cells) {
  return std::string(Mapped(mapping, cells).status().message());
}

constexpr char kLeast[] = "kind: grants\nbatch: mailing-47\ncustomer: id\noffer: offer\n";
constexpr char kAll[] = R"(kind: grants
zone: Europe/Berlin
batch: mailing-47
identities: { loyalty_card: card }
offer: { template: "letter-{kind}" }
start: from
end: { column: to, format: "%d.%m.%Y", zone: UTC }
uses: left
)";

TEST(GrantRowTest, TakesWhoseAndWhatAndTheTerms) {
  const Mapping mapping = Parsed(kAll);
  ASSERT_THAT(mapping.columns, ElementsAre("card", "kind", "from", "to", "left"));
  EXPECT_EQ(mapping.batch, "mailing-47");
  const auto grant = Mapped(mapping, {"77", "5", "2026-11-20", "01.01.2027", "3"});
  ASSERT_TRUE(grant.ok()) << grant.status();
  EXPECT_EQ(grant->identity().namespace_(), "loyalty_card");
  EXPECT_EQ(grant->identity().value(), "77");
  EXPECT_EQ(grant->offer_id(), "letter-5");
  EXPECT_EQ(grant->start_time().seconds(), 1795129200);  // midnight in Berlin
  EXPECT_EQ(grant->end_time().seconds(), 1798761600);
  EXPECT_EQ(grant->max_uses(), 3);
}

TEST(GrantRowTest, WhatIsEmptyOrNotMappedIsForEverAndOnce) {
  const auto of_empty_cells = Mapped(Parsed(kAll), {"77", "5", "", "", ""});
  ASSERT_TRUE(of_empty_cells.ok()) << of_empty_cells.status();
  const auto not_mapped = Mapped(Parsed(kLeast), {"anna", "letter-5"});
  ASSERT_TRUE(not_mapped.ok()) << not_mapped.status();
  EXPECT_EQ(not_mapped->customer(), "customers/anna");
  for (const v1::GrantItem& grant : {*of_empty_cells, *not_mapped}) {
    EXPECT_FALSE(grant.has_start_time());
    EXPECT_FALSE(grant.has_end_time());
    EXPECT_EQ(grant.max_uses(), 0);
  }
}

TEST(GrantRowTest, SaysWhatACellIsNot) {
  const Mapping mapping = Parsed(kAll);
  EXPECT_EQ(RowFault(mapping, {"", "5", "", "", ""}), "the loyalty_card is empty");
  EXPECT_EQ(RowFault(mapping, {"77", "", "", "", ""}), "the offer is empty");
  EXPECT_EQ(RowFault(mapping, {"77", "5", "soon", "", ""}),
            "start: `soon` is not a time such as 2026-11-26 08:30");
  EXPECT_EQ(RowFault(mapping, {"77", "5", "", "2027-01-01", ""}),
            "end: `2027-01-01` is not a time of the form %d.%m.%Y");
  EXPECT_EQ(RowFault(mapping, {"77", "5", "", "", "many"}),
            "uses: `many` is not a number with at most six decimals");
  EXPECT_EQ(RowFault(mapping, {"77", "5", "", "", "1.5"}), "uses: `1.5` is not a whole number");
  // The server would take it as once.
  EXPECT_EQ(RowFault(mapping, {"77", "5", "", "", "0"}), "uses: `0` is not 1 or more");
}

TEST(GrantRowTest, TimesAndUsesMayBeExpressions) {
  const Mapping mapping =
      Parsed(absl::StrCat(kLeast, "start: { cel: \"timestamp('2026-11-20T00:00:00Z')\" }\n",
                          "end: { cel: \"row.year + '-01-01'\" }\nuses: { cel: \"int(row.given) - "
                          "int(row.used)\" }\n"));
  ASSERT_THAT(mapping.columns, ElementsAre("id", "offer", "year", "given", "used"));
  const auto grant = Mapped(mapping, {"anna", "letter-5", "2027", "5", "2"});
  ASSERT_TRUE(grant.ok()) << grant.status();
  EXPECT_EQ(grant->start_time().seconds(), 1795132800);
  EXPECT_EQ(grant->end_time().seconds(), 1798761600);
  EXPECT_EQ(grant->max_uses(), 3);
}

TEST(GrantRowTest, AMappingLacksNothingThatGrantsNeed) {
  const std::string bare = Fault("kind: grants\n");
  EXPECT_THAT(bare, HasSubstr("m.yaml:1: `batch` is missing"));
  EXPECT_THAT(bare, HasSubstr("m.yaml:1: `offer` is missing"));
  const std::string whose = "grants say whose they are by `customer`, or by one of `identities`";
  EXPECT_THAT(bare, HasSubstr(whose));
  EXPECT_THAT(Fault(absl::StrCat(kLeast, "identities: { card: card }\n")), HasSubstr(whose));
  EXPECT_THAT(Fault(absl::StrCat(kLeast, "identities: { card: card, phone: phone }\n")),
              HasSubstr(whose));
  EXPECT_THAT(Fault(absl::StrCat(kLeast, "finish: to\n")),
              HasSubstr("m.yaml:5: `finish` is not a key of a mapping file"));
}

TEST(GrantRowTest, ABatchIsAWordAndNoColumn) {
  const std::string rest = "kind: grants\ncustomer: id\noffer: offer\nbatch: ";
  const std::string longest(64, 'b');
  EXPECT_EQ(Parsed(rest + longest + "\n").batch, longest);
  const char* const fault = "m.yaml:4: must be 1 to 64 of [A-Za-z0-9._-]";
  EXPECT_THAT(Fault(rest + longest + "b\n"), HasSubstr(fault));
  EXPECT_THAT(Fault(rest + "mailing 47\n"), HasSubstr(fault));
  EXPECT_THAT(Fault(rest + "{ column: mailing }\n"), HasSubstr("m.yaml:4: must be a text"));
}

TEST(GrantRowTest, UsesAreWholeNumbers) {
  EXPECT_THAT(Fault(absl::StrCat(kLeast, "uses: { column: left, type: bool }\n")),
              HasSubstr("m.yaml:5: `uses` is of type int"));
}

}  // namespace
}  // namespace touchstone::server
