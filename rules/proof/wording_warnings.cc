#include "rules/proof/wording_warnings.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "rules/money/money.h"

namespace touchstone::rules {
namespace {

constexpr int64_t kWholePpm = 1'000'000;
constexpr double kPowersOfTen[] = {0.01, 0.1, 10, 100};
// Smaller numbers stand in texts for many reasons.
constexpr double kLeastInTexts = 2;

struct Number {
  double value = 0;
  bool percent = false;
  absl::string_view text;
};

// Numbers that stand for themselves: no part of a name, a placeholder or a time of day.
std::vector<Number> NumbersIn(absl::string_view text) {
  std::vector<Number> numbers;
  bool in_placeholder = false;
  for (size_t i = 0; i < text.size();) {
    const char before = i == 0 ? ' ' : text[i - 1];
    if (text[i] == '{' || text[i] == '}') in_placeholder = text[i] == '{';
    if (!absl::ascii_isdigit(text[i]) || in_placeholder || absl::ascii_isalnum(before) ||
        before == '_' || before == ':' || before == '.') {
      ++i;
      continue;
    }
    size_t end = i;
    std::string digits;
    while (end < text.size() && (absl::ascii_isdigit(text[end]) ||
                                 ((text[end] == '.' || text[end] == ',') && end + 1 < text.size() &&
                                  absl::ascii_isdigit(text[end + 1])))) {
      digits += text[end] == ',' ? '.' : text[end];
      ++end;
    }
    Number number;
    number.text = text.substr(i, end - i);
    absl::string_view rest = text.substr(end);
    number.percent = absl::StartsWith(rest, "%") || absl::StartsWith(rest, " %");
    const bool is_name =
        !rest.empty() && (absl::ascii_isalpha(rest[0]) || rest[0] == ':' || rest[0] == '_');
    if (!is_name && absl::SimpleAtod(digits, &number.value)) numbers.push_back(number);
    i = end;
  }
  return numbers;
}

bool Same(double a, double b) { return std::abs(a - b) < 1e-6 * std::max(1.0, std::abs(b)); }

bool Holds(const std::vector<double>& numbers, double value) {
  return std::any_of(numbers.begin(), numbers.end(),
                     [value](double number) { return Same(number, value); });
}

void AddAmounts(const v1::AmountByCurrency& amounts, std::vector<double>& numbers) {
  for (const auto& amount : amounts.amounts()) {
    double value = 0;
    if (absl::SimpleAtod(amount.second, &value)) numbers.push_back(value);
  }
}

// What an offer says in words.
std::vector<Number> NumbersOfTexts(const v1::Offer& offer) {
  std::vector<Number> numbers = NumbersIn(offer.title());
  const auto add = [&numbers](absl::string_view text) {
    for (const Number& number : NumbersIn(text)) numbers.push_back(number);
  };
  for (const auto& treatment : offer.treatments()) {
    for (const auto& field : treatment.second.fields()) {
      add(field.second.text());
      for (const auto& text : field.second.by_locale()) add(text.second);
    }
  }
  return numbers;
}

void WarnOfPercentage(const ProofInput& input, size_t index, const std::vector<Number>& texts) {
  const std::optional<BenefitSpec>& benefit = input.rule_set.offers[index].benefit;
  if (!benefit || benefit->off.kind != BenefitKind::kPercentOff) return;
  if (benefit->gift || !benefit->tiers.empty()) return;
  const double percent = static_cast<double>(benefit->off.parts_per_million) * 100 / kWholePpm;
  const Number* other = nullptr;
  for (const Number& number : texts) {
    if (!number.percent) continue;
    if (Same(number.value, percent)) return;
    if (other == nullptr) other = &number;
  }
  if (other == nullptr) return;
  input.reporter.Warning(
      codes::kTextDisagrees, input.At(index, "benefit.percent_off"),
      absl::StrCat("the offer takes ", FormatPercent(benefit->off.parts_per_million),
                   " off, and its title or texts say ", std::string(other->text), "%"),
      "make them agree");
}

void WarnOfNumbers(const ProofInput& input, size_t index, const std::vector<Number>& texts) {
  const v1::Offer& offer = *input.offers[index];
  struct Part {
    const char* field;
    std::vector<double> numbers;
  };
  Part parts[] = {{"benefit.amount_off", {}}, {"requires_condition", {}}, {"eligible", {}}};
  AddAmounts(offer.benefit().amount_off(), parts[0].numbers);
  for (const Number& number : NumbersIn(offer.requires_condition())) {
    parts[1].numbers.push_back(number.value);
  }
  for (const Number& number : NumbersIn(offer.eligible())) parts[2].numbers.push_back(number.value);
  std::vector<double> known;
  for (const Part& part : parts)
    known.insert(known.end(), part.numbers.begin(), part.numbers.end());
  AddAmounts(offer.benefit().at_most(), known);
  std::vector<double> said;
  for (const Number& number : texts) said.push_back(number.value);
  for (const Number& number : texts) {
    if (number.percent || number.value < kLeastInTexts || Holds(known, number.value)) continue;
    for (const Part& part : parts) {
      for (const double power : kPowersOfTen) {
        const double slip = number.value * power;
        if (!Holds(part.numbers, slip) || Holds(said, slip)) continue;
        input.reporter.Warning(codes::kTextDisagrees, input.At(index, part.field),
                               absl::StrCat("the title or a text says ", std::string(number.text),
                                            ", and ", slip, " stands here"),
                               "check the decimal point");
        return;
      }
    }
  }
}

// By bit of WindowSpec::days; what follows ("Tuesdays", "Dienstags") does not matter.
constexpr absl::string_view kWeekdays[][7] = {
    {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"},
    {"montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"},
};

// Adds the days that a text names to `said`.
void ReadWeekdays(absl::string_view text, uint8_t& said) {
  const std::string lower = absl::AsciiStrToLower(text);
  for (const auto& language : kWeekdays) {
    for (size_t day = 0; day < 7; ++day) {
      if (absl::StrContains(lower, language[day])) said = static_cast<uint8_t>(said | 1u << day);
    }
  }
}

void WarnOfWeekdays(const ProofInput& input, size_t index) {
  const std::optional<WindowSpec>& window = input.rule_set.offers[index].window;
  const v1::Offer& offer = *input.offers[index];
  if (!window || offer.window().days().empty()) return;
  uint8_t said = 0;
  ReadWeekdays(offer.title(), said);
  for (const auto& treatment : offer.treatments()) {
    for (const auto& field : treatment.second.fields()) {
      ReadWeekdays(field.second.text(), said);
      for (const auto& text : field.second.by_locale()) ReadWeekdays(text.second, said);
    }
  }
  if (said == 0 || (said & window->days) != 0) return;
  input.reporter.Warning(codes::kTextDisagrees, input.At(index, "window.days"),
                         "the title or a text names a weekday that is none of these",
                         "make them agree");
}

struct Period {
  absl::string_view word;
  double days;
};
constexpr double kEver = 1e9;
constexpr Period kPeriods[] = {
    {"daily", 1},    {"weekly", 7},      {"fortnight", 14}, {"monthly", 30},
    {"quarter", 91}, {"half-year", 182}, {"yearly", 365},   {"once", kEver},
};

double DaysOf(const LimitWindow& window) {
  switch (window.unit) {
    case LimitWindow::Unit::kEver:
      return kEver;
    case LimitWindow::Unit::kRollingDays:
      return window.count;
    case LimitWindow::Unit::kRollingHours:
      return window.count / 24.0;
    case LimitWindow::Unit::kCalendarDay:
      return 1;
    case LimitWindow::Unit::kCalendarWeek:
      return 7;
    case LimitWindow::Unit::kCalendarMonth:
      return 30;
  }
  return kEver;
}

void WarnOfLimitNames(const ProofInput& input, size_t index) {
  for (const LimitSpec& limit : input.rule_set.offers[index].limits) {
    if (limit.per != LimitScope::kCustomer) continue;
    const double days = DaysOf(limit.over);
    for (const Period& period : kPeriods) {
      const bool alike = days <= period.days * 1.5 && days * 1.5 >= period.days;
      if (!absl::StartsWith(limit.id, period.word) || alike) continue;
      input.reporter.Warning(
          codes::kNameDisagrees, input.At(index, absl::StrCat("limits[", limit.id, "].over")),
          absl::StrCat("the limit is called `", limit.id, "` and counts over another time"),
          "change the time; the id keeps the count, so it stays");
      break;
    }
  }
}

void WarnOfAggregateNames(const ProofInput& input) {
  for (const AggregateSpec& aggregate : input.rule_set.schema.aggregates) {
    const size_t under = aggregate.name.rfind('_');
    if (under == std::string::npos || aggregate.name.size() < under + 3) continue;
    const char unit = aggregate.name.back();
    int count = 0;
    const absl::string_view digits =
        absl::string_view(aggregate.name).substr(under + 1, aggregate.name.size() - under - 2);
    if ((unit != 'd' && unit != 'h') || !absl::SimpleAtoi(digits, &count)) continue;
    const TrailingWindow::Unit said =
        unit == 'd' ? TrailingWindow::Unit::kDays : TrailingWindow::Unit::kHours;
    if (aggregate.window.unit == said && aggregate.window.count == count) continue;
    input.reporter.Warning(
        codes::kNameDisagrees, absl::StrCat("schema.aggregates[", aggregate.name, "].over"),
        absl::StrCat("`", aggregate.name, "` counts over another time than its name says"),
        absl::StrCat("was `over: ", std::string(digits), std::string(1, unit), "` meant?"));
  }
}

}  // namespace

void WarnOfWording(const ProofInput& input) {
  WarnOfAggregateNames(input);
  for (size_t i = 0; i < input.offers.size(); ++i) {
    const std::vector<Number> texts = NumbersOfTexts(*input.offers[i]);
    WarnOfPercentage(input, i, texts);
    WarnOfNumbers(input, i, texts);
    WarnOfWeekdays(input, i);
    WarnOfLimitNames(input, i);
  }
}

}  // namespace touchstone::rules
