#include <google/protobuf/struct.pb.h>

#include <cstdio>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/cli/cli.h"
#include "server/cli/columns.h"
#include "server/cli/connection.h"
#include "server/config.h"
#include "server/data_dir.h"
#include "server/services/aggregate_check.h"
#include "store/store.h"
#include "store/verify.h"

namespace touchstone::server {
namespace {

struct VerifyCommand {
  std::string data_dir = ServerConfig().data_dir;
  uint64_t sample = AggregateCheckOptions().sample;
  bool json = false;
};

struct Verified {
  store::VerifyReport report;
  AggregateCheckReport aggregates;
};

struct Count {
  const char* name;
  uint64_t count;
  bool tells_nothing_at_0 = false;
};

std::vector<Count> CountsOf(const store::VerifyReport& report) {
  return {{"customers", report.customers},
          {"households", report.households},
          {"identities", report.identities},
          {"events", report.events},
          {"outcomes", report.outcomes},
          {"revisions", report.revisions},
          {"reference_snapshots", report.snapshots},
          {"audit_records", report.audit_records},
          {"merged_customers", report.merged_customers},
          {"waiting_records", report.waiting_records},
          {"pending_erasures", report.pending_erasures},
          {"import_runs", report.import_runs},
          {"reservations", report.reservations},
          {"sales", report.sales},
          {"codes", report.codes},
          {"grants", report.grants},
          {"receipts", report.receipts}};
}

std::vector<Count> CountsOf(const AggregateCheckReport& check) {
  return {{"compared_records", check.records},
          {"compared_aggregates", check.aggregates},
          {"passed_over_waiting_records", check.waiting_records, true},
          {"passed_over_filling", check.filling, true},
          {"passed_over_beyond_events", check.beyond_events, true},
          {"passed_over_without_room", check.without_room, true},
          {"passed_over_other_products", check.other_products, true},
          {"passed_over_refused_values", check.refused_values, true},
          {"undeclared_events", check.undeclared_events, true}};
}

void PrintAsJson(const Verified& verified) {
  const store::VerifyReport& report = verified.report;
  google::protobuf::Struct json;
  auto& fields = *json.mutable_fields();
  fields["sound"].set_bool_value(report.sound());
  fields["faults"].set_number_value(static_cast<double>(report.faults));
  for (const std::vector<Count>& counts : {CountsOf(report), CountsOf(verified.aggregates)}) {
    for (const Count& count : counts) {
      fields[count.name].set_number_value(static_cast<double>(count.count));
    }
  }
  fields["aggregates_not_compared"].set_string_value(verified.aggregates.not_done);
  google::protobuf::ListValue& findings = *fields["findings"].mutable_list_value();
  for (const store::VerifyFinding& finding : report.findings) {
    auto& told = *findings.add_values()->mutable_struct_value()->mutable_fields();
    told["fault"].set_string_value(std::string(FaultName(finding.fault)));
    told["place"].set_string_value(finding.place);
  }
  PrintJson(json);
}

void Print(const Verified& verified) {
  const store::VerifyReport& report = verified.report;
  Columns columns({Align::kLeft, Align::kRight});
  for (const std::vector<Count>& counts : {CountsOf(report), CountsOf(verified.aggregates)}) {
    for (const Count& count : counts) {
      if (count.tells_nothing_at_0 && count.count == 0) continue;
      columns.Add({count.name, absl::StrCat(count.count)});
    }
  }
  std::printf("%s", columns.Text("").c_str());
  if (!verified.aggregates.not_done.empty()) {
    std::printf("aggregates were not compared: %s\n", verified.aggregates.not_done.c_str());
  }
  for (const store::VerifyFinding& finding : report.findings) {
    std::printf("%s: %s\n", std::string(FaultName(finding.fault)).c_str(), finding.place.c_str());
  }
  if (report.faults > report.findings.size()) {
    std::printf("and %zu more\n", static_cast<size_t>(report.faults) - report.findings.size());
  }
  if (report.sound()) {
    std::printf("sound\n");
  } else {
    std::printf("%zu fault%s\n", static_cast<size_t>(report.faults), report.faults == 1 ? "" : "s");
  }
}

absl::StatusOr<Verified> Verify(const VerifyCommand& command) {
  const auto progress = [](absl::string_view step) {
    std::fprintf(stderr, "reading %s\n", std::string(step).c_str());
  };
  AggregateCheckOptions check;
  check.sample = command.sample;
  check.now = absl::Now();
  store::StoreOptions options;
  options.path = PathIn(command.data_dir, kStorePart);
  options.create_if_missing = false;
  const absl::StatusOr<std::unique_ptr<store::Store>> store = store::Store::Open(options);
  if (!store.ok()) return store.status();
  Verified verified;
  absl::StatusOr<store::VerifyReport> report = store::VerifyStore(**store, progress);
  if (!report.ok()) return report.status();
  verified.report = *std::move(report);
  absl::StatusOr<AggregateCheckReport> aggregates =
      CheckAggregates(**store, check, progress, &verified.report);
  if (!aggregates.ok()) return aggregates.status();
  verified.aggregates = *std::move(aggregates);
  absl::Status receipts = store::VerifyReceipts(PathIn(command.data_dir, kReceiptsPart), nullptr,
                                                progress, &verified.report);
  if (!receipts.ok()) return receipts;
  return verified;
}

int RunVerify(const VerifyCommand& command) {
  const absl::StatusOr<Verified> verified = Verify(command);
  if (!verified.ok()) {
    std::fprintf(stderr, "%s: %s\n", command.data_dir.c_str(),
                 std::string(verified.status().message()).c_str());
    // A store that cannot be opened for what is in it is a finding.
    return absl::IsDataLoss(verified.status()) ? kExitFindings : kExitUsage;
  }
  if (command.json) {
    PrintAsJson(*verified);
  } else {
    Print(*verified);
  }
  return verified->report.sound() ? kExitFine : kExitFindings;
}

}  // namespace

void AddVerifyCommand(CLI::App& app, int& exit_code) {
  CLI::App* verify_app = app.add_subcommand(
      "verify",
      "Check all data of a server that is not running: checksums, rows, references, aggregates");
  auto command = std::make_shared<VerifyCommand>();
  verify_app->add_option("--data-dir", command->data_dir, "The folder that `serve` keeps it in")
      ->envname(EnvironmentName("data-dir"))
      ->capture_default_str();
  verify_app
      ->add_option("--sample", command->sample,
                   "Of so many customers and households, evenly spread, aggregates are worked out "
                   "again from events and compared; 0: of none; all: of all")
      ->transform(CLI::Transformer(std::map<std::string, uint64_t>{
                                       {"all", std::numeric_limits<uint64_t>::max()}})
                      .description(""))
      ->check(CLI::NonNegativeNumber)
      ->type_name("RECORDS")
      ->capture_default_str();
  verify_app->add_flag("--json", command->json, "Print the report as JSON");
  verify_app->callback([command, &exit_code] { exit_code = RunVerify(*command); });
}

}  // namespace touchstone::server
