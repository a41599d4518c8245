#pragma once

// Rows that stand together as one event.
//
// Thread safety: for one thread. Memory: eight bytes a group that is done, to notice one whose rows
// do not stand together.

#include <cstdint>
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
  struct Origin {
    int64_t line = 0;
    std::string raw;
  };
  v1::CustomerEvent event;
  std::vector<Origin> rows;
  std::string error;      // a sentence; empty when the event can be sent
  bool left_out = false;  // outside of from and until
};

class EventGrouping {
 public:
  explicit EventGrouping(const Mapping& mapping) : mapping_(mapping) {}

  // Takes the next wanted row; gives the event before it when this row begins another one.
  std::optional<GroupedEvent> Add(const Row& row);
  // The last event.
  std::optional<GroupedEvent> End();

 private:
  void Begin(const Row& row, const std::string& key);
  absl::Status MapHead(const Row& row);
  absl::Status MapLine(const Row& row);
  absl::Status AddSums();
  std::optional<GroupedEvent> Finish();

  const Mapping& mapping_;
  std::optional<GroupedEvent> current_;
  std::string key_;
  absl::flat_hash_set<uint64_t> done_;  // hashes of keys
};

}  // namespace touchstone::server
