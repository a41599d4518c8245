#include "bench/load_run.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/answer_sample.h"
#include "bench/machine.h"

namespace touchstone::bench {
namespace {

using std::chrono::steady_clock;

constexpr char kMethod[] = "/touchstone.v1.DecisionService/Decide";
// A server is at rest when it uses no more than the kernel's tick in this time.
constexpr absl::Duration kRestTime = absl::Milliseconds(250);
constexpr int64_t kRestCpuUs = 10'000;

using Stub = grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer>;

// A call that may be in flight, reused for one request after the other.
struct Slot {
  size_t worker = 0;
  Stub* stub = nullptr;
  bool busy = false;
  bool measured = false;
  MonotonicTime intended;
  // Set with release before gRPC gets the tag, read with acquire after: race detectors cannot see
  // the synchronisation inside an uninstrumented gRPC.
  std::atomic<bool> handed_over{false};
  std::optional<grpc::ClientContext> context;  // good for one call
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
  grpc::ByteBuffer answer;
  grpc::Status status;
};

// One answer-taking thread: its slots and what it counts.
struct Worker {
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<Slot>> slots;
  std::string bytes;  // of the request being sent
  LoadResult counts;
  MedianAnswer sample;
  MonotonicTime last_answer;
  std::thread thread;
};

absl::Duration OwnCpu() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

class LoadRun {
 public:
  LoadRun(const LoadOptions& options, const RequestBodies& requests)
      : options_(options), requests_(requests) {}

  absl::Status Connect();
  absl::StatusOr<LoadResult> Run();

 private:
  bool open_loop() const { return options_.rate_per_second.has_value(); }

  // False: the run has made all its sends.
  bool Send(Slot& slot, MonotonicTime intended, std::string* bytes);
  void Poll(Worker& worker);
  void TakeAnswer(Worker& worker, Slot& slot);
  void CountAnswer(Worker& worker, const Slot& slot, MonotonicTime now);
  void CancelAll(Worker& worker);

  void SendOnSchedule();
  Slot* TakeFreeSlot();
  void GiveBack(Slot* slot);

  // What has been used and answered up to now.
  struct Use {
    int64_t server_cpu_us = 0;
    uint64_t answers = 0;
    absl::Duration own_cpu;
  };
  absl::StatusOr<Use> UseSoFar() const;

  void StartSending(std::thread* sender);
  void WaitForAnswers();
  void StopPolling();
  // Waits for the server to come to rest.
  absl::StatusOr<int64_t> SettledServerCpuUs(bool* settled) const;
  LoadResult Collect();

  const LoadOptions& options_;
  const RequestBodies& requests_;
  std::vector<std::unique_ptr<Stub>> stubs_;
  std::vector<std::unique_ptr<Worker>> workers_;
  MonotonicTime start_;
  MonotonicTime measure_from_;
  MonotonicTime end_;
  MonotonicTime give_up_;
  std::atomic<uint64_t> sends_{0};
  std::atomic<uint64_t> answers_{0};
  std::atomic<int64_t> in_flight_{0};
  std::atomic<bool> cancel_{false};

  std::mutex mutex_;  // guards free_
  std::condition_variable freed_;
  std::vector<Slot*> free_;
  LatencyHistogram send_lag_;  // of the sending thread, as is unsent_
  uint64_t unsent_ = 0;
};

absl::Status LoadRun::Connect() {
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < options_.connections; ++i) {
    grpc::ChannelArguments arguments;
    // Without it channels to one target share one connection.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    // A proxy of the environment must not come between.
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    channels.push_back(
        grpc::CreateCustomChannel(options_.target, grpc::InsecureChannelCredentials(), arguments));
  }
  const auto deadline =
      std::chrono::system_clock::now() + absl::ToChronoMilliseconds(options_.connect);
  for (const auto& channel : channels) {
    if (!channel->WaitForConnected(deadline)) {
      return absl::UnavailableError(absl::StrCat(options_.target, ": nobody answers"));
    }
    stubs_.push_back(std::make_unique<Stub>(channel));
  }
  for (int i = 0; i < options_.threads; ++i) workers_.push_back(std::make_unique<Worker>());
  for (int i = 0; i < options_.in_flight; ++i) {
    const size_t number = static_cast<size_t>(i);
    auto slot = std::make_unique<Slot>();
    slot->worker = number % workers_.size();
    slot->stub = stubs_[number % stubs_.size()].get();
    free_.push_back(slot.get());
    workers_[slot->worker]->slots.push_back(std::move(slot));
  }
  return absl::OkStatus();
}

bool LoadRun::Send(Slot& slot, MonotonicTime intended, std::string* bytes) {
  const uint64_t number = sends_.fetch_add(1, std::memory_order_relaxed);
  if (number >= options_.max_sends) return false;
  requests_.Fill(number, bytes);
  const grpc::Slice slice(*bytes);
  const grpc::ByteBuffer request(&slice, 1);
  slot.busy = true;
  slot.intended = intended;
  slot.measured = intended >= measure_from_ && intended < end_;
  slot.answer.Clear();
  slot.context.emplace();
  slot.reader =
      slot.stub->PrepareUnaryCall(&*slot.context, kMethod, request, &workers_[slot.worker]->queue);
  in_flight_.fetch_add(1, std::memory_order_relaxed);
  slot.handed_over.store(true, std::memory_order_release);
  slot.reader->StartCall();
  slot.reader->Finish(&slot.answer, &slot.status, &slot);
  return true;
}

void LoadRun::Poll(Worker& worker) {
  bool cancelled = false;
  while (true) {
    void* tag = nullptr;
    bool ok = false;
    const auto wake = steady_clock::now() + std::chrono::milliseconds(100);
    const gpr_timespec deadline =
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                     gpr_time_from_nanos((wake - steady_clock::now()).count(), GPR_TIMESPAN));
    switch (worker.queue.AsyncNext(&tag, &ok, deadline)) {
      case grpc::CompletionQueue::SHUTDOWN:
        return;
      case grpc::CompletionQueue::GOT_EVENT:
        TakeAnswer(worker, *static_cast<Slot*>(tag));
        break;
      case grpc::CompletionQueue::TIMEOUT:
        break;
    }
    if (!cancelled && cancel_.load(std::memory_order_acquire)) {
      cancelled = true;
      CancelAll(worker);
    }
  }
}

void LoadRun::TakeAnswer(Worker& worker, Slot& slot) {
  slot.handed_over.load(std::memory_order_acquire);
  const MonotonicTime now = steady_clock::now();
  if (slot.status.ok()) answers_.fetch_add(1, std::memory_order_relaxed);
  if (slot.measured) CountAnswer(worker, slot, now);
  slot.busy = false;
  if (open_loop()) {
    GiveBack(&slot);
  } else if (now < end_) {
    Send(slot, now, &worker.bytes);
  }
  // Last: while it is above zero, queues stay open.
  in_flight_.fetch_sub(1, std::memory_order_release);
}

void LoadRun::CountAnswer(Worker& worker, const Slot& slot, MonotonicTime now) {
  LoadResult& counts = worker.counts;
  if (now > give_up_ && slot.status.error_code() == grpc::StatusCode::CANCELLED) {
    ++counts.unanswered;
    return;
  }
  const auto code = static_cast<size_t>(slot.status.error_code());
  ++counts.by_code[std::min(code, counts.by_code.size() - 1)];
  if (!slot.status.ok()) return;
  ++counts.answered;
  counts.latency.Record((now - slot.intended).count());
  worker.last_answer = std::max(worker.last_answer, now);
  grpc::Slice slice;
  std::optional<v1::Completeness> completeness;
  if (slot.answer.TrySingleSlice(&slice).ok() || slot.answer.DumpToSingleSlice(&slice).ok()) {
    const absl::string_view bytes(reinterpret_cast<const char*>(slice.begin()), slice.size());
    completeness = CompletenessOf(bytes);
    worker.sample.Add(bytes);
  }
  switch (completeness.value_or(v1::COMPLETENESS_UNSPECIFIED)) {
    case v1::COMPLETENESS_COMPLETE:
      ++counts.complete;
      break;
    case v1::COMPLETENESS_PARTIAL:
      ++counts.partial;
      break;
    case v1::COMPLETENESS_FALLBACK:
      ++counts.fallback;
      break;
    default:
      ++counts.unreadable;
  }
}

void LoadRun::CancelAll(Worker& worker) {
  for (const auto& slot : worker.slots) {
    if (slot->busy) slot->context->TryCancel();
  }
}

void LoadRun::SendOnSchedule() {
  // Without it the kernel may be 50 us late on purpose.
  prctl(PR_SET_TIMERSLACK, 1UL);
  std::string bytes;
  Pacer pacer(ArrivalSchedule(options_.arrivals, *options_.rate_per_second, options_.seed), start_,
              end_);
  while (!pacer.done()) {
    std::this_thread::sleep_until(pacer.next());
    while (const std::optional<MonotonicTime> due = pacer.TakeDue(steady_clock::now())) {
      Slot* slot = TakeFreeSlot();
      if (slot == nullptr) {
        if (*due >= measure_from_) ++unsent_;
        continue;
      }
      if (*due >= measure_from_) send_lag_.Record((steady_clock::now() - *due).count());
      if (!Send(*slot, *due, &bytes)) return;
    }
  }
}

Slot* LoadRun::TakeFreeSlot() {
  std::unique_lock<std::mutex> lock(mutex_);
  freed_.wait_until(lock, give_up_, [this] { return !free_.empty(); });
  if (free_.empty()) return nullptr;
  Slot* slot = free_.back();
  free_.pop_back();
  return slot;
}

void LoadRun::GiveBack(Slot* slot) {
  bool was_empty = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    was_empty = free_.empty();
    free_.push_back(slot);
  }
  if (was_empty) freed_.notify_one();
}

void LoadRun::WaitForAnswers() {
  const auto poll = std::chrono::milliseconds(1);
  while (steady_clock::now() < end_ &&
         (sends_.load(std::memory_order_relaxed) < options_.max_sends ||
          in_flight_.load(std::memory_order_acquire) > 0)) {
    std::this_thread::sleep_for(poll);
  }
  while (in_flight_.load(std::memory_order_acquire) > 0 && steady_clock::now() < give_up_) {
    std::this_thread::sleep_for(poll);
  }
}

absl::StatusOr<int64_t> LoadRun::SettledServerCpuUs(bool* settled) const {
  absl::StatusOr<int64_t> cpu = ProcessCpuUs(options_.server_pid);
  const MonotonicTime until = steady_clock::now() + absl::ToChronoNanoseconds(options_.settle);
  *settled = options_.settle == absl::ZeroDuration();
  while (cpu.ok() && !*settled && steady_clock::now() < until) {
    std::this_thread::sleep_for(absl::ToChronoMilliseconds(kRestTime));
    const absl::StatusOr<int64_t> later = ProcessCpuUs(options_.server_pid);
    *settled = later.ok() && *later - *cpu <= kRestCpuUs;
    cpu = later;
  }
  return cpu;
}

absl::StatusOr<LoadRun::Use> LoadRun::UseSoFar() const {
  Use use;
  if (options_.server_pid != 0) {
    const absl::StatusOr<int64_t> server = ProcessCpuUs(options_.server_pid);
    if (!server.ok()) return server.status();
    use.server_cpu_us = *server;
  }
  use.answers = answers_.load(std::memory_order_relaxed);
  use.own_cpu = OwnCpu();
  return use;
}

void LoadRun::StartSending(std::thread* sender) {
  start_ = steady_clock::now();
  measure_from_ = start_ + absl::ToChronoNanoseconds(options_.warm_up);
  end_ = measure_from_ + absl::ToChronoNanoseconds(options_.measured);
  give_up_ = end_ + absl::ToChronoNanoseconds(options_.drain);
  if (open_loop()) {
    *sender = std::thread([this] { SendOnSchedule(); });
  } else {
    // Before the polling threads: from then on the slots are theirs.
    for (Slot* slot : free_) Send(*slot, steady_clock::now(), &workers_[slot->worker]->bytes);
  }
  for (const auto& worker : workers_) {
    worker->thread = std::thread([this, &worker = *worker] { Poll(worker); });
  }
}

void LoadRun::StopPolling() {
  cancel_.store(true, std::memory_order_release);
  while (in_flight_.load(std::memory_order_acquire) > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (const auto& worker : workers_) worker->queue.Shutdown();
  for (const auto& worker : workers_) worker->thread.join();
}

absl::StatusOr<LoadResult> LoadRun::Run() {
  // Without a warm-up even the first send is measured.
  absl::StatusOr<Use> before = UseSoFar();
  std::thread sender;
  StartSending(&sender);
  if (options_.warm_up > absl::ZeroDuration()) {
    std::this_thread::sleep_until(measure_from_);
    before = UseSoFar();
  }
  if (sender.joinable()) sender.join();
  WaitForAnswers();
  const absl::StatusOr<Use> after = UseSoFar();
  const auto busy_until = steady_clock::now();
  StopPolling();
  if (!before.ok()) return before.status();
  if (!after.ok()) return after.status();

  LoadResult result = Collect();
  result.client_cpu = after->own_cpu - before->own_cpu;
  if (options_.server_pid == 0) return result;
  const absl::StatusOr<int64_t> settled = SettledServerCpuUs(&result.server_settled);
  if (!settled.ok()) return settled.status();
  result.server_cpu = absl::Microseconds(*settled - before->server_cpu_us);
  result.server_cpu_answers = after->answers - before->answers;
  result.server_cpu_elapsed = absl::FromChrono(busy_until - measure_from_);
  return result;
}

LoadResult LoadRun::Collect() {
  LoadResult result;
  MedianAnswer sample;
  MonotonicTime last_answer = measure_from_;
  for (const auto& worker : workers_) {
    const LoadResult& counts = worker->counts;
    result.answered += counts.answered;
    result.unanswered += counts.unanswered;
    result.complete += counts.complete;
    result.partial += counts.partial;
    result.fallback += counts.fallback;
    result.unreadable += counts.unreadable;
    for (size_t i = 0; i < counts.by_code.size(); ++i) {
      result.by_code[i] += counts.by_code[i];
      result.sent += counts.by_code[i];
    }
    result.latency.Merge(counts.latency);
    sample.Merge(worker->sample);
    last_answer = std::max(last_answer, worker->last_answer);
  }
  result.sent += result.unanswered;
  result.unsent = unsent_;
  result.send_lag.Merge(send_lag_);
  result.elapsed = absl::FromChrono(last_answer - measure_from_);
  result.median_response = sample.Take();
  return result;
}

}  // namespace

absl::StatusOr<LoadResult> RunLoad(const LoadOptions& options, const RequestBodies& requests) {
  if (absl::Status status = CheckLoadOptions(options); !status.ok()) return status;
  LoadRun run(options, requests);
  if (absl::Status status = run.Connect(); !status.ok()) return status;
  return run.Run();
}

}  // namespace touchstone::bench
