#include "server/decide/service.h"

#include <openssl/rand.h>

#include <utility>

#include "server/rpc/raw_callback.h"
#include "server/rpc/rpc_error.h"
#include "touchstone/v1/decision_service.grpc.pb.h"
#include "touchstone/v1/outcome_service.grpc.pb.h"

namespace touchstone::server {
namespace {

grpc::Status NotServed() {
  return RpcError(grpc::StatusCode::UNIMPLEMENTED, v1::ERROR_REASON_NOT_IMPLEMENTED,
                  "not served by this version");
}

grpc::ServerUnaryReactor* FinishWith(grpc::CallbackServerContext* context,
                                     const grpc::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

// Decision ids of two starts of a server must differ although the clock may have stepped back.
uint64_t RandomProcess() {
  uint64_t process = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&process), sizeof(process));
  return process;
}

template <typename Function>
Function Or(Function function, Function otherwise) {
  return function ? std::move(function) : std::move(otherwise);
}

}  // namespace

class DecideServer::StoreReader : public RecordReader {
 public:
  explicit StoreReader(const store::Store* store) : store_(store) {}

  absl::StatusOr<store::Found> ResolveIdentity(absl::string_view identity, store::ReadTier tier,
                                               std::string* customer_id) const override {
    return store_->ResolveIdentity(identity, tier, customer_id);
  }
  absl::StatusOr<store::Found> GetCustomer(absl::string_view customer_id, store::ReadTier tier,
                                           store::PinnedValue* record) const override {
    return store_->GetRecord({store::RecordKind::kCustomer, customer_id}, tier, record);
  }

 private:
  const store::Store* store_;
};

// Decide is taken raw by the polling threads; the rare methods use gRPC's callbacks.
class DecideServer::DecisionRpc
    : public v1::DecisionService::WithRawMethod_Decide<
          v1::DecisionService::WithRawCallbackMethod_Explain<
              v1::DecisionService::WithCallbackMethod_ListDecisions<
                  v1::DecisionService::WithCallbackMethod_PriceItems<
                      v1::DecisionService::WithCallbackMethod_DecideStream<
                          v1::DecisionService::Service>>>>> {
 public:
  explicit DecisionRpc(const Explainer* explainer) : explainer_(explainer) {}

  grpc::ServerUnaryReactor* Explain(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer* bytes,
                                    grpc::ByteBuffer* answer) override {
    v1::ExplainRequest request;
    v1::ExplainResponse response;
    grpc::Status status = ParseBuffer(*bytes, &request);
    // Nobody may see personal data before there are roles.
    if (status.ok()) status = explainer_->Explain(request, /*show_pii=*/false, &response);
    if (status.ok()) *answer = ToBuffer(response);
    return FinishWith(context, status);
  }
  grpc::ServerUnaryReactor* ListDecisions(grpc::CallbackServerContext* context,
                                          const v1::ListDecisionsRequest* /*request*/,
                                          v1::ListDecisionsResponse* /*response*/) override {
    return FinishWith(context, NotServed());
  }
  grpc::ServerUnaryReactor* PriceItems(grpc::CallbackServerContext* context,
                                       const v1::PriceItemsRequest* /*request*/,
                                       v1::PriceItemsResponse* /*response*/) override {
    return FinishWith(context, NotServed());
  }
  grpc::ServerBidiReactor<v1::DecideStreamRequest, v1::DecideStreamResponse>* DecideStream(
      grpc::CallbackServerContext* /*context*/) override {
    class Refusal
        : public grpc::ServerBidiReactor<v1::DecideStreamRequest, v1::DecideStreamResponse> {
     public:
      Refusal() { Finish(NotServed()); }
      void OnDone() override { delete this; }
    };
    return new Refusal();
  }

 private:
  const Explainer* explainer_;
};

class DecideServer::OutcomeRpc
    : public v1::OutcomeService::WithRawMethod_RecordOutcomes<v1::OutcomeService::Service> {};

DecideServer::DecideServer(const DecideServerOptions& options, DecideServerRooms rooms)
    : options_(options),
      rooms_(std::move(rooms)),
      steps_(options.tracked_transactions),
      contacts_(rooms_.submit, options.shown_in_flight),
      reader_(std::make_unique<StoreReader>(rooms_.store)),
      pool_(options.read_threads, options.read_queue),
      gatherer_(reader_.get(), &pool_),
      decide_rooms_{
          .live = rooms_.live,
          .token_key = rooms_.token_key,
          .steps = &steps_,
          .contacts = &contacts_,
          .stats = &stats_,
          .append_receipt = rooms_.append_receipt,
          .clock = Or<std::function<absl::Time()>>(rooms_.clock, absl::Now),
          .log = Or<std::function<void(absl::string_view)>>(rooms_.log, [](absl::string_view) {}),
          .step_limit = options.step_limit,
          .allow_as_of = options.allow_as_of,
          .process = RandomProcess()},
      outcome_rooms_{.live = rooms_.live,
                     .token_key = rooms_.token_key,
                     .executor = &pool_,
                     .submit = rooms_.submit,
                     .find_receipt = rooms_.find_receipt,
                     .resolver = rooms_.resolver,
                     .clock = decide_rooms_.clock},
      decide_handler_(&decide_rooms_, &gatherer_, options.threads),
      outcome_handler_(&outcome_rooms_),
      explainer_({.live = rooms_.live,
                  .reader = reader_.get(),
                  .find_receipt = rooms_.find_receipt,
                  .resolver = rooms_.resolver,
                  .clock = decide_rooms_.clock,
                  .step_limit = options.step_limit,
                  .allow_as_of = options.allow_as_of}),
      decision_rpc_(std::make_unique<DecisionRpc>(&explainer_)),
      outcome_rpc_(std::make_unique<OutcomeRpc>()) {}

DecideServer::~DecideServer() { Stop(); }

void DecideServer::Register(grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options_.max_concurrent_streams);
  builder.SetMaxReceiveMessageSize(options_.max_request_bytes);
  builder.RegisterService(decision_rpc_.get());
  builder.RegisterService(outcome_rpc_.get());
  raw_ = std::make_unique<RawServer>(builder, options_.threads);
  decide_handler_.set_server(raw_.get());
  raw_->AddMethod(
      [service = decision_rpc_.get()](auto... arguments) { service->RequestDecide(arguments...); },
      &decide_handler_, options_.decide_slots);
  raw_->AddMethod([service = outcome_rpc_.get()](
                      auto... arguments) { service->RequestRecordOutcomes(arguments...); },
                  &outcome_handler_, options_.outcome_slots);
}

void DecideServer::Start() { raw_->Start(); }

void DecideServer::Stop() {
  // Late reads answer calls: they end before the queues do.
  pool_.Stop();
  if (raw_ != nullptr) raw_->Stop();
}

}  // namespace touchstone::server
