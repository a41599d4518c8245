#include "server/decide/shown_contacts.h"

#include <utility>

#include "store/record_patch.h"

namespace touchstone::server {
namespace {

constexpr uint32_t kEntryVersion = 1;

store::storage::Entry MakeEntry(const ShownContact& contact, absl::Time server_now) {
  store::RecordPatch patch;
  store::RecordPatch::Contact shown = {};
  shown.offer = contact.offer;
  shown.transaction = contact.transaction;
  shown.time_us = absl::ToUnixMicros(contact.time);
  shown.channel = contact.channel;
  shown.kind = store::ContactKind::kShown;
  shown.direction = contact.outbound ? 1 : 0;
  patch.AddContact(shown);

  store::storage::Entry entry;
  entry.set_format_version(kEntryVersion);
  entry.set_time_us(absl::ToUnixMicros(server_now));
  store::storage::UpdateRecord* update = entry.mutable_update_record();
  update->mutable_record()->set_kind(store::storage::RecordName::KIND_CUSTOMER);
  update->mutable_record()->set_id(std::string(contact.customer_id));
  update->set_patch(patch.bytes());
  // A customer erased in between must not come back as a record of one contact.
  update->set_existence(store::storage::UpdateRecord::EXISTENCE_MUST_EXIST);
  return entry;
}

}  // namespace

ShownContacts::ShownContacts(SubmitFunction submit, size_t most_in_flight)
    : submit_(std::move(submit)), most_in_flight_(most_in_flight), recent_(kRecent, 0) {}

bool ShownContacts::WasCounted(uint64_t key) {
  std::lock_guard<std::mutex> lock(mutex_);
  uint64_t& place = recent_[key % kRecent];
  if (place == key) return true;
  place = key;
  return false;
}

void ShownContacts::Forget(uint64_t key) {
  std::lock_guard<std::mutex> lock(mutex_);
  uint64_t& place = recent_[key % kRecent];
  if (place == key) place = 0;
}

void ShownContacts::Count(const ShownContact& contact, absl::Time server_now) {
  // Transactions are hashes: any mixing of the offer into one will do.
  const uint64_t key = contact.transaction ^ (uint64_t{contact.offer} * 0x9e3779b97f4a7c15u);
  if (WasCounted(key)) return;
  if (in_flight_->fetch_add(1, std::memory_order_relaxed) >= most_in_flight_) {
    in_flight_->fetch_sub(1, std::memory_order_relaxed);
    stats_->dropped.fetch_add(1, std::memory_order_relaxed);
    Forget(key);
    return;
  }
  const auto done = [stats = stats_, in_flight = in_flight_](
                        const absl::StatusOr<store::storage::EntryResult>& result) {
    in_flight->fetch_sub(1, std::memory_order_relaxed);
    const bool kept =
        result.ok() && result->refusal() == store::storage::EntryResult::REFUSAL_UNSPECIFIED;
    (kept ? stats->counted : stats->dropped).fetch_add(1, std::memory_order_relaxed);
  };
  if (!submit_(MakeEntry(contact, server_now), done).ok()) {
    in_flight_->fetch_sub(1, std::memory_order_relaxed);
    stats_->dropped.fetch_add(1, std::memory_order_relaxed);
    Forget(key);
  }
}

}  // namespace touchstone::server
