// Aggregates of records against those that are worked out again from events: what a server has kept
// current is the same, what was changed behind its back is found, and what may differ is passed
// over.

#include "server/services/aggregate_check.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/data_dir.h"
#include "server/live/loader.h"
#include "store/database.h"
#include "store/keys.h"
#include "store/record_patch.h"
#include "tests/server/ingest/random_events.h"
#include "tests/server/ingest/schema_rules.h"
#include "tests/server/test_server.h"
#include "tests/store/seed.h"

namespace touchstone::server {
namespace {

namespace storage = ::touchstone::storage::v1;

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr char kZone[] = "Europe/Berlin";
constexpr uint64_t kAll = ~uint64_t{0};

// One aggregate of each function, with and without a window.
constexpr char kAggregates[] = R"(aggregates:
  visits:      { count: thing, over: 30d }
  paid:        { sum: event.paid, of: thing, over: 20d }
  weight_ever: { sum: event.weight, of: thing }
  faded:       { decayed: event.paid, half_life: 5d, of: thing }
  least:       { min: event.ratio, of: thing, over: 400h }
  most:        { max: event.paid, of: thing }
  first_due:   { first: event.due, of: thing }
  last_topic:  { last: event.topic, of: thing, over: 30d }
  topics:      { distinct: event.topic, of: thing, over: 30d }
  favourites:  { top: line.sku, k: 2, of: thing, over: 30d }
  open_cases:  { open: event.case_id, of: thing, closed_when: 'event.status == "closed"' }
  oldest_case: { oldest_open: event.case_id, of: thing, closed_when: 'event.status == "closed"' }
  coffee:      { sum: line.quantity, of: thing, where: '"coffee" in line.categories' }
  home_paid:   { sum: event.paid, of: thing, over: 30d, per: household }
  home_topics: { distinct: event.topic, of: thing, per: household }
)";
constexpr uint64_t kAggregateCount = 15;
constexpr uint64_t kHouseholdAggregateCount = 2;

class AggregateCheckTest : public ::testing::Test {
 protected:
  AggregateCheckTest()
      : server_([this](ServerConfig* config) {
          config->max_event_ahead = size_t{10} * 365 * 86400;
          config->event_retention = event_retention_;
        }) {}

  static std::string Schema() { return absl::StrCat(kHappeningSchema, kAggregates); }

  // Not back.
  void MoveClockTo(absl::Time time) {
    if (time > server_.now()) server_.MoveClock(time - server_.now());
  }

  void Append(const std::string& id, const std::vector<v1::Event>& events,
              bool may_be_refused = false) {
    grpc::ClientContext context;
    v1::AppendEventsRequest request;
    v1::AppendEventsResponse response;
    request.set_request_id(server_.NextRequestId());
    request.set_allow_missing(true);
    for (const v1::Event& event : events) {
      request.add_events()->set_customer("customers/" + id);
      *request.mutable_events()->rbegin()->mutable_event() = event;
    }
    const grpc::Status status = server_.customers().AppendEvents(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    for (const v1::AppendEventResult& result : response.results()) {
      ASSERT_TRUE(may_be_refused || result.state() != v1::WRITE_STATE_REJECTED)
          << result.error().message();
    }
  }

  void Join(const std::string& id, const std::string& household) {
    v1::UpdateCustomerRequest request = server_.UpdateOf(id);
    request.mutable_customer()->set_household(household);
    server_.Update(request);
  }

  void Merge(const std::string& surviving, const std::string& merged, bool undo) {
    grpc::ClientContext context;
    v1::MergeCustomersRequest request;
    v1::Customer customer;
    request.set_request_id(server_.NextRequestId());
    request.set_surviving("customers/" + surviving);
    request.set_merged("customers/" + merged);
    request.set_undo(undo);
    const grpc::Status status = server_.customers().MergeCustomers(&context, request, &customer);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  // What was unsettled is rebuilt in the background.
  void AwaitValue(const std::string& id, const std::string& aggregate) {
    for (int attempt = 0; attempt < 2000; ++attempt) {
      grpc::ClientContext context;
      v1::GetCustomerRequest request;
      v1::Customer customer;
      request.set_name("customers/" + id);
      ASSERT_TRUE(server_.customers().GetCustomer(&context, request, &customer).ok()) << id;
      if (customer.aggregates().contains(aggregate)) return;
      absl::SleepFor(absl::Milliseconds(5));
    }
    FAIL() << aggregate << " of " << id << " is never there";
  }

  void ImportProducts(const std::string& sku, const std::string& category) {
    grpc::ClientContext context;
    v1::ImportReferenceRequest request;
    v1::ImportReferenceResponse response;
    request.set_request_id(server_.NextRequestId());
    request.set_table("product");
    request.add_rows()->set_key(sku);
    auto& values = *request.mutable_rows(0)->mutable_values();
    values["categories"].mutable_string_list_value()->add_values(category);
    auto writer = server_.references().ImportReference(&context, &response);
    writer->Write(request);
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  // Stops the server and opens what it left.
  void OpenStore() {
    server_.Stop();
    store::StoreOptions options;
    options.path = PathIn(server_.data_dir(), kStorePart);
    options.create_if_missing = false;
    absl::StatusOr<std::unique_ptr<store::Store>> store = store::Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  void ServeAgain() {
    store_.reset();
    server_.Restart();
  }

  // "fault: place" of what is found in the open store.
  std::vector<std::string> Check(uint64_t sample = kAll, std::optional<absl::Time> now = {}) {
    const auto quiet = [](absl::string_view) {};
    absl::StatusOr<store::VerifyReport> report = store::VerifyStore(*store_, quiet);
    EXPECT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(report->sound());
    absl::StatusOr<AggregateCheckReport> check = CheckAggregates(
        *store_, {.sample = sample, .now = now.value_or(server_.now())}, quiet, &*report);
    EXPECT_TRUE(check.ok()) << check.status();
    check_ = check.value_or(AggregateCheckReport());
    std::vector<std::string> findings;
    for (const store::VerifyFinding& finding : report->findings) {
      findings.push_back(absl::StrCat(FaultName(finding.fault), ": ", finding.place));
    }
    return findings;
  }

  uint64_t PassedOver() const {
    return check_.waiting_records + check_.filling + check_.beyond_events + check_.without_room +
           check_.other_products + check_.refused_values;
  }

  // Of the revision that is active in the open store.
  uint32_t IdOf(const std::string& aggregate) {
    Live live;
    EXPECT_TRUE(LiveLoader(store_.get(), &live).Reload().ok());
    for (const rules::AggregateSpec& spec : live.Get()->rule_set->schema.aggregates) {
      if (spec.name == aggregate) return spec.id;
    }
    ADD_FAILURE() << aggregate;
    return 0;
  }

  // Changes a record of the open store as nothing in the server does.
  void Tamper(store::RecordKind kind, const std::string& id, const store::RecordPatch& patch) {
    store::Database& database = store_->database();
    ASSERT_TRUE(database.rocks()
                    ->Merge({}, database.handle(store::Family::kCustomers),
                            store::RecordRow(static_cast<char>(kind), id), patch.bytes())
                    .ok());
  }
  void AddToWeight(const std::string& id) {
    store::RecordPatch patch;
    patch.AddToAggregate({.aggregate = IdOf("weight_ever"),
                          .bucket = 0,
                          .count = 0,
                          .sum = 1,
                          .event_us = store::AggregateView::kNever});
    Tamper(store::RecordKind::kCustomer, id, patch);
  }
  void Put(const std::string& key, const std::string& value) {
    store::Database& database = store_->database();
    ASSERT_TRUE(database.rocks()->Put({}, database.handle(store::Family::kMeta), key, value).ok());
  }

  // An event about a topic.
  v1::Event Thing(const std::string& event_id, absl::Time time, const std::string& topic) {
    v1::Event event;
    event.set_event_id(event_id);
    event.set_type("thing");
    event.mutable_occurred_at()->set_seconds(absl::ToUnixSeconds(time));
    (*event.mutable_fields())["topic"] = TextValue(topic);
    (*event.mutable_fields())["weight"].set_decimal_thousandths(1000);
    return event;
  }

  size_t event_retention_ = 0;  // before server_, which asks for it
  TestServer server_;
  std::unique_ptr<store::Store> store_;
  AggregateCheckReport check_;
};

// What happens to some customers in the course of most of a year, in the order in which the server
// learns of it.
class RandomHistoryTest : public AggregateCheckTest {
 protected:
  struct Step {
    std::string id;
    Happening happening;
  };

  RandomHistoryTest() : seed_(store::TestSeed()), random_(seed_) {
    server_.MoveClock(absl::FromCivil(absl::CivilDay(2017, 1, 1), absl::UTCTimeZone()) -
                      server_.now());
    server_.Publish(SchemaRules(kZone, Schema()));
    for (int customer = 0; customer < kCustomers; ++customer) {
      for (Happening& happening : RandomHappenings(12 + random_() % 30, random_)) {
        happening.taken_back = random_() % 6 == 0;
        // Ids that others have too stay where they are when customers are merged.
        if (random_() % 2 == 0) happening.id = absl::StrCat(happening.id, " of ", customer);
        steps_.push_back({absl::StrCat("c", customer), std::move(happening)});
      }
    }
    std::stable_sort(steps_.begin(), steps_.end(), [](const Step& a, const Step& b) {
      return a.happening.learned < b.happening.learned;
    });
  }

  void Play(size_t from, size_t until) {
    for (size_t i = from; i < until; ++i) {
      const auto& [id, happening] = steps_[i];
      MoveClockTo(happening.learned);
      Append(id, {EventOf(happening)}, /*may_be_refused=*/true);
      if (happening.taken_back) Append(id, {ReversalOf(happening)}, /*may_be_refused=*/true);
      if (HasFatalFailure()) return;
    }
  }

  // Of every customer and household, at some moments from now on.
  void ExpectAllTheSame(uint64_t records, absl::string_view when) {
    EXPECT_LE(store_->progress().time_us(), absl::ToUnixMicros(server_.now()));
    for (const int days : {0, 1, 9, 25}) {
      EXPECT_THAT(Check(kAll, server_.now() + absl::Hours(24 * days)), IsEmpty())
          << when << ", " << days << " days, seed " << seed_;
      EXPECT_EQ(check_.records, records) << when;
      EXPECT_EQ(PassedOver(), 0u) << when;
      EXPECT_EQ(check_.not_done, "");
    }
  }

  static constexpr int kCustomers = 6;
  const uint64_t seed_;
  std::mt19937_64 random_;
  std::vector<Step> steps_;
};

TEST_F(RandomHistoryTest, WhatTheServerKeepsCurrentIsWhatItsEventsAmountTo) {
  for (const auto& [id, household] : {std::pair("c0", "h0"), std::pair("c1", "h0")}) {
    Join(id, household);
  }
  const size_t third = steps_.size() / 3;
  Play(0, third);
  for (int i = 0; i < kCustomers; ++i)
    Append(absl::StrCat("c", i), {Thing("last", server_.now(), "x")});
  OpenStore();
  ExpectAllTheSame(kCustomers + 1, "before anybody moved");
  EXPECT_EQ(check_.aggregates, kCustomers * kAggregateCount + kHouseholdAggregateCount);
  ServeAgain();
  // From here on a household is rebuilt, a customer is, and both go on.
  Join("c2", "h0");
  Join("c3", "h1");
  Merge("c4", "c5", /*undo=*/false);
  Play(third, 2 * third);
  for (const char* id : {"c0", "c1", "c2", "c3", "c4"}) AwaitValue(id, "home_paid");
  for (const char* id : {"c0", "c4"}) AwaitValue(id, "visits");
  OpenStore();
  ExpectAllTheSame(kCustomers - 1 + 2, "with a merged one");
  ServeAgain();
  Merge("c4", "c5", /*undo=*/true);
  Join("c1", "h1");
  Play(2 * third, steps_.size());
  for (int i = 0; i < kCustomers; ++i) {
    AwaitValue(absl::StrCat("c", i), "home_paid");
    AwaitValue(absl::StrCat("c", i), "visits");
  }
  OpenStore();
  ExpectAllTheSame(kCustomers + 2, "after the merge was taken back");
}

TEST_F(AggregateCheckTest, AStateThatWasChangedIsFoundWhateverItsForm) {
  server_.Publish(SchemaRules(kZone, Schema()));
  const absl::Time at = server_.now() - absl::Hours(1);
  for (const char* id : {"anna", "bert", "carl", "dora"}) {
    Join(id, "home");
    Append(id, {Thing("e1", at, "tea"), Thing("e2", at, "milk")});
  }
  OpenStore();
  EXPECT_THAT(Check(), IsEmpty());
  AddToWeight("anna");
  const store::Value topic = store::Value::String("a topic that was never said");
  store::RecordPatch said;
  said.AddToCells({.aggregate = IdOf("last_topic"),
                   .rule = store::CellRule::kLatest,
                   .bucket = static_cast<int32_t>(absl::ToCivilDay(at, absl::UTCTimeZone()) -
                                                  absl::CivilDay(1970, 1, 1)),
                   .time_us = absl::ToUnixMicros(at + absl::Minutes(1)),
                   .number = 0,
                   .closes = false,
                   .value = &topic});
  Tamper(store::RecordKind::kCustomer, "bert", said);
  store::RecordPatch lost;
  lost.ClearAggregate(IdOf("topics"));
  Tamper(store::RecordKind::kCustomer, "carl", lost);
  store::RecordPatch stale;  // and nobody is to rebuild it
  stale.MarkStale(IdOf("weight_ever"));
  Tamper(store::RecordKind::kCustomer, "dora", stale);
  store::RecordPatch distinct;
  distinct.AddDistinct({.aggregate = IdOf("home_topics"), .hash = 1, .bucket = 0});
  Tamper(store::RecordKind::kHousehold, "home", distinct);
  EXPECT_THAT(Check(), ElementsAre("aggregate_differs: weight_ever of customers/anna",
                                   "aggregate_differs: last_topic of customers/bert",
                                   "aggregate_differs: topics of customers/carl",
                                   "aggregate_differs: weight_ever of customers/dora",
                                   "aggregate_differs: home_topics of households/home"));
  EXPECT_EQ(check_.aggregates, 4 * kAggregateCount + kHouseholdAggregateCount);
}

TEST_F(AggregateCheckTest, AnEventThatIsGoneIsFoundInWhatItHadAddedTo) {
  server_.Publish(SchemaRules(kZone, Schema()));
  Append("anna", {Thing("e1", server_.now() - absl::Hours(30), "tea"),
                  Thing("e2", server_.now() - absl::Hours(3), "milk")});
  OpenStore();
  // As an erasure of one event would do it, if there were one.
  const int64_t time_us = absl::ToUnixMicros(server_.now() - absl::Hours(3));
  store::Database& database = store_->database();
  for (const std::string& key : {store::JournalRow(store::Journal::kEvents, "anna", time_us, "e2"),
                                 store::EventSeenRow("anna", "e2")}) {
    ASSERT_TRUE(database.rocks()->Delete({}, database.handle(store::Family::kEvents), key).ok());
  }
  EXPECT_THAT(Check(), UnorderedElementsAre("aggregate_differs: visits of customers/anna",
                                            "aggregate_differs: weight_ever of customers/anna",
                                            "aggregate_differs: last_topic of customers/anna",
                                            "aggregate_differs: topics of customers/anna",
                                            "aggregate_differs: home_topics of customers/anna"));
}

TEST_F(AggregateCheckTest, LooksAtAsManyRecordsAsItIsTold) {
  server_.Publish(SchemaRules(kZone, Schema()));
  for (int i = 0; i < 8; ++i) {
    Join(absl::StrCat("c", i), i < 4 ? "h0" : "h1");
    Append(absl::StrCat("c", i), {Thing("e", server_.now(), "tea")});
  }
  OpenStore();
  AddToWeight("c1");
  const std::vector<std::pair<uint64_t, uint64_t>> looked_at = {
      {0, 0}, {1, 1}, {3, 3}, {5, 5}, {9, 9}, {10, 10}, {11, 10}, {1000, 10}, {kAll, 10}};
  for (const auto& [sample, records] : looked_at) {
    const std::vector<std::string> found = Check(sample);
    EXPECT_EQ(check_.records, records) << sample;
    // It is the second record.
    EXPECT_EQ(found.size(), records == 10 ? 1u : 0u) << sample;
  }
}

TEST_F(AggregateCheckTest, WindowsThatReachBackToDroppedEventsArePassedOver) {
  server_.Publish(SchemaRules(kZone, Schema()));
  Append("anna", {Thing("e1", server_.now() - absl::Hours(24) * 25, "tea"),
                  Thing("e2", server_.now() - absl::Hours(3), "milk")});
  event_retention_ = 24;
  server_.Restart();  // and drops what is too old
  AwaitValue("anna", "visits");
  for (int attempt = 0; attempt < 2000; ++attempt) {
    OpenStore();
    if (*store_->GetDroppedThrough() != absl::InfinitePast()) break;
    ServeAgain();
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_EQ(*store_->GetDroppedThrough(), server_.now() - absl::Hours(24) * 25);
  EXPECT_THAT(Check(), IsEmpty());
  // Those of 20 days and of 400 hours are as they were.
  EXPECT_EQ(check_.aggregates, 2u);
  EXPECT_EQ(check_.beyond_events, kAggregateCount - 2);
  // What is dropped falls out of the windows in time.
  EXPECT_THAT(Check(kAll, server_.now() + absl::Hours(24) * 5), IsEmpty());
  EXPECT_EQ(check_.aggregates, 7u);
}

TEST_F(AggregateCheckTest, WhatReadsProductsMayDifferOnceTheyWereImported) {
  server_.Publish(SchemaRules(kZone, Schema()));
  v1::Event event = Thing("e1", server_.now(), "tea");
  auto& line = *event.add_lines()->mutable_values();
  line["sku"] = TextValue("BEANS");
  line["quantity"].set_decimal_thousandths(2000);
  Append("anna", {event});
  OpenStore();
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_EQ(check_.aggregates, kAggregateCount);
  ServeAgain();
  ImportProducts("BEANS", "coffee");
  OpenStore();
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_EQ(check_.aggregates, kAggregateCount - 1);
  EXPECT_EQ(check_.other_products, 1u);
  // Without products, what differs is wrong.
  AddToWeight("anna");
  EXPECT_THAT(Check(), ElementsAre("aggregate_differs: weight_ever of customers/anna"));
}

TEST_F(AggregateCheckTest, ASketchOfFewValuesIsComparedAsASketch) {
  server_.Publish(SchemaRules(kZone, Schema()));
  // While the old ones are in the window there are too many; some of the others come before those
  // are forgotten, and what there is then stays a sketch.
  std::vector<v1::Event> events;
  const auto add = [&](absl::string_view of, int count, int days_ago) {
    for (int i = 0; i < count; ++i) {
      const std::string name = absl::StrCat(of, " ", i);
      events.push_back(Thing(name, server_.now() - absl::Hours(24) * days_ago, name));
    }
  };
  add("old", 300, 40);
  add("other", 10, 20);
  add("new", 140, 0);
  Append("anna", events);
  OpenStore();
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_EQ(check_.aggregates, kAggregateCount);
  EXPECT_THAT(Check(kAll, server_.now() + absl::Hours(24) * 15), IsEmpty());
  EXPECT_EQ(check_.aggregates, kAggregateCount);
  store::RecordPatch distinct;
  for (uint64_t i = 1; i < 16; ++i) {
    distinct.AddDistinct(
        {.aggregate = IdOf("topics"),
         .hash = i << 56 | 1,
         .bucket = static_cast<int32_t>(absl::ToCivilDay(server_.now(), absl::UTCTimeZone()) -
                                        absl::CivilDay(1970, 1, 1))});
  }
  Tamper(store::RecordKind::kCustomer, "anna", distinct);
  EXPECT_THAT(Check(), ElementsAre("aggregate_differs: topics of customers/anna"));
}

TEST_F(AggregateCheckTest, WhatHadNoRoomIsPassedOver) {
  server_.Publish(SchemaRules(kZone, Schema()));
  for (const int event_number : {0, 1}) {
    v1::Event event = Thing(absl::StrCat("e", event_number), server_.now(), "tea");
    for (int i = 0; i < 200; ++i) {
      auto& line = *event.add_lines()->mutable_values();
      line["sku"] = TextValue(absl::StrCat("sku ", event_number, " ", i));
      line["quantity"].set_decimal_thousandths(1000);
    }
    Append("anna", {event});
  }
  OpenStore();
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_EQ(check_.without_room, 1u);
  EXPECT_EQ(check_.aggregates, kAggregateCount - 1);
}

TEST_F(AggregateCheckTest, WhatWaitsOrIsBeingFilledIsPassedOver) {
  server_.Publish(SchemaRules(kZone, Schema()));
  for (const char* id : {"anna", "bert"}) Append(id, {Thing("e1", server_.now(), "tea")});
  OpenStore();
  AddToWeight("anna");
  AddToWeight("bert");
  Put(store::WaitingRow('c', "anna"), "");
  storage::Backfill backfill = *store_->GetBackfill();
  ASSERT_EQ(backfill.complete_size(), static_cast<int>(kAggregateCount));
  auto& complete = *backfill.mutable_complete();
  const auto weight = std::find(complete.begin(), complete.end(), IdOf("weight_ever"));
  ASSERT_NE(weight, complete.end());
  complete.erase(weight);
  Put(std::string(store::kBackfillRow), backfill.SerializeAsString());
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_EQ(check_.waiting_records, 1u);
  EXPECT_EQ(check_.records, 1u);
  EXPECT_EQ(check_.filling, 1u);
  EXPECT_EQ(check_.aggregates, kAggregateCount - 1);
}

constexpr char kBigOnes[] = "aggregates:\n  big_ones: { count: parcel, where: 'event.size > 4' }\n";

TEST_F(AggregateCheckTest, WhatTheSchemaNoLongerTakesMayDiffer) {
  const auto publish = [this](const std::string& type, const std::string& others) {
    server_.Publish(SchemaRules(kZone, absl::StrCat("events:\n  parcel: { fields: { size: ", type,
                                                    " } }\n", others, kBigOnes)));
  };
  publish("double", "  call: { fields: { size: double } }\n");
  std::vector<v1::Event> events;
  for (const auto& [type, size] : {std::pair("parcel", 5.5), std::pair("call", 1.5)}) {
    v1::Event& event = events.emplace_back();
    event.set_event_id(type);
    event.set_type(type);
    event.mutable_occurred_at()->set_seconds(absl::ToUnixSeconds(server_.now()));
    (*event.mutable_fields())["size"].set_double_value(size);
  }
  Append("anna", events);
  OpenStore();
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_EQ(check_.aggregates, 1u);
  EXPECT_EQ(check_.undeclared_events, 0u);
  ServeAgain();
  publish("decimal", "");
  OpenStore();
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_EQ(check_.aggregates, 0u);
  EXPECT_EQ(check_.refused_values, 1u);
  EXPECT_EQ(check_.undeclared_events, 1u);
}

TEST_F(AggregateCheckTest, WithoutARevisionNothingIsCompared) {
  OpenStore();
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_EQ(check_.not_done, "no revision is active");
}

TEST_F(AggregateCheckTest, ARuleSetThatCannotBeReadIsAFinding) {
  server_.Publish(SchemaRules(kZone, Schema()));
  OpenStore();
  store::Database& database = store_->database();
  ASSERT_TRUE(database.rocks()
                  ->Put({}, database.handle(store::Family::kRevisions),
                        store::NumberRow(store::kRuleSetPrefix, 1), "\xff")
                  .ok());
  EXPECT_THAT(Check(), ElementsAre("damaged_row: aggregates: revision 1: malformed rule set"));
  EXPECT_EQ(check_.not_done, "revision 1: malformed rule set");
}

TEST_F(AggregateCheckTest, AnEventThatCannotBeReadIsAFinding) {
  server_.Publish(SchemaRules(kZone, Schema()));
  Append("anna", {Thing("e1", server_.now(), "tea")});
  OpenStore();
  std::optional<storage::StoredEvent> event = *store_->GetEvent("anna", "e1");
  ASSERT_TRUE(event.has_value());
  event->set_body("\xff");
  store::Database& database = store_->database();
  ASSERT_TRUE(database.rocks()
                  ->Put({}, database.handle(store::Family::kEvents),
                        store::JournalRow(store::Journal::kEvents, "anna", event->time_us(), "e1"),
                        event->SerializeAsString())
                  .ok());
  EXPECT_THAT(Check(), ElementsAre("damaged_row: events of customers/anna"));
}

}  // namespace
}  // namespace touchstone::server
