#include "bench/mixed_store.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "store/apply.h"
#include "store/bulk_load.h"
#include "store/record.h"
#include "store/record_patch.h"
#include "store/writer.h"

namespace touchstone::bench {
namespace {

namespace storage = store::storage;

constexpr uint32_t kAttributes = 20;
constexpr size_t kTextBytes = 30;
constexpr uint32_t kNumberAttribute = 1;
constexpr uint32_t kTextAttribute = 2;
constexpr uint32_t kAggregates = 2;
constexpr int32_t kDays = 4;
constexpr int64_t kNowUs = int64_t{1'764'000'000} * 1'000'000;
constexpr uint64_t kCustomersInEntry = 1000;
constexpr int kEntriesUnderWay = 3;
constexpr size_t kChunkBytes = size_t{512} << 20;

// Does not get shorter by compression.
std::string Text(std::mt19937_64& random) {
  std::string text(kTextBytes, '\0');
  for (char& c : text) c = static_cast<char>('0' + random() % 64);
  return text;
}

void AddSales(uint32_t aggregate, int32_t day, std::mt19937_64& random, store::RecordPatch* patch) {
  patch->AddToAggregate({.aggregate = aggregate,
                         .bucket = day,
                         .count = 1,
                         .sum = static_cast<int64_t>(random() % 10'000),
                         .event_us = kNowUs});
}

void SetAttribute(uint32_t id, std::mt19937_64& random, store::RecordPatch* patch) {
  const auto number = static_cast<int64_t>(random() % 1'000'000);
  switch (id % 4) {
    case 0:
      return patch->SetAttribute(id, store::Value::Money(number, "EUR"), 1, 0);
    case 1:
      return patch->SetAttribute(id, store::Value::Int64(number), 1, 0);
    default:
      return patch->SetAttribute(id, store::Value::String(Text(random)), 1, 0);
  }
}

store::RecordPatch WholeCustomer(uint64_t customer) {
  std::mt19937_64 random(customer);
  store::RecordPatch patch;
  patch.SetAttribute(kNumberAttribute, store::Value::Int64(static_cast<int64_t>(customer)), 1, 0);
  patch.SetAttribute(kTextAttribute, store::Value::String(Text(random)), 1, 0);
  for (uint32_t i = kTextAttribute + 1; i <= kAttributes; ++i) SetAttribute(i, random, &patch);
  for (uint32_t aggregate = 1; aggregate <= kAggregates; ++aggregate) {
    for (int32_t day = 0; day < kDays; ++day) AddSales(aggregate, day, random, &patch);
  }
  return patch;
}

void NameRecord(uint64_t customer, storage::UpdateRecord* update) {
  update->mutable_record()->set_kind(storage::RecordName::KIND_CUSTOMER);
  update->mutable_record()->set_id(MixedCustomerId(customer));
}

storage::Entry NewEntry() {
  storage::Entry entry;
  entry.set_format_version(store::kEntryFormatVersion);
  entry.set_time_us(kNowUs);
  return entry;
}

storage::Entry CustomersEntry(uint64_t begin, uint64_t end) {
  storage::Entry entry = NewEntry();
  for (uint64_t customer = begin; customer < end; ++customer) {
    storage::UpdateRecord& update = *entry.mutable_update_records()->add_updates();
    NameRecord(customer, &update);
    update.set_patch(WholeCustomer(customer).bytes());
    update.add_identities(absl::StrCat("loyalty_card:", 4'000'000'001 + customer));
  }
  return entry;
}

// One load, with entries on their way to the writer.
class Load {
 public:
  explicit Load(store::Store* store) : bulk_(store), writer_(store, store::WriterOptions()) {}

  absl::Status Run(uint64_t customers) {
    for (uint64_t begin = 0; begin < customers; begin += kCustomersInEntry) {
      if (absl::Status sent =
              Send(CustomersEntry(begin, std::min(begin + kCustomersInEntry, customers)));
          !sent.ok()) {
        return sent;
      }
      if (bulk_.bytes() < kChunkBytes) continue;
      if (absl::Status flushed = Flush(absl::StrCat(begin)); !flushed.ok()) return flushed;
    }
    return Flush(std::nullopt);
  }

 private:
  absl::Status Send(storage::Entry entry) {
    room_.acquire();
    absl::Status queued = writer_.Submit(
        std::move(entry), [this](const absl::StatusOr<storage::EntryResult>& result) {
          {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (!result.ok()) failure_.Update(result.status());
            if (result.ok() && result->refused_items_size() > 0) {
              failure_.Update(absl::InternalError("customers were refused"));
            }
          }
          room_.release();
        });
    if (!queued.ok()) room_.release();
    return queued;
  }

  absl::Status Flush(const std::optional<std::string>& state) {
    for (int i = 0; i < kEntriesUnderWay; ++i) room_.acquire();
    room_.release(kEntriesUnderWay);
    const std::lock_guard<std::mutex> lock(mutex_);
    return failure_.ok() ? bulk_.Flush("bench", state) : failure_;
  }

  store::BulkLoad bulk_;
  std::counting_semaphore<> room_{kEntriesUnderWay};
  std::mutex mutex_;
  absl::Status failure_;  // guarded by mutex_
  store::Writer writer_;  // last: its thread uses what is above
};

std::string NotePath(const store::StoreOptions& options) { return options.path + ".shape"; }

std::string NoteOf(uint64_t customers) {
  return absl::StrCat("customers ", customers, ", form 1\n");
}

}  // namespace

std::string MixedCustomerId(uint64_t customer) { return absl::StrFormat("c%09d", customer); }

bool IsRecordOf(uint64_t customer, absl::string_view record) {
  const absl::StatusOr<store::RecordView> view = store::RecordView::Parse(record);
  if (!view.ok() || view->attribute_count() != kAttributes) return false;
  const auto number = view->FindAttribute(kNumberAttribute);
  return number.has_value() && number->value.int64_value() == static_cast<int64_t>(customer);
}

storage::Entry PurchaseEntry(uint64_t customer, std::mt19937_64& random) {
  store::RecordPatch patch;
  const auto day = static_cast<int32_t>(random() % kDays);
  for (uint32_t aggregate = 1; aggregate <= kAggregates; ++aggregate) {
    AddSales(aggregate, day, random, &patch);
  }
  patch.SetAttribute(kTextAttribute, store::Value::String(Text(random)), 1, 0);
  storage::Entry entry = NewEntry();
  NameRecord(customer, entry.mutable_update_record());
  entry.mutable_update_record()->set_patch(patch.bytes());
  entry.mutable_update_record()->set_existence(storage::UpdateRecord::EXISTENCE_MUST_EXIST);
  return entry;
}

absl::Status FillStore(const store::StoreOptions& options, uint64_t customers) {
  if (std::filesystem::exists(options.path)) {
    std::ifstream in(NotePath(options));
    const std::string note((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (note == NoteOf(customers)) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat(options.path, " is of another shape or half made: delete it"));
  }
  std::error_code error;  // the store says what is wrong
  std::filesystem::create_directories(std::filesystem::path(options.path).parent_path(), error);
  absl::StatusOr<std::unique_ptr<store::Store>> store = store::Store::Open(options);
  if (!store.ok()) return store.status();
  if (absl::Status loaded = Load(store->get()).Run(customers); !loaded.ok()) return loaded;
  store->reset();
  std::ofstream out(NotePath(options));
  out << NoteOf(customers) << std::flush;
  return out ? absl::OkStatus()
             : absl::UnavailableError(absl::StrCat("cannot write ", NotePath(options)));
}

}  // namespace touchstone::bench
