#include "server/decide/service.h"

#include <openssl/rand.h>

#include <utility>

#include "touchstone/v1/decision_service.pb.h"
#include "touchstone/v1/outcome_service.pb.h"

namespace touchstone::server {
namespace {

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

DecideServer::DecideServer(const DecideServerOptions& options, DecideServerRooms rooms)
    : options_(options),
      rooms_(std::move(rooms)),
      steps_(options.tracked_transactions),
      contacts_(rooms_.submit, options.shown_waiting),
      reader_(rooms_.store, &contacts_),
      pool_(options.read_threads, options.read_queue),
      gatherer_(&reader_, &pool_),
      decide_rooms_{
          .live = rooms_.live,
          .token_key = rooms_.token_key,
          .steps = &steps_,
          .contacts = &contacts_,
          .stats = &stats_,
          .append_receipt = rooms_.append_receipt,
          .clock = Or<std::function<absl::Time()>>(rooms_.clock, absl::Now),
          .log = Or<std::function<void(absl::string_view)>>(rooms_.log, [](absl::string_view) {}),
          .budgets = rooms_.budgets,
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
                  .reader = &reader_,
                  .find_receipt = rooms_.find_receipt,
                  .resolver = rooms_.resolver,
                  .clock = decide_rooms_.clock,
                  .step_limit = options.step_limit,
                  .allow_as_of = options.allow_as_of}),
      decisions_("touchstone.v1.DecisionService", rooms_.limit),
      outcomes_("touchstone.v1.OutcomeService", rooms_.limit) {
  decisions_.Serve<v1::ExplainRequest, v1::ExplainResponse>(
      "Explain", [this](const auto& request, auto* response) {
        // Nobody may see personal data before there are roles.
        return explainer_.Explain(request, /*show_pii=*/false, response);
      });
}

DecideServer::~DecideServer() { Stop(); }

void DecideServer::Register(grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options_.max_concurrent_streams);
  raw_ = std::make_unique<RawServer>(builder, options_.threads);
  decide_handler_.set_server(raw_.get());
  raw_->AddMethod(decisions_.ServeRaw("Decide"), &decide_handler_, options_.decide_slots,
                  options_.max_request_bytes);
  raw_->AddMethod(outcomes_.ServeRaw("RecordOutcomes"), &outcome_handler_, options_.outcome_slots,
                  options_.max_request_bytes);
  if (stream_handler_ != nullptr) {
    raw_->AddStream(decisions_.ServeRawStream("DecideStream"), stream_handler_,
                    options_.open_streams, options_.max_request_bytes);
  }
  for (const HotMethod& method : rooms_.methods) {
    raw_->AddMethod(method.request, method.handler, method.slots, method.max_request_bytes);
  }
  decisions_.RefuseTheRest();
  outcomes_.RefuseTheRest();
  builder.RegisterService(&decisions_);
  builder.RegisterService(&outcomes_);
}

void DecideServer::Start() { raw_->Start(); }

void DecideServer::Drain() {
  if (raw_ != nullptr) raw_->Drain();
}

void DecideServer::Stop() {
  // Late reads answer calls: they end before the queues do.
  pool_.Stop();
  if (raw_ != nullptr) raw_->Stop();
}

}  // namespace touchstone::server
