// Random baskets are sold under random offers and come back bit by bit.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "rules/sale/returns.h"
#include "tests/rules/basket/pricing_samples.h"
#include "tests/rules/sale/sold_lines.h"

namespace touchstone::rules {
namespace {

struct SampleSale {
  PricingSample sample;  // with the offers that changed it, and no others
  std::vector<SoldLine> lines = {};
  int64_t paid = 0;

  Basket basket() const { return {sample.currency, sample.lines}; }
};

SampleSale Sell(const PricingSample& sample, Pricer& pricer) {
  SampleSale sale{.sample = sample};
  const std::vector<Applied> applied = ApplyAll(sample, sample.lines, pricer);
  sale.sample.offers.clear();
  for (size_t i = 0; i < applied.size(); ++i) {
    if (applied[i].reason == NothingTaken::kNone) sale.sample.offers.push_back(sample.offers[i]);
  }
  sale.lines = SoldLinesOf(sample.lines, pricer.lines(), pricer.takings());
  sale.paid = PaidForSold(sample.lines, pricer.lines());
  return sale;
}

int64_t PriceOf(const KeptBasket& kept, const SampleSale& sale, Pricer& pricer) {
  ApplyAll(sale.sample, kept.lines, pricer);
  return PaidForSold(kept.lines, pricer.lines());
}

Decimal AnyQuantityUpTo(Decimal left, bool is_one_unit) {
  const int64_t step = is_one_unit ? 1 : 1000;
  return Decimal{step * *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<int64_t>(
                                                               1, left.thousandths / step + 1))};
}

// Some of what is left, or all of it; empty when nothing is.
std::vector<ReturnedQuantity> AnyReturn(const SampleSale& sale,
                                        const std::vector<Decimal>& returned, bool all) {
  std::vector<ReturnedQuantity> lines;
  for (size_t i = 0; i < returned.size(); ++i) {
    const BasketLine& line = sale.sample.lines[i];
    const Decimal left{line.quantity.thousandths - returned[i].thousandths};
    if (line.is_return || left == Decimal{}) continue;
    if (all) {
      lines.push_back({line.line_id, left});
    } else if (*rc::gen::element(false, false, true)) {
      lines.push_back({line.line_id, AnyQuantityUpTo(left, line.is_one_unit())});
    }
  }
  return lines;
}

// Calls `check` with what came back before and the return, until nothing is left.
template <typename Check>
void TakeBack(const SampleSale& sale, const Check& check) {
  std::vector<Decimal> returned(sale.lines.size());
  for (int returns = *rc::gen::inRange(0, 8); returns >= 0; --returns) {
    const std::vector<ReturnedQuantity> lines = AnyReturn(sale, returned, /*all=*/returns == 0);
    if (lines.empty()) continue;
    for (const ReturnedQuantity& line : lines) {
      RC_LOG() << line.line_id << " back: " << Format(line.quantity) << "\n";
    }
    const CheckedReturn checked = CheckReturn(sale.basket(), returned, lines);
    RC_ASSERT(checked.violations.empty());
    check(returned, checked);
    for (size_t i = 0; i < returned.size(); ++i) {
      returned[i].thousandths += checked.now[i].thousandths;
      RC_ASSERT(returned[i].thousandths + checked.kept[i].thousandths ==
                sale.sample.lines[i].quantity.thousandths);
    }
  }
}

template <typename Check>
void CheckSales(const Check& check) {
  Pricer pricer;
  for (const PricingSample& sample : AnyPricingSamples()) {
    RC_LOG() << Describe(sample);
    check(Sell(sample, pricer), pricer);
  }
}

void RefundByRecomputing(const SampleSale& sale, Pricer& pricer) {
  int64_t refunded = 0;
  int64_t most_over_price = 0;  // of any basket that she kept
  TakeBack(sale, [&](const std::vector<Decimal>& /*before*/, const CheckedReturn& checked) {
    const KeptBasket kept = BuildKept(sale.basket(), checked.kept);
    const int64_t price = PriceOf(kept, sale, pricer);
    RC_LOG() << "kept for " << price << " of " << sale.paid << "\n";
    const int64_t refund = RecomputedRefund(sale.paid, refunded, price);
    RC_ASSERT(price >= 0);
    RC_ASSERT(refund >= 0);
    refunded += refund;
    RC_ASSERT(refunded <= sale.paid);
    if (refund > 0) RC_ASSERT(sale.paid - refunded == price);
    most_over_price = std::max(most_over_price, sale.paid - price);
    RC_ASSERT(refunded == most_over_price);
  });
  RC_ASSERT(refunded == sale.paid);
}

RC_GTEST_PROP(ReturnsPropertyTest, RecomputedRefundsNeverBeatThePriceOfWhatIsKept, ()) {
  CheckSales(RefundByRecomputing);
}

// Unit by unit of the lines of pieces.
int64_t PaidUnitByUnit(const SampleSale& sale, size_t line, Decimal returned) {
  const SoldLine& sold = sale.lines[line];
  if (sale.sample.lines[line].is_one_unit()) {
    return PaidForQuantity(sold, 0, returned.thousandths,
                           sale.sample.lines[line].quantity.thousandths);
  }
  const std::vector<UnitShare> shares = UnitSharesOf(sold);
  int64_t paid = 0;
  for (int64_t unit = 1; unit <= returned.thousandths / 1000; ++unit) {
    paid += sold.gross_minor / sold.units + (unit <= sold.gross_minor % sold.units ? 1 : 0);
    for (const UnitShare& share : shares) {
      const bool has_it = share.first_unit <= unit && unit < share.first_unit + share.unit_count;
      if (has_it) paid -= share.amount_each_minor;
    }
  }
  return paid;
}

void RefundInProportion(const SampleSale& sale, Pricer& /*pricer*/) {
  int64_t refunded = 0;
  TakeBack(sale, [&](const std::vector<Decimal>& before, const CheckedReturn& checked) {
    const int64_t refund = ProportionalRefund(sale.sample.lines, sale.lines, before, checked.now);
    RC_ASSERT(refund >= 0);
    refunded += refund;
    // Whatever came back when: what is back decides.
    int64_t paid = 0;
    for (size_t i = 0; i < before.size(); ++i) {
      const Decimal back{before[i].thousandths + checked.now[i].thousandths};
      if (back != Decimal{}) paid += PaidUnitByUnit(sale, i, back);
    }
    RC_ASSERT(refunded == paid);
    RC_ASSERT(refunded <= sale.paid);
  });
  RC_ASSERT(refunded == sale.paid);
}

RC_GTEST_PROP(ReturnsPropertyTest, ProportionalRefundsAreWhatWasPaidForTheUnitsThatAreBack, ()) {
  CheckSales(RefundInProportion);
}

void CheckShares(const SampleSale& sale, Pricer& /*pricer*/) {
  for (const SoldLine& line : sale.lines) {
    int64_t taken = 0;
    for (const UnitShare& share : UnitSharesOf(line)) {
      taken += share.unit_count * share.amount_each_minor;
    }
    RC_ASSERT(taken == line.gross_minor - line.net_minor);
    if (line.units > 0) RC_ASSERT(PaidForUnits(line, 0, line.units) == line.net_minor);
  }
}

RC_GTEST_PROP(ReturnsPropertyTest, SharesOfUnitsAddUpToWhatOffersTook, ()) {
  CheckSales(CheckShares);
}

void KeepSome(const SampleSale& sale, Pricer& /*pricer*/) {
  std::vector<int64_t> discounts;  // by line of the sale
  discounts.reserve(sale.sample.lines.size());
  for (const BasketLine& line : sale.sample.lines) discounts.push_back(line.manual_discount_minor);
  TakeBack(sale, [&](const std::vector<Decimal>& /*before*/, const CheckedReturn& checked) {
    const KeptBasket kept = BuildKept(sale.basket(), checked.kept);
    RC_ASSERT(ValidateBasket(kept.view()).empty());
    size_t position = 0;
    for (uint32_t i = 0; i < checked.kept.size(); ++i) {
      if (checked.kept[i] == Decimal{}) continue;
      const BasketLine& line = kept.lines[position];
      RC_ASSERT(kept.sold_line[position++] == i);
      RC_ASSERT(line.line_id == sale.sample.lines[i].line_id);
      RC_ASSERT(line.quantity == checked.kept[i]);
      RC_ASSERT(line.is_one_unit() == sale.sample.lines[i].is_one_unit());
      RC_ASSERT(line.manual_discount_minor >= 0);
      RC_ASSERT(line.manual_discount_minor <= discounts[i]);
      discounts[i] = line.manual_discount_minor;
    }
    RC_ASSERT(position == kept.lines.size());
  });
}

RC_GTEST_PROP(ReturnsPropertyTest, WhatIsKeptCanBePricedAndItsManualDiscountsOnlyShrink, ()) {
  CheckSales(KeepSome);
}

}  // namespace
}  // namespace touchstone::rules
