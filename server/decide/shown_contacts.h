#pragma once

// Counts what placements with `shown_on: answer` have shown to known customers, behind the answers.
//
// Once a transaction and offer: the record itself keeps a contact once, and what was counted
// recently is not sent again. Bounded: what finds no room is dropped and counted, since a decision
// never waits for a write. Until the store has applied it the next decision does not see the
// contact: WriterOptions::soon (10 ms) and a sync later; a crash forgets as much.
// Thread safety: any thread. Cost: a short lock; an answer with new contacts costs an entry of the
// store's queue.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "store/writer.h"

namespace touchstone::server {

// As store::Writer::Submit.
using SubmitFunction = std::function<absl::Status(
    store::storage::Entry entry, store::Writer::Done done, store::Urgency urgency)>;

// What one answer showed to one customer.
struct ShownOffers {
  absl::string_view customer_id;
  absl::Span<const uint32_t> offers;  // StableIds of their ids
  uint64_t transaction = 0;           // TransactionHash
  uint32_t channel = 0;               // StableId of its name
  bool outbound = false;
  absl::Time time;
};

class ShownContacts {
 public:
  // At most `most_in_flight` entries wait for the store, so that writes which callers wait for find
  // room in its queue.
  ShownContacts(SubmitFunction submit, size_t most_in_flight);

  void Count(const ShownOffers& shown, absl::Time server_now);

  // Of contacts.
  struct Stats {
    std::atomic<uint64_t> counted{0};
    std::atomic<uint64_t> dropped{0};  // no room, or the store refused
  };
  const Stats& stats() const { return *stats_; }

 private:
  static constexpr size_t kRecent = 65536;

  // The offers that were not counted recently; from now on they were.
  std::vector<uint32_t> TakeNew(const ShownOffers& shown);
  void Drop(uint64_t transaction, absl::Span<const uint32_t> offers);

  SubmitFunction submit_;
  const size_t most_in_flight_;
  std::mutex mutex_;
  // Direct-mapped: of two keys that share a place the later one stays, and the other is sent again,
  // which changes nothing.
  std::vector<uint64_t> recent_;
  // Shared with entries that are still on their way when this object goes.
  std::shared_ptr<Stats> stats_ = std::make_shared<Stats>();
  std::shared_ptr<std::atomic<size_t>> in_flight_ = std::make_shared<std::atomic<size_t>>(0);
};

}  // namespace touchstone::server
