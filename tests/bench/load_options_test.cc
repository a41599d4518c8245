#include <gtest/gtest.h>

#include <functional>

#include "bench/load_run.h"

namespace touchstone::bench {
namespace {

TEST(LoadOptionsTest, OnlyThisMachineIsATarget) {
  for (const char* target : {"127.0.0.1:1", "127.255.0.9:65535", "localhost:80", "[::1]:50051"}) {
    EXPECT_TRUE(IsLoopback(target)) << target;
  }
  for (const char* target :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "10.0.0.1:80",
        "128.0.0.1:80", "127.0.0.1.example.com:80", "127.0.0.256:80", "127.0.0:80",
        "localhost.example.com:80", "example.com:80", "[::2]:80", "dns:///127.0.0.1:80",
        "0.0.0.0:80", "unix:/tmp/socket"}) {
    EXPECT_FALSE(IsLoopback(target)) << target;
  }
}

absl::StatusCode CodeWith(const std::function<void(LoadOptions&)>& change) {
  LoadOptions options;
  options.target = "127.0.0.1:50051";
  change(options);
  return CheckLoadOptions(options).code();
}

TEST(LoadOptionsTest, LimitsHoldAtTheLimitAndOnePastIt) {
  constexpr auto kFine = absl::StatusCode::kOk;
  constexpr auto kRefused = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(CodeWith([](LoadOptions&) {}), kFine);
  EXPECT_EQ(CodeWith([](LoadOptions& o) { o.target = "10.0.0.1:50051"; }), kRefused);
  EXPECT_EQ(CodeWith([](LoadOptions& o) { o.rate_per_second = 1e6; }), kFine);
  EXPECT_EQ(CodeWith([](LoadOptions& o) { o.rate_per_second = 1e6 + 1; }), kRefused);
  EXPECT_EQ(CodeWith([](LoadOptions& o) { o.rate_per_second = -1; }), kRefused);
  EXPECT_EQ(CodeWith([](LoadOptions& o) { o.rate_per_second = NAN; }), kRefused);
  EXPECT_EQ(CodeWith([](LoadOptions& o) { o.measured = absl::Hours(1); }), kFine);
  EXPECT_EQ(CodeWith([](LoadOptions& o) { o.measured = absl::Seconds(3601); }), kRefused);
  EXPECT_EQ(CodeWith([](LoadOptions& o) { o.measured = absl::ZeroDuration(); }), kRefused);
  EXPECT_EQ(CodeWith([](LoadOptions& o) { o.warm_up = absl::Seconds(-1); }), kRefused);
  EXPECT_EQ(CodeWith([](LoadOptions& o) { o.in_flight = kMaxInFlight; }), kFine);
  EXPECT_EQ(CodeWith([](LoadOptions& o) { o.in_flight = kMaxInFlight + 1; }), kRefused);
  EXPECT_EQ(CodeWith([](LoadOptions& o) { o.in_flight = o.connections - 1; }), kRefused);
  EXPECT_EQ(CodeWith([](LoadOptions& o) { o.connections = 0; }), kRefused);
  EXPECT_EQ(CodeWith([](LoadOptions& o) { o.threads = 0; }), kRefused);
  EXPECT_EQ(CodeWith([](LoadOptions& o) { o.max_sends = kMaxSends + 1; }), kRefused);
}

}  // namespace
}  // namespace touchstone::bench
