#include "rules/proof/amount_warnings.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "rules/money/money.h"
#include "rules/proof/siblings.h"

namespace touchstone::rules {
namespace {

constexpr int64_t kOnePercentPpm = 10'000;
constexpr size_t kFewestRatios = 3;
constexpr double kUneven = 4;

absl::string_view PerName(AmountPer per) {
  switch (per) {
    case AmountPer::kUnit:
      return "unit";
    case AmountPer::kLine:
      return "line";
    case AmountPer::kSet:
      return "set";
    case AmountPer::kBasket:
      return "basket";
  }
  return "";
}

// "customer.age >= 65": the fact, and the number where it stands in the text.
struct Threshold {
  std::string fact;
  std::string number;
};

std::optional<Threshold> ReadThreshold(absl::string_view conjunct) {
  const size_t fact_end = conjunct.find(' ');
  const size_t number_begin = conjunct.rfind(' ');
  if (fact_end == absl::string_view::npos || number_begin <= fact_end) return std::nullopt;
  const absl::string_view compare = conjunct.substr(fact_end + 1, number_begin - fact_end - 1);
  if (compare != ">=" && compare != ">" && compare != "<=" && compare != "<") return std::nullopt;
  const absl::string_view number = conjunct.substr(number_begin + 1);
  double value = 0;
  if (!absl::SimpleAtod(number, &value)) return std::nullopt;
  return Threshold{std::string(conjunct.substr(0, fact_end)), std::string(number)};
}

std::optional<expr::SourceSpan> SpanOf(absl::string_view part, absl::string_view text) {
  const size_t at = text.find(part);
  if (at == absl::string_view::npos) return std::nullopt;
  return expr::SourceSpan{static_cast<uint32_t>(at), static_cast<uint32_t>(at + part.size())};
}

class AmountWarnings {
 public:
  explicit AmountWarnings(const ProofInput& input) : input_(input) {}

  void Warn() {
    for (size_t i = 0; i < input_.offers.size(); ++i) {
      const OfferSpec& offer = input_.rule_set.offers[i];
      if (offer.benefit) {
        MeasureBenefit(i, offer, *offer.benefit);
        WarnOfSmallCap(i, *offer.benefit);
        WarnOfSmallestBasket(i, offer);
      }
      MeasureLimits(i, offer);
      MeasureCondition(input_.At(i, "eligible"), offer.eligible, input_.offers[i]->eligible());
      MeasureCondition(input_.At(i, "requires_condition"), offer.requires_,
                       input_.offers[i]->requires_condition());
      MeasureText(input_.At(i, "value"), "value", "", input_.offers[i]->value());
    }
    for (const v1::Segment& segment : input_.message.segments()) {
      MeasureDurations(absl::StrCat("segments[", segment.name(), "].when"), segment.when());
    }
    MeasureFrame();
    for (const Siblings::Odd& odd : numbers_.FindOdd()) Report(odd);
    WarnOfUnevenCurrencies();
  }

 private:
  // Amounts in different currencies of one benefit, the second over the first.
  struct Ratio {
    std::string path;
    std::string text;
    double value = 0;
  };

  void Report(const Siblings::Odd& odd) {
    const Measured& number = *odd.number;
    const std::string others = odd.least == odd.most
                                   ? absl::StrCat("its siblings say ", odd.least)
                                   : absl::StrCat("its siblings say ", odd.least, " to ", odd.most);
    input_.reporter.Warning(codes::kOddAmount, number.path,
                            absl::StrCat(number.text, " is ", odd.too_large ? "large" : "small",
                                         " for `", number.kind, "`: ", others),
                            "check the decimal point and the unit", number.span);
  }

  void MeasureAmounts(const std::string& path, const std::string& kind, const std::string& group,
                      const AmountByCurrency& amounts) {
    for (const Money& money : amounts) {
      const std::string code(money.currency.code());
      numbers_.Add({absl::StrCat(path, ".amounts[", code, "]"),
                    absl::StrCat(kind, " in ", code),
                    group,
                    static_cast<double>(money.amount_minor),
                    FormatAmount(money),
                    {}});
    }
    if (amounts.size() < 2) return;
    // Every amount against that in the rule set's first currency that is there.
    for (size_t i = 1; i < amounts.size(); ++i) {
      ratios_[{amounts[0].currency.index(), amounts[i].currency.index()}].push_back(
          {absl::StrCat(path, ".amounts[", std::string(amounts[i].currency.code()), "]"),
           absl::StrCat(Format(amounts[0]), " and ", Format(amounts[i])),
           static_cast<double>(amounts[i].amount_minor) /
               static_cast<double>(std::max<int64_t>(1, amounts[0].amount_minor))});
    }
  }

  void MeasureBenefit(size_t index, const OfferSpec& offer, const BenefitSpec& benefit) {
    if (benefit.off.kind == BenefitKind::kAmountOff) {
      const std::string kind = absl::StrCat("amount_off per ", PerName(benefit.per));
      MeasureAmounts(input_.At(index, "benefit.amount_off"), kind, offer.campaign,
                     benefit.off.amount);
      MeasureAmounts(input_.At(index, "benefit.at_most"), absl::StrCat("at_most of ", kind),
                     offer.campaign, benefit.at_most);
      return;
    }
    MeasureAmounts(input_.At(index, "benefit.at_most"), "at_most of percent_off", offer.campaign,
                   benefit.at_most);
    if (benefit.off.kind != BenefitKind::kPercentOff ||
        benefit.off.parts_per_million >= kOnePercentPpm) {
      return;
    }
    input_.reporter.Warning(
        codes::kOddAmount, input_.At(index, "benefit.percent_off"),
        absl::StrCat("the offer takes ", FormatPercent(benefit.off.parts_per_million), " off"),
        "a percentage is written as 20, not as 0.2");
  }

  void WarnOfSmallCap(size_t index, const BenefitSpec& benefit) {
    if (benefit.off.kind != BenefitKind::kAmountOff) return;
    for (const Money& amount : benefit.off.amount) {
      const std::optional<int64_t> cap = AmountIn(benefit.at_most, amount.currency);
      if (!cap || *cap >= amount.amount_minor) continue;
      input_.reporter.Warning(
          codes::kSmallCap,
          input_.At(index, absl::StrCat("benefit.at_most.amounts[",
                                        std::string(amount.currency.code()), "]")),
          absl::StrCat("the offer takes ", Format(amount), " per ", PerName(benefit.per),
                       ", and this caps it at ", Format({*cap, amount.currency})),
          "`at_most` is the most that it takes from one basket");
      return;
    }
  }

  void WarnOfSmallestBasket(size_t index, const OfferSpec& offer) {
    const BenefitSpec& benefit = *offer.benefit;
    const int64_t rail_ppm = input_.rule_set.pricing.most_off_basket_ppm;
    if (benefit.off.kind != BenefitKind::kAmountOff || benefit.per != AmountPer::kBasket) return;
    for (const Condition::Conjunct& conjunct : offer.requires_.conjuncts) {
      const std::optional<Threshold> threshold = ReadThreshold(conjunct.text);
      if (!threshold || threshold->fact != "basket.net") continue;
      if (!absl::StrContains(conjunct.text, " >")) continue;
      for (const Money& amount : benefit.off.amount) {
        const absl::StatusOr<Money> net = ParseAmount(threshold->number, amount.currency);
        if (!net.ok() || net->amount_minor <= 0) continue;
        const int64_t share_ppm = amount.amount_minor * 1'000'000 / net->amount_minor;
        if (share_ppm <= rail_ppm) continue;
        input_.reporter.Warning(
            codes::kOverGuardRail, input_.At(index, "requires_condition"),
            absl::StrCat(Format(amount), " is more than the ", FormatPercent(rail_ppm),
                         " that `most_off` lets offers take from a basket of ", Format(*net)),
            "check both numbers",
            SpanOf(threshold->number, input_.offers[index]->requires_condition()));
        return;
      }
    }
  }

  void MeasureLimits(size_t index, const OfferSpec& offer) {
    for (const LimitSpec& limit : offer.limits) {
      if (limit.at_most_formula || limit.per != LimitScope::kCustomer) continue;
      const bool redeemed = limit.count == ContactKind::kRedeemed;
      numbers_.Add({input_.At(index, absl::StrCat("limits[", limit.id, "].at_most")),
                    redeemed ? "limit redeemed per customer" : "limit shown per customer",
                    offer.campaign,
                    static_cast<double>(limit.at_most),
                    absl::StrCat(limit.at_most),
                    {}});
    }
  }

  void MeasureCondition(const std::string& path, const Condition& condition,
                        const std::string& text) {
    MeasureDurations(path, text);
    for (const Condition::Conjunct& conjunct : condition.conjuncts) {
      const std::optional<Threshold> threshold = ReadThreshold(conjunct.text);
      if (!threshold) continue;
      double value = 0;
      if (!absl::SimpleAtod(threshold->number, &value)) continue;
      numbers_.Add(
          {path, threshold->fact, "", value, threshold->number, SpanOf(threshold->number, text)});
    }
  }

  // duration("168h"): all spans of time that conditions name are siblings.
  void MeasureDurations(const std::string& path, const std::string& text) {
    constexpr absl::string_view kCall = "duration(\"";
    for (size_t at = text.find(kCall.data()); at != std::string::npos;
         at = text.find(kCall.data(), at + 1)) {
      const size_t begin = at + kCall.size();
      const std::string span = text.substr(begin, text.find('"', begin) - begin);
      absl::Duration duration;
      if (!absl::ParseDuration(span, &duration)) continue;
      numbers_.Add({path, "duration(…)", "", absl::ToDoubleSeconds(duration), span,
                    SpanOf(absl::StrCat(kCall, span), text), true});
    }
  }

  void MeasureText(const std::string& path, const std::string& kind, const std::string& group,
                   const std::string& text) {
    double value = 0;
    if (absl::SimpleAtod(text, &value)) numbers_.Add({path, kind, group, value, text, {}});
  }

  void MeasureFrame() {
    for (const PlacementSpec& placement : input_.rule_set.placements) {
      const std::string path = absl::StrCat("placements[", placement.name, "].");
      numbers_.Add({path + "budget",
                    "time budget of a placement",
                    "",
                    absl::ToDoubleMilliseconds(placement.budget),
                    absl::FormatDuration(placement.budget),
                    {}});
      numbers_.Add({path + "max_offers",
                    "max_offers",
                    "",
                    static_cast<double>(placement.max_offers),
                    absl::StrCat(placement.max_offers),
                    {}});
    }
    for (const CampaignSpec& campaign : input_.rule_set.campaigns) {
      for (const CampaignSpec::ContactCost& cost : campaign.contact_costs) {
        const std::string& channel = input_.rule_set.channels[cost.channel];
        numbers_.Add({absl::StrCat("campaigns[", campaign.name, "].contact_cost[", channel, "]"),
                      absl::StrCat("contact_cost of ", channel, " in ",
                                   std::string(cost.cost.currency.code())),
                      "",
                      static_cast<double>(cost.cost.amount_minor),
                      Format(cost.cost),
                      {}});
      }
    }
  }

  void WarnOfUnevenCurrencies() {
    for (auto& [currencies, ratios] : ratios_) {
      if (ratios.size() < kFewestRatios) continue;
      std::vector<double> values;
      values.reserve(ratios.size());
      for (const Ratio& ratio : ratios) values.push_back(ratio.value);
      const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
      std::nth_element(values.begin(), middle, values.end());
      const double usual = *middle;
      for (const Ratio& ratio : ratios) {
        if (ratio.value < usual * kUneven && ratio.value * kUneven > usual) continue;
        input_.reporter.Warning(codes::kUnevenCurrencies, ratio.path,
                                absl::StrCat(ratio.text, " are far from worth the same"),
                                "check the decimal point of both");
      }
    }
  }

  const ProofInput& input_;
  Siblings numbers_;
  std::map<std::pair<uint16_t, uint16_t>, std::vector<Ratio>> ratios_;  // by currencies
};

}  // namespace

void WarnOfAmounts(const ProofInput& input) { AmountWarnings(input).Warn(); }

}  // namespace touchstone::rules
