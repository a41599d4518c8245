#include "rules/sale/unit_shares.h"

#include "rules/basket/line_amounts.h"
#include "rules/basket/units.h"
#include "rules/money/rounding.h"

namespace touchstone::rules {
namespace {

// Shares of one line, in the order of its units.
class ShareWriter {
 public:
  explicit ShareWriter(std::vector<UnitShare>* shares) : shares_(shares) {}

  // Units [from, to), counted from 0.
  void Write(int64_t from, int64_t to, uint32_t offer, int64_t amount_each_minor) {
    if (from == to || amount_each_minor == 0) return;
    shares_->push_back({.first_unit = from + 1,
                        .unit_count = to - from,
                        .offer = offer,
                        .amount_each_minor = amount_each_minor});
  }

 private:
  std::vector<UnitShare>* shares_;
};

}  // namespace

std::vector<UnitShare> UnitSharesOf(const SoldLine& line) {
  std::vector<UnitShare> shares;
  ShareWriter writer(&shares);
  int64_t turn = 0;  // the unit that gets the next odd minor unit
  for (const OfferTaking& taking : line.taken) {
    const int64_t each = taking.amount_minor / line.units;
    const int64_t end = turn + taking.amount_minor % line.units;
    if (end <= line.units) {
      writer.Write(0, turn, taking.offer, each);
      writer.Write(turn, end, taking.offer, each + 1);
      writer.Write(end, line.units, taking.offer, each);
    } else {
      writer.Write(0, end - line.units, taking.offer, each + 1);
      writer.Write(end - line.units, turn, taking.offer, each);
      writer.Write(turn, line.units, taking.offer, each + 1);
    }
    turn = end % line.units;
  }
  return shares;
}

int64_t PaidForUnits(const SoldLine& line, int64_t units_before, int64_t count) {
  // Odd minor units that are given out around the line come to what the sum of all offers gives out
  // at once.
  return AmountOfUnits(line.gross_minor, line.units, units_before, count) -
         AmountOfUnits(line.gross_minor - line.net_minor, line.units, units_before, count);
}

int64_t PaidForQuantity(const SoldLine& line, int64_t thousandths_before, int64_t thousandths_now,
                        int64_t thousandths_in_all) {
  const auto paid_for = [&](int64_t thousandths) {
    return Fraction(line.net_minor, thousandths, thousandths_in_all, Rounding::kHalfAwayFromZero);
  };
  return paid_for(thousandths_before + thousandths_now) - paid_for(thousandths_before);
}

}  // namespace touchstone::rules
