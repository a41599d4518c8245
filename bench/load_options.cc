#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bench/load_run.h"

namespace touchstone::bench {
namespace {

bool IsLoopbackHost(absl::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  const std::vector<absl::string_view> parts = absl::StrSplit(host, '.');
  if (parts.size() != 4 || parts[0] != "127") return false;
  for (const absl::string_view part : parts) {
    uint32_t number = 0;
    if (!absl::SimpleAtoi(part, &number) || number > 255) return false;
  }
  return true;
}

absl::Status OutOfLimits(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(what, " is outside the limits of a run"));
}

}  // namespace

bool IsLoopback(absl::string_view target) {
  const size_t colon = target.rfind(':');
  if (colon == absl::string_view::npos) return false;
  uint32_t port = 0;
  return absl::SimpleAtoi(target.substr(colon + 1), &port) && port > 0 && port < 65536 &&
         IsLoopbackHost(target.substr(0, colon));
}

absl::Status CheckLoadOptions(const LoadOptions& options) {
  if (!IsLoopback(options.target)) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.target, ": only 127.0.0.0/8, [::1] or localhost with a port"));
  }
  if (options.rate_per_second.has_value() &&
      !(*options.rate_per_second >= 0.1 && *options.rate_per_second <= kMaxRatePerSecond)) {
    return OutOfLimits("the rate");
  }
  if (options.measured <= absl::ZeroDuration() || options.measured > kMaxRunTime ||
      options.warm_up < absl::ZeroDuration() || options.warm_up > kMaxRunTime ||
      options.drain < absl::ZeroDuration() || options.drain > kMaxRunTime ||
      options.settle < absl::ZeroDuration() || options.settle > kMaxRunTime) {
    return OutOfLimits("a time");
  }
  if (options.connections < 1 || options.connections > kMaxConnections) {
    return OutOfLimits("the number of connections");
  }
  if (options.in_flight < options.connections || options.in_flight > kMaxInFlight) {
    return absl::InvalidArgumentError(
        absl::StrCat("in flight: from the number of connections to ", kMaxInFlight));
  }
  if (options.threads < 1 || options.threads > options.in_flight || options.threads > 64) {
    return OutOfLimits("the number of threads");
  }
  if (options.max_sends < 1 || options.max_sends > kMaxSends) return OutOfLimits("max_sends");
  return absl::OkStatus();
}

}  // namespace touchstone::bench
