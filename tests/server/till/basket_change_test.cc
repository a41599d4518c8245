// What a till says has changed, against the whole state.

#include "server/till/basket_change.h"

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/seed.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::BasketLine Line(const std::string& id, int64_t price_e4 = 10000) {
  v1::BasketLine line;
  line.set_line_id(id);
  line.set_sku("SKU-" + id);
  line.set_quantity_thousandths(1000);
  line.set_unit_price_e4(price_e4);
  return line;
}

v1::DecideRequest Opened(const std::vector<std::string>& lines) {
  v1::DecideRequest request;
  request.mutable_context()->set_transaction_id("t1");
  request.mutable_context()->set_step(1);
  request.mutable_context()->add_codes("FIRST");
  request.mutable_basket()->set_currency_code("EUR");
  for (const std::string& id : lines) *request.mutable_basket()->add_lines() = Line(id);
  return request;
}

v1::BasketChange NextChange(const v1::DecideRequest& request) {
  v1::BasketChange change;
  change.set_transaction_id(request.context().transaction_id());
  change.set_step(request.context().step() + 1);
  return change;
}

std::vector<std::string> Apply(const v1::BasketChange& change, v1::DecideRequest* request) {
  std::vector<Violation> violations;
  ApplyChange(change, request, &violations);
  std::vector<std::string> fields;
  for (const Violation& violation : violations) fields.push_back(violation.field);
  return fields;
}

std::vector<std::string> LinesOf(const v1::DecideRequest& request) {
  std::vector<std::string> ids;
  for (const v1::BasketLine& line : request.basket().lines()) ids.push_back(line.line_id());
  return ids;
}

TEST(BasketChangeTest, AddsReplacesAndRemovesLinesInTheirPlaces) {
  v1::DecideRequest request = Opened({"1", "2", "3"});
  v1::BasketChange change = NextChange(request);
  *change.add_lines() = Line("4");
  *change.add_lines() = Line("2", 77);
  change.add_removed_lines("1");
  EXPECT_THAT(Apply(change, &request), IsEmpty());
  EXPECT_THAT(LinesOf(request), ElementsAre("2", "3", "4"));
  EXPECT_EQ(request.basket().lines(0).unit_price_e4(), 77);
  EXPECT_EQ(request.context().step(), 2);
  EXPECT_THAT(request.context().codes(), ElementsAre("FIRST"));
}

TEST(BasketChangeTest, ALineThatIsNotThereCannotGo) {
  v1::DecideRequest request = Opened({"1"});
  v1::BasketChange change = NextChange(request);
  change.add_removed_lines("1");
  change.add_removed_lines("1");
  change.add_removed_lines("9");
  EXPECT_THAT(Apply(change, &request),
              ElementsAre("change.removed_lines[1]", "change.removed_lines[2]"));
}

TEST(BasketChangeTest, ALineIsNamedOnceInAChange) {
  v1::DecideRequest request = Opened({"1", "2"});
  v1::BasketChange change = NextChange(request);
  *change.add_lines() = Line("3");
  *change.add_lines() = Line("3");
  *change.add_lines() = Line("1");
  change.add_removed_lines("1");
  EXPECT_THAT(Apply(change, &request),
              ElementsAre("change.lines[1].line_id", "change.lines[2].line_id"));
}

TEST(BasketChangeTest, TendersTakeThePlaceOfAllBeforeWhenTheyCount) {
  v1::DecideRequest request = Opened({"1"});
  request.mutable_basket()->add_tenders()->set_type("cash");
  v1::BasketChange change = NextChange(request);
  change.add_tenders()->set_type("card");
  v1::DecideRequest refused = request;
  EXPECT_THAT(Apply(change, &refused), ElementsAre("change.tenders"));
  change.set_sets_tenders(true);
  EXPECT_THAT(Apply(change, &request), IsEmpty());
  ASSERT_EQ(request.basket().tenders_size(), 1);
  EXPECT_EQ(request.basket().tenders(0).type(), "card");
  change = NextChange(request);
  change.set_sets_tenders(true);
  EXPECT_THAT(Apply(change, &request), IsEmpty());
  EXPECT_EQ(request.basket().tenders_size(), 0);
}

TEST(BasketChangeTest, CodesGoAndCome) {
  v1::DecideRequest request = Opened({"1"});
  v1::BasketChange change = NextChange(request);
  change.add_codes("SECOND");
  change.add_removed_codes("FIRST");
  change.add_removed_codes("SECOND");  // it was not there before
  v1::DecideRequest refused = request;
  EXPECT_THAT(Apply(change, &refused), ElementsAre("change.removed_codes[1]"));
  change.mutable_removed_codes()->RemoveLast();
  EXPECT_THAT(Apply(change, &request), IsEmpty());
  EXPECT_THAT(request.context().codes(), ElementsAre("SECOND"));
}

TEST(BasketChangeTest, IdentitiesAndAttributesGrowAndTheMomentIsTheChanges) {
  v1::DecideRequest request = Opened({"1"});
  request.mutable_context()->mutable_occurred_at()->set_seconds(5);
  (*request.mutable_attributes())["weather"].set_string_value("sun");
  v1::BasketChange change = NextChange(request);
  change.add_identities()->set_value("123");
  (*change.mutable_attributes())["weather"].set_string_value("rain");
  (*change.mutable_attributes())["page"].set_string_value("home");
  EXPECT_THAT(Apply(change, &request), IsEmpty());
  EXPECT_EQ(request.context().identities(0).value(), "123");
  EXPECT_EQ(request.attributes().at("weather").string_value(), "rain");
  EXPECT_EQ(request.attributes().at("page").string_value(), "home");
  EXPECT_FALSE(request.context().has_occurred_at());
}

TEST(BasketChangeTest, WhatAnAnswerIsAskedForDoesNotStay) {
  v1::DecideRequest request = Opened({"1"});
  request.mutable_context()->mutable_budget()->set_nanos(7);
  v1::BasketChange change = NextChange(request);
  EXPECT_FALSE(AsksMore(change));
  change.add_placements("receipt");
  change.mutable_budget()->set_seconds(1);
  EXPECT_TRUE(AsksMore(change));
  EXPECT_THAT(Apply(change, &request), IsEmpty());
  EXPECT_EQ(request.placements_size(), 0);
  EXPECT_EQ(request.context().budget().nanos(), 7);
  v1::DecideRequest asked = request;
  AskMore(change, &asked);
  EXPECT_THAT(asked.placements(), ElementsAre("receipt"));
  EXPECT_EQ(asked.context().budget().seconds(), 1);
  EXPECT_EQ(asked.context().budget().nanos(), 0);
  EXPECT_TRUE(IsSameState(asked, request));
}

TEST(BasketChangeTest, ARetryIsKnownWhateverItAsksOfItsAnswer) {
  v1::BasketChange change = NextChange(Opened({"1"}));
  *change.add_lines() = Line("2");
  v1::BasketChange again = change;
  again.set_whole_answer(true);
  again.add_placements("receipt");
  again.mutable_budget()->set_nanos(5);
  EXPECT_EQ(ChangeHash(change), ChangeHash(again));
  again.mutable_lines(0)->set_quantity_thousandths(2000);
  EXPECT_NE(ChangeHash(change), ChangeHash(again));
}

TEST(BasketChangeTest, NamesTheFieldThatAFaultComesFrom) {
  v1::DecideRequest request = Opened({"1", "2"});
  v1::BasketChange change = NextChange(request);
  *change.add_lines() = Line("3");
  *change.add_lines() = Line("1");
  change.add_codes("SECOND");
  change.set_sets_tenders(true);
  (*change.mutable_attributes())["page"].set_string_value("home");
  Apply(change, &request);
  const auto field = [&](absl::string_view of) { return FieldOfChange(change, request, of); };
  EXPECT_EQ(field("basket.lines[2].sku"), "change.lines[0].sku");
  EXPECT_EQ(field("basket.lines[0].manual_discounts[1].reason"),
            "change.lines[1].manual_discounts[1].reason");
  EXPECT_EQ(field("basket.lines[1].parent_line_id"), "basket.lines[1].parent_line_id");
  EXPECT_EQ(field("basket.lines"), "change.lines");
  EXPECT_EQ(field("context.codes[1]"), "change.codes[0]");
  EXPECT_EQ(field("context.codes[0]"), "context.codes[0]");
  EXPECT_EQ(field("basket.tenders[0].type"), "change.tenders[0].type");
  EXPECT_EQ(field("attributes[page]"), "change.attributes[page]");
  EXPECT_EQ(field("attributes[other]"), "attributes[other]");
  EXPECT_EQ(field("placements[0]"), "change.placements[0]");
  EXPECT_EQ(field("context.touchpoint.store"), "context.touchpoint.store");
}

// A till that remembers everything by itself.
class Model {
 public:
  explicit Model(std::mt19937_64& random) : random_(random), state_(Opened({})) {}

  v1::BasketChange Step() {
    v1::BasketChange change = NextChange(state_);
    state_.mutable_context()->set_step(change.step());
    auto& lines = *state_.mutable_basket()->mutable_lines();
    for (int i = lines.size(); i-- > 0;) {
      if (Below(4) == 0) {
        change.add_removed_lines(lines[i].line_id());
        lines.DeleteSubrange(i, 1);
      } else if (Below(4) == 0) {
        lines[i].set_quantity_thousandths(1000 * (1 + Below(5)));
        *change.add_lines() = lines[i];
      }
    }
    for (int added = Below(4); added > 0; --added) {
      *lines.Add() = Line(absl::StrCat(++next_id_), 100 * Below(1000));
      *change.add_lines() = *lines.rbegin();
    }
    if (Below(3) == 0) {
      change.set_sets_tenders(true);
      state_.mutable_basket()->clear_tenders();
      if (Below(2) == 0) change.add_tenders()->set_type("cash");
      *state_.mutable_basket()->mutable_tenders() = change.tenders();
    }
    if (Below(3) == 0) {
      const std::string name = absl::StrCat("a", Below(3));
      (*change.mutable_attributes())[name].set_int_value(Below(100));
      (*state_.mutable_attributes())[name] = change.attributes().at(name);
    }
    return change;
  }

  const v1::DecideRequest& state() const { return state_; }

 private:
  int Below(int limit) { return static_cast<int>(random_() % static_cast<uint64_t>(limit)); }

  std::mt19937_64& random_;
  v1::DecideRequest state_;
  int next_id_ = 0;
};

TEST(BasketChangePropertyTest, ChangesOneByOneComeToTheWholeState) {
  std::mt19937_64 random(store::TestSeed());
  for (int visit = 0; visit < 200; ++visit) {
    Model till(random);
    v1::DecideRequest state = till.state();
    for (int step = 0; step < 30; ++step) {
      ASSERT_THAT(Apply(till.Step(), &state), IsEmpty());
      ASSERT_TRUE(IsSameState(state, till.state())) << state.ShortDebugString() << "\n"
                                                    << till.state().ShortDebugString();
    }
  }
}

}  // namespace
}  // namespace touchstone::server
