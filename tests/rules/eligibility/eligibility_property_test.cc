// Index, scan and plain evaluator hold the same offers, whatever the schema, the conditions and the
// facts.
//
// TOUCHSTONE_CASES: how many cases (millions are fine). TOUCHSTONE_SEED: the seed of the first; the
// next cases have the next numbers, so that a failing one runs again alone with its own seed and
// TOUCHSTONE_CASES=1.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/rules/eligibility/agreement.h"

namespace touchstone::rules {
namespace {

constexpr uint64_t kQuickCases = 3'000;

uint64_t NumberFrom(const char* variable, uint64_t otherwise) {
  const char* given = std::getenv(variable);
  return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

void HoldForEveryCase(AgreementCheck check) {
  const uint64_t seed = NumberFrom("TOUCHSTONE_SEED", std::random_device{}());
  const uint64_t cases = NumberFrom("TOUCHSTONE_CASES", kQuickCases);
  std::cout << "TOUCHSTONE_SEED=" << seed << " TOUCHSTONE_CASES=" << cases << std::endl;
  for (uint64_t i = 0; i < cases; ++i) {
    const AgreementCase drawn = RandomCase(seed + i);
    if (!check(drawn).has_value()) continue;
    const AgreementCase smallest = Shrunk(drawn, check);
    FAIL() << *check(smallest) << "\n"
           << DebugString(smallest) << "case " << i + 1 << "; again: TOUCHSTONE_SEED=" << seed + i
           << " TOUCHSTONE_CASES=1";
  }
}

TEST(EligibilityPropertyTest, IndexAndScanMatchTheOffersThatThePlainEvaluatorFinds) {
  HoldForEveryCase(FindOtherMatches);
}

TEST(EligibilityPropertyTest, RowsHoldExactlyWhereConditionsAreTrueAndWhereTheyAreFalse) {
  HoldForEveryCase(FindOtherRows);
}

}  // namespace
}  // namespace touchstone::rules
