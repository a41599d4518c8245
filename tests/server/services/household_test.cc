// Households, merges and identities, as callers see them.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/grocery_rules.h"
#include "tests/server/test_server.h"
#include "tests/store/mark.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

v1::Identity IdentityOf(const std::string& name, const std::string& value) {
  v1::Identity identity;
  identity.set_namespace_(name);
  identity.set_value(value);
  return identity;
}

class HouseholdTest : public ::testing::Test {
 protected:
  HouseholdTest() { server_.Publish(HouseholdRules()); }

  grpc::Status TryUpdate(const v1::UpdateCustomerRequest& request, v1::Customer* customer) {
    grpc::ClientContext context;
    return server_.customers().UpdateCustomer(&context, request, customer);
  }
  v1::Customer Make(const std::string& id, const std::vector<v1::Identity>& identities = {}) {
    v1::UpdateCustomerRequest request = server_.UpdateOf(id);
    for (const v1::Identity& identity : identities) *request.add_add_identities() = identity;
    return server_.Update(request);
  }
  void Join(const std::string& id, const std::string& household) {
    v1::UpdateCustomerRequest request = server_.UpdateOf(id);
    request.mutable_customer()->set_household(household);
    EXPECT_EQ(server_.Update(request).household(), household);
  }

  v1::AppendEventsResponse Append(const v1::AppendEventsRequest& given) {
    grpc::ClientContext context;
    v1::AppendEventsRequest request = given;
    request.set_request_id(server_.NextRequestId());
    v1::AppendEventsResponse response;
    const grpc::Status status = server_.customers().AppendEvents(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  v1::AppendEventResult Buys(const std::string& id, const std::string& event_id, int64_t paid_minor,
                             const std::string& reverses = "") {
    v1::AppendEventsRequest request;
    v1::CustomerEvent* event = request.add_events();
    event->set_customer("customers/" + id);
    *event->mutable_event() = Purchase(event_id, server_.now() - absl::Hours(1), paid_minor);
    event->mutable_event()->set_reverses_event_id(reverses);
    if (!reverses.empty()) {
      event->mutable_event()->mutable_occurred_at()->set_seconds(
          absl::ToUnixSeconds(server_.now()));
    }
    return Append(request).results(0);
  }

  v1::Customer Get(const std::string& id) {
    grpc::ClientContext context;
    v1::GetCustomerRequest request;
    v1::Customer customer;
    request.set_name("customers/" + id);
    request.set_recent_event_count(10);
    const grpc::Status status = server_.customers().GetCustomer(&context, request, &customer);
    EXPECT_TRUE(status.ok()) << id << ": " << status.error_message();
    return customer;
  }
  grpc::Status GetHousehold(const std::string& id, v1::Household* household) {
    grpc::ClientContext context;
    v1::GetHouseholdRequest request;
    request.set_name("households/" + id);
    return server_.customers().GetHousehold(&context, request, household);
  }

  // Minor units; -1 for absent. What waits is rebuilt in the background.
  int64_t SpendOf(const std::string& id, const std::string& aggregate = "home_spend_90d") {
    for (int attempt = 0; attempt < 2000; ++attempt) {
      const v1::Customer customer = Get(id);
      const auto found = customer.aggregates().find(aggregate);
      if (found != customer.aggregates().end()) return found->second.money_value().amount_minor();
      absl::SleepFor(absl::Milliseconds(5));
    }
    return -1;
  }

  grpc::Status Merge(const std::string& surviving, const std::string& merged,
                     v1::Customer* customer, bool undo = false) {
    grpc::ClientContext context;
    v1::MergeCustomersRequest request;
    request.set_request_id(server_.NextRequestId());
    request.set_surviving("customers/" + surviving);
    request.set_merged("customers/" + merged);
    request.set_undo(undo);
    return server_.customers().MergeCustomers(&context, request, customer);
  }
  v1::Customer MustMerge(const std::string& surviving, const std::string& merged,
                         bool undo = false) {
    v1::Customer customer;
    const grpc::Status status = Merge(surviving, merged, &customer, undo);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return customer;
  }

  std::string Resolve(const std::string& name, const std::string& value) {
    grpc::ClientContext context;
    v1::ResolveIdentityRequest request;
    v1::ResolveIdentityResponse response;
    *request.add_identities() = IdentityOf(name, value);
    const grpc::Status status = server_.customers().ResolveIdentity(&context, request, &response);
    return status.ok() ? response.customer() : ReasonOf(status);
  }

  v1::DecideResponse Decide(const v1::Identity& identity) {
    grpc::ClientContext context;
    v1::DecideRequest request;
    v1::DecideResponse response;
    request.mutable_context()->set_transaction_id(absl::StrCat("t", ++transactions_));
    request.mutable_context()->set_step(1);
    *request.mutable_context()->add_identities() = identity;
    request.mutable_context()->mutable_touchpoint()->set_channel("pos");
    request.add_placements("receipt");
    const grpc::Status status = server_.decisions().Decide(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  v1::ExplainResponse Explain(const std::string& decision_id) {
    grpc::ClientContext context;
    v1::ExplainRequest request;
    v1::ExplainResponse response;
    request.set_decision_id(decision_id);
    const grpc::Status status = server_.decisions().Explain(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  TestServer server_;
  int transactions_ = 0;
};

TEST_F(HouseholdTest, MembersShareWhatIsPerHousehold) {
  Make("anna", {IdentityOf("loyalty_card", "1")});
  Make("bert");
  EXPECT_EQ(Buys("anna", "a1", 1000).state(), v1::WRITE_STATE_WRITTEN);
  EXPECT_EQ(SpendOf("anna"), 1000) << "one in no household is one of her own";
  EXPECT_EQ(SpendOf("bert"), 0);
  Join("anna", "home");
  Join("bert", "home");
  Buys("bert", "b1", 200);
  EXPECT_EQ(SpendOf("anna"), 1200);
  EXPECT_EQ(SpendOf("bert"), 1200);
  EXPECT_EQ(SpendOf("bert", "spend_90d"), 200);
  v1::Household household;
  ASSERT_TRUE(GetHousehold("home", &household).ok());
  EXPECT_THAT(household.members(), ElementsAre("customers/anna", "customers/bert"));
  ASSERT_EQ(household.aggregates_size(), 2);
  EXPECT_EQ(household.aggregates(1).name(), "home_spend_90d");
  EXPECT_EQ(household.aggregates(1).value().money_value().amount_minor(), 1200);
  EXPECT_TRUE(household.aggregates(1).per_household());

  v1::UpdateCustomerRequest leave = server_.UpdateOf("bert");
  leave.set_leave_household(true);
  EXPECT_EQ(server_.Update(leave).household(), "");
  EXPECT_EQ(SpendOf("anna"), 1000);
  EXPECT_EQ(SpendOf("bert"), 200);
  leave = server_.UpdateOf("anna");
  leave.set_leave_household(true);
  server_.Update(leave);
  EXPECT_EQ(ReasonOf(GetHousehold("home", &household)), "HOUSEHOLD_NOT_FOUND");
}

TEST_F(HouseholdTest, WhatAMemberTakesBackIsTakenBackFromTheHouseholdAtOnce) {
  Make("anna");
  Make("bert");
  Join("anna", "home");
  Join("bert", "home");
  Buys("anna", "a1", 1000);
  Buys("bert", "b1", 200);
  EXPECT_EQ(SpendOf("anna"), 1200);
  EXPECT_EQ(Buys("bert", "b2", 0, "b1").state(), v1::WRITE_STATE_WRITTEN);
  const v1::Customer anna = Get("anna");
  EXPECT_EQ(anna.aggregates().at("home_spend_90d").money_value().amount_minor(), 1000);
  EXPECT_TRUE(anna.aggregates().contains("home_last")) << "worked out before the answer";
}

TEST_F(HouseholdTest, ADecisionReadsTheHouseholdAndItsReceiptRebuildsWithoutNamingTheOthers) {
  Make("anna", {IdentityOf("loyalty_card", "1")});
  Make(store::Mark("customer", "bert"));
  Join("anna", "home");
  Join(store::Mark("customer", "bert"), "home");
  Buys(store::Mark("customer", "bert"), "b1", 4200);
  EXPECT_EQ(SpendOf("anna"), 4200);
  const v1::DecideResponse decided = Decide(IdentityOf("loyalty_card", "1"));
  EXPECT_EQ(decided.segment(), "family");
  Buys(store::Mark("customer", "bert"), "b2", 100);
  const v1::ExplainResponse explained = Explain(decided.decision_id());
  EXPECT_EQ(explained.rebuild(), v1::REBUILD_STATE_IDENTICAL);
  EXPECT_EQ(explained.response().segment(), "family");
  server_.Restart();
  EXPECT_THAT(store::FilesWith(server_.data_dir() + "/receipts", store::Mark("customer", "bert")),
              IsEmpty());
}

TEST_F(HouseholdTest, AMergeBringsEverythingTogetherAndUndoingItSetsItApart) {
  Make("anna", {IdentityOf("loyalty_card", "1")});
  Make("bert", {IdentityOf("loyalty_card", "2")});
  Buys("anna", "a1", 1000);
  Buys("bert", "b1", 200);
  const v1::Customer merged = MustMerge("anna", "bert");
  EXPECT_EQ(merged.aggregates().at("spend_90d").money_value().amount_minor(), 1200);
  EXPECT_EQ(merged.identities_size(), 2);
  EXPECT_THAT(merged.merged_customers(), ElementsAre("customers/bert"));
  EXPECT_EQ(Resolve("loyalty_card", "2"), "customers/anna");
  EXPECT_EQ(Get("bert").name(), "customers/anna") << "the old name names the one who stays";
  EXPECT_EQ(Get("bert").recent_events_size(), 2);
  const v1::AppendEventResult late = Buys("bert", "b2", 50);
  EXPECT_EQ(late.state(), v1::WRITE_STATE_WRITTEN);
  EXPECT_EQ(late.customer(), "customers/anna");
  EXPECT_EQ(Buys("anna", "b1", 999).state(), v1::WRITE_STATE_DUPLICATE);
  EXPECT_EQ(SpendOf("anna", "spend_90d"), 1250);

  const v1::Customer apart = MustMerge("anna", "bert", /*undo=*/true);
  EXPECT_EQ(apart.name(), "customers/bert");
  EXPECT_EQ(apart.aggregates().at("spend_90d").money_value().amount_minor(), 200);
  EXPECT_EQ(SpendOf("anna", "spend_90d"), 1050) << "what happened since stays";
  EXPECT_EQ(Resolve("loyalty_card", "2"), "customers/bert");
  EXPECT_EQ(Resolve("loyalty_card", "1"), "customers/anna");
  v1::Customer none;
  EXPECT_EQ(ReasonOf(Merge("anna", "bert", &none, /*undo=*/true)), "NOT_MERGED");
  EXPECT_EQ(ReasonOf(Merge("anna", "nobody", &none)), "CUSTOMER_NOT_FOUND");
  EXPECT_THAT(FieldsOf(Merge("anna", "anna", &none)), ElementsAre("merged"));
}

TEST_F(HouseholdTest, ErasingWhoWasMergedErasesAllOfHerAndLeavesNothingInAnyFile) {
  const std::string device = store::Mark("customer", "device");
  Make("anna", {IdentityOf("loyalty_card", store::Mark("card", "anna"))});
  Make(device, {IdentityOf("loyalty_card", store::Mark("card", "device"))});
  Make("carl");
  Join("anna", "home");
  Join("carl", "home");
  Buys(device, store::Mark("event", "device"), 100);
  Decide(IdentityOf("loyalty_card", store::Mark("card", "device")));
  MustMerge("anna", device);
  EXPECT_EQ(SpendOf("carl"), 100);
  {
    grpc::ClientContext context;
    v1::DeleteCustomerRequest request;
    v1::DeleteCustomerResponse response;
    request.set_request_id(server_.NextRequestId());
    request.set_name("customers/" + device);
    const grpc::Status status = server_.customers().DeleteCustomer(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  EXPECT_EQ(Resolve("loyalty_card", store::Mark("card", "anna")), "IDENTITY_NOT_FOUND");
  EXPECT_EQ(SpendOf("carl"), 0);
  for (const auto& [kind, id] :
       {std::pair("card", "anna"), std::pair("card", "device"), std::pair("event", "device")}) {
    EXPECT_THAT(store::FilesWith(server_.data_dir(), store::Mark(kind, id)), IsEmpty())
        << kind << " " << id;
  }
}

TEST_F(HouseholdTest, AnExportShowsWhoWasMerged) {
  Make("anna");
  Make("bert");
  MustMerge("anna", "bert");
  grpc::ClientContext context;
  v1::ExportCustomerRequest request;
  request.set_name("customers/bert");
  const auto reader = server_.customers().ExportCustomer(&context, request);
  std::vector<std::string> names;
  v1::ExportCustomerResponse piece;
  while (reader->Read(&piece)) {
    names.push_back(piece.has_customer() ? piece.customer().name()
                                         : piece.merged_customer().name());
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_THAT(names, ElementsAre("customers/anna", "customers/bert"));
}

TEST_F(HouseholdTest, IdentitiesAreFoundHoweverTheyAreWritten) {
  Make("anna", {IdentityOf("phone", "030 / 901 820"), IdentityOf("email", " Anna@Example.ORG ")});
  EXPECT_EQ(Resolve("phone", "+49 30 901820"), "customers/anna");
  EXPECT_EQ(Resolve("phone", "0049-30-901-820"), "customers/anna");
  EXPECT_EQ(Resolve("email", "anna@example.org"), "customers/anna");
  EXPECT_EQ(Resolve("phone", "not a number"), "IDENTITY_NOT_FOUND");
  EXPECT_EQ(Decide(IdentityOf("phone", "(030) 901820")).personal(), v1::PERSONAL_STATE_READ);
  std::vector<std::string> keys;
  const v1::Customer anna = Get("anna");
  for (const v1::Identity& identity : anna.identities()) keys.push_back(identity.value());
  EXPECT_THAT(keys, UnorderedElementsAre("+4930901820", "anna@example.org"));

  v1::UpdateCustomerRequest wrong = server_.UpdateOf("bert");
  *wrong.add_add_identities() = IdentityOf("phone", "12");
  *wrong.add_add_identities() = IdentityOf("email", "nobody");
  *wrong.add_add_identities() = IdentityOf("passport", "1");
  v1::Customer none;
  const grpc::Status status = TryUpdate(wrong, &none);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(status), ElementsAre("add_identities[0].value", "add_identities[1].value",
                                            "add_identities[2].namespace"));
  v1::UpdateCustomerRequest taken = server_.UpdateOf("bert");
  *taken.add_add_identities() = IdentityOf("phone", "+4930901820");
  EXPECT_EQ(ReasonOf(TryUpdate(taken, &none)), "IDENTITY_TAKEN");
  v1::UpdateCustomerRequest remove = server_.UpdateOf("anna");
  *remove.add_remove_identities() = IdentityOf("phone", "030901820");
  EXPECT_EQ(server_.Update(remove).identities_size(), 1);
}

TEST_F(HouseholdTest, ADeviceThatBecomesKnownIsMergedIntoWhomItBelongsTo) {
  v1::AppendEventsRequest browsing;
  browsing.set_allow_missing(true);
  v1::CustomerEvent* event = browsing.add_events();
  *event->mutable_identity() = IdentityOf("cookie", "abc");
  *event->mutable_event() = Purchase("web-1", server_.now() - absl::Hours(1), 700);
  const std::string device = Append(browsing).results(0).customer();
  Make("anna", {IdentityOf("loyalty_card", "1")});
  v1::UpdateCustomerRequest login = server_.UpdateOf("anna");
  *login.add_add_identities() = IdentityOf("cookie", "abc");
  const v1::Customer anna = server_.Update(login);
  EXPECT_EQ(anna.identities_size(), 2);
  EXPECT_EQ(anna.aggregates().at("spend_90d").money_value().amount_minor(), 700);
  EXPECT_THAT(anna.merged_customers(), ElementsAre(device));
  // Of somebody else by now, it stays where it is.
  v1::UpdateCustomerRequest other = server_.UpdateOf("bert");
  *other.add_add_identities() = IdentityOf("cookie", "abc");
  v1::Customer none;
  EXPECT_EQ(ReasonOf(TryUpdate(other, &none)), "IDENTITY_TAKEN");
}

TEST_F(HouseholdTest, AggregatesPerHouseholdThatAreDeclaredLaterAreFilled) {
  server_.Publish(GroceryRules());
  for (const char* id : {"anna", "bert", "carl"}) Make(id);
  for (const char* id : {"anna", "bert"}) Join(id, "home");
  for (const char* id : {"anna", "bert", "carl"}) Buys(id, absl::StrCat("p-", id), 100);
  EXPECT_EQ(Get("anna").aggregates().count("home_spend_90d"), 0);
  server_.Publish(HouseholdRules());
  EXPECT_EQ(SpendOf("anna"), 200);
  EXPECT_EQ(SpendOf("carl"), 100);
}

}  // namespace
}  // namespace touchstone::server
