#pragma once

// Pricing as one would explain it, without scratch, bounds or short cuts: the model that the fast
// path is checked against.

#include <map>
#include <string>
#include <vector>

#include "rules/basket/pricing.h"

namespace touchstone::rules {

struct NaiveShare {
  std::string id;
  int64_t weight = 0;
  int64_t cap = 0;
};

// Part by id.
std::map<std::string, int64_t> NaiveSpread(int64_t total, std::vector<NaiveShare> shares);

struct NaiveLine {
  BasketLine line = {};
  int64_t gross = 0;
  int64_t floor = 0;
  std::map<uint32_t, int64_t> taken_by_offer = {};

  int64_t taken() const;
  int64_t net() const { return gross - taken(); }
  int64_t available() const;
};

struct NaiveOffer {
  BenefitSpec benefit = {};
  std::map<std::string, bool> selected = {};  // by line_id
};

class NaivePricing {
 public:
  NaivePricing(const Basket& basket, const PricingPolicy& policy);
  Applied Apply(const NaiveOffer& offer);

  const std::map<std::string, NaiveLine>& lines() const { return lines_; }

 private:
  Currency currency_;
  PricingPolicy policy_;
  std::map<std::string, NaiveLine> lines_;
};

}  // namespace touchstone::rules
