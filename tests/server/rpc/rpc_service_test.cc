#include "server/rpc/rpc_service.h"

#include <grpcpp/impl/client_unary_call.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "server/rpc/health_service.h"
#include "touchstone/v1/customer_service.grpc.pb.h"

namespace touchstone::server {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// The first GetCustomer waits for the test; a stream answers each message with its sequence.
class SlowService : public RpcService {
 public:
  explicit SlowService(CallLimit* limit) : RpcService("touchstone.v1.CustomerService", limit) {
    Serve<v1::GetCustomerRequest, v1::Customer>("GetCustomer",
                                                [this](const auto& request, auto* response) {
                                                  if (calls.fetch_add(1) == 0) {
                                                    begun.set_value();
                                                    may_end.get_future().wait();
                                                  }
                                                  response->set_name(request.name());
                                                  return grpc::Status::OK;
                                                });
    ServeStream("ImportCustomers", [](RpcStream& stream) {
      v1::ImportCustomersRequest request;
      v1::ImportCustomersResponse response;
      grpc::Status status;
      while (stream.Read(&request, &status)) {
        response.set_sequence(request.sequence());
        if (!stream.Write(response)) break;
      }
      return status;
    });
    RefuseTheRest();
  }

  std::atomic<int> calls{0};
  std::promise<void> begun;
  std::promise<void> may_end;
};

class RpcServiceTest : public ::testing::Test {
 protected:
  RpcServiceTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    builder.RegisterService(&health_);
    server_ = builder.BuildAndStart();
    channel_ = grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                   grpc::InsecureChannelCredentials());
    customers_ = v1::CustomerService::NewStub(channel_);
  }

  ~RpcServiceTest() override { server_->Shutdown(); }

  grpc::Status Get(v1::Customer* customer) {
    grpc::ClientContext context;
    v1::GetCustomerRequest request;
    request.set_name("customers/1");
    return customers_->GetCustomer(&context, request, customer);
  }

  grpc::Status CheckHealth(const std::string& service, HealthCheckResponse* response) {
    grpc::internal::RpcMethod method("/grpc.health.v1.Health/Check",
                                     grpc::internal::RpcMethod::NORMAL_RPC, channel_);
    grpc::ClientContext context;
    HealthCheckRequest request;
    request.set_service(service);
    return grpc::internal::BlockingUnaryCall(channel_.get(), method, &context, request, response);
  }

  CallLimit limit_{1};
  SlowService service_{&limit_};
  CallLimit health_limit_{1};
  HealthService health_{{"touchstone.v1.CustomerService"}, &health_limit_};
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::CustomerService::Stub> customers_;
};

TEST_F(RpcServiceTest, RefusesWhatIsBeyondItsLimitAndServesAgainAfter) {
  v1::Customer first;
  std::thread caller([&] { EXPECT_TRUE(Get(&first).ok()); });
  service_.begun.get_future().wait();
  v1::Customer second;
  const grpc::Status refused = Get(&second);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(refused.error_details()));
  EXPECT_EQ(details.details_size(), 2);  // the reason, and when to try again
  service_.may_end.set_value();
  caller.join();
  EXPECT_EQ(first.name(), "customers/1");
  EXPECT_TRUE(Get(&second).ok());
  EXPECT_EQ(second.name(), "customers/1");
}

TEST_F(RpcServiceTest, AStreamAnswersUntilItsCallerEndsIt) {
  grpc::ClientContext context;
  auto stream = customers_->ImportCustomers(&context);
  v1::ImportCustomersRequest request;
  v1::ImportCustomersResponse response;
  request.set_sequence(7);
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.sequence(), 7);
  ASSERT_TRUE(stream->WritesDone());
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(RpcServiceTest, NamesTheMethodThatIsNotServed) {
  grpc::ClientContext context;
  v1::ListCustomersResponse response;
  const grpc::Status status = customers_->ListCustomers(&context, {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(status.error_message(),
            "ListCustomers is part of the contract but not served by this version");
}

TEST_F(RpcServiceTest, TellsItsHealth) {
  HealthCheckResponse response;
  ASSERT_TRUE(CheckHealth("", &response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  health_.SetServing(true);
  ASSERT_TRUE(CheckHealth("touchstone.v1.CustomerService", &response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  EXPECT_EQ(CheckHealth("touchstone.v1.Nobody", &response).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace touchstone::server
