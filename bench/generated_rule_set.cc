#include "bench/generated_rule_set.h"

#include <random>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace touchstone::bench {
namespace {

constexpr int kCategories = 40;
constexpr int kBrands = 60;
constexpr int kStores = 40;
constexpr int kGroups = 12;

constexpr const char* kTiers[] = {"none", "silver", "gold"};
constexpr const char* kRegions[] = {"north", "east", "south", "west"};
constexpr const char* kFormats[] = {"market", "city", "express"};

// Families of attributes, numbered from 0 within each: 60 with what AddSchema adds by hand.
constexpr int kInts = 8;      // customer.score_N: int, 0 to 99
constexpr int kFlags = 8;     // customer.flag_N: bool
constexpr int kChoices = 8;   // customer.choice_N: enum of four
constexpr int kTexts = 6;     // customer.text_N: string, one of ten
constexpr int kLists = 3;     // customer.tags_N: list(string)
constexpr int kSums = 8;      // customer.spend_N: money aggregate
constexpr int kCounts = 8;    // customer.count_N: int aggregate
constexpr int kRequests = 6;  // request.hint_N: string, one of ten
constexpr int kByHand = 5;    // tier, birth_date, age, last_purchase, request.guests
static_assert(kInts + kFlags + kChoices + kTexts + kLists + kSums + kCounts + kRequests + kByHand ==
              kGeneratedAttributes);

constexpr const char* kWindows[] = {"7d", "30d", "90d", "365d"};

class Generator {
 public:
  explicit Generator(const GeneratedOptions& options) : options_(options), random_(options.seed) {}

  v1::RuleSet Generate();

 private:
  int Draw(int below) { return static_cast<int>(random_() % static_cast<uint64_t>(below)); }
  bool OneIn(int n) { return Draw(n) == 0; }
  std::string Category() { return absl::StrCat("c", Draw(kCategories)); }
  template <size_t kSize>
  std::string OneOf(const char* const (&choices)[kSize]) {
    return choices[Draw(static_cast<int>(kSize))];
  }

  void AddSettings();
  void AddSchema();
  void AddCustomerFamilies(v1::Schema* schema);
  void AddSegments();
  void AddPlacements();
  void AddPricing();
  void AddLists();
  void AddOffer(size_t number);
  void AddBenefit(v1::Offer* offer);
  void AddTreatments(v1::Offer* offer);
  std::string ValueList();
  std::string CustomerPredicate();
  std::string SituationPredicate();
  std::string Predicate();
  std::string Condition();

  const GeneratedOptions options_;
  size_t granted_ = 0;  // offers with a benefit so far
  std::mt19937_64 random_;
  v1::RuleSet rules_;
};

v1::Attribute Attribute(const std::string& type, const std::string& default_value) {
  v1::Attribute attribute;
  attribute.set_type(type);
  attribute.mutable_default_()->set_text(default_value);
  return attribute;
}

v1::Attribute Optional(const std::string& type) {
  v1::Attribute attribute;
  attribute.set_type(type);
  attribute.set_optional(true);
  return attribute;
}

std::string Sku(size_t number) { return absl::StrFormat("P-%04d", number); }

v1::RuleSet Generator::Generate() {
  AddSettings();
  AddSchema();
  AddSegments();
  AddPlacements();
  AddPricing();
  AddLists();
  for (size_t i = 0; i < options_.offers; ++i) AddOffer(i);
  return std::move(rules_);
}

void Generator::AddSettings() {
  v1::RuleSetSettings* settings = rules_.mutable_settings();
  settings->set_name("Generated");
  settings->set_zone("Europe/Berlin");
  settings->add_currencies("EUR");
  settings->add_locales("en");
  settings->add_channels("pos");
  settings->add_channels("web");
}

void Generator::AddCustomerFamilies(v1::Schema* schema) {
  auto& customer = *schema->mutable_customer();
  for (int i = 0; i < kInts; ++i) customer[absl::StrCat("score_", i)] = Attribute("int", "0");
  for (int i = 0; i < kFlags; ++i) customer[absl::StrCat("flag_", i)] = Attribute("bool", "false");
  for (int i = 0; i < kChoices; ++i) {
    v1::Attribute choice = Attribute("enum", "a");
    for (const char* value : {"a", "b", "c", "d"}) choice.add_values(value);
    customer[absl::StrCat("choice_", i)] = choice;
  }
  for (int i = 0; i < kTexts; ++i) customer[absl::StrCat("text_", i)] = Optional("string");
  for (int i = 0; i < kLists; ++i) {
    v1::Attribute tags;
    tags.set_type("list(string)");
    tags.set_max(8);
    tags.mutable_default_()->mutable_list();
    customer[absl::StrCat("tags_", i)] = tags;
  }
  auto& aggregates = *schema->mutable_aggregates();
  for (int i = 0; i < kSums; ++i) {
    v1::Aggregate& sum = aggregates[absl::StrCat("spend_", i)];
    sum.set_sum("event.paid");
    sum.set_of("purchase");
    sum.set_over(kWindows[i % 4]);
  }
  for (int i = 0; i < kCounts; ++i) {
    v1::Aggregate& count = aggregates[absl::StrCat("count_", i)];
    count.set_count(i % 2 == 0 ? "purchase" : "visit");
    count.set_over(kWindows[i % 4]);
  }
}

void Generator::AddSchema() {
  v1::Schema* schema = rules_.mutable_schema();
  AddCustomerFamilies(schema);
  v1::Attribute tier = Attribute("enum", "none");
  for (const char* value : kTiers) tier.add_values(value);
  (*schema->mutable_customer())["tier"] = tier;
  (*schema->mutable_customer())["birth_date"] = Optional("date");
  v1::ComputedAttribute& age = (*schema->mutable_computed())["customer.age"];
  age.set_type("int");
  age.set_is("age(customer.birth_date, now)");
  v1::Aggregate& last = (*schema->mutable_aggregates())["last_purchase"];
  last.set_last("event.time");
  last.set_of("purchase");
  (*(*schema->mutable_events())["purchase"].mutable_fields())["paid"] = "money";
  (*(*schema->mutable_events())["visit"].mutable_fields())["page"] = "string";
  v1::ReferenceTable& product = (*schema->mutable_reference())["product"];
  product.set_key("sku");
  (*product.mutable_fields())["categories"] = "list(string)";
  (*product.mutable_fields())["brand"] = "string";
  (*product.mutable_fields())["gift_card"] = "bool";
  v1::ReferenceTable& store = (*schema->mutable_reference())["store"];
  store.set_key("store");
  (*store.mutable_fields())["region"] = "string";
  (*store.mutable_fields())["format"] = "string";
  (*store.mutable_fields())["zone"] = "timezone";
  for (int i = 0; i < kRequests; ++i) {
    (*schema->mutable_request())[absl::StrCat("hint_", i)] = Attribute("string", "v0");
  }
  (*schema->mutable_request())["guests"] = Attribute("int", "1");
}

void Generator::AddSegments() {
  const std::pair<const char*, const char*> segments[] = {
      {"loyal", "customer.spend_2 >= 300.00 && customer.count_2 >= 5"},
      {"new", "customer.count_3 <= 1"},
      {"young", "customer.age < 26"},
      {"silver", "customer.tier == \"silver\""}};
  for (const auto& [name, when] : segments) {
    v1::Segment* segment = rules_.add_segments();
    segment->set_name(name);
    segment->set_when(when);
  }
  v1::Segment* rest = rules_.add_segments();
  rest->set_name("regular");
  rest->set_otherwise("always");
}

void Generator::AddPlacements() {
  for (const char* name : kGeneratedPlacements) {
    v1::Placement& placement = (*rules_.mutable_placements())[name];
    placement.set_channel("pos");
    placement.set_max_offers(3);
    placement.set_budget("50ms");
    (*placement.mutable_fields())["text"].set_max(60);
  }
  (*rules_.mutable_placements())["receipt"].set_shown_on("answer");
}

void Generator::AddPricing() {
  v1::Pricing* pricing = rules_.mutable_pricing();
  pricing->add_stages("line");
  pricing->add_stages("order");
  (*pricing->mutable_choose())["otherwise"] = "by_priority";
  pricing->set_never_discount("line.product.gift_card");
  (*pricing->mutable_most_off())["line"] = "70%";
  (*pricing->mutable_most_off())["basket"] = "50%";
}

void Generator::AddLists() {
  for (size_t i = 0; i < options_.product_lists; ++i) {
    v1::ProductList& list = (*rules_.mutable_lists())[absl::StrCat("list_", i)];
    std::vector<bool> taken(options_.products);
    while (static_cast<size_t>(list.skus_size()) < options_.skus_per_list) {
      const auto product = static_cast<size_t>(Draw(static_cast<int>(options_.products)));
      if (taken[product]) continue;
      taken[product] = true;
      list.add_skus(Sku(product));
    }
  }
}

std::string Generator::ValueList() {
  std::vector<std::string> values;
  const int first = Draw(10);
  const int size = 2 + Draw(4);
  values.reserve(static_cast<size_t>(size));
  for (int i = 0; i < size; ++i) values.push_back(absl::StrCat("\"v", (first + i) % 10, "\""));
  return absl::StrCat("[", absl::StrJoin(values, ", "), "]");
}

std::string Generator::CustomerPredicate() {
  switch (Draw(9)) {
    case 0:
      return absl::StrCat("customer.score_", Draw(kInts), OneIn(2) ? " >= " : " < ", 10 + Draw(80));
    case 1:
      return absl::StrCat(OneIn(3) ? "!" : "", "customer.flag_", Draw(kFlags));
    case 2:
      return absl::StrCat("customer.choice_", Draw(kChoices), " == \"",
                          std::string(1, static_cast<char>('a' + Draw(4))), "\"");
    case 3:
      return absl::StrCat("customer.text_", Draw(kTexts), " in ", ValueList());
    case 4:
      return absl::StrCat(OneIn(2) ? "!" : "", "(\"v", Draw(10), "\" in customer.tags_",
                          Draw(kLists), ")");
    case 5:
      return absl::StrCat("customer.spend_", Draw(kSums),
                          OneIn(3) ? " < " : " >= ", 20 * (1 + Draw(20)), ".00");
    case 6:
      return absl::StrCat("customer.count_", Draw(kCounts), OneIn(3) ? " <= " : " > ", Draw(8));
    case 7:
      return absl::StrCat("customer.tier == \"", OneOf(kTiers), "\"");
    default:
      return absl::StrCat("customer.age ", OneIn(2) ? ">= " : "< ", 20 + 5 * Draw(10));
  }
}

std::string Generator::SituationPredicate() {
  switch (Draw(6)) {
    case 0:
      return absl::StrCat("request.hint_", Draw(kRequests), " in ", ValueList());
    case 1:
      return absl::StrCat("store.region == \"", OneOf(kRegions), "\"");
    case 2:
      return absl::StrCat("store.format == \"", OneOf(kFormats), "\"");
    case 3:
      return absl::StrCat("basket.gross >= ", 10 * (1 + Draw(9)), ".00");
    case 4:
      return "customer.segment != \"new\"";
    default:
      return absl::StrCat("basket.lines.exists(l, l.sku in list.list_",
                          Draw(static_cast<int>(options_.product_lists)), ")");
  }
}

std::string Generator::Predicate() {
  if (OneIn(10)) return absl::StrCat("(", CustomerPredicate(), " || ", CustomerPredicate(), ")");
  return OneIn(4) ? SituationPredicate() : CustomerPredicate();
}

std::string Generator::Condition() {
  std::vector<std::string> predicates;
  const int count = 3 + Draw(6);
  predicates.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) predicates.push_back(Predicate());
  return absl::StrJoin(predicates, " && ");
}

void Generator::AddBenefit(v1::Offer* offer) {
  offer->set_applies(granted_++ < options_.granted_offers ? "granted" : "automatic");
  v1::Benefit* benefit = offer->mutable_benefit();
  if (OneIn(3)) {
    (*benefit->mutable_amount_off()->mutable_amounts())["EUR"] = absl::StrCat(1 + Draw(8), ".00");
    benefit->set_per("basket");
    offer->mutable_stacking()->set_stage("order");
  } else {
    benefit->set_percent_off(absl::StrCat(5 * (1 + Draw(5))));
    benefit->set_lines(OneIn(3) ? absl::StrCat("line.sku in list.list_",
                                               Draw(static_cast<int>(options_.product_lists)))
                                : absl::StrCat("\"", Category(), "\" in line.categories"));
    (*benefit->mutable_at_most()->mutable_amounts())["EUR"] = absl::StrCat(5 + Draw(10), ".00");
    offer->mutable_stacking()->set_stage("line");
  }
  offer->mutable_stacking()->set_priority(Draw(100));
  if (!OneIn(3)) {
    offer->set_requires_condition(absl::StrCat("basket.net >= ", 10 * (1 + Draw(6)), ".00"));
  }
}

void Generator::AddTreatments(v1::Offer* offer) {
  const int count = 1 + Draw(3);
  const int first = Draw(3);
  for (int i = 0; i < count; ++i) {
    (*(*offer->mutable_treatments())[kGeneratedPlacements[(first + i) % 3]]
          .mutable_fields())["text"]
        .set_text(absl::StrCat(offer->title(), OneIn(4) ? ", {customer.tier}" : ""));
  }
}

void Generator::AddOffer(size_t number) {
  v1::Offer* offer = rules_.add_offers();
  offer->set_offer(absl::StrFormat("offer-%06d", number));
  offer->set_title(absl::StrCat("Offer ", number));
  offer->set_group(absl::StrCat("group-", Draw(kGroups)));
  offer->set_applies("never");
  offer->add_channels("pos");
  if (OneIn(2)) offer->add_channels("web");
  offer->set_eligible(Condition());
  const bool with_benefit = number % 3 == 0;
  if (with_benefit) AddBenefit(offer);
  if (OneIn(5)) {
    v1::Window* window = offer->mutable_window();
    window->set_from("2026-01-01");
    window->set_through("2027-12-31");
    if (OneIn(2)) window->set_hours("07:00-20:00");
    if (OneIn(3)) window->set_zone("store");
  }
  if (OneIn(3)) {
    v1::Limit* limit = offer->add_limits();
    limit->set_id("weekly");
    limit->set_at_most(absl::StrCat(1 + Draw(3)));
    limit->set_count(with_benefit ? "redeemed" : "shown");
    limit->set_per("customer");
    limit->set_over("7d");
  }
  offer->set_value(with_benefit || OneIn(2)
                       ? absl::StrCat("0.", 1 + Draw(9), " * double(customer.spend_", Draw(kSums),
                                      ") + ", Draw(20), ".5")
                       : absl::StrCat(Draw(40), ".25"));
  if (!with_benefit || OneIn(2)) AddTreatments(offer);
}

}  // namespace

v1::RuleSet GenerateRuleSet(const GeneratedOptions& options) {
  return Generator(options).Generate();
}

std::string GenerateProductsCsv(size_t products) {
  std::string csv = "sku,name,price,brand,categories,gift_card\n";
  for (size_t i = 0; i < products; ++i) {
    absl::StrAppend(&csv, Sku(i), ",Product ", i, ",", 1 + i % 23, ".", 10 + i % 90, ",brand",
                    i % kBrands, ",c", i % kCategories, "|c", (i / kCategories) % kCategories, ",",
                    i % 400 == 7 ? "true" : "false", "\n");
  }
  return csv;
}

const char* const kGeneratedProductsMapping = R"(kind: reference
table: product
key: sku
columns:
  categories: { column: categories, type: list(string), split: "|" }
  brand: brand
  gift_card: { column: gift_card, type: bool }
)";

const char* const kGeneratedStoresMapping = R"(kind: reference
table: store
key: store
columns:
  region: region
  format: format
  zone: zone
)";

std::string GenerateStoresCsv() {
  std::string csv = "store,region,format,zone\n";
  for (int i = 0; i < kStores; ++i) {
    absl::StrAppend(&csv, "S-", i, ",", kRegions[i % 4], ",", kFormats[i % 3], ",Europe/Berlin\n");
  }
  return csv;
}

}  // namespace touchstone::bench
