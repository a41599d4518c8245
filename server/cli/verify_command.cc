#include <google/protobuf/struct.pb.h>

#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/cli/cli.h"
#include "server/cli/columns.h"
#include "server/cli/connection.h"
#include "server/config.h"
#include "server/data_dir.h"
#include "store/store.h"
#include "store/verify.h"

namespace touchstone::server {
namespace {

struct VerifyCommand {
  std::string data_dir = ServerConfig().data_dir;
  bool json = false;
};

struct Count {
  const char* name;
  uint64_t count;
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
          {"receipts", report.receipts}};
}

void PrintAsJson(const store::VerifyReport& report) {
  google::protobuf::Struct json;
  auto& fields = *json.mutable_fields();
  fields["sound"].set_bool_value(report.sound());
  fields["faults"].set_number_value(static_cast<double>(report.faults));
  for (const Count& count : CountsOf(report)) {
    fields[count.name].set_number_value(static_cast<double>(count.count));
  }
  google::protobuf::ListValue& findings = *fields["findings"].mutable_list_value();
  for (const store::VerifyFinding& finding : report.findings) {
    auto& told = *findings.add_values()->mutable_struct_value()->mutable_fields();
    told["fault"].set_string_value(std::string(FaultName(finding.fault)));
    told["place"].set_string_value(finding.place);
  }
  PrintJson(json);
}

void Print(const store::VerifyReport& report) {
  Columns columns({Align::kLeft, Align::kRight});
  for (const Count& count : CountsOf(report)) columns.Add({count.name, absl::StrCat(count.count)});
  std::printf("%s", columns.Text("").c_str());
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

absl::StatusOr<store::VerifyReport> Verify(const VerifyCommand& command) {
  const auto progress = [](absl::string_view step) {
    std::fprintf(stderr, "reading %s\n", std::string(step).c_str());
  };
  store::StoreOptions options;
  options.path = PathIn(command.data_dir, kStorePart);
  options.create_if_missing = false;
  const absl::StatusOr<std::unique_ptr<store::Store>> store = store::Store::Open(options);
  if (!store.ok()) return store.status();
  absl::StatusOr<store::VerifyReport> report = store::VerifyStore(**store, progress);
  if (!report.ok()) return report;
  absl::Status receipts =
      store::VerifyReceipts(PathIn(command.data_dir, kReceiptsPart), nullptr, progress, &*report);
  if (!receipts.ok()) return receipts;
  return report;
}

int RunVerify(const VerifyCommand& command) {
  const absl::StatusOr<store::VerifyReport> report = Verify(command);
  if (!report.ok()) {
    std::fprintf(stderr, "%s: %s\n", command.data_dir.c_str(),
                 std::string(report.status().message()).c_str());
    // A store that cannot be opened for what is in it is a finding.
    return absl::IsDataLoss(report.status()) ? kExitFindings : kExitUsage;
  }
  if (command.json) {
    PrintAsJson(*report);
  } else {
    Print(*report);
  }
  return report->sound() ? kExitFine : kExitFindings;
}

}  // namespace

void AddVerifyCommand(CLI::App& app, int& exit_code) {
  CLI::App* verify_app = app.add_subcommand(
      "verify", "Check all data of a server that is not running: checksums, rows, references");
  auto command = std::make_shared<VerifyCommand>();
  verify_app->add_option("--data-dir", command->data_dir, "The folder that `serve` keeps it in")
      ->envname(EnvironmentName("data-dir"))
      ->capture_default_str();
  verify_app->add_flag("--json", command->json, "Print the report as JSON");
  verify_app->callback([command, &exit_code] { exit_code = RunVerify(*command); });
}

}  // namespace touchstone::server
