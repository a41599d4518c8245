#include "server/cli/sale_text.h"

#include "gtest/gtest.h"

namespace touchstone::server {
namespace {

v1::Sale Sold() {
  v1::Sale sale;
  sale.set_transaction_id("t1");
  sale.mutable_sale_time()->set_seconds(1'795'161'600);
  sale.mutable_touchpoint()->set_store("BER-1");
  sale.set_currency_code("EUR");
  v1::AppliedOffer* offer = sale.add_applied_offers();
  offer->set_offer_id("beans-20");
  offer->set_title("20% off beans");
  v1::SaleLine* line = sale.add_lines();
  line->mutable_line()->set_line_id("1");
  line->mutable_line()->set_sku("BEANS");
  line->mutable_line()->set_quantity_thousandths(2000);
  line->mutable_line()->set_unit_price_e4(50000);
  line->mutable_line()->add_manual_discounts()->set_amount_minor(100);
  line->mutable_line()->mutable_manual_discounts(0)->set_reason("dented");
  line->mutable_priced()->set_gross_minor(900);
  line->mutable_priced()->add_taken()->set_offer_id("beans-20");
  line->mutable_priced()->mutable_taken(0)->set_amount_minor(180);
  line->mutable_priced()->set_net_minor(720);
  v1::SaleLine* weighed = sale.add_lines();
  weighed->mutable_line()->set_line_id("2");
  weighed->mutable_line()->set_sku("FUEL");
  weighed->mutable_line()->set_quantity_thousandths(12345);
  weighed->mutable_line()->set_unit("l");
  weighed->mutable_line()->set_unit_price_e4(17990);
  weighed->mutable_priced()->set_gross_minor(2221);
  weighed->mutable_priced()->set_net_minor(2221);
  sale.mutable_totals()->set_payable_minor(2941);
  return sale;
}

TEST(SaleTextTest, SaysHowEachLineCameToItsPrice) {
  EXPECT_EQ(SaleText(Sold()),
            "sale t1, 2026-11-20T08:00:00Z, store BER-1\n"
            "  1   9.00 EUR  BEANS: 2 at 5.00 EUR\n"
            "                of it 1.00 EUR was taken off by hand: dented\n"
            "     -1.80 EUR  20% off beans (beans-20)\n"
            "     =7.20 EUR\n"
            "  2  22.21 EUR  FUEL: 12.345 l at 1.799 EUR\n"
            "to pay 29.41 EUR\n");
}

TEST(SaleTextTest, SaysWhatCameBack) {
  v1::ReturnSaleResponse response;
  *response.mutable_sale() = Sold();
  v1::SaleReturn* back = response.mutable_sale()->add_returns();
  back->set_transaction_id("r1");
  back->mutable_return_time()->set_seconds(1'795'161'600);
  back->add_lines()->set_line_id("1");
  back->mutable_lines(0)->set_quantity_thousandths(1000);
  back->set_refund_minor(360);
  response.mutable_sale()->set_refunded_minor(360);
  response.set_refund_minor(360);
  response.set_kept_minor(2581);
  response.set_points(2);
  response.add_lost_offer_ids("beans-20");
  v1::Claim* claim = response.add_restored();
  claim->set_kind(v1::CLAIM_KIND_BUDGET);
  claim->set_id("autumn");
  claim->set_offer_id("beans-20");
  claim->set_count(1);
  EXPECT_EQ(ReturnText(response),
            "refund 3.60 EUR, in all 3.60 EUR of 29.41 EUR\n"
            "what is kept costs 25.81 EUR by itself\n"
            "take back 2 points\n"
            "lost: 20% off beans (beans-20)\n"
            "given back:\n"
            "  budget autumn of beans-20, 1 use\n");
  const std::string text = SaleText(response.sale());
  EXPECT_NE(text.find("return r1, 2026-11-20T08:00:00Z: 1 of line 1, refunded 3.60 EUR\n"),
            std::string::npos)
      << text;
}

v1::Coupon CouponOf(const std::string& grant_id, const std::string& code, int64_t uses) {
  v1::Coupon coupon;
  coupon.set_offer_id("spend-50");
  coupon.set_coupon_offer_id("next-5");
  coupon.set_grant_id(grant_id);
  coupon.set_code(code);
  coupon.set_uses(uses);
  coupon.mutable_start_time()->set_seconds(1'795'161'600);
  coupon.mutable_end_time()->set_seconds(1'795'165'200);
  return coupon;
}

TEST(SaleTextTest, SaysWhatIsForTheNextVisit) {
  v1::Sale sale = Sold();
  *sale.add_coupons() = CouponOf("", "ABC", 1);
  *sale.add_coupons() = CouponOf("g1", "", 2);
  const std::string text = SaleText(sale);
  EXPECT_NE(text.find("coupon: next-5 from spend-50, 1 use, code ABC, from 2026-11-20T08:00:00Z "
                      "until 2026-11-20T09:00:00Z\n"
                      "coupon: next-5 from spend-50, 2 uses, grant g1, from "),
            std::string::npos)
      << text;

  v1::ReturnSaleResponse response;
  *response.mutable_sale() = Sold();
  *response.add_withdrawn_coupons()->mutable_coupon() = CouponOf("", "ABC", 0);
  *response.add_withdrawn_coupons()->mutable_coupon() = CouponOf("g1", "", 1);
  response.mutable_withdrawn_coupons(1)->set_used(2);
  EXPECT_NE(
      ReturnText(response).find("withdrawn coupon: next-5 from spend-50, ABC\n"
                                "withdrawn coupon: next-5 from spend-50, g1, still good for 1 use, "
                                "redeemed before: 2 uses\n"),
      std::string::npos)
      << ReturnText(response);
}

TEST(SaleTextTest, SaysWhatIsHeldAndWhatIsNotGiven) {
  v1::Reservation held;
  held.set_transaction_id("t1");
  held.set_step(2);
  held.set_state(v1::RESERVATION_STATE_RELEASED);
  EXPECT_EQ(ReservationText(held), "transaction t1, step 2: released\n");
}

}  // namespace
}  // namespace touchstone::server
