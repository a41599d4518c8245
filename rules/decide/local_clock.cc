#include "rules/decide/local_clock.h"

namespace touchstone::rules {

void LocalClock::Start(absl::Time now) {
  now_ = now;
  readings_.clear();
}

absl::CivilMinute LocalClock::In(absl::TimeZone zone) {
  for (const Reading& reading : readings_) {
    if (reading.zone == zone) return reading.local;
  }
  readings_.push_back({zone, absl::ToCivilMinute(now_, zone)});
  return readings_.back().local;
}

absl::TimeZone LocalClock::Named(absl::string_view name, absl::TimeZone otherwise) {
  for (const NamedZone& known : named_) {
    if (known.name == name) return known.exists ? known.zone : otherwise;
  }
  NamedZone zone;
  zone.name = std::string(name);
  zone.exists = absl::LoadTimeZone(name, &zone.zone);
  if (named_.size() >= kMaxNamedZones) named_.clear();
  named_.push_back(std::move(zone));
  return named_.back().exists ? named_.back().zone : otherwise;
}

}  // namespace touchstone::rules
