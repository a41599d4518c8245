#include "server/decide/shown_contacts.h"

#include <algorithm>
#include <utility>

#include "store/apply.h"
#include "store/record_patch.h"

namespace touchstone::server {
namespace {

store::storage::Entry MakeEntry(const ShownOffers& shown, absl::Span<const uint32_t> offers,
                                absl::Time server_now) {
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

  store::storage::Entry entry;
  entry.set_format_version(store::kEntryFormatVersion);
  entry.set_time_us(absl::ToUnixMicros(server_now));
  store::storage::UpdateRecord* update = entry.mutable_update_record();
  update->mutable_record()->set_kind(store::storage::RecordName::KIND_CUSTOMER);
  update->mutable_record()->set_id(std::string(shown.customer_id));
  update->set_patch(patch.bytes());
  // A customer erased in between must not come back as a record of contacts alone.
  update->set_existence(store::storage::UpdateRecord::EXISTENCE_MUST_EXIST);
  return entry;
}

// Transactions are hashes: any mixing of the offer into one will do.
uint64_t Key(uint64_t transaction, uint32_t offer) {
  return transaction ^ (uint64_t{offer} * 0x9e3779b97f4a7c15u);
}

}  // namespace

ShownContacts::ShownContacts(SubmitFunction submit, size_t most_in_flight)
    : submit_(std::move(submit)), most_in_flight_(most_in_flight), recent_(kRecent, 0) {}

std::vector<uint32_t> ShownContacts::TakeNew(const ShownOffers& shown) {
  std::vector<uint32_t> fresh;
  std::lock_guard<std::mutex> lock(mutex_);
  for (const uint32_t offer : shown.offers) {
    const uint64_t key = Key(shown.transaction, offer);
    uint64_t& place = recent_[key % kRecent];
    if (place == key) continue;
    place = key;
    fresh.push_back(offer);
  }
  return fresh;
}

void ShownContacts::Drop(uint64_t transaction, absl::Span<const uint32_t> offers) {
  shared_->stats.dropped.fetch_add(offers.size(), std::memory_order_relaxed);
  std::lock_guard<std::mutex> lock(mutex_);
  for (const uint32_t offer : offers) {
    const uint64_t key = Key(transaction, offer);
    uint64_t& place = recent_[key % kRecent];
    if (place == key) place = 0;
  }
}

uint64_t ShownContacts::Shared::Begin(absl::string_view customer_id, const std::string& patch,
                                      size_t most_in_flight) {
  std::lock_guard<std::mutex> lock(mutex);
  if (in_flight >= most_in_flight) return 0;
  ++in_flight;
  pending[customer_id].push_back({++last_number, patch});
  return last_number;
}

void ShownContacts::Shared::End(absl::string_view customer_id, uint64_t number) {
  std::lock_guard<std::mutex> lock(mutex);
  --in_flight;
  const auto found = pending.find(customer_id);
  std::vector<Pending>& entries = found->second;
  entries.erase(std::find_if(entries.begin(), entries.end(),
                             [number](const Pending& entry) { return entry.number == number; }));
  if (entries.empty()) pending.erase(found);
}

void ShownContacts::CollectPending(absl::string_view customer_id,
                                   std::vector<std::string>* patches) const {
  std::lock_guard<std::mutex> lock(shared_->mutex);
  const auto found = shared_->pending.find(customer_id);
  if (found == shared_->pending.end()) return;
  for (const Shared::Pending& entry : found->second) patches->push_back(entry.patch);
}

void ShownContacts::Count(const ShownOffers& shown, absl::Time server_now) {
  const std::vector<uint32_t> fresh = TakeNew(shown);
  if (fresh.empty()) return;
  store::storage::Entry entry = MakeEntry(shown, fresh, server_now);
  const std::string& id = entry.update_record().record().id();
  const uint64_t number = shared_->Begin(id, entry.update_record().patch(), most_in_flight_);
  if (number == 0) return Drop(shown.transaction, fresh);
  const auto done = [shared = shared_, id, number, contacts = fresh.size()](
                        const absl::StatusOr<store::storage::EntryResult>& result) {
    shared->End(id, number);
    const bool kept =
        result.ok() && result->refusal() == store::storage::EntryResult::REFUSAL_UNSPECIFIED;
    (kept ? shared->stats.counted : shared->stats.dropped).fetch_add(contacts);
  };
  const absl::Status queued = submit_(std::move(entry), done, store::Urgency::kSoon);
  if (queued.ok()) return;
  shared_->End(shown.customer_id, number);
  Drop(shown.transaction, fresh);
}

}  // namespace touchstone::server
