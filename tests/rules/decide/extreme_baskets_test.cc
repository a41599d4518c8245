// Baskets and amounts at the ends of what is allowed: sums stay exact and nothing overflows, which
// the sanitizer build would find.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <iterator>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/message.h"
#include "rules/decide/decide.h"
#include "rules/ruleset/compile.h"
#include "tests/rules/decide/random.h"
#include "tests/rules/decide/random_rules.h"
#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr const char* kAmounts[] = {"0.01",        "0.01",           "1.00",           "999999.99",
                                    "99999999.99", "99999999999.99", "100000000000.00"};
constexpr const char* kPercents[] = {"0.0001", "100", "99.9999", "33.3333"};
constexpr int64_t kCounts[] = {1, 2, 1000, 1'000'000, 1'000'000'000, 1'000'000'000};

// Sets numbers of a benefit to the ends of their ranges, and beyond: what compiles is kept.
void Exaggerate(Random& random, Message* message) {
  const Reflection* reflection = message->GetReflection();
  if (message->GetDescriptor() == v1::AmountByCurrency::descriptor()) {
    for (auto& [code, amount] : *static_cast<v1::AmountByCurrency*>(message)->mutable_amounts()) {
      if (random.OneIn(2)) amount = random.Of(kAmounts);
    }
    return;
  }
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) Exaggerate(random, reflection->MutableMessage(message, field));
      for (int i = 0; field->is_repeated() && i < reflection->FieldSize(*message, field); ++i) {
        Exaggerate(random, reflection->MutableRepeatedMessage(message, field, i));
      }
    } else if (field->name() == "percent_off" && random.OneIn(2)) {
      reflection->SetString(message, field, random.Of(kPercents));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT64 && random.OneIn(2)) {
      reflection->SetInt64(message, field, kCounts[random.Below(std::size(kCounts))]);
    }
  }
}

// Random rules, each benefit as exaggerated as it still compiles.
TestRules ExtremeRules(Random& random) {
  TestRules rules = RandomRules(random);
  for (v1::Offer& offer : *rules.message.mutable_offers()) {
    if (!offer.has_benefit()) continue;
    const v1::Benefit before = offer.benefit();
    Exaggerate(random, offer.mutable_benefit());
    if (!random.OneIn(4)) {  // most are for every basket
      offer.clear_eligible();
      offer.clear_requires_condition();
      offer.clear_window();
      offer.clear_limits();
    }
    CompileResult result = Compile(rules.message, SourceMap(), At("2026-11-26T08:30"));
    if (result.rule_set == nullptr) {
      *offer.mutable_benefit() = before;
    } else {
      rules.compiled = std::move(result.rule_set);
    }
  }
  return rules;
}

// The unit price at which the line comes to no more than it may.
int64_t HighestPriceE4(Decimal quantity) {
  const absl::int128 highest =
      absl::int128(kMaxLineTotalMinor) * 100 * 1000 / std::abs(quantity.thousandths);
  return static_cast<int64_t>(highest);
}

void Stretch(Random& random, BasketLine& line) {
  constexpr int64_t kThousandths[] = {1, 999, 1000, 1001, 12'345, kMaxLineQuantity.thousandths};
  if (random.OneIn(2)) {
    const int64_t thousandths = kThousandths[random.Below(std::size(kThousandths))];
    line.quantity.thousandths = line.is_return ? -thousandths : thousandths;
    line.is_measured = line.is_measured || thousandths % 1000 != 0;
  }
  const int64_t highest = HighestPriceE4(line.quantity);
  const int64_t prices[] = {0, 1, 49, 50, line.unit_price_e4, highest - 1, highest};
  line.unit_price_e4 = std::min(highest, prices[random.Below(std::size(prices))]);
  line.floor_price_e4.reset();
  if (random.OneIn(4)) line.floor_price_e4 = random.OneIn(2) ? line.unit_price_e4 : 1;
}

// The scene's basket, stretched, and now and then repeated up to as many lines as there may be.
// `ids` keeps the ids of lines.
void StretchBasket(Random& random, Scene& scene, std::deque<std::string>& ids) {
  for (BasketLine& line : scene.lines) Stretch(random, line);
  if (scene.lines.empty() || !random.OneIn(200)) return;
  const size_t drawn = scene.lines.size();
  for (size_t i = drawn; i < kMaxBasketLines; ++i) {
    scene.lines.push_back(scene.lines[i % drawn]);
    scene.lines.back().line_id = ids.emplace_back(absl::StrCat("again-", i));
    scene.line_facts.push_back(scene.line_facts[i % drawn]);
  }
}

int64_t Minor(absl::int128 amount) {
  EXPECT_LE(amount, absl::int128(std::numeric_limits<int64_t>::max()));
  EXPECT_GE(amount, absl::int128(std::numeric_limits<int64_t>::min()));
  return static_cast<int64_t>(amount);
}

// Sums in arithmetic that is wide enough for any.
void CheckSums(const RuleSet& rules, const DecisionInput& input, const BasketAnswer& basket) {
  std::map<uint32_t, absl::int128> of_line;
  std::map<uint32_t, absl::int128> of_offer;
  for (const LineTaking& taking : basket.takings) {
    ASSERT_GT(taking.amount_minor, 0);
    of_line[taking.line] += taking.amount_minor;
    of_offer[taking.offer] += taking.amount_minor;
  }
  absl::int128 gross = 0;
  absl::int128 payable = 0;
  for (uint32_t i = 0; i < basket.lines.size(); ++i) {
    const LineTotals& line = basket.lines[i];
    const absl::int128 quantity = input.basket.lines[i].quantity.thousandths;
    const absl::int128 exact =
        quantity * input.basket.lines[i].unit_price_e4;  // in 10^-5 minor units
    const absl::int128 rounding = absl::int128(line.gross_minor) * 100'000 - exact;
    ASSERT_LE(rounding, 50'000) << i;
    ASSERT_GE(rounding, -50'000) << i;
    ASSERT_EQ(Minor(line.gross_minor - of_line[i]), line.net_minor) << i;
    if (input.basket.lines[i].is_return) {
      ASSERT_EQ(line.net_minor, line.gross_minor) << i;
    } else {
      ASSERT_GE(line.net_minor, 0) << i;
    }
    gross += line.gross_minor;
    payable += line.net_minor;
  }
  ASSERT_EQ(Minor(gross), basket.gross_minor);
  ASSERT_EQ(Minor(payable), basket.payable_minor);
  absl::int128 points = 0;
  for (const AppliedOffer& applied : basket.applied) {
    ASSERT_EQ(Minor(of_offer[applied.offer]), applied.taken.amount_minor);
    ASSERT_GE(applied.points, 0);
    ASSERT_GE(applied.applications, 0);
    ASSERT_LE(applied.coupons, kMaxCoupons);
    const auto at_most =
        AmountIn(rules.offers[applied.offer].benefit->at_most, input.basket.currency);
    if (at_most.has_value()) {
      ASSERT_LE(applied.taken.amount_minor, *at_most);
    }
    points += applied.points;
  }
  // Beyond 64 bits they stop there.
  ASSERT_EQ(Minor(std::min<absl::int128>(points, std::numeric_limits<int64_t>::max())),
            basket.points);
}

TEST(ExtremeBasketsTest, SumsAreExactAndStepsAreBounded) {
  int priced = 0;
  int taken = 0;
  int full = 0;
  int beyond = 0;  // more points than fit into 64 bits
  DecisionScratch scratch;
  for (uint64_t seed = 0; seed < 600; ++seed) {
    Random random(seed);
    const TestRules rules = ExtremeRules(random);
    for (int i = 0; i < 15; ++i) {
      SCOPED_TRACE(absl::StrCat("seed ", seed, ", scene ", i));
      std::deque<std::string> ids;
      Scene scene(rules);
      RandomScene(random, scene);
      StretchBasket(random, scene, ids);
      const DecisionInput input = scene.Input();
      ASSERT_TRUE(ValidateBasket(input.basket).empty())
          << ValidateBasket(input.basket).front().description;
      const Decision& decision = Decide(*rules.compiled, input, scratch, Reasons::kEveryOffer);
      ASSERT_LE(decision.steps_left, input.step_limit);
      const std::string first = Dump(*rules.compiled, decision);
      if (decision.basket.priced) {
        ++priced;
        if (!decision.basket.takings.empty()) ++taken;
        if (input.basket.lines.size() == kMaxBasketLines) ++full;
        if (decision.basket.points == std::numeric_limits<int64_t>::max()) ++beyond;
        CheckSums(*rules.compiled, input, decision.basket);
        if (testing::Test::HasFatalFailure()) return;
      }
      const Decision& again = Decide(*rules.compiled, input, scratch, Reasons::kEveryOffer);
      ASSERT_EQ(Dump(*rules.compiled, again), first);
    }
  }
  EXPECT_GT(priced, 1000);
  EXPECT_GT(taken, 400);
  EXPECT_GT(full, 5);
  EXPECT_GT(beyond, 2);
}

}  // namespace
}  // namespace touchstone::rules
