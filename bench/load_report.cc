#include "bench/load_report.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bench/machine.h"

namespace touchstone::bench {
namespace {

using google::protobuf::Struct;

constexpr std::array<absl::string_view, 17> kCodeNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

// A JSON object in the making.
class Object {
 public:
  explicit Object(Struct* fields) : fields_(fields) {}

  void Number(const std::string& name, double value) {
    (*fields_->mutable_fields())[name].set_number_value(value);
  }
  void Count(const std::string& name, uint64_t value) { Number(name, static_cast<double>(value)); }
  void Text(const std::string& name, const std::string& value) {
    (*fields_->mutable_fields())[name].set_string_value(value);
  }
  void Flag(const std::string& name, bool value) {
    (*fields_->mutable_fields())[name].set_bool_value(value);
  }
  void Null(const std::string& name) {
    (*fields_->mutable_fields())[name].set_null_value(google::protobuf::NULL_VALUE);
  }
  Object Inside(const std::string& name) {
    return Object((*fields_->mutable_fields())[name].mutable_struct_value());
  }

 private:
  Struct* fields_;
};

double Ratio(double a, double b) { return b == 0 ? 0 : a / b; }

void AddLatency(const LatencyHistogram& latency, Object object) {
  const auto percentile = [&](const std::string& name, double share) {
    if (latency.count() == 0) return object.Null(name);
    object.Number(name, static_cast<double>(latency.Percentile(share)) / 1e3);
  };
  percentile("p50", 0.5);
  percentile("p90", 0.9);
  percentile("p99", 0.99);
  percentile("p99_9", 0.999);
  percentile("max", 1);
  if (latency.count() > 0) object.Number("mean", latency.mean_ns() / 1e3);
}

void AddSurroundings(const LoadReport& report, Object root) {
  const Machine machine = ThisMachine();
  Object on = root.Inside("machine");
  on.Text("cpu_model", machine.cpu_model);
  on.Number("cores", machine.cores);
  on.Number("memory_mb", static_cast<double>(machine.memory_mb));
  on.Text("kernel", machine.kernel);
  const Build build = ThisBuild();
  Object with = root.Inside("build");
  with.Text("compiler", build.compiler);
  with.Text("type", build.build_type);
  with.Flag("sanitized", build.sanitized);
  root.Text("command", report.command);
}

void AddLoad(const LoadReport& report, Object load) {
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

void AddCounts(const LoadResult& result, Object root) {
  root.Count("sent", result.sent);
  root.Count("answered", result.answered);
  root.Count("unanswered", result.unanswered);
  root.Count("unsent", result.unsent);
  Object errors = root.Inside("errors");
  for (size_t code = 1; code < result.by_code.size(); ++code) {
    if (result.by_code[code] > 0) {
      errors.Count(std::string(kCodeNames[code]), result.by_code[code]);
    }
  }
  Object completeness = root.Inside("completeness");
  completeness.Count("COMPLETE", result.complete);
  completeness.Count("PARTIAL", result.partial);
  completeness.Count("FALLBACK", result.fallback);
  completeness.Count("unreadable", result.unreadable);
  // Of all that was due: an error or no answer is not complete either.
  root.Number("complete_share", Ratio(static_cast<double>(result.complete),
                                      static_cast<double>(result.sent + result.unsent)));
}

void AddServerCpu(const LoadResult& result, Object root) {
  const double cpu_us = absl::ToDoubleMicroseconds(*result.server_cpu);
  Object cpu = root.Inside("server_cpu");
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
  Struct fields;
  Object root(&fields);
  AddSurroundings(report, root);
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
  Object budget = root.Inside("in_budget");
  budget.Number("budget_ms", absl::ToDoubleMilliseconds(report.budget));
  budget.Number("share", Ratio(static_cast<double>(in_time),
                               static_cast<double>(result.sent + result.unsent)));
  root.Number("answer_median_bytes", static_cast<double>(result.median_response.size()));
  root.Number("client_cpu_per_answer_us",
              Ratio(absl::ToDoubleMicroseconds(result.client_cpu), answered));
  if (result.server_cpu.has_value()) AddServerCpu(result, root);

  google::protobuf::util::JsonPrintOptions print;
  print.add_whitespace = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(fields, &json, print);
  // Struct has a JSON form for every finite number, and none here divides by zero.
  return status.ok() ? json : "{}\n";
}

}  // namespace touchstone::bench
