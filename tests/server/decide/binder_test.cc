#include "server/decide/binder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/record_patch.h"
#include "tests/server/decide/world.h"

namespace touchstone::server {
namespace {

using rules::expr::Value;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A bound request and what was found wrong with it.
class Bound {
 public:
  explicit Bound(v1::DecideRequest request, uint64_t revision = 1, uint64_t reference = 1)
      : request_(std::move(request)), live_(WorldState(revision, reference)) {
    binder_.BindRequest(request_, live_, WorldNow(), &violations_);
  }

  std::vector<std::string> fields() const {
    std::vector<std::string> fields;
    for (const Violation& violation : violations_) fields.push_back(violation.field);
    return fields;
  }
  std::string text() const { return violations_.empty() ? "" : violations_[0].description; }
  Binder& binder() { return binder_; }

  Bound& With(rules::InputStatus status, const std::string& record = "") {
    record_ = record;
    EXPECT_TRUE(binder_.BindCustomer({.status = status, .record = record_}).ok());
    return *this;
  }
  // "customer.points", as a debug text.
  std::string Fact(absl::string_view name) {
    const rules::FactLayout& layout = *live_->rule_set->layout;
    for (uint16_t slot = 0; slot < layout.decision_row_size(); ++slot) {
      if (layout.NameOf(rules::expr::Slot{rules::kDecisionRow, slot}) == name) {
        return rules::expr::DebugString(binder_.input().facts[slot]);
      }
    }
    return "no such fact";
  }

 private:
  v1::DecideRequest request_;
  std::shared_ptr<const LiveState> live_;
  Binder binder_;
  std::vector<Violation> violations_;
  std::string record_;
};

std::string RecordOf(const std::function<void(store::RecordPatch*)>& fill) {
  store::RecordPatch patch;
  fill(&patch);
  const absl::string_view bytes = patch.bytes();
  return store::ApplyPatches("", absl::MakeConstSpan(&bytes, 1)).value();
}

TEST(BinderTest, BindsARecordOfEveryType) {
  Bound bound(TillRequest());
  bound.With(rules::InputStatus::kPresent, LoyalRecord());
  EXPECT_EQ(bound.Fact("customer.tier"), "\"gold\"");
  EXPECT_EQ(bound.Fact("customer.points"), "412");
  EXPECT_EQ(bound.Fact("customer.share"), "0.5");
  EXPECT_EQ(bound.Fact("customer.member"), "true");
  EXPECT_EQ(bound.Fact("customer.credit"), "12.50 EUR");
  EXPECT_EQ(bound.Fact("customer.allergies"), "[\"nuts\", \"milk\"]");
  EXPECT_THAT(bound.Fact("customer.birth_date"), ::testing::HasSubstr("1983-09-10"));
  EXPECT_THAT(bound.Fact("customer.holdings"), ::testing::HasSubstr("\"phone\""));
  EXPECT_THAT(bound.Fact("customer.seen"), ::testing::HasSubstr("2026-11-25T07:30:00"));
  // 412.00 three days ago; the 999.00 of 200 days ago are out of the window.
  EXPECT_EQ(bound.Fact("customer.spend_90d"), "412.00 EUR");
  EXPECT_EQ(bound.Fact("customer.visits_30d"), "2");
  EXPECT_EQ(bound.Fact("customer.visits_48h"), "1");
  EXPECT_THAT(bound.Fact("customer.last_purchase"), ::testing::HasSubstr("2026-11-23"));
}

TEST(BinderTest, GivesAKnownCustomerDefaultsAndZeroes) {
  Bound bound(TillRequest());
  bound.With(rules::InputStatus::kPresent, NewRecord());
  EXPECT_EQ(bound.Fact("customer.tier"), "\"silver\"");
  EXPECT_EQ(bound.Fact("customer.points"), "0");
  EXPECT_EQ(bound.Fact("customer.allergies"), "[]");
  EXPECT_EQ(bound.Fact("customer.share"), "error: absent");
  EXPECT_EQ(bound.Fact("customer.spend_90d"), "0.00 EUR");
  EXPECT_EQ(bound.Fact("customer.visits_30d"), "0");
  EXPECT_EQ(bound.Fact("customer.last_purchase"), "error: absent");
}

TEST(BinderTest, LeavesTheFactsOfAnAnonymousCustomerAbsent) {
  Bound bound(TillRequest());
  bound.With(rules::InputStatus::kAnonymous);
  EXPECT_EQ(bound.Fact("customer.tier"), "error: absent");
  EXPECT_EQ(bound.Fact("customer.spend_90d"), "error: absent");
  EXPECT_EQ(bound.Fact("request.guests"), "1");
}

TEST(BinderTest, ReadsAValueOfAnotherTypeAsTheDefault) {
  Bound bound(TillRequest());
  bound.With(rules::InputStatus::kPresent, RecordOf([](store::RecordPatch* patch) {
               patch->SetAttribute(rules::StableId("points"), store::Value::String("12"), 1, 0);
               patch->SetAttribute(rules::StableId("share"), store::Value::Int64(1), 1, 0);
               patch->SetAttribute(rules::StableId("allergies"), store::Value::Bool(true), 1, 0);
               patch->SetAttribute(rules::StableId("credit"), store::Value::Money(1, "XQX"), 1, 0);
               patch->SetAttribute(rules::StableId("seen"),
                                   store::Value::TimestampUs(std::numeric_limits<int64_t>::max()),
                                   1, 0);
             }));
  EXPECT_EQ(bound.Fact("customer.points"), "0");
  EXPECT_EQ(bound.Fact("customer.share"), "error: absent");
  EXPECT_EQ(bound.Fact("customer.allergies"), "[]");
  EXPECT_EQ(bound.Fact("customer.credit"), "error: absent");
  EXPECT_EQ(bound.Fact("customer.seen"), "error: absent");
}

TEST(BinderTest, ReadsAStaleAggregateAsNotKnown) {
  Bound bound(TillRequest());
  const auto marked = [](const std::string& record) {
    store::RecordPatch patch;
    patch.MarkStale(WorldAggregateId("spend_90d"));
    patch.MarkStale(WorldAggregateId("last_purchase"));
    const absl::string_view bytes = patch.bytes();
    return store::ApplyPatches(record, absl::MakeConstSpan(&bytes, 1)).value();
  };
  bound.With(rules::InputStatus::kPresent, marked(LoyalRecord()));
  EXPECT_EQ(bound.Fact("customer.spend_90d"), "error: absent") << "and not as zero";
  EXPECT_EQ(bound.Fact("customer.last_purchase"), "error: absent");
  EXPECT_EQ(bound.Fact("customer.visits_30d"), "2");
}

TEST(BinderTest, ReadsAStateOfAnotherFormAsNotKnown) {
  Bound bound(TillRequest());
  bound.With(
      rules::InputStatus::kPresent, RecordOf([](store::RecordPatch* patch) {
        const store::Value value = store::Value::TimestampUs(7);
        patch->AddToCells({.aggregate = WorldAggregateId("spend_90d"),
                           .rule = store::CellRule::kLatest,
                           .bucket = 0,
                           .time_us = 7,
                           .number = 0,
                           .closes = false,
                           .value = &value});
        patch->AddToCells({.aggregate = WorldAggregateId("last_purchase"),
                           .rule = store::CellRule::kEarliest,
                           .bucket = 0,
                           .time_us = 7,
                           .number = 0,
                           .closes = false,
                           .value = &value});
        patch->AddDistinct({.aggregate = WorldAggregateId("visits_30d"), .hash = 1, .bucket = 0});
      }));
  EXPECT_EQ(bound.Fact("customer.spend_90d"), "error: absent");
  EXPECT_EQ(bound.Fact("customer.last_purchase"), "error: absent");
  EXPECT_EQ(bound.Fact("customer.visits_30d"), "error: absent");
}

TEST(BinderTest, BindsAnAttributeByItsTypeInTheRevision) {
  const std::string record = RecordOf([](store::RecordPatch* patch) {
    patch->SetAttribute(rules::StableId("flag"), store::Value::String("seven"), 1, 0);
  });
  Bound as_int(TillRequest(), 1);
  EXPECT_EQ(as_int.With(rules::InputStatus::kPresent, record).Fact("customer.flag"),
            "error: absent");
  Bound as_string(TillRequest(), 2);
  EXPECT_EQ(as_string.With(rules::InputStatus::kPresent, record).Fact("customer.flag"),
            "\"seven\"");
}

TEST(BinderTest, BindsContactsByOfferAndKind) {
  Bound bound(TillRequest());
  bound.With(rules::InputStatus::kPresent, RecordOf([](store::RecordPatch* patch) {
               store::RecordPatch::Contact contact = {};
               contact.offer = rules::StableId("beans-20");
               contact.kind = store::ContactKind::kRedeemed;
               contact.time_us = 5;
               patch->AddContact(contact);
             }));
  ASSERT_EQ(bound.binder().input().contacts.size(), 1u);
  const rules::Contact& contact = bound.binder().input().contacts[0];
  EXPECT_EQ(contact.offer, rules::StableId("beans-20"));
  EXPECT_EQ(contact.kind, rules::ContactKind::kRedeemed);
  EXPECT_EQ(absl::ToUnixMicros(contact.time), 5);
}

TEST(BinderTest, RefusesBytesThatAreNoRecord) {
  Bound bound(TillRequest());
  EXPECT_TRUE(absl::IsDataLoss(
      bound.binder().BindCustomer({.status = rules::InputStatus::kPresent, .record = "garbage"})));
}

TEST(BinderTest, TellsMerchandiseFromDepositsAndGiftCards) {
  v1::DecideRequest request = TillRequest();
  v1::Basket* basket = request.mutable_basket();
  const auto add = [basket](const char* sku) {
    v1::BasketLine* line = basket->add_lines();
    *line = basket->lines(0);
    line->set_line_id(absl::StrCat(basket->lines_size()));
    line->set_sku(sku);
    return line;
  };
  basket->mutable_lines()->DeleteSubrange(1, 1);
  add("GIFT");
  add("BOTTLE");
  add("NEW")->set_kind(v1::LINE_KIND_DELIVERY);
  (*add("NEW")->mutable_product()->mutable_attributes())["deposit"].set_bool_value(true);
  add("NEW");
  add("GIFT")->set_kind(v1::LINE_KIND_MERCHANDISE);
  Bound bound(request);
  ASSERT_THAT(bound.fields(), IsEmpty());
  std::vector<bool> merchandise;
  for (const rules::BasketLine& line : bound.binder().input().basket.lines) {
    merchandise.push_back(line.merchandise);
  }
  EXPECT_THAT(merchandise, ElementsAre(true, false, false, false, false, true, true));
}

TEST(BinderTest, TakesTheFactsOfAnUnknownProductFromTheCaller) {
  v1::DecideRequest request = TillRequest();
  for (const char* sku : {"NEW", "BEANS"}) {
    v1::BasketLine* line = request.mutable_basket()->add_lines();
    *line = request.basket().lines(0);
    line->set_line_id(sku);
    line->set_sku(sku);
    line->mutable_product()->add_categories("coffee.new");
    (*line->mutable_product()->mutable_attributes())["brand"].set_string_value("Ours");
  }
  Bound bound(request);
  ASSERT_THAT(bound.fields(), IsEmpty()) << bound.text();
  const auto facts = bound.binder().input().line_facts;
  EXPECT_THAT(facts[0].caller_product, IsEmpty());
  const size_t unknown = facts.size() - 2;
  std::vector<std::string> row;
  for (const Value& value : facts[unknown].caller_product) {
    row.push_back(rules::expr::DebugString(value));
  }
  // brand, categories, deposit, gift_card
  EXPECT_THAT(row, ElementsAre("\"Ours\"", "[\"coffee.new\"]", "error: absent", "error: absent"));
}

TEST(BinderTest, TakesTheSmallestBudget) {
  v1::DecideRequest request = TillRequest();
  EXPECT_EQ(Bound(request).binder().budget(), absl::Seconds(9));
  request.add_placements("display");
  EXPECT_EQ(Bound(request).binder().budget(), absl::Seconds(9));
  request.mutable_context()->mutable_budget()->set_nanos(7'000'000);
  EXPECT_EQ(Bound(request).binder().budget(), absl::Milliseconds(7));
  request.mutable_context()->mutable_budget()->set_seconds(3599);
  EXPECT_EQ(Bound(request).binder().budget(), absl::Seconds(9));
}

TEST(BinderTest, TakesTheTouchpointsTimeWithinADayOfTheServersClock) {
  v1::DecisionContext context;
  const absl::Time server = WorldNow();
  const auto at = [&context](absl::Time time) {
    context.mutable_occurred_at()->set_seconds(absl::ToUnixSeconds(time));
  };
  EXPECT_EQ(ChooseNow(context, server), server);
  at(server - absl::Hours(24));
  EXPECT_EQ(ChooseNow(context, server), server - absl::Hours(24));
  at(server - absl::Hours(24) - absl::Seconds(1));
  EXPECT_EQ(ChooseNow(context, server), server);
  at(server + absl::Hours(24) + absl::Seconds(1));
  EXPECT_EQ(ChooseNow(context, server), server);
  context.mutable_occurred_at()->set_seconds(absl::ToUnixSeconds(server));
  context.mutable_occurred_at()->set_nanos(1999);
  EXPECT_EQ(ChooseNow(context, server), server + absl::Microseconds(1));
}

struct BadRequest {
  const char* name;
  std::function<void(v1::DecideRequest*)> spoil;
  std::vector<std::string> fields;
};

v1::BasketLine* Line(v1::DecideRequest* request) {
  return request->mutable_basket()->mutable_lines(0);
}

std::vector<BadRequest> BadRequests() {
  using R = v1::DecideRequest;
  const std::string long_id(65, 'a');
  return {
      {"no context", [](R* r) { r->clear_context(); }, {"context"}},
      {"no transaction",
       [](R* r) { r->mutable_context()->clear_transaction_id(); },
       {"context.transaction_id"}},
      {"transaction with a blank",
       [](R* r) { r->mutable_context()->set_transaction_id("a b"); },
       {"context.transaction_id"}},
      {"long transaction",
       [=](R* r) { r->mutable_context()->set_transaction_id(long_id); },
       {"context.transaction_id"}},
      {"step 0", [](R* r) { r->mutable_context()->set_step(0); }, {"context.step"}},
      {"negative step", [](R* r) { r->mutable_context()->set_step(-1); }, {"context.step"}},
      {"unknown mode",
       [](R* r) { r->mutable_context()->set_mode(static_cast<v1::DecisionMode>(77)); },
       {"context.mode"}},
      {"unknown channel",
       [](R* r) {
         r->mutable_context()->mutable_touchpoint()->set_channel("fax");
         r->clear_placements();
       },
       {"context.touchpoint.channel"}},
      {"no touchpoint",
       [](R* r) {
         r->mutable_context()->clear_touchpoint();
         r->clear_placements();
       },
       {"context.touchpoint.channel"}},
      {"unknown store",
       [](R* r) { r->mutable_context()->mutable_touchpoint()->set_store("S99"); },
       {"context.touchpoint.store"}},
      {"zero budget", [](R* r) { r->mutable_context()->mutable_budget(); }, {"context.budget"}},
      {"budget of an hour",
       [](R* r) { r->mutable_context()->mutable_budget()->set_seconds(3600); },
       {"context.budget"}},
      {"negative budget",
       [](R* r) { r->mutable_context()->mutable_budget()->set_seconds(-1); },
       {"context.budget"}},
      {"time of no calendar",
       [](R* r) { r->mutable_context()->mutable_occurred_at()->set_nanos(-1); },
       {"context.occurred_at"}},
      {"business date",
       [](R* r) { r->mutable_context()->set_business_date("26.11.2026"); },
       {"context.business_date"}},
      {"operator",
       [](R* r) { r->mutable_context()->set_operator_id("Ann Smith"); },
       {"context.operator_id"}},
      {"locale", [](R* r) { r->mutable_context()->set_locale("de_CH!"); }, {"context.locale"}},
      {"17 identities",
       [](R* r) {
         for (int i = 0; i < 17; ++i) {
           v1::Identity* identity = r->mutable_context()->add_identities();
           identity->set_namespace_("card");
           identity->set_value("1");
         }
       },
       {"context.identities"}},
      {"identity without value",
       [](R* r) { r->mutable_context()->add_identities()->set_namespace_("Card"); },
       {"context.identities[0].namespace", "context.identities[0].value"}},
      {"empty code", [](R* r) { r->mutable_context()->add_codes(""); }, {"context.codes[0]"}},
      {"65 codes",
       [](R* r) {
         for (int i = 0; i < 65; ++i) r->mutable_context()->add_codes("c");
       },
       {"context.codes"}},
      {"unknown placement", [](R* r) { r->add_placements("billboard"); }, {"placements[1]"}},
      {"placement twice", [](R* r) { r->add_placements("receipt"); }, {"placements[1]"}},
      {"placement of the web", [](R* r) { r->add_placements("home_hero"); }, {"placements[1]"}},
      {"33 placements",
       [](R* r) {
         for (int i = 0; i < 33; ++i) r->add_placements("receipt");
       },
       {"placements"}},
      {"unknown attribute",
       [](R* r) { (*r->mutable_attributes())["mood"].set_string_value("good"); },
       {"attributes[mood]"}},
      {"attribute of another type",
       [](R* r) { (*r->mutable_attributes())["guests"].set_string_value("two"); },
       {"attributes[guests]"}},
      {"unknown currency",
       [](R* r) { r->mutable_basket()->set_currency_code("EURO"); },
       {"basket.currency_code"}},
      {"no currency",
       [](R* r) { r->mutable_basket()->clear_currency_code(); },
       {"basket.currency_code"}},
      {"tender without currency",
       [](R* r) {
         r->mutable_basket()->Clear();
         v1::Tender* tender = r->mutable_basket()->add_tenders();
         tender->set_type("cash");
       },
       {"basket.currency_code"}},
      {"negative tender",
       [](R* r) { r->mutable_basket()->add_tenders()->set_amount_minor(-1); },
       {"basket.tenders[0].type", "basket.tenders[0].amount_minor"}},
      {"zero quantity",
       [](R* r) { Line(r)->set_quantity_thousandths(0); },
       {"basket.lines[0].quantity_thousandths"}},
      {"negative quantity",
       [](R* r) { Line(r)->set_quantity_thousandths(-1000); },
       {"basket.lines[0].quantity_thousandths"}},
      {"half a piece",
       [](R* r) { Line(r)->set_quantity_thousandths(1500); },
       {"basket.lines[0].quantity_thousandths"}},
      {"over a million units",
       [](R* r) { Line(r)->set_quantity_thousandths(1'000'001'000); },
       {"basket.lines[0].quantity_thousandths"}},
      {"absurd quantity",
       [](R* r) {
         Line(r)->set_quantity_thousandths(std::numeric_limits<int64_t>::max() / 1000 * 1000);
       },
       {"basket.lines[0].quantity_thousandths"}},
      {"negative price",
       [](R* r) { Line(r)->set_unit_price_e4(-1); },
       {"basket.lines[0].unit_price_e4"}},
      {"total over 10^13",
       [](R* r) { Line(r)->set_unit_price_e4(std::numeric_limits<int64_t>::max()); },
       {"basket.lines[0].unit_price_e4"}},
      {"discount over the total",
       [](R* r) { Line(r)->add_manual_discounts()->set_amount_minor(100'000); },
       {"basket.lines[0].manual_discounts"}},
      {"discounts that overflow",
       [](R* r) {
         for (int i = 0; i < 2; ++i) {
           Line(r)->add_manual_discounts()->set_amount_minor(std::numeric_limits<int64_t>::max());
         }
       },
       {"basket.lines[0].manual_discounts"}},
      {"discount of nothing",
       [](R* r) { Line(r)->add_manual_discounts(); },
       {"basket.lines[0].manual_discounts[0].amount_minor"}},
      {"no sku", [](R* r) { Line(r)->clear_sku(); }, {"basket.lines[0].sku"}},
      {"no line id", [](R* r) { Line(r)->clear_line_id(); }, {"basket.lines[0].line_id"}},
      {"line id twice", [](R* r) { Line(r)->set_line_id("2"); }, {"basket.lines[1].line_id"}},
      {"unknown parent",
       [](R* r) { Line(r)->set_parent_line_id("9"); },
       {"basket.lines[0].parent_line_id"}},
      {"its own parent",
       [](R* r) { Line(r)->set_parent_line_id("1"); },
       {"basket.lines[0].parent_line_id"}},
      {"return of nothing",
       [](R* r) {
         Line(r)->set_quantity_thousandths(-1000);
         Line(r)->mutable_returned_from();
       },
       {"basket.lines[0].returned_from.transaction_id", "basket.lines[0].returned_from.line_id"}},
      {"unknown line kind",
       [](R* r) { Line(r)->set_kind(static_cast<v1::LineKind>(99)); },
       {"basket.lines[0].kind"}},
      {"product attribute that is not declared",
       [](R* r) {
         (*Line(r)->mutable_product()->mutable_attributes())["colour"].set_string_value("red");
       },
       {"basket.lines[0].product.attributes[colour]"}},
      {"product attribute of another type",
       [](R* r) {
         (*Line(r)->mutable_product()->mutable_attributes())["deposit"].set_string_value("yes");
       },
       {"basket.lines[0].product.attributes[deposit]"}},
      {"categories as an attribute",
       [](R* r) {
         (*Line(r)->mutable_product()->mutable_attributes())["categories"].set_string_value("a");
       },
       {"basket.lines[0].product.attributes[categories]"}},
      {"long tax code",
       [=](R* r) { Line(r)->set_tax_code(long_id); },
       {"basket.lines[0].tax_code"}},
      {"10,001 lines",
       [](R* r) {
         while (r->basket().lines_size() <= 10'000) {
           r->mutable_basket()->add_lines()->set_line_id(
               absl::StrCat("x", r->basket().lines_size()));
         }
       },
       {"basket.lines"}},
      {"several at once",
       [](R* r) {
         r->mutable_context()->set_step(0);
         r->add_placements("billboard");
         Line(r)->clear_sku();
         Line(r)->set_unit_price_e4(-1);
       },
       {"context.step", "placements[1]", "basket.lines[0].sku", "basket.lines[0].unit_price_e4"}},
  };
}

TEST(BinderTest, ListsEveryViolationWithItsPath) {
  for (const BadRequest& bad : BadRequests()) {
    v1::DecideRequest request = TillRequest();
    bad.spoil(&request);
    Bound bound(request);
    EXPECT_EQ(bound.fields(), bad.fields) << bad.name << ": " << bound.text();
  }
}

TEST(BinderTest, FindsNothingWrongWithGoodRequests) {
  EXPECT_THAT(Bound(TillRequest()).fields(), IsEmpty());
  std::mt19937_64 random(7);
  for (int i = 0; i < 500; ++i) {
    const v1::DecideRequest request = RandomRequest(random);
    Bound bound(request);
    EXPECT_THAT(bound.fields(), IsEmpty()) << request.DebugString();
  }
}

TEST(BinderTest, AcceptsTenThousandLinesAndAnyStoreBeforeStoresAreLoaded) {
  v1::DecideRequest request = TillRequest();
  request.mutable_context()->mutable_touchpoint()->set_store("S99");
  while (request.basket().lines_size() < 10'000) {
    v1::BasketLine* line = request.mutable_basket()->add_lines();
    *line = request.basket().lines(0);
    line->set_line_id(absl::StrCat("x", request.basket().lines_size()));
    line->set_parent_line_id("1");
  }
  EXPECT_THAT(Bound(request, 1, 0).fields(), IsEmpty());
}

}  // namespace
}  // namespace touchstone::server
