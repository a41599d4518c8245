// Real calls over gRPC: what is asked, what is answered, and what is refused.

#include "tests/server/decide/serving.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "server/decide/receipt.h"
#include "store/record.h"
#include "tests/store/fault_file_system.h"
#include "tests/store/seed.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;

TEST(ServingTest, PricesTheBasketOfALoyalCustomerAndShowsOffers) {
  Serving serving;
  v1::DecideResponse response;
  const grpc::Status status = serving.Decide(LoyalTillRequest(), &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.completeness(), v1::COMPLETENESS_COMPLETE);
  EXPECT_EQ(response.personal(), v1::PERSONAL_STATE_READ);
  EXPECT_EQ(response.segment(), "loyal");
  EXPECT_EQ(response.revision(), "revisions/1");
  EXPECT_EQ(response.reference_version(), "1");
  EXPECT_EQ(response.receipt(), v1::RECEIPT_STATE_LOGGED);
  // 15% of 28.00, 10% of 3.00, then 3.00 from the basket.
  ASSERT_EQ(response.basket().applied_offers_size(), 3);
  EXPECT_EQ(response.basket().applied_offers(0).offer_id(), "beans-20");
  EXPECT_EQ(response.basket().applied_offers(0).amount_minor(), 420);
  EXPECT_EQ(response.basket().totals().gross_minor(), 3100);
  EXPECT_EQ(response.basket().totals().payable_minor(), 3100 - 420 - 30 - 300);
  ASSERT_EQ(response.placements_size(), 1);
  ASSERT_GT(response.placements(0).offers_size(), 0);
  EXPECT_FALSE(response.placements(0).offers(0).token().empty());
  EXPECT_LE(response.placements(0).offers(0).token().size(), kMaxTokenBytes);
}

TEST(ServingTest, KeepsAReceiptThatRebuildsTheAnswer) {
  Serving serving;
  v1::DecideResponse response;
  ASSERT_TRUE(serving.Decide(LoyalTillRequest(), &response).ok());
  Rebuilder rebuilder([](uint64_t revision, uint64_t reference, const std::vector<TermsKey>&) {
    return absl::StatusOr<std::shared_ptr<const LiveState>>(WorldState(revision, reference));
  });
  ASSERT_TRUE(rebuilder.Rebuild(serving.Receipt(response.decision_id())).ok());
  EXPECT_TRUE(rebuilder.identical());
  EXPECT_EQ(rebuilder.receipt().customer_id(), "c-loyal");
  response.clear_receipt();
  for (auto& placement : *response.mutable_placements()) {
    for (auto& offer : *placement.mutable_offers()) offer.clear_token();
  }
  EXPECT_EQ(response.DebugString(), rebuilder.response().DebugString());
}

// What is left of it after 10% is 4.70 short of 20.00, and of what is added a tenth goes too.
v1::DecideRequest NearlyEnoughRequest() {
  v1::DecideRequest request = LoyalTillRequest();
  request.mutable_basket()->mutable_lines()->DeleteSubrange(0, 1);
  request.mutable_basket()->mutable_lines(0)->set_unit_price_e4(170'000);
  return request;
}

storage::v1::Receipt ReceiptOf(const v1::DecideResponse& response, Serving& serving) {
  storage::v1::Receipt receipt;
  EXPECT_TRUE(receipt.ParseFromString(serving.Receipt(response.decision_id())));
  return receipt;
}

TEST(ServingTest, SaysWhatIsMissingFromAnOfferAndRebuildsIt) {
  Serving serving;
  v1::DecideResponse response;
  ASSERT_TRUE(serving.Decide(NearlyEnoughRequest(), &response).ok());
  ASSERT_EQ(response.near_misses_size(), 1);
  const v1::NearMiss& near = response.near_misses(0);
  EXPECT_EQ(near.offer_id(), "basket-3");
  EXPECT_EQ(near.spend_minor(), 522);
  EXPECT_EQ(near.gain_minor(), 300 + 52);
  ASSERT_EQ(near.texts_size(), 1);
  EXPECT_EQ(near.texts(0).placement(), "receipt");
  EXPECT_EQ(near.texts(0).fields().at("text"), "Add 5.22");
  Rebuilder rebuilder([](uint64_t revision, uint64_t reference, const std::vector<TermsKey>&) {
    return absl::StatusOr<std::shared_ptr<const LiveState>>(WorldState(revision, reference));
  });
  ASSERT_TRUE(rebuilder.Rebuild(serving.Receipt(response.decision_id())).ok());
  EXPECT_TRUE(rebuilder.identical());
  EXPECT_EQ(rebuilder.response().near_misses(0).DebugString(), near.DebugString());
  EXPECT_FALSE(rebuilder.receipt().without_near_misses());
}

TEST(ServingTest, DecidesForAnUnknownAndForNoCustomer) {
  Serving serving;
  v1::DecideResponse response;
  ASSERT_TRUE(serving.Decide(TillRequest(), &response).ok());
  EXPECT_EQ(response.personal(), v1::PERSONAL_STATE_ANONYMOUS);
  EXPECT_EQ(response.completeness(), v1::COMPLETENESS_COMPLETE);
  EXPECT_EQ(response.segment(), "anonymous");
  v1::DecideRequest request = LoyalTillRequest();
  request.mutable_context()->mutable_identities(0)->set_value("99");
  ASSERT_TRUE(serving.Decide(request, &response).ok());
  EXPECT_EQ(response.personal(), v1::PERSONAL_STATE_UNKNOWN);
  EXPECT_EQ(response.basket().applied_offers_size(), 2);
}

TEST(ServingTest, AnswersAnUnknownCodeInTheBasket) {
  Serving serving;
  v1::DecideRequest request = TillRequest();
  request.mutable_context()->add_codes("SAVE5");
  v1::DecideResponse response;
  ASSERT_TRUE(serving.Decide(request, &response).ok());
  ASSERT_EQ(response.basket().codes_size(), 1);
  EXPECT_EQ(response.basket().codes(0).code(), "SAVE5");
  EXPECT_EQ(response.basket().codes(0).state(), v1::CODE_STATE_UNKNOWN);
}

TEST(ServingTest, RefusesBadRequestsWithEveryViolation) {
  Serving serving;
  v1::DecideRequest request = TillRequest();
  request.mutable_context()->set_step(0);
  request.add_placements("billboard");
  v1::DecideResponse response;
  const grpc::Status status = serving.Decide(request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(status), "INVALID_REQUEST");
  EXPECT_THAT(ViolatedFields(status), ElementsAre("context.step", "placements[1]"));
  EXPECT_EQ(serving.server().decide_stats().refused, 1u);
}

TEST(ServingTest, ListsNoMoreViolationsThanATrailerHolds) {
  Serving serving;
  v1::DecideRequest request = TillRequest();
  for (int i = 0; i < 5000; ++i) *request.mutable_basket()->add_lines() = v1::BasketLine();
  v1::DecideResponse response;
  const grpc::Status status = serving.Decide(request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const std::vector<std::string> fields = ViolatedFields(status);
  EXPECT_GT(fields.size(), 20u);
  EXPECT_EQ(fields.back(), "");  // "... more violations"
}

TEST(ServingTest, RefusesStringsThatAreNotUtf8AndBytesThatAreNoRequest) {
  Serving serving;
  v1::DecideRequest request = TillRequest();
  request.mutable_basket()->mutable_lines(0)->set_sku("BAD-SKU");
  std::string bytes = request.SerializeAsString();
  bytes[bytes.find("BAD-SKU") + 3] = '\xff';
  std::string response;
  grpc::Status status = serving.DecideRaw(bytes, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(status), "INVALID_REQUEST");
  EXPECT_EQ(status.error_message(), "a string of field touchstone.v1.BasketLine.sku is not UTF-8");
  status = serving.DecideRaw("\xff\xff\xff", &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "the bytes are no touchstone.v1.DecideRequest");
  EXPECT_TRUE(serving.DecideRaw(request.SerializeAsString(), &response).ok());
}

TEST(ServingTest, RefusesAStepThatGoesBackwards) {
  Serving serving;
  v1::DecideRequest request = TillRequest();
  v1::DecideResponse first;
  v1::DecideResponse retry;
  request.mutable_context()->set_step(3);
  ASSERT_TRUE(serving.Decide(request, &first).ok());
  ASSERT_TRUE(serving.Decide(request, &retry).ok());
  EXPECT_EQ(first.basket().DebugString(), retry.basket().DebugString());
  EXPECT_NE(first.decision_id(), retry.decision_id());
  request.mutable_context()->set_step(2);
  const grpc::Status status = serving.Decide(request, &retry);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(status), "STEP_OUT_OF_ORDER");
  request.mutable_context()->set_mode(v1::DECISION_MODE_TRAINING);
  EXPECT_TRUE(serving.Decide(request, &retry).ok());
}

TEST(ServingTest, NeedsAPublishedRevision) {
  Serving serving;
  serving.live().Set(nullptr);
  v1::DecideResponse response;
  const grpc::Status status = serving.Decide(TillRequest(), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(status), "NO_ACTIVE_REVISION");
}

TEST(ServingTest, AnswersWithFallbackOffersWhenNoTimeIsLeft) {
  Serving serving;
  v1::DecideRequest request = LoyalTillRequest();
  request.mutable_context()->mutable_budget()->set_nanos(1000);
  v1::DecideResponse response;
  ASSERT_TRUE(serving.Decide(request, &response).ok());
  EXPECT_EQ(response.completeness(), v1::COMPLETENESS_FALLBACK);
  EXPECT_EQ(response.completeness_cause(), v1::COMPLETENESS_CAUSE_BUDGET_SPENT);
  EXPECT_EQ(response.basket().state(), v1::PRICING_STATE_NOT_PRICED);
  EXPECT_EQ(response.basket().lines_size(), 0);
  ASSERT_EQ(response.placements(0).offers_size(), 1);
  EXPECT_EQ(response.placements(0).offers(0).offer_id(), "join-club");
  EXPECT_TRUE(response.placements(0).offers(0).fallback());
}

TEST(ServingTest, RefusesACallWhoseDeadlineHasPassed) {
  Serving serving;
  v1::DecideResponse response;
  const grpc::Status status = serving.Decide(TillRequest(), &response, -absl::Milliseconds(1));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST(ServingTest, ShedsTheCallWhenReceiptsFindNoRoom) {
  Serving serving;
  serving.FailReceipts(absl::ResourceExhaustedError("full"));
  v1::DecideResponse response;
  const grpc::Status status = serving.Decide(TillRequest(), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "OVERLOADED");
  EXPECT_EQ(serving.server().decide_stats().shed, 1u);
}

TEST(ServingTest, GoesOnWithoutReceiptsAndLogsItOnce) {
  Serving serving;
  serving.FailReceipts(absl::UnavailableError("disk full"));
  v1::DecideResponse response;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(serving.Decide(TillRequest(), &response).ok());
    EXPECT_EQ(response.receipt(), v1::RECEIPT_STATE_NONE);
    EXPECT_EQ(response.basket().applied_offers_size(), 2);
  }
  EXPECT_EQ(serving.server().decide_stats().without_receipt, 3u);
  serving.FailReceipts(absl::OkStatus());
  ASSERT_TRUE(serving.Decide(TillRequest(), &response).ok());
  EXPECT_EQ(response.receipt(), v1::RECEIPT_STATE_LOGGED);
  EXPECT_THAT(serving.log(), ElementsAre("receipts are not kept: the log cannot be written",
                                         "receipts are kept again"));
}

TEST(ServingTest, DecidesUnderTheRevisionThatIsLive) {
  Serving serving;
  v1::DecideResponse response;
  ASSERT_TRUE(serving.Decide(LoyalTillRequest(), &response).ok());
  EXPECT_EQ(response.basket().applied_offers(0).amount_minor(), 420);
  serving.live().Set(WorldState(2, 1));
  ASSERT_TRUE(serving.Decide(LoyalTillRequest(), &response).ok());
  EXPECT_EQ(response.revision(), "revisions/2");
  EXPECT_EQ(response.basket().applied_offers(0).amount_minor(), 500);  // 20%, at most 5.00
  serving.live().Set(WorldStatePausing(2, "beans-20"));
  ASSERT_TRUE(serving.Decide(LoyalTillRequest(), &response).ok());
  EXPECT_EQ(response.basket().applied_offers(0).offer_id(), "bread-10");
}

TEST(ServingTest, AnswersPartialAtTheDeadlineWhileTheReadIsHeld) {
  auto files = std::make_shared<store::FaultFileSystem>();
  Serving serving(DecideServerOptions(), files);
  files->HoldReads();
  v1::DecideRequest request = LoyalTillRequest();
  request.mutable_context()->mutable_budget()->set_nanos(60'000'000);
  v1::DecideResponse response;
  ASSERT_TRUE(serving.Decide(request, &response).ok());
  EXPECT_EQ(response.completeness(), v1::COMPLETENESS_PARTIAL);
  EXPECT_EQ(response.completeness_cause(), v1::COMPLETENESS_CAUSE_CUSTOMER_NOT_READ);
  EXPECT_EQ(response.personal(), v1::PERSONAL_STATE_NOT_READ);
  EXPECT_EQ(response.segment(), "");
  EXPECT_EQ(response.basket().applied_offers_size(), 2);  // the public ones
  files->ReleaseReads();
}

TEST(ServingTest, AnswersCompleteWhenAHeldReadComesInTime) {
  auto files = std::make_shared<store::FaultFileSystem>();
  Serving serving(DecideServerOptions(), files);
  files->HoldReads();
  v1::DecideResponse response;
  std::thread caller([&] { EXPECT_TRUE(serving.Decide(LoyalTillRequest(), &response).ok()); });
  files->AwaitHeldReads(1);
  files->ReleaseReads();
  caller.join();
  EXPECT_EQ(response.completeness(), v1::COMPLETENESS_COMPLETE);
  EXPECT_EQ(response.segment(), "loyal");
  EXPECT_EQ(serving.server().gather_stats().misses, 1u);
  // In memory now.
  ASSERT_TRUE(serving.Decide(LoyalTillRequest(), &response).ok());
  EXPECT_EQ(response.completeness(), v1::COMPLETENESS_COMPLETE);
  EXPECT_EQ(serving.server().gather_stats().misses, 1u);
}

TEST(ServingTest, AnswersAtOnceWhenTheQueueOfReadsIsFull) {
  auto files = std::make_shared<store::FaultFileSystem>();
  DecideServerOptions options;
  options.read_threads = 1;
  options.read_queue = 1;
  Serving serving(options, files);
  files->HoldReads();
  // One read is held, one waits in the queue, the third finds no room.
  std::vector<std::thread> callers;
  std::atomic<int> in_time{0};
  for (int i = 0; i < 2; ++i) {
    callers.emplace_back([&serving, &in_time, i] {
      v1::DecideRequest request = LoyalTillRequest();
      request.mutable_context()->set_transaction_id("waits-" + std::to_string(i));
      v1::DecideResponse response;
      if (serving.Decide(request, &response).ok() &&
          response.completeness() == v1::COMPLETENESS_COMPLETE) {
        ++in_time;
      }
    });
    if (i == 0) files->AwaitHeldReads(1);
  }
  while (serving.server().gather_stats().misses < 2) std::this_thread::yield();
  v1::DecideResponse response;
  ASSERT_TRUE(serving.Decide(NearlyEnoughRequest(), &response).ok());
  EXPECT_EQ(response.completeness(), v1::COMPLETENESS_PARTIAL);
  EXPECT_EQ(response.completeness_cause(), v1::COMPLETENESS_CAUSE_OVERLOAD);
  EXPECT_EQ(response.near_misses_size(), 0);
  EXPECT_TRUE(ReceiptOf(response, serving).without_near_misses());
  files->ReleaseReads();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(in_time, 2);
}

TEST(ServingTest, AnswersPartialWhenTheStoreFails) {
  auto files = std::make_shared<store::FaultFileSystem>();
  Serving serving(DecideServerOptions(), files);
  files->FailReads(1000);
  v1::DecideResponse response;
  ASSERT_TRUE(serving.Decide(LoyalTillRequest(), &response).ok());
  EXPECT_EQ(response.completeness(), v1::COMPLETENESS_PARTIAL);
  EXPECT_EQ(response.completeness_cause(), v1::COMPLETENESS_CAUSE_STORE_ERROR);
  EXPECT_EQ(serving.server().gather_stats().errors, 1u);
}

// A wrong bit costs the record, not the answer; what is decided without it is what is decided
// without any record, and once the device is well again she is known again.
TEST(ServingTest, AnswersPartialWhenTheRecordIsDamaged) {
  auto files = std::make_shared<store::FaultFileSystem>();
  Serving serving(DecideServerOptions(), files);
  std::mt19937_64 random(store::TestSeed());
  files->DamageReads(&random);
  v1::DecideResponse response;
  ASSERT_TRUE(serving.Decide(LoyalTillRequest(), &response).ok());
  EXPECT_EQ(response.completeness(), v1::COMPLETENESS_PARTIAL);
  EXPECT_EQ(response.completeness_cause(), v1::COMPLETENESS_CAUSE_STORE_ERROR);
  EXPECT_EQ(response.segment(), "");
  files->DamageReads(nullptr);
  v1::DecideRequest next = LoyalTillRequest();
  next.mutable_context()->set_step(2);
  v1::DecideResponse well;
  ASSERT_TRUE(serving.Decide(next, &well).ok());
  EXPECT_EQ(well.completeness(), v1::COMPLETENESS_COMPLETE);
}

TEST(ServingTest, CountsWhatAPlacementShowsOnceATransaction) {
  Serving serving;
  v1::DecideRequest request = LoyalTillRequest();
  v1::DecideResponse response;
  ASSERT_TRUE(serving.Decide(request, &response).ok());
  const int shown = response.placements(0).offers_size();
  ASSERT_GT(shown, 0);
  EXPECT_EQ(serving.LoyalContacts(store::ContactKind::kShown), shown);
  request.mutable_context()->set_step(2);
  ASSERT_TRUE(serving.Decide(request, &response).ok());
  EXPECT_EQ(serving.LoyalContacts(store::ContactKind::kShown), shown);
  request.mutable_context()->set_transaction_id("t-2");
  request.mutable_context()->set_mode(v1::DECISION_MODE_PREVIEW);
  ASSERT_TRUE(serving.Decide(request, &response).ok());
  EXPECT_EQ(serving.LoyalContacts(store::ContactKind::kShown), shown);
  request.mutable_context()->set_mode(v1::DECISION_MODE_LIVE);
  ASSERT_TRUE(serving.Decide(request, &response).ok());
  EXPECT_EQ(serving.LoyalContacts(store::ContactKind::kShown), 2 * shown);
  EXPECT_EQ(serving.server().shown_stats().dropped, 0u);
}

TEST(ServingTest, AnswersUnimplementedForWhatThisVersionDoesNotServe) {
  Serving serving;
  grpc::ClientContext context;
  v1::PriceItemsResponse response;
  const grpc::Status status =
      serving.decisions().PriceItems(&context, v1::PriceItemsRequest(), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(ReasonOf(status), "NOT_IMPLEMENTED");
  grpc::ClientContext stream_context;
  EXPECT_EQ(serving.decisions().DecideStream(&stream_context)->Finish().error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST(ServingTest, ServesManyCallsAtOnce) {
  DecideServerOptions options;
  options.threads = 2;
  options.decide_slots = 4;
  Serving serving(options);
  std::atomic<int> complete{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 8; ++caller) {
    callers.emplace_back([&serving, &complete, caller] {
      v1::DecideRequest request = LoyalTillRequest();
      for (int i = 0; i < 50; ++i) {
        request.mutable_context()->set_transaction_id("t-" + std::to_string(caller * 100 + i));
        request.mutable_context()->mutable_budget()->set_seconds(10);
        v1::DecideResponse response;
        if (serving.Decide(request, &response).ok() && response.has_basket()) ++complete;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(complete, 400);
}

}  // namespace
}  // namespace touchstone::server
