#pragma once

// What a measurement was taken on and with, and what a process uses.
//
// Thread safety: pure reads of /proc. Errors: unknown texts are "unknown", unknown numbers 0, but
// for the last two, which say why.

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace touchstone::bench {

struct Machine {
  std::string cpu_model;
  int cores = 0;  // that this process may use
  int64_t memory_mb = 0;
  std::string kernel;
};
Machine ThisMachine();

struct Build {
  std::string compiler;
  std::string build_type;  // CMAKE_BUILD_TYPE
  bool sanitized = false;
};
Build ThisBuild();

// User and system time of all threads that the process has and had, in microseconds; in steps of
// the kernel's tick (10 ms). NotFound when there is no such process.
absl::StatusOr<int64_t> ProcessCpuUs(pid_t pid);

// Memory of this process that is not paged out, what libraries share included.
absl::StatusOr<int64_t> ResidentBytes();

}  // namespace touchstone::bench
