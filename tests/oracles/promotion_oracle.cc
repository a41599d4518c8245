// promotion_oracle FILE.jsonl: prices the carts of cases that other people wrote and lists where we
// come to something else. Exit code 0: nowhere, 1: somewhere, 2: the command or the file is wrong.

#include <fstream>
#include <iostream>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/oracles/comparison.h"
#include "tests/oracles/priced_case.h"
#include "tests/oracles/promotion_case.h"
#include "tests/oracles/skips.h"

namespace touchstone::rules {
namespace {

// What is wrong with the case; "" when it comes out as expected.
std::string Judge(const PromotionCase& test) {
  if (!test.unknown.empty()) {
    return absl::StrCat("\n       the runner does not know ", absl::StrJoin(test.unknown, ", "));
  }
  const absl::StatusOr<PricedCase> priced = PriceCase(test);
  if (!priced.ok()) return absl::StrCat("\n       ", priced.status().message());
  return Differences(test, *priced);
}

class Tally {
 public:
  void Add(const PromotionCase& test) {
    if (const absl::string_view reason = SkipReason(test); !reason.empty()) {
      ++skipped_;
      skips_[std::string(reason)].push_back(test.id);
      return;
    }
    const std::string failure = Judge(test);
    ++(failure.empty() ? passed_ : failed_);
    if (!failure.empty()) std::cout << "FAILED " << test.id << failure << "\n";
  }

  // The exit code.
  int Report() const {
    for (const auto& [reason, ids] : skips_) {
      std::cout << "skipped " << absl::StrJoin(ids, ", ") << ": " << reason << "\n";
    }
    std::cout << passed_ << " passed, " << failed_ << " failed, " << skipped_ << " skipped\n";
    return failed_ == 0 ? 0 : 1;
  }

 private:
  int passed_ = 0;
  int failed_ = 0;
  int skipped_ = 0;
  std::map<std::string, std::vector<std::string>> skips_;
};

int RunOracle(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    std::cerr << "cannot read " << path << "\n";
    return 2;
  }
  Tally tally;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty()) continue;
    const absl::StatusOr<PromotionCase> test = ReadPromotionCase(line);
    if (!test.ok()) {
      std::cerr << path << ":" << number << ": " << test.status().message() << "\n";
      return 2;
    }
    tally.Add(*test);
  }
  return tally.Report();
}

}  // namespace
}  // namespace touchstone::rules

int main(int argc, char** argv) {
  if (argc == 2) return touchstone::rules::RunOracle(argv[1]);
  std::cerr << "usage: promotion_oracle FILE.jsonl\n";
  return 2;
}
