#include "server/decide/decide_handler.h"

#include <algorithm>
#include <utility>

#include "server/rpc/rpc_error.h"

namespace touchstone::server {

// What a read job holds of its call.
class DecideHandler::PendingCall : public GatheringCall {
 public:
  PendingCall(DecideHandler* handler, RawCall* call, DecideExchange* exchange)
      : handler_(handler), call_(call), exchange_(exchange), generation_(call->generation()) {}

  bool answered() const override { return call_->claimed(generation_); }

  void Answer(GatheredRecord& gathered) override {
    if (!call_->Claim(generation_)) return;
    std::unique_ptr<Decider> decider = handler_->BorrowDecider();
    AnswerLate(*call_, *exchange_, *decider, gathered.view());
    handler_->ReturnDecider(std::move(decider));
  }

 private:
  DecideHandler* handler_;
  RawCall* call_;
  DecideExchange* exchange_;
  const uint64_t generation_;
};

DecideHandler::DecideHandler(const DecideRooms* rooms, Gatherer* gatherer, size_t threads)
    : rooms_(rooms), gatherer_(gatherer), next_thread_(static_cast<uint32_t>(threads)) {
  for (size_t i = 0; i < threads; ++i) {
    deciders_.push_back(std::make_unique<Decider>(rooms, static_cast<uint32_t>(i)));
  }
}

DecideHandler::~DecideHandler() = default;

void DecideHandler::Handle(RawCall& call) { Decide(call, unary_); }

void DecideHandler::HandleDeadline(RawCall& call, uint64_t generation) {
  PassDeadline(call, generation, unary_);
}

void DecideHandler::Decide(RawCall& call, DecideExchange& exchange) {
  Decider& decider = *deciders_[call.thread()];
  if (grpc::Status read = decider.Read(exchange.RequestOf(call)); !read.ok()) {
    rooms_->stats->refused.fetch_add(1, std::memory_order_relaxed);
    exchange.Refuse(call, read);
    return;
  }
  const absl::Duration budget = std::min(call.rpc_time_left(), decider.budget());
  GatheredRecord& gathered = decider.gathered();
  if (!HasTimeToCompute(std::chrono::steady_clock::now(), call.arrived(), budget)) {
    gathered.SetUnavailable(ReadFailure::kLate);
    Answer(call, exchange, decider, gathered.view(), /*fallback=*/true);
    return;
  }
  const GatherRules rules = decider.gather_rules();
  if (!gatherer_->TryMemory(decider.context(), rules, &gathered) &&
      gatherer_->Begin(decider.context(), rules,
                       std::make_unique<PendingCall>(this, &call, &exchange), &gathered)) {
    server_->ArmDeadline(call, AnswerBy(call.arrived(), budget));
    return;
  }
  Answer(call, exchange, decider, gathered.view(), /*fallback=*/false);
  // The blocks that it pins are not to wait for this thread's next call.
  gathered.Release();
}

void DecideHandler::PassDeadline(RawCall& call, uint64_t generation, DecideExchange& exchange) {
  if (!call.Claim(generation)) return;
  Decider& decider = *deciders_[call.thread()];
  decider.gathered().SetUnavailable(ReadFailure::kLate);
  AnswerLate(call, exchange, decider, decider.gathered().view());
}

// The thread has served other calls since: the request is read again, under what is live now.
void DecideHandler::AnswerLate(RawCall& call, DecideExchange& exchange, Decider& decider,
                               const GatheredCustomer& gathered) {
  if (grpc::Status read = decider.Read(exchange.RequestOf(call)); !read.ok()) {
    exchange.Refuse(call, read);
    return;
  }
  Answer(call, exchange, decider, gathered, /*fallback=*/false);
}

void DecideHandler::Answer(RawCall& call, DecideExchange& exchange, Decider& decider,
                           const GatheredCustomer& gathered, bool fallback) {
  absl::string_view response;
  if (grpc::Status answered = decider.Answer(gathered, fallback, &response); !answered.ok()) {
    exchange.Refuse(call, answered);
    return;
  }
  exchange.Answer(call, response);
}

std::unique_ptr<Decider> DecideHandler::BorrowDecider() {
  uint32_t thread = 0;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!spare_.empty()) {
      std::unique_ptr<Decider> decider = std::move(spare_.back());
      spare_.pop_back();
      return decider;
    }
    thread = next_thread_++;
  }
  return std::make_unique<Decider>(rooms_, thread);
}

void DecideHandler::ReturnDecider(std::unique_ptr<Decider> decider) {
  std::lock_guard<std::mutex> lock(mutex_);
  spare_.push_back(std::move(decider));
}

}  // namespace touchstone::server
