#include "server/decide/decision_id.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "server/decide/request_check.h"
#include "tests/server/decide/world.h"

namespace touchstone::server {
namespace {

TEST(DecisionIdTest, IsAnIdOfTheContract) {
  DecisionIds ids(~uint64_t{0}, 1023);
  const std::string id(ids.Next(WorldNow()));
  EXPECT_EQ(id.size(), kDecisionIdBytes);
  EXPECT_TRUE(IsId(id)) << id;
}

TEST(DecisionIdTest, IsUniqueOverThreadsStartsAndASteppingClock) {
  std::set<std::string> seen;
  for (const uint64_t process : {uint64_t{1}, uint64_t{2}, uint64_t{1} << 47}) {
    for (const uint32_t thread : {0u, 1u, 1023u}) {
      DecisionIds ids(process, thread);
      for (int i = 0; i < 1000; ++i) {
        const absl::Time now = WorldNow() + absl::Milliseconds(i % 3);
        EXPECT_TRUE(seen.emplace(ids.Next(now)).second);
      }
    }
  }
}

TEST(DecisionIdTest, GrowsWithTime) {
  DecisionIds early(~uint64_t{0}, 1023);
  DecisionIds late(0, 0);
  EXPECT_LT(std::string(early.Next(WorldNow())),
            std::string(late.Next(WorldNow() + absl::Milliseconds(1))));
}

}  // namespace
}  // namespace touchstone::server
