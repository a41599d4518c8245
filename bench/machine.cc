#include "bench/machine.h"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace touchstone::bench {
namespace {

std::string CpuModel() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    absl::string_view rest = line;
    if (!absl::ConsumePrefix(&rest, "model name")) continue;
    const size_t colon = rest.find(':');
    if (colon != absl::string_view::npos) {
      return std::string(absl::StripAsciiWhitespace(rest.substr(colon + 1)));
    }
  }
  return "unknown";
}

// "6.1.0" of "6.1.0-18-amd64": what follows is the builder's.
absl::string_view VersionOf(absl::string_view release) {
  return release.substr(0, release.find('-'));
}

}  // namespace

Machine ThisMachine() {
  Machine machine;
  machine.cpu_model = CpuModel();
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) machine.cores = CPU_COUNT(&allowed);
  machine.memory_mb =
      static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE) / (1024 * 1024);
  utsname name = {};
  machine.kernel =
      uname(&name) == 0 ? absl::StrCat(name.sysname, " ", VersionOf(name.release)) : "unknown";
  return machine;
}

Build ThisBuild() {
  Build build;
  build.compiler = absl::StrCat("g++ ", __VERSION__);
  build.build_type = TOUCHSTONE_BUILD_TYPE;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  build.sanitized = true;
#endif
  return build;
}

absl::StatusOr<int64_t> ProcessCpuUs(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::stringstream bytes;
  bytes << file.rdbuf();
  const std::string text = bytes.str();
  // The name, in parentheses, may itself hold spaces and parentheses.
  const size_t name_end = text.rfind(')');
  if (!file || name_end == std::string::npos) {
    return absl::NotFoundError(absl::StrCat("no process ", pid));
  }
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::string_view(text).substr(name_end + 1), ' ', absl::SkipEmpty());
  // proc(5): utime and stime are fields 14 and 15; the first after the name is field 3.
  constexpr size_t kUserTime = 11;
  int64_t user = 0;
  int64_t system = 0;
  if (fields.size() <= kUserTime + 1 || !absl::SimpleAtoi(fields[kUserTime], &user) ||
      !absl::SimpleAtoi(fields[kUserTime + 1], &system)) {
    return absl::InternalError(absl::StrCat("/proc/", pid, "/stat is not as proc(5) says"));
  }
  return (user + system) * 1'000'000 / sysconf(_SC_CLK_TCK);
}

absl::StatusOr<int64_t> ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t size = 0;
  int64_t resident = 0;
  if (!(file >> size >> resident)) {
    return absl::InternalError("/proc/self/statm is not as proc(5) says");
  }
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace touchstone::bench
