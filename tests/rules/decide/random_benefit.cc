#include "tests/rules/decide/random_benefit.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace touchstone::rules {
namespace {

constexpr const char* kLines[] = {
    "\"coffee.beans\" in line.categories",
    "line.sku in list.house",
    "line.gross >= 5.00",
    "line.product.brand == \"Alto\"",
    "line.unit_price > 1.00 && line.quantity >= 2.0",
    "customer.tier == \"gold\"",
    "line.price_source != \"override\"",
};
constexpr const char* kPercents[] = {"10", "33.3333", "100", "0.01"};

enum class Kind { kPercent, kAmount, kPrice };

std::string Amounts(Random& random, uint64_t below) {
  return absl::StrCat("{ EUR: ", random.Below(below), ".5", random.Below(10),
                      random.OneIn(2) ? ", CHF: 1.00" : "", " }");
}

std::string Off(Kind kind, Random& random) {
  switch (kind) {
    case Kind::kPercent:
      return "percent_off: " + random.Of(kPercents);
    case Kind::kAmount:
      return "amount_off: " + Amounts(random, 6);
    case Kind::kPrice:
      return "price: " + Amounts(random, 40);
  }
  return "";
}

std::string Tiers(Kind kind, Random& random) {
  const bool by_units = random.OneIn(2);
  std::vector<std::string> tiers;
  uint64_t threshold = 0;
  for (uint64_t i = 1 + random.Below(3); i > 0; --i) {
    threshold += 1 + random.Below(by_units ? 6 : 60);
    const std::string from = by_units ? absl::StrCat("from_units: ", threshold)
                                      : absl::StrCat("from_amount: { EUR: ", threshold,
                                                     ".00, CHF: ", threshold, ".00 }");
    tiers.push_back(absl::StrCat("{ ", from, ", ", Off(kind, random), " }"));
  }
  return absl::StrCat("tiers: [", absl::StrJoin(tiers, ", "), "]");
}

// What is taken off, in tiers or not; `per` says for what amounts may be.
template <size_t n>
void AddOff(Random& random, const char* const (&per)[n], std::vector<std::string>& keys) {
  const auto kind = static_cast<Kind>(random.Below(3));
  const bool has_tiers = random.OneIn(4);
  if (has_tiers) keys.push_back(Tiers(kind, random));
  if (!has_tiers || random.OneIn(2)) keys.push_back(Off(kind, random));
  if (kind != Kind::kPercent) keys.push_back("per: " + random.Of(per));
}

void AddLines(Random& random, std::vector<std::string>& keys) {
  if (random.OneIn(2)) keys.push_back("lines: " + Conjunction(random, kLines));
}

std::string Part(Random& random, bool has_lines) {
  std::string part = absl::StrCat("{ units: ", 1 + random.Below(3));
  if (has_lines) part += ", lines: " + Conjunction(random, kLines);
  return part + " }";
}

void AddSets(Random& random, std::vector<std::string>& keys) {
  const char* const per[] = {"set", "set", "unit", "line", "basket"};
  AddOff(random, per, keys);
  const bool is_bundle = random.OneIn(2);
  if (is_bundle) {
    std::vector<std::string> parts;
    for (uint64_t i = 1 + random.Below(3); i > 0; --i) {
      parts.push_back(Part(random, random.OneIn(2)));
    }
    keys.push_back(absl::StrCat("bundle: [", absl::StrJoin(parts, ", "), "]"));
  } else {
    const bool of_kinds = random.OneIn(2);
    keys.push_back("buy: " + Part(random, of_kinds));
    keys.push_back("get: " + Part(random, of_kinds && random.OneIn(2)));
  }
  const char* const groupings[] = {"dearest_first", "cheapest_first", "cheapest_of_all"};
  keys.push_back(std::string("grouping: ") + groupings[random.Below(is_bundle ? 2 : 3)]);
  if (random.OneIn(4)) keys.push_back(absl::StrCat("sets_at_most: ", 1 + random.Below(2)));
  AddLines(random, keys);
}

void AddUnits(Random& random, std::vector<std::string>& keys) {
  const char* const per[] = {"unit", "line", "basket"};
  AddOff(random, per, keys);
  const uint64_t from = 1 + random.Below(3);
  keys.push_back(absl::StrCat(
      "units: { order: ", random.OneIn(2) ? "dearest_first" : "cheapest_first", ", from: ", from,
      random.OneIn(3) ? "" : absl::StrCat(", through: ", from + random.Below(3)),
      random.OneIn(3) ? ", per: line" : "", " }"));
  AddLines(random, keys);
}

void AddGift(Random& random, std::vector<std::string>& keys) {
  const char* const skus[] = {"BREAD", "MILK", "MUG"};
  keys.push_back(absl::StrCat("gift: { sku: ", random.Of(skus),
                              ", prompt: add, units: ", 1 + random.Below(2), " }"));
  if (random.OneIn(3)) keys.push_back("per: unit");
  AddLines(random, keys);
}

void AddPoints(Random& random, std::vector<std::string>& keys) {
  keys.push_back(absl::StrCat("points: { give: ", 1 + random.Below(50),
                              random.OneIn(2) ? ", each: { EUR: 2.00 }" : "", " }"));
  AddLines(random, keys);
}

// What they are for; empty: what the benefit is for without a word.
std::string Add(Random& random, std::vector<std::string>& keys) {
  const char* const basket[] = {"", "order", "code", "tender"};
  const char* const lines[] = {"line", "line", "order", "code", "tender", "delivery", "shelf"};
  switch (random.Below(8)) {
    case 0:
    case 1:
      AddSets(random, keys);
      return random.Of(basket);
    case 2:
      AddGift(random, keys);
      return random.Of(basket);
    case 3:
      AddUnits(random, keys);
      return random.Of(basket);
    case 4:
      AddPoints(random, keys);
      return "";
    default:
      break;
  }
  const std::string stage = random.Of(lines);
  const char* const per[] = {"unit", "line", "basket"};
  const char* const per_label[] = {"unit", "line"};
  if (stage == "shelf") {
    AddOff(random, per_label, keys);
  } else {
    AddOff(random, per, keys);
  }
  AddLines(random, keys);
  return stage;
}

// Which others it does not go together with.
std::string RandomRivals(Random& random, const std::string& id,
                         const std::vector<std::string>& ids) {
  std::vector<std::string> rivals;
  for (const std::string& other : ids) {
    if (other != id && random.OneIn(4)) rivals.push_back(other);
  }
  if (random.OneIn(8)) rivals.push_back("\"group:coffee\"");
  std::string text = random.OneIn(10) ? ", exclusive: true" : "";
  if (!rivals.empty()) {
    absl::StrAppend(&text, ", not_with: [", absl::StrJoin(rivals, ", "), "]");
  }
  return text + (random.OneIn(2) ? ", within: line" : "");
}

}  // namespace

std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

std::string RandomBenefit(Random& random, const std::string& id,
                          const std::vector<std::string>& ids) {
  std::vector<std::string> keys;
  const std::string stage = Add(random, keys);
  const bool gives_points = keys.front().starts_with("points");
  if (!gives_points && random.OneIn(4)) keys.push_back("at_most: { EUR: 3.00 }");
  if (random.OneIn(3)) keys.push_back("takes_marked_down: true");
  const std::string of_stage = stage.empty() ? "" : ", stage: " + stage;
  return absl::StrCat("benefit: { ", absl::StrJoin(keys, ", "),
                      " }\nstacking: { priority: ", random.Below(3), of_stage,
                      RandomRivals(random, id, ids), " }\n");
}

std::string RandomPricing(Random& random) {
  std::string pricing =
      "choose: { otherwise: by_priority }\n"
      "never_discount: line.product.tobacco\n";
  if (random.OneIn(4)) pricing += "most_off: { line: 70%, basket: 40% }\n";
  if (random.OneIn(2)) return pricing;
  std::vector<std::string> stages = {"line",   "set",      "order", "code",
                                     "tender", "delivery", "points"};
  for (size_t i = stages.size() - 1; i > 0; --i) std::swap(stages[i], stages[random.Below(i + 1)]);
  return absl::StrCat(pricing, "stages: [shelf, ", absl::StrJoin(stages, ", "), "]\n");
}

}  // namespace touchstone::rules
