#include "bench/events_run.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <semaphore>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/arrival_schedule.h"
#include "bench/load_run.h"
#include "bench/machine.h"
#include "touchstone/v1/customer_service.grpc.pb.h"

namespace touchstone::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kConnect{5};

// Requests of one thread, with memory that is used again.
class BatchMaker {
 public:
  BatchMaker(const EventsOptions& options, int thread)
      : options_(options),
        prefix_(absl::StrCat(options.run, "-", thread, "-")),
        random_(static_cast<uint64_t>(thread)) {}

  const v1::AppendEventsRequest& Next() {
    request_.set_request_id(absl::StrCat(prefix_, ++number_));
    while (request_.events_size() < options_.batch) Shape(request_.add_events());
    for (int i = 0; i < options_.batch; ++i) Fill(i, request_.mutable_events(i));
    return request_;
  }

 private:
  void Shape(v1::CustomerEvent* event) const {
    event->mutable_identity()->set_namespace_("loyalty_card");
    event->mutable_event()->set_type("purchase");
    event->mutable_event()->set_store("B01");
    SetMoney(&(*event->mutable_event()->mutable_fields())["paid"], 1995);
    for (int i = 0; i < options_.lines; ++i) {
      auto& line = *event->mutable_event()->add_lines()->mutable_values();
      line["quantity"].set_decimal_thousandths(1000);
      SetMoney(&line["paid"], 665);
    }
  }

  static void SetMoney(v1::AttributeValue* value, int64_t amount_minor) {
    value->mutable_money_value()->set_currency_code("EUR");
    value->mutable_money_value()->set_amount_minor(amount_minor);
  }

  void Fill(int index, v1::CustomerEvent* to) {
    to->mutable_identity()->set_value(
        absl::StrCat(options_.first_card + random_() % options_.customers));
    to->mutable_event()->set_event_id(absl::StrCat(request_.request_id(), "-", index));
    to->mutable_event()->mutable_occurred_at()->set_seconds(absl::ToUnixSeconds(absl::Now()));
    for (auto& line : *to->mutable_event()->mutable_lines()) {
      (*line.mutable_values())["sku"].set_string_value(
          options_.skus[random_() % options_.skus.size()]);
    }
  }

  const EventsOptions& options_;
  const std::string prefix_;
  std::mt19937_64 random_;
  uint64_t number_ = 0;
  v1::AppendEventsRequest request_;
};

// The measured time, and whose answers count: those of batches that were sent in it.
struct Window {
  MonotonicTime from;
  MonotonicTime until;
  bool Has(MonotonicTime sent) const { return sent >= from && sent < until; }
};

void CountStates(const v1::AppendEventsResponse& response, EventsResult* result) {
  ++result->batches;
  for (const v1::AppendEventResult& item : response.results()) {
    if (item.state() == v1::WRITE_STATE_WRITTEN) ++result->written;
    if (item.state() == v1::WRITE_STATE_DUPLICATE) ++result->duplicate;
    if (item.state() == v1::WRITE_STATE_REJECTED) ++result->rejected;
  }
}

void CountError(int code, EventsResult* result) {
  ++result->errors[static_cast<size_t>(std::clamp(code, 0, 16))];
}

void Merge(const EventsResult& from, EventsResult* to) {
  to->written += from.written;
  to->duplicate += from.duplicate;
  to->rejected += from.rejected;
  to->batches += from.batches;
  for (size_t i = 0; i < from.errors.size(); ++i) to->errors[i] += from.errors[i];
  to->latency.Merge(from.latency);
}

using Channels = std::vector<std::shared_ptr<grpc::Channel>>;

absl::StatusOr<Channels> Connect(const EventsOptions& options) {
  Channels channels;
  for (int i = 0; i < options.connections; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // else they would share a connection
    channels.push_back(
        grpc::CreateCustomChannel(options.target, grpc::InsecureChannelCredentials(), arguments));
    if (!channels.back()->WaitForConnected(std::chrono::system_clock::now() + kConnect)) {
      return absl::UnavailableError(absl::StrCat("no connection to ", options.target));
    }
  }
  return channels;
}

// One call that may be in flight.
struct Slot {
  std::unique_ptr<v1::CustomerService::Stub> stub;
  std::optional<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::AppendEventsResponse>> reader;
  v1::AppendEventsResponse response;
  grpc::Status status;
  MonotonicTime intended;
};

// Calls, sent and taken by one thread.
class CallRun {
 public:
  CallRun(const EventsOptions& options, const Channels& channels, const Window& window)
      : maker_(options, 0), window_(window) {
    for (int i = 0; i < options.in_flight; ++i) {
      slots_.push_back(std::make_unique<Slot>());
      slots_.back()->stub =
          v1::CustomerService::NewStub(channels[static_cast<size_t>(i) % channels.size()]);
      free_.push_back(slots_.back().get());
    }
    if (options.rate_per_second.has_value()) {
      pacer_.emplace(ArrivalSchedule(ArrivalKind::kPoisson, *options.rate_per_second, 1),
                     steady_clock::now(), window.until);
    }
  }

  void Run(EventsResult* result) {
    while (true) {
      SendWhatIsDue();
      const bool done = steady_clock::now() >= window_.until;
      if (done && free_.size() == slots_.size()) return;
      auto until = std::chrono::system_clock::now() + std::chrono::seconds(1);
      if (pacer_.has_value() && !free_.empty() && !pacer_->done()) {
        until = std::chrono::system_clock::now() +
                std::chrono::duration_cast<std::chrono::system_clock::duration>(
                    pacer_->next() - steady_clock::now());
      }
      void* tag = nullptr;
      bool ok = false;
      if (queue_.AsyncNext(&tag, &ok, until) == grpc::CompletionQueue::GOT_EVENT) {
        Take(*static_cast<Slot*>(tag), result);
      }
    }
  }

 private:
  void SendWhatIsDue() {
    while (!free_.empty()) {
      const MonotonicTime now = steady_clock::now();
      if (now >= window_.until) return;
      std::optional<MonotonicTime> intended = now;
      if (pacer_.has_value()) intended = pacer_->TakeDue(now);
      if (!intended.has_value()) return;
      Slot& slot = *free_.back();
      free_.pop_back();
      slot.intended = *intended;
      slot.context.emplace();
      slot.reader = slot.stub->AsyncAppendEvents(&*slot.context, maker_.Next(), &queue_);
      slot.reader->Finish(&slot.response, &slot.status, &slot);
    }
  }

  void Take(Slot& slot, EventsResult* result) {
    const MonotonicTime now = steady_clock::now();
    free_.push_back(&slot);
    if (!window_.Has(slot.intended)) return;
    if (!slot.status.ok()) return CountError(slot.status.error_code(), result);
    CountStates(slot.response, result);
    result->latency.Record((now - slot.intended).count());
  }

  BatchMaker maker_;
  const Window window_;
  std::optional<Pacer> pacer_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> free_;
};

// One stream, as many batches of it in flight as its share is.
void RunStream(const EventsOptions& options, int number,
               const std::shared_ptr<grpc::Channel>& channel, const Window& window,
               EventsResult* result) {
  const std::unique_ptr<v1::CustomerService::Stub> stub = v1::CustomerService::NewStub(channel);
  grpc::ClientContext context;
  const auto stream = stub->AppendEventsStream(&context);
  std::counting_semaphore<> room(std::max(1, options.in_flight / options.streams));
  std::mutex mutex;
  std::deque<MonotonicTime> sent;  // guarded by mutex
  std::thread sender([&] {
    BatchMaker maker(options, number);
    v1::AppendEventsStreamRequest request;
    for (int64_t sequence = 1; steady_clock::now() < window.until; ++sequence) {
      room.acquire();
      request.set_sequence(sequence);
      *request.mutable_request() = maker.Next();
      {
        std::lock_guard<std::mutex> lock(mutex);
        sent.push_back(steady_clock::now());
      }
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
  });
  v1::AppendEventsStreamResponse response;
  while (stream->Read(&response)) {
    MonotonicTime began;
    {
      std::lock_guard<std::mutex> lock(mutex);
      began = sent.front();
      sent.pop_front();
    }
    room.release();
    if (!window.Has(began)) continue;
    if (response.has_error()) {
      CountError(response.error().code(), result);
      continue;
    }
    CountStates(response.response(), result);
    result->latency.Record((steady_clock::now() - began).count());
  }
  room.release();  // the sender may wait for an answer that does not come
  sender.join();
  const grpc::Status status = stream->Finish();
  if (!status.ok()) CountError(status.error_code(), result);
}

absl::Status Check(const EventsOptions& options) {
  if (!IsLoopback(options.target)) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.target, ": only 127.0.0.0/8, [::1] or localhost with a port"));
  }
  const bool fine = options.streams >= 0 && options.streams <= 256 && options.batch >= 1 &&
                    options.batch <= 1000 && options.in_flight >= 1 &&
                    options.in_flight <= kMaxInFlight && options.connections >= 1 &&
                    options.connections <= kMaxConnections && options.lines >= 0 &&
                    options.lines <= 100 && options.customers >= 1 && !options.skus.empty() &&
                    options.measured > absl::ZeroDuration() && options.measured <= kMaxRunTime &&
                    options.warm_up >= absl::ZeroDuration() && options.warm_up <= kMaxRunTime &&
                    (!options.rate_per_second.has_value() ||
                     (options.streams == 0 && *options.rate_per_second >= 0.1 &&
                      *options.rate_per_second <= kMaxRatePerSecond));
  if (!fine) return absl::InvalidArgumentError("an option is outside the limits of a run");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<EventsResult> RunEvents(const EventsOptions& options) {
  if (absl::Status status = Check(options); !status.ok()) return status;
  const absl::StatusOr<Channels> channels = Connect(options);
  if (!channels.ok()) return channels.status();
  Window window;
  window.from = steady_clock::now() + absl::ToChronoNanoseconds(options.warm_up);
  window.until = window.from + absl::ToChronoNanoseconds(options.measured);

  absl::StatusOr<int64_t> cpu_before = 0;
  std::thread watch([&] {
    std::this_thread::sleep_until(window.from);
    if (options.server_pid != 0) cpu_before = ProcessCpuUs(options.server_pid);
  });
  EventsResult result;
  if (options.streams == 0) {
    CallRun(options, *channels, window).Run(&result);
  } else {
    std::vector<EventsResult> results(static_cast<size_t>(options.streams));
    std::vector<std::thread> threads;
    for (int i = 0; i < options.streams; ++i) {
      const auto& channel = (*channels)[static_cast<size_t>(i) % channels->size()];
      threads.emplace_back(RunStream, std::cref(options), i, channel, window,
                           &results[static_cast<size_t>(i)]);
    }
    for (std::thread& thread : threads) thread.join();
    for (const EventsResult& part : results) Merge(part, &result);
  }
  result.elapsed = absl::FromChrono(steady_clock::now() - window.from);
  watch.join();
  if (options.server_pid == 0) return result;
  const absl::StatusOr<int64_t> cpu_after = ProcessCpuUs(options.server_pid);
  if (!cpu_before.ok()) return cpu_before.status();
  if (!cpu_after.ok()) return cpu_after.status();
  result.server_cpu = absl::Microseconds(*cpu_after - *cpu_before);
  return result;
}

}  // namespace touchstone::bench
