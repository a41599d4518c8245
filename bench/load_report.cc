#include "bench/load_report.h"

#include "bench/json_object.h"

namespace touchstone::bench {
namespace {

double Ratio(double a, double b) { return b == 0 ? 0 : a / b; }

void AddLoad(const LoadReport& report, JsonObject load) {
  const LoadOptions& options = report.options;
  load.Text("target", options.target);
  if (options.rate_per_second.has_value()) {
    load.Text("loop", "open");
    load.Number("rate_per_second", *options.rate_per_second);
    load.Text("arrivals", options.arrivals == ArrivalKind::kPoisson ? "poisson" : "uniform");
    load.Count("seed", options.seed);
  } else {
    load.Text("loop", "closed");
  }
  load.Number("in_flight", options.in_flight);
  load.Number("connections", options.connections);
  load.Number("threads", options.threads);
  load.Number("warm_up_seconds", absl::ToDoubleSeconds(options.warm_up));
  load.Number("measured_seconds", absl::ToDoubleSeconds(options.measured));
  load.Count("distinct_requests", report.distinct_requests);
  load.Count("request_median_bytes", report.request_median_bytes);
}

void AddCounts(const LoadResult& result, JsonObject root) {
  root.Count("sent", result.sent);
  root.Count("answered", result.answered);
  root.Count("unanswered", result.unanswered);
  root.Count("unsent", result.unsent);
  AddErrors(result.by_code, root.Inside("errors"));
  JsonObject completeness = root.Inside("completeness");
  completeness.Count("COMPLETE", result.complete);
  completeness.Count("PARTIAL", result.partial);
  completeness.Count("FALLBACK", result.fallback);
  completeness.Count("unreadable", result.unreadable);
  // Of all that was due: an error or no answer is not complete either.
  root.Number("complete_share", Ratio(static_cast<double>(result.complete),
                                      static_cast<double>(result.sent + result.unsent)));
}

void AddServerCpu(const LoadResult& result, JsonObject root) {
  const double cpu_us = absl::ToDoubleMicroseconds(*result.server_cpu);
  JsonObject cpu = root.Inside("server_cpu");
  cpu.Number("total_ms", cpu_us / 1e3);
  cpu.Count("answers", result.server_cpu_answers);
  if (result.server_cpu_answers == 0) {
    cpu.Null("per_answer_us");
  } else {
    cpu.Number("per_answer_us", cpu_us / static_cast<double>(result.server_cpu_answers));
  }
  cpu.Number("cores_busy", Ratio(cpu_us, absl::ToDoubleMicroseconds(result.server_cpu_elapsed)));
  cpu.Flag("settled", result.server_settled);
}

}  // namespace

std::string ToJson(const LoadReport& report, const LoadResult& result) {
  google::protobuf::Struct fields;
  JsonObject root(&fields);
  AddSurroundings(report.command, root);
  AddLoad(report, root.Inside("load"));
  AddCounts(result, root);
  const double elapsed = absl::ToDoubleSeconds(result.elapsed);
  const auto answered = static_cast<double>(result.answered);
  root.Number("throughput_per_second", Ratio(answered, elapsed));
  AddLatency(result.latency, root.Inside("latency_us"));
  if (report.options.rate_per_second.has_value()) {
    AddLatency(result.send_lag, root.Inside("send_lag_us"));
  }
  const uint64_t in_time = result.latency.CountAtMost(absl::ToInt64Nanoseconds(report.budget));
  JsonObject budget = root.Inside("in_budget");
  budget.Number("budget_ms", absl::ToDoubleMilliseconds(report.budget));
  budget.Number("share", Ratio(static_cast<double>(in_time),
                               static_cast<double>(result.sent + result.unsent)));
  root.Number("answer_median_bytes", static_cast<double>(result.median_response.size()));
  root.Number("client_cpu_per_answer_us",
              Ratio(absl::ToDoubleMicroseconds(result.client_cpu), answered));
  if (result.server_cpu.has_value()) AddServerCpu(result, root);

  return ToText(fields);
}

}  // namespace touchstone::bench
