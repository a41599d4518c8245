// The store's own costs: reading a known customer, counting what was shown to her, durable writes
// with 64 in flight, taking a receipt.
//
// Writes go to the directory named by TMPDIR, else /tmp, because the device is what is measured.
// Run with --benchmark_repetitions=5 for median and spread. Each benchmark checks its answers.

#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/apply.h"
#include "store/database.h"
#include "store/receipts.h"
#include "store/record.h"
#include "store/record_patch.h"
#include "store/store.h"
#include "store/writer.h"

namespace touchstone::store {
namespace {

constexpr uint32_t kAttributes = 60;
constexpr int kCustomers = 20000;
constexpr int kInFlight = 64;
constexpr int kContactsInFlight = 1024;  // as the server
constexpr uint64_t kShownOffers = 4;
constexpr uint64_t kContactEntries = 100'000;
constexpr int64_t kNowUs = int64_t{1'764'000'000} * 1'000'000;

double CpuSeconds(clockid_t clock) {
  timespec time = {};
  if (clock_gettime(clock, &time) != 0) std::abort();
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Spread over all of them without an order.
uint64_t CustomerAt(uint64_t number) {
  uint64_t mixed = (number + 1) * 0x9e3779b97f4a7c15u;
  mixed = (mixed ^ (mixed >> 32)) * 0xd6e8feb86659fd93u;
  return (mixed ^ (mixed >> 32)) % kCustomers;
}

class Directory {
 public:
  Directory() {
    path_ = (std::filesystem::temp_directory_path() / "touchstone-bench-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  std::string Sub(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Sixty attributes, four aggregates of `days` buckets, ten contacts.
RecordPatch CustomerPatch(int days) {
  RecordPatch patch;
  for (uint32_t i = 0; i < kAttributes; ++i) {
    const uint32_t id = i * 2654435761u;
    if (i % 4 == 0) patch.SetAttribute(id, Value::String(absl::StrCat("value ", i)), 1, 1000);
    if (i % 4 == 1) patch.SetAttribute(id, Value::Int64(i), 1, 1000);
    if (i % 4 == 2) patch.SetAttribute(id, Value::Money(i * 100, "EUR"), 1, 1000);
    if (i % 4 == 3) patch.SetAttribute(id, Value::Bool(true), 1, 1000);
  }
  for (uint32_t aggregate = 1; aggregate <= 4; ++aggregate) {
    for (int32_t day = 0; day < days; ++day) {
      patch.AddToAggregate(
          {.aggregate = aggregate, .bucket = day, .count = 1, .sum = 100, .event_us = kNowUs});
    }
  }
  for (uint64_t i = 1; i <= 10; ++i) {
    patch.AddContact({.offer = i,
                      .transaction = i,
                      .time_us = kNowUs,
                      .channel = 1,
                      .kind = ContactKind::kShown,
                      .direction = 0,
                      .limits = {}});
  }
  return patch;
}

storage::Entry EventEntry(uint64_t number) {
  storage::Entry entry;
  entry.set_format_version(kEntryFormatVersion);
  entry.set_time_us(kNowUs);
  storage::AppendEvents::Item& item = *entry.mutable_append_events()->add_items();
  item.set_customer_id(absl::StrCat("c", number * 2654435761u % kCustomers));
  item.mutable_event()->set_event_id(absl::StrCat("e", number));
  item.mutable_event()->set_type("purchase");
  item.mutable_event()->set_time_us(kNowUs);
  item.mutable_event()->set_body(std::string(100, 'b'));
  RecordPatch patch;
  patch.AddToAggregate({.aggregate = 1, .bucket = 5, .count = 1, .sum = 9, .event_us = kNowUs});
  item.set_customer_patch(patch.bytes());
  return entry;
}

void BM_ParseAndVisitRecord(benchmark::State& state) {
  const std::string bytes = *ApplyPatches(
      "", {absl::string_view(CustomerPatch(static_cast<int>(state.range(0))).bytes())});
  for (auto _ : state) {
    absl::StatusOr<RecordView> record = RecordView::Parse(bytes);
    int64_t sum = 0;
    for (size_t i = 0; i < record->attribute_count(); ++i) {
      const AttributeView attribute = record->attribute(i);
      sum += attribute.id;
      if (!IsHeapType(static_cast<uint8_t>(attribute.value.type()))) {
        sum += attribute.value.inline_payload();
      }
    }
    benchmark::DoNotOptimize(sum);
  }
  state.counters["record_bytes"] = static_cast<double>(bytes.size());
}
BENCHMARK(BM_ParseAndVisitRecord)->Arg(0)->Arg(10)->Arg(90);

void BM_ApplyIncrement(benchmark::State& state) {
  const std::string bytes = *ApplyPatches("", {absl::string_view(CustomerPatch(10).bytes())});
  RecordPatch increment;
  increment.AddToAggregate({.aggregate = 1, .bucket = 5, .count = 1, .sum = 9, .event_us = kNowUs});
  for (auto _ : state) {
    benchmark::DoNotOptimize(ApplyPatches(bytes, {absl::string_view(increment.bytes())}));
  }
}
BENCHMARK(BM_ApplyIncrement);

// Where the records of a filled store are.
enum class Place {
  kTables,     // read once, so that they are in the block cache
  kMemtables,  // as after an import
};

std::string IdentityOf(uint64_t customer) { return absl::StrCat("loyalty_card:40000", customer); }

// A store with kCustomers records and an identity for each of them.
class FilledStore {
 public:
  explicit FilledStore(Place place = Place::kTables) {
    StoreOptions options;
    options.path = directory_.Sub("store");
    store_ = *Store::Open(options);
    Writer writer(store_.get(), WriterOptions());
    std::counting_semaphore<> room(kInFlight);
    const RecordPatch patch = CustomerPatch(10);
    for (int i = 0; i < kCustomers; ++i) {
      storage::Entry entry;
      entry.set_format_version(kEntryFormatVersion);
      entry.set_time_us(kNowUs);
      entry.mutable_update_record()->mutable_record()->set_kind(storage::RecordName::KIND_CUSTOMER);
      entry.mutable_update_record()->mutable_record()->set_id(absl::StrCat("c", i));
      entry.mutable_update_record()->set_patch(patch.bytes());
      entry.mutable_update_record()->add_identities(IdentityOf(static_cast<uint64_t>(i)));
      room.acquire();
      const auto done = [&](const absl::StatusOr<storage::EntryResult>& result) {
        if (!result.ok()) std::abort();
        room.release();
      };
      if (!writer.Submit(entry, done).ok()) std::abort();
    }
    for (int i = 0; i < kInFlight; ++i) room.acquire();
    if (place == Place::kMemtables) return;
    Database& database = store_->database();
    for (const Family family : {Family::kCustomers, Family::kIdentities}) {
      database.rocks()->Flush({}, database.handle(family));
      database.rocks()->CompactRange({}, database.handle(family), nullptr, nullptr);
    }
    PinnedValue value;
    std::string customer_id;
    for (int i = 0; i < kCustomers; ++i) {
      if (*store_->ResolveIdentity(IdentityOf(static_cast<uint64_t>(i)), ReadTier::kMayBlock,
                                   &customer_id) != Found::kFound) {
        std::abort();
      }
      const std::string id = absl::StrCat("c", i);
      if (*store_->GetRecord({RecordKind::kCustomer, id}, ReadTier::kMayBlock, &value) !=
          Found::kFound) {
        std::abort();
      }
    }
  }

  Store* store() { return store_.get(); }

 private:
  Directory directory_;
  std::unique_ptr<Store> store_;
};

storage::Entry ContactEntry(uint64_t number, uint64_t customer) {
  RecordPatch patch;
  for (uint64_t offer = 1; offer <= kShownOffers; ++offer) {
    patch.AddContact({.offer = offer * 2654435761u,
                      .transaction = number + 1,
                      .time_us = kNowUs + static_cast<int64_t>(number),
                      .channel = 1,
                      .kind = ContactKind::kShown,
                      .direction = 0,
                      .limits = {}});
  }
  storage::Entry entry;
  entry.set_format_version(kEntryFormatVersion);
  entry.set_time_us(kNowUs);
  storage::UpdateRecord& update = *entry.mutable_update_record();
  update.mutable_record()->set_kind(storage::RecordName::KIND_CUSTOMER);
  update.mutable_record()->set_id(absl::StrCat("c", customer));
  update.set_patch(patch.bytes());
  update.set_existence(storage::UpdateRecord::EXISTENCE_MUST_EXIST);
  return entry;
}

// What decisions cost the writer: `rate` entries a second, or as many as it takes when 0. CPU of
// all other threads of the process, those of RocksDB among them.
void ShowOffers(FilledStore* filled, uint64_t entries, double rate, benchmark::State* state) {
  Writer writer(filled->store(), WriterOptions());
  std::counting_semaphore<> room(kContactsInFlight);
  std::atomic<uint64_t> applied{0};
  const double all_before = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
  const double own_before = CpuSeconds(CLOCK_THREAD_CPUTIME_ID);
  const auto begin = std::chrono::steady_clock::now();
  for (uint64_t i = 0; i < entries; ++i) {
    if (rate > 0 && i % 8 == 0) {
      std::this_thread::sleep_until(
          begin + std::chrono::duration_cast<std::chrono::nanoseconds>(
                      std::chrono::duration<double>(static_cast<double>(i) / rate)));
    }
    room.acquire();
    const auto done = [&](const absl::StatusOr<storage::EntryResult>& result) {
      if (result.ok() && result->refusal() == storage::EntryResult::REFUSAL_UNSPECIFIED) ++applied;
      room.release();
    };
    if (!writer.Submit(ContactEntry(i, CustomerAt(i)), done, Urgency::kSoon).ok()) std::abort();
  }
  for (int i = 0; i < kContactsInFlight; ++i) room.acquire();
  const double others = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - all_before -
                        (CpuSeconds(CLOCK_THREAD_CPUTIME_ID) - own_before);
  const double took =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (applied != entries) state->SkipWithError("not every contact was counted");
  state->counters["cpu_us"] = others * 1e6 / static_cast<double>(entries);
  state->counters["per_second"] = static_cast<double>(entries) / took;
}

void BM_ReadKnownCustomer(benchmark::State& state) {
  FilledStore filled(static_cast<Place>(state.range(0)));
  if (state.range(1) > 0) {
    ShowOffers(&filled, static_cast<uint64_t>(state.range(1)) * kCustomers, 0, &state);
  }
  PinnedValue value;
  std::string customer_id;
  std::string identity;
  uint64_t next = 0;
  for (auto _ : state) {
    identity = IdentityOf(CustomerAt(next++));
    absl::StatusOr<Found> found =
        filled.store()->ResolveIdentity(identity, ReadTier::kMemoryOnly, &customer_id);
    if (!found.ok() || *found != Found::kFound) return state.SkipWithError("not in memory");
    found = filled.store()->GetRecord({RecordKind::kCustomer, customer_id}, ReadTier::kMemoryOnly,
                                      &value);
    if (!found.ok() || *found != Found::kFound) return state.SkipWithError("not in memory");
  }
}
// Place, and how often offers were shown to each customer since.
BENCHMARK(BM_ReadKnownCustomer)
    ->ArgNames({"memtables", "shown"})
    ->Args({0, 0})
    ->Args({0, 8})
    ->Args({1, 0})
    ->Args({1, 8})
    ->Iterations(200'000);

void BM_ShownContacts(benchmark::State& state) {
  FilledStore filled(static_cast<Place>(state.range(0)));
  for (auto _ : state) {
    ShowOffers(&filled, kContactEntries, static_cast<double>(state.range(1)), &state);
  }
}
// Place, and entries a second.
BENCHMARK(BM_ShownContacts)
    ->ArgNames({"memtables", "rate"})
    ->Args({0, 0})
    ->Args({0, 10'000})
    ->Args({1, 0})
    ->Args({1, 10'000})
    ->Iterations(1);

void BM_DurableEvents64InFlight(benchmark::State& state) {
  FilledStore filled;
  Writer writer(filled.store(), WriterOptions());
  std::counting_semaphore<> room(kInFlight);
  std::atomic<uint64_t> applied{0};
  uint64_t next = 0;
  for (auto _ : state) {
    room.acquire();
    const auto done = [&](const absl::StatusOr<storage::EntryResult>& result) {
      if (result.ok()) applied += result->applied();
      room.release();
    };
    if (!writer.Submit(EventEntry(next++), done).ok()) std::abort();
  }
  for (int i = 0; i < kInFlight; ++i) room.acquire();
  if (applied != next) state.SkipWithError("not every event was applied");
  state.SetItemsProcessed(static_cast<int64_t>(next));
}
// CPU is that of all threads.
BENCHMARK(BM_DurableEvents64InFlight)->MeasureProcessCPUTime()->UseRealTime()->MinTime(3);

// Pure cost on the caller's thread, at a rate that the device bears.
void BM_ReceiptAppend(benchmark::State& state) {
  Directory directory;
  ReceiptLogOptions options;
  options.path = directory.Sub("receipts");
  options.buffer_bytes = size_t{512} << 20;
  options.retention_bytes = uint64_t{1} << 30;
  std::unique_ptr<ReceiptLog> log = *ReceiptLog::Open(options);
  const std::string receipt(static_cast<size_t>(state.range(0)), 'r');
  uint64_t next = 0;
  char id[32] = "decision-0000000000000000";
  for (auto _ : state) {
    std::memcpy(id + 9, &next, sizeof(next));
    ++next;
    const absl::Status taken =
        log->Append(absl::string_view(id, 25), absl::FromUnixMicros(kNowUs), receipt);
    if (!taken.ok()) {
      state.PauseTiming();
      if (!log->Flush().ok()) std::abort();
      state.ResumeTiming();
    }
  }
  state.counters["shed"] = static_cast<double>(log->stats().shed);
}
BENCHMARK(BM_ReceiptAppend)->Arg(2048)->Arg(4096);

}  // namespace
}  // namespace touchstone::store

BENCHMARK_MAIN();
