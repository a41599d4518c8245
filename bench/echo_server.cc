#include "bench/echo_server.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/decide/service.h"
#include "touchstone/v1/decision_service.pb.h"

namespace touchstone::bench {

class EchoServer::Handler : public server::RawHandler {
 public:
  Handler(std::string response, size_t threads)
      : response_(std::move(response)), requests_(threads) {}

  void Handle(server::RawCall& call) override {
    v1::DecideRequest& request = requests_[call.thread()].request;
    const absl::string_view bytes = call.request();
    if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      call.FinishWithError(
          grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "the request cannot be read"));
      return;
    }
    call.Finish(response_);
  }

  void HandleDeadline(server::RawCall& /*call*/, uint64_t /*generation*/) override {}

 private:
  // Threads write to neighbouring messages all the time: they must not share a cache line.
  struct alignas(64) Reused {
    v1::DecideRequest request;
  };
  const std::string response_;
  std::vector<Reused> requests_;  // by polling thread
};

// By way of one of its messages, so that the linker takes the service's generated code.
EchoServer::EchoServer()
    : rpc_(v1::DecideStreamRequest::descriptor()->file()->service(0)->full_name(), &limit_) {}

EchoServer::~EchoServer() { Stop(); }

absl::StatusOr<std::unique_ptr<EchoServer>> EchoServer::Create(const EchoOptions& options) {
  const server::DecideServerOptions product;
  auto echo = std::unique_ptr<EchoServer>(new EchoServer());
  echo->handler_ = std::make_unique<Handler>(options.response, options.threads);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(options.listen, grpc::InsecureServerCredentials(), &echo->port_);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, product.max_concurrent_streams);
  echo->raw_ = std::make_unique<server::RawServer>(builder, options.threads);
  echo->raw_->AddMethod(echo->rpc_.ServeRaw("Decide"), echo->handler_.get(), product.decide_slots,
                        product.max_request_bytes);
  echo->rpc_.RefuseTheRest();
  builder.RegisterService(&echo->rpc_);
  echo->grpc_ = builder.BuildAndStart();
  if (echo->grpc_ == nullptr || echo->port_ == 0) {
    return absl::UnavailableError(absl::StrCat(options.listen, ": cannot be had"));
  }
  echo->raw_->Start();
  return echo;
}

void EchoServer::Stop() {
  if (grpc_ != nullptr) grpc_->Shutdown();
  if (raw_ != nullptr) raw_->Stop();
}

}  // namespace touchstone::bench
