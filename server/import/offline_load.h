#pragma once

// Imports into the files of a server that is stopped: the same plans of customers and events, the
// same Apply, and a store that keeps what they write in memory until it comes in as sorted files
// (store/bulk_load.h).
//
// Thread safety: for one thread. Lifetime: a load must outlive its sinks; one sink at a time.
// Errors: Open: FailedPrecondition when a server has the store open or no revision is published,
// NotFound without a store, DataLoss when it is damaged. A sink's End says what went wrong; what
// was flushed before stays.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/import/import_sink.h"
#include "touchstone/v1/report_service.pb.h"

namespace touchstone::server {

struct OfflineOptions {
  std::string data_dir;
  // As the server's: older events are refused.
  absl::Duration event_retention = absl::InfiniteDuration();
  // Rows that are kept in memory before they come into the store as a chunk.
  size_t chunk_bytes = size_t{512} << 20;
  std::function<absl::Time()> clock;
};

class OfflineLoad {
 public:
  static absl::StatusOr<std::unique_ptr<OfflineLoad>> Open(const OfflineOptions& options);
  ~OfflineLoad();

  // What the last chunk of a load of this name kept: ImportProgress as JSON; nullopt when there is
  // none to go on with.
  absl::StatusOr<std::optional<std::string>> ReadState(const std::string& name) const;

  // Once a load has ended well, for the report on data quality.
  absl::Status RecordRun(const std::string& name, const v1::ImportRun& run);

  // With each chunk goes the state as of it; at the end it is forgotten.
  std::unique_ptr<CustomerSink> Customers(const std::string& name, ImportState* state);
  std::unique_ptr<EventSink> Events(const std::string& name, ImportState* state);

 private:
  class Rooms;
  explicit OfflineLoad(std::unique_ptr<Rooms> rooms);
  std::unique_ptr<Rooms> rooms_;
};

}  // namespace touchstone::server
