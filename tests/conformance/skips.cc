#include "tests/conformance/skips.h"

#include "absl/strings/match.h"

namespace touchstone::rules::expr {
namespace {

// Empty fields match anything.
struct Skip {
  absl::string_view tier;
  absl::string_view file;
  absl::string_view section;
  absl::string_view name;
  absl::string_view feature;
  absl::string_view reason;
};

constexpr Skip kSkips[] = {
    {"out", "", "", "", "", "out of scope: cel.block and the network extension"},
};

bool Matches(absl::string_view pattern, absl::string_view text) {
  return pattern.empty() || pattern == text;
}

bool HasFeature(const ConformanceCase& test, absl::string_view feature) {
  if (feature.empty()) return true;
  for (const std::string& each : test.features) {
    if (each == feature) return true;
  }
  return false;
}

}  // namespace

absl::string_view SkipReason(const ConformanceCase& test) {
  if (absl::StartsWith(test.undeclarable, "function ")) {
    return "declares functions of its own; rule sets cannot";
  }
  for (const Skip& skip : kSkips) {
    if (Matches(skip.tier, test.tier) && Matches(skip.file, test.file) &&
        Matches(skip.section, test.section) && Matches(skip.name, test.name) &&
        HasFeature(test, skip.feature)) {
      return skip.reason;
    }
  }
  return "";
}

}  // namespace touchstone::rules::expr
