#pragma once

// Reservations on one budget in a store of their own, in one process: so many under way at any
// moment, each durable before it is answered, half of those that succeeded released and half sold.
//
// Closed loop: the answer of one begins the next. What is at last held and sold of the budget is
// compared with the answers. Thread safety: one run at a time. Blocks.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/latency_histogram.h"

namespace touchstone::bench {

struct ReservationsOptions {
  std::string folder;  // of the store, which must not be there yet
  int in_flight = 64;
  absl::Duration warm_up = absl::Seconds(1);
  absl::Duration measured = absl::Seconds(10);
  size_t body_bytes = 1500;  // of the reservation, and of the sale
  size_t answer_bytes = 1500;
  // Releases and commits as well; else reservations alone.
  bool ends_them = true;
};

struct ReservationsResult {
  absl::Duration elapsed;
  uint64_t failed = 0;  // answers that are wrong, and differences of the budget
  uint64_t reservations = 0;
  uint64_t releases = 0;
  uint64_t commits = 0;
  LatencyHistogram reserve;  // from Submit until it is durable
  LatencyHistogram end;      // of releases and commits
  // What the device takes to make as many bytes durable as a batch of reservations has, written one
  // after the other to a file in the folder, before the store is opened. With one sync a batch, no
  // more can be done in its time than is under way.
  LatencyHistogram device_sync;
};

// InvalidArgument for options out of bounds, AlreadyExists for a folder with a store.
absl::StatusOr<ReservationsResult> RunReservations(const ReservationsOptions& options);

}  // namespace touchstone::bench
