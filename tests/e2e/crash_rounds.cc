#include "tests/e2e/crash_rounds.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/data_dir.h"
#include "store/store.h"
#include "store/verify.h"

namespace touchstone {

int CrashRounds() {
  const char* given = std::getenv("TOUCHSTONE_CRASH_ROUNDS");
  return given != nullptr ? std::atoi(given) : 10;
}

bool IsGone(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::CANCELLED;
}

std::vector<std::string> StoreFaults(const std::string& data_dir) {
  std::vector<std::string> faults;
  store::StoreOptions options;
  options.path = server::PathIn(data_dir, server::kStorePart);
  const auto store = store::Store::Open(options);
  EXPECT_TRUE(store.ok()) << store.status();
  if (!store.ok()) return faults;
  const auto report = store::VerifyStore(**store, [](absl::string_view) {});
  EXPECT_TRUE(report.ok()) << report.status();
  if (!report.ok()) return faults;
  for (const store::VerifyFinding& finding : report->findings) {
    faults.push_back(absl::StrCat(store::FaultName(finding.fault), ": ", finding.place));
  }
  return faults;
}

}  // namespace touchstone
