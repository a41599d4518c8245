// Decisions as of a moment that has passed: who may ask for them, and what counts in them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/decide/receipt.h"
#include "server/ingest/event_increments.h"
#include "store/record.h"
#include "store/record_patch.h"
#include "tests/server/decide/serving.h"

namespace touchstone::server {
namespace {

using ::testing::HasSubstr;

DecideServerOptions AllowingAsOf() {
  DecideServerOptions options;
  options.allow_as_of = true;
  return options;
}

absl::Time In2011(int month, int day) {
  return absl::FromCivil(absl::CivilHour(2011, month, day, 12), absl::UTCTimeZone());
}

v1::DecideRequest RequestAsOf(absl::Time as_of, const std::string& card = "1") {
  v1::DecideRequest request = LoyalTillRequest();
  request.mutable_context()->mutable_identities(0)->set_value(card);
  request.mutable_context()->mutable_as_of()->set_seconds(absl::ToUnixSeconds(as_of));
  return request;
}

v1::DecideResponse Decided(Serving& serving, const v1::DecideRequest& request) {
  v1::DecideResponse response;
  const grpc::Status status = serving.Decide(request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

v1::Event PurchaseOn(absl::Time day, int64_t paid_minor) {
  v1::Event event;
  event.set_event_id(absl::FormatTime("p-%F", day, absl::UTCTimeZone()));
  event.set_type("purchase");
  event.mutable_occurred_at()->set_seconds(absl::ToUnixSeconds(day));
  v1::Money* paid = (*event.mutable_fields())["paid"].mutable_money_value();
  paid->set_amount_minor(paid_minor);
  paid->set_currency_code("EUR");
  return event;
}

// The record of who has these events, which come in when it is WorldNow() at the server.
std::string RecordOf(const std::vector<v1::Event>& events) {
  EventIncrements increments(WorldState(1, 1), WorldNow());
  std::string record;
  for (const v1::Event& event : events) {
    EventPatches added;
    std::vector<Violation> violations;
    increments.Add(event, "event", &added, &violations);
    EXPECT_TRUE(violations.empty());
    const absl::string_view patches[] = {added.customer.bytes()};
    record = store::ApplyPatches(record, patches).value();
  }
  return record;
}

TEST(AsOfTest, IsRefusedByAServerThatDoesNotAllowItAndNamesTheOption) {
  Serving serving;
  v1::DecideResponse response;
  const grpc::Status status = serving.Decide(RequestAsOf(WorldNow()), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(ReasonOf(status), "ROLE_MISSING");
  EXPECT_THAT(status.error_message(), HasSubstr("allow-as-of"));
}

TEST(AsOfTest, IsRefusedInALiveExplanationToo) {
  v1::ExplainRequest request;
  *request.mutable_live() = RequestAsOf(WorldNow() - absl::Hours(24 * 10));
  v1::ExplainResponse response;
  Serving refusing;
  grpc::ClientContext first;
  const grpc::Status status = refusing.decisions().Explain(&first, request, &response);
  EXPECT_EQ(ReasonOf(status), "ROLE_MISSING");
  Serving allowing(AllowingAsOf());
  grpc::ClientContext second;
  ASSERT_TRUE(allowing.decisions().Explain(&second, request, &response).ok());
  EXPECT_EQ(response.evaluated_at().seconds(), request.live().context().as_of().seconds());
}

TEST(AsOfTest, TakesThePlaceOfWhenItHappened) {
  Serving serving(AllowingAsOf());
  v1::DecideRequest request = RequestAsOf(WorldNow() - absl::Hours(24 * 10));
  request.mutable_context()->mutable_occurred_at()->set_seconds(absl::ToUnixSeconds(WorldNow()));
  EXPECT_EQ(Decided(serving, request).segment(), "new");
}

TEST(AsOfTest, CountsNoEventThatWasStillToCome) {
  // She bought 200 days and 3 days before WorldNow().
  Serving serving(AllowingAsOf());
  EXPECT_EQ(Decided(serving, LoyalTillRequest()).segment(), "loyal");
  EXPECT_EQ(Decided(serving, RequestAsOf(WorldNow() - absl::Hours(24 * 10))).segment(), "new");
  EXPECT_EQ(Decided(serving, RequestAsOf(WorldNow() - absl::Hours(24 * 200))).segment(), "loyal");
  EXPECT_EQ(Decided(serving, RequestAsOf(WorldNow() - absl::Hours(24 * 201))).segment(), "new");
}

TEST(AsOfTest, SeesTheWindowsOf2011AsTheyWereThen) {
  Serving serving(AllowingAsOf());
  serving.AddCustomer("c-2011", "loyalty_card:2011",
                      RecordOf({PurchaseOn(In2011(9, 1), 400'00), PurchaseOn(In2011(10, 1), 50'00),
                                PurchaseOn(In2011(11, 1), 40'00)}));
  // From the 90th day after the purchase of 400.00 on it no longer counts.
  EXPECT_EQ(Decided(serving, RequestAsOf(In2011(11, 29), "2011")).segment(), "loyal");
  EXPECT_EQ(Decided(serving, RequestAsOf(In2011(11, 30), "2011")).segment(), "regular");
  v1::DecideRequest today = LoyalTillRequest();
  today.mutable_context()->mutable_identities(0)->set_value("2011");
  EXPECT_EQ(Decided(serving, today).segment(), "regular");
}

TEST(AsOfTest, IsSealedInTheReceiptSoThatTheAnswerCanBeRebuilt) {
  Serving serving(AllowingAsOf());
  const v1::DecideRequest asked = RequestAsOf(WorldNow() - absl::Hours(24 * 10));
  const v1::DecideResponse decided = Decided(serving, asked);
  serving.set_clock(WorldNow() + absl::Hours(24 * 400));
  v1::ExplainRequest request;
  request.set_decision_id(decided.decision_id());
  grpc::ClientContext context;
  v1::ExplainResponse response;
  ASSERT_TRUE(serving.decisions().Explain(&context, request, &response).ok());
  EXPECT_EQ(response.rebuild(), v1::REBUILD_STATE_IDENTICAL);
  EXPECT_EQ(response.rebuilt_hash(), response.recorded_hash());
  EXPECT_EQ(response.response().segment(), "new");
  EXPECT_EQ(response.evaluated_at().seconds(), asked.context().as_of().seconds());
}

TEST(AsOfTest, DatesTheContactsThatItCounts) {
  Serving serving(AllowingAsOf());
  const absl::Time then = WorldNow() - absl::Hours(24 * 10);
  ASSERT_GT(Decided(serving, RequestAsOf(then)).placements(0).offers_size(), 0);
  ASSERT_GT(serving.LoyalContacts(store::ContactKind::kShown), 0);
  const std::string bytes = serving.Record("c-loyal");
  const store::RecordView record = store::RecordView::Parse(bytes).value();
  for (size_t i = 0; i < record.contact_count(); ++i) {
    EXPECT_EQ(record.contact(i).time_us, absl::ToUnixMicros(then));
  }
}

}  // namespace
}  // namespace touchstone::server
