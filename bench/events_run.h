#pragma once

// One run of purchases against AppendEvents: a call for each batch, closed loop (so many in flight,
// always) or open loop (calls leave at moments fixed in advance), or batches over streams.
//
// Every event is new, of a customer drawn uniformly; it must be answered as written, or it is
// counted as what it was instead. Latency: of a batch, from the moment of sending (closed loop) or
// the intended one (open) to its answer. CPU of the server: of the whole process over the measured
// time.
// Thread safety: one run at a time. Blocks. Limits: as of bench/load_run.h; loopback targets only.

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/latency_histogram.h"

namespace touchstone::bench {

struct EventsOptions {
  std::string target;
  int streams = 0;     // 0: a call for each batch
  int batch = 1;       // events
  int in_flight = 64;  // batches, over all streams
  int connections = 4;
  std::optional<double> rate_per_second;  // open loop, of batches; calls only
  absl::Duration warm_up = absl::Seconds(1);
  absl::Duration measured = absl::Seconds(10);
  pid_t server_pid = 0;  // 0: CPU is not measured
  // Customers are loyalty_card:FIRST and so many that follow.
  uint64_t first_card = 4'000'000'001;
  uint64_t customers = 1000;
  int lines = 3;                  // of a purchase
  std::vector<std::string> skus;  // drawn from
  std::string run;                // begins the ids; must be new to the server
};

struct EventsResult {
  uint64_t written = 0;  // events, in the measured time
  uint64_t duplicate = 0;
  uint64_t rejected = 0;
  uint64_t batches = 0;  // answered with OK
  std::array<uint64_t, 17> errors = {};
  LatencyHistogram latency;  // of a batch
  absl::Duration elapsed;
  std::optional<absl::Duration> server_cpu;
};

// InvalidArgument for an option outside its limits; Unavailable when there is no connection.
absl::StatusOr<EventsResult> RunEvents(const EventsOptions& options);

}  // namespace touchstone::bench
