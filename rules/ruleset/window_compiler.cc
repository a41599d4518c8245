#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "rules/facts/text.h"
#include "rules/policy/window.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

const std::vector<std::string>& DayNames() {
  static const auto& kNames =
      *new std::vector<std::string>{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  return kNames;
}

// Minutes of "07:00"; "24:00" is the end of the day.
std::optional<int16_t> ParseMinute(absl::string_view text) {
  const auto digit = [text](size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) {
    return std::nullopt;
  }
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (minute > 59 || hour * 60 + minute > 24 * 60) return std::nullopt;
  return static_cast<int16_t>(hour * 60 + minute);
}

class WindowCompiler {
 public:
  WindowCompiler(Compilation& c, absl::string_view path, const v1::Offer& offer)
      : c_(c),
        path_(absl::StrCat(path, ".window")),
        is_granted_(offer.applies() == "granted"),
        message_(offer.window()) {
    spec_.zone = c.rule_set.schema.zone;
  }

  std::optional<WindowSpec> Compile() {
    const int errors_before = c_.reporter.errors();
    spec_.from = Day("from", message_.from());
    spec_.through = Day("through", message_.through());
    CompileDays();
    CompileHours();
    CompileZone();
    if (c_.reporter.errors() == errors_before) CheckThatItOpens();
    return spec_;
  }

 private:
  std::string At(absl::string_view key) const { return absl::StrCat(path_, ".", key); }

  std::optional<absl::CivilDay> Day(absl::string_view key, const std::string& text) {
    if (text.empty()) return std::nullopt;
    const absl::StatusOr<absl::CivilDay> day = ParseDate(text);
    if (day.ok()) return *day;
    c_.reporter.Error(codes::kBadValue, At(key), day.status().message());
    return std::nullopt;
  }

  void CompileDays() {
    if (message_.days_size() == 0) return;
    spec_.days = 0;
    for (int i = 0; i < message_.days_size(); ++i) {
      const std::string at = absl::StrCat(path_, ".days[", i, "]");
      const auto& names = DayNames();
      const auto found = std::find(names.begin(), names.end(), message_.days(i));
      if (found == names.end()) {
        c_.reporter.Unknown(codes::kUnknownWord, at, "day", message_.days(i), names);
        continue;
      }
      const auto bit = static_cast<uint8_t>(1u << (found - names.begin()));
      if ((spec_.days & bit) != 0) {
        c_.reporter.Error(codes::kDuplicateName, at,
                          absl::StrCat("`", message_.days(i), "` stands here twice"));
      }
      spec_.days = static_cast<uint8_t>(spec_.days | bit);
    }
  }

  void CompileHours() {
    if (message_.hours().empty()) return;
    const std::vector<std::string> ends = absl::StrSplit(message_.hours(), '-');
    const std::optional<int16_t> opens = ends.size() == 2 ? ParseMinute(ends[0]) : std::nullopt;
    const std::optional<int16_t> closes = ends.size() == 2 ? ParseMinute(ends[1]) : std::nullopt;
    if (!opens || !closes || *opens == 24 * 60) {
      c_.reporter.Error(codes::kBadValue, At("hours"),
                        absl::StrCat("`", message_.hours(), "` is not a span of hours"),
                        "for instance `07:00-11:00`, or `22:00-02:00` past midnight");
      return;
    }
    if (*opens == *closes) {
      c_.reporter.Error(codes::kEmptyWindow, At("hours"),
                        absl::StrCat("`", message_.hours(), "` is no time at all"),
                        "leave `hours` out for the whole day");
      return;
    }
    spec_.opens_minute = *opens;
    spec_.closes_minute = *closes;
  }

  void CompileZone() {
    const std::string& zone = message_.zone();
    if (zone == "store") {
      spec_.zone_of = WindowZone::kStore;
      RequireZone(c_.rule_set.schema.store.columns, "the reference table `store`");
    } else if (zone == "customer") {
      spec_.zone_of = WindowZone::kCustomer;
      RequireZone(c_.rule_set.schema.customer, "the customer");
    } else if (!zone.empty() && !absl::LoadTimeZone(zone, &spec_.zone)) {
      c_.reporter.Error(codes::kUnknownZone, At("zone"),
                        absl::StrCat("`", zone, "` is not an IANA time zone"),
                        "`store`, `customer` or a name such as `Europe/Berlin`");
    }
  }

  void RequireZone(const std::vector<AttributeSpec>& attributes, absl::string_view owner) {
    for (const AttributeSpec& attribute : attributes) {
      if (attribute.name == "zone" && attribute.form == ValueForm::kTimezone) return;
    }
    c_.reporter.Error(codes::kUnknownAttribute, At("zone"),
                      absl::StrCat(owner, " has no attribute `zone` of type timezone"),
                      "declare it in schema.yaml or name an IANA zone");
  }

  void CheckThatItOpens() {
    if (spec_.from && spec_.through && *spec_.through < *spec_.from) {
      c_.reporter.Error(codes::kEmptyWindow, At("through"),
                        "the window ends before it begins, so that it is never open",
                        "both days are included: `through` is `from` or later");
    } else if (!OpensEver(spec_)) {
      c_.reporter.Error(codes::kEmptyWindow, At("days"),
                        "none of these days lies between `from` and `through`, so that the "
                        "window is never open");
    } else if (spec_.through && *spec_.through < absl::ToCivilDay(c_.today, spec_.zone)) {
      c_.reporter.Warning(codes::kPastWindow, At("through"), "the window has ended already",
                          is_granted_ ? "check the year, or take the offer out when the last grant "
                                        "of it has ended"
                                      : "check the year, or take the offer out");
    }
  }

  Compilation& c_;
  const std::string path_;
  const bool is_granted_;
  const v1::Window& message_;
  WindowSpec spec_;
};

}  // namespace

std::optional<WindowSpec> CompileWindow(Compilation& c, absl::string_view path,
                                        const v1::Offer& offer) {
  if (!offer.has_window()) return std::nullopt;
  return WindowCompiler(c, path, offer).Compile();
}

}  // namespace touchstone::rules
