#pragma once

// Rows that stand together as one event.
//
// A few events stay open, since exports of several tills interleave them by some rows.
// Thread safety: for one thread. Memory: eight bytes a group that is done, to notice one whose rows
// do not stand together.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "server/import/mapping.h"
#include "server/import/row_reader.h"
#include "touchstone/v1/customer_service.pb.h"

namespace touchstone::server {

// One event with the rows that it came from.
struct GroupedEvent {
  v1::CustomerEvent event;
  std::vector<RowOrigin> rows;
  std::string error;      // a sentence; empty when the event can be sent
  bool left_out = false;  // outside of from and until
};

// Events that are open at a time.
inline constexpr size_t kOpenEvents = 16;
// Rows of one event; the server takes as many lines.
inline constexpr size_t kMaxEventRows = 10'000;

class EventGrouping {
 public:
  explicit EventGrouping(const Mapping& mapping) : mapping_(mapping) {}

  // Takes the next wanted row; gives the event that was begun first when it has to make room, or
  // when one has too many rows.
  std::optional<GroupedEvent> Add(const Row& row);
  // The events that are still open, one a call, in order of their first rows.
  std::optional<GroupedEvent> End();

 private:
  struct Open {
    std::string key;
    GroupedEvent event;
  };

  Open& FindOrBegin(const Row& row);
  absl::Status MapHead(const Row& row, GroupedEvent* event) const;
  absl::Status AddSums(v1::Event* event) const;

  const Mapping& mapping_;
  std::deque<Open> open_;
  absl::flat_hash_set<uint64_t> done_;  // hashes of keys
};

}  // namespace touchstone::server
