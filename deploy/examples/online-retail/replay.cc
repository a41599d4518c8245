// Replays the later invoices of the Online Retail data against a running server (README.md).

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string>

#include "deploy/examples/online-retail/invoices.h"
#include "deploy/examples/online-retail/replay_report.h"
#include "deploy/examples/online-retail/replay_run.h"
#include "server/cli/connection.h"

namespace touchstone::online_retail {
namespace {

struct Options {
  std::string server;
  InvoiceFiles files;
  int64_t sales = std::numeric_limits<int32_t>::max();
  std::string json;
};

absl::Status Run(const Options& options) {
  const absl::StatusOr<std::vector<Invoice>> invoices = ReadLaterInvoices(options.files);
  if (!invoices.ok()) return invoices.status();
  ReplayRun run(server::Connect(options.server));
  if (absl::Status replayed = run.Replay(*invoices, options.sales); !replayed.ok()) return replayed;
  if (absl::Status explained = run.ExplainAll(); !explained.ok()) return explained;
  std::fputs(ReportText(run.totals()).c_str(), stdout);
  if (!options.json.empty()) {
    std::ofstream out(options.json);
    out << ReportJson(run.totals());
    if (!out.flush()) return absl::UnavailableError("cannot write " + options.json);
  }
  if (run.totals().receipts_equal == run.totals().receipts) return absl::OkStatus();
  return absl::DataLossError("not every receipt was rebuilt equal");
}

int Main(int argc, char** argv) {
  CLI::App app("Replays invoices as till requests and explains every decision");
  Options options;
  server::AddServerFlag(app, options.server);
  app.add_option("--invoices", options.files.invoices, "online_retail.csv.gz")->required();
  app.add_option("--purchases", options.files.purchases, "The mapping of purchases")->required();
  app.add_option("--returns", options.files.returns, "The mapping of returns")->required();
  app.add_option("--sales", options.sales,
                 "How many sales to decide, spread evenly; the others only become events")
      ->check(CLI::PositiveNumber);
  app.add_option("--json", options.json, "A file for the totals");
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = Run(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return absl::IsDataLoss(status) ? 1 : 2;
}

}  // namespace
}  // namespace touchstone::online_retail

int main(int argc, char** argv) { return touchstone::online_retail::Main(argc, argv); }
