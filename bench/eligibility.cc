// Which offers does a request match: the index, or with --scan its rival, over a workload in files.
// Prints one JSON object; --matches writes the matched offers, a line per request.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "bench/eligibility_workload.h"
#include "rules/eligibility/index.h"
#include "rules/eligibility/normal_form.h"
#include "rules/eligibility/ordered_scan.h"
#include "rules/expr/checker.h"
#include "rules/expr/parser.h"

namespace touchstone::bench {
namespace {

using rules::EligibilityIndex;
using rules::OrderedScan;
using rules::expr::Frame;
using Clock = std::chrono::steady_clock;

// Passes over each request; the best counts, since a neighbour can only make one slower.
constexpr int kPasses = 9;
// Requests whose facts order the parts of the scan.
constexpr size_t kSample = 50;

struct Options {
  WorkloadFiles files;
  bool scan = false;
  std::string matches;
};

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

absl::StatusOr<rules::expr::ExprPtr> Checked(const EligibilityWorkload& workload, size_t line) {
  const std::string& text = workload.conditions()[line];
  rules::expr::ParseResult parsed = rules::expr::Parse(text);
  rules::expr::Issues issues = std::move(parsed.issues);
  if (parsed.expr != nullptr) {
    issues = rules::expr::Check(*parsed.expr, workload.environment(),
                                rules::expr::Type(rules::expr::TypeKind::kBool));
  }
  if (!issues.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("condition ", line, ": ", issues.front().message));
  }
  return std::move(parsed.expr);
}

// Fails on a programming error in the benchmark, never on a workload.
bool AskPlain(uint32_t /*offer*/) { return false; }

struct Matcher {
  EligibilityIndex index;
  OrderedScan scan;
  rules::EligibilityScratch scratch;
  rules::OrderedScanScratch scan_scratch;
  rules::expr::Scratch expr;
  bool use_scan = false;

  void Match(const Frame& frame, std::vector<uint32_t>& offers) {
    offers.clear();
    expr.Reset(UINT64_MAX);
    rules::EligibilityProbe probe{frame, expr, AskPlain};
    if (use_scan) {
      scan.Match(probe, scan_scratch, offers);
    } else {
      index.Match(probe, scratch, offers);
    }
  }
};

absl::Status Build(const EligibilityWorkload& workload, absl::Span<const Frame> frames,
                   Matcher& matcher) {
  rules::NormalForms forms(workload.environment());
  std::vector<rules::ConditionRows> conditions;
  std::vector<OrderedScan::Terms> terms;
  for (size_t i = 0; i < workload.conditions().size(); ++i) {
    const absl::StatusOr<rules::expr::ExprPtr> condition = Checked(workload, i);
    if (!condition.ok()) return condition.status();
    if (matcher.use_scan) {
      terms.push_back(OrderedScan::TermsOf(**condition, forms));
    } else {
      conditions.push_back(forms.WhenTrue(**condition));
    }
  }
  if (!forms.status().ok()) return forms.status();
  if (!matcher.use_scan) {
    matcher.index = EligibilityIndex(conditions, forms.TakeSubjects());
    return absl::OkStatus();
  }
  matcher.scan = OrderedScan(terms, forms.TakeSubjects());
  matcher.scan.Order(frames.subspan(0, kSample), matcher.expr, matcher.scan_scratch);
  return absl::OkStatus();
}

double At(std::vector<double> times, double share) {
  std::sort(times.begin(), times.end());
  return times[static_cast<size_t>(share * static_cast<double>(times.size() - 1) + 0.5)];
}

absl::Status Run(const Options& options) {
  const absl::StatusOr<std::unique_ptr<EligibilityWorkload>> workload =
      EligibilityWorkload::Read(options.files);
  if (!workload.ok()) return workload.status();
  std::vector<Frame> frames((*workload)->events().size());
  for (size_t i = 0; i < frames.size(); ++i) frames[i].rows[0] = (*workload)->events()[i];
  if (frames.empty()) return absl::InvalidArgumentError("there are no events");

  Matcher matcher;
  matcher.use_scan = options.scan;
  const Clock::time_point start = Clock::now();
  const absl::Status built = Build(**workload, frames, matcher);
  if (!built.ok()) return built;
  const double build_ms = MillisecondsSince(start);

  std::vector<double> best_us(frames.size(), 1e300);
  std::vector<uint32_t> offers;
  size_t matched = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    for (size_t i = 0; i < frames.size(); ++i) {
      const Clock::time_point began = Clock::now();
      matcher.Match(frames[i], offers);
      best_us[i] = std::min(best_us[i], MillisecondsSince(began) * 1e3);
      matched += offers.size();
    }
  }
  if (!options.matches.empty()) {
    std::ofstream out(options.matches);
    for (const Frame& frame : frames) {
      matcher.Match(frame, offers);
      out << absl::StrJoin(offers, " ") << "\n";
    }
    if (!out.flush()) return absl::UnavailableError(absl::StrCat("cannot write ", options.matches));
  }
  const size_t memory_bytes = options.scan ? 0 : matcher.index.memory_bytes();
  absl::PrintF(
      "{\"mode\": \"%s\", \"offers\": %d, \"events\": %d, \"rows\": %d, \"dimensions\": %d, "
      "\"build_ms\": %.1f, \"p50_us\": %.3f, \"p99_us\": %.3f, \"memory_kb\": %d, "
      "\"matches_per_event\": %.2f}\n",
      options.scan ? "scan" : "index", (*workload)->conditions().size(), frames.size(),
      matcher.index.rows(), matcher.index.dimensions(), build_ms, At(best_us, 0.5),
      At(best_us, 0.99), (memory_bytes + 1023) / 1024,
      static_cast<double>(matched) / kPasses / static_cast<double>(frames.size()));
  return absl::OkStatus();
}

}  // namespace
}  // namespace touchstone::bench

int main(int argc, char** argv) {
  touchstone::bench::Options options;
  CLI::App app("Measures which offers a request matches.");
  app.add_option("--offers", options.files.offers, "CEL conditions, one a line")->required();
  app.add_option("--events", options.files.events, "requests, one JSON object a line")->required();
  app.add_option("--schema", options.files.schema, "default: schema.json beside the offers");
  app.add_flag("--scan", options.scan, "ask every offer instead of the index");
  app.add_option("--matches", options.matches, "write matched offers, one line a request");
  CLI11_PARSE(app, argc, argv);
  if (options.files.schema.empty()) {
    options.files.schema =
        (std::filesystem::path(options.files.offers).parent_path() / "schema.json").string();
  }
  const absl::Status status = touchstone::bench::Run(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "eligibility: %s\n", std::string(status.message()).c_str());
  return 2;
}
