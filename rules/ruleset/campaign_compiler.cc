#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/money/money.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

constexpr int64_t kWholePpm = 1'000'000;

void CompileFunding(Compilation& c, const std::string& path, const v1::Campaign& message,
                    CampaignSpec& spec) {
  int64_t sum_ppm = 0;
  bool readable = true;
  for (const std::string& payer : SortedKeys(message.funding())) {
    const std::string& text = message.funding().at(payer);
    const absl::StatusOr<int64_t> share = ParsePercent(text);
    if (!share.ok() || *share > kWholePpm) {
      readable = false;
      c.reporter.Error(codes::kBadValue, absl::StrCat(path, ".funding[", payer, "]"),
                       absl::StrCat("`", text, "` is not a share"),
                       "for instance `60%`; together 100%");
      continue;
    }
    sum_ppm += *share;
    spec.funding.push_back({payer, *share});
  }
  if (readable && !spec.funding.empty() && sum_ppm != kWholePpm) {
    c.reporter.Error(codes::kBadFunding, absl::StrCat(path, ".funding"),
                     absl::StrCat("the shares add up to ", FormatPercent(sum_ppm)),
                     "together they must be 100%");
  }
}

void CompileContactCosts(Compilation& c, const std::string& path, const v1::Campaign& message,
                         CampaignSpec& spec) {
  for (const std::string& channel : SortedKeys(message.contact_cost())) {
    const std::string at = absl::StrCat(path, ".contact_cost[", channel, "]");
    const int index = FindChannel(c.rule_set, channel);
    if (index < 0) {
      c.reporter.Unknown(codes::kUnknownChannel, at, "channel", channel, c.rule_set.channels);
      continue;
    }
    const std::string& text = message.contact_cost().at(channel);
    const absl::StatusOr<Money> cost = ParseMoney(text);
    if (!cost.ok() || cost->amount_minor < 0) {
      c.reporter.Error(codes::kBadValue, at,
                       absl::StrCat("`", text, "` is not the cost of a contact"),
                       "an amount and a currency, for instance `4.00 EUR`");
      continue;
    }
    if (!FindCurrency(c, at, cost->currency.code())) continue;
    spec.contact_costs.push_back({static_cast<uint16_t>(index), *cost});
  }
}

}  // namespace

void CompileCampaigns(Compilation& c) {
  for (const std::string& name : SortedKeys(c.message.campaigns())) {
    const v1::Campaign& message = c.message.campaigns().at(name);
    const std::string path = absl::StrCat("campaigns[", name, "]");
    if (!IsId(name)) {
      c.reporter.Error(codes::kBadName, path,
                       absl::StrCat("`", name, "` cannot be the name of a campaign"),
                       "1 to 64 letters, digits, dots, _ and -");
    }
    CampaignSpec spec;
    spec.name = name;
    spec.title = message.title();
    spec.owner = message.owner();
    spec.cost_centre = message.cost_centre();
    CompileFunding(c, path, message, spec);
    CompileContactCosts(c, path, message, spec);
    c.rule_set.campaigns.push_back(std::move(spec));
  }
}

}  // namespace touchstone::rules
