#include "tests/rules/basket/naive_pricing.h"

#include <algorithm>
#include <tuple>

#include "absl/numeric/int128.h"

namespace touchstone::rules {
namespace {

constexpr int64_t kMillion = 1'000'000;

absl::int128 Wide(int64_t value) { return value; }

// Rounded down.
int64_t ShareOf(int64_t amount, int64_t parts_per_million) {
  return static_cast<int64_t>(Wide(amount) * parts_per_million / kMillion);
}

// Largest remainder with one full sort.
std::map<std::string, int64_t> Hamilton(int64_t total, const std::vector<NaiveShare>& shares) {
  std::map<std::string, int64_t> parts;
  absl::int128 sum = 0;
  for (const NaiveShare& share : shares) sum += share.weight;
  if (sum == 0) return parts;
  struct Claim {
    absl::int128 remainder;
    int64_t weight;
    std::string id;
  };
  std::vector<Claim> claims;
  int64_t left = total;
  for (const NaiveShare& share : shares) {
    const absl::int128 product = Wide(total) * share.weight;
    parts[share.id] = static_cast<int64_t>(product / sum);
    left -= parts[share.id];
    claims.push_back({product % sum, share.weight, share.id});
  }
  std::sort(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) {
    return std::tie(b.remainder, b.weight, a.id) < std::tie(a.remainder, a.weight, b.id);
  });
  for (const Claim& claim : claims) {
    if (left-- <= 0) break;
    ++parts[claim.id];
  }
  return parts;
}

int64_t SumOf(const std::map<std::string, int64_t>& parts) {
  int64_t sum = 0;
  for (const auto& [id, part] : parts) sum += part;
  return sum;
}

int64_t AmountOr(const AmountByCurrency& amounts, Currency currency, int64_t otherwise) {
  for (const Money& amount : amounts) {
    if (amount.currency == currency) return amount.amount_minor;
  }
  return otherwise;
}

std::map<std::string, int64_t> Shrink(const std::map<std::string, int64_t>& takes, int64_t total) {
  std::vector<NaiveShare> shares;
  for (const auto& [id, take] : takes) shares.push_back({id, take, take});
  return NaiveSpread(total, shares);
}

}  // namespace

std::map<std::string, int64_t> NaiveSpread(int64_t total, std::vector<NaiveShare> shares) {
  std::map<std::string, int64_t> parts;
  // Rounds: whoever's proportional part reaches its cap gets the cap and leaves.
  for (bool someone_left = true; someone_left;) {
    someone_left = false;
    absl::int128 weights = 0;
    for (const NaiveShare& share : shares) weights += share.weight;
    const int64_t at_stake = total;
    for (size_t i = 0; i < shares.size();) {
      const NaiveShare share = shares[i];
      if (Wide(at_stake) * share.weight < Wide(share.cap) * weights) {
        ++i;
        continue;
      }
      parts[share.id] = share.cap;
      total -= share.cap;
      shares.erase(shares.begin() + static_cast<ptrdiff_t>(i));
      someone_left = true;
    }
  }
  for (const auto& [id, part] : Hamilton(total, shares)) parts[id] = part;
  return parts;
}

int64_t NaiveLine::taken() const {
  int64_t sum = 0;
  for (const auto& [offer, amount] : taken_by_offer) sum += amount;
  return sum;
}

int64_t NaiveLine::available() const { return std::max<int64_t>(0, net() - floor); }

NaivePricing::NaivePricing(const Basket& basket, const PricingPolicy& policy)
    : currency_(basket.currency), policy_(policy) {
  for (const BasketLine& line : basket.lines) {
    const int64_t total =
        LineTotal(line.quantity, line.unit_price_e4, currency_, policy.rounding)->amount_minor;
    NaiveLine naive{.line = line};
    naive.gross = line.is_return ? -std::max<int64_t>(0, -total - line.manual_discount_minor)
                                 : std::max<int64_t>(0, total - line.manual_discount_minor);
    naive.floor =
        LineTotal(line.quantity, line.floor_price_e4.value_or(0), currency_, Rounding::kUp)
            ->amount_minor;
    lines_[std::string(line.line_id)] = naive;
  }
}

Applied NaivePricing::Apply(const NaiveOffer& offer) {
  const BenefitSpec& benefit = offer.benefit;
  const int64_t at_most =
      AmountOr(benefit.at_most, currency_, benefit.at_most.empty() ? INT64_MAX : -1);
  const int64_t amount = AmountOr(benefit.amount_off, currency_, -1);
  const bool percent = benefit.kind == BenefitKind::kPercentOff;
  if (at_most < 0 || (!percent && amount < 0)) return {.reason = NothingTaken::kNoCurrency};

  std::map<std::string, int64_t> takes;
  std::vector<NaiveShare> shares;
  int64_t net = 0;
  int64_t available = 0;
  for (const auto& [id, line] : lines_) {
    const PriceSource source = line.line.price_source;
    const bool marked_down = source == PriceSource::kMarkdown || source == PriceSource::kOverride;
    if (!line.line.merchandise || line.line.never_discount || line.line.is_return) continue;
    if (!offer.selected.at(id) || (marked_down && !benefit.takes_marked_down)) continue;
    shares.push_back({id, line.net(), line.available()});
    net += line.net();
    available += line.available();
    const int64_t wanted =
        percent ? Percentage({line.gross, currency_}, benefit.parts_per_million, policy_.rounding)
                      ->amount_minor
        : benefit.per == AmountPer::kLine
            ? amount
            : Multiply(Money{amount, currency_}, line.line.quantity, policy_.rounding)
                  ->amount_minor;
    takes[id] = std::min(wanted, line.available());
  }
  if (takes.empty()) return {.reason = NothingTaken::kNoLines};
  if (available == 0) return {.reason = NothingTaken::kNothingLeft};

  const bool one_sum =
      percent ? benefit.stage == PricingStage::kOrder : benefit.per == AmountPer::kBasket;
  if (one_sum) {
    const int64_t wanted =
        percent ? Percentage({net, currency_}, benefit.parts_per_million, policy_.rounding)
                      ->amount_minor
                : amount;
    takes = NaiveSpread(std::min({wanted, at_most, available}), shares);
  } else if (SumOf(takes) > at_most) {
    takes = Shrink(takes, at_most);
  }
  if (SumOf(takes) == 0) return {.reason = NothingTaken::kTooSmall};

  Applied applied;
  int64_t basket_gross = 0;
  int64_t basket_taken = 0;
  for (const auto& [id, line] : lines_) {
    if (!line.line.merchandise || line.line.never_discount || line.line.is_return) continue;
    basket_gross += line.gross;
    basket_taken += line.taken();
  }
  for (auto& [id, take] : takes) {
    const NaiveLine& line = lines_.at(id);
    const int64_t left = ShareOf(line.gross, policy_.most_off_line_ppm) - line.taken();
    applied.cut_by_guard_rail |= take > left;
    take = std::min(take, left);
  }
  const int64_t left = ShareOf(basket_gross, policy_.most_off_basket_ppm) - basket_taken;
  applied.cut_by_guard_rail |= SumOf(takes) > left;
  const int64_t total = std::min(SumOf(takes), left);
  if (total < SumOf(takes)) takes = Shrink(takes, total);
  for (const auto& [id, take] : takes) lines_.at(id).taken_by_offer[benefit.offer] += take;
  applied.taken_minor = total;
  if (total == 0) applied.reason = NothingTaken::kNothingLeft;
  return applied;
}

}  // namespace touchstone::rules
