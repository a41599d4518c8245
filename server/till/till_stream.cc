#include "server/till/till_stream.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/decide/request_check.h"
#include "server/rpc/parse.h"
#include "server/till/answered_lines.h"
#include "server/till/basket_change.h"

namespace touchstone::server {
namespace {

using Request = v1::DecideStreamRequest;

// A decision takes less, and at most its budget where the store is slow.
constexpr absl::Duration kRetryWhenBusy = absl::Milliseconds(20);
constexpr absl::Duration kRetryWhenFull = absl::Milliseconds(100);

grpc::Status NotOpen() {
  return RpcError(grpc::StatusCode::NOT_FOUND, v1::ERROR_REASON_TRANSACTION_NOT_OPEN,
                  "this transaction is not in memory: send its whole state with `decide`");
}

grpc::Status OutOfOrder(absl::string_view message) {
  return RpcError(grpc::StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_STEP_OUT_OF_ORDER,
                  message);
}

grpc::Status StepIsTaken(absl::string_view field) {
  return InvalidRequest(
      {{std::string(field), "was decided with something else: use the next step for this"}});
}

// "reserve".
std::string NameOf(Request::RequestCase request) {
  return Request::descriptor()->FindFieldByNumber(request)->name();
}

// Fields that `given` says take the place of those of `from`.
void FillContext(const v1::DecisionContext& from, v1::DecisionContext* given) {
  v1::DecisionContext filled = from;
  const google::protobuf::Reflection& reflection = *given->GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> said;
  reflection.ListFields(*given, &said);
  for (const auto* field : said) reflection.ClearField(&filled, field);
  filled.MergeFrom(*given);
  *given = std::move(filled);
}

grpc::Status ParseState(const OpenState& state, v1::DecideRequest* request) {
  if (request->ParseFromString(state.request)) return grpc::Status::OK;
  return RpcError(grpc::StatusCode::INTERNAL, v1::ERROR_REASON_INTERNAL,
                  "the open transaction could not be read");
}

}  // namespace

class TillStream::Conversation : public RawStreamState {
 public:
  int64_t sequence = 0;
  AnsweredLines lines;
  // Of the request under way.
  Request::RequestCase kind = Request::REQUEST_NOT_SET;
  OpenTransactions::Turn turn;
  std::string transaction_id;
  OpenState next;
  std::string asked;        // what is decided, where that is more than the next state
  v1::BasketChange change;  // of `change`
  Request request;          // of those that go to the ledger
};

class TillStream::Job : public ReadJob {
 public:
  Job(TillStream* tills, RawCall* call) : tills_(tills), call_(call) {}
  void Read() override { tills_->WorkOff(*call_); }
  void Deliver() override {}

 private:
  TillStream* tills_;
  RawCall* call_;
};

TillStream::TillStream(const TillOptions& options, const TillRooms& rooms)
    : rooms_(rooms),
      open_(options.open_bytes, options.open_hold),
      messages_(options.polling_threads),
      pool_(options.ledger_threads, options.ledger_queue) {}

TillStream::~TillStream() { Stop(); }

void TillStream::Stop() { pool_.Stop(); }

TillStream::Conversation& TillStream::Of(RawCall& call) {
  return static_cast<Conversation&>(static_cast<RawStream&>(call).state());
}

std::unique_ptr<RawStreamState> TillStream::Begin() { return std::make_unique<Conversation>(); }

void TillStream::Handle(RawCall& call) {
  Conversation& till = Of(call);
  Request& request = messages_[call.thread()].request;
  const std::optional<Violation> wrong = ParseRequest(call.request(), &request);
  if (request.sequence() <= till.sequence) {
    const Violation order = {"sequence", "must grow from request to request, from 1"};
    call.FinishWithError(InvalidRequest({wrong.value_or(order)}));
    return;
  }
  till.sequence = request.sequence();
  till.kind = wrong.has_value() ? Request::REQUEST_NOT_SET : request.request_case();
  if (wrong.has_value()) {
    Refuse(call, InvalidRequest({*wrong}));
    return;
  }
  switch (till.kind) {
    case Request::kDecide:
      return TakeWhole(call, till, *request.mutable_decide());
    case Request::kChange:
      return TakeChange(call, till, *request.mutable_change());
    case Request::REQUEST_NOT_SET:
      return Refuse(call, InvalidRequest({{"request",
                                           "must be one of decide, change, resume, reserve, "
                                           "commit, release and suspend"}}));
    default:
      return HandToLedger(call, till, request);
  }
}

void TillStream::HandleDeadline(RawCall& call, uint64_t generation) {
  rooms_.decide->PassDeadline(call, generation, *this);
}

bool TillStream::TakeTurn(RawCall& call, Conversation& till, const std::string& transaction_id,
                          bool may_open) {
  switch (open_.Take(transaction_id, call.arrived(), may_open, &till.turn)) {
    case OpenTransactions::Taken::kTurn:
      till.transaction_id = transaction_id;
      return true;
    case OpenTransactions::Taken::kBusy:
      Refuse(call, Overloaded(kRetryWhenBusy, "another step of this transaction is under way"));
      return false;
    case OpenTransactions::Taken::kNotOpen:
      Refuse(call, NotOpen());
      return false;
  }
  return false;
}

void TillStream::TakeWhole(RawCall& call, Conversation& till, v1::DecideRequest& request) {
  const v1::DecisionContext& context = request.context();
  till.change.Clear();
  // What has no name cannot be kept: the decision says what is wrong with it.
  if (IsId(context.transaction_id())) {
    if (!TakeTurn(call, till, context.transaction_id(), /*may_open=*/true)) return;
    const OpenState* state = till.turn.state();
    v1::DecideRequest& known = messages_[call.thread()].state;
    if (state != nullptr && context.step() < state->step) {
      return Refuse(call, OutOfOrder("a later step of this transaction has been decided"));
    }
    if (state != nullptr && context.step() == state->step &&
        !(ParseState(*state, &known).ok() && IsSameState(known, request))) {
      return Refuse(call, StepIsTaken("context.step"));
    }
    const bool again = state != nullptr && context.step() == state->step;
    till.next.change = again ? state->change : 0;
  }
  till.next.step = context.step();
  till.next.mode = context.mode();
  till.asked.clear();
  if (request.placements_size() > 0) {
    request.SerializeToString(&till.asked);
    request.clear_placements();
  }
  request.SerializeToString(&till.next.request);
  rooms_.decide->Decide(call, *this);
}

void TillStream::TakeChange(RawCall& call, Conversation& till, v1::BasketChange& change) {
  till.change.Swap(&change);
  if (!TakeTurn(call, till, till.change.transaction_id(), /*may_open=*/false)) return;
  v1::DecideRequest& state = messages_[call.thread()].state;
  if (!MakeChange(call, till, &state)) return;
  state.SerializeToString(&till.next.request);
  till.asked.clear();
  if (AsksMore(till.change)) {
    AskMore(till.change, &state);
    state.SerializeToString(&till.asked);
  }
  rooms_.decide->Decide(call, *this);
}

bool TillStream::MakeChange(RawCall& call, Conversation& till, v1::DecideRequest* state) {
  const v1::BasketChange& change = till.change;
  const OpenState& before = *till.turn.state();
  const uint64_t hash = ChangeHash(change);
  if (change.step() < before.step) {
    Refuse(call, OutOfOrder("a later step of this transaction has been decided"));
    return false;
  }
  if (change.step() == before.step && hash != before.change) {
    Refuse(call, StepIsTaken("change.step"));
    return false;
  }
  if (grpc::Status parsed = ParseState(before, state); !parsed.ok()) {
    Refuse(call, parsed);
    return false;
  }
  till.next.step = change.step();
  till.next.change = hash;
  till.next.mode = before.mode;
  if (change.step() == before.step) return true;  // a retry
  std::vector<Violation> violations;
  ApplyChange(change, state, &violations);
  if (violations.empty()) return true;
  Refuse(call, InvalidRequest(violations));
  return false;
}

absl::string_view TillStream::RequestOf(RawCall& call) {
  const Conversation& till = Of(call);
  return till.asked.empty() ? till.next.request : till.asked;
}

void TillStream::Answer(RawCall& call, absl::string_view response) {
  Conversation& till = Of(call);
  till.turn.Keep(std::move(till.next), call.arrived());
  thread_local WireWriter answer;
  answer.Reset();
  answer.Number(v1::DecideStreamResponse::kSequenceFieldNumber, till.sequence);
  const WireWriter::Submessage result =
      answer.Begin(v1::DecideStreamResponse::kResponseFieldNumber, /*length_bytes=*/2);
  const bool whole = till.kind == Request::kDecide || till.change.whole_answer();
  till.lines.Write(till.transaction_id, response, whole, &answer);
  answer.End(result);
  call.Finish(answer.bytes());
}

void TillStream::Refuse(RawCall& call, const grpc::Status& status) {
  Conversation& till = Of(call);
  till.turn.GiveUp();
  v1::DecideStreamResponse answer;
  answer.set_sequence(till.sequence);
  *answer.mutable_error() = RenameFields(ItemError(status), [&](absl::string_view field) {
    if (till.kind == Request::REQUEST_NOT_SET || field.empty()) return std::string(field);
    if (till.kind != Request::kChange) return absl::StrCat(NameOf(till.kind), ".", field);
    v1::DecideRequest request;
    request.ParseFromArray(RequestOf(call).data(), static_cast<int>(RequestOf(call).size()));
    return FieldOfChange(till.change, request, field);
  });
  call.Finish(answer.SerializeAsString());
}

void TillStream::HandToLedger(RawCall& call, Conversation& till, Request& request) {
  till.request.Swap(&request);
  if (pool_.TrySubmit(std::make_unique<Job>(this, &call))) return;
  Refuse(call, Overloaded(kRetryWhenFull, "too many transactions wait for the ledger"));
}

void TillStream::WorkOff(RawCall& call) {
  Conversation& till = Of(call);
  v1::DecideStreamResponse answer;
  const grpc::Status status = AskLedger(call, till, &answer);
  till.request.Clear();
  if (!status.ok()) return Refuse(call, status);
  answer.set_sequence(till.sequence);
  call.Finish(answer.SerializeAsString());
}

grpc::Status TillStream::AskLedger(RawCall& call, Conversation& till,
                                   v1::DecideStreamResponse* answer) {
  TransactionService& transactions = *rooms_.transactions;
  const MonotonicTime now = call.arrived();
  grpc::Status status;
  switch (till.kind) {
    case Request::kReserve: {
      v1::ReserveRequest& request = *till.request.mutable_reserve();
      status = FillReserve(now, &request);
      if (status.ok()) status = transactions.Reserve(request, answer->mutable_reservation());
      // It has every line, at the price that stands: what a decision said before is not known to
      // be the till's any more.
      if (status.ok()) till.lines.Forget();
      return status;
    }
    case Request::kCommit:
      FillMode(now, till.request.mutable_commit()->mutable_context());
      status = transactions.Commit(till.request.commit(), answer->mutable_sale());
      if (status.ok()) open_.Close(till.request.commit().context().transaction_id());
      return status;
    case Request::kRelease:
      FillMode(now, till.request.mutable_release()->mutable_context());
      status = transactions.Release(till.request.release(), answer->mutable_reservation());
      if (status.ok()) open_.Close(till.request.release().context().transaction_id());
      return status;
    case Request::kSuspend:
      FillMode(now, till.request.mutable_suspend()->mutable_context());
      return transactions.Suspend(till.request.suspend(), answer->mutable_reservation());
    default:
      return Resume(till.request.resume(), now, answer->mutable_open());
  }
}

grpc::Status TillStream::Resume(const v1::ResumeRequest& request, MonotonicTime now,
                                v1::OpenTransaction* open) const {
  if (request.transaction_id().empty()) return InvalidRequest({{"transaction_id", "is required"}});
  const std::optional<OpenState> state = open_.Find(request.transaction_id(), now);
  if (!state.has_value()) return NotOpen();
  grpc::Status status = ParseState(*state, open->mutable_request());
  if (!status.ok()) return status;
  std::optional<v1::Reservation> held;
  status = rooms_.transactions->FindReservation(open->request().context(), &held);
  if (held.has_value()) *open->mutable_reservation() = *std::move(held);
  return status;
}

grpc::Status TillStream::FillReserve(MonotonicTime now, v1::ReserveRequest* request) const {
  v1::DecisionContext* context = request->mutable_context();
  if (request->has_basket()) {
    FillMode(now, context);
    return grpc::Status::OK;
  }
  const std::optional<OpenState> state = open_.Find(context->transaction_id(), now);
  if (!state.has_value()) return NotOpen();
  if (context->step() != state->step) {
    return OutOfOrder("the open transaction is at another step: reserve the last one");
  }
  v1::DecideRequest known;
  if (grpc::Status parsed = ParseState(*state, &known); !parsed.ok()) return parsed;
  FillContext(known.context(), context);
  if (IsPractice(*context) != IsPractice(known.context())) {
    return InvalidRequest({{"context.mode", "is not that of the open transaction"}});
  }
  if (known.has_basket()) *request->mutable_basket() = std::move(*known.mutable_basket());
  for (const auto& [name, value] : known.attributes()) {
    request->mutable_attributes()->insert({name, value});
  }
  return grpc::Status::OK;
}

void TillStream::FillMode(MonotonicTime now, v1::DecisionContext* context) const {
  if (context->mode() != v1::DECISION_MODE_UNSPECIFIED) return;
  const std::optional<OpenState> state = open_.Find(context->transaction_id(), now);
  // LIVE is what is not said; said or not, a retry has the same bytes.
  if (!state.has_value() || state->mode == v1::DECISION_MODE_LIVE) return;
  context->set_mode(state->mode);
}

}  // namespace touchstone::server
