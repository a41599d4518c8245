#include "server/decide/shown_contacts.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "store/apply.h"
#include "store/record_patch.h"

namespace touchstone::server {
namespace {

using store::storage::EntryResult;

constexpr size_t kRecent = 65536;

// Transactions are hashes: any mixing of the offer into one will do.
uint64_t Key(uint64_t transaction, uint32_t offer) {
  return transaction ^ (uint64_t{offer} * 0x9e3779b97f4a7c15u);
}

std::string MakePatch(const ShownOffers& shown, absl::Span<const uint32_t> offers) {
  store::RecordPatch patch;
  store::RecordPatch::Contact contact = {};
  contact.transaction = shown.transaction;
  contact.time_us = absl::ToUnixMicros(shown.time);
  contact.channel = shown.channel;
  contact.kind = store::ContactKind::kShown;
  contact.direction = shown.outbound ? 1 : 0;
  for (const uint32_t offer : offers) {
    contact.offer = offer;
    patch.AddContact(contact);
  }
  return patch.bytes();
}

struct Update {
  std::string patch;
  uint32_t contacts = 0;
};

// What goes to the store as one entry.
struct Batch {
  absl::flat_hash_map<std::string, Update> updates;  // by customer
  std::vector<uint64_t> keys;                        // of its contacts
  absl::Time time = absl::InfinitePast();
};

// One update a customer, in the order of the map.
store::storage::Entry MakeEntry(const Batch& batch) {
  store::storage::Entry entry;
  entry.set_format_version(store::kEntryFormatVersion);
  entry.set_time_us(absl::ToUnixMicros(batch.time));
  store::storage::UpdateRecords* updates = entry.mutable_update_records();
  updates->mutable_updates()->Reserve(static_cast<int>(batch.updates.size()));
  for (const auto& [customer_id, update] : batch.updates) {
    store::storage::UpdateRecord* out = updates->add_updates();
    out->mutable_record()->set_kind(store::storage::RecordName::KIND_CUSTOMER);
    out->mutable_record()->set_id(customer_id);
    out->set_patch(update.patch);
    // A customer erased in between must not come back as a record of contacts alone.
    out->set_existence(store::storage::UpdateRecord::EXISTENCE_MUST_EXIST);
  }
  return entry;
}

uint64_t RefusedContacts(const Batch& batch, const EntryResult& result) {
  if (result.refused_items().empty()) return 0;
  std::vector<uint32_t> contacts;
  contacts.reserve(batch.updates.size());
  for (const auto& [customer_id, update] : batch.updates) contacts.push_back(update.contacts);
  uint64_t refused = 0;
  for (const EntryResult::RefusedItem& item : result.refused_items()) {
    refused += contacts[item.index()];
  }
  return refused;
}

}  // namespace

class ShownContacts::Shared : public std::enable_shared_from_this<Shared> {
 public:
  Shared(SubmitFunction submit, size_t most_waiting)
      : submit_(std::move(submit)), most_waiting_(most_waiting), recent_(kRecent, 0) {}

  void Count(const ShownOffers& shown, absl::Time server_now) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (!Collect(shown, server_now) || sending_) return;
      sending_ = true;
      std::swap(on_its_way_, waiting_);
    }
    Send();
  }

  void CollectPending(absl::string_view customer_id, std::vector<std::string>* patches) {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const Batch* batch : {&on_its_way_, &waiting_}) {
      const auto found = batch->updates.find(customer_id);
      if (found != batch->updates.end()) patches->push_back(found->second.patch);
    }
  }

  const Stats& stats() const { return stats_; }

 private:
  // REQUIRES: mutex_ is held. False: nothing new, or no room.
  bool Collect(const ShownOffers& shown, absl::Time server_now) {
    fresh_.clear();
    for (const uint32_t offer : shown.offers) {
      if (PlaceOf(Key(shown.transaction, offer)) != Key(shown.transaction, offer)) {
        fresh_.push_back(offer);
      }
    }
    if (fresh_.empty()) return false;
    const std::string patch = MakePatch(shown, fresh_);
    const auto found = waiting_.updates.find(shown.customer_id);
    const bool room = found == waiting_.updates.end()
                          ? waiting_.updates.size() < most_waiting_
                          : found->second.patch.size() + patch.size() <= store::kMaxPatchBytes;
    if (!room) {
      stats_.dropped.fetch_add(fresh_.size(), std::memory_order_relaxed);
      return false;
    }
    Update& update =
        found == waiting_.updates.end() ? waiting_.updates[shown.customer_id] : found->second;
    update.patch += patch;
    update.contacts += static_cast<uint32_t>(fresh_.size());
    for (const uint32_t offer : fresh_) {
      const uint64_t key = Key(shown.transaction, offer);
      PlaceOf(key) = key;
      waiting_.keys.push_back(key);
    }
    waiting_.time = std::max(waiting_.time, server_now);
    return true;
  }

  // REQUIRES: this thread has set sending_, so that nobody else changes on_its_way_.
  void Send() {
    const absl::Status queued = submit_(
        MakeEntry(on_its_way_),
        [shared = shared_from_this()](const absl::StatusOr<EntryResult>& result) {
          shared->End(result);
        },
        store::Urgency::kSoon);
    if (!queued.ok()) End(queued);
  }

  void End(const absl::StatusOr<EntryResult>& result) {
    Batch ended;  // freed without the lock
    {
      std::lock_guard<std::mutex> lock(mutex_);
      std::swap(ended, on_its_way_);
      const uint64_t contacts = ended.keys.size();
      const uint64_t refused = result.ok() ? RefusedContacts(ended, *result) : contacts;
      stats_.dropped.fetch_add(refused, std::memory_order_relaxed);
      stats_.counted.fetch_add(contacts - refused, std::memory_order_relaxed);
      if (!result.ok()) Forget(ended.keys);
      if (waiting_.updates.empty()) {
        sending_ = false;
        return;
      }
      std::swap(on_its_way_, waiting_);
    }
    Send();
  }

  // REQUIRES: mutex_ is held. When they are shown again they are sent again.
  void Forget(absl::Span<const uint64_t> keys) {
    for (const uint64_t key : keys) {
      if (PlaceOf(key) == key) PlaceOf(key) = 0;
    }
  }

  uint64_t& PlaceOf(uint64_t key) { return recent_[key % kRecent]; }

  const SubmitFunction submit_;
  const size_t most_waiting_;
  Stats stats_;

  std::mutex mutex_;  // guards what follows
  // Direct-mapped: of two keys that share a place the later one stays, and the other is sent again,
  // which changes nothing.
  std::vector<uint64_t> recent_;
  std::vector<uint32_t> fresh_;  // scratch
  bool sending_ = false;
  // Changed only by who has set sending_, who reads it without the lock.
  Batch on_its_way_;
  Batch waiting_;
};

ShownContacts::ShownContacts(SubmitFunction submit, size_t most_waiting)
    : shared_(std::make_shared<Shared>(std::move(submit), most_waiting)) {}

void ShownContacts::Count(const ShownOffers& shown, absl::Time server_now) {
  shared_->Count(shown, server_now);
}

void ShownContacts::CollectPending(absl::string_view customer_id,
                                   std::vector<std::string>* patches) const {
  shared_->CollectPending(customer_id, patches);
}

const ShownContacts::Stats& ShownContacts::stats() const { return shared_->stats(); }

}  // namespace touchstone::server
