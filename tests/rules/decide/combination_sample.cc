#include "tests/rules/decide/combination_sample.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/rules/decide/naive_stacking.h"

namespace touchstone::rules {
namespace {

constexpr absl::string_view kSkus = "ABCD";
constexpr uint8_t kEverything = 0xff;

std::string SkuIsOneOf(const std::string& skus) {
  std::vector<std::string> each;
  for (const char sku : skus)
    each.push_back(absl::StrCat("line.sku == \"", std::string(1, sku), "\""));
  return "'" + absl::StrJoin(each, " || ") + "'";
}

std::string RandomSkus(Random& random) {
  std::string skus;
  for (const char sku : kSkus) {
    if (random.OneIn(2)) skus += sku;
  }
  return skus.empty() ? "A" : skus;
}

std::string Amount(uint64_t minor) {
  return absl::StrCat("{ EUR: ", minor / 100, ".", minor / 10 % 10, minor % 10, " }");
}

SampleOffer OffLines(Random& random) {
  SampleOffer offer;
  offer.lines = RandomSkus(random);
  if (random.OneIn(2)) {
    offer.benefit = absl::StrCat("percent_off: ", 1 + random.Below(15));
  } else {
    offer.benefit = absl::StrCat("amount_off: ", Amount(1 + random.Below(50)),
                                 ", per: ", random.OneIn(2) ? "line" : "unit");
  }
  offer.stacking = "stage: line";
  return offer;
}

SampleOffer OffSets(bool of_one_kind, Random& random) {
  SampleOffer offer;
  offer.lines = random.OneIn(2) ? "ABCD" : RandomSkus(random);
  const bool is_bundle = random.OneIn(2);
  if (is_bundle && random.OneIn(2)) {
    offer.benefit = absl::StrCat("price: ", Amount(1 + random.Below(1500)), ", per: set");
  } else if (random.OneIn(2)) {
    offer.benefit = absl::StrCat("amount_off: ", Amount(1 + random.Below(500)), ", per: set");
  } else {
    offer.benefit = absl::StrCat("percent_off: ", 100);
  }
  const auto part = [&](bool has_lines) {
    offer.parts.push_back(has_lines ? RandomSkus(random) : "");
    return absl::StrCat("{ units: ", 1 + random.Below(2),
                        has_lines ? ", lines: " + SkuIsOneOf(offer.parts.back()) : "", " }");
  };
  if (is_bundle) {
    std::vector<std::string> parts = {part(random.OneIn(2))};
    if (!of_one_kind && random.OneIn(2)) parts.push_back(part(random.OneIn(2)));
    absl::StrAppend(&offer.benefit, ", bundle: [", absl::StrJoin(parts, ", "), "]");
  } else {
    const bool has_lines = !of_one_kind && random.OneIn(2);
    absl::StrAppend(&offer.benefit, ", buy: ", part(has_lines));
    absl::StrAppend(&offer.benefit, ", get: ", part(has_lines && random.OneIn(2)));
    if (!has_lines) offer.parts = {""};  // one part, some of which is got
  }
  const char* const groupings[] = {"dearest_first", "cheapest_first", "cheapest_of_all"};
  absl::StrAppend(&offer.benefit, ", grouping: ", groupings[random.Below(is_bundle ? 2 : 3)]);
  if (random.OneIn(4)) {
    absl::StrAppend(&offer.benefit, ", sets_at_most: ", 1 + random.Below(2));
  }
  offer.stacking = "stage: set";
  return offer;
}

uint8_t Selected(const SampleOffer& offer, absl::string_view sku) {
  if (offer.lines.find(sku.front()) == std::string::npos) return 0;
  if (offer.parts.empty()) return kEverything;
  uint8_t bits = 0;
  for (size_t part = 0; part < offer.parts.size(); ++part) {
    const std::string& skus = offer.parts[part];
    if (skus.empty() || skus.find(sku.front()) != std::string::npos)
      bits |= static_cast<uint8_t>(1U << part);
  }
  return bits;
}

}  // namespace

std::string CombinationSample::Yaml(const SampleOffer& offer) const {
  return absl::StrCat("offer: ", offer.id, "\napplies: automatic\nbenefit: { ", offer.benefit,
                      ", lines: ", SkuIsOneOf(offer.lines), " }\nstacking: { ", offer.stacking,
                      " }\n");
}

TestRules CombinationSample::Load(const std::string& choose) const {
  std::vector<std::string> yaml;
  for (const SampleOffer& offer : offers) yaml.push_back(Yaml(offer));
  std::vector<SourceFile> files = Grocery(yaml);
  std::erase_if(files, [](const SourceFile& file) { return file.path == "pricing.yaml"; });
  files.push_back({"pricing.yaml", absl::StrCat("choose: { otherwise: ", choose, " }\n")});
  return LoadRules(files);
}

std::vector<OfferInStage> CombinationSample::InStage(const TestRules& rules,
                                                     const Scene& scene) const {
  std::vector<OfferInStage> in_stage;
  for (const uint32_t index : TurnsInOrder(*rules.compiled)) {
    const std::string& id = rules.compiled->offers[index].id;
    const auto offer = std::find_if(offers.begin(), offers.end(),
                                    [&id](const SampleOffer& each) { return each.id == id; });
    OfferInStage& added = in_stage.emplace_back(OfferInStage{index, {}});
    for (const LineFacts& line : scene.line_facts) {
      added.selected.push_back(Selected(*offer, line.sku));
    }
  }
  return in_stage;
}

CombinationSample RandomOffers(Contest contest, Random& random) {
  CombinationSample sample;
  const uint64_t count = 2 + random.Below(contest == Contest::kLines ? 4 : 2);
  for (uint64_t i = 0; i < count; ++i) {
    SampleOffer offer = contest == Contest::kLines
                            ? OffLines(random)
                            : OffSets(contest == Contest::kSetsOfOneKind, random);
    offer.id = absl::StrCat(random.Of({"a", "k", "z"}), i);
    absl::StrAppend(&offer.stacking, ", priority: ", random.Below(3));
    sample.offers.push_back(offer);
  }
  for (size_t i = 0; i < sample.offers.size(); ++i) {
    std::vector<std::string> rivals;
    for (size_t j = 0; j < i; ++j) {
      if (random.OneIn(contest == Contest::kLines ? 2 : 3)) rivals.push_back(sample.offers[j].id);
    }
    if (rivals.empty()) continue;
    absl::StrAppend(&sample.offers[i].stacking, ", not_with: [", absl::StrJoin(rivals, ", "), "]",
                    random.OneIn(2) ? ", within: line" : "");
  }
  return sample;
}

void RandomPieces(int64_t pieces, int64_t least_price, Random& random, Scene& scene) {
  for (uint64_t i = 1 + random.Below(6); i > 0 && pieces > 0; --i) {
    const int64_t quantity = std::min<int64_t>(pieces, 1 + static_cast<int64_t>(random.Below(4)));
    pieces -= quantity;
    scene.Line(std::string(1, kSkus[random.Below(kSkus.size())]),
               least_price + static_cast<int64_t>(random.Below(1200)), quantity);
  }
}

std::string Describe(const CombinationSample& sample, const Scene& scene) {
  std::string text;
  for (const SampleOffer& offer : sample.offers) text += sample.Yaml(offer);
  for (size_t i = 0; i < scene.lines.size(); ++i) {
    absl::StrAppend(&text, scene.lines[i].quantity.thousandths / 1000, " ", scene.line_facts[i].sku,
                    " ", scene.lines[i].unit_price_e4 / 100, "\n");
  }
  return text;
}

}  // namespace touchstone::rules
