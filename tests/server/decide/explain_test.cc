#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "tests/server/decide/serving.h"
#include "tests/store/fault_file_system.h"

namespace touchstone::server {
namespace {

v1::ExplainResponse Explained(Serving& serving, const v1::ExplainRequest& request) {
  grpc::ClientContext context;
  v1::ExplainResponse response;
  const grpc::Status status = serving.decisions().Explain(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

const v1::OfferExplanation& Offer(const v1::ExplainResponse& response, const std::string& id) {
  const auto found = std::find_if(response.offers().begin(), response.offers().end(),
                                  [&](const auto& offer) { return offer.offer_id() == id; });
  EXPECT_NE(found, response.offers().end()) << id;
  return *found;
}

TEST(ExplainTest, RebuildsADecisionAlthoughTheProfileHasChangedSince) {
  Serving serving;
  v1::DecideResponse decided;
  ASSERT_TRUE(serving.Decide(LoyalTillRequest(), &decided).ok());
  serving.AddCustomer("c-loyal", "loyalty_card:1", LoyalRecord());  // doubles what she spent
  serving.live().Set(WorldState(2, 1));
  v1::ExplainRequest request;
  request.set_decision_id(decided.decision_id());
  const v1::ExplainResponse response = Explained(serving, request);
  EXPECT_EQ(response.rebuild(), v1::REBUILD_STATE_IDENTICAL);
  EXPECT_EQ(response.recorded_hash(), response.rebuilt_hash());
  EXPECT_EQ(response.recorded_hash().size(), 32u);
  EXPECT_EQ(response.response().revision(), "revisions/1");
  EXPECT_EQ(response.response().basket().DebugString(), decided.basket().DebugString());
  EXPECT_EQ(response.offers_size(), 8);
}

TEST(ExplainTest, SaysOfEveryOfferWhatDecided) {
  Serving serving;
  v1::DecideResponse decided;
  ASSERT_TRUE(serving.Decide(LoyalTillRequest(), &decided).ok());
  v1::ExplainRequest request;
  request.set_decision_id(decided.decision_id());
  const v1::ExplainResponse response = Explained(serving, request);
  const v1::OfferExplanation& beans = Offer(response, "beans-20");
  EXPECT_EQ(beans.reason().stage(), v1::DECISION_STAGE_CHOSEN);
  EXPECT_TRUE(beans.applied());
  EXPECT_EQ(beans.taken_minor(), 420);
  const v1::OfferExplanation& rain = Offer(response, "rain");
  EXPECT_EQ(rain.reason().stage(), v1::DECISION_STAGE_ELIGIBLE);
  EXPECT_EQ(rain.reason().code(), "ERROR");
  EXPECT_EQ(rain.decisive_condition(), "request.weather == \"rain\"");
  EXPECT_EQ(rain.decisive_result(), v1::CONDITION_RESULT_ERROR);
  EXPECT_EQ(rain.field_path(), "offers[rain].eligible");
  EXPECT_EQ(response.segment().segment(), "loyal");
  ASSERT_EQ(response.segment().trials_size(), 1);
  EXPECT_EQ(response.segment().trials(0).result(), v1::CONDITION_RESULT_TRUE);
}

TEST(ExplainTest, TellsWhatWasNotAskedFromWhatIsPaused) {
  Serving serving;
  serving.live().Set(WorldStatePausing(1, "rain"));
  v1::DecideRequest decide = LoyalTillRequest();
  decide.mutable_context()->mutable_budget()->set_nanos(1);
  v1::DecideResponse decided;
  ASSERT_TRUE(serving.Decide(decide, &decided).ok());
  ASSERT_EQ(decided.completeness(), v1::COMPLETENESS_FALLBACK);
  v1::ExplainRequest request;
  request.set_decision_id(decided.decision_id());
  const v1::ExplainResponse response = Explained(serving, request);
  EXPECT_EQ(response.rebuild(), v1::REBUILD_STATE_IDENTICAL);
  EXPECT_EQ(Offer(response, "rain").reason().stage(), v1::DECISION_STAGE_PAUSED);
  const v1::OfferExplanation& beans = Offer(response, "beans-20");
  EXPECT_EQ(beans.reason().stage(), v1::DECISION_STAGE_UNSPECIFIED);
  EXPECT_EQ(beans.reason().code(), "BUDGET_SPENT");
  EXPECT_FALSE(beans.applied());
  for (const v1::OfferExplanation& offer : response.offers()) {
    EXPECT_EQ(offer.reason().stage() == v1::DECISION_STAGE_PAUSED, offer.offer_id() == "rain");
  }
}

TEST(ExplainTest, SaysOfAPartialAnswerWhichOffersNeedTheRecord) {
  auto faults = std::make_shared<store::FaultFileSystem>();
  Serving serving({}, faults);
  faults->FailReads(1000);
  v1::DecideResponse decided;
  ASSERT_TRUE(serving.Decide(LoyalTillRequest(), &decided).ok());
  faults->FailReads(0);
  ASSERT_EQ(decided.completeness(), v1::COMPLETENESS_PARTIAL);
  v1::ExplainRequest request;
  request.set_decision_id(decided.decision_id());
  const v1::ExplainResponse response = Explained(serving, request);
  EXPECT_EQ(response.rebuild(), v1::REBUILD_STATE_IDENTICAL);
  EXPECT_EQ(Offer(response, "beans-20").reason().code(), "INPUT_MISSING");
  // What does not need it is refused for a reason of its own, or chosen.
  EXPECT_EQ(Offer(response, "rain").reason().code(), "ERROR");
  for (const v1::OfferExplanation& offer : response.offers()) {
    EXPECT_NE(offer.reason().stage(), v1::DECISION_STAGE_PAUSED) << offer.offer_id();
    EXPECT_NE(offer.reason().stage(), v1::DECISION_STAGE_UNSPECIFIED) << offer.offer_id();
  }
}

TEST(ExplainTest, ShowsFactsAndMasksWhatIsPersonal) {
  Serving serving;
  v1::ExplainRequest request;
  *request.mutable_live() = LoyalTillRequest();
  request.set_verbosity(v1::EXPLAIN_VERBOSITY_FACTS);
  request.add_offer_ids("beans-20");
  const v1::ExplainResponse response = Explained(serving, request);
  EXPECT_EQ(response.offers_size(), 1);
  EXPECT_EQ(response.rebuild(), v1::REBUILD_STATE_UNSPECIFIED);
  bool saw_points = false;
  bool saw_birth_date = false;
  for (const v1::FactRead& fact : response.facts()) {
    if (fact.name() == "customer.points") {
      saw_points = true;
      EXPECT_EQ(fact.value().int_value(), 412);
      EXPECT_EQ(fact.source(), v1::FACT_SOURCE_CUSTOMER);
    }
    if (fact.name() == "customer.birth_date") {
      saw_birth_date = true;
      EXPECT_TRUE(fact.masked());
      EXPECT_EQ(fact.value().kind_case(), v1::AttributeValue::KIND_NOT_SET);
    }
  }
  EXPECT_TRUE(saw_points);
  EXPECT_TRUE(saw_birth_date);
}

TEST(ExplainTest, LeavesNoTraceOfALiveRequest) {
  Serving serving;
  v1::DecideRequest decide = LoyalTillRequest();
  decide.mutable_context()->set_step(9);
  v1::ExplainRequest request;
  *request.mutable_live() = decide;
  Explained(serving, request);
  decide.mutable_context()->set_step(1);
  v1::DecideResponse decided;
  EXPECT_TRUE(serving.Decide(decide, &decided).ok());
}

TEST(ExplainTest, SaysThatThereIsNoSuchDecision) {
  Serving serving;
  grpc::ClientContext context;
  v1::ExplainRequest request;
  request.set_decision_id("none");
  v1::ExplainResponse response;
  const grpc::Status status = serving.decisions().Explain(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ReasonOf(status), "DECISION_NOT_FOUND");
  grpc::ClientContext other;
  EXPECT_EQ(serving.decisions().Explain(&other, v1::ExplainRequest(), &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace touchstone::server
