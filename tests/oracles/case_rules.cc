#include "tests/oracles/case_rules.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/oracles/case_benefits.h"
#include "tests/oracles/case_conditions.h"
#include "tests/oracles/stage_order.h"

namespace touchstone::rules {
namespace {

// A promotion and its benefits as they are to be priced.
struct Mapped {
  const Promotion* promotion = nullptr;
  std::vector<std::pair<std::string, v1::Benefit>> benefits;  // with the target of each
};

std::string OwnStage(const std::string& target, const v1::Benefit& benefit) {
  if (target == "shelf") return "shelf";
  if (target == "shipping") return "delivery";
  if (benefit.has_gift() || benefit.has_buy() || benefit.bundle_size() > 0) return "set";
  return target == "order" ? "order" : "line";
}

// By stage, then by priority, else as given.
bool GoesBefore(const Mapped& a, const Mapped& b) {
  if (a.promotion->stage != b.promotion->stage) return a.promotion->stage < b.promotion->stage;
  return a.promotion->priority > b.promotion->priority;
}

class RulesMapper {
 public:
  explicit RulesMapper(const PromotionCase& test) : test_(test), currency_(CurrencyOf(test)) {}

  absl::StatusOr<CaseRules> Map() {
    absl::StatusOr<std::vector<Mapped>> shelf = InOrder(test_.catalog_promotions);
    if (!shelf.ok()) return shelf.status();
    absl::StatusOr<std::vector<Mapped>> basket = InOrder(test_.promotions);
    if (!basket.ok()) return basket.status();
    FindExclusion(*basket);
    DeclareFrame();
    DeclareFacts();
    next_priority_ = 1000;
    for (const std::vector<Mapped>* group : {&*shelf, &*basket}) {
      for (const Mapped& mapped : *group) {
        if (absl::Status added = AddOffers(mapped); !added.ok()) return added;
      }
    }
    for (const Mapped& mapped : *basket) {
      if (ExcludesByName(*mapped.promotion)) ExcludeOthers(*mapped.promotion);
    }
    for (const std::string& stage : stages_.stages()) {
      rules_.message.mutable_pricing()->add_stages(stage);
    }
    return std::move(rules_);
  }

 private:
  absl::StatusOr<std::vector<Mapped>> InOrder(const std::vector<Promotion>& promotions) const {
    std::vector<Mapped> all;
    for (const Promotion& promotion : promotions) {
      Mapped& mapped = all.emplace_back();
      mapped.promotion = &promotion;
      for (const PromotionBenefit& benefit : promotion.benefits) {
        absl::StatusOr<std::vector<v1::Benefit>> ours =
            MapBenefit(benefit, QualifyingLines(promotion), currency_);
        if (!ours.ok()) return ours.status();
        for (v1::Benefit& each : *ours) mapped.benefits.emplace_back(benefit.target, each);
      }
    }
    std::stable_sort(all.begin(), all.end(), GoesBefore);
    return all;
  }

  // Of several offers of one promotion none may be `exclusive`: the others would be excluded too.
  // Then exclusive promotions name the others instead, and have to be priced before them.
  void FindExclusion(std::vector<Mapped>& basket) {
    exclude_by_name_ = std::any_of(basket.begin(), basket.end(), [](const Mapped& mapped) {
      return mapped.promotion->exclusive && mapped.benefits.size() > 1;
    });
    if (!exclude_by_name_) return;
    std::stable_partition(basket.begin(), basket.end(),
                          [](const Mapped& mapped) { return mapped.promotion->exclusive; });
  }

  bool ExcludesByName(const Promotion& promotion) const {
    return promotion.exclusive && exclude_by_name_;
  }

  void DeclareFrame() {
    v1::RuleSetSettings& settings = *rules_.message.mutable_settings();
    settings.set_name(test_.id);
    settings.set_zone("Europe/Berlin");
    settings.add_currencies(currency_);
    settings.add_locales("en");
    settings.add_channels("web");
    v1::Segment& everyone = *rules_.message.add_segments();
    everyone.set_name("everyone");
    everyone.set_otherwise("always");
  }

  void DeclareFacts() {
    v1::Schema& schema = *rules_.message.mutable_schema();
    v1::ReferenceTable& product = (*schema.mutable_reference())["product"];
    product.set_key("sku");
    (*product.mutable_fields())[kSkusColumn] = "list(string)";
    for (const auto& [name, type] :
         {std::pair(kShippingMethodFact, "string"), std::pair(kOrderNumberFact, "int")}) {
      v1::Attribute& fact = (*schema.mutable_request())[name];
      fact.set_type(type);
      fact.set_optional(true);
    }
  }

  absl::Status AddOffers(const Mapped& mapped) {
    const Promotion& promotion = *mapped.promotion;
    // What the first benefit takes must not change what the promotion needs for the second.
    const bool is_first = rules_.message.offers().empty();
    const absl::StatusOr<std::string> condition =
        RequiresText(promotion, is_first ? "basket.gross" : "basket.net", test_.cart.size());
    if (!condition.ok()) return condition.status();
    for (const auto& [target, benefit] : mapped.benefits) {
      v1::Offer& offer = *rules_.message.add_offers();
      offer.set_offer(absl::StrCat(promotion.id, ".", rules_.message.offers_size()));
      offer.set_title(promotion.id);
      offer.set_applies("automatic");
      if (!promotion.active) offer.mutable_window()->set_through("2020-12-31");
      if (!condition->empty()) offer.set_requires_condition(*condition);
      *offer.mutable_benefit() = benefit;
      std::string stage = OwnStage(target, benefit);
      if (stage == "line" && benefit.has_percent_off() && HasPercentagesOfNet(test_)) {
        stage = "order";
      }
      Stack(promotion, stage, *offer.mutable_stacking());
      rules_.promotion_of_offer[offer.offer()] = promotion.id;
    }
    return absl::OkStatus();
  }

  void Stack(const Promotion& promotion, const std::string& own_stage, v1::Stacking& stacking) {
    stacking.set_priority(next_priority_--);
    if (own_stage == "shelf") {
      stacking.set_stage(own_stage);
      stacking.set_exclusive(promotion.exclusive);
      if (promotion.exclusive) stacking.set_within("line");
      return;
    }
    stacking.set_stage(stages_.Place(own_stage));
    stacking.set_exclusive(promotion.exclusive && !exclude_by_name_);
    if (!promotion.applies_to_already_discounted_items) ExcludeCatalog(stacking);
  }

  void ExcludeCatalog(v1::Stacking& stacking) {
    for (const auto& [offer, promotion] : rules_.promotion_of_offer) {
      if (IsOfCatalog(promotion)) stacking.add_not_with(offer);
    }
    if (stacking.not_with_size() > 0) stacking.set_within("line");
  }

  bool IsOfCatalog(const std::string& id) const {
    return std::any_of(test_.catalog_promotions.begin(), test_.catalog_promotions.end(),
                       [&](const Promotion& promotion) { return promotion.id == id; });
  }

  void ExcludeOthers(const Promotion& promotion) {
    for (v1::Offer& offer : *rules_.message.mutable_offers()) {
      if (rules_.promotion_of_offer[offer.offer()] != promotion.id) continue;
      for (const auto& [other, of] : rules_.promotion_of_offer) {
        if (of == promotion.id || IsOfCatalog(of)) continue;
        offer.mutable_stacking()->add_not_with(other);
      }
    }
  }

  const PromotionCase& test_;
  const std::string currency_;
  CaseRules rules_;
  StageOrder stages_;
  int32_t next_priority_ = 0;
  bool exclude_by_name_ = false;
};

}  // namespace

std::string CurrencyOf(const PromotionCase& test) {
  return test.currency.empty() || test.currency == "unspecified" ? "EUR" : test.currency;
}

bool HasPercentagesOfNet(const PromotionCase& test) {
  return test.platform == "Medusa" && test.HasTag("platform-specific");
}

absl::StatusOr<CaseRules> MapRules(const PromotionCase& test) { return RulesMapper(test).Map(); }

}  // namespace touchstone::rules
