#include "server/decide/wire_writer.h"

#include <random>
#include <string>

#include "gtest/gtest.h"
#include "touchstone/storage/v1/receipt.pb.h"

namespace touchstone::server {
namespace {

constexpr uint64_t kSeed = 20261122;

using storage::v1::Receipt;

TEST(WireWriterTest, WritesEveryKindOfFieldAsAMessageDoes) {
  std::mt19937_64 random(kSeed);
  WireWriter out;
  for (int turn = 0; turn < 5000; ++turn) {
    const auto number = [&random] { return random() % 4 == 0 ? 0 : random() >> random() % 64; };
    Receipt message;
    message.set_decision_id(std::string(random() % 3, 'x'));
    message.set_revision(number());
    message.set_now_us(static_cast<int64_t>(number()) * (random() % 2 == 0 ? -1 : 1));
    message.set_seed(number());
    message.set_customer_record(std::string(random() % 300, '\xff'));
    message.add_closed_budgets("");
    message.set_answer_hash_high(number());
    for (uint64_t ids = random() % 40; ids > 0; --ids) {
      message.add_incomplete_aggregates(static_cast<uint32_t>(random()));
    }
    out.Reset();
    out.Text(Receipt::kDecisionIdFieldNumber, message.decision_id());
    out.Number(Receipt::kRevisionFieldNumber, static_cast<int64_t>(message.revision()));
    out.Number(Receipt::kNowUsFieldNumber, message.now_us());
    out.Fixed64(Receipt::kSeedFieldNumber, message.seed());
    out.Text(Receipt::kCustomerRecordFieldNumber, message.customer_record());
    out.TextOrEmpty(Receipt::kClosedBudgetsFieldNumber, "");
    out.Fixed64(Receipt::kAnswerHashHighFieldNumber, message.answer_hash_high());
    const std::vector<uint32_t> ids(message.incomplete_aggregates().begin(),
                                    message.incomplete_aggregates().end());
    out.Fixed32s(Receipt::kIncompleteAggregatesFieldNumber, ids);
    ASSERT_EQ(out.bytes(), message.SerializeAsString()) << "turn " << turn << ", seed " << kSeed;
  }
}

TEST(WireWriterTest, ASubmessageMayBeLongerOrShorterThanItsLengthWasGuessed) {
  for (const size_t size :
       {0, 1, 123, 124, 125, 126, 127, 128, 16'379, 16'380, 16'383, 3'000'000}) {
    for (const size_t guess : {1, 2, 3}) {
      WireWriter out;
      Receipt message;
      message.set_decision_id("before");
      message.add_zone_offsets()->set_zone(std::string(size, 'z'));
      message.set_customer_id("behind");
      out.Text(Receipt::kDecisionIdFieldNumber, "before");
      const WireWriter::Submessage zone = out.Begin(Receipt::kZoneOffsetsFieldNumber, guess);
      out.Text(Receipt::ZoneOffset::kZoneFieldNumber, message.zone_offsets(0).zone());
      out.End(zone);
      out.Text(Receipt::kCustomerIdFieldNumber, "behind");
      ASSERT_EQ(out.bytes(), message.SerializeAsString()) << size << " bytes, guess " << guess;
    }
  }
}

}  // namespace
}  // namespace touchstone::server
