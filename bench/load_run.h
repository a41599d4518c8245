#pragma once

// One run of load against a DecisionService: open loop (requests leave at moments fixed in advance,
// whatever the answers do) or closed loop (so many in flight, always).
//
// Latency: from the intended moment of sending (open) or the actual one (closed) to the answer's
// arrival at this process. Completeness is read from every answer.
// CPU of the server: user and system time of the whole process from the first measured request
// until it has come to rest after the last answer, so that receipts and other late work count; over
// all answers of that time.
// Thread safety: RunLoad may be called from one thread at a time. Blocks for warm-up, measurement,
// drain and settling. Limits: named below; loopback targets only, since this is a weapon.

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bench/arrival_schedule.h"
#include "bench/latency_histogram.h"
#include "bench/request_bodies.h"

namespace touchstone::bench {

inline constexpr double kMaxRatePerSecond = 1e6;
inline constexpr absl::Duration kMaxRunTime = absl::Hours(1);
inline constexpr int kMaxInFlight = 16384;
inline constexpr int kMaxConnections = 1024;
inline constexpr uint64_t kMaxSends = 1'000'000'000;

struct LoadOptions {
  std::string target;                     // "127.0.0.1:50051"
  std::optional<double> rate_per_second;  // open loop; without it, closed
  ArrivalKind arrivals = ArrivalKind::kPoisson;
  uint64_t seed = 1;
  absl::Duration warm_up = absl::Seconds(1);  // sent and answered, not counted
  absl::Duration measured = absl::Seconds(10);
  int connections = 4;
  // Closed loop: always so many. Open loop: at most; what is due beyond waits, and its latency
  // grows meanwhile.
  int in_flight = 64;
  int threads = 1;                            // that take answers
  uint64_t max_sends = kMaxSends;             // then the run ends early
  absl::Duration connect = absl::Seconds(5);  // at most, for connections to come up
  absl::Duration drain = absl::Seconds(10);   // for answers after the last send
  absl::Duration settle = absl::Seconds(10);  // at most, for the server to come to rest
  pid_t server_pid = 0;                       // 0: CPU is not measured
};

struct LoadResult {
  uint64_t sent = 0;                      // in the measured time
  uint64_t answered = 0;                  // of them with OK
  uint64_t unanswered = 0;                // of them still open when the drain time was over
  uint64_t unsent = 0;                    // open loop: due, but nothing in flight came free in time
  std::array<uint64_t, 17> by_code = {};  // of them by gRPC code
  uint64_t complete = 0;                  // of the answered
  uint64_t partial = 0;
  uint64_t fallback = 0;
  uint64_t unreadable = 0;    // no DecideResponse, or without completeness
  LatencyHistogram latency;   // of the answered
  LatencyHistogram send_lag;  // open loop: how late this process itself was
  absl::Duration elapsed;     // from the first measured moment to the last answer
  absl::Duration client_cpu;  // this process, over the measured time and drain
  std::optional<absl::Duration> server_cpu;
  uint64_t server_cpu_answers = 0;    // over which it is spread
  absl::Duration server_cpu_elapsed;  // until the last answer, without the time to settle
  bool server_settled = true;         // false: still busy when `settle` was over
  std::string median_response;        // bytes of the answer of median size
};

// InvalidArgument for an option outside its limits or a target that is not this machine.
absl::Status CheckLoadOptions(const LoadOptions& options);

// Whether the target is an address of the loopback network with a port.
bool IsLoopback(absl::string_view target);

// Unavailable when a connection does not come up in time; InvalidArgument as above.
absl::StatusOr<LoadResult> RunLoad(const LoadOptions& options, const RequestBodies& requests);

}  // namespace touchstone::bench
