#include "bench/machine.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <thread>
#include <vector>

namespace touchstone::bench {
namespace {

int64_t UsedUs() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

TEST(MachineTest, CpuTimeIsThatOfTheWholeProcessAndOfThreadsThatEnded) {
  std::thread busy([] {
    const int64_t until = UsedUs() + 60'000;
    while (UsedUs() < until) {
    }
  });
  busy.join();
  const int64_t before = UsedUs();
  const int64_t measured = ProcessCpuUs(getpid()).value();
  const int64_t after = UsedUs();
  constexpr int64_t kTwoTicksUs = 20'000;  // user and system time are cut to a tick each
  EXPECT_GE(measured, before - kTwoTicksUs);
  EXPECT_LE(measured, after + kTwoTicksUs);
  EXPECT_GE(measured, 40'000);
}

TEST(MachineTest, ThereIsNoCpuTimeOfNobody) {
  EXPECT_EQ(ProcessCpuUs(0).status().code(), absl::StatusCode::kNotFound);
}

TEST(MachineTest, MemoryThatWasWrittenToIsResident) {
  constexpr int64_t kBytes = int64_t{64} << 20;
  const int64_t before = ResidentBytes().value();
  const std::vector<char> written(kBytes, 'w');
  EXPECT_GE(ResidentBytes().value(), before + kBytes * 9 / 10);
  EXPECT_EQ(written.back(), 'w');
}

TEST(MachineTest, NamesItself) {
  const Machine machine = ThisMachine();
  EXPECT_FALSE(machine.cpu_model.empty());
  EXPECT_GE(machine.cores, 1);
  EXPECT_GT(machine.memory_mb, 0);
}

}  // namespace
}  // namespace touchstone::bench
