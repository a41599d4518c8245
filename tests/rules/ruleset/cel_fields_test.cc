#include "rules/ruleset/cel_fields.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::rules {
namespace {

TEST(CelFieldsTest, NamesTextFieldsOfTheMessagesInByteOrder) {
  ASSERT_TRUE(std::is_sorted(CelFields().begin(), CelFields().end()));
  ASSERT_NE(v1::RuleSet::descriptor(), nullptr);
  for (const absl::string_view name : CelFields()) {
    const auto* field =
        google::protobuf::DescriptorPool::generated_pool()->FindFieldByName(std::string(name));
    ASSERT_NE(field, nullptr) << name;
    EXPECT_EQ(field->cpp_type(), google::protobuf::FieldDescriptor::CPPTYPE_STRING) << name;
    EXPECT_TRUE(IsCelField(name));
  }
}

TEST(CelFieldsTest, LeavesOutWordsThatOnlyLookLikeConditions) {
  EXPECT_FALSE(IsCelField("touchstone.v1.ConsentNeed.when"));
  EXPECT_FALSE(IsCelField("touchstone.v1.Aggregate.count"));
  EXPECT_FALSE(IsCelField("touchstone.v1.Offer.title"));
  EXPECT_FALSE(IsCelField(""));
}

}  // namespace
}  // namespace touchstone::rules
