// reservations: how many durable reservations a second one budget takes, and how long each takes.

#include <iostream>
#include <string>

#include "bench/command_line.h"
#include "bench/json_object.h"
#include "bench/reservations_run.h"

namespace touchstone::bench {
namespace {

struct Arguments {
  double warm_up_seconds = 1;
  double seconds = 10;
  bool only_reserve = false;
  std::string out;
  ReservationsOptions options;
};

void AddOptions(CLI::App& app, Arguments& a) {
  ReservationsOptions& o = a.options;
  app.add_option("--folder", o.folder, "Where a new store is made; its device is measured too")
      ->required();
  app.add_option("--in-flight", o.in_flight, "Under way at any moment")->capture_default_str();
  app.add_option("--body-bytes", o.body_bytes, "Of a reservation and of a sale")
      ->capture_default_str();
  app.add_option("--answer-bytes", o.answer_bytes, "Remembered for a retry")->capture_default_str();
  app.add_flag("--only-reserve", a.only_reserve,
               "Reservations alone; else half of them are released and half are sold");
  app.add_option("--warm-up-seconds", a.warm_up_seconds, "Before measuring")->capture_default_str();
  app.add_option("--seconds", a.seconds, "Of measuring")->capture_default_str();
  app.add_option("--out", a.out, "Write the report to this file, not to standard output");
}

std::string Report(const ReservationsOptions& o, const std::string& command,
                   const ReservationsResult& result) {
  google::protobuf::Struct fields;
  JsonObject root(&fields);
  AddSurroundings(command, root);
  JsonObject load = root.Inside("load");
  load.Text("loop", "closed");
  load.Number("in_flight", o.in_flight);
  load.Count("body_bytes", o.body_bytes);
  load.Count("answer_bytes", o.answer_bytes);
  load.Flag("ends_them", o.ends_them);
  const double seconds = absl::ToDoubleSeconds(result.elapsed);
  root.Number("seconds", seconds);
  root.Count("failed", result.failed);
  root.Number("reservations_per_second", static_cast<double>(result.reservations) / seconds);
  root.Number("releases_per_second", static_cast<double>(result.releases) / seconds);
  root.Number("commits_per_second", static_cast<double>(result.commits) / seconds);
  AddLatency(result.reserve, root.Inside("reserve_us"));
  AddLatency(result.end, root.Inside("end_us"));
  AddLatency(result.device_sync, root.Inside("device_sync_us"));
  return ToText(fields);
}

int Fail(const absl::Status& status) {
  std::cerr << "reservations: " << status.message() << "\n";
  return kExitUsage;
}

int Run(Arguments& a, const std::string& command) {
  a.options.warm_up = absl::Seconds(a.warm_up_seconds);
  a.options.measured = absl::Seconds(a.seconds);
  a.options.ends_them = !a.only_reserve;
  const absl::StatusOr<ReservationsResult> result = RunReservations(a.options);
  if (!result.ok()) return Fail(result.status());
  const absl::Status told = WriteReport(Report(a.options, command, *result), a.out);
  if (!told.ok()) return Fail(told);
  return result->failed > 0 ? kExitFindings : 0;
}

}  // namespace
}  // namespace touchstone::bench

int main(int argc, char** argv) {
  CLI::App app(
      "Durable reservations on one budget, released and sold again, in one process. Exit code: 0 "
      "every answer and the budget at the end were right, 1 some were not, 2 usage or environment.",
      "reservations");
  touchstone::bench::Arguments arguments;
  touchstone::bench::AddOptions(app, arguments);
  return touchstone::bench::RunProgram(app, argc, argv, [&](const std::string& command) {
    return touchstone::bench::Run(arguments, command);
  });
}
