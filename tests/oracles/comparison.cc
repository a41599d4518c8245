#include "tests/oracles/comparison.h"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace touchstone::rules {
namespace {

constexpr absl::string_view kWithTax = "_with_tax";

// An amount over units that cost the same, as even as it goes, larger ones first.
std::vector<int64_t> Shares(int64_t total_minor, int64_t units) {
  std::vector<int64_t> shares(static_cast<size_t>(units), total_minor / units);
  for (size_t i = 0; i < static_cast<size_t>(total_minor % units); ++i) ++shares[i];
  return shares;
}

class Outcome {
 public:
  Outcome(const PromotionCase& test, const PricedCase& priced) : test_(test), priced_(priced) {}

  // What came, in minor units; nullopt for a path that is not known.
  std::optional<std::vector<int64_t>> At(const std::vector<std::string>& path) const {
    const std::string& key = path[0];
    if (absl::EndsWith(key, kWithTax)) return WithTax(key);
    if (path.size() == 1) return OfBasket(key);
    if (key == "discount_by_promotion_and_line" && path.size() == 3) {
      return Amounts{Taken([&](const PromotionTaking& taking) {
        return taking.promotion == path[1] && NameOf(taking) == path[2];
      })};
    }
    if (key == "discount_by_promotion" && path.size() == 2) {
      return Amounts{
          Taken([&](const PromotionTaking& taking) { return taking.promotion == path[1]; })};
    }
    return OfItem(key, path);
  }

 private:
  using Amounts = std::vector<int64_t>;

  const std::string& NameOf(const PromotionTaking& taking) const {
    return priced_.lines[taking.line].name;
  }
  bool IsOfDelivery(const PromotionTaking& taking) const {
    return priced_.lines[taking.line].is_delivery;
  }

  template <typename Which>
  int64_t Taken(Which which) const {
    int64_t sum = 0;
    for (const PromotionTaking& taking : priced_.takings) {
      if (which(taking)) sum += taking.amount_minor;
    }
    return sum;
  }

  template <typename Which>
  int64_t Summed(int64_t PricedLine::* amount, Which which) const {
    int64_t sum = 0;
    for (const PricedLine& line : priced_.lines) {
      if (which(line)) sum += line.*amount;
    }
    return sum;
  }

  // Of a case that is about shipping alone, what is off shipping counts.
  int64_t TotalDiscount() const {
    return Taken([&](const PromotionTaking& taking) {
      return !taking.on_shelf && (test_.cart.empty() || !IsOfDelivery(taking));
    });
  }

  std::optional<Amounts> OfBasket(const std::string& key) const {
    const auto is_delivery = [](const PricedLine& line) { return line.is_delivery; };
    const auto is_item = [](const PricedLine& line) { return !line.is_delivery; };
    if (key == "cart_total") return Amounts{priced_.payable_minor};
    if (key == "total_discount") return Amounts{TotalDiscount()};
    if (key == "items_gross") return Amounts{Summed(&PricedLine::gross_minor, is_item)};
    if (key == "shipping_total") return Amounts{Summed(&PricedLine::net_minor, is_delivery)};
    if (key == "shipping_discount") {
      return Amounts{Taken([&](const PromotionTaking& taking) { return IsOfDelivery(taking); })};
    }
    if (key == "discount_count") return Amounts{Promotions()};
    if (key == "line_discounts_any_order") return LineDiscounts();
    return std::nullopt;
  }

  std::optional<Amounts> OfItem(const std::string& key,
                                const std::vector<std::string>& path) const {
    const std::string& item = path[1];
    const auto is_item = [&](const PricedLine& line) { return line.name == item; };
    const int64_t units = Summed(&PricedLine::units, is_item);
    if (units == 0) return std::nullopt;
    const int64_t gross = Summed(&PricedLine::gross_minor, is_item);
    const int64_t net = Summed(&PricedLine::net_minor, is_item);
    const int64_t off_shelf = Taken(
        [&](const PromotionTaking& taking) { return taking.on_shelf && NameOf(taking) == item; });
    if (key == "line_discount") return Amounts{gross - off_shelf - net};
    if (key == "unit_discounts") return Shares(gross - net, units);
    if (key == "final_unit_price") return Amounts{Shares(net, units)[0]};
    if (key == "catalog_price" && path.size() == 3) {
      return Amounts{Shares(path[2] == "from" ? gross : gross - off_shelf, units)[0]};
    }
    return std::nullopt;
  }

  // Different from each other, and of the basket.
  int64_t Promotions() const {
    std::set<std::string> applied;
    for (const PromotionTaking& taking : priced_.takings) {
      if (!taking.on_shelf) applied.insert(taking.promotion);
    }
    return static_cast<int64_t>(applied.size());
  }

  Amounts LineDiscounts() const {
    Amounts amounts;
    for (const PricedLine& line : priced_.lines) {
      if (!line.is_delivery) amounts.push_back(line.gross_minor - line.net_minor);
    }
    std::sort(amounts.begin(), amounts.end());
    return amounts;
  }

  // The tax of the case, put on what came before it: once, on the sum.
  std::optional<Amounts> WithTax(const std::string& key) const {
    std::optional<Amounts> amounts = OfBasket(key.substr(0, key.size() - kWithTax.size()));
    int64_t rate_percent = 0;
    if (!absl::SimpleAtoi(test_.tax_rate_percent, &rate_percent)) return std::nullopt;
    if (!amounts.has_value()) return amounts;
    for (int64_t& amount : *amounts) amount = (amount * (100 + rate_percent) + 50) / 100;
    return amounts;
  }

  const PromotionCase& test_;
  const PricedCase& priced_;
};

// In the units in which At tells the same.
std::optional<std::vector<int64_t>> Expected(const Assertion& assertion, Currency currency) {
  std::vector<int64_t> values;
  for (const std::string& text : assertion.values) {
    int64_t count = 0;
    const absl::StatusOr<Money> amount = ParseAmount(text, currency);
    if (assertion.path[0] == "discount_count" && absl::SimpleAtoi(text, &count)) {
      values.push_back(count);
    } else if (amount.ok()) {
      values.push_back(amount->amount_minor);
    } else {
      return std::nullopt;
    }
  }
  if (absl::EndsWith(assertion.path[0], "_any_order")) std::sort(values.begin(), values.end());
  if (assertion.path[0] == "unit_discounts") std::sort(values.rbegin(), values.rend());
  return values;
}

}  // namespace

bool IsComparable(const Assertion& assertion) { return assertion.path[0] != "cart_net"; }

std::string Differences(const PromotionCase& test, const PricedCase& priced) {
  const Outcome outcome(test, priced);
  std::string differences;
  for (const Assertion& assertion : test.expected) {
    if (!IsComparable(assertion)) continue;
    const std::optional<std::vector<int64_t>> expected = Expected(assertion, priced.currency);
    const std::optional<std::vector<int64_t>> came = outcome.At(assertion.path);
    if (expected.has_value() && came.has_value() && *expected == *came) continue;
    absl::StrAppend(&differences, "\n       ", absl::StrJoin(assertion.path, "."), ": expected ",
                    absl::StrJoin(assertion.values, " "), ", ");
    if (!came.has_value()) {
      absl::StrAppend(&differences, "which the runner does not know");
    } else {
      absl::StrAppend(&differences, "in minor units came ", absl::StrJoin(*came, " "));
    }
  }
  return differences;
}

}  // namespace touchstone::rules
