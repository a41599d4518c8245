#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "server/cli/cli.h"
#include "server/cli/connection.h"
#include "server/cli/quality_text.h"
#include "touchstone/v1/report_service.grpc.pb.h"

namespace touchstone::server {
namespace {

// Every record is read.
constexpr int kReportSeconds = 3600;

struct QualityCommand {
  std::string server;
  std::vector<std::string> match;
  bool json = false;
  bool metrics = false;
};

int ReportQuality(const QualityCommand& command) {
  v1::GetDataQualityRequest request;
  for (const std::string& match : command.match) {
    v1::AttributeSet* set = request.add_match_on();
    for (const absl::string_view attribute : absl::StrSplit(match, ',')) {
      set->add_attributes(std::string(attribute));
    }
  }
  v1::DataQuality quality;
  const grpc::Status status =
      v1::ReportService::NewStub(Connect(command.server))
          ->GetDataQuality(NewContext(kReportSeconds).get(), request, &quality);
  if (!status.ok()) return ReportFailure(status, command.server);
  if (command.json) {
    PrintJson(quality);
  } else {
    const std::string text = command.metrics ? QualityMetrics(quality) : QualityText(quality);
    std::fputs(text.c_str(), stdout);
  }
  return kExitFine;
}

}  // namespace

void AddReportCommands(CLI::App& app, int& exit_code) {
  CLI::App* report_app = app.add_subcommand("report", "Figures about what the server holds");
  report_app->require_subcommand(1);
  CLI::App* quality_app = report_app->add_subcommand(
      "quality", "How complete, fresh and clean the customers' data is; reads every record");
  auto quality = std::make_shared<QualityCommand>();
  AddServerFlag(*quality_app, quality->server);
  quality_app
      ->add_option("--match", quality->match,
                   "Attributes, separated by commas: customers who agree in all of them are "
                   "suspected to be one person. May be given several times")
      ->take_all()
      ->expected(1);
  CLI::Option* json = quality_app->add_flag("--json", quality->json, "Print JSON, for programs");
  quality_app
      ->add_flag("--metrics", quality->metrics,
                 "Print metrics in the text format of Prometheus, for a textfile collector")
      ->excludes(json);
  quality_app->callback([quality, &exit_code] { exit_code = ReportQuality(*quality); });
}

}  // namespace touchstone::server
