#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

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

// Every field that is set in `message` or below it.
void CollectSet(const google::protobuf::Message& message,
                std::set<const google::protobuf::FieldDescriptor*>& seen) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const auto* field : fields) {
    seen.insert(field);
    if (field->message_type() == nullptr) continue;
    if (!field->is_repeated()) CollectSet(reflection.GetMessage(message, field), seen);
    for (int i = 0; field->is_repeated() && i < reflection.FieldSize(message, field); ++i) {
      CollectSet(reflection.GetRepeatedMessage(message, field, i), seen);
    }
  }
}

// Every field that could be.
void CollectKnown(const google::protobuf::Descriptor& message,
                  std::set<const google::protobuf::FieldDescriptor*>& known) {
  for (int i = 0; i < message.field_count(); ++i) {
    const bool is_new = known.insert(message.field(i)).second;
    if (is_new && message.field(i)->message_type() != nullptr) {
      CollectKnown(*message.field(i)->message_type(), known);
    }
  }
}

TEST(RoundTripTest, RandomMessagesReachEveryField) {
  std::set<const google::protobuf::FieldDescriptor*> seen;
  std::set<const google::protobuf::FieldDescriptor*> known;
  for (uint64_t seed = 0; seed < 100; ++seed) CollectSet(RandomRuleSet(seed), seen);
  CollectKnown(*v1::RuleSet::descriptor(), known);
  for (const auto* field : known) EXPECT_TRUE(seen.contains(field)) << field->full_name();
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
  EXPECT_THAT(json, testing::HasSubstr("\"requires\":\"basket.net"));
  v1::RuleSet parsed;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &parsed).ok());
  EXPECT_EQ(Difference(message, parsed), "");
}

INSTANTIATE_TEST_SUITE_P(Samples, SampleRoundTripTest, testing::Values("sample", "whole_shape"),
                         [](const auto& sample) { return std::string(sample.param); });

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
benefit:
  percent_off: 20
  lines: '"coffee.beans" in line.categories'
  at_most: { CHF: 5.00, EUR: 5.00 }
stacking: { stage: line, priority: 50 }
value: 0.2 * double(basket.net)
limits:
  - id: weekly
    at_most: 'customer.tier == "gold" ? 2 : 1'
    count: redeemed
    per: customer
    over: calendar_week
treatments:
  home_hero: { banner: { de: Bohnen 20% billiger, en: "Beans, 20% off" }, image: beans.jpg }
  receipt:
    text:
      de: "Bohnen -20%: {benefit.amount} gespart"
      en: "Beans -20%: you saved {benefit.amount}"
)");
}

}  // namespace
}  // namespace touchstone::rules
