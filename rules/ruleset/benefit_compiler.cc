#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/money/money.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

constexpr int64_t kWholePpm = 1'000'000;
constexpr int64_t kMostUnits = 1'000'000;  // of a gift, and as a threshold
constexpr int64_t kMostPoints = 1'000'000'000;

bool HasSets(const v1::Benefit& benefit) {
  return benefit.has_buy() || benefit.has_get() || benefit.bundle_size() > 0;
}

// Whether it takes nothing off and gives something.
bool IsReward(const v1::Benefit& benefit) {
  return benefit.has_points() || benefit.has_next_visit();
}

PricingStage UsualStage(const v1::Benefit& benefit) {
  if (IsReward(benefit)) return PricingStage::kPoints;
  if (HasSets(benefit) || benefit.has_gift()) return PricingStage::kSet;
  return benefit.has_lines() || benefit.has_units() ? PricingStage::kLine : PricingStage::kOrder;
}

class BenefitCompiler {
 public:
  BenefitCompiler(Compilation& c, absl::string_view path, const v1::Offer& offer)
      : c_(c), path_(path), offer_(offer), message_(offer.benefit()) {}

  BenefitSpec Compile(uint32_t index) {
    spec_.offer = index;
    spec_.offer_id = offer_.offer();
    spec_.priority = offer_.stacking().priority();
    spec_.goes_first = offer_.stacking().exclusive();
    spec_.takes_marked_down = message_.takes_marked_down();
    CompileStage();
    CompileKind();
    CompileTiers();
    CompilePer();
    CompileUnits();
    CompileSet();
    if (message_.has_at_most()) {
      spec_.at_most = CompileAmounts(c_, At("benefit.at_most"), message_.at_most());
    }
    return std::move(spec_);
  }

 private:
  std::string At(absl::string_view key) const { return absl::StrCat(path_, ".", key); }

  void Refuse(absl::string_view key, absl::string_view message, absl::string_view hint = "") {
    c_.reporter.Error(codes::kUnexpectedValue, At(key), message, hint);
  }

  std::optional<uint8_t> TurnOf(PricingStage stage) const {
    return c_.stage_turns[static_cast<size_t>(stage)];
  }

  void CompileStage() {
    const std::string& name = offer_.stacking().stage();
    spec_.stage = UsualStage(message_);
    const bool has_code_stage = TurnOf(PricingStage::kCode).has_value();
    if (spec_.stage == PricingStage::kOrder && offer_.applies() == "coded" && has_code_stage) {
      spec_.stage = PricingStage::kCode;
    }
    if (!name.empty()) {
      const std::optional<PricingStage> stage = FindPricingStage(name);
      if (!stage) {
        c_.reporter.Error(codes::kUnknownWord, At("stacking.stage"),
                          absl::StrCat("there is no stage `", name, "`"),
                          "docs/rules/pricing.md lists them");
        return;
      }
      spec_.stage = *stage;
    }
    const std::optional<uint8_t> turn = TurnOf(spec_.stage);
    if (!turn) {
      c_.reporter.Error(
          codes::kUnknownWord, At(name.empty() ? "benefit" : "stacking.stage"),
          absl::StrCat("the offer is priced in the stage `", PricingStageName(spec_.stage),
                       "`, which pricing.yaml does not name"),
          "add it to `stages` in pricing.yaml");
    }
    spec_.stage_turn = turn.value_or(0);
    CheckStage();
  }

  // What a stage is for.
  void CheckStage() {
    const PricingStage stage = spec_.stage;
    if (IsReward(message_) != (stage == PricingStage::kPoints)) {
      Refuse("stacking.stage",
             "points and coupons, and they alone, are given in the stage `points`");
    }
    const bool sets = HasSets(message_) || message_.has_gift();
    const bool no_sets = stage == PricingStage::kShelf || stage == PricingStage::kLine ||
                         stage == PricingStage::kDelivery;
    if (sets && no_sets) {
      Refuse(
          "stacking.stage",
          absl::StrCat("there are no sets and gifts in the stage `", PricingStageName(stage), "`"),
          "leave `stage` out: it is `set` then");
    }
    const bool no_units = stage == PricingStage::kShelf || stage == PricingStage::kSet ||
                          stage == PricingStage::kDelivery;
    if (message_.has_units() && no_units) {
      Refuse("stacking.stage",
             absl::StrCat("`units` are not picked in the stage `", PricingStageName(stage), "`"),
             "leave `stage` out: it is `line` then");
    }
    if (stage == PricingStage::kSet && !sets) {
      Refuse("stacking.stage", "the stage `set` is for sets and gifts",
             "add `buy` and `get`, or `bundle`");
    }
  }

  void CompileKind() {
    if (message_.has_gift()) return CompileGift();
    if (message_.has_points()) {
      spec_.off.kind = BenefitKind::kPoints;
      spec_.reward.give = Count("benefit.points.give", message_.points().give(), 0, kMostPoints);
      return CompileReward("benefit.points", message_.points());
    }
    if (message_.has_next_visit()) {
      spec_.off.kind = BenefitKind::kCoupons;
      spec_.reward.give = 1;
      return CompileReward("benefit.next_visit", message_.next_visit());
    }
    spec_.off = ReadReduction("benefit", message_);
    if (spec_.off.kind != BenefitKind::kNone || message_.tiers_size() > 0) return;
    c_.reporter.Error(codes::kMissingValue, At("benefit"), "a benefit says what it takes off",
                      "add `percent_off: 20`, `amount_off: { EUR: 5.00 }` or `price: { EUR: "
                      "9.99 }`");
  }

  // Of a benefit or a tier; kNone: it says none.
  template <typename Message>
  Reduction ReadReduction(const std::string& key, const Message& message) {
    Reduction off;
    if (message.has_percent_off()) {
      off.kind = BenefitKind::kPercentOff;
      off.parts_per_million = Percent(key + ".percent_off", message.percent_off());
    } else if (message.has_amount_off()) {
      off.kind = BenefitKind::kAmountOff;
      off.amount = CompileAmounts(c_, At(key + ".amount_off"), message.amount_off());
    } else if (message.has_price()) {
      off.kind = BenefitKind::kPrice;
      off.amount = CompileAmounts(c_, At(key + ".price"), message.price());
    }
    return off;
  }

  int64_t Percent(const std::string& key, const std::string& text) {
    const bool has_sign = !text.empty() && text.back() == '%';
    const absl::StatusOr<int64_t> ppm = ParsePercent(has_sign ? text : absl::StrCat(text, "%"));
    if (!ppm.ok()) {
      c_.reporter.Error(codes::kBadValue, At(key), absl::StrCat("`", text, "` is not a percentage"),
                        "for instance `20` or `12.5`");
      return 0;
    }
    if (*ppm <= 0 || *ppm > kWholePpm) {
      c_.reporter.Error(codes::kOutOfRange, At(key),
                        "a percentage off is more than 0 and at most 100");
      return 0;
    }
    return *ppm;
  }

  // A whole number from 1; `unless_said` when it is 0.
  int64_t Count(const std::string& key, int64_t number, int64_t unless_said, int64_t most) {
    if (number == 0 && unless_said > 0) return unless_said;
    if (number >= 1 && number <= most) return number;
    c_.reporter.Error(codes::kOutOfRange, At(key),
                      absl::StrCat("a number here is 1 to ", most, ", not ", number));
    return 1;
  }

  void CompileGift() {
    const v1::Gift& message = message_.gift();
    spec_.off = {.kind = BenefitKind::kPercentOff, .parts_per_million = kWholePpm};
    GiftSpec& gift = spec_.gift.emplace();
    gift.sku = message.sku();
    gift.units = Count("benefit.gift.units", message.units(), 1, kMostUnits);
    gift.per_unit = message_.per() == "unit";
    if (message.sku().empty()) {
      c_.reporter.Error(codes::kMissingValue, At("benefit.gift"), "a gift is a product",
                        "add `sku:`");
    }
    if (message.prompt() == "pick") {
      gift.prompt = GiftPrompt::kPick;
    } else if (message.prompt() == "add") {
      gift.prompt = GiftPrompt::kAdd;
    } else if (message.prompt() != "scan") {
      c_.reporter.Error(codes::kUnknownWord, At("benefit.gift.prompt"),
                        absl::StrCat("a till is not told to `", message.prompt(), "` a gift"),
                        HintFor(message.prompt(), {"add", "pick", "scan"}));
    }
    if (message_.has_units() || HasSets(message_) || message_.tiers_size() > 0) {
      Refuse("benefit.gift", "a gift has no `units`, sets and `tiers`");
    }
  }

  template <typename Message>
  void CompileReward(const std::string& key, const Message& message) {
    if (message.has_each()) {
      spec_.reward.each = CompileAmounts(c_, At(key + ".each"), message.each());
    }
    if (message_.has_units() || HasSets(message_) || message_.tiers_size() > 0 ||
        message_.has_at_most()) {
      Refuse(key, "points and coupons have no `units`, sets, `tiers` and `at_most`");
    }
  }

  void CompileTiers() {
    for (int i = 0; i < message_.tiers_size(); ++i) {
      const std::string key = absl::StrCat("benefit.tiers[", i, "]");
      BenefitTier tier = CompileTier(key, message_.tiers(i));
      const Reduction& like = spec_.tiers.empty() ? spec_.off : spec_.tiers.back().off;
      if (like.kind != BenefitKind::kNone && tier.off.kind != BenefitKind::kNone &&
          like.kind != tier.off.kind) {
        Refuse(key, "all tiers are of one kind: a percentage, an amount off or a price");
      }
      if (!spec_.tiers.empty()) CheckAscent(key, spec_.tiers.back(), tier);
      spec_.tiers.push_back(std::move(tier));
    }
  }

  BenefitTier CompileTier(const std::string& key, const v1::Tier& message) {
    BenefitTier tier;
    switch (message.threshold_case()) {
      case v1::Tier::kFromAmount:
        tier.from_amount = CompileAmounts(c_, At(key + ".from_amount"), message.from_amount());
        break;
      case v1::Tier::kFromUnits:
        tier.from_units = Count(key + ".from_units", message.from_units(), 0, kMostUnits);
        break;
      case v1::Tier::THRESHOLD_NOT_SET:
        c_.reporter.Error(codes::kMissingValue, At(key), "a tier says from where on it counts",
                          "add `from_amount: { EUR: 50.00 }` or `from_units: 3`");
        break;
    }
    tier.off = ReadReduction(key, message);
    if (tier.off.kind == BenefitKind::kNone) {
      c_.reporter.Error(codes::kMissingValue, At(key), "a tier says what it takes off",
                        "add `percent_off`, `amount_off` or `price`");
    }
    return tier;
  }

  void CheckAscent(const std::string& key, const BenefitTier& before, const BenefitTier& tier) {
    bool ascends = before.from_amount.empty() == tier.from_amount.empty() &&
                   (!tier.from_amount.empty() || tier.from_units > before.from_units);
    for (const Money& amount : tier.from_amount) {
      const std::optional<int64_t> lower = AmountIn(before.from_amount, amount.currency);
      ascends = ascends && (!lower || amount.amount_minor > *lower);
    }
    if (ascends) return;
    c_.reporter.Error(codes::kBadValue, At(key),
                      "tiers go from the least threshold to the largest, all by amount or all by "
                      "units");
  }

  BenefitKind Kind() const {
    return spec_.off.kind == BenefitKind::kNone && !spec_.tiers.empty()
               ? spec_.tiers.front().off.kind
               : spec_.off.kind;
  }

  void CompilePer() {
    const std::string& per = message_.per();
    const bool by_amount = Kind() == BenefitKind::kAmountOff || Kind() == BenefitKind::kPrice;
    if (!by_amount) {
      const bool fits = per.empty() || (spec_.gift && per == "unit");
      if (!fits) {
        Refuse("benefit.per", spec_.gift ? "a gift is given once, or `per: unit`"
                                         : "only `amount_off` and `price` say `per`; a percentage "
                                           "is of every line");
      }
      return;
    }
    if (per == "unit") {
      spec_.per = AmountPer::kUnit;
    } else if (per == "line") {
      spec_.per = AmountPer::kLine;
    } else if (per == "set") {
      spec_.per = AmountPer::kSet;
    } else if (per == "basket") {
      spec_.per = AmountPer::kBasket;
    } else if (per.empty()) {
      c_.reporter.Error(codes::kMissingValue, At("benefit"),
                        "`amount_off` and `price` say per what",
                        "add `per: basket`, `per: line`, `per: set` or `per: unit`");
    } else {
      c_.reporter.Error(codes::kUnknownWord, At("benefit.per"),
                        absl::StrCat("an amount cannot be per `", per, "`"),
                        HintFor(per, {"basket", "line", "set", "unit"}));
    }
    if (spec_.per == AmountPer::kSet && !HasSets(message_)) {
      Refuse("benefit.per", "without `buy` and `get` or a `bundle` there are no sets");
    }
    if (spec_.stage == PricingStage::kShelf && spec_.per == AmountPer::kBasket) {
      Refuse("benefit.per", "a shelf price is `per: unit` or `per: line`");
    }
  }

  std::optional<UnitOrder> FindOrder(const std::string& key, const std::string& order) {
    if (order == "dearest_first") return UnitOrder::kDearestFirst;
    if (order == "cheapest_first") return UnitOrder::kCheapestFirst;
    c_.reporter.Error(
        codes::kUnknownWord, At(key),
        order.empty() ? "which units go first?" : absl::StrCat("units do not go `", order, "`"),
        HintFor(order, {"cheapest_first", "dearest_first"}));
    return std::nullopt;
  }

  void CompileUnits() {
    if (!message_.has_units()) return;
    const v1::UnitRange& message = message_.units();
    UnitRange& range = spec_.units.emplace();
    range.per_line = message.per() == "line";
    if (!message.per().empty() && message.per() != "basket" && !range.per_line) {
      c_.reporter.Error(codes::kUnknownWord, At("benefit.units.per"),
                        absl::StrCat("units are not counted per `", message.per(), "`"),
                        HintFor(message.per(), {"basket", "line"}));
    }
    if (!range.per_line || !message.order().empty()) {
      range.order = FindOrder("benefit.units.order", message.order()).value_or(range.order);
    }
    range.first = Count("benefit.units.from", message.from(), 1, kMostUnits);
    if (message.through() != 0) {
      range.last = Count("benefit.units.through", message.through(), 0, kMostUnits);
    }
    if (range.last < range.first) {
      c_.reporter.Error(codes::kOutOfRange, At("benefit.units"),
                        "`through` is not before `from`: no unit would be picked");
    }
    if (HasSets(message_)) Refuse("benefit.units", "`units` and sets do not go together");
  }

  SetPart PartOf(const std::string& key, const v1::SetPart& message, bool is_got) {
    return {.units = Count(absl::StrCat("benefit.", key, ".units"), message.units(), 0,
                           kMaxUnitsInSetPart),
            .is_got = is_got};
  }

  void CompileSet() {
    if (!HasSets(message_)) {
      if (!message_.grouping().empty() || message_.sets_at_most() != 0) {
        Refuse("benefit", "`grouping` and `sets_at_most` are for `buy` and `get` or a `bundle`");
      }
      return;
    }
    SetSpec& set = spec_.set.emplace();
    if (message_.bundle_size() > 0) {
      CompileBundle(set);
    } else {
      CompileBuyAndGet(set);
    }
    CompileGrouping(set);
    if (message_.sets_at_most() != 0) {
      set.at_most = Count("benefit.sets_at_most", message_.sets_at_most(), 0, kMostUnits);
    }
  }

  void CompileBundle(SetSpec& set) {
    if (message_.has_buy() || message_.has_get()) {
      Refuse("benefit.bundle", "a `bundle` does not go together with `buy` and `get`");
    }
    if (message_.bundle_size() > static_cast<int>(kMaxSetParts)) {
      c_.reporter.Error(codes::kTooMany, At("benefit.bundle"),
                        absl::StrCat("a bundle has at most ", kMaxSetParts, " parts"));
    }
    const int parts = std::min(message_.bundle_size(), static_cast<int>(kMaxSetParts));
    for (int i = 0; i < parts; ++i) {
      set.parts.push_back(PartOf(absl::StrCat("bundle[", i, "]"), message_.bundle(i), true));
    }
  }

  // Units of one kind are one part, of which the cheapest are got.
  void CompileBuyAndGet(SetSpec& set) {
    if (!message_.has_buy() || !message_.has_get()) {
      c_.reporter.Error(codes::kMissingValue, At("benefit"), "`buy` and `get` go together",
                        "for instance `buy: { units: 2 }, get: { units: 1 }`");
    }
    const SetPart buy = PartOf("buy", message_.buy(), false);
    const SetPart get = PartOf("get", message_.get(), true);
    if (message_.buy().has_lines() || message_.get().has_lines()) {
      set.parts = {buy, get};
      return;
    }
    set.parts = {{.units = buy.units + get.units, .is_got = true}};
    set.cheapest_got = get.units;
  }

  void CompileGrouping(SetSpec& set) {
    const std::string& grouping = message_.grouping();
    if (grouping == "cheapest_of_all" && message_.bundle_size() == 0) {
      set.grouping = Grouping::kCheapestOfAll;
    } else if (grouping == "cheapest_first") {
      set.grouping = Grouping::kCheapestFirst;
    } else if (grouping == "cheapest_of_all") {
      c_.reporter.Error(codes::kUnknownWord, At("benefit.grouping"),
                        "a bundle is about all of its units, not about the cheapest",
                        "`dearest_first` or `cheapest_first`");
    } else if (grouping.empty()) {
      c_.reporter.Error(codes::kMissingValue, At("benefit"), "sets say which units make them",
                        "add `grouping: dearest_first`, the best for the customer");
    } else if (grouping != "dearest_first") {
      c_.reporter.Error(codes::kUnknownWord, At("benefit.grouping"),
                        absl::StrCat("sets are not made `", grouping, "`"),
                        HintFor(grouping, {"cheapest_first", "cheapest_of_all", "dearest_first"}));
    }
  }

  Compilation& c_;
  const std::string path_;
  const v1::Offer& offer_;
  const v1::Benefit& message_;
  BenefitSpec spec_;
};

}  // namespace

std::optional<BenefitSpec> CompileBenefit(Compilation& c, absl::string_view path,
                                          const v1::Offer& offer, uint32_t index) {
  if (!offer.has_benefit()) return std::nullopt;
  return BenefitCompiler(c, path, offer).Compile(index);
}

}  // namespace touchstone::rules
