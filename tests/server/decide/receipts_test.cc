// Ten thousand decisions of every kind, made again in another process from their receipts alone.

#include "store/receipts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/decide/decision_id.h"
#include "server/decide/receipt.h"
#include "store/record_patch.h"
#include "tests/server/decide/world.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::server {
namespace {

constexpr int kDecisions = 10'000;

uint64_t Seed() {
  const char* given = std::getenv("TOUCHSTONE_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20261126;
}

absl::StatusOr<std::shared_ptr<const LiveState>> Resolve(uint64_t revision, uint64_t reference,
                                                         const std::vector<TermsKey>&) {
  return WorldState(revision, reference);
}

struct Made {
  std::string receipt;
  v1::DecideResponse response;
};

storage::v1::Receipt::Input PlainInput(rules::InputStatus status) {
  switch (status) {
    case rules::InputStatus::kPresent:
      return storage::v1::Receipt::INPUT_KNOWN;
    case rules::InputStatus::kUnknown:
      return storage::v1::Receipt::INPUT_UNKNOWN;
    case rules::InputStatus::kAnonymous:
      return storage::v1::Receipt::INPUT_ANONYMOUS;
    case rules::InputStatus::kUnavailable:
      return storage::v1::Receipt::INPUT_UNAVAILABLE;
  }
  return storage::v1::Receipt::INPUT_UNSPECIFIED;
}

storage::v1::Receipt::Cause PlainCause(v1::CompletenessCause cause) {
  switch (cause) {
    case v1::COMPLETENESS_CAUSE_CUSTOMER_NOT_READ:
      return storage::v1::Receipt::CAUSE_RECORD_LATE;
    case v1::COMPLETENESS_CAUSE_OVERLOAD:
      return storage::v1::Receipt::CAUSE_OVERLOAD;
    case v1::COMPLETENESS_CAUSE_STORE_ERROR:
      return storage::v1::Receipt::CAUSE_STORE_ERROR;
    case v1::COMPLETENESS_CAUSE_CODES_NOT_READ:
      return storage::v1::Receipt::CAUSE_CODES_LATE;
    case v1::COMPLETENESS_CAUSE_STEP_LIMIT:
      return storage::v1::Receipt::CAUSE_STEP_LIMIT;
    case v1::COMPLETENESS_CAUSE_BUDGET_SPENT:
      return storage::v1::Receipt::CAUSE_NO_TIME;
    default:
      return storage::v1::Receipt::CAUSE_UNSPECIFIED;
  }
}

// The receipt by way of its message; completeness and cause are those of the answer, but that the
// receipt prefers to name what was not read.
std::string PlainReceipt(const Computation& computation, const v1::DecideResponse& response,
                         const std::string& request, const DecisionTerms& terms,
                         const GatheredCustomer& customer) {
  const LiveState& live = computation.binder().live();
  const absl::TimeZone zone = live.rule_set->schema.zone;
  const absl::Time now = computation.input().now;
  storage::v1::Receipt receipt;
  receipt.set_decision_id(std::string(terms.decision_id));
  receipt.set_engine_version(rules::kEngineVersion);
  receipt.set_revision(live.revision);
  receipt.set_reference_version(live.reference_version);
  receipt.set_now_us(absl::ToUnixMicros(now));
  receipt.set_seed(terms.seed);
  receipt.set_step_limit(terms.step_limit);
  receipt.set_completeness(
      static_cast<storage::v1::Receipt::Completeness>(response.completeness()));
  receipt.set_cause(PlainCause(response.completeness_cause()));
  if (!terms.fallback && customer.failure != ReadFailure::kNone) {
    receipt.set_completeness(storage::v1::Receipt::COMPLETENESS_PARTIAL);
    receipt.set_cause(
        customer.failure == ReadFailure::kLate       ? storage::v1::Receipt::CAUSE_RECORD_LATE
        : customer.failure == ReadFailure::kOverload ? storage::v1::Receipt::CAUSE_OVERLOAD
                                                     : storage::v1::Receipt::CAUSE_STORE_ERROR);
  }
  receipt.add_zone_offsets()->set_zone(zone.name());
  receipt.mutable_zone_offsets(0)->set_offset_seconds(zone.At(now).offset);
  receipt.set_request(request);
  receipt.set_customer_input(PlainInput(customer.status));
  receipt.set_customer_id(std::string(customer.id));
  receipt.set_customer_record(std::string(customer.record));
  for (const uint32_t budget : terms.closed_budgets) {
    receipt.add_closed_budgets(live.rule_set->budgets[budget].name);
  }
  for (const uint32_t offer : live.paused) {
    receipt.add_paused_offers(live.rule_set->offers[offer].id);
  }
  receipt.set_answer_hash_low(computation.hash().low);
  receipt.set_answer_hash_high(computation.hash().high);
  for (const uint32_t id : live.incomplete_aggregates) receipt.add_incomplete_aggregates(id);
  for (const rules::UnclaimedOffer& offer : terms.unclaimed) {
    storage::v1::Receipt::Unclaimed* unclaimed = receipt.add_unclaimed_offers();
    unclaimed->set_offer_id(live.rule_set->offers[offer.offer].id);
    unclaimed->set_by_limit(offer.what == rules::Unclaimable::kLimit);
    unclaimed->set_by_code(offer.what == rules::Unclaimable::kCode);
  }
  for (const JudgedCode& code : terms.codes) {
    storage::v1::Receipt::PresentedCode* presented = receipt.add_presented_codes();
    presented->set_standing(static_cast<storage::v1::Receipt::PresentedCode::Standing>(
        1 + static_cast<int>(code.standing)));
    presented->set_offer_id(code.offer_id);
  }
  receipt.set_without_near_misses(terms.without_near_misses);
  return receipt.SerializeAsString();
}

// One decision as the server makes it.
class DecisionMaker {
 public:
  explicit DecisionMaker(uint64_t seed) : random_(seed), ids_(seed, 1) {}

  Made Make() {
    const v1::DecideRequest request = RandomRequest(random_);
    // As it came in: not the deterministic form, and perhaps with fields that nobody knows.
    std::string bytes = request.SerializeAsString();
    if (Chance(4))
      bytes += std::string(
          "\xfa\x7f\x03"
          "abc",
          6);
    std::vector<Violation> violations;
    computation_.Bind(request, State(), WorldNow() + absl::Microseconds(random_() % 9'000'000),
                      &violations);
    EXPECT_TRUE(violations.empty());
    const std::string record = Chance(50) ? "no record at all" : RandomRecord(random_);
    GatheredCustomer customer = Customer(record);
    DecisionTerms terms;
    terms.decision_id = ids_.Next(WorldNow());
    terms.seed = TransactionHash(request.context().transaction_id());
    terms.step_limit = Chance(6) ? random_() % 300 : 1'000'000;
    terms.fallback = customer.status == rules::InputStatus::kUnavailable && Chance(3);
    terms.without_near_misses = Chance(4);
    DrawClaims(computation_.binder().live().rule_set->offers.size(), &terms);
    DrawCodes(request.context().codes_size(), &terms);
    Made made;
    computation_.Compute(terms, &customer);
    computation_.FillResponse(&made.response);
    // What a caller reads out of the bytes is what Explain shows.
    v1::DecideResponse served;
    EXPECT_TRUE(served.ParseFromArray(computation_.serialized().data(),
                                      static_cast<int>(computation_.serialized().size())));
    EXPECT_EQ(served.SerializeAsString(), made.response.SerializeAsString());
    made.receipt = std::string(receipts_.Build(computation_, bytes, terms, customer));
    EXPECT_EQ(made.receipt, PlainReceipt(computation_, made.response, bytes, terms, customer));
    return made;
  }

  bool Chance(uint64_t of) { return random_() % of == 0; }
  std::mt19937_64& random() { return random_; }

 private:
  std::shared_ptr<const LiveState> State() {
    const uint64_t revision = 1 + random_() % kWorldRevisions;
    const std::shared_ptr<const LiveState> state =
        Chance(5) ? WorldStatePausing(revision, "bread-10") : WorldState(revision, 1);
    if (!Chance(5)) return state;
    auto filling = std::make_shared<LiveState>(*state);
    for (const rules::AggregateSpec& aggregate : state->rule_set->schema.aggregates) {
      if (Chance(2)) filling->incomplete_aggregates.push_back(aggregate.id);
    }
    std::sort(filling->incomplete_aggregates.begin(), filling->incomplete_aggregates.end());
    return filling;
  }

  void DrawClaims(size_t offers, DecisionTerms* terms) {
    closed_budgets_.clear();
    unclaimed_.clear();
    for (uint32_t budget = 0; budget < kWorldBudgets; ++budget) {
      if (Chance(4)) closed_budgets_.push_back(budget);
    }
    for (uint32_t offer = 0; offer < offers; ++offer) {
      if (Chance(8)) unclaimed_.push_back({offer, static_cast<rules::Unclaimable>(random_() % 3)});
    }
    terms->closed_budgets = closed_budgets_;
    terms->unclaimed = unclaimed_;
  }

  void DrawCodes(int presented, DecisionTerms* terms) {
    codes_.clear();
    const char* const offers[] = {"mail-5", "bread-10", "long-gone", ""};
    for (int i = 0; i < presented; ++i) {
      const auto standing =
          Chance(2) ? rules::CodeStanding::kValid : static_cast<rules::CodeStanding>(random_() % 9);
      codes_.push_back({standing, offers[random_() % 4]});
    }
    if (!Chance(20)) terms->codes = codes_;
  }

  GatheredCustomer Customer(const std::string& record) {
    switch (random_() % 6) {
      case 0:
        return {rules::InputStatus::kAnonymous, ReadFailure::kNone, {}, {}};
      case 1:
        return {rules::InputStatus::kUnknown, ReadFailure::kNone, {}, {}};
      case 2:
        return {
            rules::InputStatus::kUnavailable, static_cast<ReadFailure>(1 + random_() % 3), {}, {}};
      default:
        return {rules::InputStatus::kPresent, ReadFailure::kNone, "c-1", record};
    }
  }

  std::mt19937_64 random_;
  DecisionIds ids_;
  Computation computation_;
  ReceiptBuilder receipts_;
  std::vector<uint32_t> closed_budgets_;
  std::vector<rules::UnclaimedOffer> unclaimed_;
  std::vector<JudgedCode> codes_;
};

TEST(ReceiptsTest, RebuildsEveryDecisionInAnotherProcess) {
  SCOPED_TRACE(absl::StrCat("TOUCHSTONE_SEED=", Seed()));
  const store::TemporaryDirectory directory;
  store::ReceiptLogOptions options;
  options.path = directory.Sub("receipts");
  int of_kind[4] = {};
  int with_near_misses = 0;
  {
    auto log = store::ReceiptLog::Open(options);
    ASSERT_TRUE(log.ok());
    DecisionMaker maker(Seed());
    for (int i = 0; i < kDecisions; ++i) {
      const Made made = maker.Make();
      ++of_kind[made.response.completeness()];
      if (!made.response.near_misses().empty()) ++with_near_misses;
      absl::Status kept;
      do {  // the log sheds what comes faster than the disk
        kept = (*log)->Append(made.response.decision_id(), WorldNow(), made.receipt);
        if (absl::IsResourceExhausted(kept)) {
          ASSERT_TRUE((*log)->Flush().ok());
        }
      } while (absl::IsResourceExhausted(kept));
      ASSERT_TRUE(kept.ok());
    }
    ASSERT_TRUE((*log)->Flush().ok());
  }
  EXPECT_GT(of_kind[v1::COMPLETENESS_COMPLETE], kDecisions / 4);
  EXPECT_GT(of_kind[v1::COMPLETENESS_PARTIAL], kDecisions / 10);
  EXPECT_GT(of_kind[v1::COMPLETENESS_FALLBACK], kDecisions / 100);
  EXPECT_GT(with_near_misses, kDecisions / 1000);
  const std::string command =
      absl::StrCat(REBUILD_RECEIPTS, " ", options.path, " ", kDecisions, " >&2");
  const int status = std::system(command.c_str());
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(ReceiptsTest, NoticesAChangedInput) {
  SCOPED_TRACE(absl::StrCat("TOUCHSTONE_SEED=", Seed()));
  DecisionMaker maker(Seed());
  Rebuilder rebuilder(Resolve);
  int changed = 0;
  for (int i = 0; i < 500; ++i) {
    const Made made = maker.Make();
    storage::v1::Receipt receipt;
    ASSERT_TRUE(receipt.ParseFromString(made.receipt));
    v1::DecideRequest request;
    ASSERT_TRUE(request.ParseFromString(receipt.request()));
    if (request.basket().lines_size() == 0 ||
        receipt.completeness() == storage::v1::Receipt::COMPLETENESS_FALLBACK) {
      continue;
    }
    // One byte more or less: a price that differs by a cent and some.
    v1::BasketLine* line = request.mutable_basket()->mutable_lines(0);
    line->set_unit_price_e4(line->unit_price_e4() ^ 0x80);
    receipt.set_request(request.SerializeAsString());
    ASSERT_TRUE(rebuilder.Rebuild(receipt.SerializeAsString()).ok());
    EXPECT_FALSE(rebuilder.identical()) << request.DebugString();
    ++changed;
  }
  EXPECT_GT(changed, 200);
}

TEST(ReceiptsTest, NoticesAnotherIdOrRecord) {
  DecisionMaker maker(1);
  const Made made = maker.Make();
  storage::v1::Receipt receipt;
  ASSERT_TRUE(receipt.ParseFromString(made.receipt));
  Rebuilder rebuilder(Resolve);
  ASSERT_TRUE(rebuilder.Rebuild(made.receipt).ok());
  EXPECT_TRUE(rebuilder.identical());
  receipt.set_decision_id(receipt.decision_id() + "x");
  ASSERT_TRUE(rebuilder.Rebuild(receipt.SerializeAsString()).ok());
  EXPECT_FALSE(rebuilder.identical());
}

// The receipt of beans and bread at the till, which the loyal customer gets both cheaper.
storage::v1::Receipt ReceiptOf(const DecisionTerms& terms, v1::DecideResponse* response) {
  const std::string record = LoyalRecord();
  GatheredCustomer customer = {rules::InputStatus::kPresent, ReadFailure::kNone, "c-1", record};
  const v1::DecideRequest request = LoyalTillRequest();
  Computation computation;
  std::vector<Violation> violations;
  computation.Bind(request, WorldState(1, 1), WorldNow(), &violations);
  EXPECT_TRUE(violations.empty());
  computation.Compute(terms, &customer);
  computation.FillResponse(response);
  ReceiptBuilder builder;
  storage::v1::Receipt receipt;
  EXPECT_TRUE(receipt.ParseFromString(
      std::string(builder.Build(computation, request.SerializeAsString(), terms, customer))));
  return receipt;
}

std::vector<std::string> Applied(const v1::DecideResponse& response) {
  std::vector<std::string> applied;
  for (const v1::AppliedOffer& offer : response.basket().applied_offers()) {
    applied.push_back(offer.offer_id());
  }
  return applied;
}

TEST(ReceiptsTest, KeepsWhichBudgetsWereClosedAndWhatCouldNotBeClaimed) {
  DecisionTerms terms;
  terms.step_limit = 1'000'000;
  v1::DecideResponse open;
  ReceiptOf(terms, &open);
  ASSERT_THAT(Applied(open), testing::ElementsAre("beans-20", "bread-10", "basket-3"));

  const uint32_t closed[] = {0};
  const uint32_t bread = WorldState(1, 1)->rule_set->offer_by_id.at("bread-10");
  const rules::UnclaimedOffer unclaimed[] = {{bread, rules::Unclaimable::kBudget}};
  terms.closed_budgets = closed;
  terms.unclaimed = unclaimed;
  v1::DecideResponse made;
  storage::v1::Receipt receipt = ReceiptOf(terms, &made);
  EXPECT_THAT(Applied(made), testing::ElementsAre("basket-3"));
  EXPECT_THAT(receipt.closed_budgets(), testing::ElementsAre("coffee"));
  ASSERT_EQ(receipt.unclaimed_offers_size(), 1);
  EXPECT_EQ(receipt.unclaimed_offers(0).offer_id(), "bread-10");
  Rebuilder rebuilder(Resolve);
  ASSERT_TRUE(rebuilder.Rebuild(receipt.SerializeAsString()).ok());
  EXPECT_TRUE(rebuilder.identical());
  EXPECT_EQ(rebuilder.response().SerializeAsString(), made.SerializeAsString());

  receipt.clear_closed_budgets();
  ASSERT_TRUE(rebuilder.Rebuild(receipt.SerializeAsString()).ok());
  EXPECT_FALSE(rebuilder.identical());
  EXPECT_THAT(Applied(rebuilder.response()), testing::ElementsAre("beans-20", "basket-3"));
}

TEST(ReceiptsTest, SaysWhyADecisionCannotBeRebuilt) {
  DecisionMaker maker(1);
  storage::v1::Receipt good;
  ASSERT_TRUE(good.ParseFromString(maker.Make().receipt));
  Rebuilder rebuilder(Resolve);

  EXPECT_TRUE(absl::IsDataLoss(rebuilder.Rebuild("garbage")));
  storage::v1::Receipt receipt = good;
  receipt.set_engine_version(good.engine_version() + 1);
  EXPECT_TRUE(absl::IsFailedPrecondition(rebuilder.Rebuild(receipt.SerializeAsString())));
  receipt = good;
  receipt.set_request("garbage");
  EXPECT_TRUE(absl::IsDataLoss(rebuilder.Rebuild(receipt.SerializeAsString())));
  receipt = good;
  receipt.mutable_zone_offsets(0)->set_offset_seconds(1);
  EXPECT_TRUE(absl::IsFailedPrecondition(rebuilder.Rebuild(receipt.SerializeAsString())));
  receipt = good;
  receipt.add_paused_offers("no-such-offer");
  EXPECT_TRUE(absl::IsDataLoss(rebuilder.Rebuild(receipt.SerializeAsString())));
  receipt = good;
  receipt.add_closed_budgets("no-such-budget");
  EXPECT_TRUE(absl::IsDataLoss(rebuilder.Rebuild(receipt.SerializeAsString())));
  receipt = good;
  receipt.add_unclaimed_offers()->set_offer_id("no-such-offer");
  EXPECT_TRUE(absl::IsDataLoss(rebuilder.Rebuild(receipt.SerializeAsString())));
  Rebuilder forgetful(
      [](uint64_t, uint64_t,
         const std::vector<TermsKey>&) -> absl::StatusOr<std::shared_ptr<const LiveState>> {
        return absl::NotFoundError("no longer kept");
      });
  EXPECT_TRUE(absl::IsNotFound(forgetful.Rebuild(good.SerializeAsString())));
}

}  // namespace
}  // namespace touchstone::server
