// cel_conformance FILE.jsonl: runs conformance cases and lists failures. Exit code 0: none, 1:
// some, 2: the command or the file is wrong.

#include <fstream>
#include <iostream>
#include <map>
#include <string>

#include "tests/conformance/run_case.h"
#include "tests/conformance/skips.h"

namespace touchstone::rules::expr {
namespace {

struct Tally {
  int passed = 0;
  int failed = 0;
  int skipped = 0;
};

int RunFile(const char* path) {
  std::ifstream file(path);
  if (!file) {
    std::cerr << "cannot read " << path << "\n";
    return 2;
  }
  Tally tally;
  std::map<std::string, int> skips;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty()) continue;
    const absl::StatusOr<ConformanceCase> test = ParseCase(line);
    if (!test.ok()) {
      std::cerr << path << ":" << number << ": " << test.status().message() << "\n";
      return 2;
    }
    if (const absl::string_view reason = SkipReason(*test); !reason.empty()) {
      ++tally.skipped;
      ++skips[std::string(reason)];
      continue;
    }
    const std::string failure = RunCase(*test);
    if (failure.empty()) {
      ++tally.passed;
      continue;
    }
    ++tally.failed;
    std::cout << "FAILED " << test->file << "/" << test->section << "/" << test->name << ": "
              << test->expr << "\n       " << failure << "\n";
  }
  for (const auto& [reason, count] : skips)
    std::cout << "skipped " << count << ": " << reason << "\n";
  std::cout << tally.passed << " passed, " << tally.failed << " failed, " << tally.skipped
            << " skipped\n";
  return tally.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace touchstone::rules::expr

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: cel_conformance FILE.jsonl\n";
    return 2;
  }
  return touchstone::rules::expr::RunFile(argv[1]);
}
