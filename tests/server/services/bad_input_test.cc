// Requests that are none, at every method that is served: refused by name, with nothing half done.

#include <grpcpp/generic/generic_stub.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/grocery_rules.h"
#include "tests/server/test_server.h"
#include "touchstone/v1/outcome_service.pb.h"

namespace touchstone::server {
namespace {

using grpc::StatusCode;
using ::testing::HasSubstr;

constexpr char kMark[] = "WILL-NOT-BE-UTF-8";

struct MethodCase {
  std::string method;
  std::string request;  // holds kMark
};

v1::DecideRequest TillRequest() {
  v1::DecideRequest request;
  request.mutable_context()->set_transaction_id("t-1");
  request.mutable_context()->set_step(1);
  request.mutable_context()->mutable_touchpoint()->set_channel("pos");
  request.mutable_basket()->set_currency_code("EUR");
  v1::BasketLine* line = request.mutable_basket()->add_lines();
  line->set_line_id("1");
  line->set_sku("BEANS");
  line->set_quantity_thousandths(2000);
  line->set_unit_price_e4(140'000);
  return request;
}

// A request that would be well formed, but for what it names.
std::vector<MethodCase> MethodCases() {
  std::vector<MethodCase> cases;
  const auto add = [&cases](const std::string& method, const google::protobuf::Message& request) {
    cases.push_back({"/touchstone.v1." + method, request.SerializeAsString()});
  };
  v1::DecideRequest decide = TillRequest();
  decide.mutable_basket()->mutable_lines(0)->set_sku(kMark);
  add("DecisionService/Decide", decide);
  v1::ExplainRequest explain;
  *explain.mutable_live() = decide;
  add("DecisionService/Explain", explain);
  v1::RecordOutcomesRequest outcomes;
  outcomes.set_request_id("r-1");
  outcomes.add_outcomes()->set_outcome_id("o-1");
  outcomes.mutable_outcomes(0)->set_type(v1::OUTCOME_TYPE_SHOWN);
  outcomes.mutable_outcomes(0)->set_token(kMark);
  add("OutcomeService/RecordOutcomes", outcomes);
  v1::GetCustomerRequest get;
  get.set_name(kMark);
  add("CustomerService/GetCustomer", get);
  v1::UpdateCustomerRequest update;
  update.set_request_id("r-2");
  update.set_allow_missing(true);
  update.mutable_customer()->set_name("customers/anna");
  (*update.mutable_customer()->mutable_attributes())["city"] = TextValue(kMark);
  add("CustomerService/UpdateCustomer", update);
  v1::ResolveIdentityRequest resolve;
  resolve.add_identities()->set_namespace_("loyalty_card");
  resolve.mutable_identities(0)->set_value(kMark);
  add("CustomerService/ResolveIdentity", resolve);
  v1::AppendEventsRequest append;
  append.set_request_id("r-3");
  append.set_allow_missing(true);
  append.add_events()->set_customer("customers/anna");
  *append.mutable_events(0)->mutable_event() = Purchase(kMark, absl::FromUnixSeconds(1), 1000);
  add("CustomerService/AppendEvents", append);
  v1::ImportCustomersRequest rows;
  rows.set_request_id("r-4");
  rows.set_sequence(1);
  rows.add_rows()->set_customer_id(kMark);
  add("CustomerService/ImportCustomers", rows);
  v1::ImportReferenceRequest table;
  table.set_request_id("r-5");
  table.set_table("product");
  table.add_rows()->set_key(kMark);
  add("ReferenceService/ImportReference", table);
  v1::CreateRevisionRequest create;
  create.set_request_id("r-6");
  create.set_message(kMark);
  add("RuleSetService/CreateRevision", create);
  v1::ConvertConditionRequest convert;
  convert.set_place(v1::CONDITION_PLACE_ELIGIBLE);
  convert.set_text(kMark);
  add("RuleSetService/ConvertCondition", convert);
  v1::PauseOfferRequest pause;
  pause.set_request_id("r-7");
  pause.set_offer_id(kMark);
  add("RuleSetService/PauseOffer", pause);
  return cases;
}

class BadInputTest : public ::testing::Test {
 protected:
  BadInputTest() {
    server_.Publish(GroceryRules());
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ =
        grpc::CreateCustomChannel(server_.address(), grpc::InsecureChannelCredentials(), arguments);
  }

  // Sends messages as they are, to a method of any kind, and ends the stream.
  grpc::Status Send(const std::string& method, const std::vector<std::string>& messages) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    const auto await = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      EXPECT_TRUE(queue.Next(&tag, &ok));
      return ok;
    };
    auto call = stub.PrepareCall(&context, method, &queue);
    call->StartCall(nullptr);
    bool alive = await();
    for (size_t i = 0; alive && i < messages.size(); ++i) {
      const grpc::Slice slice(messages[i]);
      call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
      alive = await();
    }
    if (alive) {
      call->WritesDone(nullptr);
      alive = await();
    }
    for (grpc::ByteBuffer answer; alive; alive = await()) call->Read(&answer, nullptr);
    grpc::Status status;
    call->Finish(&status, nullptr);
    await();
    return status;
  }

  // As decisions name it.
  std::string ReferenceVersion() {
    grpc::ClientContext context;
    v1::DecideResponse decided;
    const grpc::Status status = server_.decisions().Decide(&context, TillRequest(), &decided);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return decided.reference_version();
  }

  grpc::Status GetAnna() {
    grpc::ClientContext context;
    v1::GetCustomerRequest request;
    request.set_name("customers/anna");
    v1::Customer customer;
    return server_.customers().GetCustomer(&context, request, &customer);
  }

  TestServer server_;
  std::shared_ptr<grpc::Channel> channel_;
};

v1::ImportReferenceRequest Products(const std::vector<std::string>& keys) {
  v1::ImportReferenceRequest request;
  request.set_request_id("products");
  request.set_table("product");
  for (const std::string& key : keys) request.add_rows()->set_key(key);
  return request;
}

TEST_F(BadInputTest, AStringThatIsNotUtf8IsRefusedByNameAtEveryMethod) {
  for (const MethodCase& method : MethodCases()) {
    std::string bytes = method.request;
    const size_t at = bytes.find(kMark);
    ASSERT_NE(at, std::string::npos) << method.method;
    bytes[at + 4] = '\xff';
    const grpc::Status status = Send(method.method, {bytes});
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << method.method;
    EXPECT_EQ(ReasonOf(status), "INVALID_REQUEST") << method.method;
    EXPECT_THAT(status.error_message(), HasSubstr("is not UTF-8")) << method.method;
  }
  EXPECT_EQ(ReasonOf(GetAnna()), "CUSTOMER_NOT_FOUND") << "nothing is half done";
}

TEST_F(BadInputTest, BytesThatAreNoMessageAreRefusedAtEveryMethod) {
  for (const MethodCase& method : MethodCases()) {
    const grpc::Status status = Send(method.method, {"\xff\xff\xff"});
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << method.method;
    EXPECT_THAT(status.error_message(), HasSubstr("the bytes are no touchstone.v1."))
        << method.method;
  }
}

TEST_F(BadInputTest, AMessageOverTheLimitIsRefusedAndTheNextOneServed) {
  for (const char* method :
       {"/touchstone.v1.DecisionService/Decide", "/touchstone.v1.CustomerService/AppendEvents"}) {
    const grpc::Status status = Send(method, {std::string((size_t{64} << 20) + 1, 'x')});
    EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED) << method;
    EXPECT_THAT(status.error_message(), HasSubstr("larger than max")) << method;
  }
  EXPECT_EQ(ReferenceVersion(), "");
}

TEST_F(BadInputTest, ATableThatBreaksOffStaysAsItWas) {
  const std::string method = "/touchstone.v1.ReferenceService/ImportReference";
  const std::string first = Products({"BEANS", "TEA"}).SerializeAsString();
  // A message in the middle that is none.
  grpc::Status status = Send(method, {first, "\xff\xff\xff"});
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReferenceVersion(), "");
  // Fewer rows than were announced.
  v1::ImportReferenceRequest announced = Products({"BEANS", "TEA"});
  announced.set_total_rows(3);
  status = Send(method, {announced.SerializeAsString()});
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(status), ::testing::ElementsAre("total_rows"));
  EXPECT_EQ(ReferenceVersion(), "");
  // A caller who goes away without the end of the stream.
  {
    grpc::ClientContext context;
    v1::ImportReferenceResponse response;
    auto stream = server_.references().ImportReference(&context, &response);
    ASSERT_TRUE(stream->Write(announced));
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  }
  EXPECT_EQ(ReferenceVersion(), "");
  announced.set_total_rows(2);
  EXPECT_TRUE(Send(method, {announced.SerializeAsString()}).ok());
  EXPECT_EQ(ReferenceVersion(), "1");
}

TEST_F(BadInputTest, ALoadEndsWithAnErrorAtABatchThatIsNone) {
  v1::ImportCustomersRequest batch;
  batch.set_request_id("load");
  batch.set_sequence(1);
  batch.add_rows()->set_customer_id("anna");
  const grpc::Status status = Send("/touchstone.v1.CustomerService/ImportCustomers",
                                   {batch.SerializeAsString(), "\xff\xff\xff"});
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(GetAnna().ok()) << "the batch before it was answered, and is there";
}

// One damage: a byte changed, put in, taken out, or a stretch doubled.
std::string Damaged(std::string bytes, std::mt19937_64& random) {
  for (uint64_t i = 1 + random() % 3; i > 0 && !bytes.empty(); --i) {
    const size_t at = random() % bytes.size();
    switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes.insert(at, 1, static_cast<char>(random()));
        break;
      case 2:
        bytes.erase(at, 1 + random() % 4);
        break;
      default:
        bytes.insert(at, bytes.substr(at, random() % 16));
        break;
    }
  }
  return bytes;
}

TEST_F(BadInputTest, DamagedRequestsNeverEndInAnInternalError) {
  constexpr uint64_t kSeed = 20261120;
  RecordProperty("seed", std::to_string(kSeed));
  std::mt19937_64 random(kSeed);
  const std::set<StatusCode> ours = {StatusCode::OK,
                                     StatusCode::INVALID_ARGUMENT,
                                     StatusCode::NOT_FOUND,
                                     StatusCode::ABORTED,
                                     StatusCode::FAILED_PRECONDITION,
                                     StatusCode::ALREADY_EXISTS,
                                     StatusCode::PERMISSION_DENIED};
  for (const MethodCase& method : MethodCases()) {
    for (int round = 0; round < 150; ++round) {
      const std::string bytes = Damaged(method.request, random);
      const grpc::Status status = Send(method.method, {bytes});
      ASSERT_EQ(ours.count(status.error_code()), 1u)
          << method.method << " round " << round << " seed " << kSeed << ": " << status.error_code()
          << " " << status.error_message();
      if (!status.ok()) {
        EXPECT_NE(ReasonOf(status), "") << method.method << " round " << round;
      }
    }
  }
  for (int round = 0; round < 300; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const grpc::Status status = Send("/touchstone.v1.DecisionService/Decide", {bytes});
    ASSERT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << "seed " << kSeed;
  }
  grpc::ClientContext context;
  v1::DecideRequest request = TillRequest();
  request.mutable_context()->set_transaction_id("afterwards");
  v1::DecideResponse decided;
  EXPECT_TRUE(server_.decisions().Decide(&context, request, &decided).ok());
}

}  // namespace
}  // namespace touchstone::server
