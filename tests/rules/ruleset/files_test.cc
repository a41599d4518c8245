#include "rules/ruleset/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/ruleset/sample_folder.h"

namespace touchstone::rules {
namespace {

std::vector<std::string> Codes(const Diagnostics& diagnostics) {
  std::vector<std::string> codes;
  for (const Diagnostic& diagnostic : diagnostics) codes.push_back(diagnostic.code);
  return codes;
}

std::string AllOf(const Diagnostics& diagnostics) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) out += Render(diagnostic);
  return out;
}

TEST(FilesTest, EveryRequiredFileIsMissedByName) {
  const LoadedRuleSet loaded = LoadRuleSetFiles({});
  std::vector<std::string> files;
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    EXPECT_EQ(diagnostic.code, "missing_file");
    files.push_back(diagnostic.file);
  }
  EXPECT_THAT(files, testing::ElementsAre("rule_set.yaml", "schema.yaml", "segments.yaml",
                                          "placements.yaml"));
}

TEST(FilesTest, LoadsTheSampleWithoutFindings) {
  const LoadedRuleSet loaded = LoadRuleSetFiles(SampleFolder("sample"));
  ASSERT_THAT(loaded.diagnostics, testing::IsEmpty()) << AllOf(loaded.diagnostics);
  const v1::RuleSet& message = loaded.message;
  EXPECT_EQ(message.settings().zone(), "Europe/Berlin");
  EXPECT_EQ(message.schema().customer().at("tier").default_().text(), "none");
  EXPECT_TRUE(message.schema().customer().at("allergies").default_().has_list());
  EXPECT_TRUE(message.schema().customer().at("birth_date").pii());
  EXPECT_EQ(message.schema().aggregates().at("visits_30d").count(), "visit");
  EXPECT_EQ(message.segments(1).when(), "customer.visits_30d == 0 && !has(customer.last_purchase)");
  EXPECT_EQ(message.placements().at("agent_top3").group_at_most().at("coffee"), 1);
  EXPECT_TRUE(message.placements().at("agent_top3").fields().contains("title"));
  ASSERT_EQ(message.offers_size(), 3);
  const v1::Offer& beans = message.offers(0);
  EXPECT_EQ(beans.benefit().percent_off(), "20");
  EXPECT_EQ(beans.benefit().at_most().amounts().at("EUR"), "5.00");
  EXPECT_EQ(beans.requires_condition(), "basket.net >= 10.00");
  EXPECT_EQ(beans.treatments().at("home_hero").fields().at("image").text(), "beans.jpg");
  EXPECT_FALSE(message.offers(2).has_eligible());
  EXPECT_THAT(message.lists().at("house_brand").skus(), testing::SizeIs(3));
  EXPECT_EQ(message.tests(0).given().customer().fields().at("spend_90d").text(), "412.00");
  EXPECT_EQ(message.tests(0).expect().applied().amounts().at("beans-20"), "5.00");
  EXPECT_TRUE(message.tests(1).expect().has_applied());
  EXPECT_EQ(message.tests(1).expect().applied().amounts_size(), 0);
  EXPECT_FALSE(message.tests(1).given().customer().fields().empty());
  EXPECT_EQ(message.test_reference(0).table(), "product");
}

TEST(FilesTest, LoadsTheWholeShapeWithoutFindings) {
  const LoadedRuleSet loaded = LoadRuleSetFiles(SampleFolder("whole_shape"));
  ASSERT_THAT(loaded.diagnostics, testing::IsEmpty()) << AllOf(loaded.diagnostics);
  EXPECT_EQ(loaded.message.budgets().at("coffee-autumn").uses(), 50000);
  EXPECT_EQ(loaded.message.campaigns().at("coffee").funding().at("own"), "40%");
  EXPECT_EQ(loaded.message.policy().quiet_hours(0).from(), "20:00");
  EXPECT_EQ(loaded.message.policy().consent().needs(1).when(), "personal");
  EXPECT_EQ(loaded.message.offers(0).stacking().not_with(0), "group:staff");
  EXPECT_EQ(loaded.message.offers(0).promise().use_within(), "3d");
  EXPECT_EQ(loaded.message.audiences().at("coffee_lovers").when(), "customer.coffee_180d >= 3.0");
  EXPECT_EQ(loaded.message.tables().at("coffee_rate").inputs().at("tier"), "customer.tier");
  EXPECT_EQ(loaded.message.table_rows().at("coffee_rate").rows(1).cells(0), "silver | gold");
}

TEST(FilesTest, ReportsTheFindingsOfAllFiles) {
  std::vector<SourceFile> files = SmallestFolderWith({"offers/a.yaml", "offer: a\ntitle:\n"});
  files.push_back({"offers/b.yaml", "offer: b\neligible: &&\ntitle: x\n"});
  files.push_back({"offers/c.yaml", "offer: c\nx: 1\ny: 2\n"});
  files.push_back({"readme.md", "# x"});
  EXPECT_THAT(Codes(LoadRuleSetFiles(files).diagnostics),
              testing::ElementsAre("empty_value", "anchor_not_allowed", "unknown_key",
                                   "unknown_key", "unknown_file"));
}

TEST(FilesTest, AFileGivenTwiceIsAnError) {
  std::vector<SourceFile> files = SmallestFolder();
  files.push_back(files[0]);
  EXPECT_THAT(Codes(LoadRuleSetFiles(files).diagnostics), testing::ElementsAre("duplicate_file"));
}

TEST(FilesTest, AnOfferIdInTwoFilesIsAnError) {
  std::vector<SourceFile> files = SmallestFolderWith({"offers/a.yaml", "offer: a\n"});
  files.push_back({"offers/b.yaml", "offer: a\n"});
  const Diagnostics found = LoadRuleSetFiles(files).diagnostics;
  EXPECT_THAT(Codes(found), testing::ElementsAre("offer_file_name", "duplicate_offer"));
  EXPECT_THAT(found[1].message, testing::HasSubstr("offers/a.yaml"));
  EXPECT_EQ(found[1].file, "offers/b.yaml");
}

TEST(FilesTest, AnOfferWithoutItsIdIsAskedForIt) {
  const Diagnostics found =
      LoadRuleSetFiles(SmallestFolderWith({"offers/a.yaml", "title: A\n"})).diagnostics;
  EXPECT_THAT(Codes(found), testing::ElementsAre("missing_value"));
  EXPECT_EQ(found[0].file, "offers/a.yaml");
  EXPECT_THAT(found[0].hint, testing::HasSubstr("`offer: a`"));
}

TEST(FilesTest, MoreFilesThanTheLimitAreRefusedUnread) {
  std::vector<SourceFile> files(kMaxRuleSetFiles + 1);
  EXPECT_THAT(Codes(LoadRuleSetFiles(files).diagnostics), testing::ElementsAre("too_many_files"));
}

TEST(FilesTest, AListOfMoreSkusThanTheLimitIsRefused) {
  std::string bytes = "sku\n";
  for (int i = 0; i < 1'000'000; ++i) bytes += std::to_string(i) + "\n";
  SourceFile file{"lists/a.csv", bytes};
  EXPECT_THAT(Codes(LoadRuleSetFiles(SmallestFolderWith(file)).diagnostics), testing::IsEmpty());
  file.bytes += "x\n";
  EXPECT_THAT(Codes(LoadRuleSetFiles(SmallestFolderWith(file)).diagnostics),
              testing::ElementsAre("list_too_long"));
}

TEST(FilesTest, OffersComeInOrderOfTheirIdsAndTestsInOrderOfTheirFiles) {
  std::vector<SourceFile> files = SmallestFolder();
  for (const char* id : {"b", "a.x", "a", "a-b"}) {
    files.push_back({std::string("offers/") + id + ".yaml", std::string("offer: ") + id + "\n"});
  }
  files.push_back({"tests/2.yaml", "[{ name: third }]\n"});
  files.push_back({"tests/1.yaml", "[{ name: first }, { name: second }]\n"});
  const LoadedRuleSet loaded = LoadRuleSetFiles(files);
  ASSERT_THAT(loaded.diagnostics, testing::IsEmpty()) << AllOf(loaded.diagnostics);
  std::vector<std::string> names;
  for (const v1::Offer& offer : loaded.message.offers()) names.push_back(offer.offer());
  for (const v1::GoldenTest& test : loaded.message.tests()) names.push_back(test.name());
  EXPECT_THAT(names, testing::ElementsAre("a", "a-b", "a.x", "b", "first", "second", "third"));
  EXPECT_EQ(loaded.sources.Find("tests[2].name")->file, "tests/2.yaml");
}

TEST(FilesTest, ABrokenValueIsReportedOnceAndTheRestIsRead) {
  const LoadedRuleSet loaded = LoadRuleSetFiles(
      SmallestFolderWith({"offers/a.yaml", "offer: a\nwindow: !x { from: [] }\ntitle: kept\n"}));
  EXPECT_THAT(Codes(loaded.diagnostics), testing::ElementsAre("tag_not_allowed"));
  EXPECT_EQ(loaded.message.offers(0).title(), "kept");
  EXPECT_FALSE(loaded.message.offers(0).has_window());
}

}  // namespace
}  // namespace touchstone::rules
