// load: sends DecideRequests to a server on this machine and reports how it answered.

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/command_line.h"
#include "bench/load_report.h"
#include "bench/load_run.h"
#include "bench/request_file.h"

namespace touchstone::bench {
namespace {

struct Arguments {
  std::string requests;
  std::string json = "-";
  std::string median_response;
  std::string run;
  bool uniform = false;
  double rate = 0;
  double warm_up_seconds = 1;
  double seconds = 10;
  double settle_seconds = 10;
  double drain_seconds = 10;
  double budget_ms = 20;
  LoadOptions options;
};

void AddOptions(CLI::App& app, Arguments& a) {
  app.add_option("--target", a.options.target, "Loopback address and port of the server")
      ->required();
  app.add_option("--requests", a.requests,
                 "DecideRequests: length-delimited, or JSON Lines when named *.jsonl")
      ->required();
  app.add_option("--rate", a.rate, "Open loop: requests a second; without it closed loop");
  app.add_flag("--uniform", a.uniform, "Open loop: equal gaps instead of a Poisson process");
  app.add_option("--seed", a.options.seed, "Of the Poisson process");
  app.add_option("--seconds", a.seconds, "Measured time")->capture_default_str();
  app.add_option("--warm-up-seconds", a.warm_up_seconds, "Sent before, not counted")
      ->capture_default_str();
  app.add_option("--in-flight", a.options.in_flight,
                 "Closed loop: requests in flight; open loop: at most")
      ->capture_default_str();
  app.add_option("--connections", a.options.connections, "Spread over so many")
      ->capture_default_str();
  app.add_option("--threads", a.options.threads, "That take answers")->capture_default_str();
  app.add_option("--max-requests", a.options.max_sends, "The run ends early after so many");
  app.add_option("--budget-ms", a.budget_ms, "What counts as in time")->capture_default_str();
  app.add_option("--server-pid", a.options.server_pid, "Measure the CPU time of this process");
  app.add_option("--settle-seconds", a.settle_seconds,
                 "At most, for the server to come to rest before its CPU time is read")
      ->capture_default_str();
  app.add_option("--drain-seconds", a.drain_seconds, "For answers after the last send")
      ->capture_default_str();
  app.add_option("--run", a.run, "Begins the transaction ids; must be new to the server");
  app.add_option("--median-response", a.median_response,
                 "Write the answer of median size, serialized, to this file");
  app.add_option("--json", a.json, "File for the report; - is standard output")
      ->capture_default_str();
}

int Fail(const absl::Status& status) {
  std::cerr << "load: " << status.message() << "\n";
  return kExitUsage;
}

int Run(Arguments& a, const std::string& command) {
  LoadOptions& options = a.options;
  if (a.rate != 0) options.rate_per_second = a.rate;
  if (a.uniform) options.arrivals = ArrivalKind::kUniform;
  options.warm_up = absl::Seconds(a.warm_up_seconds);
  options.measured = absl::Seconds(a.seconds);
  options.settle = absl::Seconds(a.settle_seconds);
  options.drain = absl::Seconds(a.drain_seconds);
  if (absl::Status status = CheckLoadOptions(options); !status.ok()) return Fail(status);
  if (a.run.empty()) a.run = absl::StrCat("load-", absl::Hex(absl::ToUnixMicros(absl::Now())));

  const absl::StatusOr<std::vector<v1::DecideRequest>> requests = ReadRequests(a.requests);
  if (!requests.ok()) return Fail(requests.status());
  const absl::StatusOr<RequestBodies> bodies = RequestBodies::Create(*requests, a.run);
  if (!bodies.ok()) return Fail(bodies.status());
  const absl::StatusOr<LoadResult> result = RunLoad(options, *bodies);
  if (!result.ok()) return Fail(result.status());

  LoadReport report;
  report.options = options;
  report.command = command;
  report.distinct_requests = bodies->size();
  report.request_median_bytes = bodies->median_bytes();
  report.budget = absl::Milliseconds(a.budget_ms);
  const std::string json = ToJson(report, *result);
  if (a.json == "-") {
    std::fputs(json.c_str(), stdout);
  } else if (absl::Status status = WriteWholeFile(json, a.json); !status.ok()) {
    return Fail(status);
  }
  if (!a.median_response.empty()) {
    const absl::Status status = WriteWholeFile(result->median_response, a.median_response);
    if (!status.ok()) return Fail(status);
  }
  return result->answered > 0 ? 0 : kExitFindings;
}

}  // namespace
}  // namespace touchstone::bench

int main(int argc, char** argv) {
  CLI::App app(
      "Sends Decide requests to a server on this machine: open loop (--rate) or closed loop "
      "(--in-flight). Exit code: 0 answered, 1 nothing was answered, 2 usage or environment.",
      "load");
  touchstone::bench::Arguments arguments;
  touchstone::bench::AddOptions(app, arguments);
  return touchstone::bench::RunProgram(app, argc, argv, [&](const std::string& command) {
    return touchstone::bench::Run(arguments, command);
  });
}
