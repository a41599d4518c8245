#pragma once

// The result of a run of load as JSON: what was measured, on what, with what.
//
// Thread safety: pure functions. Units are in the names; a latency is null when nothing was
// answered, and what was not measured is left out.

#include <string>

#include "absl/time/time.h"
#include "bench/load_run.h"

namespace touchstone::bench {

struct LoadReport {
  LoadOptions options;
  std::string command;
  size_t distinct_requests = 0;
  size_t request_median_bytes = 0;
  absl::Duration budget;  // what counts as in time
};

// One object; ends with a newline.
std::string ToJson(const LoadReport& report, const LoadResult& result);

}  // namespace touchstone::bench
