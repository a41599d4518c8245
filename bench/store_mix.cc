// store_mix: nine reads for each update of a store of customers, while it is left alone, compacted
// and backed up; how long reads and updates take, and how much memory it takes.

#include <sys/wait.h>
#include <unistd.h>

#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/command_line.h"
#include "bench/json_object.h"
#include "bench/mixed_store.h"
#include "bench/store_mix_run.h"

namespace touchstone::bench {
namespace {

constexpr double kMiB = 1024 * 1024;

struct Arguments {
  double rate = 0;
  double warm_up_seconds = 10;
  double seconds = 20;
  std::vector<std::string> phases = {"quiet", "compaction", "backup"};
  std::string out;
  bool only_fill = false;
  StoreMixOptions options;
};

void AddOptions(CLI::App& app, Arguments& a) {
  StoreMixOptions& o = a.options;
  const std::map<std::string, CustomerDraw> draws = {{"uniform", CustomerDraw::kUniform},
                                                     {"zipf", CustomerDraw::kZipf}};
  app.add_option("--folder", o.folder,
                 "Where the store is, and backups while they are made. Filled when it is empty, "
                 "and kept for the next run")
      ->required();
  app.add_option("--customers", o.customers, "About 1 KiB each")->capture_default_str();
  app.add_option("--cache-mib", o.cache_mib, "As of touchstone serve")->capture_default_str();
  app.add_option("--store-options", o.store_options, "As of touchstone serve");
  app.add_option("--draw", o.draw, "Customers: uniform or zipf")
      ->transform(CLI::CheckedTransformer(draws))
      ->default_str("uniform");
  app.add_option("--update-share", o.update_share, "Of all operations")->capture_default_str();
  app.add_option("--rate", a.rate,
                 "Open loop: operations a second, of all threads; without it closed loop");
  app.add_option("--threads", o.threads, "That read and submit updates")->capture_default_str();
  app.add_option("--seed", o.seed, "Of what is drawn")->capture_default_str();
  app.add_option("--warm-up-seconds", a.warm_up_seconds, "Reads before, as fast as they go")
      ->capture_default_str();
  app.add_option("--seconds", a.seconds, "Of each phase, at least")->capture_default_str();
  app.add_option("--phases", a.phases, "Of quiet, compaction and backup")
      ->delimiter(',')
      ->capture_default_str();
  app.add_flag("--only-fill", a.only_fill, "Fill the store and measure nothing");
  app.add_option("--out", a.out, "Write the report to this file, not to standard output");
}

void AddPhase(const StoreMixOptions& options, const MixPhaseResult& result, JsonObject phase) {
  const double seconds = absl::ToDoubleSeconds(result.elapsed);
  phase.Number("seconds", seconds);
  if (result.phase != MixPhase::kQuiet) phase.Count("runs", result.runs);
  phase.Count("failed", result.failed);
  phase.Number("reads_per_second", static_cast<double>(result.reads) / seconds);
  phase.Number("updates_per_second", static_cast<double>(result.updates) / seconds);
  AddLatency(result.read, phase.Inside("read_us"));
  AddLatency(result.read_call, phase.Inside("read_call_us"));
  AddLatency(result.update, phase.Inside("update_us"));
  if (options.rate_per_second.has_value()) {
    AddLatency(result.yardstick, phase.Inside("yardstick_us"));
  }
  const double resident_mib = static_cast<double>(result.resident_bytes) / kMiB;
  phase.Number("resident_mib", resident_mib);
  phase.Number("over_cache_mib", resident_mib - static_cast<double>(options.cache_mib));
}

std::string Report(const StoreMixOptions& o, const std::string& command,
                   const StoreMixResult& result) {
  google::protobuf::Struct fields;
  JsonObject root(&fields);
  AddSurroundings(command, root);
  JsonObject load = root.Inside("load");
  load.Text("loop", o.rate_per_second.has_value() ? "open" : "closed");
  if (o.rate_per_second.has_value()) load.Number("rate_per_second", *o.rate_per_second);
  load.Text("draw", o.draw == CustomerDraw::kZipf ? "zipf" : "uniform");
  load.Number("update_share", o.update_share);
  load.Number("threads", o.threads);
  root.Count("customers", o.customers);
  root.Count("record_bytes", result.record_bytes);
  root.Count("cache_mib", o.cache_mib);
  root.Number("store_mib", static_cast<double>(result.store_bytes) / kMiB);
  root.Number("indexes_and_filters_mib", static_cast<double>(result.table_reader_bytes) / kMiB);
  JsonObject phases = root.Inside("phases");
  for (const MixPhaseResult& phase : result.phases) {
    AddPhase(o, phase, phases.Inside(std::string(MixPhaseName(phase.phase))));
  }
  return ToText(fields);
}

absl::Status TakeOptions(Arguments& a) {
  StoreMixOptions& o = a.options;
  if (a.rate != 0) o.rate_per_second = a.rate;
  o.warm_up = absl::Seconds(a.warm_up_seconds);
  o.measured = absl::Seconds(a.seconds);
  o.phases.clear();
  for (const std::string& name : a.phases) {
    const std::optional<MixPhase> phase = FindMixPhase(name);
    if (!phase.has_value()) return absl::InvalidArgumentError(absl::StrCat("no phase ", name));
    o.phases.push_back(*phase);
  }
  return CheckStoreMixOptions(o);
}

int Fail(const absl::Status& status) {
  std::cerr << "store_mix: " << status.message() << "\n";
  return kExitUsage;
}

// In a process of its own, so that what it leaves in the allocator is not measured.
bool Fill(const StoreMixOptions& options) {
  std::cout.flush();
  const pid_t child = fork();
  if (child == 0) {
    store::StoreOptions store_options;
    store_options.path = StorePath(options);
    store_options.options_file = options.store_options;
    store_options.keep_rows = false;
    const absl::Status filled = FillStore(store_options, options.customers);
    _exit(filled.ok() ? 0 : Fail(filled));
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

int Run(Arguments& a, const std::string& command) {
  if (absl::Status taken = TakeOptions(a); !taken.ok()) return Fail(taken);
  if (!Fill(a.options)) return kExitUsage;
  if (a.only_fill) return 0;
  const absl::StatusOr<StoreMixResult> result = RunStoreMix(a.options);
  if (!result.ok()) return Fail(result.status());
  const absl::Status told = WriteReport(Report(a.options, command, *result), a.out);
  if (!told.ok()) return Fail(told);
  for (const MixPhaseResult& phase : result->phases) {
    if (phase.failed > 0) return kExitFindings;
  }
  return 0;
}

}  // namespace
}  // namespace touchstone::bench

int main(int argc, char** argv) {
  CLI::App app(
      "Reads and updates of a store of customers, in one process, while the store is left alone, "
      "compacted and backed up. Exit code: 0 every read and update was right, 1 some were not, 2 "
      "usage or environment.",
      "store_mix");
  touchstone::bench::Arguments arguments;
  touchstone::bench::AddOptions(app, arguments);
  return touchstone::bench::RunProgram(app, argc, argv, [&](const std::string& command) {
    return touchstone::bench::Run(arguments, command);
  });
}
