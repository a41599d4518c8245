#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rules/facts/reference.h"
#include "server/decide/identity.h"
#include "server/ingest/attribute_patch.h"
#include "server/ingest/event_increments.h"
#include "server/services/rule_set_check.h"
#include "store/record.h"
#include "tests/server/grocery_rules.h"
#include "tests/server/test_server.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class IngestTest : public ::testing::Test {
 protected:
  IngestTest() {
    auto live = std::make_shared<LiveState>();
    live->rule_set = CheckRuleSet(GroceryRules(), false, absl::UnixEpoch()).rule_set;
    auto reference = std::make_shared<rules::ReferenceSnapshot>();
    reference->products = rules::ReferenceTable(2);
    const rules::expr::Value coffee = rules::expr::Value::String("coffee");
    const rules::expr::ListData categories{&coffee, 1, nullptr};
    const rules::expr::Value row[] = {rules::expr::Value::Absent(),
                                      rules::expr::Value::List(&categories)};
    EXPECT_TRUE(reference->products.Add("BEANS", row).ok());
    reference->stores = rules::ReferenceTable(2);
    live->reference = reference;
    live_ = live;
  }

  // The record after the patch on top of what was there.
  void Apply(const store::RecordPatch& patch) {
    const absl::string_view patches[] = {patch.bytes()};
    auto applied = store::ApplyPatches(record_, patches);
    ASSERT_TRUE(applied.ok()) << applied.status();
    record_ = *std::move(applied);
  }

  std::vector<Violation> Add(const v1::Event& event) {
    EventIncrements increments(live_, kNow);
    EventPatches patches;
    std::vector<Violation> violations;
    increments.Add(event, "event", &patches, &violations);
    if (violations.empty()) Apply(patches.customer);
    EXPECT_TRUE(violations.empty() || patches.customer.empty());
    return violations;
  }

  uint32_t Id(const std::string& aggregate) {
    for (const rules::AggregateSpec& spec : live_->rule_set->schema.aggregates) {
      if (spec.name == aggregate) return spec.id;
    }
    ADD_FAILURE() << aggregate;
    return 0;
  }

  // Sum over all buckets of an aggregate.
  int64_t Sum(const std::string& aggregate) {
    const auto view = store::RecordView::Parse(record_)->FindAggregate(Id(aggregate));
    int64_t sum = 0;
    for (size_t i = 0; view.has_value() && i < view->bucket_count(); ++i) {
      sum += view->bucket(i).sum;
    }
    return sum;
  }

  size_t Buckets(const std::string& aggregate) {
    const auto view = store::RecordView::Parse(record_)->FindAggregate(Id(aggregate));
    return view.has_value() ? view->bucket_count() : 0;
  }

  static constexpr int64_t kNowSeconds = 1'795'161'600;
  const absl::Time kNow = absl::FromUnixSeconds(kNowSeconds);
  std::shared_ptr<const LiveState> live_;
  std::string record_;
};

TEST_F(IngestTest, AnEventAddsToEveryAggregateOfItsType) {
  EXPECT_THAT(Add(Purchase("e1", kNow, 1250, 2500)), IsEmpty());
  EXPECT_EQ(Sum("spend_90d"), 1250);
  EXPECT_EQ(Sum("coffee_180d"), 2500);
  EXPECT_EQ(Buckets("visits_30d"), 0u);
}

TEST_F(IngestTest, TakingAnEventBackLeavesNothingOfItsSums) {
  const v1::Event event = Purchase("e1", kNow, 1250, 2500);
  Add(event);
  EventIncrements increments(live_, kNow);
  EventPatches patches;
  EXPECT_TRUE(increments.TakeBack(event, &patches).customer)
      << "what was the last one before is not known";
  Apply(patches.customer);
  EXPECT_EQ(Sum("spend_90d"), 0);
  EXPECT_EQ(Sum("coffee_180d"), 0);
  EXPECT_TRUE(store::RecordView::Parse(record_)->FindAggregate(Id("last_purchase"))->stale());
}

TEST_F(IngestTest, TakingBackWhatTookAnotherEventBackAddsNothing) {
  v1::Event event = Purchase("e2", kNow, 1250, 2500);
  event.set_reverses_event_id("e1");
  EventIncrements increments(live_, kNow);
  EventPatches patches;
  EXPECT_FALSE(increments.TakeBack(event, &patches).customer);
  EXPECT_TRUE(patches.customer.empty());
}

TEST_F(IngestTest, AnEventFromAWrongClockDoesNotEmptyTheRecord) {
  Add(Purchase("e1", kNow, 100));
  Add(Purchase("e2", kNow + absl::Hours(24 * 4000), 200));
  EXPECT_EQ(Sum("spend_90d"), 300);
}

TEST_F(IngestTest, BucketsOutsideOfTheWindowAreDropped) {
  Add(Purchase("e1", kNow - absl::Hours(24 * 200), 100));
  Add(Purchase("e2", kNow, 200));
  EXPECT_EQ(Buckets("spend_90d"), 1u);
  EXPECT_EQ(Sum("spend_90d"), 200);
  Add(Purchase("late", kNow - absl::Hours(24), 50));
  EXPECT_EQ(Sum("spend_90d"), 250);
}

TEST_F(IngestTest, TheStoreOfAnEventIsItsFieldWhenThatIsNotGiven) {
  v1::Event event = Purchase("e1", kNow, 100);
  (*event.mutable_fields())["store"].set_int_value(3);
  EXPECT_EQ(Add(event).size(), 1u) << "a given one is checked";
  event.mutable_fields()->erase("store");
  EXPECT_THAT(Add(event), IsEmpty());
}

TEST_F(IngestTest, EveryViolationOfAnEventIsListed) {
  v1::Event event = Purchase(std::string(129, 'x'), kNow, 100);
  event.clear_occurred_at();
  (*event.mutable_fields())["colour"].set_string_value("green");
  (*event.mutable_lines(0)->mutable_values())["quantity"].set_string_value("two");
  std::vector<std::string> fields;
  for (const Violation& violation : Add(event)) fields.push_back(violation.field);
  EXPECT_THAT(fields, ElementsAre("event.event_id", "event.occurred_at", "event.fields[colour]",
                                  "event.lines[0].values[quantity]"));
}

TEST_F(IngestTest, LinesAreForEventsThatDeclareThem) {
  v1::Event event = Purchase("e1", kNow, 100);
  event.set_type("visit");
  event.clear_fields();
  ASSERT_EQ(Add(event).size(), 1u);
  EXPECT_EQ(Add(event)[0].field, "event.lines");
}

TEST_F(IngestTest, AttributesBecomeStoredValuesOfTheirTypes) {
  AttributeMap attributes;
  attributes["tier"].set_string_value("gold");
  attributes["birth_date"].set_date_value("1969-12-31");
  attributes["allergies"].mutable_string_list_value()->add_values("nuts");
  store::RecordPatch patch;
  std::vector<Violation> violations;
  PatchAttributes(live_->rule_set->schema, attributes, {SourceId("crm"), 77}, "attributes", &patch,
                  &violations);
  ASSERT_THAT(violations, IsEmpty());
  Apply(patch);
  const auto view = *store::RecordView::Parse(record_);
  EXPECT_EQ(view.FindAttribute(rules::StableId("birth_date"))->value.date_days(), -1);
  EXPECT_EQ(view.FindAttribute(rules::StableId("allergies"))->value.string_list()[0], "nuts");
  EXPECT_EQ(view.FindAttribute(rules::StableId("tier"))->as_of_s, 77u);
  EXPECT_EQ(view.FindAttribute(rules::StableId("tier"))->source, SourceId("crm"));
  EXPECT_NE(SourceId("crm"), SourceId(""));
}

TEST_F(IngestTest, TooLongAListIsNamed) {
  AttributeMap attributes;
  for (int i = 0; i < 257; ++i) {
    attributes["allergies"].mutable_string_list_value()->add_values("x");
  }
  store::RecordPatch patch;
  std::vector<Violation> violations;
  PatchAttributes(live_->rule_set->schema, attributes, {}, "attributes", &patch, &violations);
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_THAT(violations[0].description, HasSubstr("at most 256"));
}

TEST(IdentityTest, KeysAreReadBackWithColonsInTheValue) {
  v1::Identity identity;
  identity.set_namespace_("phone");
  identity.set_value("00:49:30");
  const v1::Identity again = ParseIdentityKey(IdentityKey({}, identity));
  EXPECT_EQ(again.namespace_(), "phone");
  EXPECT_EQ(again.value(), "00:49:30");
}

TEST(IdentityTest, LimitsAreCheckedAndTheValueIsNotRepeated) {
  v1::Identity identity;
  identity.set_namespace_("Phone");
  identity.set_value(std::string(129, '7'));
  std::vector<Violation> violations;
  CheckIdentity(identity, "identities[0]", &violations);
  ASSERT_EQ(violations.size(), 2u);
  EXPECT_THAT(violations[1].description, ::testing::Not(HasSubstr("777")));
  identity.set_namespace_("phone");
  identity.set_value(std::string(128, '7'));
  violations.clear();
  CheckIdentity(identity, "identities[0]", &violations);
  EXPECT_THAT(violations, IsEmpty());
}

}  // namespace
}  // namespace touchstone::server
