// tills: scans items at tills of a server on this machine, each till one after another, and reports
// how long a scan took and what it cost the server. A scan changes one line of the basket; it goes
// out as a change over a stream, or as the whole basket to Decide, or, as the last scan of a
// transaction of its own, to Reserve.

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/command_line.h"
#include "bench/json_object.h"
#include "bench/latency_histogram.h"
#include "bench/machine.h"
#include "bench/request_file.h"
#include "touchstone/v1/decision_service.grpc.pb.h"
#include "touchstone/v1/transaction_service.grpc.pb.h"

namespace touchstone::bench {
namespace {

constexpr char kStream[] = "stream";
constexpr char kDecide[] = "decide";
constexpr char kReserve[] = "reserve";

struct Arguments {
  std::string target;
  std::string requests;
  std::string run;
  std::string by = kStream;
  int tills = 1;
  double seconds = 5;
  double warm_up_seconds = 1;
  pid_t server_pid = 0;
};

void AddOptions(CLI::App& app, Arguments& a) {
  app.add_option("--target", a.target, "Loopback address and port of the server")->required();
  app.add_option("--requests", a.requests, "Baskets, as make_requests writes them")->required();
  app.add_option("--run", a.run, "Begins the transactions; must be new to the server")->required();
  app.add_option("--by", a.by, "Changes over a stream, or whole baskets to Decide or Reserve")
      ->check(CLI::IsMember({kStream, kDecide, kReserve}))
      ->capture_default_str();
  app.add_option("--tills", a.tills, "So many scan at once")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seconds", a.seconds, "Measured time")->capture_default_str();
  app.add_option("--warm-up-seconds", a.warm_up_seconds, "Scanned before, not counted")
      ->capture_default_str();
  app.add_option("--server-pid", a.server_pid, "Measure the CPU time of this process");
}

// What all tills have in common.
struct Shop {
  std::atomic<bool> measuring{false};
  std::atomic<bool> closing{false};
};

struct Tally {
  uint64_t scans = 0;
  uint64_t errors = 0;  // and answers that are not COMPLETE, reservations that hold nothing
  uint64_t sent_bytes = 0;
  uint64_t answered_bytes = 0;
  LatencyHistogram latency;
};

class Till {
 public:
  Till(const Arguments& arguments, v1::DecideRequest basket, const std::string& transaction)
      : by_(arguments.by), transaction_(transaction), basket_(std::move(basket)) {
    basket_.mutable_context()->set_transaction_id(transaction);
    basket_.mutable_context()->set_step(1);
    basket_.clear_placements();
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto channel =
        grpc::CreateCustomChannel(arguments.target, grpc::InsecureChannelCredentials(), own);
    stub_ = v1::DecisionService::NewStub(channel);
    transactions_ = v1::TransactionService::NewStub(channel);
  }

  void ScanUntilClosing(const Shop& shop) {
    if (by_ == kStream) Open();
    while (!shop.closing.load()) {
      const bool measured = shop.measuring.load();
      const v1::BasketLine& line = ChangeLine();
      const auto begin = std::chrono::steady_clock::now();
      const bool fine = by_ == kStream   ? ScanByChange(line)
                        : by_ == kDecide ? ScanByDecide()
                                         : Reserve();
      const auto took = std::chrono::steady_clock::now() - begin;
      if (!measured) continue;
      ++tally_.scans;
      if (!fine) ++tally_.errors;
      tally_.latency.Record(took.count());
    }
  }

  const Tally& tally() const { return tally_; }

 private:
  void Open() {
    stream_ = stub_->DecideStream(&context_);
    v1::DecideStreamRequest request;
    *request.mutable_decide() = basket_;
    Ask(request);
  }

  // One line more or less of the next item.
  const v1::BasketLine& ChangeLine() {
    const int step = basket_.context().step() + 1;
    basket_.mutable_context()->set_step(step);
    v1::BasketLine* line =
        basket_.mutable_basket()->mutable_lines(step % basket_.basket().lines_size());
    line->set_quantity_thousandths(line->quantity_thousandths() == 1000 ? 2000 : 1000);
    return *line;
  }

  bool ScanByDecide() {
    grpc::ClientContext context;
    v1::DecideResponse response;
    const grpc::Status status = stub_->Decide(&context, basket_, &response);
    Count(basket_, response);
    return status.ok() && response.completeness() == v1::COMPLETENESS_COMPLETE;
  }

  bool Reserve() {
    v1::ReserveRequest request;
    *request.mutable_context() = basket_.context();
    *request.mutable_basket() = basket_.basket();
    // Each claims for itself.
    request.set_request_id(absl::StrCat(transaction_, "-", ++sequence_));
    request.mutable_context()->set_transaction_id(request.request_id());
    grpc::ClientContext context;
    v1::Reservation reservation;
    const grpc::Status status = transactions_->Reserve(&context, request, &reservation);
    Count(request, reservation);
    return status.ok() && reservation.completeness() == v1::COMPLETENESS_COMPLETE &&
           !reservation.claims().empty();
  }

  bool ScanByChange(const v1::BasketLine& line) {
    v1::DecideStreamRequest request;
    v1::BasketChange* change = request.mutable_change();
    change->set_transaction_id(basket_.context().transaction_id());
    change->set_step(basket_.context().step());
    *change->add_lines() = line;
    return Ask(request);
  }

  bool Ask(v1::DecideStreamRequest& request) {
    request.set_sequence(++sequence_);
    v1::DecideStreamResponse response;
    const bool answered = stream_->Write(request) && stream_->Read(&response);
    Count(request, response);
    return answered && response.response().completeness() == v1::COMPLETENESS_COMPLETE;
  }

  void Count(const google::protobuf::Message& sent, const google::protobuf::Message& answered) {
    tally_.sent_bytes = sent.ByteSizeLong();
    tally_.answered_bytes = answered.ByteSizeLong();
  }

  const std::string by_;
  const std::string transaction_;
  v1::DecideRequest basket_;
  std::unique_ptr<v1::DecisionService::Stub> stub_;
  std::unique_ptr<v1::TransactionService::Stub> transactions_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::DecideStreamRequest, v1::DecideStreamResponse>>
      stream_;
  int64_t sequence_ = 0;
  Tally tally_;
};

int64_t CpuUs(pid_t pid) { return pid == 0 ? 0 : ProcessCpuUs(pid).value_or(0); }

int Run(const Arguments& a, const std::string& command) {
  const absl::StatusOr<std::vector<v1::DecideRequest>> requests = ReadRequests(a.requests);
  if (!requests.ok()) {
    std::cerr << requests.status().message() << "\n";
    return kExitUsage;
  }
  Shop shop;
  std::vector<std::unique_ptr<Till>> tills;
  std::vector<std::thread> threads;
  for (int i = 0; i < a.tills; ++i) {
    const v1::DecideRequest& basket = (*requests)[static_cast<size_t>(i) % requests->size()];
    tills.push_back(std::make_unique<Till>(a, basket, absl::StrCat(a.run, "-", i)));
    threads.emplace_back([&shop, till = tills.back().get()] { till->ScanUntilClosing(shop); });
  }
  absl::SleepFor(absl::Seconds(a.warm_up_seconds));
  const int64_t cpu_before = CpuUs(a.server_pid);
  const absl::Time begin = absl::Now();
  shop.measuring.store(true);
  absl::SleepFor(absl::Seconds(a.seconds));
  shop.measuring.store(false);
  const int64_t cpu = CpuUs(a.server_pid) - cpu_before;
  const absl::Duration elapsed = absl::Now() - begin;
  shop.closing.store(true);
  for (std::thread& thread : threads) thread.join();

  Tally all;
  for (const auto& till : tills) {
    all.scans += till->tally().scans;
    all.errors += till->tally().errors;
    all.latency.Merge(till->tally().latency);
    all.sent_bytes = till->tally().sent_bytes;
    all.answered_bytes = till->tally().answered_bytes;
  }
  google::protobuf::Struct fields;
  JsonObject root(&fields);
  AddSurroundings(command, root);
  root.Text("by", a.by);
  root.Number("tills", a.tills);
  root.Count("scans", all.scans);
  root.Count("errors", all.errors);
  root.Count("last_request_bytes", all.sent_bytes);
  root.Count("last_answer_bytes", all.answered_bytes);
  root.Number("scans_per_second", static_cast<double>(all.scans) / absl::ToDoubleSeconds(elapsed));
  AddLatency(all.latency, root.Inside("latency_us"));
  if (a.server_pid != 0 && all.scans > 0) {
    root.Number("server_cpu_us_per_scan",
                static_cast<double>(cpu) / static_cast<double>(all.scans));
  }
  std::cout << ToText(fields) << "\n";
  return all.scans == 0 || all.errors > 0 ? kExitFindings : 0;
}

int Main(int argc, char** argv) {
  CLI::App app("Scans items at tills of a server on this machine", "tills");
  Arguments arguments;
  AddOptions(app, arguments);
  return RunProgram(app, argc, argv,
                    [&](const std::string& command) { return Run(arguments, command); });
}

}  // namespace
}  // namespace touchstone::bench

int main(int argc, char** argv) { return touchstone::bench::Main(argc, argv); }
