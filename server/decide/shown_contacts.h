#pragma once

// Counts what placements with `shown_on: answer` have shown to known customers, behind the answers.
//
// One entry is on its way to the store at a time; what is shown meanwhile waits and goes with the
// next, so that many decisions share one. Once a transaction and offer: the record itself keeps a
// contact once, and what was counted recently is not sent again. Bounded: what finds no room is
// dropped and counted, since a decision never waits for a write. Until the store has applied it
// (two entries, each after WriterOptions::soon and a sync) a contact is pending here, where
// StoreReader finds it; a crash forgets as much.
//
// Thread safety: any thread. Cost: a short lock, and two copies of a patch.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
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
  // Contacts of at most `most_waiting` customers wait for the next entry. REQUIRES: no more than
  // store::kMaxItems. `submit` is called until the last entry has ended, after this object is gone
  // as well, by its own Done.
  ShownContacts(SubmitFunction submit, size_t most_waiting);

  void Count(const ShownOffers& shown, absl::Time server_now);

  // Appends the patches of a customer's record that the store has not applied, in order. What is
  // not among them any more is in a record that is read afterwards.
  void CollectPending(absl::string_view customer_id, std::vector<std::string>* patches) const;

  // Of contacts.
  struct Stats {
    std::atomic<uint64_t> counted{0};
    std::atomic<uint64_t> dropped{0};  // no room, or the store refused
  };
  const Stats& stats() const;

 private:
  class Shared;  // with the entry that is on its way

  std::shared_ptr<Shared> shared_;
};

}  // namespace touchstone::server
