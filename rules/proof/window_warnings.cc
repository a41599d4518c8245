#include "rules/proof/window_warnings.h"

#include <algorithm>
#include <limits>

#include "absl/container/flat_hash_map.h"

namespace touchstone::rules {
namespace {

constexpr int kFarYears = 10;
constexpr int kDaysOfALongWindow = 300;
constexpr int kDaysAroundNow = 60;
constexpr int kMinutesOfADay = 1440;

// First days of windows of siblings: how many, and the two earliest years.
struct Years {
  int count = 0;
  int64_t earliest = std::numeric_limits<int64_t>::max();
  int64_t second = std::numeric_limits<int64_t>::max();

  void Add(int64_t year) {
    ++count;
    if (year < earliest) {
      second = earliest;
      earliest = year;
    } else {
      second = std::min(second, year);
    }
  }
};

class WindowWarnings {
 public:
  explicit WindowWarnings(const ProofInput& input)
      : input_(input), today_(absl::ToCivilDay(input.now, input.rule_set.schema.zone)) {
    for (const OfferSpec& offer : input.rule_set.offers) {
      if (!offer.window || !offer.window->from) continue;
      by_campaign_[offer.campaign].Add(offer.window->from->year());
      all_.Add(offer.window->from->year());
    }
  }

  void Warn() {
    for (size_t i = 0; i < input_.offers.size(); ++i) {
      const OfferSpec& offer = input_.rule_set.offers[i];
      if (!offer.window) continue;
      WarnOfYear(i, offer);
      if (offer.window->from) WarnOfDistance(i, "window.from", *offer.window->from);
      if (offer.window->through) WarnOfDistance(i, "window.through", *offer.window->through);
      WarnOfNight(i, *offer.window);
    }
  }

 private:
  void WarnOfYear(size_t index, const OfferSpec& offer) {
    const WindowSpec& window = *offer.window;
    if (!window.from || window.from->year() >= today_.year()) return;
    if (window.through && *window.through < today_) return;  // past_window
    const Years& campaign = by_campaign_.at(offer.campaign);
    const Years& siblings = campaign.count > 2 && !offer.campaign.empty() ? campaign : all_;
    const int64_t year = window.from->year();
    if (siblings.count < 3 || year != siblings.earliest || year == siblings.second) return;
    const absl::CivilDay this_year(today_.year(), window.from->month(), window.from->day());
    const bool slip = window.through ? *window.through - *window.from > kDaysOfALongWindow &&
                                           this_year <= *window.through
                                     : std::abs(this_year - today_) <= kDaysAroundNow;
    if (!slip) return;
    input_.reporter.Warning(
        codes::kOldYear, input_.At(index, "window.from"),
        absl::StrCat("the window begins in ", year, ", those of its siblings in ", siblings.second,
                     " or later"),
        absl::StrCat("was ", absl::FormatCivilTime(this_year), " meant?"));
  }

  void WarnOfDistance(size_t index, absl::string_view field, absl::CivilDay day) {
    if (std::abs(day.year() - today_.year()) <= kFarYears) return;
    input_.reporter.Warning(
        codes::kFarWindow, input_.At(index, field),
        absl::StrCat(absl::FormatCivilTime(day), " is more than ", kFarYears, " years from now"),
        "check the year; leave the key out where no day is meant");
  }

  void WarnOfNight(size_t index, const WindowSpec& window) {
    const int open = window.closes_minute - window.opens_minute;
    if (open > 0 || open + kMinutesOfADay <= kMinutesOfADay / 2) return;
    const std::string& hours = input_.offers[index]->window().hours();
    input_.reporter.Warning(
        codes::kLongNight, input_.At(index, "window.hours"),
        absl::StrCat("`", hours, "` passes midnight and is open for most of the day"),
        absl::StrCat("was `", hours.substr(6), "-", hours.substr(0, 5), "` meant?"));
  }

  const ProofInput& input_;
  const absl::CivilDay today_;
  absl::flat_hash_map<std::string, Years> by_campaign_;
  Years all_;
};

}  // namespace

void WarnOfWindows(const ProofInput& input) { WindowWarnings(input).Warn(); }

}  // namespace touchstone::rules
