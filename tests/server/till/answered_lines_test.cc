// Which lines of an answer its reader has already.

#include "server/till/answered_lines.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::DecideResponse Priced(const std::vector<std::pair<std::string, int64_t>>& lines) {
  v1::DecideResponse response;
  response.set_decision_id("d1");
  response.set_completeness(v1::COMPLETENESS_COMPLETE);
  response.mutable_basket()->set_currency_code("EUR");
  for (const auto& [id, net] : lines) {
    v1::PricedLine* line = response.mutable_basket()->add_lines();
    line->set_line_id(id);
    line->set_net_minor(net);
  }
  response.mutable_basket()->mutable_totals()->set_payable_minor(7);
  response.add_placements()->set_placement("receipt");
  response.set_receipt(v1::RECEIPT_STATE_LOGGED);
  return response;
}

class AnsweredLinesTest : public ::testing::Test {
 protected:
  v1::DecideResponse Write(const std::string& transaction, const v1::DecideResponse& response,
                           bool whole = false) {
    WireWriter out;
    lines_.Write(transaction, response.SerializeAsString(), whole, &out);
    v1::DecideResponse written;
    EXPECT_TRUE(written.ParseFromArray(out.bytes().data(), static_cast<int>(out.size())));
    return written;
  }
  std::vector<std::string> LinesOf(const v1::DecideResponse& written) {
    std::vector<std::string> ids;
    for (const v1::PricedLine& line : written.basket().lines()) ids.push_back(line.line_id());
    return ids;
  }

  AnsweredLines lines_;
};

TEST_F(AnsweredLinesTest, TheFirstAnswerIsWhole) {
  const v1::DecideResponse response = Priced({{"1", 10}, {"2", 20}});
  EXPECT_EQ(Write("t1", response).SerializeAsString(), response.SerializeAsString());
}

TEST_F(AnsweredLinesTest, TheNextHasWhatDiffersAndAllThatIsNoLine) {
  Write("t1", Priced({{"1", 10}, {"2", 20}, {"3", 30}}));
  v1::DecideResponse expected = Priced({{"2", 21}, {"4", 10}});
  EXPECT_EQ(Write("t1", Priced({{"1", 10}, {"2", 21}, {"3", 30}, {"4", 10}})).SerializeAsString(),
            expected.SerializeAsString());
  EXPECT_THAT(LinesOf(Write("t1", Priced({{"1", 10}, {"2", 21}}))), IsEmpty());
  // What was gone comes anew.
  EXPECT_THAT(LinesOf(Write("t1", Priced({{"1", 10}, {"3", 30}}))), ElementsAre("3"));
}

TEST_F(AnsweredLinesTest, IsWholeWhenItIsAskedFor) {
  const v1::DecideResponse response = Priced({{"1", 10}, {"2", 20}});
  Write("t1", response);
  EXPECT_THAT(LinesOf(Write("t1", response, /*whole=*/true)), ElementsAre("1", "2"));
  EXPECT_THAT(LinesOf(Write("t1", response)), IsEmpty());
}

TEST_F(AnsweredLinesTest, IsWholeForAnotherTransactionAndAfterForget) {
  const v1::DecideResponse response = Priced({{"1", 10}});
  Write("t1", response);
  EXPECT_THAT(LinesOf(Write("t2", response)), ElementsAre("1"));
  EXPECT_THAT(LinesOf(Write("t1", response)), ElementsAre("1"));
  lines_.Forget();
  EXPECT_THAT(LinesOf(Write("t1", response)), ElementsAre("1"));
}

TEST_F(AnsweredLinesTest, AnAnswerWithoutABasketStaysWithoutOne) {
  v1::DecideResponse response;
  response.set_decision_id("d1");
  EXPECT_EQ(Write("t1", response).SerializeAsString(), response.SerializeAsString());
}

}  // namespace
}  // namespace touchstone::server
