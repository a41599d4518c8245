#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/grocery_rules.h"
#include "tests/server/test_server.h"

namespace touchstone::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class RuleSetServiceTest : public ::testing::Test {
 protected:
  grpc::Status Create(const v1::RuleSetSource& source, const std::string& request_id,
                      v1::CreateRevisionResponse* response) {
    grpc::ClientContext context;
    v1::CreateRevisionRequest request;
    request.set_request_id(request_id);
    *request.mutable_source() = source;
    return server_.rule_sets().CreateRevision(&context, request, response);
  }

  grpc::Status Publish(const std::string& name, int64_t expected_epoch = 0,
                       v1::PublishRevisionResponse* response = nullptr) {
    grpc::ClientContext context;
    v1::PublishRevisionRequest request;
    v1::PublishRevisionResponse ignored;
    request.set_request_id(server_.NextRequestId());
    request.set_name(name);
    request.set_expected_epoch(expected_epoch);
    return server_.rule_sets().PublishRevision(&context, request,
                                               response == nullptr ? &ignored : response);
  }

  grpc::Status Rollback(const std::string& name, v1::RollbackRevisionResponse* response) {
    grpc::ClientContext context;
    v1::RollbackRevisionRequest request;
    request.set_request_id(server_.NextRequestId());
    request.set_name(name);
    return server_.rule_sets().RollbackRevision(&context, request, response);
  }

  grpc::Status Convert(const v1::ConvertConditionRequest& request,
                       v1::ConvertConditionResponse* response) {
    grpc::ClientContext context;
    return server_.rule_sets().ConvertCondition(&context, request, response);
  }

  // Of a condition of an offer's `eligible` unless said otherwise.
  v1::ConvertConditionResponse ConvertText(const std::string& text,
                                           v1::ConditionPlace place = v1::CONDITION_PLACE_ELIGIBLE,
                                           const std::string& revision = "") {
    v1::ConvertConditionRequest request;
    v1::ConvertConditionResponse response;
    request.set_revision(revision);
    request.set_place(place);
    request.set_text(text);
    const grpc::Status status = Convert(request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  // Of a condition that has no errors of its own.
  grpc::Status ConvertError(const std::string& revision) {
    v1::ConvertConditionRequest request;
    v1::ConvertConditionResponse ignored;
    request.set_revision(revision);
    request.set_place(v1::CONDITION_PLACE_ELIGIBLE);
    request.set_text("customer.known");
    return Convert(request, &ignored);
  }

  v1::GetActiveRevisionResponse Active() {
    grpc::ClientContext context;
    v1::GetActiveRevisionResponse response;
    const grpc::Status status =
        server_.rule_sets().GetActiveRevision(&context, v1::GetActiveRevisionRequest(), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  v1::RevisionState StateOf(const std::string& name) {
    grpc::ClientContext context;
    v1::GetRevisionRequest request;
    v1::Revision revision;
    request.set_name(name);
    const grpc::Status status = server_.rule_sets().GetRevision(&context, request, &revision);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return revision.state();
  }

  // The revision that decides, as a till is told.
  std::string DecidingRevision() {
    grpc::ClientContext context;
    v1::DecideRequest request;
    v1::DecideResponse response;
    request.mutable_context()->set_transaction_id("t-1");
    request.mutable_context()->set_step(1);
    request.mutable_context()->mutable_touchpoint()->set_channel("pos");
    const grpc::Status status = server_.decisions().Decide(&context, request, &response);
    return status.ok() ? response.revision() : ReasonOf(status);
  }

  TestServer server_;
};

TEST_F(RuleSetServiceTest, PublishesAndGoesBackUntilNothingIsBefore) {
  server_.Publish(GroceryRules("20"));
  server_.Publish(GroceryRules("30"));
  server_.Publish(GroceryRules("50"));
  EXPECT_EQ(DecidingRevision(), "revisions/3");
  EXPECT_EQ(Active().epoch(), 3);

  v1::RollbackRevisionResponse response;
  ASSERT_TRUE(Rollback("", &response).ok());
  EXPECT_EQ(response.revision().name(), "revisions/2");
  EXPECT_EQ(response.rolled_back_revision(), "revisions/3");
  EXPECT_EQ(DecidingRevision(), "revisions/2");
  EXPECT_EQ(StateOf("revisions/3"), v1::REVISION_STATE_ROLLED_BACK);

  ASSERT_TRUE(Rollback("", &response).ok());
  EXPECT_EQ(DecidingRevision(), "revisions/1");
  EXPECT_EQ(ReasonOf(Rollback("", &response)), "REVISION_STATE");
  EXPECT_EQ(DecidingRevision(), "revisions/1");
}

TEST_F(RuleSetServiceTest, NothingDecidesBeforeTheFirstPublish) {
  EXPECT_EQ(DecidingRevision(), "NO_ACTIVE_REVISION");
  v1::CreateRevisionResponse created;
  ASSERT_TRUE(Create(GroceryRules(), "r-1", &created).ok());
  EXPECT_EQ(created.revision().state(), v1::REVISION_STATE_VALIDATED);
  EXPECT_EQ(created.revision().offer_count(), 2);
  EXPECT_EQ(DecidingRevision(), "NO_ACTIVE_REVISION");
}

TEST_F(RuleSetServiceTest, ARuleSetWithErrorsStoresNothingAndSaysWhere) {
  server_.Publish(GroceryRules());
  v1::CreateRevisionResponse created;
  const grpc::Status status = Create(BrokenRules(), "r-broken", &created);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(status), "RULE_SET_INVALID");
  EXPECT_THAT(status.error_details(), HasSubstr("offers/beans-20.yaml"));
  EXPECT_THAT(status.error_details(), HasSubstr("shoe_size"));
  EXPECT_EQ(Active().revision().name(), "revisions/1");
  EXPECT_EQ(ReasonOf(Publish("revisions/2")), "REVISION_NOT_FOUND");
  EXPECT_EQ(DecidingRevision(), "revisions/1");
}

TEST_F(RuleSetServiceTest, AFailingGoldenTestStoresNothing) {
  v1::CreateRevisionResponse created;
  const grpc::Status status = Create(FailingRules(), "r-failing", &created);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(status), "GOLDEN_TESTS_FAILED");
  EXPECT_THAT(status.error_details(), HasSubstr("tests/beans.yaml"));
}

TEST_F(RuleSetServiceTest, ValidatesWithoutStoring) {
  grpc::ClientContext context;
  v1::ValidateRuleSetRequest request;
  v1::ValidateRuleSetResponse response;
  *request.mutable_source() = FailingRules();
  ASSERT_TRUE(server_.rule_sets().ValidateRuleSet(&context, request, &response).ok());
  EXPECT_FALSE(response.valid());
  ASSERT_EQ(response.golden_tests_size(), 1);
  EXPECT_FALSE(response.golden_tests(0).passed());
  EXPECT_EQ(response.golden_tests(0).file(), "tests/beans.yaml");
  EXPECT_EQ(response.golden_tests(0).line(), 1);
  EXPECT_EQ(response.golden_tests(0).differences_size(), 1);
  EXPECT_EQ(response.content_hash().size(), 64u);

  grpc::ClientContext second;
  request.set_skip_golden_tests(true);
  response.Clear();
  ASSERT_TRUE(server_.rule_sets().ValidateRuleSet(&second, request, &response).ok());
  EXPECT_TRUE(response.valid());
  EXPECT_EQ(response.golden_tests_size(), 0);
}

TEST_F(RuleSetServiceTest, AConditionGoesFromTextToFormAndBack) {
  server_.Publish(GroceryRules());
  const v1::ConvertConditionResponse shown =
      ConvertText("customer.tier=='gold'&&customer.spend_90d>=300.00");
  EXPECT_EQ(shown.text(), "customer.tier == \"gold\" && customer.spend_90d >= 300.00");
  EXPECT_EQ(shown.diagnostics().diagnostics_size(), 0);
  ASSERT_EQ(shown.builder().all().conditions_size(), 2);
  EXPECT_EQ(shown.builder().all().conditions(1).comparison().literal().number(), "300.00");

  v1::ConvertConditionRequest request;
  v1::ConvertConditionResponse back;
  request.set_place(v1::CONDITION_PLACE_ELIGIBLE);
  *request.mutable_builder() = shown.builder();
  ASSERT_TRUE(Convert(request, &back).ok());
  EXPECT_EQ(back.text(), shown.text());
  EXPECT_EQ(back.builder().SerializeAsString(), shown.builder().SerializeAsString());

  const v1::ConvertConditionResponse text_only =
      ConvertText("customer.allergies.exists(a, a == \"nuts\")");
  EXPECT_EQ(text_only.text(), "customer.allergies.exists(a, a == \"nuts\")");
  EXPECT_FALSE(text_only.has_builder());
}

TEST_F(RuleSetServiceTest, AConditionWithErrorsIsAnsweredWithThem) {
  server_.Publish(GroceryRules());
  const v1::ConvertConditionResponse wrong = ConvertText("customer.known && customer.spend_9d > 1");
  EXPECT_EQ(wrong.text(), "");
  EXPECT_FALSE(wrong.has_builder());
  ASSERT_EQ(wrong.diagnostics().diagnostics_size(), 1);
  const v1::Diagnostic& found = wrong.diagnostics().diagnostics(0);
  EXPECT_EQ(found.severity(), v1::DIAGNOSTIC_SEVERITY_ERROR);
  EXPECT_EQ(found.code(), "unknown_name");
  EXPECT_EQ(found.field_path(), "text");
  EXPECT_EQ(found.column(), 19);
  EXPECT_THAT(found.hint(), HasSubstr("customer.spend_90d"));

  v1::ConvertConditionRequest request;
  v1::ConvertConditionResponse response;
  request.set_place(v1::CONDITION_PLACE_ELIGIBLE);
  request.mutable_builder()->mutable_any()->add_conditions()->set_flag("customer.known");
  request.mutable_builder()->mutable_any()->add_conditions()->mutable_comparison();
  ASSERT_TRUE(Convert(request, &response).ok());
  ASSERT_EQ(response.diagnostics().diagnostics_size(), 1);
  EXPECT_EQ(response.diagnostics().diagnostics(0).field_path(),
            "builder.any.conditions[1].comparison.relation");

  const v1::ConvertConditionResponse long_text = ConvertText(std::string(100'001, 'x'));
  ASSERT_EQ(long_text.diagnostics().diagnostics_size(), 1);
  EXPECT_EQ(long_text.diagnostics().diagnostics(0).code(), "too_long");
}

TEST_F(RuleSetServiceTest, EachPlaceOfAConditionHasItsNames) {
  server_.Publish(GroceryRules());
  struct Use {
    const char* text;
    std::vector<v1::ConditionPlace> places;  // that may say so
  };
  const std::vector<v1::ConditionPlace> all = {
      v1::CONDITION_PLACE_AUDIENCE, v1::CONDITION_PLACE_SEGMENT,
      v1::CONDITION_PLACE_ELIGIBLE, v1::CONDITION_PLACE_REQUIRES,
      v1::CONDITION_PLACE_LINES,    v1::CONDITION_PLACE_NEVER_DISCOUNT};
  const std::vector<Use> uses = {
      {"customer.tier == \"gold\"",
       {v1::CONDITION_PLACE_AUDIENCE, v1::CONDITION_PLACE_SEGMENT, v1::CONDITION_PLACE_ELIGIBLE,
        v1::CONDITION_PLACE_REQUIRES, v1::CONDITION_PLACE_LINES}},
      {"customer.segment == \"loyal\"",
       {v1::CONDITION_PLACE_ELIGIBLE, v1::CONDITION_PLACE_REQUIRES, v1::CONDITION_PLACE_LINES}},
      {"basket.net >= 20.00", {v1::CONDITION_PLACE_REQUIRES}},
      {"line.sku == \"BEANS\"", {v1::CONDITION_PLACE_LINES, v1::CONDITION_PLACE_NEVER_DISCOUNT}},
  };
  for (const Use& use : uses) {
    std::vector<v1::ConditionPlace> places;
    for (const v1::ConditionPlace place : all) {
      const v1::ConvertConditionResponse response = ConvertText(use.text, place);
      if (response.has_builder()) places.push_back(place);
      EXPECT_EQ(response.diagnostics().diagnostics().empty(), response.has_builder());
    }
    EXPECT_EQ(places, use.places) << use.text;
  }
}

TEST_F(RuleSetServiceTest, AConditionIsReadWithTheNamesOfTheRevisionThatIsAskedFor) {
  EXPECT_EQ(ReasonOf(ConvertError("")), "NO_ACTIVE_REVISION");
  server_.Publish(GroceryRules());
  v1::RuleSetSource draft = GroceryRules("30");
  for (v1::RuleSetFile& file : *draft.mutable_files()->mutable_files()) {
    if (file.path() == "schema.yaml") {
      file.set_content("request: { rain: { type: bool, optional: true } }\n" + file.content());
    }
  }
  v1::CreateRevisionResponse created;
  ASSERT_TRUE(Create(draft, "draft", &created).ok());
  ASSERT_EQ(created.revision().name(), "revisions/2");

  const auto by = [this](const std::string& revision) {
    return ConvertText("request.rain", v1::CONDITION_PLACE_ELIGIBLE, revision);
  };
  EXPECT_EQ(by("revisions/2").builder().flag(), "request.rain");
  EXPECT_THAT(by("revisions/1").diagnostics().diagnostics(), SizeIs(1));
  EXPECT_THAT(by("").diagnostics().diagnostics(), SizeIs(1));
  EXPECT_EQ(ReasonOf(ConvertError("revisions/3")), "REVISION_NOT_FOUND");
  ASSERT_TRUE(Publish("revisions/2").ok());
  EXPECT_EQ(by("").builder().flag(), "request.rain");
  EXPECT_THAT(by("revisions/1").diagnostics().diagnostics(), SizeIs(1));
}

TEST_F(RuleSetServiceTest, ARetryGetsTheFirstAnswerAndAnotherBodyIsRefused) {
  v1::CreateRevisionResponse first;
  v1::CreateRevisionResponse again;
  ASSERT_TRUE(Create(GroceryRules("20"), "same", &first).ok());
  ASSERT_TRUE(Create(GroceryRules("20"), "same", &again).ok());
  EXPECT_EQ(again.revision().name(), first.revision().name());
  const grpc::Status reused = Create(GroceryRules("30"), "same", &again);
  EXPECT_EQ(reused.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(ReasonOf(reused), "REQUEST_ID_REUSED");
}

TEST_F(RuleSetServiceTest, TheContentOfTheLatestRevisionIsThatRevision) {
  v1::CreateRevisionResponse first;
  v1::CreateRevisionResponse again;
  ASSERT_TRUE(Create(GroceryRules(), "one", &first).ok());
  ASSERT_TRUE(Create(GroceryRules(), "two", &again).ok());
  EXPECT_EQ(again.revision().name(), "revisions/1");
}

TEST_F(RuleSetServiceTest, APublishThatWasOvertakenChangesNothing) {
  server_.Publish(GroceryRules("20"));
  server_.Publish(GroceryRules("30"));
  const grpc::Status late = Publish("revisions/1", /*expected_epoch=*/1);
  EXPECT_EQ(late.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(ReasonOf(late), "EPOCH_CHANGED");
  EXPECT_EQ(DecidingRevision(), "revisions/2");
}

TEST_F(RuleSetServiceTest, ARevisionThatWasNeverActiveCannotBeGoneBackTo) {
  server_.Publish(GroceryRules("20"));
  v1::CreateRevisionResponse created;
  ASSERT_TRUE(Create(GroceryRules("30"), "draft", &created).ok());
  v1::RollbackRevisionResponse response;
  EXPECT_EQ(ReasonOf(Rollback(created.revision().name(), &response)), "REVISION_STATE");
  EXPECT_EQ(ReasonOf(Rollback("revisions/1", &response)), "REVISION_STATE");
  EXPECT_EQ(ReasonOf(Rollback("revisions/9", &response)), "REVISION_NOT_FOUND");
}

TEST_F(RuleSetServiceTest, APausedOfferStaysPausedOverPublishesUntilItIsResumed) {
  server_.Publish(GroceryRules("20"));
  grpc::ClientContext pause_context;
  v1::PauseOfferRequest pause;
  v1::OfferPause paused;
  pause.set_request_id("p-1");
  pause.set_offer_id("beans-20");
  pause.set_reason("wrong price on the shelf");
  ASSERT_TRUE(server_.rule_sets().PauseOffer(&pause_context, pause, &paused).ok());
  EXPECT_EQ(paused.reason(), "wrong price on the shelf");
  EXPECT_EQ(paused.pause_time().seconds(), absl::ToUnixSeconds(server_.now()));
  server_.Publish(GroceryRules("30"));
  ASSERT_EQ(Active().paused_offers_size(), 1);
  EXPECT_EQ(Active().paused_offers(0).offer_id(), "beans-20");

  grpc::ClientContext resume_context;
  v1::ResumeOfferRequest resume;
  v1::ResumeOfferResponse resumed;
  resume.set_request_id("p-2");
  resume.set_offer_id("beans-20");
  ASSERT_TRUE(server_.rule_sets().ResumeOffer(&resume_context, resume, &resumed).ok());
  EXPECT_EQ(Active().paused_offers_size(), 0);
  grpc::ClientContext again_context;
  resume.set_request_id("p-3");
  EXPECT_EQ(ReasonOf(server_.rule_sets().ResumeOffer(&again_context, resume, &resumed)),
            "OFFER_NOT_FOUND");
}

TEST_F(RuleSetServiceTest, AnOfferThatIsNotThereCannotBePaused) {
  server_.Publish(GroceryRules());
  grpc::ClientContext context;
  v1::PauseOfferRequest request;
  v1::OfferPause paused;
  request.set_request_id("p-1");
  request.set_offer_id("tea-20");
  const grpc::Status unknown = server_.rule_sets().PauseOffer(&context, request, &paused);
  EXPECT_THAT(FieldsOf(unknown), ElementsAre("reason"));
  grpc::ClientContext second;
  request.set_reason("why not");
  EXPECT_EQ(ReasonOf(server_.rule_sets().PauseOffer(&second, request, &paused)), "OFFER_NOT_FOUND");
}

TEST_F(RuleSetServiceTest, ListsRevisionsNewestFirstPageByPage) {
  server_.Publish(GroceryRules("20"));
  server_.Publish(GroceryRules("30"));
  server_.Publish(GroceryRules("50"));
  v1::ListRevisionsRequest request;
  v1::ListRevisionsResponse response;
  request.set_page_size(2);
  grpc::ClientContext first;
  ASSERT_TRUE(server_.rule_sets().ListRevisions(&first, request, &response).ok());
  ASSERT_EQ(response.revisions_size(), 2);
  EXPECT_EQ(response.revisions(0).name(), "revisions/3");
  EXPECT_EQ(response.revisions(0).state(), v1::REVISION_STATE_ACTIVE);
  EXPECT_EQ(response.revisions(1).state(), v1::REVISION_STATE_SUPERSEDED);
  request.set_page_token(response.next_page_token());
  grpc::ClientContext second;
  response.Clear();
  ASSERT_TRUE(server_.rule_sets().ListRevisions(&second, request, &response).ok());
  ASSERT_EQ(response.revisions_size(), 1);
  EXPECT_EQ(response.next_page_token(), "");
  request.set_page_token("nonsense");
  grpc::ClientContext third;
  EXPECT_EQ(ReasonOf(server_.rule_sets().ListRevisions(&third, request, &response)),
            "PAGE_TOKEN_INVALID");
}

TEST_F(RuleSetServiceTest, GivesARevisionBackAsFilesOfTheSameContent) {
  server_.Publish(GroceryRules());
  grpc::ClientContext context;
  v1::GetRevisionRequest request;
  v1::Revision revision;
  request.set_name("revisions/1");
  request.set_view(v1::REVISION_VIEW_FILES);
  ASSERT_TRUE(server_.rule_sets().GetRevision(&context, request, &revision).ok());
  ASSERT_TRUE(revision.source().has_files());
  v1::CreateRevisionResponse created;
  ASSERT_TRUE(Create(revision.source(), "again", &created).ok());
  EXPECT_EQ(created.revision().content_hash(), revision.content_hash());
}

TEST_F(RuleSetServiceTest, ARestartKeepsRevisionsAndWhatIsLive) {
  server_.Publish(GroceryRules("20"));
  server_.Publish(GroceryRules("30"));
  server_.Restart();
  EXPECT_EQ(DecidingRevision(), "revisions/2");
  EXPECT_EQ(Active().epoch(), 2);
  EXPECT_EQ(StateOf("revisions/1"), v1::REVISION_STATE_SUPERSEDED);
}

TEST_F(RuleSetServiceTest, WhatIsNotServedSaysSo) {
  grpc::ClientContext context;
  v1::Revision revision;
  const grpc::Status status =
      server_.rule_sets().ApproveRevision(&context, v1::ApproveRevisionRequest(), &revision);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(ReasonOf(status), "NOT_IMPLEMENTED");
  EXPECT_THAT(status.error_message(), HasSubstr("ApproveRevision"));
}

TEST_F(RuleSetServiceTest, EveryViolationOfARequestIsListed) {
  v1::CreateRevisionResponse created;
  const grpc::Status status = Create(v1::RuleSetSource(), "not an id!", &created);
  EXPECT_EQ(ReasonOf(status), "INVALID_REQUEST");
  EXPECT_THAT(FieldsOf(status), ElementsAre("request_id", "source"));

  v1::ConvertConditionRequest convert;
  v1::ConvertConditionResponse converted;
  convert.set_revision("revisions/x");
  EXPECT_THAT(FieldsOf(Convert(convert, &converted)), ElementsAre("revision", "place", "form"));
  convert.set_revision("");
  ASSERT_TRUE(convert.MergeFromString("\x10\x4d")) << "a place that a later version has";
  convert.set_text("customer.known");
  EXPECT_THAT(FieldsOf(Convert(convert, &converted)), ElementsAre("place"));
}

}  // namespace
}  // namespace touchstone::server
