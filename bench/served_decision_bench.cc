// One served decision but for gRPC: parse, check, read the record from the store's cache, bind,
// decide, write the answer, append the receipt. Baskets of 20, known customers drawn uniformly, a
// transaction of its own each. Times are those of the deciding thread; the writer and the receipt
// log have threads of their own, as in the server.
//
// Demo: the rule set of deploy/demo (TOUCHSTONE_RULES names another folder of rules for its
// schema), one placement. Generated: 60 attributes, three placements, as many offers as the
// argument says. Chain: the same with many product lists, larger baskets and grants.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "bench/answer_sample.h"
#include "bench/decision_world.h"
#include "bench/latency_histogram.h"

namespace touchstone::bench {
namespace {

constexpr uint64_t kWarmUp = 2000;
// One thread decides faster than a device takes receipts; it waits for them between measurements.
constexpr uint64_t kDecisionsBetweenFlushes = 1000;

// Removed with everything in it.
class Folder {
 public:
  Folder() {
    path_ = (std::filesystem::temp_directory_path() / "touchstone-bench-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string TextOfEnvironment(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? "" : text;
}

// What the answers held, to see that something was decided.
struct Answers {
  double shown = 0;
  double applied = 0;
  double bytes = 0;
  double count = 0;

  void Add(absl::string_view answer) {
    v1::DecideResponse response;
    if (!response.ParseFromArray(answer.data(), static_cast<int>(answer.size()))) std::abort();
    for (const v1::PlacementAnswer& placement : response.placements()) {
      shown += placement.offers_size();
    }
    applied += response.basket().applied_offers_size();
    bytes += static_cast<double>(answer.size());
    ++count;
  }
};

void Run(benchmark::State& state, const absl::StatusOr<WorldOptions>& options,
         const std::string& folder) {
  const auto fail = [&](const absl::Status& status) {
    state.SkipWithError(std::string(status.message()).c_str());
  };
  if (!options.ok()) return fail(options.status());
  const auto world = DecisionWorld::Create(*options, folder);
  if (!world.ok()) return fail(world.status());
  Answers answers;
  std::string request;
  uint64_t number = 0;
  for (; number < kWarmUp; ++number) {
    (*world)->requests().Fill(number, &request);
    const absl::StatusOr<absl::string_view> answer = (*world)->Decide(request);
    if (!answer.ok()) return fail(answer.status());
    answers.Add(*answer);
  }
  LatencyHistogram latency;
  int64_t incomplete = 0;
  for (auto _ : state) {
    if (number % kDecisionsBetweenFlushes == 0) {
      if (absl::Status flushed = (*world)->FlushReceipts(); !flushed.ok()) return fail(flushed);
    }
    (*world)->requests().Fill(number++, &request);
    const auto begin = std::chrono::steady_clock::now();
    const absl::StatusOr<absl::string_view> answer = (*world)->Decide(request);
    const auto took = std::chrono::steady_clock::now() - begin;
    latency.Record(took.count());
    state.SetIterationTime(std::chrono::duration<double>(took).count());
    if (!answer.ok()) return fail(answer.status());
    if (CompletenessOf(*answer) != v1::COMPLETENESS_COMPLETE) ++incomplete;
  }
  if (incomplete > 0) return state.SkipWithError("an answer was not COMPLETE");
  if (answers.shown == 0) return state.SkipWithError("no offer was shown");
  if (answers.applied == 0) return state.SkipWithError("no offer changed a basket");
  state.counters["offers"] = static_cast<double>((*world)->rule_set().offers.size());
  state.counters["p50_us"] = static_cast<double>(latency.Percentile(0.5)) / 1e3;
  state.counters["p99_us"] = static_cast<double>(latency.Percentile(0.99)) / 1e3;
  state.counters["shown"] = answers.shown / answers.count;
  state.counters["applied"] = answers.applied / answers.count;
  state.counters["answer_bytes"] = answers.bytes / answers.count;
}

void Demo(benchmark::State& state) {
  const Folder folder;
  std::string demo = TextOfEnvironment("TOUCHSTONE_DEMO");
  if (demo.empty()) demo = "deploy/demo";
  Run(state, DemoWorld(demo, TextOfEnvironment("TOUCHSTONE_RULES")), folder.path());
}
BENCHMARK(Demo)->UseManualTime()->Iterations(50'000)->Unit(benchmark::kMicrosecond);

void Generated(benchmark::State& state) {
  const Folder folder;
  GeneratedOptions generated;
  generated.offers = static_cast<size_t>(state.range(0));
  Run(state, GeneratedWorld(generated, folder.path()), folder.path());
}
BENCHMARK(Generated)->Arg(1'000)->UseManualTime()->Iterations(30'000)->Unit(
    benchmark::kMicrosecond);

// The whole of a chain: 50,000 products, 2,000 lists of 500 of them, baskets of 60, customers who
// hold 20 grants.
void Chain(benchmark::State& state) {
  const Folder folder;
  GeneratedOptions generated;
  generated.offers = static_cast<size_t>(state.range(0));
  generated.products = 50'000;
  generated.product_lists = 2000;
  generated.skus_per_list = 500;
  generated.granted_offers = 500;
  absl::StatusOr<WorldOptions> options = GeneratedWorld(generated, folder.path());
  if (options.ok()) {
    options->basket_lines = 60;
    options->grants = 20;
  }
  Run(state, options, folder.path());
}
BENCHMARK(Chain)->Arg(10'000)->UseManualTime()->Iterations(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace touchstone::bench

BENCHMARK_MAIN();
