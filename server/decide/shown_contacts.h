#pragma once

// Counts what placements with `shown_on: answer` have shown to known customers, behind the answers.
//
// Once a transaction and offer: the record itself keeps a contact once, and what was counted
// recently is not sent again. Bounded: what finds no room is dropped and counted, since a decision
// never waits for a write. Until the store has applied it (WriterOptions::soon and a sync later) a
// contact is pending here, where StoreReader finds it; a crash forgets as much.
// Thread safety: any thread. Cost: a short lock; an answer with new contacts costs an entry of the
// store's queue.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
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

  // Appends the patches of a customer's record that the store has not applied, in order. What is
  // not among them any more is in a record that is read afterwards.
  void CollectPending(absl::string_view customer_id, std::vector<std::string>* patches) const;

  // Of contacts.
  struct Stats {
    std::atomic<uint64_t> counted{0};
    std::atomic<uint64_t> dropped{0};  // no room, or the store refused
  };
  const Stats& stats() const { return shared_->stats; }

 private:
  static constexpr size_t kRecent = 65536;

  // The offers that were not counted recently; from now on they were.
  std::vector<uint32_t> TakeNew(const ShownOffers& shown);
  void Drop(uint64_t transaction, absl::Span<const uint32_t> offers);

  // Shared with entries that are still on their way when this object goes.
  struct Shared {
    // The number of the entry, by which it ends; 0: no room.
    uint64_t Begin(absl::string_view customer_id, const std::string& patch, size_t most_in_flight);
    void End(absl::string_view customer_id, uint64_t number);

    Stats stats;
    struct Pending {
      uint64_t number = 0;
      std::string patch;
    };
    std::mutex mutex;  // guards the three below
    size_t in_flight = 0;
    uint64_t last_number = 0;
    absl::flat_hash_map<std::string, std::vector<Pending>> pending;  // by customer
  };

  SubmitFunction submit_;
  const size_t most_in_flight_;
  std::mutex mutex_;
  // Direct-mapped: of two keys that share a place the later one stays, and the other is sent again,
  // which changes nothing.
  std::vector<uint64_t> recent_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace touchstone::server
