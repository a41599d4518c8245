#include <charconv>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "rules/facts/text.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

const std::vector<std::string>& CalendarWords() {
  static const auto& kWords =
      *new std::vector<std::string>{"calendar_day", "calendar_week", "calendar_month", "ever"};
  return kWords;
}

std::optional<LimitWindow> ParseLimitWindow(absl::string_view text) {
  using Unit = LimitWindow::Unit;
  if (text == "ever") return LimitWindow{Unit::kEver, 0};
  if (text == "calendar_day") return LimitWindow{Unit::kCalendarDay, 0};
  if (text == "calendar_week") return LimitWindow{Unit::kCalendarWeek, 0};
  if (text == "calendar_month") return LimitWindow{Unit::kCalendarMonth, 0};
  const absl::StatusOr<TrailingWindow> rolling = ParseTrailingWindow(text);
  if (text.empty() || !rolling.ok()) return std::nullopt;
  const bool days = rolling->unit == TrailingWindow::Unit::kDays;
  return LimitWindow{days ? Unit::kRollingDays : Unit::kRollingHours, rolling->count};
}

class LimitCompiler {
 public:
  LimitCompiler(Compilation& c, std::string path, const v1::Limit& message, bool changes_basket)
      : c_(c), path_(std::move(path)), message_(message), changes_basket_(changes_basket) {}

  LimitSpec Compile() {
    spec_.id = message_.id();
    // Of a limit for nobody in particular nothing can be said about its time.
    if (CompilePer()) CompileOver();
    CompileCount();
    CompileAtMost();
    if (message_.anonymous() == "unlimited") {
      spec_.anonymous_unlimited = true;
    } else if (!message_.anonymous().empty()) {
      c_.reporter.Error(
          codes::kUnknownWord, At("anonymous"),
          absl::StrCat("`anonymous` says `unlimited`, not `", message_.anonymous(), "`"));
    }
    return std::move(spec_);
  }

 private:
  std::string At(absl::string_view key) const { return absl::StrCat(path_, ".", key); }

  bool CompilePer() {
    const std::string& per = message_.per();
    if (per == "customer") return true;
    if (per == "basket") {
      spec_.per = LimitScope::kBasket;
      return true;
    }
    if (per == "household") {
      c_.reporter.NotSupportedYet(At("per"), "`per: household`", "use `per: customer`");
    } else if (per.empty()) {
      c_.reporter.Error(codes::kMissingValue, path_, "a limit says for whom it counts",
                        "add `per: customer` or `per: basket`");
    } else {
      c_.reporter.Error(codes::kUnknownWord, At("per"),
                        absl::StrCat("a limit cannot be per `", per, "`"),
                        HintFor(per, {"basket", "customer"}));
    }
    return false;
  }

  void CompileCount() {
    spec_.count = changes_basket_ ? ContactKind::kRedeemed : ContactKind::kShown;
    const std::string& count = message_.count();
    if (count.empty()) return;
    if (count == "shown") {
      spec_.count = ContactKind::kShown;
    } else if (count == "accepted") {
      spec_.count = ContactKind::kAccepted;
    } else if (count == "redeemed") {
      spec_.count = ContactKind::kRedeemed;
    } else {
      c_.reporter.Error(codes::kUnknownWord, At("count"),
                        absl::StrCat("a limit cannot count `", count, "`"),
                        HintFor(count, {"shown", "accepted", "redeemed"}));
    }
  }

  void CompileOver() {
    const std::string& over = message_.over();
    if (spec_.per == LimitScope::kBasket) {
      if (!over.empty()) {
        c_.reporter.Error(codes::kUnexpectedValue, At("over"),
                          "a limit per basket is over that basket alone",
                          "leave `over` out, or write `per: customer`");
      }
      return;
    }
    if (over.empty()) {
      c_.reporter.Error(codes::kMissingValue, path_, "a limit per customer says over what time",
                        "add `over: 7d`, `over: calendar_week` or `over: ever`");
      return;
    }
    if (const std::optional<LimitWindow> window = ParseLimitWindow(over)) {
      spec_.over = *window;
      return;
    }
    const std::string near = HintFor(over, CalendarWords());
    c_.reporter.Error(codes::kBadValue, At("over"),
                      absl::StrCat("`", over, "` is not a time that a limit can count over"),
                      near.rfind("did you", 0) == 0
                          ? near
                          : "7d, 24h, calendar_day, calendar_week, calendar_month or ever");
  }

  void CompileAtMost() {
    const std::string& text = message_.at_most();
    if (text.empty()) {
      c_.reporter.Error(codes::kMissingValue, path_, "a limit says at most how many",
                        "add `at_most: 1`");
      return;
    }
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, spec_.at_most);
    if (error == std::errc() && stop == end) {
      if (spec_.at_most < 1) {
        c_.reporter.Error(codes::kOutOfRange, At("at_most"), "a limit lets at least one through",
                          "to stop an offer, pause it or take it out");
      }
      CheckSize(spec_.at_most);
      if (spec_.per == LimitScope::kBasket && spec_.at_most >= 1) {
        c_.reporter.Warning(codes::kIdleLimit, At("at_most"),
                            "an offer works on a basket once at most, whatever this limit says",
                            "leave the limit out, or write `per: customer`");
      }
      return;
    }
    int64_t largest = 0;
    spec_.at_most_formula = c_.expressions->CompileCount(At("at_most"), text, largest);
    if (!spec_.at_most_formula) return;
    spec_.formula_personal = c_.expressions->IsPersonal(*spec_.at_most_formula);
    CheckSize(largest);
  }

  void CheckSize(int64_t at_most) {
    if (spec_.per != LimitScope::kCustomer || at_most <= kMaxContactEntries) return;
    c_.reporter.Error(codes::kLimitTooLarge, At("at_most"),
                      absl::StrCat("a customer's contact state keeps ", kMaxContactEntries,
                                   " entries, so that it cannot count to ", at_most),
                      "choose a smaller number");
  }

  Compilation& c_;
  const std::string path_;
  const v1::Limit& message_;
  const bool changes_basket_;
  LimitSpec spec_;
};

}  // namespace

std::vector<LimitSpec> CompileLimits(Compilation& c, absl::string_view path,
                                     const v1::Offer& offer) {
  std::vector<LimitSpec> specs;
  absl::flat_hash_set<std::string> seen;
  for (int i = 0; i < offer.limits_size(); ++i) {
    const v1::Limit& limit = offer.limits(i);
    const bool by_id = IsId(limit.id()) && seen.insert(limit.id()).second;
    const std::string limit_path =
        absl::StrCat(path, ".limits[", by_id ? limit.id() : absl::StrCat(i), "]");
    if (!IsId(limit.id())) {
      c.reporter.Error(codes::kBadName, limit_path,
                       absl::StrCat("`", limit.id(), "` cannot be the id of a limit"),
                       "1 to 64 letters, digits, dots, _ and -; it keeps the count when the "
                       "limit changes");
    } else if (!by_id) {
      c.reporter.Error(codes::kDuplicateName, limit_path,
                       absl::StrCat("the offer has two limits `", limit.id(), "`"));
    }
    specs.push_back(LimitCompiler(c, limit_path, limit, offer.has_benefit()).Compile());
  }
  return specs;
}

}  // namespace touchstone::rules
