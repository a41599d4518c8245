#include "bench/store_mix_run.h"

#include <rocksdb/options.h>
#include <sys/prctl.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <random>
#include <semaphore>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/arrival_schedule.h"
#include "bench/machine.h"
#include "bench/mixed_store.h"
#include "store/backup.h"
#include "store/database.h"
#include "store/store.h"
#include "store/writer.h"

namespace touchstone::bench {
namespace {

using std::chrono::steady_clock;
namespace storage = store::storage;

constexpr uint64_t kMaxCustomers = 1'000'000'000;
constexpr double kMaxMixRate = 1e6;
constexpr int kMaxThreads = 64;
constexpr std::chrono::milliseconds kMemoryInterval{20};

// Numbers below a count, drawn so that a few come often. Source: Gray et al., Quickly Generating
// Billion-Record Synthetic Databases (SIGMOD 1994), with the constants of YCSB.
class Zipf {
 public:
  explicit Zipf(uint64_t count) : count_(static_cast<double>(count)) {
    for (uint64_t i = 1; i <= count; ++i) zeta_ += std::pow(static_cast<double>(i), -kTheta);
    const double zeta_of_two = 1 + std::pow(2, -kTheta);
    eta_ = (1 - std::pow(2 / count_, 1 - kTheta)) / (1 - zeta_of_two / zeta_);
  }

  // `uniform`: from [0, 1).
  uint64_t Rank(double uniform) const {
    const double scaled = uniform * zeta_;
    if (scaled < 1) return 0;
    if (scaled < 1 + std::pow(0.5, kTheta)) return 1;
    return static_cast<uint64_t>(count_ * std::pow(eta_ * uniform - eta_ + 1, 1 / (1 - kTheta)));
  }

 private:
  static constexpr double kTheta = 0.99;
  const double count_;
  double zeta_ = 0;
  double eta_ = 0;
};

class Customers {
 public:
  Customers(CustomerDraw draw, uint64_t count) : count_(count) {
    if (draw == CustomerDraw::kZipf) zipf_.emplace(count);
  }

  uint64_t Draw(std::mt19937_64& random) const {
    if (!zipf_.has_value()) return random() % count_;
    // Neighbours of a customer who comes often are in the same block.
    constexpr uint64_t kStep = 2'654'435'761;  // a prime
    return zipf_->Rank(static_cast<double>(random() >> 11) * 0x1p-53) * kStep % count_;
  }

 private:
  const uint64_t count_;
  std::optional<Zipf> zipf_;
};

// The store and what works on it.
struct Rooms {
  std::unique_ptr<store::Store> store;
  std::unique_ptr<store::Writer> writer;
};

// What goes on for one phase: threads that read and update until they are told to stop.
class MixLoad {
 public:
  MixLoad(const StoreMixOptions& options, const Customers& customers, Rooms* rooms,
          std::optional<double> rate_per_second, uint64_t seed)
      : options_(options),
        customers_(customers),
        rooms_(rooms),
        rate_(rate_per_second),
        seed_(seed),
        parts_(static_cast<size_t>(options.threads)) {
    begun_ = steady_clock::now();
    for (size_t i = 0; i < parts_.size(); ++i) {
      threads_.emplace_back([this, i] { Run(i, &parts_[i]); });
    }
    if (rate_.has_value()) threads_.emplace_back([this] { RunYardstick(); });
  }

  // Call once.
  MixPhaseResult Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    const auto ended = steady_clock::now();
    for (int i = 0; i < kUpdatesUnderWay; ++i) room_.acquire();
    MixPhaseResult result;
    result.elapsed = absl::FromChrono(ended - begun_);
    result.update.Merge(update_);
    result.yardstick.Merge(yardstick_);
    result.updates = update_.count();
    result.failed = failed_;
    for (const Part& part : parts_) {
      result.reads += part.read.count();
      result.read.Merge(part.read);
      result.read_call.Merge(part.read_call);
    }
    return result;
  }

 private:
  struct Part {
    LatencyHistogram read;
    LatencyHistogram read_call;
    store::PinnedValue record;
  };

  // When one thread begins its operations.
  class Moments {
   public:
    Moments(const MixLoad& load, uint64_t seed) : begun_(load.begun_) {
      if (!load.rate_.has_value()) return;
      // Without it the kernel may be 50 us late on purpose.
      prctl(PR_SET_TIMERSLACK, 1UL);
      schedule_.emplace(ArrivalKind::kPoisson, *load.rate_ / load.options_.threads, seed);
    }

    // The intended moment of the next one, once it has come.
    MonotonicTime WaitForNext() {
      if (!schedule_.has_value()) return steady_clock::now();
      const MonotonicTime intended = begun_ + std::chrono::nanoseconds(schedule_->NextNs());
      std::this_thread::sleep_until(intended);
      return intended;
    }

   private:
    const MonotonicTime begun_;
    std::optional<ArrivalSchedule> schedule_;
  };

  bool stopped() const { return stop_.load(std::memory_order_relaxed); }

  void RunYardstick() {
    Moments moments(*this, seed_);
    while (!stopped()) {
      const MonotonicTime intended = moments.WaitForNext();
      yardstick_.Record((steady_clock::now() - intended).count());
    }
  }

  void Run(size_t number, Part* part) {
    std::mt19937_64 random(seed_ * static_cast<uint64_t>(kMaxThreads) + number);
    Moments moments(*this, random());
    const double updates = options_.update_share * 0x1p64;
    while (!stopped()) {
      const uint64_t customer = customers_.Draw(random);
      const bool is_update = static_cast<double>(random()) < updates;
      const MonotonicTime intended = moments.WaitForNext();
      if (is_update) {
        Update(customer, intended, random);
      } else {
        Read(customer, intended, part);
      }
    }
    part->record.Reset();
  }

  void Read(uint64_t customer, MonotonicTime intended, Part* part) {
    const std::string id = MixedCustomerId(customer);
    const MonotonicTime begun = steady_clock::now();
    const absl::StatusOr<store::Found> found = rooms_->store->GetRecord(
        {store::RecordKind::kCustomer, id}, store::ReadTier::kMayBlock, &part->record);
    const MonotonicTime ended = steady_clock::now();
    part->read.Record((ended - intended).count());
    part->read_call.Record((ended - begun).count());
    if (!found.ok() || *found != store::Found::kFound ||
        !IsRecordOf(customer, part->record.bytes())) {
      ++failed_;
    }
  }

  void Update(uint64_t customer, MonotonicTime intended, std::mt19937_64& random) {
    room_.acquire();
    const absl::Status queued = rooms_->writer->Submit(
        PurchaseEntry(customer, random),
        [this, intended](const absl::StatusOr<storage::EntryResult>& result) {
          if (result.ok() && result->refusal() == storage::EntryResult::REFUSAL_UNSPECIFIED) {
            update_.Record((steady_clock::now() - intended).count());
          } else {
            ++failed_;
          }
          room_.release();
        });
    if (queued.ok()) return;
    ++failed_;
    room_.release();
  }

  const StoreMixOptions& options_;
  const Customers& customers_;
  Rooms* const rooms_;
  const std::optional<double> rate_;
  const uint64_t seed_;
  MonotonicTime begun_;
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> failed_{0};
  std::counting_semaphore<> room_{kUpdatesUnderWay};
  LatencyHistogram update_;  // of the writer's thread
  LatencyHistogram yardstick_;
  std::vector<Part> parts_;
  std::vector<std::thread> threads_;
};

// The largest size that the process has while this lives.
class MemoryWatch {
 public:
  MemoryWatch()
      : thread_([this] {
          while (!stop_.load(std::memory_order_relaxed)) {
            most_bytes_ = std::max(most_bytes_, ResidentBytes().value_or(0));
            std::this_thread::sleep_for(kMemoryInterval);
          }
        }) {}
  ~MemoryWatch() {
    if (thread_.joinable()) Stop();
  }

  int64_t Stop() {
    stop_ = true;
    thread_.join();
    return most_bytes_;
  }

 private:
  std::atomic<bool> stop_{false};
  int64_t most_bytes_ = 0;
  std::thread thread_;
};

class StoreMix {
 public:
  explicit StoreMix(const StoreMixOptions& options)
      : options_(options), customers_(options.draw, options.customers) {}

  absl::Status Open() {
    store::StoreOptions store_options;
    store_options.path = StorePath(options_);
    store_options.create_if_missing = false;
    store_options.cache_bytes = options_.cache_mib << 20;
    store_options.options_file = options_.store_options;
    absl::StatusOr<std::unique_ptr<store::Store>> store = store::Store::Open(store_options);
    if (!store.ok()) return store.status();
    rooms_.store = *std::move(store);
    rooms_.writer = std::make_unique<store::Writer>(rooms_.store.get(), store::WriterOptions());
    return absl::OkStatus();
  }

  absl::StatusOr<StoreMixResult> Run() {
    StoreMixResult result;
    store::PinnedValue record;
    const absl::StatusOr<store::Found> found = rooms_.store->GetRecord(
        {store::RecordKind::kCustomer, MixedCustomerId(0)}, store::ReadTier::kMayBlock, &record);
    if (!found.ok()) return found.status();
    result.record_bytes = record.bytes().size();
    result.store_bytes = Sum("rocksdb.total-sst-files-size");
    result.table_reader_bytes = Sum("rocksdb.estimate-table-readers-mem");
    WarmUp();
    for (const MixPhase phase : options_.phases) {
      absl::StatusOr<MixPhaseResult> measured = Measure(phase);
      if (!measured.ok()) return measured.status();
      result.phases.push_back(*std::move(measured));
    }
    return result;
  }

 private:
  uint64_t Sum(absl::string_view property) const {
    uint64_t sum = 0;
    for (size_t i = 0; i < store::kFamilyCount; ++i) {
      uint64_t value = 0;
      if (absl::SimpleAtoi(
              rooms_.store->Property(store::FamilyName(static_cast<store::Family>(i)), property),
              &value)) {
        sum += value;
      }
    }
    return sum;
  }

  void WarmUp() {
    StoreMixOptions reads_only = options_;
    reads_only.update_share = 0;
    MixLoad load(reads_only, customers_, &rooms_, std::nullopt, options_.seed);
    std::this_thread::sleep_for(absl::ToChronoNanoseconds(options_.warm_up));
    load.Stop();
  }

  absl::StatusOr<MixPhaseResult> Measure(MixPhase phase) {
    MemoryWatch memory;
    MixLoad load(options_, customers_, &rooms_, options_.rate_per_second, ++seed_);
    const absl::StatusOr<uint64_t> runs =
        WorkUntil(phase, steady_clock::now() + absl::ToChronoNanoseconds(options_.measured));
    MixPhaseResult result = load.Stop();
    if (!runs.ok()) return runs.status();
    result.phase = phase;
    result.runs = *runs;
    result.resident_bytes = memory.Stop();
    return result;
  }

  // What runs beside the load, at least until then; how often it ended.
  absl::StatusOr<uint64_t> WorkUntil(MixPhase phase, MonotonicTime until) {
    if (phase == MixPhase::kQuiet) {
      std::this_thread::sleep_until(until);
      return 0;
    }
    uint64_t runs = 0;
    while (steady_clock::now() < until) {
      absl::Status done = phase == MixPhase::kCompaction ? Compact() : BackUp();
      if (!done.ok()) return done;
      ++runs;
    }
    return runs;
  }

  absl::Status Compact() {
    store::Database& database = rooms_.store->database();
    rocksdb::CompactRangeOptions all;
    all.exclusive_manual_compaction = false;
    all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    return store::ToStatus("compaction",
                           database.rocks()->CompactRange(
                               all, database.handle(store::Family::kCustomers), nullptr, nullptr));
  }

  // A whole one: what an earlier one holds would not be copied again.
  absl::Status BackUp() {
    const std::string folder = absl::StrCat(options_.folder, "/backup");
    std::filesystem::remove_all(folder);
    absl::StatusOr<std::unique_ptr<store::Backups>> backups = store::Backups::Open(folder);
    if (!backups.ok()) return backups.status();
    const absl::Status made =
        (*backups)->Create(*rooms_.store, options_.folder, {}, absl::Now(), 1).status();
    backups->reset();
    std::filesystem::remove_all(folder);
    return made;
  }

  const StoreMixOptions& options_;
  const Customers customers_;
  Rooms rooms_;
  uint64_t seed_ = options_.seed;
};

}  // namespace

absl::string_view MixPhaseName(MixPhase phase) {
  switch (phase) {
    case MixPhase::kQuiet:
      return "quiet";
    case MixPhase::kCompaction:
      return "compaction";
    case MixPhase::kBackup:
      return "backup";
  }
  return "";
}

std::optional<MixPhase> FindMixPhase(absl::string_view name) {
  for (const MixPhase phase : {MixPhase::kQuiet, MixPhase::kCompaction, MixPhase::kBackup}) {
    if (MixPhaseName(phase) == name) return phase;
  }
  return std::nullopt;
}

absl::Status CheckStoreMixOptions(const StoreMixOptions& options) {
  const auto fault = [](absl::string_view text) { return absl::InvalidArgumentError(text); };
  if (options.customers < 2 || options.customers > kMaxCustomers) {
    return fault(absl::StrCat("customers must be 2 to ", kMaxCustomers));
  }
  if (options.threads < 1 || options.threads > kMaxThreads) {
    return fault(absl::StrCat("threads must be 1 to ", kMaxThreads));
  }
  if (options.update_share < 0 || options.update_share >= 1) {
    return fault("the share of updates must be at least 0 and below 1");
  }
  if (options.rate_per_second.has_value() &&
      (*options.rate_per_second < 1 || *options.rate_per_second > kMaxMixRate)) {
    return fault(absl::StrCat("the rate must be 1 to ", kMaxMixRate, " a second"));
  }
  if (options.measured <= absl::ZeroDuration() || options.warm_up < absl::ZeroDuration()) {
    return fault("times must be above 0");
  }
  return absl::OkStatus();
}

std::string StorePath(const StoreMixOptions& options) {
  return absl::StrCat(options.folder, "/", store::kStoreFolder);
}

absl::StatusOr<StoreMixResult> RunStoreMix(const StoreMixOptions& options) {
  StoreMix mix(options);
  if (absl::Status opened = mix.Open(); !opened.ok()) return opened;
  return mix.Run();
}

}  // namespace touchstone::bench
