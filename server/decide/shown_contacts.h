#pragma once

// Counts what placements with `shown_on: answer` have shown to known customers, behind the answers.
//
// Once a transaction and offer: the record itself keeps a contact once, and what was counted
// recently is not sent again. Bounded: what finds no room is dropped and counted, since a decision
// never waits for a write. Until the store has applied it (milliseconds) the next decision does not
// see the contact.
// Thread safety: any thread. Cost: a short lock; a new contact costs an entry of the store's queue.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "store/writer.h"

namespace touchstone::server {

// As store::Writer::Submit.
using SubmitFunction =
    std::function<absl::Status(store::storage::Entry entry, store::Writer::Done done)>;

struct ShownContact {
  absl::string_view customer_id;
  uint32_t offer = 0;        // StableId of its id
  uint64_t transaction = 0;  // TransactionHash
  uint32_t channel = 0;      // StableId of its name
  bool outbound = false;
  absl::Time time;
};

class ShownContacts {
 public:
  // At most `most_in_flight` contacts wait for the store, so that writes which callers wait for
  // find room in its queue.
  ShownContacts(SubmitFunction submit, size_t most_in_flight);

  void Count(const ShownContact& contact, absl::Time server_now);

  struct Stats {
    std::atomic<uint64_t> counted{0};
    std::atomic<uint64_t> dropped{0};  // no room, or the store refused
  };
  const Stats& stats() const { return *stats_; }

 private:
  static constexpr size_t kRecent = 65536;

  bool WasCounted(uint64_t key);
  void Forget(uint64_t key);

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
