#include "server/decide/answer.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <deque>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/decide/answer_writer.h"
#include "tests/server/decide/world.h"

namespace touchstone::server {
namespace {

constexpr uint64_t kSeed = 20261122;

std::string Deterministic(const google::protobuf::MessageLite& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&out);
  }
  return bytes;
}

// Decisions that no engine makes: any numbers, and texts of all lengths that matter to the wire
// format.
class RandomDecision {
 public:
  explicit RandomDecision(uint64_t seed) : random_(seed) {
    for (const char* prompt : {"scan", "pick", "add"}) giving_.push_back(WorldStateGiving(prompt));
  }

  void Make() {
    texts_.clear();
    live_ = Chance(2) ? WorldState(1 + random_() % kWorldRevisions, 1)
                      : giving_[random_() % giving_.size()];
    MakeRequest();
    MakeBasket();
    MakeCodes();
    MakeOffers();
    MakePlacements();
    decision_.completeness = Chance(2) ? rules::Completeness::kPartial : rules::Completeness();
    decision_.cause =
        Chance(3) ? rules::CompletenessCause::kStepLimit : decltype(decision_.cause)();
    decision_.segment = Text();
    decision_.segment_known = Chance(2);
    facts_.assign(live_->rule_set->layout->decision_row_size(), rules::expr::Value());
    for (rules::expr::Value& fact : facts_) {
      if (Chance(2)) fact = rules::expr::Value::OfMoney({Number(), rules::Currency()});
    }
    decision_.facts = facts_;
    input_.decision_id = Text();
    input_.customer = static_cast<rules::InputStatus>(random_() % 4);
    answer_facts_ = {random_() >> random_() % 64, Chance(3) ? 0 : random_(), Chance(4),
                     static_cast<ReadFailure>(random_() % 4), MakeNearMisses()};
  }

  const rules::RuleSet& rule_set() const { return *live_->rule_set; }
  const rules::Decision& decision() const { return decision_; }
  std::mt19937_64& random() { return random_; }
  absl::string_view Text() {
    constexpr size_t kLengths[] = {0, 1, 20, 100, 127, 128, 300, 17'000};
    texts_.emplace_back(kLengths[random_() % (Chance(4) ? 8 : 4)],
                        static_cast<char>('a' + texts_.size() % 26));
    return texts_.back();
  }

  v1::DecideResponse Message() const {
    v1::DecideResponse message;
    FillAnswer(*live_->rule_set, input_, decision_, {&request_, views_}, answer_facts_, &message);
    return message;
  }
  absl::string_view Write(AnswerWriter& writer) const {
    return writer.Write(*live_->rule_set, input_, decision_, {&request_, views_}, answer_facts_);
  }

 private:
  bool Chance(uint64_t of) { return random_() % of == 0; }
  int64_t Number() {
    const auto number = static_cast<int64_t>(random_() >> (1 + random_() % 63));
    return Chance(4) ? 0 : Chance(4) ? -number : number;
  }
  uint32_t AnyOffer() { return static_cast<uint32_t>(random_() % rule_set().offers.size()); }
  uint32_t PricedOffer() {
    const auto& order = rule_set().pricing_order;
    return order[random_() % order.size()];
  }

  rules::Decimal Quantity() { return {Number()}; }
  rules::AppliedOffer AnyApplied() {
    rules::AppliedOffer applied{.offer = PricedOffer(), .taken = {Number(), rules::Currency()}};
    applied.points = Number();
    applied.applications = Number();
    if (rule_set().offers[applied.offer].benefit->gift) applied.missing_gifts = Number();
    applied.cut_by_guard_rail = Chance(2);
    return applied;
  }

  void MakeRequest() {
    request_.Clear();
    for (uint64_t i = Chance(3) ? random_() % 3 : 0; i > 0; --i) {
      request_.mutable_context()->add_codes(std::string(Text()));
    }
    if (Chance(4)) return;
    request_.mutable_basket()->set_currency_code(std::string(Text()));
    for (uint64_t i = Chance(4) ? 0 : random_() % 30; i > 0; --i) {
      v1::BasketLine* line = request_.mutable_basket()->add_lines();
      line->set_line_id(std::string(Text()));
      line->set_sku(Chance(2) ? "BEANS" : "NEW");
      if (Chance(3)) line->mutable_product();
    }
  }

  void MakeBasket() {
    ViewRequest(request_, &views_);
    input_.reference = live_->reference.get();
    lines_.clear();
    totals_.clear();
    takings_.clear();
    applied_.clear();
    for (const v1::BasketLine& line : request_.basket().lines()) {
      rules::BasketLine& bound = lines_.emplace_back();
      bound.line_id = line.line_id();
      bound.quantity = rules::Decimal{Number()};
      bound.price_source = static_cast<rules::PriceSource>(random_() % 4);
      totals_.push_back({Number(), Number(), Number()});
    }
    for (uint64_t i = lines_.empty() ? 0 : random_() % 60; i > 0; --i) {
      takings_.push_back(
          {static_cast<uint32_t>(random_() % lines_.size()), PricedOffer(), Number(), Quantity()});
    }
    for (uint64_t i = random_() % 4; i > 0; --i) {
      applied_.push_back(AnyApplied());
    }
    input_.basket.lines = lines_;
    decision_.basket.lines = totals_;
    decision_.basket.takings = takings_;
    decision_.basket.applied = applied_;
    decision_.basket.gross_minor = Number() / 2;
    decision_.basket.payable_minor = Number() / 2;
    decision_.basket.points = Number();
    decision_.basket.search = static_cast<rules::CombinationSearch>(random_() % 3);
    decision_.basket.greedy_gap_minor = Number();
  }

  void MakeCodes() {
    codes_.clear();
    for (int i = 0; i < request_.context().codes_size(); ++i) {
      const uint32_t offer = Chance(4) ? rules::kNoOffer : AnyOffer();
      const auto standing =
          Chance(2) ? rules::CodeStanding::kValid : static_cast<rules::CodeStanding>(random_() % 9);
      codes_.push_back({standing, offer, Text()});
    }
    input_.codes = codes_;
  }

  void MakeOffers() {
    outcomes_.clear();
    for (size_t i = 0; i < rule_set().offers.size(); ++i) {
      rules::OfferOutcome& outcome = outcomes_.emplace_back();
      outcome.stage =
          static_cast<rules::Stage>(random_() % (static_cast<uint64_t>(rules::Stage::kRank) + 1));
      outcome.cause = static_cast<rules::Cause>(
          random_() % (static_cast<uint64_t>(rules::Cause::kStepLimit) + 1));
      outcome.applied = Chance(2);
      outcome.value_failed = Chance(3);
      outcome.score_millionths = Number();
    }
    decision_.offers = outcomes_;
  }

  rules::NearMissChange AnyChange() {
    rules::NearMissChange change;
    change.kind = static_cast<rules::NearMissChange::Kind>(random_() % 4);
    const int64_t amount = 1 + static_cast<int64_t>(random_() % 1'000'000);
    if (change.kind == rules::NearMissChange::Kind::kSpend) change.spend_minor = amount;
    if (change.kind == rules::NearMissChange::Kind::kUnits) change.quantity = {amount};
    change.from = absl::FromUnixSeconds(1'795'678'200 + amount);
    return change;
  }

  absl::Span<const rules::NearMiss> MakeNearMisses() {
    near_misses_.clear();
    said_.clear();
    near_texts_.clear();
    for (uint64_t i = random_() % 4; i > 0; --i) {
      std::vector<rules::NearMissText>& said = said_.emplace_back();
      for (uint64_t j = random_() % 3; j > 0; --j) {
        const auto placement = static_cast<uint16_t>(random_() % rule_set().placements.size());
        std::vector<rules::FieldText>& texts = near_texts_.emplace_back();
        for (size_t f = 0; f < rule_set().placements[placement].fields.size(); ++f) {
          if (Chance(2)) texts.push_back({static_cast<uint16_t>(f), Text()});
        }
        said.push_back({placement, texts});
      }
      near_misses_.push_back({AnyOffer(), AnyChange(), Text(), Number(), Number(), {}, said});
    }
    return near_misses_;
  }

  void MakePlacements() {
    placements_.clear();
    shown_.clear();
    field_texts_.clear();
    for (uint64_t i = random_() % 4; i > 0; --i) {
      const auto placement = static_cast<uint16_t>(random_() % rule_set().placements.size());
      std::vector<rules::ShownOffer>& shown = shown_.emplace_back();
      for (uint64_t j = random_() % 4; j > 0; --j) {
        std::vector<absl::string_view>& texts = field_texts_.emplace_back();
        for (size_t f = 0; f < rule_set().placements[placement].fields.size(); ++f) {
          texts.push_back(Text());
        }
        shown.push_back({AnyOffer(), static_cast<uint32_t>(random_() % 300), Chance(3), texts});
      }
      placements_.push_back({placement, shown});
    }
    decision_.placements = placements_;
  }

  std::mt19937_64 random_;
  std::vector<std::shared_ptr<const LiveState>> giving_;
  std::shared_ptr<const LiveState> live_;
  std::deque<std::string> texts_;
  v1::DecideRequest request_;
  std::vector<LineView> views_;
  rules::DecisionInput input_;
  rules::Decision decision_;
  AnswerFacts answer_facts_;
  std::vector<rules::BasketLine> lines_;
  std::vector<rules::LineTotals> totals_;
  std::vector<rules::LineTaking> takings_;
  std::vector<rules::AppliedOffer> applied_;
  std::vector<rules::PresentedCode> codes_;
  std::vector<rules::OfferOutcome> outcomes_;
  std::vector<rules::PlacementAnswer> placements_;
  std::deque<std::vector<rules::ShownOffer>> shown_;
  std::deque<std::vector<absl::string_view>> field_texts_;
  std::vector<rules::NearMiss> near_misses_;
  std::deque<std::vector<rules::NearMissText>> said_;
  std::deque<std::vector<rules::FieldText>> near_texts_;
  std::vector<rules::expr::Value> facts_;
};

TEST(AnswerTest, TheBytesAreThoseOfTheMessageSerializedDeterministically) {
  RandomDecision random(kSeed);
  AnswerWriter writer;
  for (int turn = 0; turn < 3000; ++turn) {
    random.Make();
    ASSERT_EQ(random.Write(writer), Deterministic(random.Message()))
        << "turn " << turn << ", seed " << kSeed;
  }
}

TEST(AnswerTest, SaysWhatIsTheMatterWithABudget) {
  const auto reason = [](rules::Stage stage, rules::Cause cause) {
    rules::OfferOutcome outcome;
    outcome.stage = stage;
    outcome.cause = cause;
    v1::Reason said;
    FillReason(outcome, false, &said);
    return absl::StrCat(v1::DecisionStage_Name(said.stage()), " ", said.code(), ": ", said.text());
  };
  EXPECT_EQ(reason(rules::Stage::kBudget, rules::Cause::kSpent),
            "DECISION_STAGE_BUDGET SPENT: its budget has nothing left");
  EXPECT_EQ(reason(rules::Stage::kBudget, rules::Cause::kUnclaimed),
            "DECISION_STAGE_BUDGET UNCLAIMED: others took the last of what it is limited to");
  EXPECT_EQ(reason(rules::Stage::kLimit, rules::Cause::kUnclaimed),
            "DECISION_STAGE_LIMIT UNCLAIMED: others took the last of what it is limited to");
}

TEST(AnswerTest, TheFinishedBytesAreThoseOfTheMessageWithTokensAndReceiptState) {
  RandomDecision random(kSeed + 1);
  AnswerWriter writer;
  for (int turn = 0; turn < 3000; ++turn) {
    random.Make();
    random.Write(writer);
    const auto receipt =
        static_cast<v1::ReceiptState>(random.random()() % v1::ReceiptState_ARRAYSIZE);
    v1::DecideResponse message = random.Message();
    message.set_receipt(receipt);
    std::vector<std::string> tokens;
    for (v1::PlacementAnswer& placement : *message.mutable_placements()) {
      for (v1::ShownOffer& offer : *placement.mutable_offers()) {
        tokens.push_back(std::string(random.Text()));
        offer.set_token(tokens.back());
      }
    }
    size_t next = 0;
    const absl::string_view finished =
        writer.Finish(random.rule_set(), random.decision(), receipt,
                      [&](const rules::PlacementSpec& placement, const rules::ShownOffer& shown,
                          std::string* token) {
                        EXPECT_LT(shown.texts.size(), placement.fields.size() + 1);
                        *token = tokens[next++];
                      });
    ASSERT_EQ(finished, Deterministic(message)) << "turn " << turn << ", seed " << kSeed + 1;
    ASSERT_EQ(next, tokens.size());
  }
}

}  // namespace
}  // namespace touchstone::server
