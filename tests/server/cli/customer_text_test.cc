#include "server/cli/customer_text.h"

#include "gtest/gtest.h"

namespace touchstone::server {
namespace {

TEST(CustomerTextTest, ReadsLikeAPage) {
  v1::Customer customer;
  customer.set_name("customers/anna");
  customer.set_segment("loyal");
  customer.add_segment_reasons("customer.spend_90d is 600.00 EUR, which is at least 300.00");
  customer.add_identities()->set_namespace_("card");
  customer.mutable_identities(0)->set_value("1");
  (*customer.mutable_attributes())["tier"].set_string_value("gold");
  (*customer.mutable_attributes())["city"].set_string_value("Bern");
  (*customer.mutable_attribute_times())["tier"].set_seconds(1'795'161'600);
  v1::CustomerConsent* consent = customer.add_consents();
  consent->set_purpose("marketing_call");
  consent->set_state(v1::CONSENT_STATE_DENIED);
  consent->mutable_update_time()->set_seconds(1'795'161'600);
  v1::CustomerAggregate* aggregate = customer.add_aggregate_windows();
  aggregate->set_name("last_purchase");
  aggregate = customer.add_aggregate_windows();
  aggregate->set_name("visits_30d");
  aggregate->set_window("30d");
  aggregate->mutable_value()->set_int_value(3);
  aggregate = customer.add_aggregate_windows();
  aggregate->set_name("visits_90d");
  aggregate->set_window("90d");
  aggregate->set_incomplete(true);
  v1::CustomerContact* contact = customer.add_contacts();
  contact->set_offer("join-club");
  contact->set_kind("shown");
  contact->set_channel("pos");
  contact->mutable_contact_time()->set_seconds(1'795'161'600);
  contact = customer.add_contacts();
  contact->set_kind("accepted");
  contact->set_direction(v1::DIRECTION_OUTBOUND);
  contact->mutable_contact_time()->set_seconds(1'795'075'200);
  v1::Grant* grant = customer.add_grants();
  grant->set_offer_id("tea-25");
  grant->set_state(v1::GRANT_STATE_OPEN);
  grant->mutable_end_time()->set_seconds(1'795'161'600);
  grant = customer.add_grants();
  grant->set_offer_id("soup-15");
  grant->set_state(v1::GRANT_STATE_NOT_YET_VALID);
  v1::HeldTransaction* held = customer.add_held_transactions();
  held->set_transaction_id("t1");
  held->set_step(2);
  held->set_suspended(true);
  held->mutable_expire_time()->set_seconds(1'795'161'600);
  v1::Event* event = customer.add_recent_events();
  event->set_type("purchase");
  event->set_event_id("e1");
  event->mutable_occurred_at()->set_seconds(1'795'161'600);
  event->add_lines();
  EXPECT_EQ(CustomerText(customer),
            "customers/anna, segment loyal\n"
            "  because customer.spend_90d is 600.00 EUR, which is at least 300.00\n"
            "identities:\n"
            "  card:1\n"
            "attributes:\n"
            "  city = Bern\n"
            "  tier = gold  (since 2026-11-20)\n"
            "consents:\n"
            "  marketing_call  denied  on 2026-11-20\n"
            "aggregates:\n"
            "  visits_30d = 3  (over 30d)\n"
            "  visits_90d = (being filled)  (over 90d)\n"
            "grants:\n"
            "  tea-25   open           until 2026-11-20T08:00:00Z\n"
            "  soup-15  not yet valid  for ever\n"
            "transactions that hold something:\n"
            "  t1, step 2: suspended until 2026-11-20T08:00:00Z\n"
            "contacts:\n"
            "  2026-11-20T08:00:00Z  shown     pos          join-club\n"
            "  2026-11-19T08:00:00Z  accepted  ?, outbound  (an offer of the past)\n"
            "latest events:\n"
            "  2026-11-20T08:00:00Z  purchase  e1  1 line\n");
}

TEST(CustomerTextTest, ADayThatAllAttributesShareIsSaidOnce) {
  v1::Customer customer;
  for (const char* name : {"tier", "city"}) {
    (*customer.mutable_attributes())[name].set_string_value("x");
    (*customer.mutable_attribute_times())[name].set_seconds(1'795'161'600);
  }
  EXPECT_EQ(CustomerText(customer), "\nattributes, since 2026-11-20:\n  city = x\n  tier = x\n");
  (*customer.mutable_attribute_times())["city"].set_seconds(1'795'075'200);
  EXPECT_EQ(CustomerText(customer),
            "\nattributes:\n  city = x  (since 2026-11-19)\n  tier = x  (since 2026-11-20)\n");
}

TEST(CustomerTextTest, SaysLittleOfHerOfWhomLittleIsKnown) {
  v1::Customer customer;
  customer.set_name("customers/anna");
  EXPECT_EQ(CustomerText(customer), "customers/anna\n");
  EXPECT_EQ(CustomerId(customer), "anna");
}

}  // namespace
}  // namespace touchstone::server
