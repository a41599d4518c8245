#pragma once

// Adds grants within one entry: each with its row, in the list of its customer, and shown by her
// record.
//
// Thread safety, errors: as in apply.h. Cost: two rows by key a grant; for each customer a read of
// her record.

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "store/grants.h"
#include "store/pending_writes.h"
#include "touchstone/storage/v1/entry.pb.h"

namespace touchstone::store {

// What is wrong with a grant that is to be added; "": nothing.
absl::string_view GrantFault(const storage::AddGrants::Item& item);

class GrantAdder {
 public:
  // `time_us`: when they are granted.
  GrantAdder(int64_t time_us, PendingWrites* writes)
      : time_us_(time_us), writes_(writes), sections_(writes) {}

  enum class Added : uint8_t {
    kNew,
    kThere,           // with the same terms
    kThereOtherwise,  // with others
    kNoCustomer,      // nobody stands for her
    kNoRoom,          // she has kMaxOpenGrants
  };
  // REQUIRES: it has no fault. Nothing is changed unless it is new.
  absl::StatusOr<Added> Add(const storage::AddGrants::Item& item);

  // Writes what records show.
  void Flush() { sections_.Flush(); }

 private:
  absl::StatusOr<bool> TakeRoom(absl::string_view id, const storage::Code& grant);

  int64_t time_us_;
  PendingWrites* writes_;
  GrantSections sections_;
  absl::flat_hash_map<std::string, int> open_;  // by customer; those of this entry too
};

}  // namespace touchstone::store
