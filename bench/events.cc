// events: appends purchases to customers of a server on this machine and reports how fast they were
// on disk.

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/command_line.h"
#include "bench/events_run.h"
#include "bench/json_object.h"
#include "bench/request_maker.h"

namespace touchstone::bench {
namespace {

struct Arguments {
  std::string products;
  double rate = 0;
  double warm_up_seconds = 1;
  double seconds = 10;
  EventsOptions options;
};

void AddOptions(CLI::App& app, Arguments& a) {
  EventsOptions& o = a.options;
  app.add_option("--target", o.target, "Loopback address and port of the server")->required();
  app.add_option("--products", a.products, "CSV with the columns sku and price")->required();
  app.add_option("--streams", o.streams, "Batches go over so many streams; 0: a call each")
      ->capture_default_str();
  app.add_option("--batch", o.batch, "Events in a batch")->capture_default_str();
  app.add_option("--in-flight", o.in_flight, "Batches in flight, over all streams")
      ->capture_default_str();
  app.add_option("--rate", a.rate, "Open loop: batches a second; without it closed loop");
  app.add_option("--connections", o.connections, "Spread over so many")->capture_default_str();
  app.add_option("--seconds", a.seconds, "Measured time")->capture_default_str();
  app.add_option("--warm-up-seconds", a.warm_up_seconds, "Sent before, not counted")
      ->capture_default_str();
  app.add_option("--first-customer", o.first_card, "The smallest loyalty card")
      ->capture_default_str();
  app.add_option("--customers", o.customers, "Drawn uniformly from so many")->capture_default_str();
  app.add_option("--lines", o.lines, "Of a purchase")->capture_default_str();
  app.add_option("--server-pid", o.server_pid, "Measure the CPU time of this process");
  app.add_option("--run", o.run, "Begins the ids; must be new to the server");
}

std::string Report(const Arguments& a, const std::string& command, const EventsResult& result) {
  const EventsOptions& o = a.options;
  google::protobuf::Struct fields;
  JsonObject root(&fields);
  AddSurroundings(command, root);
  JsonObject load = root.Inside("load");
  load.Text("target", o.target);
  load.Text("loop", o.rate_per_second.has_value() ? "open" : "closed");
  if (o.rate_per_second.has_value()) load.Number("rate_per_second", *o.rate_per_second);
  load.Number("streams", o.streams);
  load.Number("batch", o.batch);
  load.Number("in_flight", o.in_flight);
  load.Number("connections", o.connections);
  load.Number("lines", o.lines);
  load.Count("customers", o.customers);
  load.Number("measured_seconds", a.seconds);
  root.Count("batches", result.batches);
  root.Count("written", result.written);
  root.Count("duplicate", result.duplicate);
  root.Count("rejected", result.rejected);
  AddErrors(result.errors, root.Inside("errors"));
  const auto written = static_cast<double>(result.written);
  root.Number("events_per_second", written / absl::ToDoubleSeconds(result.elapsed));
  AddLatency(result.latency, root.Inside("latency_us"));
  if (result.server_cpu.has_value() && result.written > 0) {
    root.Number("server_cpu_us_per_event",
                absl::ToDoubleMicroseconds(*result.server_cpu) / written);
  }
  return ToText(fields);
}

int Run(Arguments& a, const std::string& command) {
  const auto fail = [](const absl::Status& status) {
    std::cerr << "events: " << status.message() << "\n";
    return kExitUsage;
  };
  EventsOptions& options = a.options;
  if (a.rate != 0) options.rate_per_second = a.rate;
  options.warm_up = absl::Seconds(a.warm_up_seconds);
  options.measured = absl::Seconds(a.seconds);
  if (options.run.empty()) {
    options.run = absl::StrCat("ev", absl::Hex(absl::ToUnixMicros(absl::Now())));
  }
  const absl::StatusOr<std::vector<Product>> products = ReadProducts(a.products);
  if (!products.ok()) return fail(products.status());
  for (const Product& product : *products) options.skus.push_back(product.sku);
  const absl::StatusOr<EventsResult> result = RunEvents(options);
  if (!result.ok()) return fail(result.status());
  std::fputs(Report(a, command, *result).c_str(), stdout);
  return result->written > 0 && result->rejected == 0 ? 0 : kExitFindings;
}

}  // namespace
}  // namespace touchstone::bench

int main(int argc, char** argv) {
  CLI::App app(
      "Appends purchases, each a new event: a call a batch, or batches over streams. Exit code: 0 "
      "written, 1 nothing was written or something was rejected, 2 usage or environment.",
      "events");
  touchstone::bench::Arguments arguments;
  touchstone::bench::AddOptions(app, arguments);
  return touchstone::bench::RunProgram(app, argc, argv, [&](const std::string& command) {
    return touchstone::bench::Run(arguments, command);
  });
}
