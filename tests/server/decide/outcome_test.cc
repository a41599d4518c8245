// Outcomes over gRPC: by token and by decision, once each, forged and repeated ones.

#include <gtest/gtest.h>

#include <string>

#include "store/record.h"
#include "tests/server/decide/serving.h"

namespace touchstone::server {
namespace {

v1::DecideResponse Decided(Serving& serving, const v1::DecideRequest& request) {
  v1::DecideResponse response;
  const grpc::Status status = serving.Decide(request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

v1::Outcome* Add(const std::string& id, v1::OutcomeType type, v1::RecordOutcomesRequest* request) {
  if (request->request_id().empty()) request->set_request_id("r-1");
  v1::Outcome* outcome = request->add_outcomes();
  outcome->set_outcome_id(id);
  outcome->set_type(type);
  return outcome;
}

std::string ErrorReason(const v1::OutcomeResult& result) {
  return ReasonOf(grpc::Status(static_cast<grpc::StatusCode>(result.error().code()), "",
                               result.error().SerializeAsString()));
}

TEST(OutcomeTest, RecordsAnOutcomeOnceByItsToken) {
  Serving serving;
  const v1::DecideResponse decided = Decided(serving, LoyalTillRequest());
  v1::RecordOutcomesRequest request;
  Add("o-1", v1::OUTCOME_TYPE_ACCEPTED, &request)
      ->set_token(decided.placements(0).offers(0).token());
  v1::RecordOutcomesResponse response;
  ASSERT_TRUE(serving.Record(request, &response).ok());
  ASSERT_EQ(response.results_size(), 1);
  EXPECT_EQ(response.results(0).state(), v1::OUTCOME_STATE_RECORDED);
  EXPECT_EQ(serving.LoyalContacts(store::ContactKind::kAccepted), 1);

  // A retry gets the first answer.
  v1::RecordOutcomesResponse retry;
  ASSERT_TRUE(serving.Record(request, &retry).ok());
  EXPECT_EQ(retry.DebugString(), response.DebugString());
  // The same outcome in another batch is a duplicate.
  request.set_request_id("r-2");
  ASSERT_TRUE(serving.Record(request, &response).ok());
  EXPECT_EQ(response.results(0).state(), v1::OUTCOME_STATE_DUPLICATE);
  EXPECT_EQ(serving.LoyalContacts(store::ContactKind::kAccepted), 1);
}

TEST(OutcomeTest, RefusesAnOutcomeIdWithAnotherContentAndGoesOnWithTheOthers) {
  Serving serving;
  const v1::DecideResponse decided = Decided(serving, LoyalTillRequest());
  const std::string token = decided.placements(0).offers(0).token();
  v1::RecordOutcomesRequest request;
  Add("o-1", v1::OUTCOME_TYPE_ACCEPTED, &request)->set_token(token);
  v1::RecordOutcomesResponse response;
  ASSERT_TRUE(serving.Record(request, &response).ok());

  v1::RecordOutcomesRequest second;
  second.set_request_id("r-2");
  Add("o-1", v1::OUTCOME_TYPE_DECLINED, &second)->set_token(token);
  Add("o-2", v1::OUTCOME_TYPE_CLICKED, &second)->set_token(token);
  // The same, spelled out.
  v1::DecidedOffer* spelled =
      Add("o-1", v1::OUTCOME_TYPE_ACCEPTED, &second)->mutable_decided_offer();
  spelled->set_decision_id(decided.decision_id());
  spelled->set_placement(decided.placements(0).placement());
  spelled->set_offer_id(decided.placements(0).offers(0).offer_id());
  ASSERT_TRUE(serving.Record(second, &response).ok());
  ASSERT_EQ(response.results_size(), 3);
  EXPECT_EQ(response.results(0).state(), v1::OUTCOME_STATE_REJECTED);
  EXPECT_EQ(ErrorReason(response.results(0)), "OUTCOME_ID_REUSED");
  EXPECT_EQ(response.results(1).state(), v1::OUTCOME_STATE_RECORDED);
  EXPECT_EQ(response.results(2).state(), v1::OUTCOME_STATE_DUPLICATE);
  EXPECT_EQ(serving.LoyalContacts(store::ContactKind::kAccepted), 1);
  EXPECT_EQ(serving.LoyalContacts(store::ContactKind::kDeclined), 0);
}

TEST(OutcomeTest, RefusesForgedTokensAndGoesOnWithTheOthers) {
  Serving serving;
  const v1::DecideResponse decided = Decided(serving, LoyalTillRequest());
  std::string forged = decided.placements(0).offers(0).token();
  forged[4] = forged[4] == 'A' ? 'B' : 'A';
  v1::RecordOutcomesRequest request;
  Add("o-1", v1::OUTCOME_TYPE_ACCEPTED, &request)->set_token(forged);
  Add("o-2", v1::OUTCOME_TYPE_DECLINED, &request)
      ->set_token(decided.placements(0).offers(0).token());
  Add("", v1::OUTCOME_TYPE_SHOWN, &request)->set_token("x");
  Add("o-4", v1::OUTCOME_TYPE_UNSPECIFIED, &request)->set_token("x");
  Add("o-5", v1::OUTCOME_TYPE_SHOWN, &request);
  v1::RecordOutcomesResponse response;
  ASSERT_TRUE(serving.Record(request, &response).ok());
  ASSERT_EQ(response.results_size(), 5);
  EXPECT_EQ(ErrorReason(response.results(0)), "TOKEN_INVALID");
  EXPECT_EQ(response.results(1).state(), v1::OUTCOME_STATE_RECORDED);
  for (int i = 2; i < 5; ++i) EXPECT_EQ(ErrorReason(response.results(i)), "VALUE_INVALID");
  EXPECT_EQ(serving.LoyalContacts(store::ContactKind::kAccepted), 0);
  EXPECT_EQ(serving.LoyalContacts(store::ContactKind::kDeclined), 1);
}

TEST(OutcomeTest, RecordsAnOutcomeByItsDecision) {
  Serving serving;
  const v1::DecideResponse decided = Decided(serving, LoyalTillRequest());
  v1::RecordOutcomesRequest request;
  const auto add = [&](const std::string& id, const std::string& decision,
                       const std::string& placement, const std::string& offer) {
    v1::DecidedOffer* subject =
        Add(id, v1::OUTCOME_TYPE_REDEEMED, &request)->mutable_decided_offer();
    subject->set_decision_id(decision);
    subject->set_placement(placement);
    subject->set_offer_id(offer);
  };
  add("o-1", decided.decision_id(), "", "basket-3");
  add("o-2", decided.decision_id(), "receipt", decided.placements(0).offers(0).offer_id());
  add("o-3", decided.decision_id(), "receipt", "basket-3");
  add("o-4", "no-such-decision", "", "basket-3");
  v1::RecordOutcomesResponse response;
  ASSERT_TRUE(serving.Record(request, &response).ok());
  ASSERT_EQ(response.results_size(), 4);
  EXPECT_EQ(response.results(0).state(), v1::OUTCOME_STATE_RECORDED);
  EXPECT_EQ(response.results(1).state(), v1::OUTCOME_STATE_RECORDED);
  EXPECT_EQ(ErrorReason(response.results(2)), "OFFER_NOT_IN_DECISION");
  EXPECT_EQ(ErrorReason(response.results(3)), "DECISION_NOT_FOUND");
  EXPECT_EQ(serving.LoyalContacts(store::ContactKind::kRedeemed), 2);
}

TEST(OutcomeTest, CountsAnOutcomeAgainstTheLimitOfTheNextDecision) {
  Serving serving;
  v1::DecideRequest decide = LoyalTillRequest();
  // Her tier is gold: two a week.
  for (int visit = 0; visit < 2; ++visit) {
    decide.mutable_context()->set_transaction_id("visit-" + std::to_string(visit));
    const v1::DecideResponse decided = Decided(serving, decide);
    ASSERT_EQ(decided.basket().applied_offers(0).offer_id(), "beans-20");
    v1::RecordOutcomesRequest request;
    request.set_request_id("r-" + std::to_string(visit));
    v1::DecidedOffer* subject =
        Add("o-" + std::to_string(visit), v1::OUTCOME_TYPE_REDEEMED, &request)
            ->mutable_decided_offer();
    subject->set_decision_id(decided.decision_id());
    subject->set_offer_id("beans-20");
    v1::RecordOutcomesResponse response;
    ASSERT_TRUE(serving.Record(request, &response).ok());
    ASSERT_EQ(response.results(0).state(), v1::OUTCOME_STATE_RECORDED);
  }
  decide.mutable_context()->set_transaction_id("visit-3");
  EXPECT_NE(Decided(serving, decide).basket().applied_offers(0).offer_id(), "beans-20");
}

TEST(OutcomeTest, KeepsNothingOfATraining) {
  Serving serving;
  v1::DecideRequest decide = LoyalTillRequest();
  decide.mutable_context()->set_mode(v1::DECISION_MODE_TRAINING);
  const v1::DecideResponse decided = Decided(serving, decide);
  v1::RecordOutcomesRequest request;
  Add("o-1", v1::OUTCOME_TYPE_ACCEPTED, &request)
      ->set_token(decided.placements(0).offers(0).token());
  v1::RecordOutcomesResponse response;
  ASSERT_TRUE(serving.Record(request, &response).ok());
  EXPECT_EQ(response.results(0).state(), v1::OUTCOME_STATE_RECORDED);
  EXPECT_EQ(serving.LoyalContacts(store::ContactKind::kAccepted), 0);
}

TEST(OutcomeTest, RefusesABatchThatIsNone) {
  Serving serving;
  v1::RecordOutcomesRequest request;
  v1::RecordOutcomesResponse response;
  grpc::Status status = serving.Record(request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ViolatedFields(status), (std::vector<std::string>{"request_id", "outcomes"}));
  request.set_request_id("r-1");
  for (int i = 0; i < 1001; ++i) request.add_outcomes();
  status = serving.Record(request, &response);
  EXPECT_EQ(ViolatedFields(status), (std::vector<std::string>{"outcomes"}));
}

TEST(OutcomeTest, RefusesARequestIdWithAnotherBody) {
  Serving serving;
  const v1::DecideResponse decided = Decided(serving, LoyalTillRequest());
  v1::RecordOutcomesRequest request;
  Add("o-1", v1::OUTCOME_TYPE_ACCEPTED, &request)
      ->set_token(decided.placements(0).offers(0).token());
  v1::RecordOutcomesResponse response;
  ASSERT_TRUE(serving.Record(request, &response).ok());
  request.mutable_outcomes(0)->set_type(v1::OUTCOME_TYPE_DECLINED);
  const grpc::Status status = serving.Record(request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(ReasonOf(status), "REQUEST_ID_REUSED");
}

TEST(OutcomeTest, WorksOffALargeBatch) {
  Serving serving;
  const v1::DecideResponse decided = Decided(serving, LoyalTillRequest());
  v1::RecordOutcomesRequest request;
  for (int i = 0; i < kMaxOutcomes; ++i) {
    Add("o-" + std::to_string(i), v1::OUTCOME_TYPE_CLICKED, &request)
        ->set_token(decided.placements(0).offers(0).token());
  }
  v1::RecordOutcomesResponse response;
  ASSERT_TRUE(serving.Record(request, &response).ok());
  ASSERT_EQ(response.results_size(), kMaxOutcomes);
  for (const v1::OutcomeResult& result : response.results()) {
    EXPECT_EQ(result.state(), v1::OUTCOME_STATE_RECORDED);
  }
}

}  // namespace
}  // namespace touchstone::server
