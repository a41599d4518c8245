// The scan against plain counting, over random records.

#include "server/services/data_quality.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/record_patch.h"
#include "store/value.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kNowS = 1'790'000'000;
constexpr int64_t kDayS = 86'400;

const rules::Schema& TestSchema() {
  static const rules::Schema* const schema = [] {
    auto* made = new rules::Schema();
    for (const char* name : {"city", "points"}) {
      rules::AttributeSpec& spec = made->customer.emplace_back();
      spec.name = name;
      spec.id = rules::StableId(name);
      spec.type = rules::expr::Type(*name == 'c' ? rules::expr::TypeKind::kString
                                                 : rules::expr::TypeKind::kInt);
    }
    rules::IdentitySpec& email = made->identities.emplace_back();
    email.name = "email";
    email.form = rules::IdentityForm::kEmail;
    made->events.emplace_back().name = "purchase";
    return made;
  }();
  return *schema;
}

std::string RecordOf(const store::RecordPatch& patch) {
  const absl::string_view patches[] = {patch.bytes()};
  return store::ApplyPatches("", patches).value();
}

v1::GetDataQualityRequest MatchOn(const std::vector<std::string>& names) {
  v1::GetDataQualityRequest request;
  v1::AttributeSet* set = request.add_match_on();
  for (const std::string& name : names) set->add_attributes(name);
  return request;
}

class DataQualityTest : public ::testing::Test {
 protected:
  void SetCity(const std::string& city, store::RecordPatch* patch, int64_t as_of_s = 0) {
    patch->SetAttribute(rules::StableId("city"), store::Value::String(city), 1,
                        static_cast<uint32_t>(as_of_s));
  }
  void Keep(const std::string& id, const store::RecordPatch& patch) {
    records_[id] = RecordOf(patch);
  }

  v1::DataQuality Report(const v1::GetDataQualityRequest& request = {},
                         const std::vector<storage::ImportRun>& runs = {}) {
    DataQualityScan scan(TestSchema(), request, absl::FromUnixSeconds(kNowS));
    for (const auto& [id, record] : records_) {
      scan.Add(id, store::RecordView::Parse(record).value());
    }
    for (const std::string& id : scan.sampled_customers()) {
      sampled_.push_back(id);
      scan.AddEvents(events_[id]);
    }
    if (scan.FindDuplicates()) {
      for (const auto& [id, record] : records_) {
        scan.AddExample(id, store::RecordView::Parse(record).value());
      }
    }
    return scan.Report(runs);
  }

  std::map<std::string, std::string> records_;
  std::map<std::string, std::vector<storage::StoredEvent>> events_;
  std::vector<std::string> sampled_;
};

TEST_F(DataQualityTest, CountsWhatPlainCountingCounts) {
  std::mt19937 random(4711);
  const auto one_in = [&random](int n) { return static_cast<int>(random() % 1000) * n < 1000; };
  int64_t known = 0;
  int64_t invalid = 0;
  int64_t old = 0;
  int64_t very_old = 0;
  int64_t undated = 0;
  int64_t in_household = 0;
  int64_t without_identity = 0;
  int64_t malformed = 0;
  int64_t granted = 0;
  int64_t denied = 0;
  for (int i = 0; i < 3000; ++i) {
    store::RecordPatch patch;
    if (one_in(5)) {
      patch.SetAttribute(rules::StableId("city"), store::Value::Int64(7), 1, 0);
      ++invalid;
    } else if (one_in(2)) {
      const int64_t age_days = static_cast<int64_t>(random() % 500);
      const bool dated = !one_in(3);
      SetCity("Kiel", &patch, dated ? kNowS - age_days * kDayS : 0);
      ++known;
      undated += dated ? 0 : 1;
      old += dated && age_days > 90 ? 1 : 0;
      very_old += dated && age_days > 365 ? 1 : 0;
    }
    if (one_in(3)) {
      patch.SetHousehold("home");
      ++in_household;
    }
    if (one_in(2)) {
      const bool well = one_in(2);
      patch.AddIdentity(absl::StrCat("email:", well ? "a" : "A", i, "@b.example"));
      malformed += well ? 0 : 1;
    } else {
      ++without_identity;
    }
    if (one_in(2)) {
      const bool grants = one_in(2);
      patch.SetConsent("email", grants, 1, 1'000'000);
      (grants ? granted : denied) += 1;
    }
    Keep(absl::StrCat("c", i), patch);
  }
  const v1::DataQuality quality = Report();
  EXPECT_EQ(quality.customer_count(), 3000);
  EXPECT_EQ(quality.customers_in_household_count(), in_household);
  EXPECT_EQ(quality.customers_without_identity_count(), without_identity);
  ASSERT_EQ(quality.attributes_size(), 2);
  const v1::AttributeQuality& city = quality.attributes(0);
  EXPECT_EQ(city.attribute(), "city");
  EXPECT_EQ(city.known_count(), known);
  EXPECT_EQ(city.invalid_count(), invalid);
  EXPECT_EQ(city.undated_count(), undated);
  EXPECT_EQ(city.older_than_90_days_count(), old);
  EXPECT_EQ(city.older_than_365_days_count(), very_old);
  EXPECT_EQ(quality.attributes(1).known_count(), 0);
  ASSERT_EQ(quality.identities_size(), 1);
  EXPECT_EQ(quality.identities(0).customer_count(), 3000 - without_identity);
  EXPECT_EQ(quality.identities(0).malformed_count(), malformed);
  ASSERT_EQ(quality.consents_size(), 1);
  EXPECT_EQ(quality.consents(0).granted_count(), granted);
  EXPECT_EQ(quality.consents(0).denied_count(), denied);
}

TEST_F(DataQualityTest, FindsThoseWhoAgreeInAllAttributesOfASet) {
  const auto keep = [this](const std::string& id, const std::string& city, int64_t points) {
    store::RecordPatch patch;
    SetCity(city, &patch);
    if (points >= 0) {
      patch.SetAttribute(rules::StableId("points"), store::Value::Int64(points), 1, 0);
    }
    Keep(id, patch);
  };
  keep("anna", "Kiel", 5);
  keep("bert", " KIEL ", 5);
  keep("carl", "Kiel", 6);
  keep("dora", "Bonn", 6);
  keep("emil", "Bonn", 6);
  keep("fred", "kiel", 5);
  keep("gina", "Kiel", -1);
  const v1::DataQuality quality = Report(MatchOn({"city", "points"}));
  ASSERT_EQ(quality.suspected_duplicates_size(), 1);
  const v1::SuspectedDuplicates& found = quality.suspected_duplicates(0);
  EXPECT_EQ(found.group_count(), 2);
  EXPECT_EQ(found.customer_count(), 5);
  ASSERT_EQ(found.examples_size(), 2);
  EXPECT_THAT(found.examples(0).customers(),
              ElementsAre("customers/anna", "customers/bert", "customers/fred"));
  EXPECT_THAT(found.examples(1).customers(), ElementsAre("customers/dora", "customers/emil"));
  EXPECT_EQ(Report(MatchOn({"points"})).suspected_duplicates(0).customer_count(), 6);
  EXPECT_THAT(Report().suspected_duplicates(), IsEmpty());
}

TEST_F(DataQualityTest, ShowsTheLargestGroupsAndSomeOfTheirCustomers) {
  for (int group = 0; group < 40; ++group) {
    for (int i = 0; i <= group; ++i) {
      store::RecordPatch patch;
      SetCity(absl::StrCat("city", group), &patch);
      Keep(absl::StrCat("c", group, "-", i), patch);
    }
  }
  const v1::DataQuality quality = Report(MatchOn({"city"}));
  const v1::SuspectedDuplicates& found = quality.suspected_duplicates(0);
  EXPECT_EQ(found.group_count(), 39);
  EXPECT_EQ(found.customer_count(), 40 * 41 / 2 - 1);
  ASSERT_EQ(found.examples_size(), 20);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(found.examples(i).customer_count(), 40 - i);
    EXPECT_EQ(found.examples(i).customers_size(), 10);
  }
}

TEST_F(DataQualityTest, LooksAtTheEventsOfEveryNthOfManyCustomers) {
  for (int i = 0; i < 35'000; ++i) {
    const std::string id = absl::StrCat("c", 100'000 + i);
    Keep(id, store::RecordPatch());
    if (i % 8 != 0) continue;
    storage::StoredEvent& event = events_[id].emplace_back();
    event.set_type("purchase");
    event.set_time_us((kNowS - i) * 1'000'000);
    events_[id].push_back(event);
    events_[id].emplace_back().set_type("undeclared");
  }
  const v1::DataQuality quality = Report();
  EXPECT_EQ(sampled_.size(), 35'000 / 4);
  for (size_t i = 0; i < sampled_.size(); ++i) {
    ASSERT_EQ(sampled_[i], absl::StrCat("c", 100'000 + 4 * i));
  }
  ASSERT_EQ(quality.events_size(), 1);
  EXPECT_EQ(quality.events(0).sampled_customer_count(), 35'000 / 4);
  EXPECT_EQ(quality.events(0).customer_count(), 35'000 / 8);
  EXPECT_EQ(quality.events(0).latest_event_time().seconds(), kNowS);
}

TEST_F(DataQualityTest, AddsUpWhatImportsQuarantined) {
  std::vector<storage::ImportRun> runs;
  for (int i = 0; i < 3; ++i) {
    storage::ImportRun& run = runs.emplace_back();
    run.set_run_id(absl::StrCat("r", i));
    run.set_kind("events");
    run.set_source(i == 1 ? "till" : "crm");
    run.set_ended_time_us((kNowS + i) * 1'000'000);
    run.set_quarantined(10);
    storage::ImportRun::Reason* reason = run.add_reasons();
    reason->set_reason("no time");
    reason->set_rows(7);
  }
  const v1::DataQuality quality = Report({}, runs);
  ASSERT_EQ(quality.quarantine_size(), 4);
  EXPECT_EQ(quality.quarantine(0).source(), "crm");
  EXPECT_EQ(quality.quarantine(0).reason(), "no time");
  EXPECT_EQ(quality.quarantine(0).row_count(), 14);
  EXPECT_EQ(quality.quarantine(0).latest_time().seconds(), kNowS + 2);
  EXPECT_EQ(quality.quarantine(1).source(), "till");
  EXPECT_EQ(quality.quarantine(1).row_count(), 7);
  EXPECT_EQ(quality.quarantine(2).reason(), "");
  EXPECT_EQ(quality.quarantine(2).row_count(), 6);
  ASSERT_EQ(quality.import_runs_size(), 3);
  EXPECT_EQ(quality.import_runs(0).run_id(), "r2");
}

}  // namespace
}  // namespace touchstone::server
