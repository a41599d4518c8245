#include "tests/rules/decide/random_rules.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rules/ruleset/terms.h"
#include "tests/rules/decide/random_benefit.h"

namespace touchstone::rules {
namespace {

using expr::Value;

constexpr const char* kEligible[] = {
    "customer.tier == \"gold\"",
    "customer.tier != \"none\"",
    "customer.spend_90d >= 100.00",
    "customer.segment == \"loyal\"",
    "customer.segment != \"anonymous\"",
    "customer.known",
    "!customer.known",
    "request.weather == \"rain\"",
    "has(request.weather)",
    "has(customer.birth_date)",
    "customer.age >= 18",
    "store.region == \"north\"",
    "basket.gross >= 20.00",
    "basket.units >= 3.0",
    "\"cash\" in basket.tenders",
    "basket.lines.map(line, line.gross).sum() >= 30.00",
    "basket.lines.exists(line, line.sku == \"BEANS\")",
    "basket.lines.all(line, line.gross < 40.00)",
    "channel == \"pos\"",
    "direction == \"inbound\"",
    "6 / customer.visits_30d > 1",
    "(request.weather == \"rain\" || customer.tier == \"gold\")",
    "(customer.segment == \"regular\" || basket.gross > 30.00)",
    "audience.close",
    "!audience.young_and_close",
    "table.rank > 1",
    "table.rank != customer.visits_30d",
};
constexpr const char* kRequires[] = {
    "basket.net >= 10.00",       "basket.net < 30.00", "basket.net < basket.gross",
    "customer.tier == \"gold\"", "channel == \"pos\"", "request.weather == \"rain\"",
};
constexpr const char* kValues[] = {
    "1",
    "2.5",
    "-3",
    "double(basket.net)",
    "12 / customer.visits_30d",
    "0.0 / 0.0",
    "customer.tier == \"gold\" ? 5 : 1",
    "1.0000004",
};
constexpr const char* kWindows[] = {
    "{ from: 2026-11-01, through: 2026-11-30 }",
    "{ hours: \"08:00-12:00\", zone: store }",
    "{ hours: \"22:00-02:00\", days: [thu, fri] }",
    "{ hours: \"06:00-18:00\", zone: customer }",
};
constexpr const char* kLimits[] = {
    "{ id: L, at_most: 1, count: redeemed, per: customer, over: calendar_week }",
    "{ id: L, at_most: 1, count: shown, per: customer, over: 2d, anonymous: unlimited }",
    "{ id: L, at_most: 2, count: shown, per: customer, over: 24h }",
    "{ id: L, at_most: 'customer.tier == \"gold\" ? 2 : 0', count: accepted, per: customer, over: "
    "ever }",
    "{ id: L, at_most: 1, per: basket }",
};
constexpr const char* kBudgets[] = {"autumn", "launch"};
// Points are given from budgets that count uses.
constexpr char kBudgetsFile[] =
    "autumn: { amount: 100.00 EUR, uses: 50 }\n"
    "launch: { uses: 1000, overspend: honour }\n";
constexpr const char* kPlacements[] = {"receipt", "screen", "agent_top3", "home_hero"};

std::string RandomOffer(Random& random, const std::string& id,
                        const std::vector<std::string>& ids) {
  const bool applies = !random.OneIn(3);
  const std::string how =
      applies ? random.Of({"automatic", "automatic", "automatic", "coded", "granted"}) : "never";
  std::string offer = absl::StrCat("offer: ", id, "\napplies: ", how, "\n");
  if (how == "granted" && random.OneIn(2)) {
    offer += "promise: { made: accepted, use_within: 14d }\n";
  }
  if (random.OneIn(3)) offer += "group: coffee\n";
  if (random.OneIn(4)) offer += "window: " + random.Of(kWindows) + "\n";
  if (random.OneIn(4)) offer += "channels: [pos, web]\n";
  if (!random.OneIn(3)) offer += "eligible: " + Conjunction(random, kEligible) + "\n";
  if (random.OneIn(3)) offer += "requires: " + Conjunction(random, kRequires) + "\n";
  if (!random.OneIn(3)) offer += "value: " + Quoted(random.Of(kValues)) + "\n";
  if (random.OneIn(3)) offer += "limits: [" + random.Of(kLimits) + "]\n";
  if (applies) offer += RandomBenefit(random, id, ids);
  if (applies && random.OneIn(3)) offer += "budget: " + random.Of(kBudgets) + "\n";
  offer += "treatments:\n";
  // The first fills its 40 characters before its amount does.
  const char* const texts[] = {"\"Take off all of this and more: {benefit.amount}\"",
                               "{ en: \"Off {benefit.amount}!\", de: Weniger }"};
  const std::string plain = "{ en: Try it, de: Probieren }";
  bool any = false;
  for (const char* placement : kPlacements) {
    if (!random.OneIn(2)) continue;
    any = true;
    const std::string text = applies ? random.Of(texts) : plain;
    const std::string fields = std::string(placement) == "agent_top3"
                                   ? "title: " + text + ", script: Say it"
                               : std::string(placement) == "home_hero" ? "banner: " + text
                                                                       : "text: " + text;
    offer += absl::StrCat("  ", placement, ": { ", fields, " }\n");
  }
  return any ? offer : offer.substr(0, offer.find("treatments:"));
}

// Terms that some granted offers had, or could have had, before.
void KeepTerms(Random random, TestRules& rules) {
  for (const v1::Offer& offer : rules.message.offers()) {
    if (offer.applies() != "granted") continue;
    for (uint64_t i = random.Below(3); i > 0; --i) {
      v1::Offer& terms = rules.kept_terms.emplace_back(TermsOf(offer));
      terms.set_title(absl::StrCat("before ", i));
      if (random.OneIn(2)) terms.clear_eligible();
      if (random.OneIn(2)) terms.clear_limits();
    }
  }
  rules.compiled = CompileRules(rules.message, rules.kept_terms);
}

void AddAudiencesAndTables(Random& random, const std::vector<std::string>& ids,
                           std::vector<SourceFile>& files) {
  files.push_back({"audiences.yaml",
                   "close: { when: 'store.region == \"north\" || customer.tier == \"gold\"' }\n"
                   "young_and_close: { when: 'audience.close && customer.age < 25' }\n"});
  std::string tables =
      "rank: { hit_policy: first, inputs: { tier: customer.tier, spend: customer.spend_90d }, "
      "output: int";
  if (random.OneIn(2)) tables += ", otherwise: 2";
  tables += " }\n";
  std::string rank = "tier,spend,value\n";
  for (uint64_t rows = 1 + random.Below(4); rows > 0; --rows) {
    absl::StrAppend(&rank, random.Of({"", "gold", "not gold", "none | silver"}), ",",
                    random.Of({"", ">= 100.00", "[50.00..300.00)", "not 0.00"}), ",", rows, "\n");
  }
  files.push_back({"tables/rank.csv", rank});
  if (random.OneIn(2)) {
    tables +=
        "given: { hit_policy: first, inputs: { close: audience.close, rank: table.rank }, "
        "output: offers }\n";
    std::string given = "close,offers,rank\n";
    for (uint64_t rows = 1 + random.Below(3); rows > 0; --rows) {
      absl::StrAppend(&given, random.Of({"", "true", "false"}), ",",
                      random.OneIn(4) ? "" : ids[random.Below(ids.size())], " ", ",",
                      random.Of({"", "2", ">= 2", "not 1"}), "\n");
    }
    files.push_back({"tables/given.csv", given});
  }
  files.push_back({"tables.yaml", tables});
}

}  // namespace

TestRules RandomRules(Random& random) {
  std::vector<std::string> offers;
  std::vector<std::string> ids;
  const uint64_t count = 1 + random.Below(7);
  for (uint64_t i = 0; i < count; ++i) {
    ids.push_back(absl::StrCat(random.Of({"a", "k", "z"}), i));
  }
  for (const std::string& id : ids) offers.push_back(RandomOffer(random, id, ids));
  std::vector<SourceFile> files = Grocery(offers);
  std::erase_if(files, [](const SourceFile& file) { return file.path == "pricing.yaml"; });
  files.push_back({"pricing.yaml", RandomPricing(random)});
  AddAudiencesAndTables(random, ids, files);
  files.push_back({"budgets.yaml", kBudgetsFile});
  TestRules rules = LoadRules(files);
  KeepTerms(random, rules);
  return rules;
}

namespace {

void RandomBasket(Random& random, Scene& scene) {
  const char* const skus[] = {"BEANS", "BREAD", "CIGARS", "MILK", "BEANS"};
  const uint64_t lines = random.Below(7);
  for (uint64_t i = 0; i < lines; ++i) {
    const bool is_return = random.OneIn(8);
    const int64_t quantity = 1 + static_cast<int64_t>(random.Below(4));
    scene.Line(random.Of(skus), static_cast<int64_t>(random.Below(2500)),
               is_return ? -quantity : quantity);
    BasketLine& line = scene.lines.back();
    line.price_source = static_cast<PriceSource>(random.OneIn(3) ? random.Below(4) : 0);
    line.merchandise = !random.OneIn(6);
    line.is_delivery = !line.merchandise && random.OneIn(2);
    if (!is_return && random.OneIn(8)) {
      line.is_measured = true;
      line.quantity.thousandths = 1 + static_cast<int64_t>(random.Below(3000));
    }
    if (random.OneIn(8)) line.floor_price_e4 = line.unit_price_e4 / 2;
  }
  static constexpr absl::string_view kTenders[] = {"voucher", "cash"};
  scene.input.tender_types = absl::MakeConstSpan(kTenders).first(random.Below(3));
  if (random.OneIn(5)) scene.input.basket.currency = Currency::FromCode("CHF").value();
}

void RandomCustomer(Random& random, Scene& scene) {
  const InputStatus statuses[] = {InputStatus::kPresent,   InputStatus::kPresent,
                                  InputStatus::kPresent,   InputStatus::kUnknown,
                                  InputStatus::kAnonymous, InputStatus::kUnavailable};
  scene.Customer();
  const char* const tiers[] = {"none", "silver", "gold"};
  scene.Fact("customer.tier", Value::String(tiers[random.Below(3)]));
  scene.Fact("customer.spend_90d", Euro(static_cast<int64_t>(random.Below(60'000))));
  scene.Fact("customer.visits_30d", Value::Int(static_cast<int64_t>(random.Below(5))));
  if (random.OneIn(2)) {
    const int year = 1990 + static_cast<int>(random.Below(25));
    scene.Fact("customer.birth_date", Value::Timestamp(absl::FromCivil(absl::CivilDay(year, 11, 26),
                                                                       absl::UTCTimeZone())));
  }
  const char* const zones[] = {"America/New_York", "Asia/Kolkata", "Nowhere/Land"};
  if (random.OneIn(2)) scene.Fact("customer.zone", Value::String(zones[random.Below(3)]));
  scene.input.customer = statuses[random.Below(6)];
  for (uint64_t i = random.Below(6); i > 0; --i) {
    const std::vector<OfferSpec>& offers = scene.rules().compiled->offers;
    const OfferSpec& offer = offers[random.Below(offers.size())];
    scene.contacts.push_back(
        {offer.stable_id, static_cast<ContactKind>(random.Below(4)),
         scene.input.now - absl::Minutes(static_cast<int64_t>(random.Below(6000)) - 60)});
  }
}

// Only of a record that is there.
void RandomGrants(Random& random, Scene& scene) {
  const CodeStanding standings[] = {CodeStanding::kValid, CodeStanding::kNotYetValid,
                                    CodeStanding::kExpired, CodeStanding::kReservedElsewhere};
  if (scene.input.customer != InputStatus::kPresent) return;
  const std::vector<OfferSpec>& offers = scene.rules().compiled->offers;
  for (uint32_t offer = 0; offer < offers.size(); ++offer) {
    if (offers[offer].applies != Applies::kGranted) continue;
    for (uint64_t i = random.Below(3); i > 0; --i) {
      const uint64_t standing = random.OneIn(2) ? 0 : random.Below(4);
      scene.grants.push_back({standings[standing], offer});
    }
  }
}

}  // namespace

void RandomScene(Random& random, Scene& scene) {
  const char* const channels[] = {"pos", "pos", "call", "web"};
  scene.Channel(random.Of(channels));
  if (random.OneIn(4)) std::reverse(scene.placements.begin(), scene.placements.end());
  if (random.OneIn(6)) scene.placements.clear();
  scene.input.now += absl::Minutes(static_cast<int64_t>(random.Below(3 * 1440)));
  const char* const stores[] = {"S12", "S99", "", "NO-SUCH-STORE"};
  scene.input.store = stores[random.Below(4)];
  const char* const locales[] = {"en", "de-AT", "fr", ""};
  scene.input.locale = locales[random.Below(4)];
  scene.input.outbound = random.OneIn(3);
  RandomCustomer(random, scene);
  if (!random.OneIn(4)) RandomBasket(random, scene);
  const char* const weathers[] = {"rain", "sun"};
  if (random.OneIn(2)) scene.Fact("request.weather", Value::String(weathers[random.Below(2)]));
  for (uint32_t i = 0; i < scene.rules().compiled->offers.size(); ++i) {
    if (random.OneIn(10)) scene.paused.push_back(i);
    if (random.OneIn(8)) {
      scene.unclaimed.push_back({i, static_cast<Unclaimable>(random.Below(3))});
    }
  }
  const uint64_t offers = scene.rules().compiled->offers.size();
  for (uint64_t i = random.OneIn(3) ? 0 : random.Below(8); i > 0 && offers > 0; --i) {
    const auto standing =
        random.OneIn(6) ? static_cast<CodeStanding>(random.Below(9)) : CodeStanding::kValid;
    const auto offer = static_cast<uint32_t>(random.Below(offers));
    const Applies applies = scene.rules().compiled->offers[offer].applies;
    const bool is_carried = (applies == Applies::kCoded || applies == Applies::kGranted) &&
                            !scene.rules().compiled->offers[offer].is_kept;
    scene.codes.push_back({standing, is_carried ? offer : kNoOffer});
  }
  RandomGrants(random, scene);
  for (uint32_t i = 0; i < scene.rules().compiled->budgets.size(); ++i) {
    if (random.OneIn(4)) scene.closed_budgets.push_back(i);
  }
}

}  // namespace touchstone::rules
