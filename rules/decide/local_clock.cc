#include "rules/decide/local_clock.h"

#include <utility>

namespace touchstone::rules {

bool LocalClock::Start(absl::Time now) {
  const int64_t seconds = absl::ToUnixSeconds(now);
  if (seconds == now_seconds_) return false;
  now_seconds_ = seconds;
  readings_.clear();
  return true;
}

const LocalMinute& LocalClock::In(absl::TimeZone zone) {
  for (const Reading& reading : readings_) {
    if (reading.zone == zone) return reading.local;
  }
  const absl::Time now = absl::FromUnixSeconds(now_seconds_);
  readings_.push_back({zone, LocalMinute(absl::ToCivilMinute(now, zone))});
  return readings_.back().local;
}

std::optional<absl::TimeZone> LocalClock::Named(absl::string_view name) {
  for (const NamedZone& known : named_) {
    if (known.name == name) return known.exists ? std::optional(known.zone) : std::nullopt;
  }
  NamedZone zone;
  zone.name = std::string(name);
  zone.exists = absl::LoadTimeZone(name, &zone.zone);
  if (named_.size() >= kMaxNamedZones) named_.clear();
  named_.push_back(std::move(zone));
  return named_.back().exists ? std::optional(named_.back().zone) : std::nullopt;
}

}  // namespace touchstone::rules
