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
  EXPECT_EQ(response.offers_size(), 9);
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

TEST(ExplainTest, ShowsTheConditionsOfOffersThatAreNamedPartByPart) {
  Serving serving;
  v1::ExplainRequest request;
  *request.mutable_live() = LoyalTillRequest();
  for (const char* offer : {"beans-20", "basket-3", "join-club"}) request.add_offer_ids(offer);
  const v1::ExplainResponse response = Explained(serving, request);
  const v1::OfferExplanation& beans = Offer(response, "beans-20");
  ASSERT_EQ(beans.conditions_size(), 1);
  EXPECT_EQ(beans.conditions(0).field_path(), "offers[beans-20].eligible");
  const auto& parts = beans.conditions(0).parts();
  ASSERT_EQ(parts.size(), 4);
  EXPECT_EQ(parts[0].kind(), v1::CONDITION_PART_KIND_ALL);
  EXPECT_EQ(parts[0].depth(), 0);
  EXPECT_EQ(parts[1].text(), "customer.segment == \"loyal\"");
  EXPECT_EQ(parts[1].words(), "customer.segment is \"loyal\"");
  EXPECT_EQ(parts[1].result(), v1::CONDITION_RESULT_TRUE);
  EXPECT_TRUE(parts[1].decisive());
  EXPECT_EQ(parts[2].kind(), v1::CONDITION_PART_KIND_NOT);
  EXPECT_EQ(parts[3].depth(), 2);
  EXPECT_EQ(parts[3].result(), v1::CONDITION_RESULT_FALSE);
  EXPECT_EQ(parts[3].words(), "customer.allergies is set, which has no \"caffeine\" in it");
  const std::string& text = beans.conditions(0).text();
  EXPECT_EQ(text.substr(static_cast<size_t>(parts[3].begin()),
                        static_cast<size_t>(parts[3].end() - parts[3].begin())),
            "(\"caffeine\" in customer.allergies)");

  const v1::OfferExplanation& basket = Offer(response, "basket-3");
  ASSERT_EQ(basket.conditions_size(), 1);
  EXPECT_EQ(basket.conditions(0).field_path(), "offers[basket-3].requires");
  EXPECT_THAT(basket.conditions(0).parts(0).words(), testing::StartsWith("basket.net is "));
  EXPECT_EQ(Offer(response, "join-club").conditions_size(), 0);

  request.clear_offer_ids();
  EXPECT_EQ(Offer(Explained(serving, request), "beans-20").conditions_size(), 0);
}

TEST(ExplainTest, SaysWhatAnErrorInAConditionIs) {
  Serving serving;
  v1::ExplainRequest request;
  *request.mutable_live() = LoyalTillRequest();
  request.add_offer_ids("rain");
  const v1::ExplainResponse response = Explained(serving, request);
  const v1::ConditionPart& part = Offer(response, "rain").conditions(0).parts(1);
  EXPECT_EQ(part.result(), v1::CONDITION_RESULT_ERROR);
  EXPECT_EQ(part.error(), "absent");
  EXPECT_EQ(part.words(), "request.weather is not known, needs \"rain\"");
}

// "a && a && ..." of so many.
std::string Terms(int count) {
  std::string text = "customer.known";
  for (int i = 1; i < count; ++i) text += " && customer.known";
  return text;
}

TEST(ExplainTest, ShowsAtMostFiveThousandPartsAndSaysWhatItLeavesOut) {
  Serving serving;
  v1::ExplainRequest request;
  *request.mutable_live() = LoyalTillRequest();
  request.add_offer_ids("rain");
  // One part is the whole.
  serving.live().Set(WorldStateWith("rain", Terms(4'999)));
  v1::ExplainResponse response = Explained(serving, request);
  EXPECT_EQ(Offer(response, "rain").conditions(0).parts_size(), 5'000);
  EXPECT_FALSE(Offer(response, "rain").conditions_left_out());
  request.add_offer_ids("beans-20");
  response = Explained(serving, request);
  EXPECT_EQ(Offer(response, "beans-20").conditions_size(), 1);
  EXPECT_EQ(Offer(response, "rain").conditions_size(), 0);
  EXPECT_TRUE(Offer(response, "rain").conditions_left_out());
  request.clear_offer_ids();
  request.add_offer_ids("rain");
  serving.live().Set(WorldStateWith("rain", Terms(5'000)));
  response = Explained(serving, request);
  EXPECT_EQ(Offer(response, "rain").conditions_size(), 0);
  EXPECT_TRUE(Offer(response, "rain").conditions_left_out());
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
