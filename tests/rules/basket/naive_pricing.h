#pragma once

// docs/rules/pricing.md as one would explain it, unit by unit, without scratch, bounds or short
// cuts: the model that the fast path is checked against.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "rules/basket/pricing.h"
#include "tests/rules/basket/naive_units.h"

namespace touchstone::rules {

struct NaiveTaking {
  int64_t amount = 0;
  Decimal quantity;

  friend bool operator==(const NaiveTaking&, const NaiveTaking&) = default;
};

struct NaiveLine {
  BasketLine line = {};
  int64_t gross = 0;
  int64_t entry = 0;
  int64_t floor = 0;
  NaiveUnits units = {};
  std::map<uint32_t, NaiveTaking> taken_by_offer = {};

  int64_t taken() const;
  int64_t net() const { return gross - taken(); }
  int64_t available() const;
  bool is_open_to(const BenefitSpec& benefit) const;
};

struct NaiveOffer {
  BenefitSpec benefit = {};
  std::map<std::string, uint8_t> selected = {};  // by line_id, as Pricer::Apply has it
};

class NaivePricing {
 public:
  NaivePricing(const Basket& basket, const PricingPolicy& policy);
  Applied Apply(const NaiveOffer& offer);

  const std::map<std::string, NaiveLine>& lines() const { return lines_; }
  int64_t points() const { return points_; }

 private:
  // Some units of a line that the benefit does the same to.
  struct Slice {
    UnitsFromTo units;
    int64_t available = 0;
    size_t batch = 0;  // of equal sets
  };
  // A line, or those of its units that the benefit is about.
  struct Share {
    Decimal quantity = {};
    int64_t units = 0;
    int64_t entry = 0;
    int64_t net = 0;
    int64_t available = 0;
    int64_t take = 0;
    std::vector<Slice> slices = {};  // none: the whole line
  };
  // What tiers measure.
  struct Measure {
    int64_t amount = 0;
    int64_t units = 0;
  };
  // Units that must only be there.
  struct Bought {
    std::string id;
    UnitsFromTo units;
    size_t batch = 0;
  };
  // What the benefit in hand is about.
  struct Scope {
    std::map<std::string, Share> shares = {};
    std::vector<Bought> bought = {};
    std::map<std::string, Measure> measured = {};
    std::vector<int64_t> batches = {};  // sets in each
    bool has_supply = false;            // units that could be in a set
    int64_t missing_gifts = 0;
  };
  struct UnitOfLine {
    std::string id;
    size_t position = 0;
  };

  bool IsAbout(const NaiveOffer& offer, const std::string& id, uint8_t bits) const;
  std::vector<UnitOfLine> UnitsByPrice(const NaiveOffer& offer, UnitOrder order,
                                       uint8_t bits) const;
  Scope Find(const NaiveOffer& offer) const;
  Scope FindLines(const NaiveOffer& offer) const;
  Scope FindUnits(const NaiveOffer& offer) const;
  Scope FindSets(const NaiveOffer& offer) const;
  Scope FindGifts(const NaiveOffer& offer) const;
  void AddSlices(const std::string& id, UnitsFromTo units, size_t batch, Scope& scope) const;
  void Sum(Scope& scope) const;
  void MeasureLines(const NaiveOffer& offer, Scope& scope) const;
  void MeasureSets(const BenefitSpec& benefit, Scope& scope) const;
  void MeasureUnits(const BenefitSpec& benefit, const std::string& id, UnitsFromTo units,
                    Measure& measure) const;

  Applied Give(const BenefitSpec& benefit, const Scope& scope);
  Applied TakeOff(const BenefitSpec& benefit, const Reduction& off, Scope& scope);
  const Reduction* Reached(const BenefitSpec& benefit, Measure measure) const;
  const Reduction* ReachedByAny(const BenefitSpec& benefit, const Scope& scope) const;
  void TakeOneSum(const BenefitSpec& benefit, const Reduction& off, Scope& scope) const;
  void TakeByLine(const BenefitSpec& benefit, const Reduction& off, Scope& scope) const;
  void TakeBySet(const Reduction& off, Scope& scope) const;
  void Drop(size_t batch, Scope& scope) const;
  int64_t WantedFrom(const BenefitSpec& benefit, const Reduction& off, const Share& share) const;
  bool CutByGuardRails(Scope& scope) const;
  void Record(const BenefitSpec& benefit, bool on_basket, const Scope& scope);
  void RecordUnits(const BenefitSpec& benefit, const std::string& id, const Share& share);
  int64_t FloorOf(const BasketLine& line, Decimal quantity) const;
  int64_t Percent(int64_t amount, const Reduction& off) const;
  int64_t AmountOf(const AmountByCurrency& amounts) const;

  Currency currency_;
  PricingPolicy policy_;
  bool on_shelf_ = true;
  int64_t points_ = 0;
  std::map<std::string, NaiveLine> lines_;
};

}  // namespace touchstone::rules
