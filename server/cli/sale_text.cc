#include "server/cli/sale_text.h"

#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/basket/basket.h"
#include "rules/money/decimal.h"
#include "rules/money/fixed_point.h"
#include "rules/money/money.h"
#include "server/cli/columns.h"
#include "server/cli/decision_text.h"

namespace touchstone::server {
namespace {

// Offers by what people call them: "20% off coffee beans (beans-20)".
class OfferNames {
 public:
  explicit OfferNames(const google::protobuf::RepeatedPtrField<v1::AppliedOffer>& applied) {
    for (const v1::AppliedOffer& offer : applied) titles_[offer.offer_id()] = offer.title();
  }
  std::string Of(const std::string& offer_id) const {
    const auto title = titles_.find(offer_id);
    if (title == titles_.end() || title->second.empty()) return offer_id;
    return absl::StrCat(title->second, " (", offer_id, ")");
  }

 private:
  std::map<std::string, std::string> titles_;
};

std::string QuantityText(int64_t thousandths) { return rules::Format(rules::Decimal{thousandths}); }

std::string UnitText(const v1::BasketLine& line) {
  return rules::IsCountedUnit(line.unit()) ? "" : absl::StrCat(" ", line.unit());
}

// "2.99 EUR", "0.1234 EUR": at least the digits of the currency.
std::string UnitPriceText(int64_t unit_price_e4, const std::string& currency) {
  int64_t in_minor_unit = 1;
  const auto known = rules::Currency::FromCode(currency).value_or(rules::Currency());
  for (int i = known.minor_digits(); i < rules::kUnitPriceDecimals; ++i) in_minor_unit *= 10;
  if (unit_price_e4 % in_minor_unit == 0)
    return AmountText(unit_price_e4 / in_minor_unit, currency);
  return absl::StrCat(rules::FormatFixedPoint(unit_price_e4, rules::kUnitPriceDecimals,
                                              rules::TrailingZeros::kTrim),
                      " ", currency);
}

// From quantity and shelf price to what the line costs, a row a step.
void AddPath(const v1::SaleLine& line, const std::string& currency, const OfferNames& names,
             Columns* rows) {
  const v1::BasketLine& in = line.line();
  rows->Add({in.line_id(), AmountText(line.priced().gross_minor(), currency),
             absl::StrCat(in.sku(), ": ", QuantityText(in.quantity_thousandths()), UnitText(in),
                          " at ", UnitPriceText(in.unit_price_e4(), currency))});
  for (const v1::ManualDiscount& discount : in.manual_discounts()) {
    rows->Add({"", "",
               absl::StrCat("of it ", AmountText(discount.amount_minor(), currency),
                            " was taken off by hand", discount.reason().empty() ? "" : ": ",
                            discount.reason())});
  }
  for (const v1::OfferShare& share : line.priced().taken()) {
    rows->Add({"", absl::StrCat("-", AmountText(share.amount_minor(), currency)),
               names.Of(share.offer_id())});
  }
  if (!line.priced().taken().empty()) {
    rows->Add({"", absl::StrCat("=", AmountText(line.priced().net_minor(), currency)), ""});
  }
  if (line.returned_thousandths() > 0) {
    rows->Add({"", "", absl::StrCat(QuantityText(line.returned_thousandths()), " came back")});
  }
}

std::string UsesText(int64_t uses) { return absl::StrCat(uses, uses == 1 ? " use" : " uses"); }

// "next-5 from spend-50, 1 use, code 7K2M..., until 2026-12-05T23:00:00Z".
std::string CouponText(const v1::Coupon& coupon) {
  std::string text = absl::StrCat(coupon.coupon_offer_id(), " from ", coupon.offer_id(), ", ",
                                  UsesText(coupon.uses()));
  if (!coupon.code().empty()) absl::StrAppend(&text, ", code ", coupon.code());
  if (!coupon.grant_id().empty()) absl::StrAppend(&text, ", grant ", coupon.grant_id());
  return absl::StrCat(text, ", from ", TimeText(coupon.start_time()), " until ",
                      TimeText(coupon.end_time()));
}

std::string ClaimText(const v1::Claim& claim) {
  std::string text = absl::StrCat(EnumWord(v1::ClaimKind_Name(claim.kind()), "CLAIM_KIND_"), " ",
                                  claim.id(), " of ", claim.offer_id());
  if (claim.count() > 0) absl::StrAppend(&text, ", ", UsesText(claim.count()));
  if (claim.has_amount() && claim.amount().amount_minor() > 0) {
    absl::StrAppend(&text, ", ",
                    AmountText(claim.amount().amount_minor(), claim.amount().currency_code()));
  }
  return text;
}

void AppendClaims(absl::string_view heading,
                  const google::protobuf::RepeatedPtrField<v1::Claim>& claims, std::string* text) {
  if (claims.empty()) return;
  absl::StrAppend(text, heading, "\n");
  for (const v1::Claim& claim : claims) absl::StrAppend(text, "  ", ClaimText(claim), "\n");
}

}  // namespace

std::string ReservationText(const v1::Reservation& reservation) {
  std::string text = absl::StrCat(
      "transaction ", reservation.transaction_id(), ", step ", reservation.step(), ": ",
      EnumWord(v1::ReservationState_Name(reservation.state()), "RESERVATION_STATE_"));
  if (reservation.has_expire_time()) {
    absl::StrAppend(&text, " until ", TimeText(reservation.expire_time()));
  }
  absl::StrAppend(&text, "\n");
  if (!reservation.has_basket()) return text;
  absl::StrAppend(&text, BasketText(reservation.basket()));
  AppendClaims("it holds:", reservation.claims(), &text);
  if (!reservation.reasons().empty()) absl::StrAppend(&text, "not given:\n");
  return text + ReasonsText(reservation.reasons());
}

std::string SaleText(const v1::Sale& sale) {
  const std::string& currency = sale.currency_code();
  std::string text = absl::StrCat("sale ", sale.transaction_id(), ", ", TimeText(sale.sale_time()));
  if (!sale.touchpoint().store().empty()) {
    absl::StrAppend(&text, ", store ", sale.touchpoint().store());
  }
  if (!sale.touchpoint().terminal().empty()) {
    absl::StrAppend(&text, ", ", sale.touchpoint().terminal());
  }
  if (!sale.customer().empty()) absl::StrAppend(&text, ", ", sale.customer());
  if (sale.origin() == v1::SALE_ORIGIN_POSTED) absl::StrAppend(&text, ", sold offline");
  absl::StrAppend(&text, "\n");
  const OfferNames names(sale.applied_offers());
  Columns rows({Align::kLeft, Align::kRight, Align::kLeft});
  for (const v1::SaleLine& line : sale.lines()) AddPath(line, currency, names, &rows);
  absl::StrAppend(&text, rows.Text("  "));
  absl::StrAppend(&text, "to pay ", AmountText(sale.totals().payable_minor(), currency));
  if (sale.totals().points() > 0) absl::StrAppend(&text, ", ", sale.totals().points(), " points");
  absl::StrAppend(&text, "\n");
  AppendClaims("it uses:", sale.claims(), &text);
  for (const v1::Coupon& coupon : sale.coupons()) {
    absl::StrAppend(&text, "coupon: ", CouponText(coupon), "\n");
  }
  for (const v1::SaleReturn& back : sale.returns()) {
    std::vector<std::string> lines;
    for (const v1::ReturnedLine& line : back.lines()) {
      lines.push_back(
          absl::StrCat(QuantityText(line.quantity_thousandths()), " of line ", line.line_id()));
    }
    absl::StrAppend(&text, "return ", back.transaction_id(), ", ", TimeText(back.return_time()),
                    ": ", absl::StrJoin(lines, ", "), ", refunded ",
                    AmountText(back.refund_minor(), currency), "\n");
  }
  return text;
}

std::string ReturnText(const v1::ReturnSaleResponse& response) {
  const std::string& currency = response.sale().currency_code();
  std::string text =
      absl::StrCat("refund ", AmountText(response.refund_minor(), currency), ", in all ",
                   AmountText(response.sale().refunded_minor(), currency), " of ",
                   AmountText(response.sale().totals().payable_minor(), currency), "\n");
  if (response.kept_minor() > 0) {
    absl::StrAppend(&text, "what is kept costs ", AmountText(response.kept_minor(), currency),
                    " by itself\n");
  }
  if (response.points() > 0) absl::StrAppend(&text, "take back ", response.points(), " points\n");
  for (const v1::WithdrawnCoupon& withdrawn : response.withdrawn_coupons()) {
    const v1::Coupon& coupon = withdrawn.coupon();
    absl::StrAppend(&text, "withdrawn coupon: ", coupon.coupon_offer_id(), " from ",
                    coupon.offer_id(), ", ",
                    coupon.grant_id().empty() ? coupon.code() : coupon.grant_id());
    if (coupon.uses() > 0) absl::StrAppend(&text, ", still good for ", UsesText(coupon.uses()));
    if (withdrawn.used() > 0) {
      absl::StrAppend(&text, ", redeemed before: ", UsesText(withdrawn.used()));
    }
    absl::StrAppend(&text, "\n");
  }
  const OfferNames names(response.sale().applied_offers());
  for (const std::string& offer : response.lost_offer_ids()) {
    absl::StrAppend(&text, "lost: ", names.Of(offer), "\n");
  }
  AppendClaims("given back:", response.restored(), &text);
  return text;
}

}  // namespace touchstone::server
