// Codes through the service: issued, imported, shown, revoked; each refusal of the contract.

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/services/code_issue.h"
#include "store/store.h"
#include "tests/server/grocery_rules.h"
#include "tests/server/test_server.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class GrantServiceTest : public ::testing::Test {
 protected:
  grpc::Status Try(const v1::IssueCodesRequest& request, v1::IssueCodesResponse* response) {
    grpc::ClientContext context;
    return server_.grants().IssueCodes(&context, request, response);
  }
  grpc::Status Try(const v1::ImportCodesRequest& request, v1::ImportCodesResponse* response) {
    grpc::ClientContext context;
    return server_.grants().ImportCodes(&context, request, response);
  }
  grpc::Status Try(const v1::GetCodeRequest& request, v1::Code* response) {
    grpc::ClientContext context;
    return server_.grants().GetCode(&context, request, response);
  }
  grpc::Status Try(const v1::RevokeCodesRequest& request, v1::RevokeCodesResponse* response) {
    grpc::ClientContext context;
    return server_.grants().RevokeCodes(&context, request, response);
  }
  template <typename Response, typename Request>
  Response Call(const Request& request) {
    Response response;
    const grpc::Status status = Try(request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  template <typename Response, typename Request>
  std::string ReasonFor(const Request& request) {
    Response response;
    return ReasonOf(Try(request, &response));
  }

  v1::IssueCodesRequest IssueRequest(int count) {
    v1::IssueCodesRequest request;
    request.set_request_id(server_.NextRequestId());
    request.mutable_terms()->set_offer_id("letter-5");
    request.set_count(count);
    return request;
  }
  v1::ImportCodesRequest ImportRequest(const std::vector<std::string>& codes) {
    v1::ImportCodesRequest request;
    request.set_request_id(server_.NextRequestId());
    request.mutable_terms()->set_offer_id("letter-5");
    for (const std::string& code : codes) request.add_codes(code);
    return request;
  }
  v1::RevokeCodesRequest RevokeRequest(const std::vector<std::string>& codes) {
    v1::RevokeCodesRequest request;
    request.set_request_id(server_.NextRequestId());
    for (const std::string& code : codes) request.add_codes(code);
    return request;
  }
  std::vector<std::string> Issue(const v1::IssueCodesRequest& request) {
    const auto response = Call<v1::IssueCodesResponse>(request);
    return {response.codes().begin(), response.codes().end()};
  }
  v1::Code Get(const std::string& code) {
    v1::GetCodeRequest request;
    request.set_code(code);
    return Call<v1::Code>(request);
  }
  std::string ReasonForGet(const std::string& code) {
    v1::GetCodeRequest request;
    request.set_code(code);
    return ReasonFor<v1::Code>(request);
  }

  TestServer server_;
};

TEST_F(GrantServiceTest, IssuedCodesCanBeShownAndCheckThemselves) {
  server_.Publish(CodedRules());
  server_.Update(server_.UpdateOf("ann"));
  v1::IssueCodesRequest request = IssueRequest(10'000);
  request.set_prefix("fall");
  v1::CodeTerms& terms = *request.mutable_terms();
  terms.set_customer("customers/ann");
  terms.mutable_start_time()->set_seconds(1'800'000'000);
  terms.mutable_end_time()->set_seconds(1'900'000'000);
  terms.set_max_uses(3);
  terms.set_batch("mailing-7");
  const std::vector<std::string> codes = Issue(request);
  EXPECT_EQ(std::set<std::string>(codes.begin(), codes.end()).size(), 10'000u);
  for (const std::string& code : codes) {
    EXPECT_TRUE(absl::StartsWith(code, "FALL") && HasRightCheckSymbol(code)) << code;
  }
  const std::string& code = codes[4711];
  const v1::Code shown = Get(absl::StrCat(" ", absl::AsciiStrToLower(code.substr(0, 9)), "-",
                                          absl::AsciiStrToLower(code.substr(9))));
  EXPECT_EQ(shown.code(), code);
  EXPECT_EQ(shown.terms().DebugString(), terms.DebugString());
  EXPECT_EQ(shown.used() + shown.reserved(), 0);
  EXPECT_FALSE(shown.revoked());
  EXPECT_EQ(shown.create_time().seconds(), absl::ToUnixSeconds(server_.now()));
  EXPECT_EQ(ReasonForGet("NO-SUCH-CODE"), "CODE_NOT_FOUND");
}

TEST_F(GrantServiceTest, ARetryGetsTheSameCodesAlsoFromTheNextServer) {
  server_.Publish(CodedRules());
  v1::IssueCodesRequest request = IssueRequest(50);
  const std::vector<std::string> codes = Issue(request);
  EXPECT_EQ(Issue(request), codes);
  server_.Restart();
  // The offer is not needed any more.
  server_.Publish(GroceryRules());
  server_.MoveClock(absl::Hours(23));
  EXPECT_EQ(Issue(request), codes);
  v1::IssueCodesRequest other = request;
  other.set_count(51);
  EXPECT_EQ(ReasonFor<v1::IssueCodesResponse>(other), "REQUEST_ID_REUSED");
  EXPECT_EQ(Get(codes[0]).terms().max_uses(), 1);
}

TEST_F(GrantServiceTest, ARequestThatWasForgottenMakesNoCodeTwice) {
  server_.Publish(CodedRules());
  v1::IssueCodesRequest request = IssueRequest(3);
  const std::vector<std::string> codes = Issue(request);
  server_.MoveClock(absl::Hours(25));
  Call<v1::ImportCodesResponse>(
      ImportRequest({"LATER"}));  // the store's time is that of its writes
  v1::IssueCodesResponse response;
  const grpc::Status status = Try(request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(ReasonOf(status), "CODE_EXISTS");
  EXPECT_THAT(status.error_message(), HasSubstr("use another request_id"));
  EXPECT_THAT(status.error_message(), Not(HasSubstr(codes[0])));
  request.set_request_id(server_.NextRequestId());
  EXPECT_NE(Issue(request), codes);
}

TEST_F(GrantServiceTest, WithoutTheKeyARetryIsNoAnswer) {
  server_.Publish(CodedRules());
  const v1::IssueCodesRequest request = IssueRequest(3);
  Issue(request);
  server_.Stop();
  std::filesystem::remove(server_.data_dir() + "/token.key");
  server_.Restart();
  EXPECT_EQ(ReasonFor<v1::IssueCodesResponse>(request), "REQUEST_ID_REUSED");
}

TEST_F(GrantServiceTest, CodesAreOfOffersThatNeedThem) {
  EXPECT_EQ(ReasonFor<v1::IssueCodesResponse>(IssueRequest(1)), "NO_ACTIVE_REVISION");
  EXPECT_EQ(ReasonFor<v1::ImportCodesResponse>(ImportRequest({"A"})), "NO_ACTIVE_REVISION");
  server_.Publish(CodedRules());
  for (const char* offer : {"no-such-offer", "beans-20", "join-club"}) {
    v1::IssueCodesRequest issue = IssueRequest(1);
    issue.mutable_terms()->set_offer_id(offer);
    EXPECT_EQ(ReasonFor<v1::IssueCodesResponse>(issue), "OFFER_NOT_FOUND") << offer;
    v1::ImportCodesRequest import = ImportRequest({"A"});
    import.mutable_terms()->set_offer_id(offer);
    EXPECT_EQ(ReasonFor<v1::ImportCodesResponse>(import), "OFFER_NOT_FOUND") << offer;
  }
  v1::IssueCodesRequest bound = IssueRequest(1);
  bound.mutable_terms()->set_customer("customers/nobody");
  EXPECT_EQ(ReasonFor<v1::IssueCodesResponse>(bound), "CUSTOMER_NOT_FOUND");
  EXPECT_EQ(ReasonForGet("A"), "CODE_NOT_FOUND");
}

TEST_F(GrantServiceTest, WhatIsWrongWithARequestIsNamed) {
  server_.Publish(CodedRules());
  const auto fields = [this](const std::function<void(v1::IssueCodesRequest*)>& change) {
    v1::IssueCodesRequest request = IssueRequest(1);
    change(&request);
    v1::IssueCodesResponse response;
    return FieldsOf(Try(request, &response));
  };
  EXPECT_THAT(fields([](auto* r) { r->set_request_id("a b"); }), ElementsAre("request_id"));
  EXPECT_THAT(fields([](auto* r) { r->clear_terms(); }), ElementsAre("terms.offer_id"));
  EXPECT_THAT(fields([](auto* r) { r->mutable_terms()->set_customer("ann"); }),
              ElementsAre("terms.customer"));
  EXPECT_THAT(fields([](auto* r) { r->mutable_terms()->mutable_start_time()->set_nanos(-1); }),
              ElementsAre("terms.start_time"));
  EXPECT_THAT(
      fields([](auto* r) { r->mutable_terms()->mutable_end_time()->set_seconds(1LL << 60); }),
      ElementsAre("terms.end_time"));
  EXPECT_THAT(fields([](auto* r) {
                r->mutable_terms()->mutable_start_time()->set_seconds(9);
                r->mutable_terms()->mutable_end_time()->set_seconds(9);
              }),
              ElementsAre("terms.end_time"));
  EXPECT_THAT(fields([](auto* r) { r->mutable_terms()->set_max_uses(-1); }),
              ElementsAre("terms.max_uses"));
  EXPECT_THAT(fields([](auto* r) { r->mutable_terms()->set_max_uses(1'000'000'001); }),
              ElementsAre("terms.max_uses"));
  EXPECT_THAT(fields([](auto* r) { r->mutable_terms()->set_batch("a b"); }),
              ElementsAre("terms.batch"));
  EXPECT_THAT(fields([](auto* r) { r->set_count(0); }), ElementsAre("count"));
  EXPECT_THAT(fields([](auto* r) { r->set_count(10'001); }), ElementsAre("count"));
  EXPECT_THAT(fields([](auto* r) { r->set_prefix("FALL-"); }), ElementsAre("prefix"));
  EXPECT_THAT(fields([](auto* r) { r->set_prefix(std::string(17, 'F')); }), ElementsAre("prefix"));
  EXPECT_THAT(fields([](auto* r) {
                r->set_prefix(std::string(16, 'F'));
                r->mutable_terms()->set_max_uses(1'000'000'000);
              }),
              IsEmpty());

  v1::ImportCodesResponse imported;
  const grpc::Status status =
      Try(ImportRequest({"FINE", "not/fine", "", std::string(65, 'A')}), &imported);
  EXPECT_THAT(FieldsOf(status), ElementsAre("codes[1]", "codes[2]", "codes[3]"));
  EXPECT_THAT(status.error_message(), Not(HasSubstr("not/fine"))) << "codes are secrets";
  EXPECT_THAT(FieldsOf(Try(ImportRequest({}), &imported)), ElementsAre("codes"));
  EXPECT_THAT(FieldsOf(Try(ImportRequest(std::vector<std::string>(10'001, "A")), &imported)),
              ElementsAre("codes"));
  v1::RevokeCodesResponse revoked;
  EXPECT_THAT(FieldsOf(Try(RevokeRequest({}), &revoked)), ElementsAre("codes"));
  EXPECT_EQ(ReasonForGet("a/b"), "INVALID_REQUEST");
}

TEST_F(GrantServiceTest, ImportedCodesAreNewThereOrRefused) {
  server_.Publish(CodedRules());
  v1::ImportCodesRequest request = ImportRequest({"ab-1", "AB2", "a b 1", "x.y_z"});
  v1::ImportCodesResponse response = Call<v1::ImportCodesResponse>(request);
  EXPECT_EQ(response.imported(), 3);
  EXPECT_EQ(response.duplicates(), 0);
  EXPECT_THAT(response.refused(), ElementsAre(2));
  EXPECT_EQ(Call<v1::ImportCodesResponse>(request).ShortDebugString(), response.ShortDebugString())
      << "a retry";
  response = Call<v1::ImportCodesResponse>(ImportRequest({"AB1", "AB3", "ab2"}));
  EXPECT_EQ(response.imported(), 1);
  EXPECT_EQ(response.duplicates(), 2);
  EXPECT_THAT(response.refused(), IsEmpty());
  request = ImportRequest({"AB1", "AB4"});
  request.mutable_terms()->set_max_uses(2);
  response = Call<v1::ImportCodesResponse>(request);
  EXPECT_EQ(response.imported(), 1);
  EXPECT_THAT(response.refused(), ElementsAre(0));
  EXPECT_EQ(Get("ab1").terms().max_uses(), 1);
  EXPECT_EQ(Get("x.y_z").code(), "X.Y_Z");
}

TEST_F(GrantServiceTest, CodesAreRevokedAllOrNone) {
  server_.Publish(CodedRules());
  Call<v1::ImportCodesResponse>(ImportRequest({"A", "B"}));
  EXPECT_EQ(ReasonFor<v1::RevokeCodesResponse>(RevokeRequest({"A", "NONE"})), "CODE_NOT_FOUND");
  EXPECT_FALSE(Get("A").revoked());
  const v1::RevokeCodesRequest request = RevokeRequest({"a"});
  EXPECT_EQ(Call<v1::RevokeCodesResponse>(request).revoked(), 1);
  EXPECT_EQ(Call<v1::RevokeCodesResponse>(request).revoked(), 1) << "a retry";
  EXPECT_EQ(Call<v1::RevokeCodesResponse>(RevokeRequest({"A", "B"})).revoked(), 1);
  EXPECT_TRUE(Get("A").revoked());
}

TEST_F(GrantServiceTest, ACustomersCodesAreInHerExportAndNobodyElses) {
  server_.Publish(CodedRules());
  for (const char* id : {"ann", "bea", "eve"}) server_.Update(server_.UpdateOf(id));
  for (const char* id : {"ann", "bea", "eve"}) {
    v1::ImportCodesRequest request = ImportRequest({absl::StrCat("OF.", id)});
    request.mutable_terms()->set_customer(absl::StrCat("customers/", id));
    Call<v1::ImportCodesResponse>(request);
  }
  Call<v1::ImportCodesResponse>(ImportRequest({"ANYBODYS"}));
  grpc::ClientContext merge_context;
  v1::MergeCustomersRequest merge;
  merge.set_request_id(server_.NextRequestId());
  merge.set_surviving("customers/ann");
  merge.set_merged("customers/bea");
  v1::Customer merged;
  ASSERT_TRUE(server_.customers().MergeCustomers(&merge_context, merge, &merged).ok());
  grpc::ClientContext context;
  v1::ExportCustomerRequest request;
  request.set_name("customers/ann");
  const auto reader = server_.customers().ExportCustomer(&context, request);
  std::vector<std::string> codes;
  v1::ExportCustomerResponse piece;
  while (reader->Read(&piece)) {
    if (piece.has_code()) codes.push_back(piece.code().code());
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_THAT(codes, ElementsAre("OF.BEA", "OF.ANN"));
}

TEST_F(GrantServiceTest, TheAuditLogSaysWhatWasDoneAndNoCode) {
  server_.Publish(CodedRules());
  v1::IssueCodesRequest request = IssueRequest(2);
  request.mutable_terms()->set_batch("mailing-7");
  const std::vector<std::string> codes = Issue(request);
  Call<v1::ImportCodesResponse>(ImportRequest({"SECRET"}));
  Call<v1::RevokeCodesResponse>(RevokeRequest({"SECRET", codes[0]}));
  server_.Stop();
  store::StoreOptions options;
  options.path = server_.data_dir() + "/store";
  const auto store = store::Store::Open(options);
  ASSERT_TRUE(store.ok()) << store.status();
  std::string text;
  const auto records = *(*store)->ListAudit(0, 100);
  for (const auto& record : records) {
    EXPECT_THAT(record.ShortDebugString(), Not(HasSubstr("SECRET")));
    EXPECT_THAT(record.ShortDebugString(), Not(HasSubstr(codes[0])));
    absl::StrAppend(&text, record.action(), " ", record.resource(), " ", record.detail(), "\n");
  }
  EXPECT_THAT(text, HasSubstr("issue_codes letter-5 2 codes of mailing-7\n"
                              "import_codes letter-5 1 code\n"
                              "revoke_codes codes 2 codes\n"));
}

}  // namespace
}  // namespace touchstone::server
