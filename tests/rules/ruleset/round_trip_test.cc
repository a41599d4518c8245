#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "rules/ruleset/files.h"
#include "tests/rules/ruleset/random_rule_set.h"
#include "tests/rules/ruleset/sample_folder.h"

namespace touchstone::rules {
namespace {

std::string Difference(const v1::RuleSet& a, const v1::RuleSet& b) {
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  differencer.Compare(a, b);
  return difference;
}

std::string AllOf(const Diagnostics& diagnostics) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) out += Render(diagnostic);
  return out;
}

std::string BytesOf(const std::vector<SourceFile>& files) {
  std::string out;
  for (const SourceFile& file : files) out += "## " + file.path + "\n" + file.bytes;
  return out;
}

TEST(RoundTripTest, AnyMessageIsReadBackFromItsFiles) {
  EXPECT_TRUE(rc::check("load(export(m)) == m", [] {
    const v1::RuleSet message = RandomRuleSet(*rc::gen::arbitrary<uint64_t>());
    const std::vector<SourceFile> files = ExportRuleSetFiles(message);
    const LoadedRuleSet loaded = LoadRuleSetFiles(files);
    if (!loaded.diagnostics.empty()) RC_FAIL(AllOf(loaded.diagnostics) + BytesOf(files));
    const std::string difference = Difference(message, loaded.message);
    if (!difference.empty()) RC_FAIL(difference + BytesOf(files));
  }));
}

TEST(RoundTripTest, RandomMessagesReachEveryFieldOfARuleSet) {
  size_t largest = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::vector<const google::protobuf::FieldDescriptor*> fields;
    const v1::RuleSet message = RandomRuleSet(seed);
    message.GetReflection()->ListFields(message, &fields);
    largest = std::max(largest, fields.size());
  }
  EXPECT_EQ(largest, static_cast<size_t>(v1::RuleSet::descriptor()->field_count()));
}

class SampleRoundTripTest : public testing::TestWithParam<const char*> {};

TEST_P(SampleRoundTripTest, LoadsExportsAndLoadsToTheSame) {
  const LoadedRuleSet first = LoadRuleSetFiles(SampleFolder(GetParam()));
  ASSERT_THAT(first.diagnostics, testing::IsEmpty()) << AllOf(first.diagnostics);
  const std::vector<SourceFile> exported = ExportRuleSetFiles(first.message);
  const LoadedRuleSet second = LoadRuleSetFiles(exported);
  ASSERT_THAT(second.diagnostics, testing::IsEmpty()) << AllOf(second.diagnostics);
  EXPECT_EQ(Difference(first.message, second.message), "");
  EXPECT_EQ(BytesOf(ExportRuleSetFiles(second.message)), BytesOf(exported));
}

TEST_P(SampleRoundTripTest, TheJsonFormHoldsTheSame) {
  const v1::RuleSet message = LoadRuleSetFiles(SampleFolder(GetParam())).message;
  std::string json;
  ASSERT_TRUE(google::protobuf::util::MessageToJsonString(message, &json).ok());
  EXPECT_THAT(json, testing::HasSubstr("\"requires\":\"basket.net >= 10.00\""));
  v1::RuleSet parsed;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &parsed).ok());
  EXPECT_EQ(Difference(message, parsed), "");
}

INSTANTIATE_TEST_SUITE_P(Samples, SampleRoundTripTest, testing::Values("sample", "whole_shape"),
                         [](const auto& info) { return std::string(info.param); });

TEST(RoundTripTest, AnExportedOfferReadsAsAnAuthorWouldWriteIt) {
  const v1::RuleSet message = LoadRuleSetFiles(SampleFolder("sample")).message;
  std::string offer;
  for (const SourceFile& file : ExportRuleSetFiles(message)) {
    if (file.path == "offers/beans-20.yaml") offer = file.bytes;
  }
  EXPECT_EQ(offer, R"(offer: beans-20
title: 20% off coffee beans
campaign: coffee
group: coffee
applies: automatic
window:
  from: 2026-11-01
  through: 2026-12-24
  days: [mon, tue, wed, thu, fri]
  hours: "07:00-11:00"
  zone: store
channels: [pos, web]
eligible: 'customer.segment == "loyal" && customer.coffee_180d < 3.0 && !("caffeine" in customer.allergies)'
requires: basket.net >= 10.00
benefit: { percent_off: 20, lines: '"coffee.beans" in line.categories', at_most: { EUR: 5.00 } }
stacking: { stage: line, priority: 50, not_with: ["group:staff"] }
value: 0.2 * double(basket.net)
limits:
  - id: weekly
    at_most: 'customer.tier == "gold" ? 2 : 1'
    count: redeemed
    per: customer
    over: calendar_week
treatments:
  home_hero:
    banner: { de: Bohnen 20% billiger, en: "Beans, 20% off" }
    image: beans.jpg
  receipt:
    text: { de: "Bohnen -20%: {benefit.amount} gespart", en: "Beans -20%: you saved {benefit.amount}" }
)");
}

}  // namespace
}  // namespace touchstone::rules
