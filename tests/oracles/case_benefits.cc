#include "tests/oracles/case_benefits.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/oracles/case_conditions.h"

namespace touchstone::rules {
namespace {

bool IsZero(const std::string& number) {
  return number.find_first_of("123456789") == std::string::npos;
}

class BenefitMapper {
 public:
  BenefitMapper(const PromotionBenefit& benefit, const LineFilter& qualifying,
                const std::string& currency)
      : benefit_(benefit), qualifying_(qualifying), currency_(currency) {}

  absl::StatusOr<std::vector<v1::Benefit>> Map() const {
    const std::string& kind = benefit_.kind;
    if (kind == "fixed" || kind == "percent" || kind == "fixed_price") return Plain();
    if (kind == "tiered_percent" || kind == "tiered_fixed") return Tiered();
    if (kind == "buy_x_get_y_free") return BuyAndGet();
    if (kind == "first_then_additional") return FirstThenAdditional();
    if (kind == "free_item") return Gift();
    return absl::UnimplementedError(absl::StrCat("no benefit of ours is known for ", kind));
  }

 private:
  using Benefits = std::vector<v1::Benefit>;

  v1::AmountByCurrency Amount(const std::string& amount) const {
    v1::AmountByCurrency message;
    (*message.mutable_amounts())[currency_] = amount;
    return message;
  }

  // Filter, cap and which units: what holds for every kind.
  v1::Benefit Frame() const {
    v1::Benefit message;
    const std::string lines = LinesText(benefit_.filter);
    if (!lines.empty()) message.set_lines(lines);
    if (!benefit_.max_amount.empty()) *message.mutable_at_most() = Amount(benefit_.max_amount);
    if (benefit_.only_complete_groups_of > 0) {
      message.add_bundle()->set_units(benefit_.only_complete_groups_of);
      message.set_grouping("dearest_first");
    } else if (benefit_.max_units > 0) {
      SetUnits(1, benefit_.max_units, message);
    }
    return message;
  }

  static void SetUnits(int64_t from, int64_t through, v1::Benefit& message) {
    message.mutable_units()->set_order("dearest_first");
    message.mutable_units()->set_per("line");
    message.mutable_units()->set_from(from);
    message.mutable_units()->set_through(through);
  }

  std::string Per() const {
    if (benefit_.allocation == "across" || benefit_.target == "order") return "basket";
    if (benefit_.allocation == "each_line" || benefit_.target == "line") return "line";
    return benefit_.target == "shipping" ? "basket" : "unit";
  }

  Benefits Plain() const {
    if (IsZero(benefit_.value) && benefit_.kind != "fixed_price") return {};
    v1::Benefit message = Frame();
    if (benefit_.kind == "percent") {
      message.set_percent_off(benefit_.value);
    } else if (benefit_.kind == "fixed") {
      *message.mutable_amount_off() = Amount(benefit_.value);
      message.set_per(Per());
    } else {
      *message.mutable_price() = Amount(benefit_.value);
      message.set_per(Per());
    }
    return {message};
  }

  absl::StatusOr<Benefits> Tiered() const {
    const bool by_percent = benefit_.kind == "tiered_percent";
    v1::Benefit message = Frame();
    if (!by_percent) message.set_per(Per());
    if (!IsZero(benefit_.value)) {
      if (by_percent) {
        message.set_percent_off(benefit_.value);
      } else {
        *message.mutable_amount_off() = Amount(benefit_.value);
      }
    }
    for (const PromotionTier& tier : benefit_.tiers) {
      if (!tier.items_total_min.empty() && message.has_lines()) {
        return absl::UnimplementedError(
            "tiers by the total of the order are not known together with a filter");
      }
      v1::Tier& added = *message.add_tiers();
      const std::string& from =
          tier.items_total_min.empty() ? tier.amount_min : tier.items_total_min;
      if (tier.eligible_quantity_min > 0) {
        added.set_from_units(tier.eligible_quantity_min);
      } else {
        *added.mutable_from_amount() = Amount(from);
      }
      if (by_percent) {
        added.set_percent_off(tier.percent);
      } else {
        *added.mutable_amount_off() = Amount(tier.value);
      }
    }
    return Benefits{message};
  }

  // Units of one kind share the filter of the benefit; else each part has its own.
  Benefits BuyAndGet() const {
    v1::Benefit message;
    message.set_percent_off("100");
    message.set_grouping("dearest_first");
    message.mutable_buy()->set_units(benefit_.buy.quantity);
    message.mutable_get()->set_units(benefit_.get.quantity);
    const std::string bought = LinesText(benefit_.buy.filter);
    const std::string got = LinesText(benefit_.get.filter);
    if (bought == got) {
      if (!got.empty()) message.set_lines(got);
    } else {
      if (!bought.empty()) message.mutable_buy()->set_lines(bought);
      if (!got.empty()) message.mutable_get()->set_lines(got);
    }
    if (benefit_.max_units > 0) {
      message.set_sets_at_most(
          std::max<int64_t>(1, benefit_.max_units / std::max<int64_t>(1, benefit_.get.quantity)));
    } else if (benefit_.buy.at_least) {
      message.set_sets_at_most(1);
    }
    return {message};
  }

  Benefits FirstThenAdditional() const {
    Benefits both;
    const auto add = [&](const std::string& amount, int64_t from, int64_t through) {
      if (IsZero(amount) || (through > 0 && through < from)) return;
      v1::Benefit message = Frame();
      *message.mutable_amount_off() = Amount(amount);
      message.set_per("unit");
      SetUnits(from, through, message);
      both.push_back(message);
    };
    add(benefit_.first, 1, 1);
    add(benefit_.additional, 2, benefit_.max_units);
    return both;
  }

  Benefits Gift() const {
    v1::Benefit message;
    message.mutable_gift()->set_sku(benefit_.gift_item);
    message.mutable_gift()->set_prompt("add");
    const std::string lines = LinesText(qualifying_);
    if (!lines.empty()) message.set_lines(lines);
    if (benefit_.per_qualifying_unit) message.set_per("unit");
    return {message};
  }

  const PromotionBenefit& benefit_;
  const LineFilter& qualifying_;
  const std::string& currency_;
};

}  // namespace

absl::StatusOr<std::vector<v1::Benefit>> MapBenefit(const PromotionBenefit& benefit,
                                                    const LineFilter& qualifying,
                                                    const std::string& currency) {
  return BenefitMapper(benefit, qualifying, currency).Map();
}

}  // namespace touchstone::rules
