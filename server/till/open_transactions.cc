#include "server/till/open_transactions.h"

#include <utility>

#include "absl/hash/hash.h"

namespace touchstone::server {

OpenTransactions::OpenTransactions(size_t bytes, absl::Duration hold)
    : shard_bytes_(bytes / kShards), hold_(absl::ToChronoNanoseconds(hold)) {}

OpenTransactions::Turn& OpenTransactions::Turn::operator=(Turn&& other) noexcept {
  if (this == &other) return *this;
  GiveUp();
  transactions_ = std::exchange(other.transactions_, nullptr);
  entry_ = other.entry_;
  return *this;
}

const OpenState* OpenTransactions::Turn::state() const {
  return entry_->open ? &entry_->state : nullptr;
}

void OpenTransactions::Turn::Keep(OpenState state, MonotonicTime now) {
  if (transactions_ == nullptr) return;
  std::exchange(transactions_, nullptr)->Keep(entry_, std::move(state), now);
}

void OpenTransactions::Turn::GiveUp() {
  if (transactions_ != nullptr) std::exchange(transactions_, nullptr)->GiveUp(entry_);
}

OpenTransactions::Taken OpenTransactions::Take(absl::string_view id, MonotonicTime now,
                                               bool may_open, Turn* turn) {
  Shard& shard = ShardOf(id);
  turn->GiveUp();
  std::lock_guard<std::mutex> lock(shard.mutex);
  DropOld(shard, now);
  const auto found = shard.index.find(id);
  Entries::iterator entry;
  if (found != shard.index.end()) {
    entry = found->second;
    if (entry->taken) return Taken::kBusy;
  } else {
    if (!may_open) return Taken::kNotOpen;
    shard.entries.emplace_front();
    entry = shard.entries.begin();
    entry->id = std::string(id);
    entry->used = now;
    shard.index[entry->id] = entry;
    shard.bytes += BytesOf(*entry);
  }
  entry->taken = true;
  turn->transactions_ = this;
  turn->entry_ = entry;
  return Taken::kTurn;
}

std::optional<OpenState> OpenTransactions::Find(absl::string_view id, MonotonicTime now) const {
  const Shard& shard = ShardOf(id);
  std::lock_guard<std::mutex> lock(shard.mutex);
  const auto found = shard.index.find(id);
  if (found == shard.index.end()) return std::nullopt;
  const Entry& entry = *found->second;
  if (!entry.open || entry.closed || now - entry.used > hold_) return std::nullopt;
  return entry.state;
}

void OpenTransactions::Close(absl::string_view id) {
  Shard& shard = ShardOf(id);
  std::lock_guard<std::mutex> lock(shard.mutex);
  const auto found = shard.index.find(id);
  if (found == shard.index.end()) return;
  if (found->second->taken) {
    found->second->closed = true;
  } else {
    Erase(shard, found->second);
  }
}

void OpenTransactions::Keep(Entries::iterator entry, OpenState state, MonotonicTime now) {
  Shard& shard = ShardOf(entry->id);
  std::lock_guard<std::mutex> lock(shard.mutex);
  entry->taken = false;
  if (entry->closed) {
    Erase(shard, entry);
    return;
  }
  shard.bytes -= BytesOf(*entry);
  entry->state = std::move(state);
  entry->open = true;
  entry->used = now;
  shard.bytes += BytesOf(*entry);
  shard.entries.splice(shard.entries.begin(), shard.entries, entry);
  MakeRoom(shard);
}

void OpenTransactions::GiveUp(Entries::iterator entry) {
  Shard& shard = ShardOf(entry->id);
  std::lock_guard<std::mutex> lock(shard.mutex);
  entry->taken = false;
  if (entry->closed || !entry->open) Erase(shard, entry);
}

void OpenTransactions::Erase(Shard& shard, Entries::iterator entry) {
  shard.bytes -= BytesOf(*entry);
  shard.index.erase(entry->id);
  shard.entries.erase(entry);
}

void OpenTransactions::DropOld(Shard& shard, MonotonicTime now) const {
  while (!shard.entries.empty()) {
    const auto oldest = std::prev(shard.entries.end());
    if (oldest->taken || now - oldest->used <= hold_) return;
    Erase(shard, oldest);
  }
}

void OpenTransactions::MakeRoom(Shard& shard) const {
  // Few are taken at a time: they are stepped over.
  for (auto entry = std::prev(shard.entries.end());
       shard.bytes > shard_bytes_ && entry != shard.entries.begin();) {
    const auto oldest = entry--;
    if (!oldest->taken) Erase(shard, oldest);
  }
}

size_t OpenTransactions::BytesOf(const Entry& entry) {
  // An entry stands in a list and in an index.
  constexpr size_t kOwn = sizeof(Entry) + 8 * sizeof(void*);
  return kOwn + entry.id.size() + entry.state.request.size();
}

OpenTransactions::Shard& OpenTransactions::ShardOf(absl::string_view id) const {
  // Of its upper bits: the index of a shard goes by the lower ones.
  return shards_[(absl::HashOf(id) >> 48) % kShards];
}

size_t OpenTransactions::size() const {
  size_t size = 0;
  for (const Shard& shard : shards_) {
    std::lock_guard<std::mutex> lock(shard.mutex);
    size += shard.entries.size();
  }
  return size;
}

size_t OpenTransactions::bytes() const {
  size_t bytes = 0;
  for (const Shard& shard : shards_) {
    std::lock_guard<std::mutex> lock(shard.mutex);
    bytes += shard.bytes;
  }
  return bytes;
}

}  // namespace touchstone::server
