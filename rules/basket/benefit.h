#pragma once

// What an offer does to a basket, as compiled from a rule set. docs/rules/pricing.md says what each
// comes to.
//
// Thread safety: plain data; const use from any thread. Units: amounts in minor units, shares in
// parts per million.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rules/money/money.h"

namespace touchstone::rules {

// In the order in which they run unless a rule set says otherwise.
enum class PricingStage : uint8_t {
  kShelf,
  kLine,
  kSet,
  kOrder,
  kCode,
  kTender,
  kDelivery,
  kPoints,
};
inline constexpr size_t kPricingStages = 8;
// "shelf": the word in rule sets and answers.
absl::string_view PricingStageName(PricingStage stage);
std::optional<PricingStage> FindPricingStage(absl::string_view name);

// At most one amount a currency.
using AmountByCurrency = std::vector<Money>;

// The amount in `currency`, in minor units.
std::optional<int64_t> AmountIn(const AmountByCurrency& amounts, Currency currency);

enum class BenefitKind : uint8_t {
  kNone,  // below the first tier
  kPercentOff,
  kAmountOff,
  kPrice,
  kPoints,
  kCoupons,  // for a later visit
};

// What is taken off.
struct Reduction {
  BenefitKind kind = BenefitKind::kNone;
  int64_t parts_per_million = 0;  // kPercentOff: 0 to 1,000,000
  AmountByCurrency amount = {};   // kAmountOff, kPrice: not negative
};

enum class AmountPer : uint8_t {
  kUnit,    // times the quantity, which for a weighed line is its weight
  kLine,    // from each line
  kSet,     // from each complete set
  kBasket,  // once, spread over the lines in proportion to what is left of them
};

enum class UnitOrder : uint8_t { kDearestFirst, kCheapestFirst };

// Units by their position in an order by price.
struct UnitRange {
  UnitOrder order = UnitOrder::kDearestFirst;
  int64_t first = 1;
  int64_t last = std::numeric_limits<int64_t>::max();
  bool per_line = false;  // counted on each line by itself
};

inline constexpr size_t kMaxSetParts = 8;
inline constexpr int64_t kMaxUnitsInSetPart = 1000;

enum class Grouping : uint8_t { kDearestFirst, kCheapestFirst, kCheapestOfAll };

struct SetPart {
  int64_t units = 1;    // 1 to kMaxUnitsInSetPart
  bool is_got = false;  // the benefit is about it; else it must only be there
};

// The parts of a set: bit i of what selects a line says that its units may serve in part i.
struct SetSpec {
  std::vector<SetPart> parts;  // 1 to kMaxSetParts
  // With one part: of each set the benefit is about so many, the cheapest. 0: about all.
  int64_t cheapest_got = 0;
  Grouping grouping = Grouping::kDearestFirst;  // kCheapestOfAll: as kCheapestFirst with two parts
  int64_t at_most = std::numeric_limits<int64_t>::max();  // sets of one basket
};

// From its threshold on, `off` counts.
struct BenefitTier {
  AmountByCurrency from_amount = {};  // empty: from_units
  int64_t from_units = 0;
  Reduction off = {};
};

enum class GiftPrompt : uint8_t { kScan, kPick, kAdd };

// Bits of what selects a line for a gift.
inline constexpr uint8_t kQualifiesForGift = 1;
inline constexpr uint8_t kIsGift = 2;

struct GiftSpec {
  std::string sku;
  int64_t units = 1;
  bool per_unit = false;  // for each unit of the qualifying lines; else once
  GiftPrompt prompt = GiftPrompt::kScan;
};

inline constexpr int64_t kMaxCoupons = 100;  // that one offer gives for one basket

// What takes nothing off and is given: points, coupons.
struct RewardSpec {
  int64_t give = 0;            // above 0
  AmountByCurrency each = {};  // for each full one of these; empty: once
};

struct BenefitSpec {
  uint32_t offer = 0;         // index in the rule set
  std::string offer_id = {};  // breaks ties of priority
  PricingStage stage = PricingStage::kLine;
  uint8_t stage_turn = 0;   // place of the stage in the rule set's order
  bool goes_first = false;  // in its stage, before those of any priority
  int32_t priority = 0;     // higher goes first in its stage
  Reduction off = {};       // with tiers: what counts below the first
  AmountPer per = AmountPer::kBasket;
  AmountByCurrency at_most = {};   // caps what the offer takes from one basket; empty: no cap
  bool takes_marked_down = false;  // also from lines at kMarkdown and kOverride prices
  std::optional<UnitRange> units = {};
  std::optional<SetSpec> set = {};
  std::vector<BenefitTier> tiers = {};  // from the least threshold to the largest
  std::optional<GiftSpec> gift = {};
  RewardSpec reward = {};  // kPoints, kCoupons
};

// Whether it is about whole lines of merchandise, whatever is bought: no units, sets, gift, reward
// or tiers, and not about delivery.
bool IsPlain(const BenefitSpec& benefit);

// Whether a percentage of the benefit is of what earlier offers left, not of the price on entry.
bool IsOfNet(const BenefitSpec& benefit);

// Whether every amount that the benefit names is there in `currency`. When not, the offer does not
// apply: without its cap it would give more than its author meant.
bool HasAmountsIn(const BenefitSpec& benefit, Currency currency);

// The order of pricing: by the stage's turn, those that go first, higher priority, offer id.
bool GoesBefore(const BenefitSpec& a, const BenefitSpec& b);
// Positions in `benefits` in the order of pricing.
std::vector<uint32_t> OrderBenefits(absl::Span<const BenefitSpec* const> benefits);

}  // namespace touchstone::rules
