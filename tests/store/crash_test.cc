// Kills a writing process at random moments, again and again, and checks what it leaves behind.

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "store/receipts.h"
#include "store/store.h"
#include "tests/store/crash_workload.h"
#include "tests/store/seed.h"
#include "tests/store/temporary_directory.h"

extern char** environ;

namespace touchstone::store {
namespace {

struct Acknowledged {
  std::set<uint64_t> numbers;
  uint64_t highest_epoch = 0;
};

// Runs crash_writer, kills it after `lines` acknowledgements, and reads the rest of what it said.
std::string RunAndKill(const std::string& directory, uint64_t first, size_t lines) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  std::string program = CRASH_WRITER;
  std::string directory_argument = directory;
  std::string first_argument = absl::StrCat(first);
  char* arguments[] = {program.data(), directory_argument.data(), first_argument.data(), nullptr};
  pid_t child = 0;
  EXPECT_EQ(posix_spawn(&child, program.c_str(), &actions, nullptr, arguments, environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);

  std::string said;
  size_t seen = 0;
  char buffer[4096];
  bool killed = false;
  while (true) {
    if (!killed && seen >= lines) {
      kill(child, SIGKILL);
      killed = true;
    }
    const ssize_t got = read(ends[0], buffer, sizeof(buffer));
    if (got <= 0) break;
    said.append(buffer, static_cast<size_t>(got));
    seen += static_cast<size_t>(std::count(buffer, buffer + got, '\n'));
  }
  close(ends[0]);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "it ended by itself with " << WEXITSTATUS(status);
  return said;
}

void Collect(const std::string& said, Acknowledged* acknowledged) {
  for (absl::string_view line : absl::StrSplit(said, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
    uint64_t number = 0, epoch = 0;
    ASSERT_TRUE(words.size() == 2 && absl::SimpleAtoi(words[0], &number) &&
                absl::SimpleAtoi(words[1], &epoch))
        << line;
    acknowledged->numbers.insert(number);
    acknowledged->highest_epoch = std::max(acknowledged->highest_epoch, epoch);
  }
}

std::vector<std::string> Check(const std::string& directory, const Acknowledged& acknowledged) {
  StoreOptions store_options;
  store_options.path = directory + "/store";
  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(store_options);
  ReceiptLogOptions receipt_options;
  receipt_options.path = directory + "/receipts";
  absl::StatusOr<std::unique_ptr<ReceiptLog>> receipts = ReceiptLog::Open(receipt_options);
  if (!store.ok()) return {store.status().ToString()};
  if (!receipts.ok()) return {receipts.status().ToString()};
  return CheckAfterCrash(**store, receipts->get(), acknowledged.numbers,
                         acknowledged.highest_epoch);
}

// How often: what TOUCHSTONE_CRASH_ROUNDS says.
int Kills() {
  const char* given = std::getenv("TOUCHSTONE_CRASH_ROUNDS");
  return given != nullptr ? std::atoi(given) : 50;
}

TEST(CrashTest, EveryAcknowledgedWriteIsThereOnceAfterEachKill) {
  const uint64_t seed = TestSeed();
  std::mt19937_64 random(seed);
  TemporaryDirectory directory;
  Acknowledged acknowledged;
  const int kills = Kills();
  uint64_t next = 0;
  for (int round = 0; round < kills; ++round) {
    // A few numbers are written again, whether or not they were acknowledged. Some processes are
    // killed before they have said anything, while they open the store.
    const uint64_t first = next < 40 ? 0 : next - 40;
    const size_t lines = round % 5 == 0 ? 0 : random() % 300;
    Collect(RunAndKill(directory.path(), first, lines), &acknowledged);
    if (!acknowledged.numbers.empty()) next = *acknowledged.numbers.rbegin() + 1;
    const std::vector<std::string> faults = Check(directory.path(), acknowledged);
    ASSERT_TRUE(faults.empty()) << "round " << round << " seed " << seed << "\n"
                                << absl::StrJoin(faults, "\n");
  }
  EXPECT_GT(acknowledged.numbers.size(), 1000u);
}

}  // namespace
}  // namespace touchstone::store
