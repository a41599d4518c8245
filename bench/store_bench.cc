// The store's own costs: reading a record, durable writes with 64 in flight, taking a receipt.
//
// Writes go to the directory named by TMPDIR, else /tmp, because the device is what is measured.
// Run with --benchmark_repetitions=5 for median and spread. Each benchmark checks its answers.

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <semaphore>
#include <string>
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
constexpr int64_t kNowUs = int64_t{1'764'000'000} * 1'000'000;

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

// A store with kCustomers records in tables, read once, so that they are in the block cache.
class FilledStore {
 public:
  FilledStore() {
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
      room.acquire();
      const auto done = [&](const absl::StatusOr<storage::EntryResult>& result) {
        if (!result.ok()) std::abort();
        room.release();
      };
      if (!writer.Submit(entry, done).ok()) std::abort();
    }
    for (int i = 0; i < kInFlight; ++i) room.acquire();
    Database& database = store_->database();
    database.rocks()->Flush({}, database.handle(Family::kCustomers));
    database.rocks()->CompactRange({}, database.handle(Family::kCustomers), nullptr, nullptr);
    PinnedValue value;
    for (int i = 0; i < kCustomers; ++i) {
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

void BM_GetFromBlockCache(benchmark::State& state) {
  FilledStore filled;
  std::vector<std::string> ids;
  for (int i = 0; i < kCustomers; ++i) ids.push_back(absl::StrCat("c", i));
  PinnedValue value;
  uint64_t next = 0;
  for (auto _ : state) {
    const std::string& id = ids[(next++ * 2654435761u) % kCustomers];
    const absl::StatusOr<Found> found =
        filled.store()->GetRecord({RecordKind::kCustomer, id}, ReadTier::kMemoryOnly, &value);
    if (!found.ok() || *found != Found::kFound) return state.SkipWithError("not in memory");
  }
}
BENCHMARK(BM_GetFromBlockCache);

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
