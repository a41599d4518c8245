#include "bench/json_object.h"

#include <google/protobuf/util/json_util.h>

#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "bench/machine.h"

namespace touchstone::bench {
namespace {

constexpr std::array<absl::string_view, 17> kCodeNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

}  // namespace

void AddLatency(const LatencyHistogram& latency, JsonObject object) {
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

void AddErrors(const std::array<uint64_t, 17>& by_code, JsonObject object) {
  for (size_t code = 1; code < by_code.size(); ++code) {
    if (by_code[code] > 0) object.Count(std::string(kCodeNames[code]), by_code[code]);
  }
}

void AddSurroundings(const std::string& command, JsonObject root) {
  const Machine machine = ThisMachine();
  JsonObject on = root.Inside("machine");
  on.Text("cpu_model", machine.cpu_model);
  on.Number("cores", machine.cores);
  on.Number("memory_mb", static_cast<double>(machine.memory_mb));
  on.Text("kernel", machine.kernel);
  const Build build = ThisBuild();
  JsonObject with = root.Inside("build");
  with.Text("compiler", build.compiler);
  with.Text("type", build.build_type);
  with.Flag("sanitized", build.sanitized);
  root.Text("command", command);
}

std::string ToText(const google::protobuf::Struct& fields) {
  google::protobuf::util::JsonPrintOptions print;
  print.add_whitespace = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(fields, &json, print);
  // Struct has a JSON form for every finite number, and none here divides by zero.
  return status.ok() ? json : "{}\n";
}

absl::Status WriteReport(const std::string& report, const std::string& path) {
  if (path.empty()) {
    std::fputs(report.c_str(), stdout);
    return absl::OkStatus();
  }
  std::ofstream out(path);
  out << report << std::flush;
  return out ? absl::OkStatus() : absl::UnavailableError(absl::StrCat("cannot write ", path));
}

}  // namespace touchstone::bench
