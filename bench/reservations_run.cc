#include "bench/reservations_run.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <semaphore>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "store/apply.h"
#include "store/store.h"
#include "store/writer.h"

namespace touchstone::bench {
namespace {

using std::chrono::steady_clock;
using MonotonicTime = steady_clock::time_point;
namespace storage = store::storage;

constexpr int kMaxInFlight = 2048;  // half of the writer's queue
constexpr size_t kMaxBytes = size_t{1} << 20;
constexpr int kSyncs = 100;
constexpr int64_t kMostUses = int64_t{1} << 60;
constexpr absl::string_view kBudget = "autumn";

// One lane reserves and ends one transaction after the other; all that it does happens on the
// writer's thread, one answer after the other.
struct Lane {
  int number = 0;
  uint64_t transactions = 0;
  bool is_reserving = false;
  bool is_commit = false;
  MonotonicTime submitted;
};

class ReservationsRun {
 public:
  explicit ReservationsRun(const ReservationsOptions& options)
      : options_(options),
        body_(options.body_bytes, 'b'),
        answer_(options.answer_bytes, 'a'),
        lanes_(static_cast<size_t>(options.in_flight)) {
    // Neither compresses to nothing.
    for (size_t i = 0; i < body_.size(); ++i) body_[i] = Letter(i);
    for (size_t i = 0; i < answer_.size(); ++i) answer_[i] = Letter(i + 7);
  }

  absl::StatusOr<ReservationsResult> Run() {
    store::StoreOptions store_options;
    store_options.path = absl::StrCat(options_.folder, "/store");
    if (std::filesystem::exists(store_options.path)) {
      return absl::AlreadyExistsError(absl::StrCat(store_options.path, " is there already"));
    }
    if (absl::Status measured = MeasureDevice(); !measured.ok()) return measured;
    absl::StatusOr<std::unique_ptr<store::Store>> store = store::Store::Open(store_options);
    if (!store.ok()) return store.status();
    writer_ = std::make_unique<store::Writer>(store->get(), store::WriterOptions());
    for (size_t i = 0; i < lanes_.size(); ++i) {
      lanes_[i].number = static_cast<int>(i);
      Next(&lanes_[i]);
    }
    std::this_thread::sleep_for(absl::ToChronoNanoseconds(options_.warm_up));
    measuring_ = true;
    const MonotonicTime begun = steady_clock::now();
    std::this_thread::sleep_for(absl::ToChronoNanoseconds(options_.measured));
    measuring_ = false;
    const MonotonicTime ended = steady_clock::now();
    stop_ = true;
    for (size_t i = 0; i < lanes_.size(); ++i) stopped_.acquire();
    writer_.reset();
    result_.elapsed = absl::FromChrono(ended - begun);
    absl::Status checked = CheckBudget(**store);
    if (!checked.ok()) return checked;
    return std::move(result_);
  }

 private:
  static char Letter(size_t i) {
    return static_cast<char>('A' + (i * i * 2'654'435'761 >> 16) % 58);
  }

  absl::Status MeasureDevice() {
    std::error_code failed;
    std::filesystem::create_directories(options_.folder, failed);
    const std::string path = absl::StrCat(options_.folder, "/sync");
    const int file = open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    std::string batch;
    for (size_t i = 0; i < lanes_.size(); ++i) batch += body_ + answer_;
    bool is_good = file >= 0;
    for (int i = 0; i < kSyncs && is_good; ++i) {
      const MonotonicTime begun = steady_clock::now();
      is_good = write(file, batch.data(), batch.size()) == static_cast<ssize_t>(batch.size()) &&
                fdatasync(file) == 0;
      result_.device_sync.Record((steady_clock::now() - begun).count());
    }
    if (file >= 0) close(file);
    std::filesystem::remove(path, failed);
    return is_good ? absl::OkStatus() : absl::UnavailableError(absl::StrCat("cannot write ", path));
  }

  static storage::Entry EntryOfNow() {
    storage::Entry entry;
    entry.set_format_version(store::kEntryFormatVersion);
    entry.set_time_us(absl::ToUnixMicros(absl::Now()));
    return entry;
  }

  static std::string TransactionOf(const Lane& lane) {
    return absl::StrCat("till-", lane.number, "-", lane.transactions);
  }

  storage::Entry ReserveEntry(const Lane& lane) const {
    storage::Entry entry = EntryOfNow();
    entry.set_request_id(absl::StrCat("reserve-", TransactionOf(lane)));
    storage::Reserve& reserve = *entry.mutable_reserve();
    reserve.set_transaction_id(TransactionOf(lane));
    reserve.set_step(1);
    reserve.set_expire_us(entry.time_us() + absl::ToInt64Microseconds(absl::Minutes(15)));
    reserve.set_transaction(lane.transactions + 1);
    storage::ClaimRequest& request = *reserve.add_claims();
    request.set_most_uses(kMostUses);
    storage::Claim& claim = *request.mutable_claim();
    claim.set_kind(storage::Claim::KIND_BUDGET);
    claim.set_id(std::string(kBudget));
    claim.set_offer_id("beans-20");
    claim.set_count(1);
    claim.set_amount_minor(120);
    claim.set_currency("EUR");
    reserve.set_body(body_);
    reserve.set_answer(answer_);
    return entry;
  }

  storage::Entry EndEntry(const Lane& lane) const {
    storage::Entry entry = EntryOfNow();
    entry.set_request_id(absl::StrCat("end-", TransactionOf(lane)));
    if (lane.is_commit) {
      storage::Commit& commit = *entry.mutable_commit();
      commit.set_transaction_id(TransactionOf(lane));
      commit.set_step(1);
      commit.mutable_sale()->set_sale(answer_);
      commit.mutable_sale()->set_body(body_);
      commit.mutable_sale()->set_time_us(entry.time_us());
    } else {
      entry.mutable_release()->set_transaction_id(TransactionOf(lane));
      entry.mutable_release()->set_step(1);
    }
    return entry;
  }

  // Submits what the lane does next, or ends it.
  void Next(Lane* lane) {
    if (stop_) {
      stopped_.release();
      return;
    }
    lane->is_reserving = !lane->is_reserving || !options_.ends_them;
    if (lane->is_reserving) {
      ++lane->transactions;
    } else {
      lane->is_commit = lane->transactions % 2 == 0;
    }
    storage::Entry entry = lane->is_reserving ? ReserveEntry(*lane) : EndEntry(*lane);
    lane->submitted = steady_clock::now();
    const absl::Status queued = writer_->Submit(
        std::move(entry), [this, lane](const absl::StatusOr<storage::EntryResult>& result) {
          Answered(lane, result);
        });
    if (queued.ok()) return;
    ++failed_;
    stopped_.release();
  }

  void Answered(Lane* lane, const absl::StatusOr<storage::EntryResult>& result) {
    const int64_t latency_ns = (steady_clock::now() - lane->submitted).count();
    if (!result.ok() || result->refusal() != storage::EntryResult::REFUSAL_UNSPECIFIED) {
      ++failed_;
      stopped_.release();
      return;
    }
    if (lane->is_reserving) {
      ++held_;
    } else {
      --held_;
      if (lane->is_commit) ++sold_;
    }
    if (measuring_) Count(*lane, latency_ns);
    Next(lane);
  }

  void Count(const Lane& lane, int64_t latency_ns) {
    if (lane.is_reserving) {
      ++result_.reservations;
      result_.reserve.Record(latency_ns);
    } else {
      ++(lane.is_commit ? result_.commits : result_.releases);
      result_.end.Record(latency_ns);
    }
  }

  absl::Status CheckBudget(const store::Store& store) {
    const auto budgets = store.ListBudgets();
    if (!budgets.ok()) return budgets.status();
    result_.failed = failed_;
    const bool is_right = budgets->size() == 1 &&
                          budgets->front().use().reserved_count() == held_ &&
                          budgets->front().use().committed_count() == sold_;
    if (!is_right) ++result_.failed;
    return absl::OkStatus();
  }

  const ReservationsOptions& options_;
  std::string body_;
  std::string answer_;
  std::vector<Lane> lanes_;
  std::unique_ptr<store::Writer> writer_;
  std::atomic<bool> measuring_{false};
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> failed_{0};
  std::counting_semaphore<> stopped_{0};
  // Of the writer's thread, until it is gone.
  ReservationsResult result_;
  int64_t held_ = 0;
  int64_t sold_ = 0;
};

}  // namespace

absl::StatusOr<ReservationsResult> RunReservations(const ReservationsOptions& options) {
  if (options.in_flight < 1 || options.in_flight > kMaxInFlight) {
    return absl::InvalidArgumentError(absl::StrCat("in flight must be 1 to ", kMaxInFlight));
  }
  if (options.body_bytes > kMaxBytes || options.answer_bytes > kMaxBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("bodies and answers have ", kMaxBytes, " at most"));
  }
  if (options.measured <= absl::ZeroDuration() || options.warm_up < absl::ZeroDuration()) {
    return absl::InvalidArgumentError("seconds must be above 0, those of the warm-up at least 0");
  }
  return ReservationsRun(options).Run();
}

}  // namespace touchstone::bench
