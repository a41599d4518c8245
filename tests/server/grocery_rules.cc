#include "tests/server/grocery_rules.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/server/rule_set_source.h"

namespace touchstone::server {
namespace {

constexpr char kRuleSet[] = R"(name: Test Grocery
zone: Europe/Berlin
currencies: [EUR]
locales: [en]
channels: [pos, web]
)";

constexpr char kSchema[] = R"(customer:
  tier:       { type: enum, values: [none, silver, gold], default: none }
  birth_date: { type: date, optional: true, pii: true }
  city:       { type: string, optional: true }
  allergies:  { type: list(string), default: [] }
events:
  purchase:   { fields: { paid: money, store: string }, lines: { sku: string, quantity: decimal } }
  visit:      { fields: { store: string } }
aggregates:
  spend_90d:     { sum: event.paid, of: purchase, over: 90d }
  visits_30d:    { count: visit, over: 30d }
  last_purchase: { last: event.time, of: purchase }
  coffee_180d:   { sum: line.quantity, of: purchase, where: '"coffee" in line.categories', over: 180d }
reference:
  product: { key: sku, fields: { categories: list(string), brand: string } }
  store:   { key: store, fields: { region: string, zone: timezone } }
)";

constexpr char kHouseholdAggregates[] =
    R"(  home_spend_90d: { sum: event.paid, of: purchase, over: 90d, per: household }
  home_last:      { last: event.time, of: purchase, per: household }
)";

constexpr char kFamily[] = "  - { name: family, when: customer.home_spend_90d >= 40.00 }\n";

constexpr char kIdentities[] = R"(identities:
  loyalty_card: {}
  phone:        { form: phone, country: DE }
  email:        { form: email }
  cookie:       { anonymous: true }
)";

constexpr char kSegments[] = R"(segments:
  - { name: loyal, when: customer.spend_90d >= 300.00 }
  - { name: regular, otherwise: always }
)";

constexpr char kPlacements[] = R"(placements:
  receipt: { channel: pos, max_offers: 2, budget: 200ms, fields: { text: { max: 60 } } }
)";

constexpr char kPricing[] = "stages: [line, order]\n";

constexpr char kClub[] = R"(offer: join-club
title: Join the club
applies: never
treatments:
  receipt: { text: { en: Join our club at the desk } }
)";

constexpr char kLetter[] = R"(offer: letter-5
title: Five off with the letter
applies: coded
benefit: { amount_off: { EUR: 5.00 }, per: basket }
)";

constexpr char kCoupon[] = R"(offer: coupon-2
title: Two off with the coupon
applies: granted
benefit: { amount_off: { EUR: 2.00 }, per: basket }
)";

constexpr char kReference[] = "BEANS: { categories: [coffee], brand: Alto }\n";

std::string BeansOffer(const std::string& percent, const std::string& eligible) {
  return absl::StrCat("offer: beans-20\ntitle: Beans for less\napplies: automatic\neligible: '",
                      eligible, "'\nbenefit: { percent_off: ", percent,
                      ", lines: '\"coffee\" in line.categories' }\n",
                      "stacking: { stage: line, priority: 50 }\n",
                      "treatments:\n  receipt: { text: { en: \"Saved {benefit.amount}\" } }\n");
}

std::string Golden(const std::string& payable) {
  return absl::StrCat(
      "- name: a loyal customer gets her beans for less\n  at: \"2026-11-20T08:30\"\n"
      "  channel: pos\n  given: { customer: { spend_90d: 400.00 }, "
      "basket: [{ sku: BEANS, quantity: 1, price: 10.00 }] }\n"
      "  expect: { segment: loyal, payable: ",
      payable, " }\n");
}

v1::RuleSetSource Source(const std::string& offer, const std::string& golden) {
  return SourceOf({{"rule_set.yaml", kRuleSet},
                   {"schema.yaml", kSchema},
                   {"segments.yaml", kSegments},
                   {"placements.yaml", kPlacements},
                   {"pricing.yaml", kPricing},
                   {"offers/beans-20.yaml", offer},
                   {"offers/join-club.yaml", kClub},
                   {"tests/beans.yaml", golden},
                   {"tests/reference/product.yaml", kReference}});
}

constexpr char kLoyal[] = R"(customer.segment == "loyal")";

}  // namespace

v1::RuleSetSource GroceryRules(const std::string& percent) {
  const std::string payable = percent == "20" ? "8.00" : percent == "30" ? "7.00" : "5.00";
  return Source(BeansOffer(percent, kLoyal), Golden(payable));
}

v1::RuleSetSource HouseholdRules() {
  v1::RuleSetSource source = GroceryRules();
  for (v1::RuleSetFile& file : *source.mutable_files()->mutable_files()) {
    if (file.path() == "segments.yaml") {
      file.mutable_content()->replace(file.content().find("  - "), 0, kFamily);
    }
    if (file.path() != "schema.yaml") continue;
    absl::StrAppend(file.mutable_content(), kIdentities);
    file.mutable_content()->replace(file.content().find("reference:"), 0, kHouseholdAggregates);
  }
  return source;
}

v1::RuleSetSource CodedRules() {
  v1::RuleSetSource source = GroceryRules();
  AddFile("offers/letter-5.yaml", kLetter, &source);
  AddFile("offers/coupon-2.yaml", kCoupon, &source);
  return source;
}

v1::RuleSetSource BrokenRules() {
  return Source(BeansOffer("20", "customer.shoe_size > 40"), Golden("8.00"));
}

v1::RuleSetSource FailingRules() { return Source(BeansOffer("20", kLoyal), Golden("1.00")); }

}  // namespace touchstone::server
