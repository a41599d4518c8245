#include "bench/answer_sample.h"

#include <gtest/gtest.h>

namespace touchstone::bench {
namespace {

TEST(AnswerSampleTest, FindsTheCompletenessOfAnAnswer) {
  v1::DecideResponse response = RealisticResponse(2000);
  for (const v1::Completeness completeness :
       {v1::COMPLETENESS_COMPLETE, v1::COMPLETENESS_PARTIAL, v1::COMPLETENESS_FALLBACK}) {
    response.set_completeness(completeness);
    EXPECT_EQ(CompletenessOf(response.SerializeAsString()), completeness);
  }
  response.clear_completeness();
  EXPECT_EQ(CompletenessOf(response.SerializeAsString()), v1::COMPLETENESS_UNSPECIFIED);
  EXPECT_EQ(CompletenessOf(""), v1::COMPLETENESS_UNSPECIFIED);
}

TEST(AnswerSampleTest, TellsWhatIsNoAnswer) {
  EXPECT_EQ(CompletenessOf("no answer at all"), std::nullopt);
  EXPECT_EQ(CompletenessOf(absl::string_view("\x20\x63", 2)), std::nullopt);  // completeness 99
  const std::string whole = RealisticResponse(800).SerializeAsString();
  EXPECT_EQ(CompletenessOf(absl::string_view(whole).substr(0, 10)), std::nullopt);
}

TEST(AnswerSampleTest, PadsARealisticAnswerToTheSizeAskedFor) {
  const size_t natural = RealisticResponse(0).ByteSizeLong();
  EXPECT_GT(natural, 300u);
  EXPECT_LT(natural, 1000u);
  for (size_t bytes = natural; bytes < 20'000; bytes += 17) {
    const v1::DecideResponse response = RealisticResponse(bytes);
    ASSERT_NEAR(static_cast<double>(response.ByteSizeLong()), static_cast<double>(bytes), 2);
    ASSERT_EQ(response.basket().lines_size(), 20);
    ASSERT_EQ(response.completeness(), v1::COMPLETENESS_COMPLETE);
  }
}

TEST(AnswerSampleTest, TakesTheAnswerOfMedianSize) {
  MedianAnswer sample;
  EXPECT_EQ(sample.Take(), "");
  MedianAnswer other;
  for (const size_t bytes : {9, 1, 5}) sample.Add(std::string(bytes, 'a'));
  for (const size_t bytes : {2, 7}) other.Add(std::string(bytes, 'b'));
  sample.Merge(other);
  EXPECT_EQ(sample.Take(), "aaaaa");
}

}  // namespace
}  // namespace touchstone::bench
