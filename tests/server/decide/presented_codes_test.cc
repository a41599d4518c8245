#include "server/decide/presented_codes.h"

#include <gtest/gtest.h>

namespace touchstone::server {
namespace {

using rules::CodeStanding;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

FoundCode Valid() {
  FoundCode code;
  code.found = store::Found::kFound;
  code.row.set_offer_id("mail-5");
  code.row.set_most_uses(1);
  return code;
}

CodeStanding Standing(const FoundCode& code, absl::string_view customer_id = "") {
  std::vector<JudgedCode> judged;
  JudgeCodes({&code, 1}, 1, kNow, customer_id, &judged);
  return judged.at(0).standing;
}

TEST(PresentedCodesTest, AnUnusedCodeIsValidAndNamesItsOffer) {
  const FoundCode code = Valid();
  std::vector<JudgedCode> judged;
  JudgeCodes({&code, 1}, 1, kNow, "", &judged);
  EXPECT_EQ(judged[0].standing, CodeStanding::kValid);
  EXPECT_EQ(judged[0].offer_id, "mail-5");
}

TEST(PresentedCodesTest, WhatIsNotThereIsUnknownAndWhatWasNotReadIsNotRead) {
  FoundCode code;
  EXPECT_EQ(Standing(code), CodeStanding::kNotRead);
  code.found = store::Found::kNotFound;
  EXPECT_EQ(Standing(code), CodeStanding::kUnknown);
  std::vector<JudgedCode> judged;
  JudgeCodes({}, 2, kNow, "", &judged);
  ASSERT_EQ(judged.size(), 2u);
  EXPECT_EQ(judged[1].standing, CodeStanding::kNotRead);
}

TEST(PresentedCodesTest, ItsTimeBeginsWithItsStartAndIsOverAtItsEnd) {
  FoundCode code = Valid();
  code.row.set_start_us(absl::ToUnixMicros(kNow));
  EXPECT_EQ(Standing(code), CodeStanding::kValid);
  code.row.set_start_us(absl::ToUnixMicros(kNow) + 1);
  EXPECT_EQ(Standing(code), CodeStanding::kNotYetValid);
  code = Valid();
  code.row.set_end_us(absl::ToUnixMicros(kNow) + 1);
  EXPECT_EQ(Standing(code), CodeStanding::kValid);
  code.row.set_end_us(absl::ToUnixMicros(kNow));
  EXPECT_EQ(Standing(code), CodeStanding::kExpired);
}

TEST(PresentedCodesTest, ACodeOfACustomerIsNobodyElses) {
  FoundCode code = Valid();
  code.owner = "c-1";
  EXPECT_EQ(Standing(code, "c-1"), CodeStanding::kValid);
  EXPECT_EQ(Standing(code, "c-2"), CodeStanding::kNotYours);
  EXPECT_EQ(Standing(code, ""), CodeStanding::kNotYours);
}

TEST(PresentedCodesTest, UsesAreSoldHeldOrLeft) {
  FoundCode code = Valid();
  code.row.set_most_uses(3);
  code.row.set_committed(1);
  code.row.set_reserved(1);
  EXPECT_EQ(Standing(code), CodeStanding::kValid);
  code.row.set_reserved(2);
  EXPECT_EQ(Standing(code), CodeStanding::kReservedElsewhere);
  code.held_here = true;
  EXPECT_EQ(Standing(code), CodeStanding::kValid);
  code.held_here = false;
  code.row.set_overrun(2);
  EXPECT_EQ(Standing(code), CodeStanding::kUsed);
}

TEST(PresentedCodesTest, ARevokedCodeIsThatFirst) {
  FoundCode code = Valid();
  code.row.set_revoked(true);
  code.row.set_committed(1);
  code.owner = "c-1";
  code.held_here = true;
  EXPECT_EQ(Standing(code), CodeStanding::kRevoked);
}

}  // namespace
}  // namespace touchstone::server
